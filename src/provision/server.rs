//! The servers' ends of a run: how each is reached, looked at, and spoken to.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::Error;
use super::mysql::AccountWish;
use super::passwords::Keeper;
use super::plan::Step;
use super::postgres::{RoleWish, Wish};
use super::wanted::Server;
use crate::mysql::connect::Options as MySqlOptions;
use crate::mysql::grants::Account;
use crate::mysql::grants::read::Present as MySqlPresent;
use crate::mysql::server::Flavour;
use crate::mysql::wire::Connection;
use crate::postgres::connect::{Options as PostgresOptions, Session as PostgresSession};
use crate::postgres::error::Error as PostgresError;
use crate::postgres::grants::Inner;
use crate::postgres::grants::read::Present as PostgresPresent;

/// How often a statement is tried that another one got in the way of.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);

pub(super) enum End {
    MySql(MySqlEnd),
    Postgres(PostgresEnd),
}

pub(super) struct MySqlEnd {
    pub(super) name: String,
    pub(super) options: Box<MySqlOptions>,
}

pub(super) struct PostgresEnd {
    pub(super) name: String,
    pub(super) options: Box<PostgresOptions>,
}

impl End {
    pub(super) fn of(
        name: &str,
        server: &Server,
        keeper: &mut Keeper<'_>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let place = format!("provision.servers.{name}");
        let url = match (&server.url, &server.url_env) {
            (Some(url), None) => url.clone(),
            (None, Some(variable)) => {
                keeper.environment.get(variable).map(str::to_owned).ok_or_else(|| {
                    Error::wanted(&place, format!("the environment variable {variable} is not set"))
                })?
            }
            _ => {
                let error = Error::wanted(place, "one of url and url-env must say where it is");
                return Err(error.hinted("url = \"postgres://admin@db.example.com/postgres\""));
            }
        };
        let mut end = Self::reach(name, &url, keeper, timeout)?;
        if let Some(reference) = &server.password {
            let secret = keeper.find(reference, &place)?.secret;
            match &mut end {
                Self::MySql(end) => end.options.password = Some(secret),
                Self::Postgres(end) => {
                    let user = end.options.user().to_owned();
                    *end.options = end.options.with_login(&user, &secret);
                }
            }
        }
        Ok(end)
    }

    pub(super) fn reach(
        name: &str,
        url: &str,
        keeper: &Keeper<'_>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let name = name.to_owned();
        let is_postgres = url.trim_start().to_ascii_lowercase().starts_with("postgres");
        Ok(if is_postgres {
            let options = PostgresOptions::from_url(url, keeper.environment, timeout)?;
            Self::Postgres(PostgresEnd { name, options: Box::new(options) })
        } else {
            let options = MySqlOptions::of_server(url, keeper.environment, timeout)?;
            Self::MySql(MySqlEnd { name, options: Box::new(options) })
        })
    }

    /// As whom we are connected.
    pub(super) fn user(&self) -> &str {
        match self {
            Self::MySql(end) => &end.options.user,
            Self::Postgres(end) => end.options.user(),
        }
    }

    pub(super) fn address(&self) -> String {
        match self {
            Self::MySql(end) => end.options.address(),
            Self::Postgres(end) => format!("postgres://{}", end.options.address()),
        }
    }

    /// The server, and the database where it matters; for people.
    pub(super) fn place(&self, step: &Step) -> String {
        let name = match self {
            Self::MySql(end) => &end.name,
            Self::Postgres(end) => &end.name,
        };
        match &step.database {
            Some(database) => format!("{name}, in database {database}"),
            None => format!("{name}: {}", self.address()),
        }
    }
}

impl MySqlEnd {
    /// The connection is to no database: those that the plan makes may be what the URL names.
    pub(super) async fn open(&self) -> Result<Connection, Error> {
        let options = MySqlOptions { database: None, ..(*self.options).clone() };
        Ok(Connection::open(&options).await?)
    }

    pub(super) async fn read(&self, accounts: &[Account]) -> Result<MySqlPresent, Error> {
        let mut connection = self.open().await?;
        let present = MySqlPresent::read(&mut connection, accounts).await?;
        connection.close().await;
        let old = match present.flavour {
            Flavour::MySql => present.version < (8, 0, 0),
            Flavour::MariaDb => present.version < (10, 4, 0),
        };
        if old {
            let version = present.version_text.clone();
            return Err(Error::Version { server: self.name.clone(), version });
        }
        Ok(present)
    }

    /// Where nobody may look at the hash, only a login tells whether the password is right.
    pub(super) async fn try_login(
        &self,
        wish: &mut AccountWish,
        present: &MySqlPresent,
    ) -> Result<(), Error> {
        let is_hidden =
            present.accounts.get(wish.account()).is_some_and(|held| held.login.is_none());
        let user = wish.account().user.clone();
        let Some(password) = wish.password_mut().filter(|_| is_hidden) else { return Ok(()) };
        let options = MySqlOptions {
            user,
            password: Some(password.secret.clone()),
            database: None,
            ..(*self.options).clone()
        };
        password.works = match Connection::open(&options).await {
            Ok(connection) => {
                connection.close().await;
                Some(true)
            }
            Err(error) if error.code() == Some(1045) => Some(false),
            Err(error) => return Err(error.into()),
        };
        Ok(())
    }
}

impl PostgresEnd {
    pub(super) async fn read(&self, wish: &Wish) -> Result<PostgresPresent, Error> {
        let session = PostgresSession::open(&self.options).await?;
        let mut present = PostgresPresent::read(&session).await?;
        if present.version < 140_000 {
            let version = present.version_text.clone();
            return Err(Error::Version { server: self.name.clone(), version });
        }
        for database in &wish.databases {
            let Some(there) = present.databases.get_mut(&database.name) else { continue };
            let session =
                PostgresSession::open(&self.options.with_database(&database.name)).await?;
            let parts: Vec<(String, String)> = database
                .parts
                .iter()
                .map(|wish| (wish.part.schema.clone(), wish.part.table.clone()))
                .collect();
            there.inner = Some(Inner::read(&session, &database.schemas, &parts).await?);
        }
        Ok(present)
    }

    /// Where nobody may look at the verifier, only a login tells whether the password is right. A
    /// server that asks this address for no password cannot tell.
    pub(super) async fn try_login(
        &self,
        role: &mut RoleWish,
        present: &PostgresPresent,
    ) -> Result<(), Error> {
        let is_hidden = present.passwords.is_none();
        let is_open = present.roles.get(&role.name).is_some_and(|role| role.can_log_in);
        let Some(password) = role.password.as_mut().filter(|_| is_hidden && is_open) else {
            return Ok(());
        };
        let options = self.options.with_login(&role.name, &password.secret);
        password.works = match PostgresSession::open(&options).await {
            // It may log in, but not into this database.
            Ok(_) => Some(true),
            Err(error) if error.sqlstate() == Some("42501") => Some(true),
            Err(_refused) => Some(false),
        };
        Ok(())
    }
}

/// Sessions of a run, opened where a statement needs one.
pub(super) struct Session<'a> {
    end: &'a End,
    mysql: Option<Connection>,
    postgres: BTreeMap<Option<String>, PostgresSession>,
}

impl<'a> Session<'a> {
    pub(super) fn new(end: &'a End) -> Self {
        Self { end, mysql: None, postgres: BTreeMap::new() }
    }

    pub(super) async fn run(&mut self, step: &Step) -> Result<(), Error> {
        match self.end {
            End::MySql(end) => {
                if self.mysql.is_none() {
                    self.mysql = Some(Box::pin(end.open()).await?);
                }
                if let Some(connection) = &mut self.mysql {
                    connection.execute(step.statement.sql()).await?;
                }
                Ok(())
            }
            End::Postgres(end) => self.run_postgres(end, step).await,
        }
    }

    async fn run_postgres(&mut self, end: &PostgresEnd, step: &Step) -> Result<(), Error> {
        if !self.postgres.contains_key(&step.database) {
            let options = match &step.database {
                Some(database) => end.options.with_database(database),
                None => (*end.options).clone(),
            };
            let session = Box::pin(PostgresSession::open(&options)).await?;
            self.postgres.insert(step.database.clone(), session);
        }
        let Some(session) = self.postgres.get(&step.database) else { return Ok(()) };
        let mut attempt = 1;
        loop {
            match session.execute(step.statement.sql()).await {
                Ok(()) => return Ok(()),
                Err(error) if is_made_already(&error) => return Ok(()),
                Err(error) if attempt < ATTEMPTS && is_crossed(&error) => attempt += 1,
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Somebody else made the role or database since we looked; what it still lacks is found when we
/// look again.
fn is_made_already(error: &PostgresError) -> bool {
    matches!(error.sqlstate(), Some("42710" | "42P04"))
}

/// Two sessions changed one list of privileges at once: "tuple concurrently updated".
fn is_crossed(error: &PostgresError) -> bool {
    error.sqlstate() == Some("XX000") && error.to_string().contains("concurrently")
}
