//! Dumps by other tools than the servers' own, and by hand: what arrives is what would have arrived
//! from a server that had loaded them.

use std::path::Path;

use crate::dump::{contents, file, folder, migrate_dump};
use crate::support::{Source, SourceDatabase, Target, TargetDatabase, fixtures, migrate};

/// Counters aside, which not all of these tools tell.
fn but_counters(contents: &str) -> Vec<&str> {
    contents.lines().filter(|line| !line.trim_start().starts_with("START WITH")).collect()
}

fn arrives_as_loaded(path: &Path) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let Some(source) = SourceDatabase::create(Source::MariaDb, "export") else { return };
    source.load(path, false);
    let from_server = TargetDatabase::create(Target::Postgres15, "server").unwrap();
    let from_dump = TargetDatabase::create(Target::Postgres15, "dump").unwrap();
    let (_, server) = migrate(&source, &from_server, &[]);
    let (ended, dump) = migrate_dump(path, &from_dump, &[]);
    assert!(ended.code <= 1, "{name}: {}", ended.all());
    assert_eq!(dump.proven_rows(), server.proven_rows(), "{name}");
    assert_eq!(dump.warnings(), server.warnings(), "{name}");
    let [server, dump] =
        [&from_server, &from_dump].map(|target| contents(target, Target::Postgres15));
    assert_eq!(but_counters(&dump), but_counters(&server), "{name}");
}

#[test]
fn exports_of_other_tools_arrive_as_from_a_server_that_loaded_them() {
    let mut paths: Vec<_> = std::fs::read_dir(fixtures().join("dumps")).unwrap().collect();
    paths.sort_by_key(|entry| entry.as_ref().unwrap().path());
    assert_eq!(paths.len(), 7);
    for entry in paths {
        arrives_as_loaded(&entry.unwrap().path());
    }
}

/// Each table has one value that only a server can make of what stands there.
#[test]
fn values_that_only_a_server_knows_are_refused_with_their_place() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "values") else { return };
    let values = [
        ("variable", "varchar(9)", "@v"),
        ("call", "datetime", "NOW()"),
        ("joined", "varchar(9)", "'a' 'b'"),
        ("member", "enum('b','1','2')", "2"),
        ("word", "double", "'nan'"),
        ("zeros", "varchar(9)", "007"),
        ("power", "varchar(9)", "1e3"),
        ("truth", "varchar(9)", "TRUE"),
        ("other", "varchar(9)", "_swe7 'a'"),
        ("lossy", "varchar(9)", "CONVERT('a' USING latin1)"),
        ("day", "date", "20200101"),
    ];
    let tables = values.iter().map(|(name, kind, value)| {
        format!("CREATE TABLE `{name}` (v {kind});\nINSERT INTO `{name}` VALUES ({value});\n")
    });
    let text = tables.collect::<Vec<_>>().concat();
    let (_folder, path) = file("values.sql", text.as_bytes());
    let (ended, report) = migrate_dump(&path, &target, &[]);
    assert_eq!(ended.code, 4, "{}", ended.all());
    for (name, ..) in values {
        let finding = format!("table-not-copied {name}");
        assert!(report.warnings().contains(&finding), "{name}: {:?}", report.warnings());
    }
    assert!(report.0["findings"].to_string().contains("values.sql, byte "));
}

/// A column that no statement gives a value of is named, before anything is written if need be.
#[test]
fn columns_without_values() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "lacking") else { return };
    let text = "CREATE TABLE `t` (`a` int, `hidden` int DEFAULT 3 INVISIBLE);\n\
                INSERT INTO `t` VALUES (1),(2);\n";
    let (_folder, path) = file("hidden.sql", text.as_bytes());
    let (ended, report) = migrate_dump(&path, &target, &[]);
    assert_eq!(ended.code, 1, "{}", ended.all());
    assert_eq!(report.warnings(), ["dump-lacks-values t.hidden"]);
    assert_eq!(target.sql("SELECT sum(hidden) FROM t"), "6\n");
    let again = TargetDatabase::create(Target::Postgres15, "lacking").unwrap();
    let text = "CREATE TABLE `t` (`a` int, `at` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);\n\
                INSERT INTO `t` (`a`) VALUES (1);\n";
    let (_folder, path) = file("computed.sql", text.as_bytes());
    let (ended, report) = migrate_dump(&path, &again, &[]);
    assert_eq!(ended.code, 3, "{}", ended.all());
    assert_eq!(report.warnings(), ["dump-lacks-values t.at"]);
}

/// What a dump tells of itself that a person may not have meant.
#[test]
fn what_a_dump_was_made_without_is_told() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "told") else { return };
    let table = "CREATE TABLE `t` (`w` varchar(9)) DEFAULT CHARSET=utf8mb4;\n";
    for (before, code) in [
        ("SET NAMES latin1;\n", "dump-letters-lost"),
        ("SET NAMES utf8mb4;\n-- WHERE:  id < 5\n", "dump-partial"),
        ("", "dump-end-untold"),
    ] {
        let text = format!("{before}{table}INSERT INTO `t` VALUES ('a');\n");
        let (_folder, path) = file("told.sql", text.as_bytes());
        let mut command = crate::support::nirvana();
        command.args(["migrate", "--dry-run"]).arg(&path).arg(target.url());
        let ended = crate::support::run(command);
        assert!(ended.all().contains(code), "{code}: {}", ended.all());
    }
}

/// mysqldump --tab names its files in a way of the server, and its tables in their own.
#[test]
fn files_of_tabs_by_their_statements_and_marks() {
    let Some(target) = TargetDatabase::create(Target::Postgres15, "marks") else { return };
    let create = "SET NAMES utf8mb4;\nCREATE TABLE `a b` (`id` int, `w` varchar(9));\n";
    let of = |rows: &[u8]| folder(&[("a@0020b.sql", create.as_bytes()), ("a@0020b.txt", rows)]);
    let (ended, report) = migrate_dump(of(b"1\tx\n2\t\\N\n").path(), &target, &[]);
    assert!(ended.code <= 1, "{}", ended.all());
    assert_eq!(report.proven_rows(), [("a b".to_owned(), 2)]);
    let again = TargetDatabase::create(Target::Postgres15, "marks").unwrap();
    // Neither the server nor its LOAD DATA could read these again.
    for kind in ["bit(16)", "varchar(9) CHARACTER SET gbk", "text CHARACTER SET utf16"] {
        let create = format!("SET NAMES utf8mb4;\nCREATE TABLE `t` (`id` int, `w` {kind});\n");
        let dump = folder(&[("t.sql", create.as_bytes()), ("t.txt", b"1\t\\N\n")]);
        let (ended, report) = migrate_dump(dump.path(), &again, &[]);
        assert_eq!(ended.code, 3, "{kind}: {}", ended.all());
        assert_eq!(report.warnings(), ["table-not-copied t.w"], "{kind}");
    }
    for (rows, what) in [
        (b"1\tx\r\n2\ty\r\n".as_slice(), "--lines-terminated-by"),
        (b"\"1\"\t\"x\"\n", "--fields-enclosed-by"),
        (b"1\tNULL\n", "--fields-escaped-by"),
        (b"1\tx\n2\ty", "ends at byte 7 in the middle"),
    ] {
        let (ended, _) = migrate_dump(of(rows).path(), &again, &[]);
        assert_eq!(ended.code, 3, "{what}: {}", ended.all());
        assert!(ended.all().contains(what), "{what}: {}", ended.all());
    }
}
