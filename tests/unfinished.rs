//! A directory that is not whole says so, whatever ended its run, and is never taken for one.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::directory::{Directory, load, load_at_once, pack, verify};
use crate::support::{
    PASSWORD, Run, Source, SourceDatabase, Target, TargetDatabase, nirvana, run, unique,
};

/// A source of which one table is not read on before a lock is let go.
struct Slow {
    source: SourceDatabase,
    /// A client that holds the lock for as long as it lives.
    holder: Option<Child>,
    config: tempfile::NamedTempFile,
}

impl Slow {
    fn create() -> Option<Self> {
        let source = SourceDatabase::create(Source::MariaDb, "slow")?;
        source.sql(
            "CREATE TABLE quick (id int PRIMARY KEY, word varchar(20));
             INSERT INTO quick SELECT seq, concat('word ', seq) FROM seq_1_to_2000;
             CREATE TABLE slow (id int PRIMARY KEY, n int);
             INSERT INTO slow SELECT seq, seq FROM seq_1_to_2000",
        );
        let lock = unique("lock");
        let config = tempfile::NamedTempFile::new().unwrap();
        let condition = format!("id <= 100 OR GET_LOCK('{lock}', 3600) = 1");
        std::fs::write(config.path(), format!("[migrate]\nwhere = {{ slow = \"{condition}\" }}\n"))
            .unwrap();
        let mut holder = source.client();
        holder.args(["--unbuffered", &source.name]);
        let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let sql = format!("SELECT GET_LOCK('{lock}', 60);\n");
        std::io::Write::write_all(holder.stdin.as_mut().unwrap(), sql.as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
        assert_eq!(answer, "1\n");
        Some(Self { source, holder: Some(holder), config })
    }

    /// Begins to write the directory; gives the program once it has begun, which comes to no end then.
    fn begin(&self, directory: &Directory, more: &[&str]) -> Child {
        let mut command = nirvana();
        command.args(["migrate", "--jobs", "2", "--config"]).arg(self.config.path()).args(more);
        command.args([&self.source.url(), &directory.word()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let (patience, begun) = (Duration::from_mins(1), Instant::now());
        while !has_file(&directory.path.join("data"), "quick") {
            assert!(begun.elapsed() < patience, "it did not begin");
            std::thread::sleep(Duration::from_millis(10));
        }
        child
    }

    /// Lets the lock go.
    fn release(&mut self) {
        if let Some(mut holder) = self.holder.take() {
            drop(holder.stdin.take());
            assert!(holder.wait().unwrap().success());
        }
    }

    fn pack(&self, directory: &Directory, more: &[&str]) -> Run {
        let config = self.config.path().to_str().unwrap();
        pack(&self.source, directory, &[["--config", config].as_slice(), more].concat()).0
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.release();
    }
}

fn has_file(folder: &Path, word: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().contains(word))
}

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn ended(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Nothing and nobody takes it for a directory that can be loaded or compared.
fn is_refused(directory: &Directory, source: &SourceDatabase, target: &TargetDatabase) {
    // What loads it is written last, but for the manifest.
    for name in ["manifest.json", "toc.dat"] {
        assert!(!directory.path.join(name).exists());
    }
    if directory.path.join("load.sh").exists() {
        for loaded in [load(directory, target, &[]), load_at_once(directory, target)] {
            assert_eq!(loaded.code, 3, "{}", loaded.all());
            assert!(loaded.stderr.contains("was never finished"), "{}", loaded.all());
        }
    }
    let there = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(target.sql(there), "0\n");
    let mut against_source = nirvana();
    against_source.args(["verify", &source.url(), &directory.word()]);
    for verified in [verify(directory, target), run(against_source)] {
        assert_eq!(verified.code, 3, "{}", verified.all());
        assert!(verified.stderr.contains("was not finished"), "{}", verified.all());
    }
}

#[test]
fn ctrl_c_and_kill_leave_a_directory_that_is_known_as_unfinished() {
    for (sent, code) in [("-INT", 4), ("-TERM", 4), ("-KILL", -1)] {
        let Some(mut slow) = Slow::create() else { return };
        let target = TargetDatabase::create(Target::Postgres15, "unfinished").unwrap();
        let directory = Directory::new();
        let child = slow.begin(&directory, &["--for-pg-restore"]);
        // While it is written it is refused, too, and nobody else writes into it.
        is_refused(&directory, &slow.source, &target);
        for more in [[].as_slice(), &["--resume"]] {
            let other = slow.pack(&directory, more);
            assert_eq!(other.code, 5, "{}", other.all());
            assert!(other.stderr.contains("another run is writing"), "{}", other.all());
        }
        signal(&child, sent);
        let stopped = ended(child);
        assert_eq!(stopped.code, code, "{sent}: {}", stopped.all());
        is_refused(&directory, &slow.source, &target);
        slow.release();
        let again = slow.pack(&directory, &[]);
        assert_eq!(again.code, 3, "{}", again.all());
        assert!(again.stderr.contains("--resume takes its place"), "{}", again.all());
        let again = slow.pack(&directory, &["--resume"]);
        assert!(again.code <= 1, "{}", again.all());
        let loaded = load(&directory, &target, &[]);
        assert_eq!(loaded.code, 0, "{}", loaded.all());
        assert_eq!(verify(&directory, &target).code, 0);
        assert_eq!(target.sql("SELECT count(*) FROM slow"), "2000\n");
    }
}

#[test]
fn a_run_that_goes_on_while_another_is_refused_comes_to_its_end() {
    let Some(mut slow) = Slow::create() else { return };
    let directory = Directory::new();
    let child = slow.begin(&directory, &[]);
    let other = slow.pack(&directory, &["--resume"]);
    assert_eq!(other.code, 5, "{}", other.all());
    slow.release();
    let first = ended(child);
    assert!(first.code <= 1, "{}", first.all());
    assert!(directory.path.join("manifest.json").exists());
    assert!(!directory.path.join("UNFINISHED").exists());
}

/// No file may grow beyond so many blocks; SIGXFSZ is ignored, so that writing fails as on a full disk.
#[test]
fn a_full_disk() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "full") else { return };
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, word varchar(200));
         INSERT INTO t SELECT seq, repeat('x', 200) FROM seq_1_to_5000",
    );
    let target = TargetDatabase::create(Target::Postgres15, "full").unwrap();
    for more in [[].as_slice(), &["--for-pg-restore"], &["--compress", "zstd"]] {
        let directory = Directory::new();
        let blocks = if more.contains(&"zstd") { "4" } else { "256" };
        let mut command = Command::new("sh");
        let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"");
        command.args(["-c", &script]).arg(nirvana().get_program()).arg("migrate").args(more);
        command.args([&source.url(), &directory.word()]).env("MYSQL_PWD", PASSWORD);
        let failed = run(command);
        assert_eq!(failed.code, 4, "{}", failed.all());
        for words in ["cannot write", "it's a directory", "look at the disk's space"] {
            assert!(failed.all().contains(words), "{words}: {}", failed.all());
        }
        is_refused(&directory, &source, &target);
        let (again, _) = pack(&source, &directory, &["--resume"]);
        assert_eq!(again.code, 0, "{}", again.all());
    }
}

/// What somebody else keeps there is not ours to write into, and stays.
#[test]
fn folders_of_others() {
    let Some(source) = SourceDatabase::create(Source::MariaDb, "others") else { return };
    source.sql("CREATE TABLE t (id int PRIMARY KEY)");
    for (name, text) in [
        ("notes.txt", "mine"),
        ("manifest.json", "{\"name\": \"a web application\"}"),
        ("UNFINISHED", "a novel"),
        ("schema.sql", "CREATE TABLE mine ();"),
    ] {
        let directory = Directory::new();
        std::fs::create_dir_all(directory.path.join("data")).unwrap();
        std::fs::write(directory.path.join(name), text).unwrap();
        std::fs::write(directory.path.join("chapter.txt"), "one").unwrap();
        for more in [[].as_slice(), &["--resume"]] {
            let (refused, _) = pack(&source, &directory, more);
            assert_eq!(refused.code, 3, "{name}: {}", refused.all());
            assert!(refused.stderr.contains("error: "), "{}", refused.all());
        }
        assert_eq!(directory.read(name), text);
        assert_eq!(directory.read("chapter.txt"), "one");
    }
    // A file where the directory should be, and one that cannot be made.
    let directory = Directory::new();
    std::fs::write(&directory.path, "a file").unwrap();
    let (refused, _) = pack(&source, &directory, &[]);
    assert_eq!(refused.code, 3, "{}", refused.all());
    assert!(refused.stderr.contains("is no directory"), "{}", refused.all());
    assert_eq!(std::fs::read_to_string(&directory.path).unwrap(), "a file");
}

/// Written for a newer server, it is refused by an older one before anything is made.
#[test]
fn a_directory_says_which_server_it_is_for() {
    let Some(source) = SourceDatabase::create(Source::MySql, "versions") else { return };
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, word varchar(20), twice int AS (id * 2) VIRTUAL);
         INSERT INTO t (id, word) VALUES (1, 'a'), (2, 'b');
         CREATE SQL SECURITY INVOKER VIEW v AS SELECT word, id FROM t",
    );
    let target = TargetDatabase::create(Target::Postgres15, "versions").unwrap();
    for version in ["16", "17", "18"] {
        let directory = Directory::new();
        let (packed, _) = pack(&source, &directory, &["--for-postgres", version]);
        assert!(packed.code <= 1, "{}", packed.all());
        for loaded in [load(&directory, &target, &[]), load_at_once(&directory, &target)] {
            assert_eq!(loaded.code, 3, "{}", loaded.all());
            let words = format!("written for PostgreSQL {version} and later");
            assert!(loaded.stderr.contains(&words), "{}", loaded.all());
        }
        let there = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        assert_eq!(target.sql(there), "0\n");
    }
    // What came with a version is in no directory for an older one.
    for (version, absent, present) in [
        ("13", ["security_invoker", "any_value", "VIRTUAL"].as_slice(), [].as_slice()),
        ("14", &["security_invoker", "any_value", "VIRTUAL"], &[]),
        ("15", &["any_value", "VIRTUAL"], &["security_invoker"]),
        ("17", &["VIRTUAL"], &["security_invoker"]),
        ("18", &[], &["security_invoker", "VIRTUAL"]),
    ] {
        let directory = Directory::new();
        let (packed, _) = pack(&source, &directory, &["--for-postgres", version]);
        assert!(packed.code <= 1, "{}", packed.all());
        let sql: String = ["schema.sql", "indexes.sql", "constraints.sql"]
            .map(|name| directory.read(name))
            .concat();
        for word in absent {
            assert!(!sql.contains(word), "{version}: {word}");
        }
        for word in present {
            assert!(sql.contains(word), "{version}: {word}");
        }
        if version == "13" {
            for server in [Target::Postgres15, Target::Postgres18] {
                let target = TargetDatabase::create(server, "versions").unwrap();
                let loaded = load(&directory, &target, &[]);
                assert_eq!(loaded.code, 0, "{}", loaded.all());
                assert_eq!(verify(&directory, &target).code, 0);
            }
        }
    }
}
