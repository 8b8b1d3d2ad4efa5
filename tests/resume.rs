//! A run that is cut off, at any moment and by anything, and goes on.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{
    Report, Run, Source, SourceDatabase, Target, TargetDatabase, Victim, databases, migrate,
    nirvana,
};

const PAIR: (Source, Target) = (Source::MariaDb, Target::Postgres15);

/// Two large tables of many chunks, one with text for a key, one without a key, and some that are
/// small, with foreign keys: about a second's work. Statistics are made, as chunks hang on them.
const ROWS: &str = "
    CREATE TABLE numbers (id bigint PRIMARY KEY AUTO_INCREMENT, small int, t varchar(120),
      KEY (small), KEY (t));
    INSERT INTO numbers (small, t) SELECT seq % 97, REPEAT(MD5(seq), 3) FROM seq_1_to_60000;
    CREATE TABLE words (word varchar(40) CHARACTER SET latin1 PRIMARY KEY, t varchar(100));
    INSERT INTO words SELECT MD5(seq), REPEAT('y', 90) FROM seq_1_to_30000;
    CREATE TABLE keyless (a int, t varchar(40));
    INSERT INTO keyless SELECT seq % 100, REPEAT('z', 30) FROM seq_1_to_20000;
    CREATE TABLE child (id int PRIMARY KEY, number_id bigint NOT NULL,
      CONSTRAINT child_number FOREIGN KEY (number_id) REFERENCES numbers (id));
    INSERT INTO child SELECT seq, seq * 3 FROM seq_1_to_5000;
    ANALYZE TABLE numbers, words, keyless, child;";

/// What either side prints of the data, in the same form: no code of ours is asked.
const SUMS: &str = "SELECT COUNT(*), SUM(small), MIN(t), MAX(t) FROM numbers;
    SELECT COUNT(*), MIN(word), MAX(word) FROM words; SELECT COUNT(*), SUM(a) FROM keyless;
    SELECT COUNT(*), SUM(number_id) FROM child;";

fn same(source: &SourceDatabase, target: &TargetDatabase) {
    assert_eq!(source.sql(SUMS), target.sql(SUMS));
    let built = "SELECT count(*) FROM pg_index WHERE indrelid IN ('numbers'::regclass,
        'words'::regclass, 'child'::regclass); SELECT conname, convalidated FROM pg_constraint
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace";
    assert_eq!(target.sql(built), "6\nchild_number\tt\n");
}

fn command(source: &str, target: &str, more: &[&str]) -> Command {
    let mut command = nirvana();
    command.args(["migrate", "--format", "json", "--chunk-mib", "1"]).args(more);
    command.args([source, target]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Begins a run, waits for the so manyth line of its events, acts, and waits for its end.
fn cut(mut command: Command, lines: usize, act: impl FnOnce(&mut Child)) -> Run {
    let mut child = command.spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut stdout = String::new();
    for _ in 0..lines {
        if reader.read_line(&mut stdout).unwrap() == 0 {
            break;
        }
    }
    act(&mut child);
    reader.read_to_string(&mut stdout).unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    Run { code, stdout, stderr }
}

/// kill −9.
fn kill(child: &mut Child) {
    // It may have ended before.
    let _ = child.kill();
}

/// A number that differs from run to run; a failing test prints it.
fn seed() -> usize {
    let given = std::env::var("NIRVANA_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| std::process::id() as usize)
}

#[test]
fn killed_at_any_moment_and_resumed_nothing_is_lost_or_doubled() {
    let Some((source, target)) = databases(PAIR, "resume") else {
        return;
    };
    source.sql(ROWS);
    let kills = std::env::var("NIRVANA_TEST_KILLS").ok().and_then(|kills| kills.parse().ok());
    let kills: usize = kills.unwrap_or(12);
    let mut state = seed();
    let mut killed = 0;
    while killed < kills {
        target.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS nirvana CASCADE");
        // A run of its own is killed several times before it may end.
        loop {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let lines = state >> 33;
            let run = cut(command(&source.url(), &target.url(), &["--resume"]), lines % 60, kill);
            if run.code >= 0 {
                assert!(run.code <= 1, "seed {}, after {killed} kills: {}", seed(), run.all());
                break;
            }
            killed += 1;
            if killed.is_multiple_of(3) {
                let (run, report) = migrate(&source, &target, &["--resume"]);
                assert!(run.code <= 1, "seed {}, after {killed} kills: {}", seed(), run.all());
                assert!(report.unproven().is_empty(), "{}", run.all());
                break;
            }
        }
        same(&source, &target);
    }
}

#[test]
fn what_is_done_is_not_copied_again_and_what_changed_is() {
    let Some((source, target)) = databases(PAIR, "changed") else {
        return;
    };
    source.sql(ROWS);
    // Stopped late in the copy: most chunks of the largest table are done.
    let done = "SELECT count(*) FROM nirvana.chunk WHERE done_at IS NOT NULL";
    cut(command(&source.url(), &target.url(), &["--jobs", "1"]), usize::MAX, |_| {});
    target.sql("UPDATE nirvana.run SET finished_at = NULL");
    let stamps = "SELECT source_table, number, done_at FROM nirvana.chunk ORDER BY 1, 2";
    let before = target.sql(stamps);
    let (run, _) = migrate(&source, &target, &["--resume"]);
    assert!(run.code <= 1, "{}", run.all());
    assert_eq!(target.sql(stamps), before, "nothing changed, nothing was copied");
    assert!(target.sql(done).trim().parse::<u32>().unwrap() > 10);

    target.sql("UPDATE nirvana.run SET finished_at = NULL");
    source.sql(
        "UPDATE numbers SET t = 'changed' WHERE id = 30000; DELETE FROM numbers WHERE id = 59999;
        INSERT INTO numbers (small, t) VALUES (5, 'new'); UPDATE words SET t = 'w' LIMIT 1;
        INSERT INTO keyless VALUES (1, 'again')",
    );
    let (run, report) = migrate(&source, &target, &["--resume"]);
    assert!(run.code <= 1, "{}", run.all());
    assert!(report.unproven().is_empty(), "{}", run.all());
    same(&source, &target);
    let again = "SELECT count(*) FROM nirvana.chunk WHERE source_table = 'numbers'";
    let all: u32 = target.sql(again).trim().parse().unwrap();
    let kept = target.sql(stamps);
    let kept =
        kept.lines().filter(|line| line.starts_with("numbers") && before.contains(line)).count();
    assert_eq!(kept as u32, all - 2, "only the two chunks with changed rows were copied again");
}

/// A unique value that has moved from one chunk into another, while the run was away.
#[test]
fn a_unique_value_may_move_from_chunk_to_chunk() {
    let Some((source, target)) = databases(PAIR, "wandering") else { return };
    source.sql(
        "CREATE TABLE w (id int PRIMARY KEY, u varchar(20) COLLATE utf8mb4_bin NOT NULL UNIQUE, t varchar(200));
         INSERT INTO w SELECT seq, CONCAT('u', seq), RPAD('', 150, 'x') FROM seq_1_to_30000;",
    );
    let (run, _) = migrate(&source, &target, &["--chunk-mib", "1"]);
    assert_eq!(run.code, 0, "{}", run.all());
    target.sql("UPDATE nirvana.run SET finished_at = NULL");
    source.sql(
        "UPDATE w SET u = 'away' WHERE id = 28500; UPDATE w SET u = 'u28500' WHERE id = 7;
         UPDATE w SET u = 'u7' WHERE id = 28500;",
    );
    let (run, report) = migrate(&source, &target, &["--resume", "--jobs", "1"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(report.unproven().is_empty(), "{}", run.all());
    assert_eq!(target.sql("SELECT u FROM w WHERE id IN (7, 28500) ORDER BY id"), "u28500\nu7\n");
}

/// What interrupts each attempt at the same place is not waited for for ever.
#[test]
fn without_progress_patience_ends() {
    let Some((source, target)) = databases(PAIR, "stuck") else { return };
    source.sql("CREATE TABLE l (id int PRIMARY KEY); INSERT INTO l VALUES (1), (2)");
    let rule = (
        "[migrate.where]\nl = 'sleep(3) = 0'",
        ["--no-scan", "--answer-timeout", "1", "--retry-for", "2"].as_slice(),
    );
    let (run, _) = crate::support::migrate_with(&source, &target, rule);
    assert_eq!(run.code, 4, "{}", run.all());
    assert!(run.all().contains("--answer-timeout"), "{}", run.all());
}

#[test]
fn resume_begins_where_nothing_was_begun_and_says_when_all_is_done() {
    let Some((source, target)) = databases(PAIR, "begin") else {
        return;
    };
    source.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    let (run, report) = migrate(&source, &target, &["--resume"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(report.proven_rows(), [("t".to_owned(), 2)]);
    let (run, Report(report)) = migrate(&source, &target, &["--resume"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(report["changes"][0].as_str().unwrap().contains("was finished"), "{}", run.all());
}

#[test]
fn a_plan_that_no_longer_fits_is_refused() {
    let Some((source, target)) = databases(PAIR, "plan") else {
        return;
    };
    source.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    migrate(&source, &target, &[]);
    target.sql("UPDATE nirvana.run SET finished_at = NULL");
    source.sql("ALTER TABLE t ADD COLUMN more int");
    let (run, _) = migrate(&source, &target, &["--resume"]);
    assert_eq!(run.code, 4, "{}", run.all());
    assert!(run.stderr.contains("no longer what the run"), "{}", run.all());
    assert!(run.stderr.contains("hint: "), "{}", run.all());
    let run = {
        let Some(other) = SourceDatabase::create(Source::MariaDb, "other") else { return };
        other.sql("CREATE TABLE t (id int PRIMARY KEY)");
        migrate(&other, &target, &["--resume"]).0
    };
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.stderr.contains(&source.name), "{}", run.all());
}

#[test]
fn two_runs_into_one_schema_exclude_each_other() {
    let Some((source, target)) = databases(PAIR, "locked") else {
        return;
    };
    source.sql(ROWS);
    let first = cut(command(&source.url(), &target.url(), &[]), 14, |child| {
        signal(child, "-STOP");
        let run = cut(command(&source.url(), &target.url(), &["--resume"]), usize::MAX, |_| {});
        assert_eq!(run.code, 5, "{}", run.all());
        assert!(run.stdout.contains("another run, of nirvana_admin"), "{}", run.all());
        assert!(run.stdout.contains("\"locked\""), "{}", run.all());
        signal(child, "-CONT");
    });
    assert!(first.code <= 1, "{}", first.all());
    same(&source, &target);
}

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_target_that_is_killed_and_comes_back_is_waited_for() {
    let Some(victim) = Victim::spawn("postgres15") else {
        return;
    };
    let Some(source) = SourceDatabase::create(Source::MariaDb, "killed") else {
        return;
    };
    source.sql(ROWS);
    for lines in [12, 25, 60] {
        let target = TargetDatabase::on(&victim.url, "killed");
        let run = cut(command(&source.url(), &target.url(), &[]), lines, |_| {
            victim.kill();
            victim.start();
        });
        assert!(run.code <= 1, "{}", run.all());
        same(&source, &target);
    }
}

#[test]
fn a_source_that_is_killed_and_comes_back_is_waited_for() {
    let Some(victim) = Victim::spawn("mariadb") else {
        return;
    };
    let Some(target) = TargetDatabase::create(Target::Postgres15, "killed") else {
        return;
    };
    let source = SourceDatabase::on(Source::MariaDb, &victim.url, "killed");
    source.sql(ROWS);
    let run = cut(command(&source.url(), &target.url(), &["--jobs", "1"]), 14, |_| {
        victim.kill();
        std::thread::sleep(Duration::from_millis(300));
        victim.start();
    });
    assert!(run.code <= 1, "{}", run.all());
    assert!(run.stdout.contains("\"retrying\""), "{}", run.all());
    same(&source, &target);
}

/// A way to a server that can fall silent: what is sent on it is taken and goes nowhere, and nobody
/// hangs up. Connections that are made later are served.
struct Swallower {
    port: u16,
    silent_below: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    made: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Swallower {
    fn before(host: &str, port: &str) -> Self {
        use std::sync::atomic::Ordering;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("{host}:{port}");
        let own = Self {
            port: listener.local_addr().unwrap().port(),
            silent_below: std::sync::Arc::default(),
            made: std::sync::Arc::default(),
        };
        let (silent_below, made) = (own.silent_below.clone(), own.made.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let number = made.fetch_add(1, Ordering::SeqCst);
                let upstream = std::net::TcpStream::connect(&server).unwrap();
                for (from, to) in [
                    (client.try_clone().unwrap(), upstream.try_clone().unwrap()),
                    (upstream, client),
                ] {
                    let silent_below = silent_below.clone();
                    std::thread::spawn(move || {
                        forward(from, to, || number < silent_below.load(Ordering::SeqCst));
                    });
                }
            }
        });
        own
    }

    fn fall_silent(&self) {
        use std::sync::atomic::Ordering;
        self.silent_below.store(self.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

fn forward(
    mut from: std::net::TcpStream,
    mut to: std::net::TcpStream,
    is_silent: impl Fn() -> bool,
) {
    use std::io::Write as _;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).unwrap_or(0);
        if is_silent() {
            // Neither end is to hear of the other, not even that it has gone.
            std::mem::forget((from, to));
            return;
        }
        if count == 0 || to.write_all(&buffer[..count]).is_err() {
            let _ = to.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

#[test]
fn a_network_that_swallows_everything_is_noticed_and_the_run_goes_on() {
    for end in ["source", "target"] {
        let Some((source, target)) = databases(PAIR, "swallow") else {
            return;
        };
        source.sql(ROWS);
        let urls = [source.url(), target.url()];
        let at = usize::from(end == "target");
        let (host, port) = crate::support::address(&urls[at]);
        let way = Swallower::before(&host, &port);
        let mut through = urls.clone();
        through[at] = urls[at].replace(&format!(":{port}/"), &format!(":{}/", way.port));
        let options = ["--answer-timeout", "3", "--jobs", "1"];
        let run = cut(command(&through[0], &through[1], &options), 12, |_| way.fall_silent());
        assert!(run.code <= 1, "{end}: {}", run.all());
        assert!(run.stdout.contains("\"retrying\""), "{end}: {}", run.all());
        same(&source, &target);
    }
}

/// A disk that is full, for the server and nobody else: no file of it may grow beyond so many
/// bytes, an odd number so that it meets the limit inside a page, as a disk ends.
fn limit_files(postmaster: u32, bytes: &str) {
    let owner = std::fs::metadata(format!("/proc/{postmaster}")).unwrap();
    let mut command = Command::new("prlimit");
    // The soft limit only: whoever lowers the hard one cannot raise it again.
    command.args(["--pid", &postmaster.to_string(), &format!("--fsize={bytes}:")]);
    // Even root may be told that only the process's own user may do this.
    command.uid(owner.uid()).gid(owner.gid());
    assert!(command.status().unwrap().success());
}

#[test]
fn a_disk_that_is_full_ends_the_run_and_with_more_room_it_is_resumed() {
    let Some(victim) = Victim::spawn("postgres15") else {
        return;
    };
    let Some(source) = SourceDatabase::create(Source::MariaDb, "full") else {
        return;
    };
    source.sql(ROWS);
    let target = TargetDatabase::on(&victim.url, "full");
    // All tables but the largest fit. The log's files are of 16 MiB.
    for _ in 0..2 {
        source.sql("INSERT INTO numbers (small, t) SELECT small, t FROM numbers");
    }
    source.sql("ANALYZE TABLE numbers");
    limit_files(victim.postmaster(), "16777217");
    let run = cut(command(&source.url(), &target.url(), &[]), usize::MAX, |_| ());
    assert_eq!(run.code, 4, "{}", run.all());
    assert!(run.stdout.contains("target") && run.stdout.contains("53100"), "{}", run.all());
    let done = "SELECT count(*) > 0 FROM nirvana.chunk WHERE done_at IS NOT NULL";
    assert_eq!(target.sql(done), "t\n");
    limit_files(victim.postmaster(), "unlimited");
    let run = cut(command(&source.url(), &target.url(), &["--resume"]), usize::MAX, |_| ());
    assert!(run.code <= 1, "{}", run.all());
    same(&source, &target);
}
