//! The ways to a snapshot, each with an account that may do no more, while others write.

use std::process::{Child, Stdio};

use crate::support::{
    PASSWORD, Report, Run, Source, SourceDatabase, Target, TargetDatabase, Victim, databases,
    migrate_as, unique,
};

const TOTAL: u32 = 2_000;

/// Money moves between two tables until there is a row in `stop`.
const LEDGER: &str = "
    CREATE TABLE accounts_a (id int PRIMARY KEY, money bigint NOT NULL);
    CREATE TABLE accounts_b (id int PRIMARY KEY, money bigint NOT NULL);
    CREATE TABLE filler (id int PRIMARY KEY AUTO_INCREMENT, t varchar(200));
    CREATE TABLE stop (id int PRIMARY KEY);
    INSERT INTO accounts_a VALUES (0, 500), (1, 500);
    INSERT INTO accounts_b VALUES (0, 500), (1, 500);
    DELIMITER //
    CREATE PROCEDURE hammer(who int) BEGIN
      DECLARE i int DEFAULT 0;
      WHILE i < 1000000 AND NOT EXISTS (SELECT 1 FROM stop) DO
        SET i = i + 1;
        START TRANSACTION;
        UPDATE accounts_a SET money = money - i % 50 WHERE id = who;
        INSERT INTO filler (t) VALUES (REPEAT('x', 200));
        UPDATE accounts_b SET money = money + i % 50 WHERE id = who;
        COMMIT;
      END WHILE;
    END //
    DELIMITER ;";

/// Two clients that move money.
struct Hammers<'a> {
    source: &'a SourceDatabase,
    clients: Vec<Child>,
}

impl<'a> Hammers<'a> {
    fn start(source: &'a SourceDatabase) -> Self {
        let start = |who| {
            let mut command = source.client();
            command.args([&source.name, "-e", &format!("CALL hammer({who})")]);
            command.stdin(Stdio::null()).spawn().unwrap()
        };
        Self { source, clients: vec![start(0), start(1)] }
    }
}

impl Drop for Hammers<'_> {
    fn drop(&mut self) {
        self.source.sql("INSERT INTO stop VALUES (1)");
        for client in &mut self.clients {
            let _ = client.wait();
        }
        self.source.sql("DELETE FROM stop");
    }
}

/// An account of its own with SELECT and what else is granted; dropped at the end.
struct Account<'a> {
    source: &'a SourceDatabase,
    name: String,
}

impl<'a> Account<'a> {
    fn with(source: &'a SourceDatabase, grants: &[&str]) -> Self {
        let name = unique("user").replace("nv_user", "u");
        source.admin(&format!("CREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}'"));
        let account = Self { source, name };
        for grant in [&["SELECT ON db"], grants].concat() {
            let grant = grant.replace(" ON db", &format!(" ON `{}`.*", source.name));
            source.admin(&format!("GRANT {grant} TO '{}'@'%'", account.name));
        }
        account
    }

    fn migrate(&self, target: &TargetDatabase, more: &[&str]) -> (Run, Report) {
        let url = self.source.url().replace("nirvana_admin@", &format!("{}@", self.name));
        migrate_as(&url, target, more)
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        self.source.admin(&format!("DROP USER '{}'@'%'", self.name));
    }
}

fn money(target: &TargetDatabase) -> String {
    target.sql("SELECT (SELECT sum(money) FROM accounts_a) + (SELECT sum(money) FROM accounts_b)")
}

#[test]
fn every_account_gets_the_best_snapshot_that_it_may_take() {
    for server in [Source::MariaDb, Source::MySql] {
        let Some(source) = SourceDatabase::create(server, "ladder") else { return };
        source.sql(LEDGER);
        let first = match server {
            Source::MariaDb => "backup-stage",
            Source::MySql => "global-read-lock",
        };
        for (grants, ways, rung) in [
            (&["LOCK TABLES ON db", "RELOAD ON *.*"][..], &[][..], first),
            (&["RELOAD ON *.*"], &["--snapshot", "global-read-lock"], "global-read-lock"),
            (&["LOCK TABLES ON db"], &[], "lock-tables"),
            (&[], &[], "binlog-position"),
        ] {
            let Some(target) = TargetDatabase::create(Target::Postgres15, "ladder") else { return };
            let account = Account::with(&source, grants);
            let hammers = Hammers::start(&source);
            let (run, report) = account.migrate(&target, &[&["--jobs", "3"], ways].concat());
            drop(hammers);
            assert!(run.code <= 1, "{rung}: {}", run.all());
            let snapshot = &report.0["snapshot"];
            assert_eq!(snapshot["rung"], rung, "{}", run.all());
            assert!(snapshot["guarantee"].as_str().unwrap().contains("at one instant"));
            let waited = snapshot["writers_waited_ms"].as_u64().unwrap();
            assert!(rung != "binlog-position" || waited == 0, "{}", run.all());
            assert_eq!(report.unproven(), Vec::<String>::new(), "{}", run.all());
            assert_eq!(money(&target), format!("{TOTAL}\n"), "{rung}");
        }
    }
}

#[test]
fn a_table_at_a_time_only_if_asked_for() {
    for server in [Source::MariaDb, Source::MySql] {
        let Some((source, target)) = databases((server, Target::Postgres15), "apart") else {
            return;
        };
        source.sql(LEDGER);
        let account = Account::with(&source, &[]);
        let hammers = Hammers::start(&source);
        let ways = ["--jobs", "3", "--chunk-mib", "1", "--snapshot", "per-table"];
        let (run, report) = account.migrate(&target, &ways);
        drop(hammers);
        assert_eq!(run.code, 1, "{}", run.all());
        assert_eq!(report.0["snapshot"]["rung"], "per-table", "{}", run.all());
        assert!(run.all().contains("snapshot-per-table"), "{}", run.all());
        assert_eq!(report.unproven(), Vec::<String>::new(), "{}", run.all());
        // A table is read by one connection only.
        let cut = target.sql("SELECT count(*) FROM nirvana.chunk WHERE number > 0");
        assert_eq!(cut, "0\n");
    }
}

/// What is asked for and not allowed is refused with the GRANT that allows it.
#[test]
fn a_way_that_is_asked_for_names_what_it_lacks() {
    for server in [Source::MariaDb, Source::MySql] {
        let Some((source, target)) = databases((server, Target::Postgres15), "lacks") else {
            return;
        };
        source.sql("CREATE TABLE t (id int PRIMARY KEY)");
        let account = Account::with(&source, &[]);
        for (way, grant) in
            [("lock-tables", "GRANT LOCK TABLES ON `"), ("global-read-lock", "GRANT RELOAD ON *.*")]
        {
            let (run, _) = account.migrate(&target, &["--snapshot", way]);
            assert_eq!(run.code, 3, "{}", run.all());
            assert!(run.all().contains("no-snapshot"), "{}", run.all());
            assert!(run.all().contains("--snapshot per-table"), "{}", run.all());
            let line = run
                .stdout
                .lines()
                .chain(run.stderr.lines())
                .find_map(|line| Some(line[line.find(grant)?..].to_owned()));
            source.admin(&line.unwrap_or_else(|| panic!("no {grant}: {}", run.all())));
        }
        let (run, report) = account.migrate(&target, &["--snapshot", "lock-tables"]);
        assert!(run.code <= 1, "{}", run.all());
        assert_eq!(report.0["snapshot"]["rung"], "lock-tables");
    }
}

/// Without a binary log there is nothing that SELECT alone could compare.
#[test]
fn without_a_binary_log_locks_are_needed() {
    for (kind, server) in [("mariadb", Source::MariaDb), ("mysql", Source::MySql)] {
        let Some(victim) = Victim::spawn_with(kind, &["--skip-log-bin"]) else { return };
        let source = SourceDatabase::on(server, &victim.url, "nolog");
        let Some(target) = TargetDatabase::create(Target::Postgres15, "nolog") else { return };
        source.sql(LEDGER);
        let account = Account::with(&source, &[]);
        let (run, _) = account.migrate(&target, &[]);
        assert_eq!(run.code, 3, "{}", run.all());
        for word in ["RELOAD is missing", "LOCK TABLES is missing", "the binary log is off"] {
            assert!(run.all().contains(word), "{word}: {}", run.all());
        }
        let account = Account::with(&source, &["LOCK TABLES ON db"]);
        let hammers = Hammers::start(&source);
        let (run, report) = account.migrate(&target, &["--jobs", "3"]);
        drop(hammers);
        assert!(run.code <= 1, "{}", run.all());
        assert_eq!(report.0["snapshot"]["rung"], "lock-tables", "{}", run.all());
        assert_eq!(money(&target), format!("{TOTAL}\n"));
    }
}

/// A log that knows of a commit before the engine shows it cannot vouch for anything.
#[test]
fn xa_transactions_rule_the_binary_log_out() {
    for (kind, server) in [("mariadb", Source::MariaDb), ("mysql", Source::MySql)] {
        let Some(victim) = Victim::spawn_with(kind, &[]) else { return };
        let source = SourceDatabase::on(server, &victim.url, "xa");
        let Some(target) = TargetDatabase::create(Target::Postgres15, "xa") else { return };
        source.sql("CREATE TABLE t (id int PRIMARY KEY)");
        source.sql(
            "XA START 'x'; INSERT INTO t VALUES (1); XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x'",
        );
        let account = Account::with(&source, &[]);
        let (run, _) = account.migrate(&target, &[]);
        assert_eq!(run.code, 3, "{}", run.all());
        assert!(run.all().contains("XA"), "{}", run.all());
    }
}
