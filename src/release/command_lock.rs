//! The release command runs once at a time for a database, whichever host or desk it is started from:
//! an advisory lock, which the server lets go of when our session ends.

use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::files::hexadecimal;
use crate::environment::Environment;
use crate::mysql::connect::Options as MySqlOptions;
use crate::mysql::quote::literal as mysql_literal;
use crate::mysql::wire::Connection;
use crate::postgres::connect::{Options as PostgresOptions, Session};
use crate::postgres::quote::literal as postgres_literal;
use crate::secret::Secret;

/// The first half of the key in PostgreSQL; the second is the hash of the application's name.
const CLASS: i32 = 0x6E76_0003;
const PAUSE: Duration = Duration::from_millis(500);
const CONNECT: Duration = Duration::from_secs(10);

/// Held as long as this lives.
pub(super) enum CommandLock {
    MySql(Box<Connection>),
    Postgres(Box<Session>),
}

impl CommandLock {
    /// `name` is what two runs of the same application share: its folder.
    pub(super) async fn take(
        url: &Secret,
        environment: &Environment,
        name: &str,
        patience: Duration,
    ) -> Result<Self, Error> {
        let is_postgres = url.expose().trim_start().to_ascii_lowercase().starts_with("postgres");
        // GET_LOCK takes 64 characters.
        let key = format!("nirvana:{}", &hexadecimal(&Sha256::digest(name.as_bytes()))[..40]);
        if is_postgres {
            let options = PostgresOptions::from_url(url.expose(), environment, CONNECT)?;
            let session = Box::pin(Session::open(&options)).await?;
            Self::postgres(session, &key, patience).await
        } else {
            let options = MySqlOptions::of_server(url.expose(), environment, CONNECT)?;
            let connection = Box::pin(Connection::open(&options)).await?;
            Self::mysql(connection, &key, patience).await
        }
    }

    async fn postgres(session: Session, key: &str, patience: Duration) -> Result<Self, Error> {
        let begun = Instant::now();
        let key = postgres_literal(key);
        let sql = format!("SELECT 1 WHERE pg_try_advisory_lock({CLASS}, hashtext({key}))");
        while session.rows(&sql).await?.is_empty() {
            if begun.elapsed() >= patience {
                let holder = format!(
                    "SELECT a.usename || ', process ' || l.pid FROM pg_locks l \
                     JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted \
                     AND l.classid::int8 = {CLASS} AND l.objid::int8 = hashtext({key})::int8 & 4294967295"
                );
                let rows = session.rows(&holder).await?;
                let owner =
                    rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
                return Err(locked(owner));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Self::Postgres(Box::new(session)))
    }

    async fn mysql(
        mut connection: Connection,
        key: &str,
        patience: Duration,
    ) -> Result<Self, Error> {
        let begun = Instant::now();
        let key = mysql_literal(key);
        loop {
            // Asked again and again: a wait in the server would outlast our patience for an answer.
            let rows = connection.rows(&format!("SELECT GET_LOCK({key}, 0)")).await?;
            if rows.first().and_then(|row| row.text(0)) == Some("1") {
                return Ok(Self::MySql(Box::new(connection)));
            }
            if begun.elapsed() >= patience {
                let rows = connection.rows(&format!("SELECT IS_USED_LOCK({key})")).await?;
                let owner = rows.first().and_then(|row| row.text(0));
                return Err(locked(owner.map(|number| format!("connection {number}"))));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether it was held all the time: a session that was lost has lost it.
    pub(super) async fn release(self) -> Result<(), Error> {
        match self {
            Self::MySql(mut connection) => {
                connection.rows("SELECT RELEASE_ALL_LOCKS()").await?;
                connection.close().await;
            }
            Self::Postgres(session) => {
                session.rows("SELECT pg_advisory_unlock_all()::text").await?;
            }
        }
        Ok(())
    }
}

fn locked(owner: Option<String>) -> Error {
    let owner = owner.unwrap_or_else(|| "another session".to_owned());
    Error::Locked { what: "the release command's advisory lock".to_owned(), owner }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::CommandLock;
    use crate::environment::Environment;
    use crate::release::error::Error;
    use crate::secret::Secret;

    /// On every server that the tests have: one holds it, another is told who, and a third gets it.
    #[tokio::test]
    async fn a_release_command_runs_once_at_a_time_for_a_database() {
        let environment = Environment::of(&[]);
        for server in ["MARIADB", "MYSQL", "POSTGRES15", "POSTGRES18"] {
            let Ok(url) = std::env::var(format!("NIRVANA_TEST_{server}")) else {
                assert!(std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_none(), "run ci/test");
                return;
            };
            let url = Secret::new(url);
            let take =
                |name: &'static str| CommandLock::take(&url, &environment, name, Duration::ZERO);
            let held = take("/srv/it's").await.unwrap();
            let Err(Error::Locked { owner, .. }) = take("/srv/it's").await else {
                panic!("{server} gave one lock twice");
            };
            assert!(owner.contains("process ") || owner.contains("connection "), "{owner}");
            take("/srv/other").await.unwrap().release().await.unwrap();
            held.release().await.unwrap();
            drop(take("/srv/it's").await.unwrap());
        }
    }
}
