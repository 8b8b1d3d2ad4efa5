//! Snapshots of real servers while others write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::{Rung, Snapshot, lock};
use crate::mysql::catalog;
use crate::mysql::connect::Options;
use crate::mysql::error::Error;
use crate::mysql::server::{Flavour, Server};
use crate::mysql::trial::Trial;
use crate::mysql::wire::Connection;

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

async fn snapshot(trial: &Trial, readers: usize) -> Snapshot {
    let mut locked = lock(&trial.options, &trial.server, readers, TIMEOUT).await.unwrap();
    let schema = catalog::read(locked.catalog(), &trial.server, &trial.database).await.unwrap();
    assert_eq!(schema.tables.len(), 3);
    locked.take().await.unwrap()
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
        let locked = lock(&trial.options, &trial.server, 1, TIMEOUT).await.unwrap();
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
        drop(lock(&trial.options, &trial.server, 1, TIMEOUT).await.unwrap());
        let mut locked = lock(&trial.options, &trial.server, 1, TIMEOUT).await.unwrap();
        locked.stop_commits().await.unwrap();
        drop(locked);
        trial.run("UPDATE a SET money = 1 WHERE id = 0;\nALTER TABLE a ADD COLUMN c int").await;
        // Another session is in the way: given up in time, and the queue dissolves.
        let mut busy = Connection::open(&trial.options).await.unwrap();
        busy.execute("LOCK TABLES a WRITE").await.unwrap();
        let short = Duration::from_secs(1);
        let refused = match lock(&trial.options, &trial.server, 1, short).await {
            Ok(locked) => locked.take().await.err(),
            Err(error) => Some(error),
        };
        let refused = refused.expect("the table is locked by another session");
        assert!(matches!(refused, Error::LockNotGranted { .. }), "{refused}");
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
        let mut connection = Connection::open(&options).await.unwrap();
        let server = Server::read(&mut connection).await.unwrap();
        let mut locked = lock(&options, &server, 2, TIMEOUT).await.unwrap();
        let schema = catalog::read(locked.catalog(), &server, &trial.database).await.unwrap();
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
