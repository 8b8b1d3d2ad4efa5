//! A directory as the target: what it loads is what a live migration makes, and one that is not
//! whole loads nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{
    PASSWORD, Report, Run, Source, SourceDatabase, Target, TargetDatabase, client, fixtures,
    migrate, migrate_between, nirvana, others_databases, run, setting,
};

/// A directory that vanishes with its test.
pub(crate) struct Directory {
    _home: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Directory {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("it's a directory");
        Self { _home: home, path }
    }

    pub(crate) fn word(&self) -> String {
        format!("{}/", self.path.display())
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path.join(name)).unwrap()
    }

    /// The only file in `data` of which the name has a word.
    pub(crate) fn data(&self, word: &str) -> PathBuf {
        let files = std::fs::read_dir(self.path.join("data")).unwrap();
        let mut files = files.map(|entry| entry.unwrap().path());
        files.find(|path| path.to_string_lossy().contains(word)).unwrap()
    }
}

/// Writes a directory; gives how that ended, and the report.
pub(crate) fn pack(source: &SourceDatabase, directory: &Directory, more: &[&str]) -> (Run, Report) {
    migrate_between(&source.url(), &directory.word(), more)
}

/// A program with the clients on its path, and the password.
pub(crate) fn with_clients(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let clients = setting("NIRVANA_TEST_CLIENTS").unwrap();
    let path = format!("{clients}:{}", std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    command.env("PATH", path).env("PGPASSWORD", PASSWORD);
    command
}

pub(crate) fn load(directory: &Directory, target: &TargetDatabase, more: &[&str]) -> Run {
    let mut command = with_clients(directory.path.join("load.sh"));
    command.args(more).arg(target.url());
    run(command)
}

/// All in one transaction, by psql.
pub(crate) fn load_at_once(directory: &Directory, target: &TargetDatabase) -> Run {
    let mut command = with_clients("psql");
    command.args(["-X", "-d", &target.url(), "-f", "load.sql"]).current_dir(&directory.path);
    run(command)
}

pub(crate) fn verify(directory: &Directory, target: &TargetDatabase) -> Run {
    let mut command = nirvana();
    command.args(["verify", &directory.word(), &target.url()]);
    run(command)
}

/// The whole database as pg_dump tells it, the journal left out; rows in no order.
pub(crate) fn told(target: &TargetDatabase, server: Target) -> Vec<String> {
    let dumped = target.pg_dump(server, &["--exclude-schema=nirvana"]);
    let lines = dumped.lines().map(str::to_owned);
    let mut lines: Vec<String> = lines.filter(|line| !line.contains("restrict ")).collect();
    lines.sort();
    assert!(lines.len() > 20, "{lines:?}");
    lines
}

pub(crate) fn assert_same(live: &[String], loaded: &[String], what: &str) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| those.binary_search(line).is_err()).take(10).cloned().collect()
    };
    let (gone, more) = (only(live, loaded), only(loaded, live));
    assert!(live == loaded, "{what}: only live: {gone:#?}\nonly loaded: {more:#?}");
}

/// Moves a source live and by way of a directory, and compares what stands in the two targets.
fn same_either_way(source: &SourceDatabase, server: Target, more: &[&str]) -> Report {
    let what = format!("{} into {server:?}", source.name);
    let live = TargetDatabase::create(server, "live").unwrap();
    let loaded = TargetDatabase::create(server, "loaded").unwrap();
    let (moved, _) = migrate(source, &live, &[]);
    assert!(moved.code <= 1, "{}", moved.all());
    let directory = Directory::new();
    let version = match server {
        Target::Postgres15 => "15",
        Target::Postgres18 => "18",
    };
    // A live run asks its target for these.
    let asked = "SELECT name FROM pg_available_extensions WHERE name IN ('postgis', 'vector')";
    let extensions = live.sql(asked);
    let named = extensions.lines().flat_map(|name| ["--extension", name]);
    let more: Vec<&str> = more.iter().copied().chain(named).collect();
    let (packed, report) =
        pack(source, &directory, &[["--for-postgres", version].as_slice(), &more].concat());
    assert!(packed.code <= 1, "{what}: {}", packed.all());
    report.proven_rows();
    let by = load(&directory, &loaded, &["--jobs", "4"]);
    assert!(by.code <= 1, "{what}: {}", by.all());
    assert_same(&told(&live, server), &told(&loaded, server), &what);
    if by.code == 0 {
        let verified = verify(&directory, &loaded);
        let quarantined = directory.path.join("quarantined.jsonl").exists();
        assert_eq!(verified.code, i32::from(quarantined), "{what}: {}", verified.all());
    }
    report
}

fn load_all(source: &SourceDatabase, folder: &Path) {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "sql")).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        source.load(&file, true);
    }
}

#[test]
fn databases_of_others_are_the_same_either_way() {
    let Some(folder) = others_databases() else { return };
    for (name, from, into, more) in [
        ("sakila", Source::MariaDb, Target::Postgres15, [].as_slice()),
        ("sakila", Source::MySql, Target::Postgres18, &["--compress", "zstd"]),
        ("northwind_mywind", Source::MariaDb, Target::Postgres18, &["--data-format", "text"]),
        ("pgloader_mytest", Source::MariaDb, Target::Postgres15, &[]),
        ("pgloader_legacy", Source::MariaDb, Target::Postgres18, &["--data-format", "text"]),
        ("ghost_localtests", Source::MariaDb, Target::Postgres15, &["--data-format", "text"]),
        ("ghost_localtests", Source::MySql, Target::Postgres18, &[]),
        ("debezium_inventory", Source::MySql, Target::Postgres18, &[]),
        ("skeema_partition", Source::MariaDb, Target::Postgres15, &[]),
    ] {
        let Some(source) = SourceDatabase::create(from, name) else { return };
        load_all(&source, &folder.join(name));
        same_either_way(&source, into, more);
    }
}

/// All fixtures of types in one database, each with its name before that of its tables.
#[test]
fn every_type_is_the_same_either_way() {
    for (from, into, more) in [
        (Source::MariaDb, Target::Postgres15, [].as_slice()),
        (Source::MySql, Target::Postgres18, &["--data-format", "text", "--compress", "zstd"]),
    ] {
        let Some(source) = SourceDatabase::create(from, "types") else { return };
        let mut tables = 0;
        let files = std::fs::read_dir(fixtures().join("mysql-types")).unwrap();
        let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&file).unwrap();
            let head = text.lines().find_map(|line| line.strip_prefix("-- flavours:"));
            // Views and other objects speak of tables by the names that they have there.
            if head.is_none_or(|head| !head.contains(from.word()))
                || ["views", "not_carried", "names_long"].iter().any(|word| stem.contains(word))
            {
                continue;
            }
            source.load(&file, true);
            let plain = "SELECT concat('RENAME TABLE `', replace(table_name, '`', '``'), '` TO `', \
                 'f_', '{stem}', '_', replace(table_name, '`', '``'), '`;') \
                 FROM information_schema.tables WHERE table_schema = DATABASE() \
                 AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'f\\_%'";
            let renames = source.sql(&plain.replace("{stem}", &stem));
            for rename in renames.lines() {
                tables += usize::from(source.attempt(rename).is_ok());
            }
        }
        assert!(tables > 80, "{tables}");
        same_either_way(&source, into, more);
    }
}

#[test]
fn the_shop_is_loaded_in_one_transaction_and_proven_to_the_row() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "shop") else { return };
    source.load(&fixtures().join("databases/shop.sql"), false);
    let report = same_either_way(&source, Target::Postgres18, &["--chunk-mib", "1"]);
    assert_eq!(report.warnings(), Vec::<String>::new());
    for more in [[].as_slice(), &["--data-format", "text", "--compress", "zstd"]] {
        let target = TargetDatabase::create(Target::Postgres15, "at_once").unwrap();
        let directory = Directory::new();
        let (packed, report) = pack(&source, &directory, more);
        assert_eq!(packed.code, 0, "{}", packed.all());
        assert_eq!(report.0["directory"], "target");
        assert!(packed.stdout.contains("Written and proven"), "{}", packed.all());
        let loaded = load_at_once(&directory, &target);
        assert_eq!(loaded.code, 0, "{}", loaded.all());
        assert_eq!(loaded.stdout, "nirvana: all was loaded, with nothing to report\n");
        let verified = verify(&directory, &target);
        assert_eq!(verified.code, 0, "{}", verified.all());
        assert!(verified.stdout.contains("every row compared and equal"), "{}", verified.all());

        target.sql(
            "UPDATE orders SET note = 'changed' WHERE id = 7;
             DELETE FROM order_items WHERE id = 9;
             DROP INDEX index_orders_on_status",
        );
        let verified = verify(&directory, &target);
        assert_eq!(verified.code, 1, "{}", verified.all());
        for words in ["id = '7'", "'changed'", "id = '9'", "missing", "index_orders_on_status"] {
            assert!(verified.stdout.contains(words), "{words}: {}", verified.all());
        }
        // What is there is not touched, whichever way.
        let again = load(&directory, &target, &[]);
        assert_eq!(again.code, 3, "{}", again.all());
        assert!(again.stderr.contains("the schema public is not empty"), "{}", again.all());
        let again = load_at_once(&directory, &target);
        assert_eq!(again.code, 3, "{}", again.all());
        let rows = "SELECT count(*) FROM orders WHERE note = 'changed'";
        assert_eq!(target.sql(rows), "1\n");
        let mut drop = with_clients(directory.path.join("load.sh"));
        drop.args(["--drop", &target.url()]);
        let dropped = run(drop);
        assert_eq!(dropped.code, 0, "{}", dropped.all());
        assert_eq!(
            target.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
            "0\n"
        );
    }
}

#[test]
fn a_directory_that_is_damaged_or_unfinished_loads_nothing() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "damaged") else { return };
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, word varchar(20));
         INSERT INTO t SELECT seq, concat('word ', seq) FROM seq_1_to_2000;",
    );
    let target = TargetDatabase::create(Target::Postgres15, "damaged").unwrap();
    let directory = Directory::new();
    let (packed, _) = pack(&source, &directory, &[]);
    assert_eq!(packed.code, 0, "{}", packed.all());
    let refused = |what: &str, words: &str| {
        let loads = [load(&directory, &target, &[]), load_at_once(&directory, &target)];
        for loaded in loads {
            assert_eq!(loaded.code, 3, "{what}: {}", loaded.all());
            assert!(loaded.stderr.contains(words), "{what}: {}", loaded.all());
        }
        let there = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        assert_eq!(target.sql(there), "0\n", "{what}");
    };
    let data = directory.data("_t.");
    let whole = std::fs::read(&data).unwrap();
    // At the end of a row: what is left is a COPY that the server would take.
    let row = &whole[19..];
    let length = 2 + 4 + 4 + 4 + "word 1".len();
    assert_eq!(&row[length - 6..length], b"word 1");
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    for (what, bytes) in [("cut", &whole[..19 + length]), ("changed", &changed), ("empty", &[])] {
        std::fs::write(&data, bytes).unwrap();
        refused(what, "this directory is damaged");
        let verified = verify(&directory, &target);
        assert_eq!(verified.code, 1, "{}", verified.all());
    }
    std::fs::remove_file(&data).unwrap();
    refused("gone", "this directory is damaged");
    std::fs::write(&data, &whole).unwrap();
    let manifest = directory.read("manifest.json");
    std::fs::remove_file(directory.path.join("manifest.json")).unwrap();
    refused("without its manifest", "was never finished");
    std::fs::write(directory.path.join("manifest.json"), &manifest).unwrap();

    // Marked, it is taken for unfinished; --resume writes it anew.
    std::fs::write(directory.path.join("UNFINISHED"), "").unwrap();
    refused("marked", "was never finished");
    let verified = verify(&directory, &target);
    assert_eq!(verified.code, 3, "{}", verified.all());
    assert!(verified.stderr.contains("was not finished"), "{}", verified.all());
    let (again, _) = pack(&source, &directory, &[]);
    assert_eq!(again.code, 3, "{}", again.all());
    assert!(again.stderr.contains("--resume takes its place"), "{}", again.all());
    let (again, _) = pack(&source, &directory, &["--resume"]);
    assert_eq!(again.code, 0, "{}", again.all());
    // Finished, or somebody else's, it is left alone.
    let (again, _) = pack(&source, &directory, &["--resume"]);
    assert_eq!(again.code, 3, "{}", again.all());
    assert!(again.stderr.contains("holds a migration already"), "{}", again.all());
    let loaded = load(&directory, &target, &[]);
    assert_eq!(loaded.code, 0, "{}", loaded.all());
    let (again, _) = migrate_between(&source.url(), env!("CARGO_MANIFEST_DIR"), &[]);
    assert_eq!(again.code, 3, "{}", again.all());
    assert!(again.stderr.contains("is not empty"), "{}", again.all());
}

/// What a live run would tell when a server refuses it, the load tells.
#[test]
fn what_rows_forbid_is_told_by_the_load_and_nothing_else_is_lost() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "forbidden") else { return };
    let wide: Vec<String> = (0..1100).map(|at| format!("c{at} bigint DEFAULT 7")).collect();
    source.sql(&format!(
        "SET SESSION sql_mode = '', check_constraint_checks = 0, foreign_key_checks = 0;
         CREATE TABLE parent (id int PRIMARY KEY);
         CREATE TABLE child (id int PRIMARY KEY, parent int,
           CONSTRAINT up FOREIGN KEY (parent) REFERENCES parent (id));
         INSERT INTO child VALUES (1, 5), (2, 6), (3, NULL);
         CREATE TABLE checked (id int PRIMARY KEY, n int, CONSTRAINT positive CHECK (n > 0));
         INSERT INTO checked VALUES (1, 1), (2, -2);
         CREATE TABLE dated (id int PRIMARY KEY, d date NOT NULL);
         INSERT INTO dated VALUES (1, '0000-00-00'), (2, '2020-01-01');
         CREATE TABLE small (id int PRIMARY KEY, word varchar(10), j json);
         INSERT INTO small VALUES (1, 'a', '{{\"a\": 1}}'), (2, 'b\\'\\\\', '{{\"a\": '),
           (3, 'c', NULL);
         CREATE TABLE wide (id int PRIMARY KEY, {}) ENGINE = MyISAM;
         INSERT INTO wide (id) VALUES (1);
         INSERT INTO wide (id, c0) VALUES (2, NULL);",
        wide.join(", "),
    ));
    for (server, version) in [(Target::Postgres15, "15"), (Target::Postgres18, "18")] {
        let live = TargetDatabase::create(server, "live").unwrap();
        let loaded = TargetDatabase::create(server, "loaded").unwrap();
        let (moved, moving) = migrate(&source, &live, &[]);
        assert_eq!(moved.code, 1, "{}", moved.all());
        let directory = Directory::new();
        let (packed, packing) = pack(&source, &directory, &["--for-postgres", version]);
        assert_eq!(packed.code, 1, "{}", packed.all());
        // What only a server can tell is not told yet.
        let mut expected = moving.warnings();
        expected.retain(|finding| !finding.starts_with("orphans") && !finding.contains("positive"));
        assert_eq!(packing.warnings(), expected);
        assert!(expected.contains(&"rows-quarantined wide".to_owned()), "{expected:?}");
        let by = load(&directory, &loaded, &[]);
        assert_eq!(by.code, 1, "{}", by.all());
        for words in [
            "finding: foreign key up of child: 2 rows refer to rows of parent that do not exist, such \
             as (5), (6); it stays NOT VALID",
            "check positive of checked: rows of the source break it, so it stays NOT VALID",
            "2 finding(s)",
        ] {
            assert!(by.stderr.contains(words), "{words}: {}", by.all());
        }
        assert_same(&told(&live, server), &told(&loaded, server), "forbidden");
        let at_once = TargetDatabase::create(server, "at_once").unwrap();
        let by = load_at_once(&directory, &at_once);
        assert_eq!(by.code, 3, "{}", by.all());
        assert!(
            by.stderr.contains("all was loaded and committed, with 2 finding(s)"),
            "{}",
            by.all()
        );
        assert_same(&told(&live, server), &told(&at_once, server), "forbidden, at once");
        let lines = directory.read("quarantined.jsonl");
        let mut lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.sort_by_key(|line| line["table"]["name"].to_string());
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!((&lines[0]["row"]["word"], &lines[0]["column"]), (&"b'\\".into(), &"j".into()));
        assert!(lines[2]["reason"].as_str().unwrap().starts_with("row is too big"), "{lines:?}");
        let altered = directory.read("altered.jsonl");
        assert!(altered.contains("\"column\":\"d\"") && altered.contains("id=1"), "{altered}");
        let verified = verify(&directory, &loaded);
        assert_eq!(verified.code, 1, "{}", verified.all());
        for words in ["rows-quarantined", "catalog-differs", "up"] {
            assert!(verified.stdout.contains(words), "{words}: {}", verified.all());
        }
    }
}

#[test]
fn nasty_names_are_loaded_whichever_way() {
    let Some(source) = SourceDatabase::create(Source::MySql, "nasty") else { return };
    source.sql(
        "CREATE TABLE `a\nb; \\! touch x` (`c\nd` int PRIMARY KEY, `e\"f'\\\\g` varchar(9) DEFAULT '$nirvana$',
           `:ROW_COUNT` int, `$nirvana$` enum('$nirvana$', 'x''\\\\y') NOT NULL,
           KEY `i\n-- j` (`e\"f'\\\\g`), CONSTRAINT `k$nirvana$` CHECK (`c\nd` > 0),
           CONSTRAINT `l'm` FOREIGN KEY (`:ROW_COUNT`) REFERENCES `a\nb; \\! touch x` (`c\nd`))
           COMMENT 'it\\'s\n\\\\! echo';
         INSERT INTO `a\nb; \\! touch x` VALUES (1, 'ü\t\\\\.\n', NULL, 'x''\\\\y'), (2, '\\\\N', 1, '$nirvana$');
         CREATE TABLE `größe $(touch y) 'q'` (`--` int, `SELECT` int, UNIQUE (`--`));
         INSERT INTO `größe $(touch y) 'q'` VALUES (1, 2), (NULL, 3);
         CREATE TABLE `empty` (id int PRIMARY KEY);",
    );
    for more in [[].as_slice(), &["--data-format", "text"]] {
        let report = same_either_way(&source, Target::Postgres18, more);
        assert_eq!(report.proven_rows().len(), 3);
        let directory = Directory::new();
        let (packed, _) = pack(&source, &directory, more);
        assert!(packed.code <= 1, "{}", packed.all());
        let [at_once, live] = ["at_once", "live"]
            .map(|stem| TargetDatabase::create(Target::Postgres15, stem).unwrap());
        let loaded = load_at_once(&directory, &at_once);
        assert_eq!(loaded.code, 0, "{}", loaded.all());
        let (moved, _) = migrate(&source, &live, &[]);
        assert!(moved.code <= 1, "{}", moved.all());
        let server = Target::Postgres15;
        assert_same(&told(&live, server), &told(&at_once, server), "nasty, at once");
        let verified = verify(&directory, &at_once);
        assert_eq!(verified.code, 0, "{}", verified.all());
    }
}

#[test]
fn the_files_are_their_owners_alone_and_have_no_secret() {
    use std::os::unix::fs::PermissionsExt;
    let Some(source) = SourceDatabase::create(Source::MariaDb, "modes") else { return };
    source.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    let directory = Directory::new();
    let with_password =
        source.url().replace("nirvana_admin@", &format!("nirvana_admin:{PASSWORD}@"));
    let (packed, _) = migrate_between(&with_password, &directory.word(), &[]);
    assert_eq!(packed.code, 0, "{}", packed.all());
    let mut folders = vec![directory.path.clone()];
    while let Some(folder) = folders.pop() {
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains(&format!(":{PASSWORD}@")), "{}", path.display());
            let wanted = if path.ends_with("load.sh") { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), wanted, "{}", path.display());
        }
    }
    // A password in the command line would be seen by others.
    let mut command = with_clients(directory.path.join("load.sh"));
    command.arg("postgres://user:hunter2@localhost/x");
    let refused = run(command);
    assert_eq!(refused.code, 2, "{}", refused.all());
    assert!(!refused.all().contains("hunter2"), "{}", refused.all());
}

/// Neither end is a server, and the source's has forgotten the database before anything is written.
#[test]
fn a_dump_goes_into_a_directory_without_any_server() {
    let server = Target::Postgres15;
    let Some(source) = SourceDatabase::create(Source::MariaDb, "dumped") else { return };
    source.load(&fixtures().join("databases/shop.sql"), false);
    let mut dump = client("mariadb-dump");
    dump.args(source.address_options()).arg(&source.name).env("MYSQL_PWD", PASSWORD);
    let dumped = dump.output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    drop(source);
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("shop.sql");
    std::fs::write(&file, dumped.stdout).unwrap();
    let [live, loaded] =
        ["live", "loaded"].map(|stem| TargetDatabase::create(server, stem).unwrap());
    let directory = Directory::new();
    let from = file.to_str().unwrap();
    let more = ["--for-postgres", "15", "--chunk-mib", "1"];
    let (packed, report) = migrate_between(from, &directory.word(), &more);
    assert!(packed.code <= 1, "{}", packed.all());
    assert!(report.proven_rows().len() > 10);
    let by = load(&directory, &loaded, &["--jobs", "3"]);
    assert_eq!(by.code, 0, "{}", by.all());
    let (moved, _) = migrate_between(from, &live.url(), &[]);
    assert_eq!(moved.code, packed.code, "{}", moved.all());
    assert_same(&told(&live, server), &told(&loaded, server), "a dump, by way of a directory");
    let verified = verify(&directory, &loaded);
    assert_eq!(verified.code, 0, "{}", verified.all());
}
