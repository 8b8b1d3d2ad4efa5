//! Tables that are altered while the snapshot is taken, on real servers.

use std::sync::Mutex;
use std::time::Duration;

use super::{Ask, Choice, Error, Rung, Schema, take};
use crate::mysql::catalog;
use crate::mysql::connect::Options;
use crate::mysql::server::Server;
use crate::mysql::trial::Trial;
use crate::mysql::wire::Connection;

const RUNGS: [Rung; 2] = [Rung::BinlogPosition, Rung::LockTables];

/// An account that can neither hold DDL off nor lock everything.
async fn poor(trial: &mut Trial) -> (Options, Server, String) {
    let (options, account) = trial.make_user().await;
    let on = format!("ON `{}`.* TO {account}", trial.database);
    trial.run(&format!("GRANT SELECT, LOCK TABLES {on}")).await;
    let mut connection = Connection::open(&options).await.unwrap();
    let server = Server::read(&mut connection).await.unwrap();
    (options, server, account)
}

/// Reads the catalog; after that somebody runs the next statement, if there is one.
struct Meddler {
    server: Server,
    database: String,
    options: Options,
    statements: Mutex<Vec<&'static str>>,
}

impl Meddler {
    async fn read(&self, connection: &mut Connection) -> Result<Schema, Error> {
        let schema = catalog::read(connection, &self.server, &[&self.database]).await?;
        let next = self.statements.lock().unwrap().pop();
        if let Some(statement) = next {
            let mut other = Connection::open(&self.options).await.unwrap();
            other.execute("SET SESSION lock_wait_timeout = 1").await.unwrap();
            // Where the tables are locked it is refused, which is as good.
            let _ = other.execute(statement).await;
        }
        Ok(schema)
    }
}

#[tokio::test]
async fn the_catalog_is_that_of_the_snapshot() {
    for mut trial in Trial::on_each("altered").await {
        for rung in RUNGS {
            trial.run("CREATE TABLE t (a int PRIMARY KEY);\nINSERT INTO t VALUES (1)").await;
            let (options, server, account) = poor(&mut trial).await;
            let database = trial.database.clone();
            let known = catalog::read(&mut trial.connection, &server, &[&database]).await.unwrap();
            let meddler = Meddler {
                server: server.clone(),
                database: database.clone(),
                options: trial.options.clone(),
                statements: Mutex::new(vec![
                    "ALTER TABLE t ADD COLUMN c int",
                    "ALTER TABLE t ADD COLUMN b int",
                ]),
            };
            // What was known before is no longer so.
            trial.run("CREATE TABLE u (a int PRIMARY KEY)").await;
            let lock_timeout = Duration::from_secs(20);
            let ask = Ask { options: &options, server: &server, connections: 2, lock_timeout };
            let read = async |connection: &mut Connection| meddler.read(connection).await;
            let (schema, mut snapshot) =
                take(&ask, Choice::Only(rung), &known, read).await.unwrap();
            assert_eq!(schema.tables.len(), 2, "{rung:?}");
            let planned = schema.tables[0].columns.len() as u64;
            assert_eq!(planned > 1, rung == Rung::BinlogPosition);
            for reader in &mut snapshot.readers {
                let rows = reader.rows(&format!("SELECT * FROM `{database}`.t")).await.unwrap();
                assert!(rows[0].bytes(planned as usize).is_none(), "{rung:?}");
                assert_eq!(rows.len(), 1);
            }
            drop(snapshot);
            trial.run(&format!("DROP USER {account};\nDROP TABLE t;\nDROP TABLE u")).await;
        }
        trial.finish().await;
    }
}

/// A server may refuse what the account's grants allow; the next rung is taken then.
#[tokio::test]
async fn a_rung_that_is_refused_leads_to_the_next() {
    for mut trial in Trial::on_each("refused").await {
        trial.run("CREATE TABLE t (a int PRIMARY KEY)").await;
        let (options, mut server, account) = poor(&mut trial).await;
        trial.run(&format!("GRANT REPLICATION CLIENT ON *.* TO {account}")).await;
        server.privileges = trial.server.privileges.clone();
        server.binary_log = trial.server.binary_log.clone();
        let database = trial.database.clone();
        let known = catalog::read(&mut trial.connection, &server, &[&database]).await.unwrap();
        let ask = Ask {
            options: &options,
            server: &server,
            connections: 2,
            lock_timeout: Duration::from_secs(20),
        };
        let read = async |connection: &mut Connection| {
            Ok(catalog::read(connection, &server, &[&database]).await?)
        };
        let taken = take(&ask, Choice::Auto, &known, read).await;
        let rung = taken.unwrap().1.rung;
        assert!(RUNGS.contains(&rung), "{rung:?}");
        trial.run(&format!("DROP USER {account}")).await;
        trial.finish().await;
    }
}
