//! What is done with values and names that the target has no equal for, by each policy of
//! nirvana.toml. A policy that is asked for by name is no warning.

use crate::support::{PAIRS, Source, Target, databases, migrate, migrate_with, nirvana};

const PAIR: (Source, Target) = (Source::MariaDb, Target::Postgres15);

const ODD: &str = "
    SET SESSION sql_mode = '';
    CREATE TABLE odd (id int PRIMARY KEY, d date, n varchar(9), e enum('a'),
      g varchar(9) CHARACTER SET gbk, big bigint unsigned);
    INSERT INTO odd VALUES (1, '0000-00-00', 'x', 'a', 'x', 1), (2, '2020-01-01', 'a\\0b', 'a', 'x', 1),
      (3, '2020-01-01', 'x', 'none', 'x', 1), (4, '2020-01-01', 'x', 'a', _gbk x'A2E3', 1),
      (5, '2020-01-01', 'x', 'a', 'x', 18446744073709551615), (6, '2020-01-01', 'x', 'a', '?', 1);";

const WORDS: [(&str, &str); 5] = [
    ("zero-dates", "d"),
    ("nul", "n"),
    ("enum-errors", "e"),
    ("invalid-text", "g"),
    ("out-of-range", "big"),
];

#[test]
fn rows_are_set_aside_as_asked_and_that_is_no_warning() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "aside") else { return };
        source.sql(ODD);
        let rules =
            WORDS.map(|(word, column)| format!("'odd.{column}' = {{ {word} = 'quarantine' }}"));
        let rules = rules.join("\n").replace("{ out-of-range", "{ type = 'bigint', out-of-range");
        let text = format!("[migrate.columns]\n{rules}");
        let (run, report) = migrate_with(&source, &target, (&text, &[]));
        assert_eq!(run.code, 0, "{}", run.all());
        assert_eq!(report.proven_rows(), [("odd".to_owned(), 1)]);
        assert!(report.codes().contains(&"rows-quarantined".to_owned()), "{}", run.all());
        assert_eq!(target.sql("SELECT id, g FROM odd"), "6\t?\n");
        let kept = "SELECT row->>'id', column_name FROM nirvana.quarantined ORDER BY 1";
        assert_eq!(target.sql(kept), "1\td\n2\tn\n3\te\n4\tg\n5\tbig\n");
    }
}

#[test]
fn a_policy_that_stops_leaves_nothing_behind() {
    let Some((source, target)) = databases(PAIR, "stops") else { return };
    source.sql(ODD);
    for (word, column) in &WORDS[..4] {
        let text = format!("[migrate.columns]\n'*' = {{ {word} = 'stop' }}");
        let (run, report) = migrate_with(&source, &target, (&text, &[]));
        assert_eq!(run.code, 3, "{word}: {}", run.all());
        assert!(
            report.warnings().iter().any(|one| one.ends_with(&format!("odd.{column}"))),
            "{word}"
        );
        assert_eq!(target.sql("SELECT to_regclass('odd') IS NULL"), "t\n", "{word}");
    }
    // What only the copy can find ends the run there.
    let text = "[migrate.columns]\n'odd.big' = { type = 'bigint', out-of-range = 'stop' }";
    let (run, _) = migrate_with(&source, &target, (text, &[]));
    assert_eq!(run.code, 4, "{}", run.all());
    assert!(run.all().contains("18446744073709551615"), "{}", run.all());
}

#[test]
fn characters_that_the_server_loses_are_found() {
    for pair in [PAIRS[1], PAIRS[2]] {
        let Some((source, target)) = databases(pair, "lost") else { return };
        source.sql(ODD);
        let (run, report) = migrate(&source, &target, &["--only", "odd"]);
        assert_eq!(run.code, 1, "{}", run.all());
        assert!(report.warnings().contains(&"rows-quarantined odd".to_owned()), "{}", run.all());
        assert_eq!(target.sql("SELECT id FROM odd WHERE g = '?'"), "6\n");
        let kept = "SELECT row->>'id', column_name, row->>'g' FROM nirvana.quarantined";
        // A mark, and the bytes as they were.
        assert_eq!(target.sql(kept), "4\tg\t\\xffa2e3\n");
        // Not to ask first is no reason to lose them.
        target.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA nirvana CASCADE");
        let (run, report_) = migrate(&source, &target, &["--only", "odd", "--no-scan"]);
        assert_eq!(run.code, 1, "{}", run.all());
        assert!(report_.warnings().contains(&"rows-quarantined odd".to_owned()), "{}", run.all());
        assert_eq!(target.sql(kept), "4\tg\t\\xffa2e3\n");
        // The query that shows what was altered is printed, and answers.
        let findings = report.0["findings"].as_array().unwrap();
        let altered = findings.iter().find(|one| one["code"] == "values-altered").unwrap();
        let query = altered["help"].as_str().unwrap();
        assert!(target.sql(query).contains("id="), "{query}");
    }
}

const MIXED: &str = "
    CREATE TABLE `OrderItems` (`Id` int PRIMARY KEY AUTO_INCREMENT, `unitPrice` int, `Kind Of` enum('A', 'B'),
      `Tags` set('X'), `UpdatedAt` timestamp NULL ON UPDATE CURRENT_TIMESTAMP, `Twice` int AS (`unitPrice` * 2) STORED,
      KEY `ByPrice` (`unitPrice`), KEY `Part` (`Kind Of`, `unitPrice`), UNIQUE KEY `Uni` (`unitPrice`, `Id`),
      CONSTRAINT `IsPositive` CHECK (`unitPrice` > 0));
    CREATE TABLE `Sub` (`ItemId` int, CONSTRAINT `FkItem` FOREIGN KEY (`itemid`) REFERENCES `OrderItems` (`id`));
    INSERT INTO `OrderItems` (`unitPrice`, `Kind Of`, `Tags`) VALUES (5, 'A', 'X'), (6, 'B', '');
    INSERT INTO `Sub` VALUES (1), (2);
    CREATE VIEW `TheView` AS SELECT `Id` AS `TheId`, `Kind Of` FROM `OrderItems` WHERE `unitPrice` > 5;";

#[test]
fn names_are_written_as_asked_in_every_object() {
    for (pair, way) in [(PAIRS[0], "snake"), (PAIRS[3], "snake"), (PAIRS[0], "lower")] {
        let Some((source, target)) = databases(pair, "names") else { return };
        source.sql(MIXED);
        let (run, report) = migrate(&source, &target, &["--identifiers", way]);
        assert_eq!(run.code, 0, "{}", run.all());
        assert_eq!(report.proven_rows().len(), 2);
        // No name in the schema has a capital or a space, and nothing is missing.
        let names = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION SELECT attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
              WHERE relnamespace = 'public'::regnamespace AND attnum > 0
            UNION SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
            UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal";
        let names = target.sql(names);
        let plain =
            |name: &str| name == name.to_lowercase() && (way == "lower" || !name.contains(' '));
        assert!(names.lines().all(plain), "{names}");
        let expected: &[&str] = if way == "snake" {
            &[
                "order_items",
                "unit_price",
                "kind_of",
                "by_price",
                "is_positive",
                "fk_item",
                "the_view",
                "the_id",
            ]
        } else {
            &[
                "orderitems",
                "unitprice",
                "kind of",
                "byprice",
                "ispositive",
                "fkitem",
                "theview",
                "theid",
            ]
        };
        for name in expected {
            assert!(names.lines().any(|line| line == *name), "{name} in {names}");
        }
        let told = report.0["findings"].to_string();
        for words in ["OrderItems → ", "unitPrice → ", "FkItem → ", "IsPositive → ", "TheView → "]
        {
            assert!(told.contains(words), "{words}");
        }
        let (table, view) = (expected[0], expected[6]);
        assert_eq!(target.sql(&format!("SELECT count(*) FROM {view}")), "1\n");
        assert_eq!(target.sql(&format!("SELECT sum(twice) FROM {table}")), "22\n");
        assert!(target.attempt("INSERT INTO sub VALUES (99)").is_err());
        let mut verify = nirvana();
        verify.args(["verify", "--identifiers", way, &source.url(), &target.url()]);
        let verified = crate::support::run(verify);
        assert_eq!(verified.code, 0, "{}", verified.all());
    }
}

#[test]
fn two_names_that_would_become_one_are_refused() {
    let Some((source, target)) = databases(PAIR, "collide") else { return };
    source.sql(
        "CREATE TABLE orderId (id int PRIMARY KEY); CREATE TABLE order_id (id int PRIMARY KEY);
         CREATE TABLE c (id int PRIMARY KEY, `aB` int, `a_b` int);",
    );
    let (run, report) = migrate(&source, &target, &["--identifiers", "snake"]);
    assert_eq!(run.code, 3, "{}", run.all());
    let collisions = ["names-collide c.a_b", "names-collide order_id"];
    let mut told = report.warnings();
    told.retain(|one| one.starts_with("names-collide"));
    told.sort();
    assert_eq!(told, collisions);
    assert_eq!(target.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0\n");
    let text = "[migrate]\nrename = { c = 'order_id' }";
    let (run, _) = migrate_with(&source, &target, (text, &[]));
    assert_eq!(run.code, 3, "{}", run.all());
    // One of them named by hand, and there is no collision.
    let text = "[migrate]\nidentifiers = 'snake'\nexclude = ['c']\nrename = { orderId = 'orders' }";
    let (run, _) = migrate_with(&source, &target, (text, &[]));
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(
        target.sql("SELECT to_regclass('orders'), to_regclass('order_id')"),
        "orders\torder_id\n"
    );
}

#[test]
fn without_a_scan_the_wider_types_are_taken() {
    let Some((source, target)) = databases(PAIR, "noscan") else { return };
    source.sql(
        "CREATE TABLE t (id bigint unsigned PRIMARY KEY, b tinyint(1), w time, j json);
         INSERT INTO t VALUES (1, 1, '10:00:00', '{\"a\":  1}');",
    );
    let (run, _) = migrate(&source, &target, &["--no-scan"]);
    assert_eq!(run.code, 0, "{}", run.all());
    let types =
        "SELECT string_agg(format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 't'::regclass AND attnum > 0";
    assert_eq!(target.sql(types), "numeric(20,0),smallint,interval(0),json\n");
    let mut verify = nirvana();
    verify.args(["verify", "--no-scan", &source.url(), &target.url()]);
    let verified = crate::support::run(verify);
    assert_eq!(verified.code, 0, "{}", verified.all());
}

#[test]
fn what_is_there_is_dropped_as_asked() {
    let Some((source, target)) = databases(PAIR, "drop") else { return };
    source.sql(MIXED);
    let (run, _) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 0, "{}", run.all());
    target.sql("CREATE TABLE mine (id int PRIMARY KEY); INSERT INTO mine VALUES (7)");
    let (run, _) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 3, "{}", run.all());
    source.sql("INSERT INTO `OrderItems` (`unitPrice`) VALUES (7)");
    let (run, report) = migrate(&source, &target, &["--if-exists", "drop"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(report.codes().contains(&"target-dropped".to_owned()));
    assert_eq!(target.sql("SELECT count(*) FROM \"OrderItems\""), "3\n");
    // What is not in the way stays, and what hangs on what is to go holds it.
    assert_eq!(target.sql("SELECT id FROM mine"), "7\n");
    target.sql("CREATE VIEW holds AS SELECT * FROM \"Sub\"");
    let (run, _) = migrate(&source, &target, &["--if-exists", "drop"]);
    assert_eq!(run.code, 3, "{}", run.all());
    assert_eq!(target.sql("SELECT count(*) FROM holds"), "2\n");
}

#[test]
fn a_file_of_settings_is_written_with_what_was_found() {
    let Some((source, target)) = databases(PAIR, "init") else { return };
    source.sql(&format!(
        "{ODD}; CREATE TABLE more (id int PRIMARY KEY, f tinyint(1), m varchar(40), u char(36), `Odd \"name` date NOT NULL);
         INSERT INTO more VALUES (1, 7, 'GrÃ¶ÃŸe', '6ccd780c-baba-1026-9564-5b8c656024db', '0000-00-00');"
    ));
    let folder = tempfile::tempdir().unwrap();
    let init = || {
        let mut command = nirvana();
        command.current_dir(folder.path()).args(["migrate", "--init", &source.url()]);
        crate::support::run(command)
    };
    let first = init();
    assert_eq!(first.code, 0, "{}", first.all());
    let text = std::fs::read_to_string(folder.path().join("nirvana.toml")).unwrap();
    for line in [
        "# \"odd.d\" = { zero-dates = \"null\" }",
        "# \"odd.n\" = { nul = \"remove\" }",
        "# \"odd.e\" = { enum-errors = \"null\" }",
        "# \"odd.g\" = { invalid-text = \"quarantine\" }",
        "# \"odd.big\" = { type = \"numeric(20,0)\" }",
        "# \"more.f\" = { type = \"smallint\" }",
        "# \"more.m\" = { using = [\"repair-utf8\"] }",
        "# \"more.u\" = { using = [\"uuid\"] }",
        "# \"more.Odd \\\"name\" = { zero-dates = \"null\" }",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    let again = init();
    assert_eq!(again.code, 3, "{}", again.all());
    assert!(again.all().contains("is there already"), "{}", again.all());
    // As it is it changes nothing; with all its rules every surprise is one that was asked for.
    let (dry, _) = migrate_with(&source, &target, (&text, &["--dry-run"]));
    assert_eq!(dry.code, 1, "{}", dry.all());
    let text = text.replace("# \"", "\"");
    let (run, report) = migrate_with(&source, &target, (&text, &[]));
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(report.proven_rows().len(), 2);
    assert_eq!(target.sql("SELECT m, pg_typeof(u) FROM more"), "Größe\tuuid\n");
}

#[test]
fn a_dry_run_foresees_what_the_copy_would_find() {
    let Some((source, target)) = databases(PAIR, "foresee") else { return };
    source.sql(ODD);
    let (run, report) = migrate(&source, &target, &["--dry-run"]);
    assert_eq!(run.code, 1, "{}", run.all());
    let expected = [
        "rows-quarantined odd.g",
        "values-altered odd.d",
        "values-altered odd.e",
        "values-altered odd.n",
    ];
    let mut told = report.warnings();
    told.sort();
    assert_eq!(told, expected, "{}", run.all());
}
