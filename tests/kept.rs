//! `migrate --if-exists truncate` and `append`: tables that stand are kept.

use crate::support::{
    PAIRS, Source, SourceDatabase, Target, databases, killed_after, migrate, nirvana,
    run as run_program,
};

const PAIR: (Source, Target) = (Source::MariaDb, Target::Postgres15);

const SHOP: &str = "
    CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, email varchar(50) NOT NULL, role enum('a', 'b'),
      is_new tinyint(1), seen timestamp NULL ON UPDATE CURRENT_TIMESTAMP, n int, twice int AS (n * 2) STORED,
      UNIQUE KEY by_email (email)) COLLATE utf8mb4_bin;
    CREATE TABLE orders (id bigint AUTO_INCREMENT PRIMARY KEY, user_id int NOT NULL, total decimal(10,2),
      CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id));
    CREATE TABLE notes (words varchar(50)) COLLATE utf8mb4_bin;
    CREATE VIEW totals AS SELECT user_id, SUM(total) AS total FROM orders GROUP BY user_id;
    INSERT INTO users (id, email, role, is_new, n) VALUES (1, 'a@x', 'a', 1, 1), (2, 'b@x', 'b', 0, 2);
    INSERT INTO orders VALUES (1, 1, 5), (2, 2, 6.5);
    INSERT INTO notes VALUES ('one'), ('one');";

/// What an owner would miss.
const OWN: &str = "SELECT has_table_privilege('pg_monitor', 'users', 'SELECT');
    SELECT count(*) FROM pg_indexes WHERE indexname = 'own';
    SELECT contype, conname, convalidated FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      AND contype <> 'n' ORDER BY 2;
    SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1;
    SELECT count(*) FROM own_view";

#[test]
fn tables_are_emptied_and_keep_what_hangs_on_them() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "emptied") else { return };
        source.sql(SHOP);
        let (run, _) = migrate(&source, &target, &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        target.sql(
            "GRANT SELECT ON users TO pg_monitor; CREATE INDEX own ON orders (total);
             CREATE VIEW own_view AS SELECT id FROM users;
             INSERT INTO users (id, email) VALUES (77, 'z@x')",
        );
        source.sql(
            "DELETE FROM orders WHERE id = 1; UPDATE users SET email = 'c@x' WHERE id = 2;
             INSERT INTO users (email) VALUES ('d@x');
             CREATE TABLE brand_new (id int PRIMARY KEY, user_id int,
               FOREIGN KEY (user_id) REFERENCES users (id)); INSERT INTO brand_new VALUES (1, 2)",
        );
        target.sql("DELETE FROM users WHERE id = 77");
        let before = target.sql(OWN);
        let (dry, _) = migrate(&source, &target, &["--if-exists", "truncate", "--dry-run"]);
        assert_eq!(dry.code, 0, "{}", dry.all());
        assert!(
            dry.stdout.contains("TRUNCATE") && dry.stdout.contains("brand_new"),
            "{}",
            dry.all()
        );
        assert!(!dry.stdout.contains("CREATE TABLE \"public\".\"users\""), "{}", dry.all());
        let (run, report) = migrate(&source, &target, &["--if-exists", "truncate"]);
        assert_eq!(run.code, 0, "{}", run.all());
        let rows = [("users", 3), ("orders", 1), ("notes", 2), ("brand_new", 1)];
        let mut rows = rows.map(|(table, rows)| (table.to_owned(), rows)).to_vec();
        let mut moved = report.proven_rows();
        moved.sort();
        rows.sort();
        assert_eq!(moved, rows);
        let after = target.sql(OWN);
        let with_new =
            after.replace("f\tbrand_new_ibfk_1\tt\n", "").replace("p\tbrand_new_pkey\tt\n", "");
        assert_eq!(with_new.trim_end_matches("3\n"), before.trim_end_matches("2\n"), "{after}");
        assert_eq!(target.sql("SELECT email, twice FROM users WHERE id = 2"), "c@x\t4\n");
        assert_eq!(target.sql("SELECT total FROM totals"), "6.50\n");
        target.sql("INSERT INTO users (email) VALUES ('next@x')");
        assert_eq!(target.sql("SELECT id FROM users WHERE email = 'next@x'"), "4\n");
    }
}

/// Another source of the same form, whose rows go to those of the first.
fn second(server: Source, rows: &str) -> Option<SourceDatabase> {
    let source = SourceDatabase::create(server, "second")?;
    let tables = SHOP.split("INSERT INTO").next().unwrap();
    source.sql(&format!("{tables} {rows}"));
    Some(source)
}

#[test]
fn rows_are_added_and_what_was_there_stays() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "added") else { return };
        source.sql(SHOP);
        let (run, _) = migrate(&source, &target, &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        let rows = "INSERT INTO users (id, email, role) VALUES (11, 'k@x', 'b'), (12, 'a@x', 'a'), (13, 'm@x', 'a');
            INSERT INTO orders VALUES (11, 11, 7), (2, 13, 9);
            INSERT INTO notes VALUES ('one'), ('two');";
        let Some(more) = second(pair.0, rows) else { return };
        let (run, report) = migrate(&more, &target, &["--if-exists", "append"]);
        // One conflict in each of two tables: set aside, and the rest is there and proven.
        assert_eq!(run.code, 1, "{}", run.all());
        assert_eq!(report.warnings(), ["rows-quarantined orders", "rows-quarantined users"]);
        let mut rows = report.proven_rows();
        rows.sort();
        let expected = [("notes", 2), ("orders", 1), ("users", 2)];
        assert_eq!(rows, expected.map(|(table, rows)| (table.to_owned(), rows)));
        assert_eq!(
            target.sql("SELECT string_agg(id::text, ' ' ORDER BY id) FROM users"),
            "1 2 11 13\n"
        );
        assert_eq!(
            target.sql("SELECT id, total FROM orders ORDER BY id"),
            "1\t5.00\n2\t6.50\n11\t7.00\n"
        );
        assert_eq!(
            target.sql("SELECT words, count(*) FROM notes GROUP BY 1 ORDER BY 1"),
            "one\t3\ntwo\t1\n"
        );
        let aside = "SELECT source_table, row->>'id' FROM nirvana.quarantined ORDER BY 1";
        assert_eq!(target.sql(aside), "orders\t2\nusers\t12\n");
        // To go on adds nothing twice.
        let (run, report) = migrate(&more, &target, &["--resume"]);
        assert_eq!(run.code, 1, "{}", run.all());
        assert!(report.unproven().is_empty(), "{}", run.all());
        assert_eq!(target.sql("SELECT count(*) FROM notes"), "4\n");
        // Numbers go on behind the greatest of both.
        target.sql("INSERT INTO users (email) VALUES ('next@x')");
        assert_eq!(target.sql("SELECT id FROM users WHERE email = 'next@x'"), "14\n");
        // Rows of a table without a key would be there twice.
        let (run, report) = migrate(&more, &target, &["--if-exists", "append"]);
        assert_eq!(run.code, 3, "{}", run.all());
        assert_eq!(report.warnings(), ["target-not-empty notes"]);
        assert_eq!(target.sql("SELECT count(*) FROM notes"), "4\n");
    }
}

#[test]
fn what_is_not_as_planned_is_refused_before_a_row_moves() {
    let Some((source, target)) = databases(PAIR, "unlike") else { return };
    source.sql(SHOP);
    let (run, _) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 0, "{}", run.all());
    let rows = target.sql("TABLE users");
    for (sql, place) in [
        ("ALTER TABLE notes ALTER words TYPE varchar(20)", "catalog-differs notes.words"),
        (
            "ALTER TABLE users ADD extra int NOT NULL DEFAULT 1; ALTER TABLE users ALTER extra DROP DEFAULT",
            "extra-column users.extra",
        ),
        ("ALTER TABLE orders DROP total CASCADE", "catalog-differs orders.total"),
        ("ALTER TYPE users_role ADD VALUE 'c'", "users_role"),
    ] {
        target.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA nirvana CASCADE");
        let (run, _) = migrate(&source, &target, &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        target.sql(sql);
        let (run, report) = migrate(&source, &target, &["--if-exists", "truncate"]);
        assert_eq!(run.code, 3, "{sql}: {}", run.all());
        let warnings = report.warnings();
        assert!(warnings.iter().any(|one| one.ends_with(place)), "{warnings:?}");
        assert_eq!(target.sql("SELECT count(*) FROM users"), "2\n", "{rows}");
    }
}

#[test]
fn killed_and_resumed_nothing_is_doubled() {
    let Some((source, target)) = databases(PAIR, "halved") else { return };
    let rows = |from: u32| {
        format!(
            "CREATE TABLE numbers (id int PRIMARY KEY, t varchar(200)) COLLATE utf8mb4_bin;
             CREATE TABLE bare (n int);
             INSERT INTO numbers SELECT seq, RPAD(MD5(seq), 150, 'x') FROM seq_{from}_to_{};
             INSERT INTO bare SELECT seq FROM seq_1_to_1000;",
            from + 40_000
        )
    };
    source.sql(&rows(1));
    let Some(more) = SourceDatabase::create(PAIR.0, "more") else { return };
    // Between the others' keys, so that no chunk is without rows of theirs.
    more.sql(&rows(30_000).replace("SELECT seq, RPAD", "SELECT 1000000 + seq, RPAD"));
    for lines in (10..80).step_by(2) {
        target.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS nirvana CASCADE");
        let (run, _) = migrate(&source, &target, &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        let killed =
            killed_after(&more, &target, (lines, &["--jobs", "1", "--if-exists", "append"]));
        let done = "SELECT count(done_at), count(*) FROM nirvana.chunk WHERE run = (SELECT max(id) FROM nirvana.run)";
        let done = target.sql(done);
        let (done, all) = done.trim().split_once('\t').unwrap();
        let halved = killed && done != "0" && done != all;
        if halved {
            // To begin anew would double rows.
            let (run, _) = migrate(&more, &target, &["--if-exists", "append"]);
            assert_eq!(run.code, 3, "{}", run.all());
            assert!(run.all().contains("--resume"), "{}", run.all());
        }
        let (run, report) = migrate(&more, &target, &["--resume", "--if-exists", "append"]);
        assert_eq!(run.code, 0, "after {lines}: {}", run.all());
        assert!(report.unproven().is_empty(), "{}", run.all());
        let both =
            "SELECT count(*), count(DISTINCT id) FROM numbers; SELECT count(*), sum(n) FROM bare";
        assert_eq!(target.sql(both), "80002\t80002\n2000\t1001000\n", "after {lines}");
        if halved {
            return;
        }
    }
    panic!("no run was killed in the middle");
}

/// Types that an earlier run's data asked for stay, even if the data of now would do with less.
#[test]
fn what_stands_wider_than_the_data_needs_is_as_planned() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "wider") else { return };
        source.sql(
            "CREATE TABLE odd (id bigint unsigned PRIMARY KEY, flag tinyint(1), took time, note json,
               CHECK (flag < 9)) COLLATE utf8mb4_bin;
             CREATE TABLE odder (odd_id bigint unsigned, CONSTRAINT of_odd FOREIGN KEY (odd_id) REFERENCES odd (id));
             INSERT INTO odd VALUES (18446744073709551615, 2, '-30:00:00', '\"a\\\\u0000\"'), (1, 1, '10:00:00', '1');
             INSERT INTO odder VALUES (1);",
        );
        let (run, _) = migrate(&source, &target, &[]);
        assert!(run.code <= 1, "{}", run.all());
        let types =
            "SELECT string_agg(format_type(atttypid, atttypmod), ' ' ORDER BY attrelid, attnum)
            FROM pg_attribute WHERE attrelid IN ('odd'::regclass, 'odder'::regclass) AND attnum > 0";
        let wide = "numeric(20,0) smallint interval(0) json numeric(20,0)\n";
        assert_eq!(target.sql(types), wide);
        source.sql("DELETE FROM odd WHERE id > 1");
        target.sql("DELETE FROM odd WHERE id > 1");
        let mut verify = nirvana();
        verify.args(["verify", &source.url(), &target.url()]);
        let verified = run_program(verify);
        assert_eq!(verified.code, 0, "{}", verified.all());
        let (run, report) = migrate(&source, &target, &["--if-exists", "truncate"]);
        assert_eq!(run.code, 0, "{}", run.all());
        assert_eq!(report.proven_rows().len(), 2);
        assert_eq!(target.sql(types), wide);
        // Wider than the target's the data may not become.
        source.sql("CREATE TABLE bits (b tinyint(1)); INSERT INTO bits VALUES (1)");
        let (run, _) = migrate(&source, &target, &["--if-exists", "truncate"]);
        assert_eq!(run.code, 0, "{}", run.all());
        source.sql("UPDATE bits SET b = 5");
        let (run, report) = migrate(&source, &target, &["--if-exists", "truncate"]);
        assert_eq!(run.code, 3, "{}", run.all());
        assert_eq!(report.warnings(), ["catalog-differs bits.b"]);
    }
}
