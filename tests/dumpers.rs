//! Dumps as their tools really write them, with the options that change their form; and files that
//! look like dumps and are none, or are not whole.

use std::path::Path;

use crate::dump::{as_from_its_server, dumped, file, folder, migrate_dump};
use crate::support::{
    PASSWORD, Run, Source, SourceDatabase, Target, TargetDatabase, client, fixtures,
};

/// Names, values and definitions that a tool may trip over.
const ODD: &str = r#"
CREATE TABLE `items` (`id` int NOT NULL AUTO_INCREMENT, `a word` varchar(20) CHARACTER SET latin1
  DEFAULT 'it''s', `n` decimal(8,2) NOT NULL DEFAULT '1.50', `order` int DEFAULT NULL,
  `raw` varbinary(20), `bits` bit(10), `e` enum('x','y''z') DEFAULT 'x', `doc` json,
  `at` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `twice` decimal(9,2) GENERATED ALWAYS AS (`n` * 2) STORED,
  PRIMARY KEY (`id`), KEY `by_word` (`a word`(5)), UNIQUE KEY `by_order` (`order`,`n`))
  COMMENT='say "it"';
INSERT INTO items (`a word`, `order`, raw, bits, doc, at) VALUES
  ('a\\b\'c"d\n\té', 1, x'00ff275c0a', b'1100000001', '{"a": "ü\\n;"}', '2020-01-01 00:00:00'),
  (NULL, NULL, '', NULL, NULL, NULL);
CREATE TABLE `größe.a b` (id int NOT NULL, item int, `name` varchar(10) DEFAULT 'x', PRIMARY KEY (id),
  KEY item (item), CONSTRAINT fk_item FOREIGN KEY (item) REFERENCES items (id) ON DELETE CASCADE,
  CONSTRAINT small CHECK (id < 1000));
INSERT INTO `größe.a b` VALUES (1, 1, 'one'), (2, NULL, 'two');
CREATE TABLE nothing (id int NOT NULL PRIMARY KEY);
CREATE TABLE log (id int, word varchar(20), KEY (id));
CREATE VIEW v AS SELECT i.id, p.name AS `the name` FROM items i JOIN `größe.a b` p ON p.item = i.id
  WHERE i.e = 'x';
DELIMITER ;;
CREATE TRIGGER noted BEFORE INSERT ON nothing FOR EACH ROW BEGIN
INSERT INTO log VALUES (1, 'a;b');
UPDATE log SET id = 2;
END;;
CREATE PROCEDURE note() BEGIN
INSERT INTO log VALUES (3, 'from a procedure');
END;;
DELIMITER ;
"#;

fn odd(server: Source) -> Option<SourceDatabase> {
    let source = SourceDatabase::create(server, "odd")?;
    let (_folder, path) = file("odd.sql", ODD.as_bytes());
    source.load(&path, false);
    Some(source)
}

/// mydumper's folder of a database.
fn mydumped(source: &SourceDatabase, options: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = client("mydumper");
    command.args(source.address_options()).args(["-p", PASSWORD, "-B", &source.name, "-o"]);
    command.arg(folder.path()).args(options);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
    folder
}

#[test]
fn mydumpers_folders_arrive_as_from_their_server() {
    let Some(source) = odd(Source::MariaDb) else { return };
    source.sql("CREATE SEQUENCE numbers START WITH 5 INCREMENT BY 2 CYCLE; SELECT nextval(numbers)");
    let all = ["--triggers", "--routines", "--events"];
    for options in [
        [].as_slice(),
        &["--compress", "--complete-insert", "--build-empty-files"],
        &["--statement-size", "1000", "--insert-ignore", "--trx-consistency-only"],
    ] {
        let folder = mydumped(&source, &[all.as_slice(), options].concat());
        let what = format!("mydumper {options:?}");
        as_from_its_server(&source, Target::Postgres15, (folder.path(), &what));
    }
    // What is left out is not in the target.
    let folder = mydumped(&source, &["--regex", &format!("^{}\\.(items|log)$", source.name)]);
    let target = TargetDatabase::create(Target::Postgres15, "regex").unwrap();
    let (ended, report) = migrate_dump(folder.path(), &target, &[]);
    assert_eq!(ended.code, 0, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("items".to_owned(), 2), ("log".to_owned(), 0)]);
}

#[test]
fn mydumpers_chunks_of_a_shop() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "chunks") else { return };
    source.load(&fixtures().join("databases/shop.sql"), false);
    let folder = mydumped(&source, &["--rows", "500", "--compress"]);
    assert!(std::fs::read_dir(folder.path()).unwrap().count() > 60);
    as_from_its_server(&source, Target::Postgres18, (folder.path(), "mydumper --rows"));
    // A tool that was stopped, and one whose rows or tables were left out.
    let target = TargetDatabase::create(Target::Postgres15, "partial").unwrap();
    std::fs::rename(folder.path().join("metadata"), folder.path().join("metadata.partial")).unwrap();
    not_whole(folder.path(), &target, "the file metadata");
    let folder = mydumped(&source, &["--no-schemas"]);
    let (ended, _) = migrate_dump(folder.path(), &target, &[]);
    assert_eq!(ended.code, 3, "{}", ended.all());
    assert!(ended.all().contains("no CREATE TABLE"), "{}", ended.all());
    let folder = mydumped(&source, &["--no-data"]);
    let (ended, report) = migrate_dump(folder.path(), &target, &[]);
    assert_eq!(ended.code, 1, "{}", ended.all());
    let findings = report.0["findings"].to_string();
    assert!(findings.contains("dump-without-rows"), "{findings}");
}

/// A dump that is refused, since something is not there.
fn not_whole(path: &Path, target: &TargetDatabase, what: &str) {
    let (ended, report) = migrate_dump(path, target, &[]);
    assert_eq!(ended.code, 3, "{}", ended.all());
    let findings = report.0["findings"].to_string();
    assert!(findings.contains("dump-cut-off") && findings.contains(what), "{findings}");
    assert_eq!(target.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0\n");
}

/// Options that change how a dump is written, and not what is in it.
const FORMS: [&[&str]; 6] = [
    &["--compact"],
    &["--insert-ignore", "--skip-quick"],
    &["--replace", "--skip-extended-insert", "--skip-set-charset"],
    &["--skip-lock-tables", "--single-transaction", "--order-by-primary", "--no-autocommit"],
    &["--add-drop-trigger", "--skip-disable-keys", "--skip-dump-date", "--skip-add-drop-table"],
    &["--hex-blob", "--complete-insert", "--compact", "--skip-tz-utc"],
];

#[test]
fn forms_of_a_dump() {
    for (from, to) in
        [(Source::MariaDb, Target::Postgres15), (Source::MySql, Target::Postgres18)]
    {
        let Some(source) = odd(from) else { return };
        for options in FORMS {
            // The tools' own servers run in UTC here.
            let (_folder, path) = file("dump.sql", &dumped(&source, options));
            as_from_its_server(&source, to, (&path, &format!("{from:?} {options:?}")));
        }
        // Line ends of another system, and the mark of byte order that its editors write.
        let text = dumped(&source, &[]);
        let mut crlf = b"\xef\xbb\xbf".to_vec();
        for byte in text {
            if byte == b'\n' {
                crlf.push(b'\r');
            }
            crlf.push(byte);
        }
        let (_folder, path) = file("dump.sql", &crlf);
        as_from_its_server(&source, to, (&path, &format!("{from:?} with CRLF")));
    }
}
