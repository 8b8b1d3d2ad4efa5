//! What the scan foresees of keys: references that lead nowhere, and texts that the target's
//! comparison tells apart, or does not.

use crate::support::{
    PAIRS, Report, Source, Target, TargetDatabase, databases, migrate, migrate_with,
};

const PAIR: (Source, Target) = (Source::MariaDb, Target::Postgres15);

/// Messages of a code at a place, as `table.name`.
fn messages(report: &Report, code: &str, place: &str) -> Vec<String> {
    let findings = report.0["findings"].as_array().unwrap().iter();
    let of_place = findings.filter(|one| {
        let (table, name) = (&one["place"]["table"]["name"], &one["place"]["name"]);
        let known = format!("{}.{}", table.as_str().unwrap_or(""), name.as_str().unwrap_or(""));
        one["code"] == code && known == place
    });
    let words = of_place.map(|one| {
        format!("{}: {}", one["severity"].as_str().unwrap(), one["message"].as_str().unwrap())
    });
    words.collect()
}

const ORPHANS: &str = "
    SET SESSION foreign_key_checks = 0;
    CREATE TABLE `a ``parent` (a int, b int, PRIMARY KEY (a, b));
    CREATE TABLE child (id int PRIMARY KEY, a int, b int,
      CONSTRAINT fk_pair FOREIGN KEY (a, b) REFERENCES `a ``parent` (a, b));
    CREATE TABLE tree (id int PRIMARY KEY, parent int, CONSTRAINT fk_tree FOREIGN KEY (parent) REFERENCES tree (id));
    INSERT INTO `a ``parent` VALUES (1, 1), (2, 2);
    INSERT INTO child VALUES (1, 1, 1), (2, 1, 2), (3, NULL, 9), (4, 9, 9), (5, 2, 2);
    INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 77);";

#[test]
fn orphans_are_told_before_a_row_moves() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "orphans") else { return };
        source.sql(ORPHANS);
        let (run, report) = migrate(&source, &target, &["--dry-run"]);
        assert_eq!(run.code, 1, "{}", run.all());
        let told = messages(&report, "orphans", "child.fk_pair");
        assert!(
            told.len() == 1
                && told[0].starts_with("warning: 2 rows refer to rows of a `parent")
                && told[0].contains("(1, 2) of (2), (9, 9) of (4)"),
            "{told:?}"
        );
        let told = messages(&report, "orphans", "tree.fk_tree");
        assert!(told[0].contains("1 rows") && told[0].contains("(77) of (3)"), "{told:?}");
        // The run finds the same, and leaves those keys NOT VALID.
        let (run, report) = migrate(&source, &target, &[]);
        assert_eq!(run.code, 1, "{}", run.all());
        for key in ["child.fk_pair", "tree.fk_tree"] {
            assert_eq!(messages(&report, "orphans", key).len(), 1, "{key}: {}", run.all());
        }
        assert_eq!(target.sql("SELECT count(*) FROM pg_constraint WHERE NOT convalidated"), "2\n");
    }
}

#[test]
fn rows_that_stay_behind_make_orphans_too() {
    let Some((source, target)) = databases(PAIR, "filtered") else { return };
    source.sql(ORPHANS);
    let text = "[migrate]\nwhere = { child = 'id <> 4', tree = 'tree.id <> 1' }";
    let (run, report) = migrate_with(&source, &target, (text, &["--dry-run"]));
    assert_eq!(run.code, 1, "{}", run.all());
    assert!(messages(&report, "orphans", "child.fk_pair")[0].contains("1 rows"), "{}", run.all());
    // Unasked is no promise.
    let (run, report) = migrate(&source, &target, &["--dry-run", "--no-scan"]);
    assert_eq!(run.code, 0, "{}", run.all());
    let told = messages(&report, "orphans", ".");
    assert!(told[0].starts_with("note: 2 foreign keys were not asked"), "{told:?}");
}

const CASED: &str = "
    CREATE TABLE users (id int PRIMARY KEY, email varchar(50) UNIQUE, sku varchar(20), name varchar(50),
      low varchar(9), UNIQUE KEY by_sku (sku), UNIQUE KEY by_name (name, low)) COLLATE utf8mb4_general_ci;
    INSERT INTO users VALUES (1, 'anna@example.org', 'AB-1', 'Anna', 'x'),
      (2, 'béla@example.org', 'AB-2', 'Bela', 'y'), (3, NULL, '17', NULL, NULL);
    CREATE TABLE posts (id int PRIMARY KEY, author varchar(50), code varchar(20),
      CONSTRAINT by_author FOREIGN KEY (author) REFERENCES users (email),
      CONSTRAINT by_code FOREIGN KEY (code) REFERENCES users (sku)) COLLATE utf8mb4_general_ci;
    INSERT INTO posts VALUES (1, 'anna@example.org', 'ab-1'), (2, 'béla@example.org', 'AB-2'), (3, NULL, NULL);";

#[test]
fn the_data_tells_what_a_comparison_by_case_changes() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "cased") else { return };
        source.sql(CASED);
        let (run, report) = migrate(&source, &target, &[]);
        assert_eq!(run.code, 1, "{}", run.all());
        let of = |index: &str| messages(&report, "collation-lost", index);
        for index in ["users.email", "users.by_sku"] {
            let told = of(index);
            assert!(told[0].starts_with("note: ") && told[0].contains("one case"), "{told:?}");
        }
        let told = of("users.by_name");
        assert!(
            told[0].starts_with("warning: ") && told[0].contains("values with capitals (name: 2)"),
            "{told:?}"
        );
        let told = of("posts.by_author");
        assert!(told.iter().any(|one| one.contains("every row is written as the one")), "{told:?}");
        assert!(told.iter().all(|one| one.starts_with("note: ")), "{told:?}");
        let told = of("posts.by_code");
        let warned = told.iter().find(|one| one.starts_with("warning: ")).unwrap();
        assert!(warned.contains("1 rows") && warned.contains("(ab-1) of (1)"), "{told:?}");
        // And so it is: that key alone could not be validated.
        let loose = target.sql("SELECT conname FROM pg_constraint WHERE NOT convalidated");
        assert_eq!(loose, "by_code\n");
    }
}

#[test]
fn a_database_of_one_case_has_nothing_to_report() {
    let Some((source, target)) = databases(PAIR, "one_case") else { return };
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, slug varchar(20) UNIQUE);
         INSERT INTO t VALUES (1, 'first'), (2, 'second-1')",
    );
    let (run, _) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 0, "{}", run.all());
    // What nobody asked is no proof.
    let (run, report) = migrate(&source, &target, &["--no-scan", "--if-exists", "drop"]);
    assert_eq!(run.code, 1, "{}", run.all());
    assert!(messages(&report, "collation-lost", "t.slug")[0].starts_with("warning: "));
}

#[test]
fn entries_that_icu_takes_for_one_are_foreseen() {
    // The other server of the tests is built without ICU.
    for pair in [PAIRS[0], PAIRS[2]] {
        let Some((source, target)) = databases(pair, "icu") else { return };
        source.sql(
            "CREATE TABLE t (id int PRIMARY KEY, town varchar(20) COLLATE utf8mb4_swedish_ci UNIQUE);
             INSERT INTO t VALUES (1, 'Malmö'), (2, 'Malmo'), (3, 'Lund')",
        );
        let text = "[migrate]\ncollation = 'ci'";
        let (run, report) = migrate_with(&source, &target, (text, &["--dry-run"]));
        assert_eq!(run.code, 1, "{}", run.all());
        let told = messages(&report, "collation-lost", "t.town");
        let warned = told.iter().find(|one| one.starts_with("warning: 1 entries")).unwrap();
        assert!(warned.contains("Malmo / Malmö"), "{warned}");
        // And so it is.
        let (run, report) = migrate_with(&source, &target, (text, &[]));
        assert_eq!(messages(&report, "object-not-built", "t.town").len(), 1, "{}", run.all());
    }
}

const DUMPED: &str = "-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
CREATE TABLE `p` (`id` int NOT NULL, `code` varchar(9) COLLATE utf8mb4_general_ci NOT NULL,
  PRIMARY KEY (`id`), UNIQUE KEY `by_code` (`code`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE `c` (`id` int NOT NULL AUTO_INCREMENT, `p` int DEFAULT NULL, `flag` tinyint(1) DEFAULT NULL, `d` date NOT NULL,
  PRIMARY KEY (`id`), KEY `p` (`p`), CONSTRAINT `to_p` FOREIGN KEY (`p`) REFERENCES `p` (`id`))
  ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `p` VALUES (1,'Ab'),(2,'cd');
INSERT INTO `c` VALUES (1,1,0,'2020-01-01'),(2,9,5,'0000-00-00');
-- Dump completed on 2024-01-01  0:00:00
";

#[test]
fn a_dump_answers_what_its_rows_tell_and_says_what_they_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let (dump, settings) = (folder.path().join("shop.sql"), folder.path().join("nirvana.toml"));
    std::fs::write(&dump, DUMPED).unwrap();
    // A file of settings needs no server at all.
    let mut init = crate::support::nirvana();
    init.args(["migrate", "--init", "--config"]).arg(&settings).arg(&dump);
    let run = crate::support::run(init);
    assert_eq!(run.code, 0, "{}", run.all());
    let text = std::fs::read_to_string(&settings).unwrap();
    for words in [
        "# \"c.flag\" = { type = \"smallint\" }",
        "# \"c.d\" = { zero-dates = \"null\" }",
        "# p.by_code: would newly allow",
        "of MySQL.",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let Some(target) = TargetDatabase::create(PAIR.1, "dumped") else { return };
    let (run, report) = crate::support::migrate_as(dump.to_str().unwrap(), &target, &["--dry-run"]);
    assert_eq!(run.code, 1, "{}", run.all());
    let told = messages(&report, "orphans", ".");
    assert!(told[0].contains("1 foreign keys were not asked"), "{told:?}");
    let told = messages(&report, "collation-lost", "p.by_code");
    assert!(told[0].contains("values with capitals (code: 1)"), "{told:?}");
    // It is found when the key is made.
    let (run, report) = crate::support::migrate_as(dump.to_str().unwrap(), &target, &[]);
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(messages(&report, "orphans", "c.to_p").len(), 1, "{}", run.all());
    // A dump that has lost its counters goes on behind what is there.
    assert_eq!(target.sql("INSERT INTO c (d) VALUES ('2024-01-01') RETURNING id"), "3\n");
}
