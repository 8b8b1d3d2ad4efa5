//! What `nirvana verify` finds, and what it does not claim to find.

use crate::support::{
    Run, Source, SourceDatabase, Target, TargetDatabase, databases, migrate, nirvana, run,
};

const PAIRS: [(Source, Target); 2] =
    [(Source::MariaDb, Target::Postgres15), (Source::MySql, Target::Postgres18)];

/// A key of two columns, a key of text, no key, a generated column, foreign keys, and all kinds of
/// values.
const SHOP: &str = "
    CREATE TABLE orders (id bigint PRIMARY KEY AUTO_INCREMENT, total decimal(10,2), note text,
      doc json, at timestamp(6) NULL, raw varbinary(20), twice decimal(12,2) AS (total * 2) STORED);
    INSERT INTO orders (id, total, note, doc, at, raw) VALUES
      (1, 10.00, 'first', '{\"a\": 1}', '2024-01-01 00:00:00', x'00FF'),
      (2, 20.50, '', '[1, 2]', NULL, NULL), (3, NULL, NULL, NULL, NULL, x''),
      (4, 7.25, 'it''s', 'null', '2024-02-29 12:30:00.5', x'5C27');
    CREATE TABLE items (order_id bigint, line int, what varchar(20), PRIMARY KEY (order_id, line),
      CONSTRAINT items_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE);
    INSERT INTO items VALUES (1, 1, 'pen'), (1, 2, 'ink'), (2, 1, 'pad'), (4, 1, NULL);
    CREATE TABLE words (word varchar(20) PRIMARY KEY, n int);
    INSERT INTO words VALUES ('Ä', 1), ('b', 2), ('a b', 3);
    CREATE TABLE log (n int, t varchar(20));
    INSERT INTO log VALUES (1, 'x'), (1, 'x'), (2, NULL), (2, ''), (3, 'z');";

fn verify(source: &SourceDatabase, target: &TargetDatabase, more: &[&str]) -> Run {
    let mut command = nirvana();
    command.args(["verify", "--format", "json"]).args(more);
    command.args([source.url(), target.url()]);
    run(command)
}

/// The report, its last line.
fn report(run: &Run) -> serde_json::Value {
    let last = run.stdout.lines().last().unwrap_or_else(|| panic!("{}", run.all()));
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {}", run.all()))
}

/// `table kind key column source target`, a line each, sorted.
fn differences(run: &Run) -> Vec<String> {
    let report = report(run);
    let Some(all) = report["differences"].as_array() else { return Vec::new() };
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("NULL").to_owned();
    let mut lines: Vec<String> = all
        .iter()
        .map(|one| {
            let key: Vec<String> =
                one["key"].as_array().unwrap().iter().map(|part| text(&part["value"])).collect();
            let mut line =
                format!("{} {} {}", text(&one["table"]["name"]), text(&one["kind"]), key.join("/"));
            if one["kind"] == "changed" {
                let [column, source, target] =
                    ["column", "source", "target"].map(|part| text(&one[part]));
                line.push_str(&format!(" {column}: {source} | {target}"));
            }
            line
        })
        .collect();
    lines.sort();
    lines
}

fn moved(pair: (Source, Target)) -> Option<(SourceDatabase, TargetDatabase)> {
    let (source, target) = databases(pair, "verify")?;
    source.sql(SHOP);
    let (run, _) = migrate(&source, &target, &[]);
    assert!(run.code <= 1, "{}", run.all());
    Some((source, target))
}

/// Damages the target in every way that rows can be damaged.
const DAMAGE: &str = "
    SET session_replication_role = replica;
    UPDATE orders SET total = 10.01 WHERE id = 1;
    UPDATE orders SET note = NULL, at = at + interval '1 microsecond' WHERE id IN (2, 4);
    UPDATE orders SET doc = '{}', raw = '\\x00' WHERE id = 3;
    DELETE FROM items WHERE order_id = 1 AND line = 2;
    INSERT INTO items VALUES (2, 7, 'extra');
    UPDATE words SET word = 'A' WHERE word = 'Ä';
    INSERT INTO log VALUES (1, 'x');
    DELETE FROM log WHERE t = '';
    UPDATE log SET t = 'Z' WHERE n = 3;";

const FOUND: [&str; 15] = [
    "items extra 2/7",
    "items missing 1/2",
    "log extra 1/x",
    "log extra 3/Z",
    "log missing 2/",
    "log missing 3/z",
    "orders changed 1 total: 10.00 | 10.01",
    "orders changed 1 twice: 20.00 | 20.02",
    "orders changed 2 note:  | NULL",
    "orders changed 3 doc: NULL | {}",
    "orders changed 3 raw: \\x | \\x00",
    "orders changed 4 at: 2024-02-29 12:30:00.5+00 | 2024-02-29 12:30:00.500001+00",
    "orders changed 4 note: it's | NULL",
    "words extra A",
    "words missing Ä",
];

#[test]
fn equal_databases_are_equal() {
    for pair in PAIRS {
        let Some((source, target)) = moved(pair) else {
            return;
        };
        let run = verify(&source, &target, &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        assert!(differences(&run).is_empty(), "{}", run.all());
        let tables = report(&run)["tables"].as_array().unwrap().len();
        assert_eq!(tables, 4, "{}", run.all());
    }
}

#[test]
fn every_row_that_differs_is_named_and_nothing_else() {
    for pair in PAIRS {
        let Some((source, target)) = moved(pair) else {
            return;
        };
        target.sql(DAMAGE);
        let run = verify(&source, &target, &[]);
        assert_eq!(run.code, 1, "{}", run.all());
        assert_eq!(differences(&run), FOUND, "{}", run.all());
        assert_eq!(report(&run)["outcome"], "differs");
        // Looking changes nothing.
        assert_eq!(differences(&verify(&source, &target, &[])), FOUND);
        let run = verify(&source, &target, &["--tables", "words"]);
        assert_eq!(differences(&run), FOUND[13..], "{}", run.all());
    }
}

#[test]
fn repaired_the_target_has_the_sources_rows() {
    for pair in PAIRS {
        let Some((source, target)) = moved(pair) else {
            return;
        };
        target.sql(DAMAGE);
        let run = verify(&source, &target, &["--repair"]);
        assert_eq!(run.code, 1, "{}", run.all());
        assert_eq!(differences(&run), FOUND, "{}", run.all());
        let run = verify(&source, &target, &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        // The foreign key that cascades has taken nothing with it, and holds.
        let held =
            "SELECT count(*), (SELECT count(*) FROM items LEFT JOIN orders o ON o.id = order_id
            WHERE o.id IS NULL) FROM items";
        assert_eq!(target.sql(held), "4\t0\n");
    }
}

#[test]
fn the_statements_that_are_printed_mend_the_target_too() {
    for pair in PAIRS {
        let Some((source, target)) = moved(pair) else {
            return;
        };
        target.sql(DAMAGE);
        let report = report(&verify(&source, &target, &[]));
        let statements = report["repair"].as_array().unwrap().iter();
        let script: Vec<&str> = statements.map(|statement| statement.as_str().unwrap()).collect();
        target.sql(&script.join(";\n"));
        let run = verify(&source, &target, &[]);
        assert_eq!(run.code, 0, "{script:#?} {}", run.all());
    }
}

#[test]
fn a_table_or_a_column_that_is_missing_is_said() {
    let Some((source, target)) = moved(PAIRS[0]) else {
        return;
    };
    target.sql("DROP TABLE log; ALTER TABLE words DROP COLUMN n");
    let run = verify(&source, &target, &[]);
    assert_eq!(run.code, 1, "{}", run.all());
    let found = report(&run)["findings"].to_string();
    assert!(found.contains("the target lacks n"), "{}", run.all());
    assert!(found.contains("log"), "{}", run.all());
    // That a table has no key is no reason to say nothing of its absence.
    source.sql("CREATE TABLE bare (n int); INSERT INTO bare VALUES (1)");
    let (moved, _) = crate::support::migrate(&source, &target, &["--only", "bare"]);
    assert!(moved.code <= 1, "{}", moved.all());
    target.sql("DROP TABLE bare");
    let run = verify(&source, &target, &["--only", "bare"]);
    assert_eq!(run.code, 1, "{}", run.all());
    assert!(report(&run)["findings"].to_string().contains("catalog-differs"), "{}", run.all());
}

/// The findings' messages, one a line.
fn messages(run: &Run) -> String {
    let report = report(run);
    let findings = report["findings"].as_array().unwrap().iter();
    let messages: Vec<&str> =
        findings.map(|finding| finding["message"].as_str().unwrap()).collect();
    messages.join("\n") + "\n"
}

#[test]
fn both_servers_are_asked_for_a_second_opinion() {
    for pair in PAIRS {
        let Some((source, target)) = moved(pair) else {
            return;
        };
        let run = verify(&source, &target, &["--independent"]);
        assert_eq!(run.code, 0, "{}", run.all());
        let told = messages(&run);
        assert!(told.contains("no second opinion of doc"), "{told}");
        assert!(!told.contains("by SQL"), "{told}");
        // Values that changed places: each column holds what it held.
        target.sql(
            "UPDATE words SET n = CASE n WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE n END;
             DELETE FROM log WHERE t = ''; UPDATE orders SET doc = '{}' WHERE id = 3;",
        );
        let run = verify(&source, &target, &["--independent"]);
        assert_eq!(run.code, 1, "{}", run.all());
        let told = messages(&run);
        assert!(told.contains("these columns differ: n\n"), "{told}");
        assert!(told.contains("these columns differ: n, t\n"), "{told}");
        assert!(told.contains("it is equal, in what could be asked so"), "{told}");
    }
}

#[test]
fn a_sample_finds_what_is_everywhere_and_claims_no_more() {
    for pair in PAIRS {
        let Some((source, target)) = databases(pair, "sample") else { return };
        source.sql(
            "CREATE TABLE n (n int); INSERT INTO n VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
             CREATE TABLE big (id int PRIMARY KEY AUTO_INCREMENT, v int, t varchar(120));
             INSERT INTO big (v, t) SELECT 1, REPEAT('x', 110) FROM n a, n b, n c, n d, n e;
             ANALYZE TABLE big;",
        );
        let (moved, _) = migrate(&source, &target, &[]);
        assert!(moved.code <= 1, "{}", moved.all());
        let run = verify(&source, &target, &["--sample", "10"]);
        assert!(run.code <= 1, "{}", run.all());
        let tables = report(&run)["tables"].as_array().unwrap().clone();
        let big = tables.iter().find(|table| table["source"]["name"] == "big").unwrap();
        assert_eq!(big["verified"], "sample-equal", "{}", run.all());
        let rows = big["rows"].as_u64().unwrap();
        assert!((5_000..40_000).contains(&rows), "{rows}");
        let small = tables.iter().find(|table| table["source"]["name"] == "n").unwrap();
        assert_eq!(small["verified"], "equal", "{}", run.all());
        target.sql("UPDATE big SET v = 2");
        let run = verify(&source, &target, &["--sample", "10"]);
        assert_eq!(run.code, 1, "{}", run.all());
        assert_eq!(report(&run)["outcome"], "differs");
    }
}
