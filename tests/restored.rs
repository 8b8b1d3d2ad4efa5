//! A directory for `pg_restore`: what that makes of it, whichever way, is what a live migration makes.

use std::path::Path;
use std::process::Command;

use crate::directory::{Directory, assert_same, load, pack, told, verify};
use crate::support::{
    PASSWORD, Run, Source, SourceDatabase, Target, TargetDatabase, client, migrate,
    migrate_between, nirvana, run, setting,
};

/// A program that the target's server came with.
fn of_server(name: &str, server: Target) -> Command {
    let variable = match server {
        Target::Postgres15 => "NIRVANA_TEST_POSTGRES15_BIN",
        Target::Postgres18 => "NIRVANA_TEST_POSTGRES18_BIN",
    };
    let mut command = Command::new(Path::new(&setting(variable).unwrap()).join(name));
    command.env("PGPASSWORD", PASSWORD);
    command
}

struct Restore<'a> {
    directory: &'a Directory,
    server: Target,
}

impl Restore<'_> {
    fn run(&self, more: &[&str]) -> Run {
        let mut command = of_server("pg_restore", self.server);
        command.args(more).arg(&self.directory.path);
        run(command)
    }

    fn fill(&self, target: &TargetDatabase, more: &[&str]) -> Run {
        self.run(&[["-d", &target.url()].as_slice(), more].concat())
    }

    /// The list of `-l`, without numbers: what is of which kind, and is called how.
    fn list(&self) -> Vec<String> {
        let listed = self.run(&["-l"]);
        assert_eq!((listed.code, listed.stderr.as_str()), (0, ""), "{}", listed.all());
        let lines = listed.stdout.lines().filter(|line| !line.starts_with(';'));
        lines.filter_map(|line| line.split_once(" 0 0 ")).map(|(_, what)| what.to_owned()).collect()
    }
}

/// Something of all that a directory may have, with names and values that are hard to write.
const NASTY: &str = "
    CREATE TABLE big (id bigint AUTO_INCREMENT PRIMARY KEY, t text, u timestamp NOT NULL
        DEFAULT current_timestamp ON UPDATE current_timestamp, kind enum('a', 'b\\'\\\\') NOT NULL,
      twice int AS (length(t) * 2) STORED, KEY by_time (u) COMMENT 'an index', UNIQUE (u, id))
      COMMENT 'it\\'s\n\\\\! echo big';
    INSERT INTO big (t, u, kind) WITH RECURSIVE n (i) AS
        (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
      SELECT concat('\\\\.\n\t', repeat(i, 900)), '2021-02-03', i % 2 + 1 FROM n;
    INSERT INTO big (t, u, kind) VALUES ('\\\\.', '2021-02-03', 1), ('', '2021-02-03', 1);
    CREATE TABLE `a\nb; \\\\! touch x` (`c\nd` int PRIMARY KEY, `$nirvana$` varchar(9), big bigint NOT NULL,
      CONSTRAINT `k\"$` CHECK (`c\nd` > 0), CONSTRAINT `l'm` FOREIGN KEY (big) REFERENCES big (id) ON
      DELETE CASCADE);
    INSERT INTO `a\nb; \\\\! touch x` VALUES (1, NULL, 1), (2, '\\\\N', 1);
    CREATE TABLE parted (id int AUTO_INCREMENT, y int, PRIMARY KEY (id, y), UNIQUE both_ (y, id), KEY (y))
      PARTITION BY RANGE (y) (PARTITION low VALUES LESS THAN (100), PARTITION high VALUES LESS THAN MAXVALUE);
    INSERT INTO parted (y) VALUES (1), (99), (100), (5000);
    CREATE TABLE `empty` (id int AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 77;
    CREATE VIEW z AS SELECT b.id, b.t, count(*) n FROM big b JOIN `a\nb; \\\\! touch x` c ON c.big = b.id
      GROUP BY b.id;
    CREATE VIEW a AS SELECT id, n FROM z;
    ANALYZE TABLE big;";

fn nasty(server: Source) -> Option<SourceDatabase> {
    let source = SourceDatabase::create(server, "restored")?;
    source.sql(NASTY);
    if server == Source::MariaDb {
        source.sql("CREATE SEQUENCE s START WITH 5 INCREMENT BY 3; SELECT nextval(s), nextval(s);");
    }
    Some(source)
}

#[test]
fn pg_restore_makes_what_a_live_run_makes() {
    for (from, server, version, more) in [
        (Source::MariaDb, Target::Postgres15, "15", ["--compress", "gzip"].as_slice()),
        (Source::MySql, Target::Postgres18, "18", &["--chunk-mib", "1"]),
    ] {
        let Some(source) = nasty(from) else { return };
        let [live, restored] =
            ["live", "restored"].map(|stem| TargetDatabase::create(server, stem).unwrap());
        let (moved, _) = migrate(&source, &live, &[]);
        assert!(moved.code <= 1, "{}", moved.all());
        let live = told(&live, server);
        let directory = Directory::new();
        let options = [["--for-pg-restore", "--for-postgres", version].as_slice(), more].concat();
        let (packed, report) = pack(&source, &directory, &options);
        assert_eq!(packed.code, moved.code, "{}", packed.all());
        assert_eq!(report.proven_rows().len(), 4);
        let restore = Restore { directory: &directory, server };
        let same = |ran: Run, what: &str| {
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{what}: {}", ran.all());
            assert_same(&live, &told(&restored, server), what);
        };
        same(restore.fill(&restored, &["-j", "4"]), "new");
        // Its proof is that of every directory.
        assert_eq!(verify(&directory, &restored).code, 0);
        for (near, far) in [(source.url(), restored.url()), (source.url(), directory.word())] {
            let mut command = nirvana();
            command.args(["verify", &near, &far]);
            let verified = run(command);
            assert_eq!(verified.code, 0, "{}", verified.all());
        }
        same(restore.fill(&restored, &["-j", "4", "--clean", "--if-exists"]), "clean");
        same(restore.fill(&restored, &["-1", "--clean", "--no-owner"]), "one transaction");
        let empty = TargetDatabase::create(server, "empty").unwrap();
        for section in ["pre-data", "data", "post-data"] {
            let ran = restore.fill(&empty, &["-j", "3", "--section", section]);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{section}: {}", ran.all());
        }
        assert_same(&live, &told(&empty, server), "by sections");
        // Our own ways stay.
        let own = TargetDatabase::create(server, "own").unwrap();
        let loaded = load(&directory, &own, &["--jobs", "2"]);
        assert_eq!(loaded.code, 0, "{}", loaded.all());
        assert_same(&live, &told(&own, server), "load.sh");
    }
}

/// Some of it, and as a script.
#[test]
fn a_part_and_a_script_of_it() {
    let Some(source) = nasty(Source::MariaDb) else { return };
    let server = Target::Postgres18;
    let directory = Directory::new();
    let options = ["--for-pg-restore", "--for-postgres", "18", "--chunk-mib", "1"];
    let (packed, _) = pack(&source, &directory, &options);
    assert!(packed.code <= 1, "{}", packed.all());
    let restore = Restore { directory: &directory, server };
    let list = restore.list();
    let files = list.iter().filter(|what| *what == "TABLE DATA public big ").count();
    assert!(files > 1, "{list:#?}");
    let kinds = [
        "TYPE public big_kind ",
        "FUNCTION public touch_u() ",
        "SEQUENCE public s ",
        "TABLE public big ",
        "COMMENT public TABLE big ",
        "SEQUENCE SET public big ",
        "SEQUENCE SET public s ",
        "INDEX public by_time ",
        "COMMENT public INDEX by_time ",
        "CONSTRAINT public parted parted_pkey ",
        "CHECK CONSTRAINT public a b; \\\\! touch x k\"$ ",
        "FK CONSTRAINT public a b; \\\\! touch x l'm (validated) ",
        "TRIGGER public big touch_u ",
        "VIEW public z ",
        "VIEW public a ",
    ];
    let places = kinds.map(|kind| list.iter().position(|what| what == kind));
    assert!(places.is_sorted() && places[0].is_some(), "{places:?} of {list:#?}");

    // A table with its rows and its counter.
    let target = TargetDatabase::create(server, "part").unwrap();
    let ran = restore.fill(&target, &["--strict-names", "-t", "parted"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.all());
    let added = "INSERT INTO parted (y) VALUES (3); SELECT count(*), max(id) FROM parted";
    assert_eq!(target.sql(added), "5\t5\n");
    assert_eq!(target.sql("SELECT to_regclass('big') IS NULL"), "t\n");

    // --create makes a database of the source's name.
    let ran = restore.run(&["--create", "--schema-only", "-f", "-"]);
    let words = format!("CREATE DATABASE \"{}\" WITH TEMPLATE = template0", source.name);
    assert!(ran.code == 0 && ran.stdout.contains(&words), "{}", ran.all());

    // Text is text: psql takes what pg_restore writes, lines like its own end of data, too.
    let [live, scripted] =
        ["live", "scripted"].map(|stem| TargetDatabase::create(server, stem).unwrap());
    let script = directory.path.with_extension("script");
    let ran = restore.run(&["-f", script.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let mut command = of_server("psql", server);
    command.args(["-X", "-v", "ON_ERROR_STOP=1", "-d", &scripted.url(), "-f"]).arg(&script);
    let ran = run(command);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.all());
    let (moved, _) = migrate(&source, &live, &[]);
    assert!(moved.code <= 1, "{}", moved.all());
    assert_same(&told(&live, server), &told(&scripted, server), "script");
}

/// A constraint that rows break is told by `pg_restore`, and stays for the rows to come.
#[test]
fn what_rows_forbid_is_told_and_stays_not_valid() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "broken") else { return };
    source.sql(
        "SET SESSION check_constraint_checks = 0, foreign_key_checks = 0;
         CREATE TABLE parent (id int PRIMARY KEY);
         CREATE TABLE child (id int PRIMARY KEY, parent int, n int,
           CONSTRAINT up FOREIGN KEY (parent) REFERENCES parent (id),
           CONSTRAINT positive CHECK (n > 0));
         INSERT INTO child VALUES (1, 5, 1), (2, NULL, -2);",
    );
    let server = Target::Postgres15;
    let [live, restored] =
        ["live", "restored"].map(|stem| TargetDatabase::create(server, stem).unwrap());
    let directory = Directory::new();
    let (packed, _) = pack(&source, &directory, &["--for-pg-restore", "--for-postgres", "15"]);
    assert_eq!(packed.code, 0, "{}", packed.all());
    let ran = Restore { directory: &directory, server }.fill(&restored, &["-j", "2"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    for words in ["VALIDATE CONSTRAINT \"up\"", "VALIDATE CONSTRAINT \"positive\"", "(parent)=(5)"]
    {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.all());
    }
    let (moved, _) = migrate(&source, &live, &[]);
    assert_eq!(moved.code, 1, "{}", moved.all());
    assert_same(&told(&live, server), &told(&restored, server), "broken");
    let verified = verify(&directory, &restored);
    assert_eq!(verified.code, 1, "{}", verified.all());
}

/// Schemas are made and taken away; keys lead across them. Neither end is a server.
#[test]
fn two_databases_of_a_dump() {
    let Some(shop) = SourceDatabase::create(Source::MariaDb, "shop") else { return };
    let blog = SourceDatabase::create(Source::MariaDb, "blog").unwrap();
    shop.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    blog.sql(&format!(
        "CREATE TABLE t (id int PRIMARY KEY, far int, FOREIGN KEY (far) REFERENCES `{}`.t (id));
         INSERT INTO t VALUES (1, 2)",
        shop.name
    ));
    let mut dump = client("mariadb-dump");
    dump.args(shop.address_options()).args(["--databases", &shop.name, &blog.name]);
    let dumped = dump.env("MYSQL_PWD", PASSWORD).output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("both.sql");
    std::fs::write(&file, dumped.stdout).unwrap();
    let config = home.path().join("nirvana.toml");
    let settings =
        format!("[migrate.databases]\n{} = \"the shop\"\n{} = \"blog\"\n", shop.name, blog.name);
    std::fs::write(&config, settings).unwrap();
    drop(blog);
    drop(shop);
    let directory = Directory::new();
    let from = file.to_str().unwrap();
    let options = ["--config", config.to_str().unwrap(), "--for-pg-restore"];
    let (packed, _) = migrate_between(from, &directory.word(), &options);
    assert_eq!(packed.code, 0, "{}", packed.all());
    let server = Target::Postgres18;
    let target = TargetDatabase::create(server, "both").unwrap();
    let restore = Restore { directory: &directory, server };
    for more in [["-j", "2"].as_slice(), &["--clean"], &["--clean", "--if-exists", "-j", "2", "-O"]]
    {
        let ran = restore.fill(&target, more);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{more:?}: {}", ran.all());
        let verified = verify(&directory, &target);
        assert_eq!(verified.code, 0, "{}", verified.all());
    }
}

#[test]
fn what_pg_restore_cannot_read_is_refused() {
    for (option, word, why) in [
        ("--compress", "zstd", "--compress gzip is read by all"),
        ("--data-format", "binary", "pg_restore takes rows as text"),
    ] {
        let directory = Directory::new();
        let mut command = nirvana();
        command.args(["migrate", "--for-pg-restore", option, word, "mysql://localhost/shop"]);
        command.arg(directory.word());
        let refused = run(command);
        assert_eq!(refused.code, 2, "{}", refused.all());
        assert!(refused.stderr.contains(why), "{}", refused.all());
        assert!(!directory.path.exists());
    }
}
