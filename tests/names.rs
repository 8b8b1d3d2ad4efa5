//! `--names FILE`: what is called otherwise in the target, written once and taken again.

use std::path::Path;

use crate::support::{
    PAIRS, Report, Run, Source, SourceDatabase, Target, TargetDatabase, databases, migrate,
    nirvana, run,
};

const PAIR: (Source, Target) = (Source::MySql, Target::Postgres18);

fn tables() -> String {
    let long = "L".repeat(64);
    format!(
        "CREATE TABLE `OrderItems` (`Id` int PRIMARY KEY, `unitPrice` int, `Kind` enum('A', 'B'),
           KEY same (`unitPrice`), CONSTRAINT `IsPositive` CHECK (`unitPrice` > 0));
         CREATE TABLE `{long}` (`a.b \"c\"` int, `{long}` int, KEY same (`{long}`),
           CONSTRAINT `FkItem` FOREIGN KEY (`a.b \"c\"`) REFERENCES `OrderItems` (`Id`));
         INSERT INTO `OrderItems` VALUES (1, 5, 'A'), (2, 6, 'B');
         INSERT INTO `{long}` VALUES (1, 7);
         CREATE VIEW `TheView` AS SELECT `Id`, `unitPrice` FROM `OrderItems`;"
    )
}

fn named(
    source: &SourceDatabase,
    target: &TargetDatabase,
    (file, more): (&Path, &[&str]),
) -> (Run, Report) {
    migrate(source, target, &[&["--names", file.to_str().unwrap()], more].concat())
}

#[test]
fn names_are_written_handed_on_and_taken_again() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "handed") else { return };
        source.sql(&tables());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("names.toml");
        // A dry run decides them, too.
        let (dry, _) = named(&source, &target, (&file, &["--identifiers", "snake", "--dry-run"]));
        assert_eq!(dry.code, 1, "{}", dry.all());
        let text = std::fs::read_to_string(&file).unwrap();
        for line in [
            "[tables.\"OrderItems\"]\n\"name\" = \"order_items\"",
            "\"unitPrice\" = \"unit_price\"",
            "[tables.\"OrderItems\".indexes]\n\"same\" = \"order_items_same\"",
            "[tables.\"OrderItems\".checks]\n\"IsPositive\" = \"is_positive\"",
            "[tables.\"OrderItems\".types]\n\"Kind\" = \"order_items_kind\"",
            "\"a.b \\\"c\\\"\" = \"a_b__c_\"",
            "\"FkItem\" = \"fk_item\"",
            "[views]\n\"TheView\" = \"the_view\"",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        // Somebody gives the long one a better name, and another column, key and type, too.
        let cut = text.lines().find(|line| line.starts_with("\"name\" = \"llll")).unwrap();
        let text = text
            .replace(cut, "\"name\" = \"Short\"")
            .replace("\"unit_price\"", "\"price per unit\"")
            .replace("\"fk_item\"", "\"to_item\"")
            .replace("\"order_items_kind\"", "\"kinds\"")
            .replace("\"order_items_same\"", "\"by_price\"")
            .replace("\"the_view\"", "\"seen\"");
        std::fs::write(&file, &text).unwrap();
        // No option is needed besides: the file says it all.
        let (run, report) = named(&source, &target, (&file, &[]));
        assert_eq!(run.code, 0, "{}", run.all());
        assert_eq!(report.proven_rows().len(), 2);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        assert_eq!(target.sql("SELECT a_b__c_ FROM \"Short\""), "1\n");
        assert_eq!(target.sql("SELECT sum(\"unitPrice\") FROM seen"), "11\n");
        assert_eq!(target.sql("SELECT pg_typeof(kind) FROM order_items LIMIT 1"), "kinds\n");
        let objects =
            "SELECT count(*) FROM pg_constraint WHERE conname IN ('to_item', 'is_positive');
            SELECT to_regclass('by_price') IS NOT NULL";
        assert_eq!(target.sql(objects), "2\nt\n");
        let mut verify = nirvana();
        verify.args(["verify", "--names", file.to_str().unwrap(), &source.url(), &target.url()]);
        let verified = crate::support::run(verify);
        assert_eq!(verified.code, 0, "{}", verified.all());
        // The same names lead into a schema that stands.
        target.sql("TRUNCATE \"Short\", order_items");
        let (run, _) = named(&source, &target, (&file, &["--data-only"]));
        assert_eq!(run.code, 0, "{}", run.all());
        assert_eq!(target.sql("SELECT count(\"price per unit\") FROM order_items"), "2\n");
    }
}

#[test]
fn a_file_that_cannot_hold_is_refused() {
    let Some((source, target)) = databases(PAIR, "wrong_names") else { return };
    source.sql("CREATE TABLE a (x int, y int); CREATE TABLE b (x int)");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("names.toml");
    let long = format!("[tables.a]\nname = '{}'", "x".repeat(64));
    for (text, code, words) in [
        ("[tables.a]\nnam = 'x'", 2, "name"),
        (&long, 2, "1 to 63 bytes"),
        ("[tables.zzz]\nname = 'x'", 3, "zzz"),
        ("[tables.a.columns]\nzzz = 'x'", 3, "a.zzz"),
        ("[tables.a]\nname = 'b'", 3, "would both be named b"),
        ("[tables.a.columns]\nx = 'y'", 3, "would both be named y"),
    ] {
        std::fs::write(&file, text).unwrap();
        let mut command = nirvana();
        command.args(["migrate", "--names", file.to_str().unwrap(), &source.url(), &target.url()]);
        let run = run(command);
        assert_eq!(run.code, code, "{text}: {}", run.all());
        assert!(run.all().contains(words), "{text}: {}", run.all());
        assert_eq!(target.sql("SELECT to_regclass('b') IS NULL"), "t\n", "{text}");
    }
    // What is not there cannot be compared by.
    let mut command = nirvana();
    let gone = folder.path().join("gone.toml");
    command.args(["verify", "--names", gone.to_str().unwrap(), &source.url(), &target.url()]);
    let run = run(command);
    assert_eq!(run.code, 2, "{}", run.all());
}
