//! What can go wrong at 2 a.m., each with its message and its exit code.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{
    PASSWORD, Run, Source, SourceDatabase, Target, TargetDatabase, Victim, databases, migrate,
    nirvana, run, unique,
};

const PAIR: (Source, Target) = (Source::MariaDb, Target::Postgres15);

/// Runs `nirvana migrate` with the URLs as they are.
fn migrate_urls(source: &str, target: &str) -> Run {
    let mut command = nirvana();
    command.args(["migrate", "--connect-timeout", "3", source, target]);
    run(command)
}

fn no_secret(run: &Run) {
    assert!(!run.all().contains("wrong-password"), "{}", run.all());
    assert!(!run.all().contains(PASSWORD) || run.all().contains("nirvana_admin"), "{}", run.all());
}

#[test]
fn a_wrong_password_at_the_source() {
    let Some((source, target)) = databases(PAIR, "wrong") else {
        return;
    };
    let url = source.url().replace("nirvana_admin@", "nirvana_admin:wrong-password@");
    let run = migrate_urls(&url, &target.url());
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.stderr.contains("source"), "{}", run.all());
    assert!(run.stderr.contains("nirvana_admin"), "{}", run.all());
    assert!(run.stderr.contains("127.0.0.1"), "{}", run.all());
    assert!(run.stderr.contains("hint: "), "{}", run.all());
    no_secret(&run);
}

#[test]
fn a_wrong_password_at_the_target() {
    let Some((source, target)) = databases(PAIR, "wrong") else {
        return;
    };
    let url = target.url().replace("nirvana_admin@", "nirvana_admin:wrong-password@");
    let run = migrate_urls(&source.url(), &url);
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.stderr.contains("target"), "{}", run.all());
    assert!(run.stderr.contains("nirvana_admin"), "{}", run.all());
    assert!(run.stderr.contains("hint: "), "{}", run.all());
    no_secret(&run);
}

#[test]
fn a_database_that_is_not_there() {
    let Some((source, target)) = databases(PAIR, "absent") else {
        return;
    };
    let run = migrate_urls(&source.url().replace(&source.name, "no_such_one"), &target.url());
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.stderr.contains("no_such_one"), "{}", run.all());
    let run = migrate_urls(&source.url(), &target.url().replace(&target.name, "no_such_one"));
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.stderr.contains("no_such_one"), "{}", run.all());
}

#[test]
fn a_port_where_nobody_listens() {
    let Some((source, target)) = databases(PAIR, "refused") else {
        return;
    };
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("mysql://u@127.0.0.1:{free}/d");
    let run = migrate_urls(&nobody, &target.url());
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.stderr.contains(&free.to_string()), "{}", run.all());
    let run = migrate_urls(&source.url(), &format!("postgres://u@127.0.0.1:{free}/d"));
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.stderr.contains(&free.to_string()), "{}", run.all());
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let Some((source, target)) = databases(PAIR, "silent") else {
        return;
    };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for (from, to) in [
        (format!("mysql://u@127.0.0.1:{port}/d"), target.url()),
        (source.url(), format!("postgres://u@127.0.0.1:{port}/d")),
    ] {
        let begun = Instant::now();
        let run = migrate_urls(&from, &to);
        assert_eq!(run.code, 3, "{}", run.all());
        assert!(run.stderr.contains("within 3"), "{}", run.all());
        // Three seconds were allowed; a hang would be minutes.
        assert!(begun.elapsed() < Duration::from_mins(1), "{}", run.all());
    }
}

#[test]
fn a_target_that_is_not_empty_is_left_as_it_is() {
    let Some((source, target)) = databases(PAIR, "taken") else {
        return;
    };
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, KEY k (id)); CREATE TABLE u (id int PRIMARY KEY)",
    );
    target.sql("CREATE TABLE t (precious int); INSERT INTO t VALUES (42)");
    let (run, report) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(report.warnings().contains(&"object-in-the-way t".to_owned()), "{}", run.all());
    assert_eq!(target.sql("SELECT precious FROM t"), "42\n");
    assert_eq!(target.sql("SELECT to_regclass('u') IS NULL"), "t\n");
}

#[test]
fn a_missing_privilege_names_the_grant_that_mends_it() {
    for server in [Source::MariaDb, Source::MySql] {
        let Some((source, target)) = databases((server, Target::Postgres15), "bare") else {
            return;
        };
        source.sql("CREATE TABLE t (id int PRIMARY KEY)");
        let user = unique("user").replace("nv_user", "u");
        source.admin(&format!(
            "CREATE USER '{user}'@'%' IDENTIFIED BY '{PASSWORD}'; GRANT SELECT ON `{}`.* TO '{user}'@'%'",
            source.name
        ));
        let url = source.url().replace("nirvana_admin", &user);
        let migrate = || {
            let mut command = nirvana();
            command.args(["migrate", "--snapshot", "lock-tables", &url, &target.url()]);
            run(command)
        };
        let run = migrate();
        assert_eq!(run.code, 3, "{}", run.all());
        let grant = run.all();
        let grant = grant.lines().find_map(|line| Some(&line[line.find("GRANT ")?..]));
        let grant = grant.unwrap_or_else(|| panic!("no GRANT in {}", run.all())).to_owned();
        // Whoever copies what is printed has what it takes.
        for line in run.all().lines() {
            if let Some(at) = line.find("GRANT ") {
                source.admin(&line[at..]);
            }
        }
        let again = migrate();
        assert!(again.code <= 1, "after {grant}: {}", again.all());
        source.admin(&format!("DROP USER '{user}'@'%'"));
    }
}

/// Starts a migration, waits until a table is being copied, does something, and waits for the end.
fn while_copying(source: &str, target: &str, act: impl FnOnce(u32)) -> Run {
    use std::io::{BufRead, BufReader, Read};
    let mut command = nirvana();
    command.args(["migrate", "--format", "json", "--jobs", "1", "--chunk-mib", "8"]);
    command.args(["--retry-for", "2", source, target]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stdout = String::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        stdout.push_str(&line);
        stdout.push('\n');
        if line.contains("\"copy-started\"") {
            break;
        }
    }
    act(child.id());
    for line in lines {
        stdout.push_str(&line.unwrap());
        stdout.push('\n');
    }
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    Run { code, stdout, stderr }
}

/// A table that takes some seconds to move.
const LARGE: &str = "CREATE TABLE large (id bigint PRIMARY KEY AUTO_INCREMENT, t varchar(200));
    INSERT INTO large (t) VALUES (REPEAT('x', 200));
    DELIMITER //
    CREATE PROCEDURE grow() BEGIN
      DECLARE i int DEFAULT 0;
      WHILE i < 19 DO INSERT INTO large (t) SELECT t FROM large; SET i = i + 1; END WHILE;
    END //
    DELIMITER ;
    CALL grow(); DROP PROCEDURE grow;";

/// A chunk's rows and its line in the journal are there together, or neither is.
const ROWS_OUTSIDE_THE_JOURNAL: &str = "SELECT (SELECT count(*) FROM large)
    - (SELECT coalesce(sum(rows), 0) FROM nirvana.chunk WHERE done_at IS NOT NULL)";

#[test]
fn a_source_that_is_killed() {
    let Some(victim) = Victim::spawn("mariadb") else {
        return;
    };
    let Some(target) = TargetDatabase::create(Target::Postgres15, "killed") else {
        return;
    };
    let source = SourceDatabase::on(Source::MariaDb, &victim.url, "killed");
    source.sql(LARGE);
    let url = source.url();
    std::mem::forget(source);
    let run = while_copying(&url, &target.url(), |_| victim.kill());
    assert_eq!(run.code, 4, "{}", run.all());
    assert!(run.stdout.contains("source"), "{}", run.all());
    assert!(run.stdout.contains("\"retrying\""), "{}", run.all());
    assert_eq!(target.sql(ROWS_OUTSIDE_THE_JOURNAL), "0\n");
}

#[test]
fn a_target_that_is_killed() {
    let Some(victim) = Victim::spawn("postgres15") else {
        return;
    };
    let Some(source) = SourceDatabase::create(Source::MariaDb, "killed") else {
        return;
    };
    source.sql(LARGE);
    let run = while_copying(&source.url(), &victim.url, |_| victim.kill());
    assert_eq!(run.code, 4, "{}", run.all());
    assert!(run.stdout.contains("target"), "{}", run.all());
}

#[test]
fn being_asked_to_stop() {
    let Some((source, target)) = databases(PAIR, "stop") else {
        return;
    };
    source.sql(LARGE);
    let run = while_copying(&source.url(), &target.url(), |process| {
        let killed = Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap();
        assert!(killed.success());
    });
    assert_eq!(run.code, 4, "{}", run.all());
    assert!(run.stdout.contains("stopped-partial"), "{}", run.all());
    assert_eq!(target.sql(ROWS_OUTSIDE_THE_JOURNAL), "0\n");
    let left = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid() \
         AND state <> 'idle'",
        target.name
    );
    assert_eq!(target.sql(&left), "0\n");
    let (run, _) = migrate(&source, &target, &["--resume"]);
    assert!(run.code <= 1, "{}", run.all());
    assert_eq!(target.sql("SELECT count(*) FROM large"), "524288\n");
}
