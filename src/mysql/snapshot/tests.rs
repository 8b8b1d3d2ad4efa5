//! Snapshots of real servers while others write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::{Ask, Choice, Ddl, Locked, Rung, Snapshot, lock, rungs};
use crate::mysql::catalog;
use crate::mysql::connect::Options;
use crate::mysql::error::Error;
use crate::mysql::server::{Flavour, Server};
use crate::mysql::trial::Trial;
use crate::mysql::wire::Connection;
use crate::name::TableName;

const TIMEOUT: Duration = Duration::from_secs(30);
const TOTAL: u64 = 2_000;

/// These tests lock whole servers, and so would wait for each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Moves money between two tables, in transactions of their own, until told to stop.
struct Writers {
    stop: Arc<AtomicBool>,
    commits: Arc<AtomicU64>,
    tasks: JoinSet<Result<(), Error>>,
}

impl Writers {
    async fn start(options: &Options, count: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let commits = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let connection = Connection::open(options).await.unwrap();
            tasks.spawn(write(connection, number, Arc::clone(&stop), Arc::clone(&commits)));
        }
        Self { stop, commits, tasks }
    }

    /// Waits for some more commits.
    async fn work(&self) {
        let before = self.commits.load(Ordering::Relaxed);
        while self.commits.load(Ordering::Relaxed) < before + 20 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(done) = self.tasks.join_next().await {
            done.unwrap().unwrap();
        }
    }
}

async fn write(
    mut connection: Connection,
    number: u64,
    stop: Arc<AtomicBool>,
    commits: Arc<AtomicU64>,
) -> Result<(), Error> {
    let mut amount = number;
    while !stop.load(Ordering::Relaxed) {
        amount = (amount * 7 + 3) % 50;
        for statement in [
            "START TRANSACTION".to_owned(),
            format!("UPDATE a SET money = money - {amount} WHERE id = {number}"),
            format!("INSERT INTO log (amount) VALUES ({amount})"),
            format!("UPDATE b SET money = money + {amount} WHERE id = {number}"),
            "COMMIT".to_owned(),
        ] {
            connection.execute(&statement).await?;
        }
        commits.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

const TABLES: &str = "
    CREATE TABLE a (id int PRIMARY KEY, money bigint);
    CREATE TABLE b (id int PRIMARY KEY, money bigint);
    CREATE TABLE log (id int AUTO_INCREMENT PRIMARY KEY, amount int);
    INSERT INTO a VALUES (0, 500), (1, 500);
    INSERT INTO b VALUES (0, 500), (1, 500)";

async fn value(connection: &mut Connection, query: &str) -> String {
    connection.rows(query).await.unwrap()[0].required(0).unwrap().to_owned()
}

/// All that a reader sees, in one word.
async fn view(reader: &mut Connection, database: &str) -> (u64, String) {
    let total = format!(
        "SELECT (SELECT SUM(money) FROM `{database}`.a) + (SELECT SUM(money) FROM `{database}`.b)"
    );
    let rows = format!(
        "SELECT CONCAT_WS('/', (SELECT GROUP_CONCAT(money ORDER BY id) FROM `{database}`.a), \
         (SELECT COUNT(*) FROM `{database}`.log), (SELECT MAX(id) FROM `{database}`.log))"
    );
    (value(reader, &total).await.parse().unwrap(), value(reader, &rows).await)
}

/// As an account sees a server.
struct Account {
    options: Options,
    server: Server,
    database: String,
}

impl Account {
    fn admin(trial: &Trial) -> Self {
        let (options, server) = (trial.options.clone(), trial.server.clone());
        Self { options, server, database: trial.database.clone() }
    }

    async fn of(options: Options, database: &str) -> Self {
        let mut connection = Connection::open(&options).await.unwrap();
        let server = Server::read(&mut connection).await.unwrap();
        Self { options, server, database: database.to_owned() }
    }

    fn best(&self) -> Rung {
        rungs(&self.server, std::slice::from_ref(&self.database), Choice::Auto)[0]
    }

    fn tables(&self) -> Vec<TableName> {
        ["a", "b", "log"].map(|name| TableName::new(&self.database, name)).to_vec()
    }

    async fn lock(
        &self,
        rung: Rung,
        connections: usize,
        timeout: Duration,
    ) -> Result<Locked, Error> {
        let (options, server) = (&self.options, &self.server);
        let ask = Ask { options, server, connections, lock_timeout: timeout };
        lock(&ask, rung, &self.tables()).await
    }

    async fn snapshot(&self, rung: Rung, readers: usize) -> Snapshot {
        let mut locked = self.lock(rung, readers, TIMEOUT).await.unwrap();
        let schema =
            catalog::read(locked.catalog(), &self.server, &[&self.database]).await.unwrap();
        assert_eq!(schema.tables.len(), 3);
        locked.take().await.unwrap()
    }
}

async fn snapshot(trial: &Trial, readers: usize) -> Snapshot {
    let account = Account::admin(trial);
    account.snapshot(account.best(), readers).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_readers_see_one_instant() {
    let _turn = ONE_AT_A_TIME.lock().await;
    for mut trial in Trial::on_each("instant").await {
        trial.run(TABLES).await;
        let writers = Writers::start(&trial.options, 2).await;
        let mut seen = Vec::new();
        for _ in 0..5 {
            writers.work().await;
            let mut snapshot = snapshot(&trial, 4).await;
            let first = view(&mut snapshot.readers[0], &trial.database).await;
            assert_eq!(first.0, TOTAL);
            writers.work().await;
            for reader in &mut snapshot.readers {
                assert_eq!(view(reader, &trial.database).await, first);
            }
            let position = snapshot.position.unwrap();
            assert!(position.offset > 0 && !position.file.is_empty());
            assert!(snapshot.writers_waited < TIMEOUT);
            eprintln!(
                "{:?}: writers waited {:?}, at {position:?}",
                trial.server.flavour, snapshot.writers_waited
            );
            seen.push((first.1, position.offset));
        }
        seen.dedup();
        assert_eq!(seen.len(), 5, "the writers did write between the snapshots");
        writers.stop().await;
        trial.finish().await;
    }
}

/// What the binary log says after the position is exactly what the snapshot does not see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_position_is_that_of_the_snapshot() {
    let _turn = ONE_AT_A_TIME.lock().await;
    for mut trial in Trial::on_each("position").await {
        trial.run(TABLES).await;
        let writers = Writers::start(&trial.options, 2).await;
        writers.work().await;
        let mut snapshot = snapshot(&trial, 1).await;
        writers.work().await;
        writers.stop().await;
        let query = format!("SELECT COUNT(*) FROM `{}`.log", trial.database);
        let before: u64 = value(&mut snapshot.readers[0], &query).await.parse().unwrap();
        let after: u64 = value(&mut trial.connection, &query).await.parse().unwrap();
        let position = snapshot.position.unwrap();
        let statement =
            format!("SHOW BINLOG EVENTS IN '{}' FROM {}", position.file, position.offset);
        let map = format!("({}.log)", trial.database);
        let logged = trial.connection.rows(&statement).await.unwrap();
        let logged = logged
            .iter()
            .filter(|row| row.text(2) == Some("Table_map"))
            .filter(|row| row.text(5).is_some_and(|info| info.contains(&map)))
            .count();
        assert_eq!(logged as u64, after - before);
        drop(snapshot.readers);
        drop(snapshot.control);
        trial.finish().await;
    }
}

#[tokio::test]
async fn ddl_waits_where_it_can_be_held_off() {
    let _turn = ONE_AT_A_TIME.lock().await;
    for mut trial in Trial::on_each("ddl").await {
        trial.run(TABLES).await;
        trial.run("SET SESSION lock_wait_timeout = 1").await;
        let account = Account::admin(&trial);
        let locked = account.lock(account.best(), 1, TIMEOUT).await.unwrap();
        assert_eq!(locked.ddl(), Ddl::HeldOff);
        let alter = "ALTER TABLE a ADD COLUMN c int";
        assert!(trial.connection.execute(alter).await.is_err(), "DDL under the lock");
        trial.run("UPDATE a SET money = 501 WHERE id = 0").await;
        let mut snapshot = locked.take().await.unwrap();
        let rung = match trial.server.flavour {
            Flavour::MariaDb => Rung::BackupStage,
            Flavour::MySql => Rung::GlobalReadLock,
        };
        assert_eq!(snapshot.rung, rung);
        trial.run("UPDATE a SET money = 502 WHERE id = 0").await;
        let query = format!("SELECT money FROM `{}`.a WHERE id = 0", trial.database);
        assert_eq!(value(&mut snapshot.readers[0], &query).await, "501");
        if snapshot.control.is_some() {
            assert!(trial.connection.execute(alter).await.is_err(), "DDL beside the copy");
        }
        drop(snapshot);
        trial.run("SET SESSION lock_wait_timeout = 60").await;
        trial.run(alter).await;
        trial.finish().await;
    }
}

/// Writers go on after each way a snapshot can fail.
#[tokio::test]
async fn the_lock_never_stays() {
    let _turn = ONE_AT_A_TIME.lock().await;
    for mut trial in Trial::on_each("stays").await {
        trial.run(TABLES).await;
        // Dropped while it holds DDL off, and while it holds commits.
        let account = Account::admin(&trial);
        drop(account.lock(account.best(), 1, TIMEOUT).await.unwrap());
        drop(account.lock(Rung::LockTables, 1, TIMEOUT).await.unwrap());
        let mut locked = account.lock(account.best(), 1, TIMEOUT).await.unwrap();
        locked.stop_commits().await.unwrap();
        drop(locked);
        trial.run("UPDATE a SET money = 1 WHERE id = 0;\nALTER TABLE a ADD COLUMN c int").await;
        // Another session is in the way: given up in time, and the queue dissolves.
        let mut busy = Connection::open(&trial.options).await.unwrap();
        busy.execute("LOCK TABLES a WRITE").await.unwrap();
        let short = Duration::from_secs(1);
        for rung in [account.best(), Rung::LockTables] {
            let refused = match account.lock(rung, 1, short).await {
                Ok(locked) => locked.take().await.err(),
                Err(error) => Some(error),
            };
            let refused = refused.expect("the table is locked by another session");
            assert!(matches!(refused, Error::LockNotGranted { .. }), "{refused}");
        }
        trial.run("UPDATE b SET money = 1 WHERE id = 0").await;
        busy.execute("UNLOCK TABLES").await.unwrap();
        trial.run("UPDATE a SET money = 2 WHERE id = 0").await;
        trial.finish().await;
    }
}

/// Without `BACKUP_ADMIN` the read lock itself holds DDL off: writers wait for the catalog, too.
#[tokio::test]
async fn without_the_instance_lock_writers_wait_longer() {
    let _turn = ONE_AT_A_TIME.lock().await;
    for mut trial in Trial::on_each("poor").await {
        trial.run(TABLES).await;
        let (options, account) = trial.make_user().await;
        trial
            .run(&format!(
                "GRANT RELOAD ON *.* TO {account};\nGRANT SELECT ON `{}`.* TO {account}",
                trial.database
            ))
            .await;
        let poor = Account::of(options, &trial.database).await;
        let mut locked = poor.lock(poor.best(), 2, TIMEOUT).await.unwrap();
        let schema =
            catalog::read(locked.catalog(), &poor.server, &[&poor.database]).await.unwrap();
        assert_eq!(schema.tables.len(), 3);
        trial.run("SET SESSION lock_wait_timeout = 1").await;
        let write = trial.connection.execute("UPDATE a SET money = 501 WHERE id = 0").await;
        let writers_wait = trial.server.flavour == Flavour::MySql;
        assert_eq!(write.is_err(), writers_wait, "{write:?}");
        let snapshot = locked.take().await.unwrap();
        assert_eq!(snapshot.position, None, "the account may not ask for it");
        assert!(snapshot.control.is_none());
        trial.run("UPDATE a SET money = 502 WHERE id = 0").await;
        drop(snapshot);
        trial.run(&format!("SET SESSION lock_wait_timeout = 60;\nDROP USER {account}")).await;
        trial.finish().await;
    }
}

/// Every rung that a server has, by an account that may do no more than the rung asks for, again
/// and again while others move money.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_rung_gives_all_readers_one_instant() {
    let _turn = ONE_AT_A_TIME.lock().await;
    for mut trial in Trial::on_each("rungs").await {
        trial.run(TABLES).await;
        let (options, account) = trial.make_user().await;
        let on = format!("ON `{}`.* TO {account}", trial.database);
        trial.run(&format!("GRANT SELECT {on}")).await;
        let writers = Writers::start(&trial.options, 3).await;
        let first =
            if trial.server.has_backup_stage() { Rung::BackupStage } else { Rung::GlobalReadLock };
        for (grant, expected) in [
            (String::new(), Rung::BinlogPosition),
            (format!("GRANT LOCK TABLES {on}"), Rung::LockTables),
            (format!("GRANT RELOAD ON *.* TO {account}"), first),
        ] {
            trial.run(&grant).await;
            let poor = Account::of(options.clone(), &trial.database).await;
            assert_eq!(poor.best(), expected, "{:?}", poor.server.binary_log);
            let flavour = trial.server.flavour;
            let (mut waited, begun) = (Duration::ZERO, std::time::Instant::now());
            for round in 0..ROUNDS {
                writers.work().await;
                let mut snapshot = poor.snapshot(expected, 4).await;
                assert_eq!(snapshot.rung, expected);
                let first = view(&mut snapshot.readers[0], &trial.database).await;
                assert_eq!(first.0, TOTAL, "{expected:?} in round {round}");
                for reader in &mut snapshot.readers {
                    let seen = view(reader, &trial.database).await;
                    assert_eq!(seen, first, "{flavour:?}, {expected:?} in round {round}");
                }
                waited += snapshot.writers_waited;
            }
            assert_eq!(waited.is_zero(), expected == Rung::BinlogPosition);
            eprintln!(
                "{:?}: {expected:?}: writers waited {:?}, it took {:?}",
                trial.server.flavour,
                waited / ROUNDS,
                begun.elapsed() / ROUNDS
            );
        }
        writers.stop().await;
        trial.run(&format!("DROP USER {account}")).await;
        trial.finish().await;
    }
}

const ROUNDS: u32 = 30;

/// What has written but not committed keeps the locks of the tables waiting; what is new waits for
/// them, and nothing else does.
#[tokio::test]
async fn locked_tables_wait_for_open_transactions_and_stop_new_ones() {
    let _turn = ONE_AT_A_TIME.lock().await;
    for mut trial in Trial::on_each("tables").await {
        trial.run(TABLES).await;
        trial.run("CREATE TABLE `o``d d` (id int);\nCREATE TABLE other (id int)").await;
        trial.run("SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1").await;
        let account = Account::admin(&trial);
        let mut busy = Connection::open(&trial.options).await.unwrap();
        busy.execute("START TRANSACTION").await.unwrap();
        busy.execute("UPDATE b SET money = money + 1 WHERE id = 0").await.unwrap();
        let short = Duration::from_secs(1);
        let refused = account.lock(Rung::LockTables, 1, short).await.unwrap_err();
        assert!(matches!(refused, Error::LockNotGranted { .. }), "{refused}");
        assert!(refused.to_string().contains("LOCK TABLES"), "{refused}");
        let (locked, committed) = tokio::join!(account.lock(Rung::LockTables, 2, TIMEOUT), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            busy.execute("COMMIT").await
        });
        committed.unwrap();
        let locked = locked.unwrap();
        assert_eq!(locked.ddl(), Ddl::HeldOff);
        for waits in ["UPDATE a SET money = 7 WHERE id = 0", "ALTER TABLE a ADD COLUMN c int"] {
            assert!(trial.connection.execute(waits).await.is_err(), "{waits}");
        }
        trial.run("INSERT INTO other VALUES (1)").await;
        let mut snapshot = locked.take().await.unwrap();
        assert!(snapshot.writers_waited >= Duration::from_millis(300));
        trial.run("UPDATE a SET money = 8 WHERE id = 0").await;
        for reader in &mut snapshot.readers {
            assert_eq!(view(reader, &trial.database).await.0, TOTAL + 1);
        }
        drop(snapshot);
        // Names that need quotes.
        let (options, server) = (&account.options, &account.server);
        let ask = Ask { options, server, connections: 1, lock_timeout: TIMEOUT };
        let odd = [TableName::new(&trial.database, "o`d d")];
        lock(&ask, Rung::LockTables, &odd).await.unwrap().take().await.unwrap();
        trial.finish().await;
    }
}

/// A transaction that commits between two readers' snapshots, or is about to, is what the log must
/// tell of.
#[tokio::test]
async fn a_commit_between_two_snapshots_is_seen() {
    let _turn = ONE_AT_A_TIME.lock().await;
    for mut trial in Trial::on_each("between").await {
        trial.run(TABLES).await;
        let account = Account::admin(&trial);
        let mut locked = account.lock(Rung::BinlogPosition, 2, TIMEOUT).await.unwrap();
        let update = "UPDATE a SET money = money + 1 WHERE id = 0";
        match trial.server.flavour {
            Flavour::MariaDb => {
                locked.open_snapshots().await.unwrap();
                let place = locked.one_place().await.unwrap();
                trial.run(update).await;
                assert_eq!(locked.one_place().await.unwrap(), place, "the snapshots are old");
                let again = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
                locked.readers[1].execute(again).await.unwrap();
                assert_eq!(locked.one_place().await.unwrap(), None);
            }
            Flavour::MySql => {
                let silence = locked.gtids().await.unwrap();
                assert!(silence.is_silent());
                assert_eq!(locked.gtids().await.unwrap(), silence);
                trial.run(update).await;
                assert_ne!(locked.gtids().await.unwrap(), silence);
                // A commit owns its GTID before the engine shows it.
                let gtid = "SET gtid_next = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:1'";
                trial.run(&format!("{gtid};\nBEGIN;\n{update}")).await;
                assert!(!locked.gtids().await.unwrap().is_silent());
                trial.run("ROLLBACK;\nSET gtid_next = 'AUTOMATIC'").await;
            }
        }
        drop(locked);
        trial.finish().await;
    }
}
