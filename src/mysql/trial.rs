//! A database of its own on each test server, for tests that ask the real thing.

use std::time::Duration;

use super::connect::Options;
use super::quote::literal;
use super::server::Server;
use super::wire::Connection;
use crate::environment::Environment;
use crate::name::mysql_quoted;
use crate::secret::Secret;

/// One test's database.
pub(crate) struct Trial {
    pub(crate) options: Options,
    pub(crate) server: Server,
    pub(crate) connection: Connection,
    pub(crate) database: String,
}

impl Trial {
    /// On each server that the environment names, one after the other. `purpose` makes the
    /// database's name unique among the tests.
    pub(crate) async fn on_each(purpose: &str) -> Vec<Self> {
        let mut trials = Vec::new();
        for variable in ["NIRVANA_TEST_MARIADB", "NIRVANA_TEST_MYSQL"] {
            if let Ok(url) = std::env::var(variable) {
                trials.push(Self::at(&url, purpose).await);
                continue;
            }
            let required = std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_some();
            assert!(!required, "{variable} is not set, and NIRVANA_TEST_REQUIRE_SERVERS is");
            eprintln!("skipped: {purpose}, as {variable} is not set");
        }
        trials
    }

    async fn at(url: &str, purpose: &str) -> Self {
        let database = format!("nirvana_{purpose}_{}", std::process::id());
        let options = Options::from_url(
            &format!("{url}/{database}"),
            &Environment::default(),
            Duration::from_secs(10),
        )
        .unwrap();
        let admin = Options { database: None, ..options.clone() };
        let mut connection = Connection::open(&admin).await.unwrap();
        let name = mysql_quoted(&database);
        for statement in [
            format!("DROP DATABASE IF EXISTS {name}"),
            format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
            format!("USE {name}"),
            // A test that waits for itself shall fail, not hang.
            "SET SESSION lock_wait_timeout = 60".to_owned(),
        ] {
            connection.execute(&statement).await.unwrap();
        }
        let server = Server::read(&mut connection).await.unwrap();
        Self { options, server, connection, database }
    }

    /// Runs the statements of a script, which end in `;` and a line break.
    pub(crate) async fn run(&mut self, script: &str) {
        for statement in script.split(";\n").map(str::trim).filter(|text| !text.is_empty()) {
            if let Err(error) = self.connection.execute(statement).await {
                panic!("{error}, in: {statement}");
            }
        }
    }

    /// How an account without any privilege logs in, and its quoted name: it is made here, and to
    /// be dropped by the test.
    pub(crate) async fn make_user(&mut self) -> (Options, String) {
        let user = format!("{}_u", self.database);
        let account = format!("{}@'%'", literal(&user));
        self.run(&format!(
            "DROP USER IF EXISTS {account};\nCREATE USER {account} IDENTIFIED BY 'secret'"
        ))
        .await;
        let password = Some(Secret::new("secret"));
        (Options { user, password, database: None, ..self.options.clone() }, account)
    }

    /// Drops the database; a test that fails before leaves it to be looked at.
    pub(crate) async fn finish(mut self) {
        let statement = format!("DROP DATABASE {}", mysql_quoted(&self.database));
        self.connection.execute(&statement).await.unwrap();
    }
}
