//! `nirvana migrate`: what it makes beside rows, and what it says.

use crate::support::{PAIRS, Source, Target, databases, migrate, nirvana, run};

const PAIR: (Source, Target) = (Source::MariaDb, Target::Postgres15);

const ODDITIES: &str = "
    CREATE TABLE parent (
      id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
      code varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'what it''s called',
      flag tinyint(1) NOT NULL DEFAULT 1,
      UNIQUE KEY code (code)
    ) COMMENT='all parents' AUTO_INCREMENT=500;
    INSERT INTO parent (code, flag) VALUES ('a', 0), ('A', 1);
    CREATE TABLE child (
      id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
      parent_id int unsigned,
      code varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
      long_text text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
      price decimal(10,2) NOT NULL DEFAULT 0.00 CHECK (price >= 0),
      quantity int NOT NULL DEFAULT 1,
      total decimal(20,2) GENERATED ALWAYS AS (price * quantity) STORED,
      updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
      KEY code (code),
      KEY prefix (long_text(50)),
      KEY down (quantity DESC, id),
      FULLTEXT KEY words (long_text),
      CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent (id)
        ON DELETE SET NULL ON UPDATE CASCADE
    );
    INSERT INTO child (parent_id, code, long_text, price, quantity)
      VALUES (500, 'x', 'one two three', 2.50, 4), (NULL, NULL, NULL, 0, 0);
";

#[test]
fn keys_defaults_comments_and_counters_are_there() {
    for pair in PAIRS {
        let Some((source, target)) = databases(pair, "odd") else {
            return;
        };
        source.sql(ODDITIES);
        let (run, report) = migrate(&source, &target, &[]);
        assert_eq!((run.code, report.warnings()), (0, Vec::new()), "{pair:?}: {}", run.all());
        let constraints = target.sql(
            "SELECT conname, contype, convalidated, pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE conrelid IN ('parent'::regclass, 'child'::regclass) AND contype <> 'n' ORDER BY 1",
        );
        for line in [
            "child_parent\tf\tt\tFOREIGN KEY (parent_id) REFERENCES parent(id) ON UPDATE CASCADE ON DELETE SET NULL",
            "child_pkey\tp\tt\tPRIMARY KEY (id)",
            "parent_code\tu\tt\tUNIQUE (code)",
            "parent_pkey\tp\tt\tPRIMARY KEY (id)",
        ] {
            assert!(constraints.contains(line), "{pair:?}: {line}\n{constraints}");
        }
        assert!(constraints.contains("CHECK ((price >= "), "{pair:?}: {constraints}");
        let indexes = target.sql(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'child' ORDER BY 1",
        );
        for part in ["\"left\"(long_text, 50)", "(quantity DESC, id)", "USING gin (to_tsvector("] {
            assert!(indexes.contains(part), "{pair:?}: {part}\n{indexes}");
        }
        assert_eq!(target.sql("SELECT obj_description('parent'::regclass)"), "all parents\n");
        assert_eq!(
            target.sql("SELECT col_description('parent'::regclass, 2)"),
            "what it's called\n"
        );
        assert_eq!(target.sql("SELECT total FROM child ORDER BY id"), "10.00\n0.00\n");
        let inserted = "INSERT INTO parent (code) VALUES ('b') RETURNING id, flag";
        assert_eq!(target.sql(inserted), "502\tt\n");
        let inserted = "INSERT INTO child (code) VALUES ('y') RETURNING price, quantity, total";
        assert_eq!(target.sql(inserted), "0.00\t1\t0.00\n");
    }
}

#[test]
fn an_empty_table_continues_its_counter() {
    let Some((source, target)) = databases(PAIR, "counter") else {
        return;
    };
    source.sql("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, x int) AUTO_INCREMENT=1001");
    let (run, _) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(target.sql("INSERT INTO t (x) VALUES (1) RETURNING id"), "1001\n");
}

#[test]
fn a_dry_run_prints_ddl_that_runs_and_writes_nothing() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "dry") else {
            return;
        };
        source.sql(ODDITIES);
        let mut command = nirvana();
        command.args(["migrate", "--dry-run", &source.url(), &target.url()]);
        let run = run(command);
        assert_eq!(run.code, 0, "{}", run.all());
        let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        assert_eq!(target.sql(tables), "0\n");
        target.sql(&run.stdout);
        assert_eq!(target.sql("INSERT INTO parent (code) VALUES ('b') RETURNING id"), "502\n");
    }
}

#[test]
fn orphans_leave_the_key_not_valid_and_are_named() {
    let Some((source, target)) = databases(PAIR, "orphans") else {
        return;
    };
    source.sql(ODDITIES);
    source.sql("SET foreign_key_checks = 0; INSERT INTO child (parent_id) VALUES (77), (78)");
    let (run, report) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(report.warnings(), ["orphans child.child_parent"]);
    assert!(
        run.all().contains("2 rows refer to rows of parent that do not exist"),
        "{}",
        run.all()
    );
    let valid = "SELECT convalidated FROM pg_constraint WHERE conname = 'child_parent'";
    assert_eq!(target.sql(valid), "f\n");
}

#[test]
fn one_index_that_fails_stops_nothing_else() {
    let Some((source, target)) = databases(PAIR, "isolated") else {
        return;
    };
    // Longer than an entry of a btree may be, and of bytes that do not compress.
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, v varbinary(3000) NOT NULL, w int,
           KEY v (v), KEY w (w)) ROW_FORMAT=DYNAMIC;
         INSERT INTO t VALUES (1, '', 2);
         SET @bytes = '';
         DELIMITER //
         CREATE PROCEDURE fill() BEGIN DECLARE i int DEFAULT 0;
           WHILE i < 90 DO SET @bytes = CONCAT(@bytes, UNHEX(SHA2(i, 256))); SET i = i + 1; END WHILE;
         END //
         DELIMITER ;
         CALL fill(); DROP PROCEDURE fill; UPDATE t SET v = @bytes",
    );
    // The scan would foresee it, and plan another index.
    let (run, report) = migrate(&source, &target, &["--no-scan"]);
    assert_eq!(run.code, 1, "{}", run.all());
    let warnings = report.warnings();
    assert!(warnings.contains(&"object-not-built t.v".to_owned()), "{warnings:?}");
    let indexes = target.sql("SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1");
    assert_eq!(indexes, "t_pkey\nw\n");
}

#[test]
fn a_chosen_table_goes_into_a_chosen_schema() {
    let Some((source, target)) = databases(PAIR, "only") else {
        return;
    };
    source.sql(ODDITIES);
    let (run, report) = migrate(&source, &target, &["--only", "parent", "--schema", "Old Shop"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(report.proven_rows(), [("parent".to_owned(), 2)]);
    assert_eq!(target.sql("SELECT count(*) FROM \"Old Shop\".parent"), "2\n");
    let mut command = nirvana();
    command.args(["migrate", "--only", "parents", &source.url(), &target.url()]);
    let run = crate::support::run(command);
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.stderr.contains("parents"), "{}", run.all());
}

#[test]
fn events_are_json_lines_and_the_report_is_the_last() {
    let Some((source, target)) = databases(PAIR, "json") else {
        return;
    };
    source.sql(ODDITIES);
    let mut command = nirvana();
    command.args(["migrate", "--format", "json", &source.url(), &target.url()]);
    let run = run(command);
    assert_eq!(run.code, 0, "{}", run.all());
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events.first(), Some(&"phase-started"));
    assert_eq!(events.last(), Some(&"report"));
    for event in ["snapshot-taken", "copy-finished", "build-finished", "verify-finished"] {
        assert!(events.contains(&event), "{event}: {events:?}");
    }
    assert!(!run.stdout.contains(crate::support::PASSWORD) || run.stdout.contains("nirvana_admin"));
}

#[test]
fn what_is_written_meanwhile_is_not_half_there() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "ledger") else {
            return;
        };
        source.sql(
            "CREATE TABLE a (id int PRIMARY KEY, amount bigint NOT NULL);
             CREATE TABLE b (id int PRIMARY KEY, amount bigint NOT NULL);
             INSERT INTO a VALUES (1, 1000000); INSERT INTO b VALUES (1, 0);
             CREATE TABLE padding (id int PRIMARY KEY AUTO_INCREMENT, t varchar(200));
             INSERT INTO padding (t) SELECT REPEAT('x', 200) FROM information_schema.columns LIMIT 1000;
             DELIMITER //
             CREATE PROCEDURE pay() BEGIN DECLARE i int DEFAULT 0;
               WHILE i < 20000 AND (SELECT COUNT(*) FROM information_schema.tables
                 WHERE table_schema = DATABASE() AND table_name = 'stop') = 0 DO
                 START TRANSACTION;
                 UPDATE a SET amount = amount - 1; UPDATE b SET amount = amount + 1;
                 COMMIT; SET i = i + 1;
               END WHILE; END //
             DELIMITER ;",
        );
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| source.sql("CALL pay()"));
            std::thread::sleep(std::time::Duration::from_millis(300));
            let (run, report) = migrate(&source, &target, &[]);
            source.sql("CREATE TABLE stop (x int)");
            writer.join().unwrap();
            assert!(run.code <= 1, "{}", run.all());
            assert_eq!(report.proven_rows().len(), 3);
        });
        let sum = "SELECT (SELECT sum(amount) FROM a) + (SELECT sum(amount) FROM b)";
        assert_eq!(target.sql(sum), "1000000\n", "{pair:?}");
        let moved = target.sql("SELECT amount > 0 FROM b");
        assert_eq!(moved, "t\n", "nothing was written before the snapshot: the test shows nothing");
    }
}

/// Zero dates and invalid labels in a few rows of a large table: nobody looks for them before the
/// copy, which meets them in the middle, in some chunks and not in others.
#[test]
fn a_not_null_that_zero_dates_break_is_dropped_by_the_copy() {
    for pair in PAIRS {
        let Some((source, target)) = databases(pair, "zero_dates") else { return };
        source.sql(
            "SET SESSION sql_mode = '';
             CREATE TABLE n (n int); INSERT INTO n VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
             CREATE TABLE logins (id int PRIMARY KEY AUTO_INCREMENT, at date NOT NULL,
               kind enum('web', 'api') NOT NULL, note varchar(200) NOT NULL);
             INSERT INTO logins (at, kind, note) SELECT '2020-02-29', 'web', REPEAT('x', 100)
               FROM n a, n b, n c, n d, n e;
             UPDATE logins SET at = '0000-00-00' WHERE id IN (20000, 20001, 60000);
             UPDATE logins SET kind = '' WHERE id = 99000;
             ANALYZE TABLE logins;",
        );
        let (run, report) = migrate(&source, &target, &["--chunk-mib", "1"]);
        assert_eq!(run.code, 1, "{}", run.all());
        let expected = [
            "not-null-dropped logins.at",
            "not-null-dropped logins.kind",
            "values-altered logins.at",
            "values-altered logins.kind",
        ];
        assert_eq!(report.warnings(), expected, "{pair:?}");
        let text = report.0["findings"].to_string();
        assert!(text.contains("3 dates") && text.contains("1 invalid label"), "{text}");
        assert!(report.proven_rows().contains(&("logins".to_owned(), 100_000)));
        let chunks =
            target.sql("SELECT count(*) > 5 FROM nirvana.chunk WHERE source_table = 'logins'");
        assert_eq!(chunks, "t\n", "one chunk shows nothing");
        let rows = "SELECT count(*), count(at), count(kind) FROM logins; SELECT attname FROM
            pg_attribute WHERE attrelid = 'logins'::regclass AND attnotnull AND attnum > 0";
        assert_eq!(target.sql(rows), "100000\t99997\t99999\nid\nnote\n");
    }
}

/// The most memory that a process has had, in KiB, as far as one can look.
fn peak_memory(process: &mut std::process::Child) -> u64 {
    let status = format!("/proc/{}/status", process.id());
    let mut peak = 0;
    while process.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        peak = peak.max(seen.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    peak
}

#[test]
fn memory_does_not_grow_with_the_table() {
    let Some((source, target)) = databases(PAIR, "memory") else { return };
    source.sql(
        "CREATE TABLE wide (id bigint PRIMARY KEY AUTO_INCREMENT, a int, b int, c bigint,
           d decimal(12,2), e double, f datetime, g varchar(60), h varchar(60), i text);
         INSERT INTO wide (a, b, c, d, e, f, g, h, i) SELECT seq, seq, seq, seq / 100, seq / 7,
           '2020-01-01 00:00:00', REPEAT('g', 40), REPEAT('h', 50), REPEAT('i', 80)
           FROM seq_1_to_500000",
    );
    let mut command = nirvana();
    command.args(["migrate", &source.url(), &target.url()]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut process = command.spawn().unwrap();
    let peak = peak_memory(&mut process);
    assert_eq!(process.wait().unwrap().code(), Some(0));
    assert_eq!(target.sql("SELECT count(*) FROM wide"), "500000\n");
    // The table is 130 MB.
    assert!(peak > 0 && peak < 64 * 1024, "{peak} KiB");
}
