//! What users of other tools suffer most from, one test for each, in the order of how many have
//! told of it.

use std::process::Stdio;

use crate::support::{
    PAIRS, Report, Run, Source, SourceDatabase, Target, TargetDatabase, Victim, databases, migrate,
    nirvana,
};

const PAIR: (Source, Target) = (Source::MariaDb, Target::Postgres15);

/// Moves what `sql` makes, and wants all of it proven.
fn moved(sql: &str) -> Option<(SourceDatabase, TargetDatabase, Run, Report)> {
    moved_between(PAIR, sql)
}

fn moved_between(
    pair: (Source, Target),
    sql: &str,
) -> Option<(SourceDatabase, TargetDatabase, Run, Report)> {
    let (source, target) = databases(pair, "pain")?;
    source.sql(sql);
    let (run, report) = migrate(&source, &target, &[]);
    assert!(run.code <= 1, "{}", run.all());
    assert_eq!(report.unproven(), Vec::<String>::new());
    Some((source, target, run, report))
}

#[test]
fn pain_01_memory_is_bounded_by_bytes_and_not_by_rows() {
    let Some((source, target)) = databases(PAIR, "pain") else { return };
    source.sql(
        "CREATE TABLE wide (id int PRIMARY KEY, t mediumtext);
         INSERT INTO wide SELECT seq, REPEAT('x', 51000) FROM seq_1_to_3000;",
    );
    let mut command = nirvana();
    command.args(["migrate", &source.url(), &target.url()]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let status = format!("/proc/{}/status", process.id());
    let mut peak = 0_u64;
    while process.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        peak = peak.max(seen.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(target.sql("SELECT sum(length(t)) FROM wide"), "153000000\n");
    assert!(peak > 0 && peak < 64 * 1024, "{peak} KiB");
}

#[test]
fn pain_02_mysql_8_and_later_can_be_read() {
    let pair = (Source::MySql, Target::Postgres18);
    let Some((source, target, ..)) = moved_between(
        pair,
        "CREATE TABLE t (a varchar(9) COLLATE utf8mb4_0900_ai_ci,
           b varchar(9) COLLATE utf8mb4_ja_0900_as_cs_ks, c varchar(9) COLLATE utf8mb4_zh_0900_as_cs);
         INSERT INTO t VALUES ('é', 'か', '中');",
    ) else {
        return;
    };
    assert_eq!(source.sql("SELECT VERSION() >= '9'"), "1\n");
    assert_eq!(target.sql("SELECT * FROM t"), "é\tか\t中\n");
}

#[test]
fn pain_03_failure_does_not_look_like_success() {
    let Some((source, target)) = databases(PAIR, "pain") else { return };
    source.sql("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);");
    // An object in the way: refused before anything is written.
    target.sql("CREATE TABLE b (x int)");
    let (run, _) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 3, "{}", run.all());
    assert_eq!(target.sql("SELECT to_regclass('a') IS NULL"), "t\n");
    // A table whose rows cannot be copied, a key and an index that cannot be built: each is named, and
    // none ends with 0.
    target.sql("DROP TABLE b");
    source.sql(
        "CREATE TABLE lost (id int PRIMARY KEY, x varchar(9)); INSERT INTO lost VALUES (1, 'x');
         SET SESSION foreign_key_checks = 0;
         CREATE TABLE child (id int PRIMARY KEY, a int, CONSTRAINT orphan FOREIGN KEY (a) REFERENCES a (id));
         INSERT INTO child VALUES (1, 99);",
    );
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("nirvana.toml");
    std::fs::write(&config, "[migrate]\nwhere = { lost = \"no_such_column = 1\" }").unwrap();
    let (run, report) = migrate(&source, &target, &["--config", config.to_str().unwrap()]);
    assert_eq!(run.code, 4, "{}", run.all());
    let warnings = report.warnings();
    assert!(warnings.contains(&"table-not-copied lost".to_owned()), "{warnings:?}");
    assert!(warnings.contains(&"orphans child.orphan".to_owned()), "{warnings:?}");
    assert_eq!(report.unproven().len(), 1, "{}", run.all());
}

#[test]
fn pain_04_zero_and_partial_dates_lose_no_row() {
    for pair in PAIRS {
        let Some((_, target, run, report)) = moved_between(
            pair,
            "SET SESSION sql_mode = '';
             CREATE TABLE t (id int PRIMARY KEY, d date, n datetime NOT NULL, s timestamp NULL);
             INSERT INTO t VALUES (1, '0000-00-00', '0000-00-00', '0000-00-00'),
               (2, '2020-00-15', '2020-01-00 10:00:00', '2020-01-01'), (3, '0009-01-01', '2020-01-01', NULL);",
        ) else {
            return;
        };
        assert_eq!(run.code, 1);
        assert!(report.codes().contains(&"not-null-dropped".to_owned()));
        let rows = "SELECT count(*), count(d), count(n), count(s), max(d) FROM t";
        assert_eq!(target.sql(rows), "3\t1\t1\t1\t0009-01-01\n");
    }
}

#[test]
fn pain_05_names_arrive_as_they_are() {
    let Some((_, target, run, _)) = moved(
        "CREATE TABLE `Order` (`interval` int PRIMARY KEY, `user` int, `Group By` int, `a\"b` int,
           `ümlaut` int, `$x` int, KEY `select` (`user`));
         CREATE TABLE `order` (`interval` int, CONSTRAINT `from` FOREIGN KEY (`interval`)
           REFERENCES `Order` (`interval`));
         INSERT INTO `Order` VALUES (1, 2, 3, 4, 5, 6); INSERT INTO `order` VALUES (1);",
    ) else {
        return;
    };
    assert_eq!(run.code, 0, "{}", run.all());
    let row = "SELECT \"interval\", \"user\", \"Group By\", \"a\"\"b\", \"ümlaut\", \"$x\" FROM \"Order\"";
    assert_eq!(target.sql(row), "1\t2\t3\t4\t5\t6\n");
    let key = "SELECT confrelid::regclass FROM pg_constraint WHERE conname = 'from'";
    assert_eq!(target.sql(key), "\"Order\"\n");
}

#[test]
fn pain_06_the_schema_is_public_unless_told() {
    let Some((_, target, ..)) = moved("CREATE TABLE t (id int PRIMARY KEY)") else { return };
    let schema = "SELECT schemaname FROM pg_tables WHERE tablename = 't'";
    assert_eq!(target.sql(schema), "public\n");
}

#[test]
fn pain_07_defaults_are_translated_one_by_one() {
    let Some((_, target, run, _)) = moved(
        "CREATE TABLE t (id int PRIMARY KEY, at datetime(6) DEFAULT current_timestamp(6),
           d date DEFAULT (curdate()), two int DEFAULT (1+1), u char(36) DEFAULT (uuid()),
           b binary(4) DEFAULT NULL, e varchar(9) NOT NULL DEFAULT '', q varchar(9) DEFAULT 'it''s');",
    ) else {
        return;
    };
    assert_eq!(run.code, 0, "{}", run.all());
    target.sql("INSERT INTO t (id) VALUES (1)");
    let row = "SELECT at > now()::timestamp - interval '1 day', d >= current_date - 1, two,
        length(u), b IS NULL, e = '', q FROM t";
    assert_eq!(target.sql(row), "t\tt\t2\t36\tt\tt\tit's\n");
}

#[test]
fn pain_08_enum_and_set_keep_every_row() {
    let Some((_, target, _, report)) = moved(
        "SET SESSION sql_mode = '';
         CREATE TABLE t (id int PRIMARY KEY, e enum('a', 'b\\\\c', 'd'), s set('it''s', '{x', 'y}', 'p q'));
         INSERT INTO t VALUES (1, 'b\\\\c', 'it''s,{x'), (2, 'wrong', ''), (3, NULL, 'y},p q');",
    ) else {
        return;
    };
    assert!(report.warnings().contains(&"values-altered t.e".to_owned()));
    let rows = "SELECT id, e IS NULL, cardinality(s), s[1] FROM t ORDER BY id";
    assert_eq!(target.sql(rows), "1\tf\t2\tit's\n2\tt\t0\t\n3\tt\t2\ty}\n");
    assert_eq!(target.sql("SELECT e FROM t WHERE id = 1"), "b\\c\n");
}

#[test]
fn pain_09_every_charset_arrives_as_the_server_reads_it() {
    let Some((_, target, run, report)) = moved(
        "CREATE TABLE t (id int PRIMARY KEY, l varchar(9) CHARACTER SET latin1,
           g varchar(9) CHARACTER SET gbk, k varchar(9) CHARACTER SET koi8r);
         INSERT INTO t VALUES (1, _latin1 x'80E9', _gbk x'D6D0', _koi8r x'C1'), (2, '', _gbk x'A2E3', '');",
    ) else {
        return;
    };
    assert_eq!(target.sql("SELECT l, g, k FROM t"), "€é\t中\tа\n");
    // A character that the server turns into '?' without a word costs its row, not the table, and is told.
    assert_eq!(run.code, 1);
    assert_eq!(report.warnings(), ["rows-quarantined t"]);
}

#[test]
fn pain_10_a_name_of_64_characters_hangs_nothing() {
    let long = "n".repeat(64);
    let sql = format!("CREATE TABLE t (`{long}` int PRIMARY KEY); INSERT INTO t VALUES (7)");
    let Some((_, target, run, report)) = moved(&sql) else { return };
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(report.warnings()[0], format!("renamed t.{long}"));
    assert_eq!(target.sql("SELECT * FROM t"), "7\n");
}

#[test]
fn pain_11_keys_and_what_refers_to_them_have_one_type() {
    let Some((_, target, run, _)) = moved(
        "CREATE TABLE p (id bigint unsigned PRIMARY KEY AUTO_INCREMENT);
         CREATE TABLE c (id int(11) PRIMARY KEY, p bigint unsigned,
           CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id));
         CREATE TABLE far (id bigint unsigned PRIMARY KEY);
         INSERT INTO p VALUES (5); INSERT INTO c VALUES (1, 5);
         INSERT INTO far VALUES (18446744073709551615);",
    ) else {
        return;
    };
    assert!(run.code <= 1, "{}", run.all());
    let types = "SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attnum > 0 AND attrelid IN ('p'::regclass, 'c'::regclass, 'far'::regclass) ORDER BY 1, 2";
    let expected = "p\tid\tbigint\nc\tid\tinteger\nc\tp\tbigint\nfar\tid\tnumeric(20,0)\n";
    let mut lines: Vec<String> = target.sql(types).lines().map(str::to_owned).collect();
    let mut wanted: Vec<String> = expected.lines().map(str::to_owned).collect();
    lines.sort();
    wanted.sort();
    assert_eq!(lines, wanted);
    assert_eq!(target.sql("SELECT convalidated FROM pg_constraint WHERE conname = 'c_p'"), "t\n");
    assert_eq!(target.sql("SELECT id FROM far"), "18446744073709551615\n");
}

#[test]
fn pain_12_orphans_are_counted_and_their_key_is_kept() {
    let Some((_, target, run, report)) = moved(
        "CREATE TABLE p (id int PRIMARY KEY);
         CREATE TABLE c (id int PRIMARY KEY, p int, CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id));
         SET SESSION foreign_key_checks = 0; INSERT INTO c VALUES (1, 9), (2, NULL);",
    ) else {
        return;
    };
    assert_eq!(run.code, 1);
    assert_eq!(report.warnings(), ["orphans c.c_p"]);
    assert!(target.attempt("INSERT INTO c VALUES (3, 10)").is_err());
}

#[test]
fn pain_13_counters_go_on_where_they_stood() {
    for pair in PAIRS {
        let Some((_, target, ..)) = moved_between(
            pair,
            "CREATE TABLE none (id int PRIMARY KEY AUTO_INCREMENT, n int) AUTO_INCREMENT = 1001;
             CREATE TABLE gone (id int PRIMARY KEY AUTO_INCREMENT, n int);
             INSERT INTO gone VALUES (41, 1), (42, 1); DELETE FROM gone WHERE id = 42;",
        ) else {
            return;
        };
        let next =
            |table: &str| target.sql(&format!("INSERT INTO {table} (n) VALUES (1) RETURNING id"));
        assert!(next("none").starts_with("1001\n"));
        assert!(next("gone").starts_with("43\n"));
    }
}

#[test]
fn pain_14_a_password_may_hold_anything() {
    let Some((source, target)) = databases(PAIR, "pain") else { return };
    source.sql("CREATE TABLE t (id int PRIMARY KEY)");
    let user = crate::support::unique("u");
    let (login, password) = (&user[..user.len().min(32)], "p@ss:w/rd?#%&' \\");
    let quoted = password.replace('\\', "\\\\").replace('\'', "''");
    source.admin(&format!(
        "CREATE USER '{login}'@'%' IDENTIFIED BY '{quoted}';
        GRANT ALL ON *.* TO '{login}'@'%'"
    ));
    let encoded: Vec<String> = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let encoded = encoded.concat();
    let url = source.url();
    let (_, rest) = url.split_once('@').unwrap();
    let (run, _) =
        crate::support::migrate_as(&format!("mysql://{login}:{encoded}@{rest}"), &target, &[]);
    source.admin(&format!("DROP USER '{login}'@'%'"));
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(!run.all().contains("p@ss"), "{}", run.all());
}

#[test]
fn pain_15_one_binary_needs_no_library_of_a_database() {
    let mut ldd = std::process::Command::new("ldd");
    ldd.arg(env!("CARGO_BIN_EXE_nirvana"));
    let Ok(output) = ldd.output() else {
        eprintln!("skipped: there is no ldd");
        return;
    };
    let libraries = String::from_utf8(output.stdout).unwrap();
    assert!(libraries.contains("libc"), "{libraries}");
    for unwanted in ["ssl", "crypto", "pq", "mysql", "mariadb", "zstd"] {
        assert!(!libraries.contains(unwanted), "{libraries}");
    }
}

#[test]
fn pain_16_no_time_is_shifted() {
    for pair in PAIRS {
        let Some((_, target, ..)) = moved_between(
            pair,
            "SET SESSION time_zone = '-05:00';
             CREATE TABLE t (d datetime, s timestamp NULL);
             INSERT INTO t VALUES ('2024-07-01 12:00:00', '2024-07-01 12:00:00');",
        ) else {
            return;
        };
        let row = "SET TimeZone = 'America/New_York'; SELECT d, s AT TIME ZONE 'UTC' FROM t";
        let row = target.sql(row);
        assert!(row.ends_with("2024-07-01 12:00:00\t2024-07-01 17:00:00\n"), "{row}");
    }
}

#[test]
fn pain_17_a_tinyint_that_counts_is_no_boolean() {
    let Some((_, target, ..)) = moved(
        "CREATE TABLE t (id int PRIMARY KEY, yes tinyint(1), many tinyint(1), u tinyint(1) unsigned);
         INSERT INTO t VALUES (1, 1, 2, 255), (2, 0, -1, 0), (3, NULL, 1, 1);",
    ) else {
        return;
    };
    assert_eq!(
        target.sql("SELECT pg_typeof(yes), many, u FROM t WHERE id = 1"),
        "boolean\t2\t255\n"
    );
    assert_eq!(target.sql("SELECT sum(many), sum(u) FROM t"), "2\t256\n");
}

#[test]
fn pain_18_a_server_that_is_quick_to_hang_up_costs_no_connection() {
    let options = ["--net-write-timeout=1", "--net-read-timeout=1", "--wait-timeout=2"];
    let Some(server) = Victim::spawn_with("mariadb", &options) else { return };
    let source = SourceDatabase::on(Source::MariaDb, &server.url, "pain");
    let Some(target) = TargetDatabase::create(Target::Postgres15, "pain") else { return };
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, x varchar(200));
         INSERT INTO t SELECT seq, REPEAT('x', 200) FROM seq_1_to_50000;",
    );
    let (run, report) = migrate(&source, &target, &["--jobs", "1"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(report.proven_rows()[0].1, 50_000);
}

#[test]
fn pain_19_bytes_are_the_same_bytes() {
    let all: Vec<String> = (0..=255).map(|byte| format!("{byte:02x}")).collect();
    let all = all.concat();
    let Some((source, target, ..)) = moved(&format!(
        "CREATE TABLE t (b blob, v varbinary(300), f binary(4));
         INSERT INTO t VALUES (x'{all}', x'{all}', x'00ff5c27')"
    )) else {
        return;
    };
    let there = source.sql("SELECT LOWER(HEX(b)), LOWER(HEX(v)), LOWER(HEX(f)) FROM t");
    assert_eq!(
        target.sql("SELECT encode(b, 'hex'), encode(v, 'hex'), encode(f, 'hex') FROM t"),
        there
    );
}

#[test]
fn pain_20_a_large_table_has_many_readers() {
    let Some((source, target)) = databases(PAIR, "pain") else { return };
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, x varchar(200));
         INSERT INTO t SELECT seq, REPEAT('x', 150) FROM seq_1_to_60000; ANALYZE TABLE t;",
    );
    let (run, _) = migrate(&source, &target, &["--chunk-mib", "1", "--jobs", "4"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(target.sql("SELECT count(*) >= 6 FROM nirvana.chunk"), "t\n");
    assert_eq!(target.sql("SELECT count(*), sum(id) FROM t"), "60000\t1800030000\n");
}

#[test]
fn pain_21_nul_bytes_are_taken_out_and_counted() {
    let Some((_, target, _, report)) = moved(
        "CREATE TABLE t (id int PRIMARY KEY, x varchar(9));
         INSERT INTO t VALUES (1, 'a\\0b'), (2, '\\0'), (3, 'c');",
    ) else {
        return;
    };
    assert_eq!(report.warnings(), ["values-altered t.x"]);
    assert!(report.0["findings"].to_string().contains("2 texts"));
    assert_eq!(target.sql("SELECT x, length(x) FROM t WHERE id = 1"), "ab\t2\n");
}

#[test]
fn pain_22_no_index_is_weaker_than_it_was() {
    let long = "i".repeat(60);
    let Some((_, target, _, report)) = moved(&format!(
        "CREATE TABLE t (id int PRIMARY KEY, t text, u varchar(40) COLLATE utf8mb4_bin, a text, b text,
           KEY (t(50)), UNIQUE KEY u (u(10)), FULLTEXT KEY words (a, b), KEY down (id DESC, u),
           KEY {long}aaaa (id), KEY {long}bbbb (u));
         CREATE TABLE w (id int PRIMARY KEY, p varchar(760) COLLATE utf8mb4_bin, KEY (p));
         INSERT INTO w VALUES (1, REPEAT('😀', 700));"
    )) else {
        return;
    };
    // An entry beyond what a btree takes does not cost the index.
    assert!(report.warnings().contains(&"index-changed w.p".to_owned()), "{:?}", report.warnings());
    let hash = "SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_index i ON i.indexrelid = c.oid
        WHERE indrelid = 'w'::regclass AND NOT indisprimary";
    assert_eq!(target.sql(hash), "hash\n");
    assert!(!report.codes().contains(&"object-not-built".to_owned()));
    assert_eq!(target.sql("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass"), "7\n");
    let down = "SELECT indoption FROM pg_index WHERE indexrelid = 'down'::regclass";
    assert_eq!(target.sql(down), "3 0\n");
    target.sql("INSERT INTO t (id, u) VALUES (1, '0123456789a')");
    assert!(target.attempt("INSERT INTO t (id, u) VALUES (2, '0123456789b')").is_err());
    let methods = "SELECT count(*) FROM pg_class WHERE relkind = 'i' AND relam =
        (SELECT oid FROM pg_am WHERE amname = 'gin')";
    assert_eq!(target.sql(methods), "1\n");
}

#[test]
fn pain_23_a_schema_that_an_orm_has_made_is_filled() {
    let Some((source, target)) = databases(PAIR, "pain") else { return };
    source.sql(
        "CREATE TABLE users (id bigint PRIMARY KEY AUTO_INCREMENT, name varchar(255) NOT NULL,
           admin tinyint(1) NOT NULL DEFAULT 0, legacy int) AUTO_INCREMENT = 51;
         CREATE TABLE posts (id bigint PRIMARY KEY AUTO_INCREMENT, user_id bigint NOT NULL, title varchar(255),
           CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id));
         INSERT INTO users VALUES (1, 'a', 1, 7), (2, 'b', 0, NULL);
         INSERT INTO posts VALUES (1, 2, 'short'), (2, 1, 'far too long');",
    );
    target.sql(
        "CREATE TABLE posts (id bigserial PRIMARY KEY, title varchar(8), user_id bigint NOT NULL,
           created_at timestamptz NOT NULL DEFAULT now());
         CREATE TABLE users (id bigserial PRIMARY KEY, admin boolean NOT NULL DEFAULT false, name varchar NOT NULL);
         ALTER TABLE posts ADD CONSTRAINT fk_rails FOREIGN KEY (user_id) REFERENCES users (id);
         CREATE INDEX index_posts_on_user_id ON posts (user_id);",
    );
    let (run, report) = migrate(&source, &target, &["--data-only"]);
    assert_eq!(run.code, 3, "{}", run.all());
    assert_eq!(report.warnings(), ["missing-in-target users.legacy", "narrower posts.title"]);
    assert_eq!(target.sql("SELECT count(*) FROM users"), "0\n");
    let accept = ["--accept", "missing-column:users.legacy", "--accept", "narrower:posts.title"];
    let (run, report) = migrate(&source, &target, &[&["--data-only"], &accept[..]].concat());
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(report.unproven(), Vec::<String>::new());
    assert_eq!(target.sql("SELECT id, admin FROM users ORDER BY 1"), "1\tt\n2\tf\n");
    assert_eq!(target.sql("SELECT id FROM posts"), "1\n");
    assert_eq!(target.sql("SELECT row->>'title' FROM nirvana.quarantined"), "far too long\n");
    assert_eq!(target.sql("SELECT nextval('users_id_seq')"), "51\n");
    assert!(target.attempt("INSERT INTO posts (user_id) VALUES (99)").is_err());
}

#[test]
fn pain_24_the_last_key_and_the_first_are_copied() {
    let Some((source, target)) = databases(PAIR, "pain") else { return };
    source.sql(
        "CREATE TABLE t (id bigint PRIMARY KEY, x varchar(200));
         INSERT INTO t SELECT seq * 1000003, REPEAT('x', 150) FROM seq_1_to_30000;
         INSERT INTO t VALUES (9223372036854775807, 'last'), (-9223372036854775808, 'first'), (0, 'o');
         ANALYZE TABLE t;",
    );
    let (run, _) = migrate(&source, &target, &["--chunk-mib", "1"]);
    assert_eq!(run.code, 0, "{}", run.all());
    let ends = "SELECT count(*), min(id), max(id) FROM t";
    assert_eq!(target.sql(ends), "30003\t-9223372036854775808\t9223372036854775807\n");
    assert_eq!(target.sql("SELECT count(*) > 2 FROM nirvana.chunk"), "t\n");
}

#[test]
fn pain_25_an_odd_type_stops_no_other_table() {
    let Some((_, target, _, report)) = moved(
        "CREATE TABLE a (id int PRIMARY KEY, i inet6, g geometrycollection, b bit(5), t time,
           f float, d int AS (id * 2) STORED, CONSTRAINT positive CHECK (id > 0));
         INSERT INTO a (id, i, g, b, t, f) VALUES (1, '::1', ST_GeomFromText(
           'GEOMETRYCOLLECTION(POINT(1 2))'), b'10101', '838:59:59', 123456.789);
         CREATE TABLE v (id int PRIMARY KEY) WITH SYSTEM VERSIONING;
         INSERT INTO v VALUES (1); DELETE FROM v; INSERT INTO v VALUES (2);
         CREATE TABLE plain (id int PRIMARY KEY); INSERT INTO plain VALUES (3);",
    ) else {
        return;
    };
    assert_eq!(report.proven_rows().len(), 3);
    let row = "SELECT i, b, t, f, d FROM a";
    assert_eq!(target.sql(row), "::1\t10101\t838:59:59\t123456.79\t2\n");
    assert!(target.attempt("INSERT INTO a (id) VALUES (-1)").is_err());
    assert_eq!(target.sql("SELECT id FROM v"), "2\n");
}
