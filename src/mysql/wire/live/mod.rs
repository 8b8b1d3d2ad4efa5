//! Tests against real servers, which `ci/servers` starts. Without them they skip, but fail where
//! `NIRVANA_TEST_REQUIRE_SERVERS` is set.

mod failure;
mod login;
mod rows;
mod tls;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::Connection;
use crate::environment::Environment;
use crate::mysql::connect::{Host, Options};
use crate::secret::Secret;

/// One server under test.
struct Server {
    kind: Kind,
    url: String,
    socket: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    MariaDb,
    MySql,
}

/// The value of a variable that `ci/servers env` sets.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        let required = std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_some();
        assert!(!required, "{name} is not set, and NIRVANA_TEST_REQUIRE_SERVERS is");
        eprintln!("skipped: {name} is not set (ci/servers start; eval \"$(ci/servers env)\")");
    }
    value
}

fn server(kind: Kind) -> Option<Server> {
    let name = match kind {
        Kind::MariaDb => "NIRVANA_TEST_MARIADB",
        Kind::MySql => "NIRVANA_TEST_MYSQL",
    };
    let url = variable(name)?;
    let socket = variable(&format!("{name}_SOCKET"))?.into();
    Some(Server { kind, url, socket })
}

/// Both, or those of them that are there.
fn servers() -> Vec<Server> {
    [Kind::MariaDb, Kind::MySql].into_iter().filter_map(server).collect()
}

impl Server {
    /// As the administrator, with a query such as `ssl-mode=disabled`.
    fn admin_options(&self, query: &str) -> Options {
        let url = format!("{}/mysql?{query}", self.url);
        Options::from_url(&url, &Environment::default(), Duration::from_secs(20)).unwrap()
    }

    async fn admin(&self) -> Connection {
        Connection::open(&self.admin_options("")).await.unwrap()
    }

    /// As some user, into no database.
    fn options(&self, user: &str, password: &str, query: &str) -> Options {
        let mut options = self.admin_options(query);
        user.clone_into(&mut options.user);
        options.password = Some(Secret::new(password));
        options.database = None;
        options
    }

    /// As `options`, over the unix socket.
    fn socket_options(&self, user: &str, password: &str, query: &str) -> Options {
        let mut options = self.options(user, password, query);
        options.host = Host::Socket(self.socket.clone());
        options
    }

    /// A new user; `identified` is what follows its name in CREATE USER.
    async fn create_user(&self, user: &str, identified: &str) {
        let mut admin = self.admin().await;
        define(&mut admin, &format!("DROP USER IF EXISTS {user}@'%'")).await;
        define(&mut admin, &format!("CREATE USER {user}@'%' {identified}")).await;
        admin.close().await;
    }

    /// A new, empty database of a test's own, and a connection that uses it.
    async fn database(&self, name: &str) -> Connection {
        let mut admin = self.admin().await;
        define(&mut admin, &format!("DROP DATABASE IF EXISTS {name}")).await;
        define(&mut admin, &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await;
        define(&mut admin, &format!("USE {name}")).await;
        admin
    }
}

/// A server for one test alone, which may do with it what it likes; it ends with this value.
struct Spawned {
    script: String,
    /// Deleted last, when the server is no more.
    folder: tempfile::TempDir,
    url: String,
    socket: PathBuf,
}

impl Spawned {
    fn new(kind: &str, arguments: &[&str]) -> Option<Self> {
        let script = variable("NIRVANA_TEST_SERVERS")?;
        let folder = tempfile::Builder::new().prefix("wire").tempdir().unwrap();
        // The server may run as somebody else.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let mut spawn = Command::new(&script);
        spawn.arg("spawn").arg(kind).arg(folder.path().join("server")).arg("--").args(arguments);
        let output = spawn.output().unwrap();
        let exports = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let export = |name: &str| {
            let line = exports.lines().find_map(|line| line.split_once(name)).unwrap().1;
            line.trim_matches('\'').to_owned()
        };
        let url = export("NIRVANA_SPAWN_URL=");
        let socket = PathBuf::from(export("NIRVANA_SPAWN_SOCKET_DIR=")).join("mysql.sock");
        Some(Self { script, folder, url, socket })
    }

    /// Where the server keeps its data.
    fn data(&self) -> PathBuf {
        self.folder.path().join("server/data")
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        let killed =
            Command::new(&self.script).arg("kill").arg(self.folder.path().join("server")).status();
        if !killed.is_ok_and(|status| status.success()) {
            eprintln!("a server in {} could not be killed", self.folder.path().display());
        }
    }
}

/// Runs DDL: tests in parallel run into deadlocks over the server's own tables.
async fn define(connection: &mut Connection, sql: &str) {
    const DEADLOCK: u16 = 1213;
    for _attempt in 0..10 {
        match connection.execute(sql).await {
            Err(error) if error.code() == Some(DEADLOCK) => {}
            result => {
                result.unwrap();
                return;
            }
        }
    }
    panic!("one deadlock after the other: {sql}");
}

/// The first value of the first row.
async fn value(connection: &mut Connection, sql: &str) -> String {
    connection.rows(sql).await.unwrap()[0].required(0).unwrap().to_owned()
}
