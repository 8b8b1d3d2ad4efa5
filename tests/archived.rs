//! A source against the directory that it was written into: equal, or the rows by name.

use std::path::PathBuf;

use crate::directory::{Directory, pack};
use crate::dump::{dumped, file};
use crate::support::{Report, Run, Source, SourceDatabase, fixtures, nirvana, run};

fn verify(source: &str, directory: &Directory, more: &[&str]) -> (Run, Report) {
    let folder = tempfile::tempdir().unwrap();
    let report: PathBuf = folder.path().join("report.json");
    let mut command = nirvana();
    command.arg("verify").args(more).arg("--report").arg(&report).args([source, &directory.word()]);
    let run = run(command);
    let text = std::fs::read_to_string(&report).unwrap_or_else(|_| panic!("{}", run.all()));
    (run, Report(serde_json::from_str(&text).unwrap()))
}

#[test]
fn a_shop_and_its_directory() {
    for (server, more) in [
        (Source::MariaDb, [].as_slice()),
        (Source::MySql, &["--data-format", "text", "--compress", "zstd", "--chunk-mib", "1"]),
    ] {
        let Some(source) = SourceDatabase::create(server, "archived") else { return };
        source.load(&fixtures().join("databases/shop.sql"), false);
        let directory = Directory::new();
        let (packed, _) = pack(&source, &directory, more);
        assert_eq!(packed.code, 0, "{}", packed.all());
        let (same, report) = verify(&source.url(), &directory, &[]);
        assert_eq!(same.code, 0, "{}", same.all());
        assert_eq!(report.0["directory"], "target");
        assert!(report.proven_rows().len() > 20);
        // The dump of the same database, which has no values of generated columns.
        let (_folder, path) = file("shop.sql", &dumped(&source, &[]));
        let (from_dump, report) = verify(path.to_str().unwrap(), &directory, &[]);
        assert!(from_dump.code <= 1, "{}", from_dump.all());
        assert!(report.unproven().len() <= 1, "{:?}", report.unproven());

        source.sql(
            "UPDATE orders SET note = 'chang\\ned' WHERE id = 7;
             DELETE FROM reviews WHERE id = 11;
             INSERT INTO schema_migrations VALUES ('tab\\there');
             DROP INDEX index_orders_on_status ON orders;
             CREATE TABLE stranger (id int PRIMARY KEY)",
        );
        let (differs, report) = verify(&source.url(), &directory, &[]);
        assert_eq!(differs.code, 1, "{}", differs.all());
        for words in [
            "id = '7'",
            "chang",
            "id = '11'",
            "tab",
            "index_orders_on_status",
            "stranger",
            "the directory does not have it",
        ] {
            assert!(differs.stdout.contains(words), "{words}: {}", differs.all());
        }
        let counts: Vec<String> = report.0["differing"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let [missing, extra, changed] =
                    ["missing", "extra", "changed"].map(|key| &one[key]);
                format!("{} {missing} {extra} {changed}", one["table"]["name"].as_str().unwrap())
            })
            .collect();
        assert_eq!(counts.len(), 3, "{counts:?}");
        for count in ["orders 0 0 1", "reviews 0 1 0", "schema_migrations 1 0 0"] {
            assert!(counts.iter().any(|one| one == count), "{count}: {counts:?}");
        }
        let (one, report) = verify(&source.url(), &directory, &["--only", "users"]);
        assert_eq!(one.code, 0, "{}", one.all());
        assert_eq!(report.proven_rows().len(), 1);
    }
}

/// Rows that are set aside, values that became NULL, keys that are none, and generated columns.
#[test]
fn rows_that_a_target_would_refuse_and_tables_without_a_key() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "archived") else { return };
    source.sql(
        "SET SESSION sql_mode = '';
         CREATE TABLE dated (id int PRIMARY KEY, d date NOT NULL);
         INSERT INTO dated VALUES (1, '0000-00-00'), (2, '2020-01-01');
         CREATE TABLE small (id int PRIMARY KEY, j json);
         INSERT INTO small VALUES (1, '{\"a\": 1}'), (3, NULL);
         CREATE TABLE loose (word varchar(20), n int, twice int AS (n * 2) STORED);
         INSERT INTO loose (word, n) VALUES ('a', 1), ('a', 1), (NULL, NULL), ('b', 2)",
    );
    let directory = Directory::new();
    let (packed, _) = pack(&source, &directory, &[]);
    assert!(packed.code <= 1, "{}", packed.all());
    let (same, _) = verify(&source.url(), &directory, &[]);
    assert_eq!(same.code, 0, "{}", same.all());
    source.sql(
        "DELETE FROM loose WHERE word = 'a' LIMIT 1; INSERT INTO loose (word) VALUES ('c');
         UPDATE dated SET d = '2021-01-01' WHERE id = 1",
    );
    let (differs, report) = verify(&source.url(), &directory, &[]);
    assert_eq!(differs.code, 1, "{}", differs.all());
    let told = report.0["differing"].to_string();
    assert!(told.contains("\"missing\":1") && told.contains("\"extra\":1"), "{told}");
    let differences = report.0["differences"].to_string();
    assert!(differences.contains("2021-01-01"), "{differences}");
    // A file that is another is no witness.
    let data = directory.data("_dated.");
    let mut bytes = std::fs::read(&data).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&data, bytes).unwrap();
    let (damaged, report) = verify(&source.url(), &directory, &[]);
    assert_eq!(damaged.code, 1, "{}", damaged.all());
    assert!(report.0["findings"].to_string().contains("file-damaged"), "{}", damaged.all());
    for more in ["--repair", "--independent"] {
        let mut command = nirvana();
        command.args(["verify", more, &source.url(), &directory.word()]);
        let refused = run(command);
        assert_eq!(refused.code, 2, "{}", refused.all());
    }
}
