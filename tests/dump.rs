//! A dump in place of a server: what arrives is what would have arrived from the server.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::support::{
    Report, Run, Source, SourceDatabase, Target, TargetDatabase, client, fixtures, migrate,
    migrate_between, nirvana, others_databases, run,
};

const PAIRS: [(Source, Target); 2] =
    [(Source::MariaDb, Target::Postgres15), (Source::MySql, Target::Postgres18)];

/// What the source's own tool writes of a database.
pub(crate) fn dumped(source: &SourceDatabase, options: &[&str]) -> Vec<u8> {
    let (program, own): (_, &[&str]) = match source.server {
        Source::MariaDb => ("mariadb-dump", &[]),
        Source::MySql => ("mysqldump", &["--set-gtid-purged=OFF"]),
    };
    let mut command = client(program);
    command.args(source.address_options()).args(own).args(["--routines", "--events"]);
    command.args(options).arg(&source.name).env("MYSQL_PWD", crate::support::PASSWORD);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A folder with one file.
pub(crate) fn file(name: &str, text: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

pub(crate) fn migrate_dump(path: &Path, target: &TargetDatabase, more: &[&str]) -> (Run, Report) {
    migrate_between(path.to_str().unwrap(), &target.url(), more)
}

/// All that PostgreSQL's own tool says of a database, rows in an order of their own.
pub(crate) fn contents(target: &TargetDatabase, server: Target) -> String {
    let text = target.pg_dump(server, &["--schema=public", "--no-owner"]);
    let mut lines: Vec<&str> = Vec::new();
    let mut rows: Option<Vec<&str>> = None;
    for line in text.lines() {
        match &mut rows {
            Some(found) if line == "\\." => {
                found.sort_unstable();
                lines.append(found);
                rows = None;
            }
            Some(found) => found.push(line),
            None if line.starts_with("--") || line.starts_with('\\') => {}
            None => {
                rows = line.starts_with("COPY ").then(Vec::new);
                lines.push(line);
            }
        }
    }
    // A dump does not tell the types of views' columns: SUM has as many digits as there can be.
    lines.join("\n").replace("numeric(65,", "numeric(27,")
}

fn arrives_as_from_its_server(source: &SourceDatabase, to: Target, options: &[&str]) {
    let what = format!("{:?} {options:?}", source.server);
    let (_folder, path) = file("dump.sql", &dumped(source, options));
    as_from_its_server(source, to, (&path, &what));
}

/// Loads a dump into its own server again, and moves both the server's database and the dump.
pub(crate) fn as_from_its_server(source: &SourceDatabase, to: Target, (path, what): (&Path, &str)) {
    // A dump has FLOATs with six digits, and so has a database that was loaded from one; from the
    // plainest, as MySQL does not load its own JSON under the charset binary.
    let again = SourceDatabase::create(source.server, "again").unwrap();
    let (plain, plain_path) = file("plain.sql", &dumped(source, &[]));
    again.load(&plain_path, false);
    drop(plain);
    let from_server = TargetDatabase::create(to, "server").unwrap();
    let from_dump = TargetDatabase::create(to, "dump").unwrap();
    let (server_run, server) = migrate(&again, &from_server, &[]);
    let (dump_run, dump) = migrate_dump(path, &from_dump, &[]);
    assert!(server_run.code <= 1 && dump_run.code <= 1, "{what}: {}", dump_run.all());
    assert_eq!(server.proven_rows(), dump.proven_rows(), "{what}");
    // A dump's tables have one instant, whatever their engine.
    let mut warnings = server.warnings();
    warnings.retain(|warning| !warning.starts_with("engine-without-snapshot"));
    // Nor has it values of generated columns: whether a key of them compares otherwise is not asked.
    let mut warned = dump.warnings();
    warned.retain(|warning| warning != "collation-lost g_generated_columns_unique.PRIMARY");
    assert_eq!(warnings, warned, "{what}");
    assert_eq!(contents(&from_server, to), contents(&from_dump, to), "{what}");
}

const OPTIONS: [&[&str]; 4] = [
    &[],
    &["--hex-blob", "--complete-insert"],
    &["--skip-extended-insert", "--no-tablespaces"],
    &["--default-character-set=binary", "--skip-comments"],
];

#[test]
fn the_shop_arrives_as_from_its_server() {
    for ((from, to), options) in PAIRS.into_iter().zip([&OPTIONS[..2], &OPTIONS[2..]]) {
        let Some(source) = SourceDatabase::create(from, "shop") else { return };
        source.load(&fixtures().join("databases/shop.sql"), false);
        for options in options {
            arrives_as_from_its_server(&source, to, options);
        }
    }
}

/// Databases that others wrote, in alphabetical order.
const OTHERS: [&str; 8] = [
    "chinook",
    "debezium_inventory",
    "ghost_localtests",
    "northwind_mywind",
    "pgloader_legacy",
    "pgloader_mytest",
    "sakila",
    "skeema_partition",
];

#[test]
fn others_databases_arrive_as_from_their_server() {
    let Some(folder) = others_databases() else { return };
    for (turn, (from, to)) in PAIRS.into_iter().enumerate() {
        for (number, name) in OTHERS.into_iter().enumerate() {
            let Some(source) = SourceDatabase::create(from, name) else { return };
            let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join(name))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
                .collect();
            files.sort();
            for file in files {
                source.load(&file, true);
            }
            // Each with other options, and other ones from the other server.
            arrives_as_from_its_server(&source, to, OPTIONS[(number + turn) % OPTIONS.len()]);
        }
    }
}

/// The fixtures whose values or definitions a dump writes in a way of its own.
const TYPES: &str = "\
    binary bit bit1 blob boolean char charset_cp932 charset_gbk charset_latin1 \
    charset_per_column charset_utf16 checks date decimal defaults_binary \
    defaults_expressions defaults_text double enum enum_error_value geometry \
    geometry_srid_mysql inet6 invisible_columns json json_mysql keys_functional \
    names partitions_list sequences set time_beyond timestamp uuid vector views \
    zero_dates";

/// Moved from the server, and compared with what its tool says of it: rows and catalog.
#[test]
fn each_type_is_in_a_dump_what_it_is_on_the_server() {
    for (from, to) in PAIRS {
        for name in TYPES.split_whitespace() {
            let path = fixtures().join(format!("mysql-types/{name}.sql"));
            let text = std::fs::read_to_string(&path).unwrap();
            let flavours = text.lines().find_map(|line| line.strip_prefix("-- flavours:")).unwrap();
            if !flavours.split_whitespace().any(|word| word == from.word()) {
                continue;
            }
            let Some(source) = SourceDatabase::create(from, "type") else { return };
            let Some(target) = TargetDatabase::create(to, "type") else { return };
            source.load(&path, false);
            let (moved, _) = migrate(&source, &target, &[]);
            let (_folder, path) = file("dump.sql", &dumped(&source, &[]));
            let (verified, report) = verify(&path, &target);
            assert!(verified.code <= 1, "{name}: {}{}", moved.all(), verified.all());
            assert_eq!(report.unproven(), Vec::<String>::new(), "{name}: {}", verified.all());
            let differs = |finding: &String| {
                finding.starts_with("catalog-differs") || finding.starts_with("rows-differ")
            };
            let differing: Vec<String> = report.warnings().into_iter().filter(differs).collect();
            assert_eq!(differing, Vec::<String>::new(), "{from:?} {name}: {}", verified.all());
        }
    }
}

pub(crate) fn verify(path: &Path, target: &TargetDatabase) -> (Run, Report) {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let mut command = nirvana();
    command.arg("verify").arg("--report").arg(&report).arg(path).arg(target.url());
    let run = run(command);
    let text = std::fs::read_to_string(&report).unwrap_or_else(|_| panic!("{}", run.all()));
    (run, Report(serde_json::from_str(&text).unwrap()))
}

/// What a tool may write, and a person may have changed.
const WRITTEN: &str = r"/*M!999999\- enable the sandbox mode */
-- MySQL dump 10.13  Distrib 5.5.62, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: old
-- ------------------------------------------------------
-- Server version	5.5.62-0ubuntu0.14.04.1
/*!40101 SET NAMES latin1 */;
/*!40103 SET TIME_ZONE='+02:00' */;
DROP TABLE IF EXISTS `t`;
CREATE TABLE `t` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `word` varchar(40) DEFAULT 'it''s',
  `at` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `price` decimal(8,2) DEFAULT '1.50',
  `raw` varbinary(20) DEFAULT NULL,
  `bits` bit(10) DEFAULT b'101',
  `twice` decimal(9,2) GENERATED ALWAYS AS (`price` * 2) STORED,
  PRIMARY KEY (`id`) /* the key */
) ENGINE=MyISAM AUTO_INCREMENT=9 DEFAULT CHARSET=latin1;
LOCK TABLES `t` WRITE;
INSERT  IGNORE INTO `t` (`id`,`word`,`at`,`price`,`raw`,`bits`) VALUES (1,'caf";

const WRITTEN_REST: &str = r#"','2020-01-01 01:00:00',3,'a\0\'\\\n',b'11'),
(2,"say ""it""",'2020-07-01 12:00:00.000000',-0.5,0x00FF,3) , (3,NULL,'2020-07-01 12:00:00',NULL,_binary 'x', 0x3ff);
-- a comment; with a ' in it
INSERT INTO `t` (`id`) VALUES
(4);
DELIMITER ;;
CREATE TRIGGER `tr` BEFORE INSERT ON `t` FOR EACH ROW BEGIN SET NEW.word = ';'; END ;;
DELIMITER ;
SET SQL_MODE='NO_BACKSLASH_ESCAPES';
INSERT INTO `t` (`id`, `word`, `at`, `raw`, `bits`) VALUES (5,'C:\dir\','2020-01-01 00:00:00','\0''',1);
UNLOCK TABLES;
-- Dump completed on 2026-01-01
"#;

fn written() -> Vec<u8> {
    [WRITTEN.as_bytes(), b"\xe9 \x80", WRITTEN_REST.as_bytes()].concat()
}

/// What the rows of `written` must be.
const ROWS: &str = "1|caf\u{e9} \u{20ac}|2019-12-31 23:00:00+00|3.00|\\x6100275c0a|0000000011|6.00
2|say \"it\"|2020-07-01 10:00:00+00|-0.50|\\x00ff|0000000011|-1.00
3|NULL|2020-07-01 10:00:00+00|NULL|\\x78|1111111111|NULL
5|C:\\dir\\|2019-12-31 22:00:00+00|1.50|\\x5c3027|0000000001|3.00
";

fn rows(target: &TargetDatabase) -> String {
    target.sql(
        "SELECT concat_ws('|', id, coalesce(word, 'NULL'), at, coalesce(price::text, 'NULL'), \
         raw, bits, coalesce(twice::text, 'NULL')) FROM t ORDER BY id",
    )
}

#[test]
fn every_way_to_write_a_value_is_read_as_the_server_would() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "written") else { return };
    // What is left out and has no plain default cannot be known without the server.
    let (_folder, path) = file("old.sql", &written());
    let (ended, report) = migrate_dump(&path, &target, &[]);
    assert_eq!(ended.code, 3, "{}", ended.all());
    assert!(report.warnings().contains(&"dump-lacks-values t.at".to_owned()), "{}", ended.all());
    // The dump is mended, and the run begins.
    let text = String::from_utf8_lossy(&written()).into_owned();
    assert!(text.contains("INSERT INTO `t` (`id`) VALUES\n(4);"));
    let whole = written();
    let cut = b"INSERT INTO `t` (`id`) VALUES\n(4);";
    let at = whole.windows(cut.len()).position(|part| part == cut).unwrap();
    let mended = [&whole[..at], &whole[at + cut.len()..]].concat();
    std::fs::write(&path, mended).unwrap();
    let (ended, report) = migrate_dump(&path, &target, &[]);
    assert_eq!(ended.code, 1, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("t".to_owned(), 4)]);
    assert!(report.warnings().contains(&"not-carried t.tr".to_owned()), "{:?}", report.warnings());
    assert_eq!(rows(&target), ROWS);
    let next = target.sql("INSERT INTO t (word) VALUES ('x') RETURNING id, price, bits");
    assert_eq!(next, "9\t1.50\t0000000101\n");
}

/// A dump that is compressed, or arrives on standard input, is the same dump.
#[test]
fn compressed_and_piped() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "packed") else { return };
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, word varchar(20));
         INSERT INTO t SELECT seq, concat('word ', seq) FROM seq_1_to_5000",
    );
    let text = dumped(&source, &["--net-buffer-length=4096"]);
    let gzip = || {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        // Two streams, one behind the other.
        out.write_all(&text[..1000]).unwrap();
        let mut first = out.finish().unwrap();
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(&text[1000..]).unwrap();
        first.extend(out.finish().unwrap());
        first
    };
    let bzip2 = || {
        let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        out.write_all(&text).unwrap();
        out.finish().unwrap()
    };
    let xz = || {
        let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
        out.write_all(&text).unwrap();
        out.finish().unwrap()
    };
    let zstd = || zstd::stream::encode_all(text.as_slice(), 1).unwrap();
    let forms = [
        ("a.sql", text.clone()),
        ("a.gz", gzip()),
        ("a.zst", zstd()),
        ("a.bz2", bzip2()),
        ("a.sql.xz", xz()),
    ];
    let mut digests = Vec::new();
    for (name, bytes) in forms {
        let target = TargetDatabase::create(Target::Postgres15, "packed").unwrap();
        let (_folder, path) = file(name, &bytes);
        let (ended, report) = migrate_dump(&path, &target, &["--chunk-mib", "1"]);
        assert_eq!(ended.code, 0, "{name}: {}", ended.all());
        assert_eq!(report.proven_rows(), [("t".to_owned(), 5000)], "{name}");
        digests.push(report.0["tables"][0]["source_digest"].clone());
    }
    let target = TargetDatabase::create(Target::Postgres15, "piped").unwrap();
    let (_folder, path) = file("a.gz", &gzip());
    let mut command = nirvana();
    command.args(["migrate", "-", &target.url()]).stdin(std::fs::File::open(path).unwrap());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(target.sql("SELECT count(*) FROM t"), "5000\n");
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

/// The files of a folder, which is kept as long as it is looked at.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

pub(crate) const ITEMS: &str = "CREATE TABLE `items` (\n  `id` int NOT NULL,\n  `word` varchar(20) DEFAULT NULL,\n  \
    `raw` blob,\n  `doc` json DEFAULT NULL,\n  `at` timestamp NULL DEFAULT NULL,\n  \
    PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=latin1;\n";

pub(crate) const ITEMS_ARE: &str = "1|a\tb|\\x00ff|{\"a\": 1}|2020-01-01 00:00:00+00
2|\u{e9}|NULL|NULL|NULL
3|NULL|\\x|NULL|NULL
";

pub(crate) fn items(target: &TargetDatabase) -> String {
    target.sql(
        "SELECT concat_ws('|', id, coalesce(word, 'NULL'), coalesce(raw::text, 'NULL'), \
         coalesce(doc::text, 'NULL'), coalesce(at::text, 'NULL')) FROM items ORDER BY id",
    )
}

#[test]
fn a_folder_of_mydumper() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "mydumper") else { return };
    let head = "/*!40101 SET NAMES binary*/;\n/*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n\
                /*!40103 SET TIME_ZONE='+00:00' */;\n";
    let schema = format!("{head}{ITEMS}");
    let first = format!(
        "{head}INSERT INTO `items` VALUES(1,\"a\\tb\",\"\\0\u{1}\",CONVERT(\"{{\\\"a\\\": 1}}\" USING \
         UTF8MB4),\"2020-01-01 00:00:00\")\n;\n"
    );
    // Bytes of the column's own charset.
    let first: Vec<u8> = first.bytes().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
    let rest = [
        head.as_bytes(),
        b"INSERT INTO `items` VALUES(2,\"\xe9\",NULL,NULL,NULL)\n,(3,NULL,\"\",NULL,NULL);\n",
    ];
    let rest = zstd::stream::encode_all(rest.concat().as_slice(), 1).unwrap();
    let view = "CREATE TABLE `v`(\n`id` int\n)ENGINE=MyISAM;\n";
    let query = "DROP TABLE IF EXISTS `v`;\nDROP VIEW IF EXISTS `v`;\n\
                 CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW `v` AS \
                 select `items`.`id` AS `id` from `items`;\n";
    let create = "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET latin1 */;\n";
    let folder = folder(&[
        (
            "metadata",
            b"Started dump at: 2026-01-01\nSHOW MASTER STATUS:\n\tLog: bin.000001\n\tPos: 157\n\n\
              Finished dump at: 2026-01-01\n",
        ),
        ("shop-schema-create.sql", create.as_bytes()),
        ("shop.items-schema.sql", schema.as_bytes()),
        ("shop.items.00000.sql", &first),
        ("shop.items.00001.sql.zst", &rest),
        ("shop.v-schema.sql", view.as_bytes()),
        ("shop.v-schema-view.sql", query.as_bytes()),
    ]);
    let (ended, report) = migrate_dump(folder.path(), &target, &[]);
    assert_eq!(ended.code, 0, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("items".to_owned(), 3)]);
    assert_eq!(report.0["snapshot"]["position"], "bin.000001:157");
    assert_eq!(items(&target), ITEMS_ARE);
    assert_eq!(target.sql("SELECT sum(id) FROM v"), "6\n");
}

#[test]
fn a_folder_of_mysql_shell() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "shell") else { return };
    let described = r#"{"options": {"schema": "shop", "table": "items", "columns": ["id", "word", "raw",
        "doc", "at"], "decodeColumns": {"raw": "FROM_BASE64"}, "defaultCharacterSet": "utf8mb4",
        "fieldsTerminatedBy": "\t", "fieldsEnclosedBy": "", "fieldsEscapedBy": "\\",
        "linesTerminatedBy": "\n"}, "extension": "tsv.zst", "chunking": true}"#;
    let first = "1\ta\\tb\tAP8=\t{\"a\": 1}\t2020-01-01 00:00:00\n";
    let rest = "2\t\u{e9}\t\\N\t\\N\t\\N\n3\t\\N\t\t\\N\t\\N\n";
    let packed = |text: &str| zstd::stream::encode_all(text.as_bytes(), 1).unwrap();
    let folder = folder(&[
        (
            "@.json",
            br#"{"dumper": "mysqlsh", "version": "2.0.1", "schemas": ["shop"], "tzUtc": true,
            "basenames": {"shop": "shop"}, "serverVersion": "8.4.3", "gtidExecuted": "a:1-5"}"#,
        ),
        ("@.done.json", b"{}"),
        (
            "shop.json",
            br#"{"schema": "shop", "tables": ["items"], "views": [],
            "basenames": {"items": "shop@items"}}"#,
        ),
        ("shop.sql", b"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop`;\n"),
        ("shop@items.sql", ITEMS.as_bytes()),
        ("shop@items.json", described.as_bytes()),
        ("shop@items@0.tsv.zst", &packed(first)),
        ("shop@items@@1.tsv.zst", &packed(rest)),
        ("shop@items@@1.tsv.zst.idx", b"\0\0"),
    ]);
    let (ended, report) = migrate_dump(folder.path(), &target, &[]);
    assert_eq!(ended.code, 0, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("items".to_owned(), 3)]);
    assert_eq!(items(&target), ITEMS_ARE);
    // Without its last file the tool has not come to its end.
    std::fs::remove_file(folder.path().join("@.done.json")).unwrap();
    let (ended, _) = migrate_dump(folder.path(), &target, &["--resume"]);
    assert_eq!(ended.code, 0, "{}", ended.all());
    let again = TargetDatabase::create(Target::Postgres15, "shell").unwrap();
    let (ended, report) = migrate_dump(folder.path(), &again, &[]);
    assert_eq!(ended.code, 3, "{}", ended.all());
    assert!(report.0["findings"].to_string().contains("dump-cut-off"));
}

#[test]
fn a_folder_of_tabs() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "tabs") else { return };
    let schema =
        format!("/*!40101 SET NAMES utf8 */;\n/*!40103 SET TIME_ZONE='+00:00' */;\n{ITEMS}");
    let mut text = b"1\ta\\\tb\t\\0\xff\t{\"a\": 1}\t2020-01-01 00:00:00\n2\t\xe9".to_vec();
    text.extend_from_slice(b"\t\\N\t\\N\t\\N\n3\t\\N\t\t\\N\t\\N\n");
    let folder = folder(&[("items.sql", schema.as_bytes()), ("items.txt", &text)]);
    let (ended, report) = migrate_dump(folder.path(), &target, &[]);
    assert_eq!(ended.code, 0, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("items".to_owned(), 3)]);
    assert_eq!(items(&target), ITEMS_ARE);
    let verified = verify(folder.path(), &target);
    assert_eq!(verified.0.code, 0, "{}", verified.0.all());
    target.sql("UPDATE items SET word = 'other' WHERE id = 2");
    let verified = verify(folder.path(), &target);
    assert_eq!(verified.0.code, 1, "{}", verified.0.all());
    assert_eq!(verified.1.0["differing"][0]["changed"], 1);
}

#[test]
fn of_several_databases_one_is_chosen() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "several") else { return };
    let text = "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `a`;\nUSE `a`;\n\
        CREATE TABLE `t` (`id` int NOT NULL, PRIMARY KEY (`id`));\nINSERT INTO `t` VALUES (1);\n\
        CREATE DATABASE `b`;\nUSE `b`;\n\
        CREATE TABLE `t` (`id` int NOT NULL, PRIMARY KEY (`id`));\nINSERT INTO `t` VALUES (2),(3);\n";
    let (_folder, path) = file("all.sql", text.as_bytes());
    let (ended, _) = migrate_dump(&path, &target, &[]);
    assert_eq!(ended.code, 3, "{}", ended.all());
    assert!(ended.stderr.contains("2 databases: a, b"), "{}", ended.all());
    let (ended, _) = migrate_dump(&path, &target, &["--database", "c"]);
    assert!(ended.code == 3 && ended.stderr.contains("no database c"), "{}", ended.all());
    let (ended, report) = migrate_dump(&path, &target, &["--database", "b"]);
    assert_eq!(ended.code, 0, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("t".to_owned(), 2)]);
}

#[test]
fn a_dump_that_is_not_whole_is_refused_with_its_place() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "cut") else { return };
    let whole = written();
    for (cut, place) in [(1100, "byte 1100"), (whole.len() - 32, "Dump completed")] {
        let (_folder, path) = file("cut.sql", &whole[..cut]);
        let (ended, report) = migrate_dump(&path, &target, &[]);
        assert_eq!(ended.code, 3, "{}", ended.all());
        let findings = report.0["findings"].to_string();
        assert!(findings.contains("dump-cut-off") && findings.contains(place), "{findings}");
        assert_eq!(target.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0\n");
    }
    let (_folder, path) = file("empty.sql", b"-- nothing\n");
    let (ended, _) = migrate_dump(&path, &target, &[]);
    assert!(ended.code == 3 && ended.stderr.contains("is no dump"), "{}", ended.all());
    let (ended, _) = migrate_between("/no/such/file.sql", &target.url(), &[]);
    assert!(ended.code == 3 && ended.stderr.contains("cannot be read"), "{}", ended.all());
}
