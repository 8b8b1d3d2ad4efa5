//! Dumps as their tools really write them, with the options that change their form; and files that
//! look like dumps and are none, or are not whole.

use std::path::Path;

use crate::dump::{
    ITEMS, ITEMS_ARE, as_from_its_server, contents, dumped, file, folder, items, migrate_dump,
};
use crate::support::{
    PASSWORD, Source, SourceDatabase, Target, TargetDatabase, client, fixtures, migrate, nirvana,
    run,
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
    source
        .sql("CREATE SEQUENCE numbers START WITH 5 INCREMENT BY 2 CYCLE; SELECT nextval(numbers)");
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
    std::fs::rename(folder.path().join("metadata"), folder.path().join("metadata.partial"))
        .unwrap();
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

/// As mydumper writes it since version 1.0: names that no file can have, and rows beside a statement.
#[test]
fn a_folder_of_the_newer_mydumper() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "newer") else { return };
    let head = "/*!40101 SET NAMES binary*/;\n/*!40103 SET TIME_ZONE='+00:00' */;\n";
    let create = format!("{head}CREATE DATABASE /*!32312 IF NOT EXISTS*/ `sh.op`;\n");
    let schema = format!("{head}{ITEMS}");
    let load = format!(
        "{head}LOAD DATA LOCAL INFILE 'mydumper_0.items.00000.dat.zst' INTO TABLE `items` FIELDS \
         TERMINATED BY '\\t' ENCLOSED BY '' ESCAPED BY '\\\\' LINES STARTING BY '' TERMINATED BY '\\n' \
         IGNORE 1 LINES (`id`,`word`,@raw,@doc,`at`)SET `raw`=UNHEX(@raw),`doc`=CONVERT(@doc USING \
         UTF8MB4);\n"
    );
    let first = b"id\tword\traw\tdoc\tat\n1\ta\\tb\t00FF\t{\"a\": 1}\t2020-01-01 00:00:00\n";
    let first = zstd::stream::encode_all(first.as_slice(), 1).unwrap();
    let rest = [
        head.as_bytes(),
        b"INSERT INTO `items` VALUES(2,\"\xe9\",NULL,NULL,NULL)\n,(3,NULL,\"\",NULL,NULL)\n;\n",
    ];
    let post = format!(
        "{head}CREATE PROCEDURE `p`()\nBEGIN\nINSERT INTO items VALUES (9); \nUPDATE items SET id = 1; \nEND;\n"
    );
    let metadata = "# Started dump at: 2026-01-01\n[source]\n# SOURCE_LOG_FILE = \"bin.000001\"\n\
        # SOURCE_LOG_POS = 157\n\n[`mydumper_0`.`items`]\nreal_table_name=items\nrows = 3\n\n\
        # Finished dump at: 2026-01-01\n";
    let files: [(&str, &[u8]); 7] = [
        ("metadata", metadata.as_bytes()),
        ("mydumper_0-schema-create.sql", create.as_bytes()),
        ("mydumper_0.items-schema.sql", schema.as_bytes()),
        ("mydumper_0.items.00000.sql", load.as_bytes()),
        ("mydumper_0.items.00000.dat.zst", &first),
        ("mydumper_0.items.00001.sql", &rest.concat()),
        ("mydumper_0-schema-post.sql", post.as_bytes()),
    ];
    let dump = folder(&files);
    let (ended, report) = migrate_dump(dump.path(), &target, &[]);
    assert_eq!(ended.code, 1, "{}", ended.all());
    assert_eq!(report.warnings(), ["not-carried p"]);
    assert_eq!(report.proven_rows(), [("items".to_owned(), 3)]);
    assert_eq!(report.0["snapshot"]["position"], "bin.000001:157");
    assert_eq!(items(&target), ITEMS_ARE);
    // Each file is needed, and each is asked for by its name.
    let again = TargetDatabase::create(Target::Postgres15, "newer").unwrap();
    std::fs::remove_file(dump.path().join("mydumper_0.items.00000.sql")).unwrap();
    not_whole(dump.path(), &again, "mydumper_0.items.00000.dat");
    std::fs::remove_file(dump.path().join("mydumper_0.items.00000.dat.zst")).unwrap();
    not_whole(dump.path(), &again, "3 of them were dumped, and 2 are there");
    // Rows beside a statement are counted as those in it.
    let dump = folder(&files);
    let more = metadata.replace("rows = 3", "rows = 4");
    std::fs::write(dump.path().join("metadata"), more).unwrap();
    not_whole(dump.path(), &again, "4 of them were dumped, and 3 are there");
    let cut = b"id\tword\traw\tdoc\tat\n1\ta\\tb\t00FF";
    std::fs::write(dump.path().join("mydumper_0.items.00000.dat.zst"), cut).unwrap();
    not_whole(dump.path(), &again, "in the middle of what begins at byte 19");
    let dump = folder(&files);
    std::fs::remove_file(dump.path().join("mydumper_0.items.00000.dat.zst")).unwrap();
    let (ended, _) = migrate_dump(dump.path(), &again, &[]);
    assert!(ended.code == 3 && ended.stderr.contains("is not there"), "{}", ended.all());
    let (ended, _) = migrate_dump(&dump.path().join("mydumper_0.items.00000.sql"), &again, &[]);
    assert!(ended.code == 3 && ended.stderr.contains("another file"), "{}", ended.all());
}

/// The partitions of a table have files of their own, and the last file knows all of them.
#[test]
fn a_folder_of_mysql_shell_with_partitions() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "shell") else { return };
    let described = r#"{"options": {"columns": ["id", "word", "raw", "doc", "at"], "decodeColumns":
        {"raw": "UNHEX"}, "defaultCharacterSet": "utf8mb4"}, "extension": "tsv", "includesData": true,
        "partitions": ["p0", "p1"], "basenames": {"p0": "shop@items@p0", "p1": "shop@items@p1"}}"#;
    // The header of mysqldump, and not its last line.
    let create = format!(
        "-- MySQLShell dump 2.0.1  Distrib Ver 8.4.3 for Linux on x86_64 - for MySQL 8.4.3\n--\n\
         -- Host: localhost    Database: shop    Table: items\n-- Server version\t8.4.3\n\n{ITEMS}"
    );
    let files: [(&str, &[u8]); 7] = [
        (
            "@.json",
            br#"{"schemas": ["shop"], "tzUtc": true, "basenames": {"shop": "shop"}, "serverVersion":
            "8.4.3", "gtidExecuted": "", "binlogFile": "bin.000007", "binlogPosition": 4}"#,
        ),
        (
            "@.done.json",
            br#"{"chunkFileBytes": {"shop@items@p0@@0.tsv": 1, "shop@items@p1@@0.tsv": 1}}"#,
        ),
        ("shop.json", br#"{"tables": ["items"], "views": [], "basenames": {"items": "shop@items"}}"#),
        ("shop@items.sql", create.as_bytes()),
        ("shop@items.json", described.as_bytes()),
        ("shop@items@p0@@0.tsv", b"1\ta\\tb\t00FF\t{\"a\": 1}\t2020-01-01 00:00:00\n"),
        (
            "shop@items@p1@@0.tsv",
            "2\t\u{e9}\t\\N\t\\N\t\\N\n3\t\\N\t\t\\N\t\\N\n".as_bytes(),
        ),
    ];
    let dump = folder(&files);
    let (ended, report) = migrate_dump(dump.path(), &target, &[]);
    assert_eq!(ended.code, 0, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("items".to_owned(), 3)]);
    assert_eq!(report.0["snapshot"]["position"], "bin.000007:4");
    assert_eq!(items(&target), ITEMS_ARE);
    let again = TargetDatabase::create(Target::Postgres15, "shell").unwrap();
    std::fs::rename(
        dump.path().join("shop@items@p1@@0.tsv"),
        dump.path().join("shop@other@@0.tsv"),
    )
    .unwrap();
    not_whole(dump.path(), &again, "shop@items@p1@@0.tsv");
    not_whole(dump.path(), &again, "shop@other@@0.tsv");
}

/// What a dump was made without is said, and the rest arrives.
#[test]
fn what_options_leave_out_is_said() {
    let Some(source) = odd(Source::MariaDb) else { return };
    let known = [("größe.a b".to_owned(), 2), ("items".to_owned(), 2)];
    for (options, code, finding) in [
        (["--skip-opt"].as_slice(), 1, "dump-lacks-options"),
        (&["--compatible=ansi", "--default-character-set=utf8mb4"], 1, "dump-lacks-options"),
        // It writes latin1 then, and does not say so.
        (&["--compatible=ansi", "--compact"], 3, "SET NAMES latin1"),
        (&["--no-data"], 1, "dump-without-rows"),
        (&["--no-create-info"], 3, "no CREATE TABLE"),
        (&["--xml"], 3, "is XML"),
    ] {
        let target = TargetDatabase::create(Target::Postgres15, "options").unwrap();
        let (_folder, path) = file("dump.sql", &dumped(&source, options));
        let (ended, report) = migrate_dump(&path, &target, &[]);
        assert_eq!(ended.code, code, "{options:?}: {}", ended.all());
        let told = format!("{}{}", report.0["findings"], ended.stderr);
        assert!(told.contains(finding), "{options:?}: {told}");
        if finding == "dump-lacks-options" {
            let mut rows = report.proven_rows();
            rows.retain(|(_, rows)| *rows > 0);
            assert!(rows.iter().all(|row| known.contains(row)) && !rows.is_empty(), "{rows:?}");
            let columns = "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE \
                           attrelid = 'items'::regclass AND attnum > 0";
            assert_eq!(
                target.sql(columns),
                "id,a word,n,order,raw,bits,e,doc,at,twice\n",
                "{options:?}"
            );
            let keys = "SELECT count(*) FROM pg_index WHERE indrelid = 'items'::regclass";
            assert_eq!(target.sql(keys), "3\n", "{options:?}");
        }
    }
}

/// A system-versioned table with its past, and a dump with the server's own things in it.
#[test]
fn history_and_system_tables() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "history") else { return };
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, word varchar(9)) WITH SYSTEM VERSIONING;
         INSERT INTO t VALUES (1, 'a'), (2, 'b'); UPDATE t SET word = 'c' WHERE id = 1;
         DELETE FROM t WHERE id = 2",
    );
    let target = TargetDatabase::create(Target::Postgres15, "history").unwrap();
    let (_folder, path) = file("dump.sql", &dumped(&source, &[]));
    let (ended, report) = migrate_dump(&path, &target, &[]);
    assert!(ended.code <= 1, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("t".to_owned(), 1)]);
    // Rows of the past are none of the table's: who asked for them must choose.
    let (_folder, path) = file("dump.sql", &dumped(&source, &["--dump-history"]));
    let again = TargetDatabase::create(Target::Postgres15, "history").unwrap();
    let (ended, report) = migrate_dump(&path, &again, &[]);
    assert_eq!(ended.code, 3, "{}", ended.all());
    assert!(report.0["findings"].to_string().contains("--dump-history"), "{}", ended.all());
    let (_folder, path) =
        file("dump.sql", &dumped(&source, &["--system=plugins,udfs,servers,stats,timezones"]));
    let again = TargetDatabase::create(Target::Postgres15, "system").unwrap();
    let (ended, report) = migrate_dump(&path, &again, &[]);
    assert!(ended.code <= 1, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("t".to_owned(), 1)]);
}

/// Compressed files that end too soon, or of which a byte is another.
#[test]
fn a_compressed_dump_that_is_damaged_is_refused_with_its_place() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "damaged") else { return };
    let rows: Vec<String> =
        (0..20_000).map(|id: u32| format!("({id},'{}')", id.wrapping_mul(2_654_435_761))).collect();
    let text = format!(
        "CREATE TABLE t (id int, w varchar(20), KEY (id));\nINSERT INTO t VALUES {};\n",
        rows.join(",")
    );
    let gzip = || {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let bzip2 = || {
        let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let xz = || {
        let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let zstd = || {
        let mut out = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        out.include_checksum(true).unwrap();
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    for (name, whole) in [("a.gz", gzip()), ("a.bz2", bzip2()), ("a.xz", xz()), ("a.zst", zstd())] {
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 0x55;
        for (what, bytes) in [
            ("cut", &whole[..whole.len() * 3 / 4]),
            ("without its end", &whole[..whole.len() - 3]),
            ("changed", &changed),
        ] {
            let (_folder, path) = file(name, bytes);
            let (ended, _) = migrate_dump(&path, &target, &[]);
            assert_eq!(ended.code, 3, "{name} {what}: {}", ended.all());
            let words = "what is compressed in it can be read to its byte ";
            assert!(ended.stderr.contains(words), "{name} {what}: {}", ended.all());
        }
    }
    assert_eq!(target.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0\n");
    // No room where it is kept while it is read: SIGXFSZ is ignored, so that writing fails.
    let (_folder, path) = file("a.gz", &gzip());
    let mut command = std::process::Command::new("sh");
    let script = "ulimit -f 64; trap '' XFSZ; exec \"$0\" \"$@\"";
    command.args(["-c", script]).arg(nirvana().get_program());
    command.arg("migrate").arg(path).arg(target.url()).env("PGPASSWORD", PASSWORD);
    let ended = run(command);
    assert_eq!(ended.code, 3, "{}", ended.all());
    assert!(ended.stderr.contains("no room for what"), "{}", ended.all());
}

/// Headers as the tools of old wrote them, and text as others save it.
#[test]
fn tools_of_old_and_texts_of_others() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "old") else { return };
    let old =
        b"-- MySQL dump 9.11\n--\n-- Host: localhost    Database: old\n-- ------------------\n\
        -- Server version\t4.1.22-standard\n\n\
        /*!40101 SET NAMES latin1 */;\n\
        --\n-- Table structure for table `t`\n--\n\n\
        DROP TABLE IF EXISTS t;\n\
        CREATE TABLE t (\n  id int(11) NOT NULL auto_increment,\n  word varchar(20) default NULL,\n\
          at timestamp NOT NULL default CURRENT_TIMESTAMP on update CURRENT_TIMESTAMP,\n\
          PRIMARY KEY  (id),\n  KEY word (word)\n) TYPE=MyISAM;\n\n\
        --\n-- Dumping data for table `t`\n--\n\n\
        /*!40000 ALTER TABLE t DISABLE KEYS */;\nLOCK TABLES t WRITE;\n\
        INSERT INTO t VALUES (1,'caf\xe9','2005-01-01 00:00:00'),(2,NULL,'2005-01-01 00:00:00');\n\
        UNLOCK TABLES;\n/*!40000 ALTER TABLE t ENABLE KEYS */;\n\
        -- Dump completed on 2005-01-01  0:00:00\n";
    let (_folder, path) = file("old.sql", old);
    let (ended, report) = migrate_dump(&path, &target, &[]);
    assert_eq!(ended.code, 1, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("t".to_owned(), 2)]);
    assert_eq!(target.sql("SELECT word FROM t WHERE id = 1"), "caf\u{e9}\n");
    // Where the counter stood is not told: it goes on behind the rows.
    let findings = report.0["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == "dump-lacks-options"));
    assert_eq!(target.sql("INSERT INTO t (word) VALUES ('x') RETURNING id"), "3\n");
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(String::from_utf8_lossy(old).encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let (_folder, path) = file("old.sql", &utf16);
    let (ended, _) = migrate_dump(&path, &target, &[]);
    assert!(ended.code == 3 && ended.stderr.contains("--result-file"), "{}", ended.all());
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
    for (from, to) in [(Source::MariaDb, Target::Postgres15), (Source::MySql, Target::Postgres18)] {
        let Some(source) = odd(from) else { return };
        let live = TargetDatabase::create(to, "live").unwrap();
        let (moved, report) = migrate(&source, &live, &[]);
        assert!(moved.code <= 1, "{}", moved.all());
        let wanted = (contents(&live, to), report.proven_rows(), report.warnings());
        // It has no FLOAT, so that the dump is as good as its server.
        let arrives = |text: &[u8], what: &str| {
            let (_folder, path) = file("dump.sql", text);
            let target = TargetDatabase::create(to, "form").unwrap();
            let (ended, report) = migrate_dump(&path, &target, &[]);
            assert!(ended.code <= 1, "{from:?} {what}: {}", ended.all());
            let found = (contents(&target, to), report.proven_rows(), report.warnings());
            assert_eq!(found, wanted, "{from:?} {what}");
        };
        // MariaDB's tool fails where a name needs its quotes.
        let unquoted: &[&[&str]] =
            if from == Source::MySql { &[&["--skip-quote-names"]] } else { &[] };
        for options in FORMS.iter().chain(unquoted) {
            // The tools' own servers run in UTC here.
            arrives(&dumped(&source, options), &format!("{options:?}"));
        }
        // Line ends of another system, and the mark of byte order that its editors write.
        let mut crlf = b"\xef\xbb\xbf".to_vec();
        for byte in dumped(&source, &[]) {
            if byte == b'\n' {
                crlf.push(b'\r');
            }
            crlf.push(byte);
        }
        arrives(&crlf, "with CRLF");
    }
}
