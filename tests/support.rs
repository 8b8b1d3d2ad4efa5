//! Real servers, databases that vanish with their test, and the program itself.
//!
//! The servers' own command line clients load and judge: what they say does not hang on any of
//! our code.

mod moving;
mod program;
mod report;
mod victim;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use self::moving::{killed, killed_after, migrate_with, settings};
pub(crate) use self::program::{Run, migrate, migrate_as, migrate_between, nirvana, run};
pub(crate) use self::report::Report;
pub(crate) use self::victim::Victim;

/// A source: a `MySQL` or `MariaDB` server that the tests share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    MariaDb,
    MySql,
}

/// A target: a `PostgreSQL` server that the tests share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Postgres15,
    Postgres18,
}

pub(crate) const PAIRS: [(Source, Target); 4] = [
    (Source::MariaDb, Target::Postgres15),
    (Source::MariaDb, Target::Postgres18),
    (Source::MySql, Target::Postgres15),
    (Source::MySql, Target::Postgres18),
];

/// The password of `nirvana_admin` on every test server.
pub(crate) const PASSWORD: &str = "admin";

impl Source {
    fn variable(self) -> &'static str {
        match self {
            Self::MariaDb => "NIRVANA_TEST_MARIADB",
            Self::MySql => "NIRVANA_TEST_MYSQL",
        }
    }

    /// The word that fixtures use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
        }
    }
}

impl Target {
    fn variable(self) -> &'static str {
        match self {
            Self::Postgres15 => "NIRVANA_TEST_POSTGRES15",
            Self::Postgres18 => "NIRVANA_TEST_POSTGRES18",
        }
    }
}

/// Where `ci/servers env` says a thing is. Absent, the test is skipped by name; where servers
/// are required, as in CI, that is a failure.
pub(crate) fn setting(name: &str) -> Option<String> {
    if let Ok(value) = std::env::var(name)
        && !value.is_empty()
    {
        return Some(value);
    }
    assert!(
        std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_none(),
        "{name} is not set, and servers are required: run ci/test"
    );
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped: {test}: {name} is not set; run ci/test");
    None
}

/// A folder of databases that others wrote; users do not have it.
pub(crate) fn others_databases() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/db");
    if folder.is_dir() {
        return Some(folder);
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped: {test}: {} is absent", folder.display());
    None
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A program from `ci/servers`' folder of clients.
pub(crate) fn client(name: &str) -> Command {
    let folder = setting("NIRVANA_TEST_CLIENTS").unwrap();
    Command::new(Path::new(&folder).join(name))
}

/// Host and port of a URL such as `mysql://user:password@host:port/…`.
pub(crate) fn address(url: &str) -> (String, String) {
    let after = url.rsplit_once('@').unwrap().1;
    let place = after.split('/').next().unwrap();
    let (host, port) = place.split_once(':').unwrap();
    (host.to_owned(), port.to_owned())
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A name that no other test has, in this process or another.
pub(crate) fn unique(stem: &str) -> String {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("nv_{stem}_{}_{number}", std::process::id())
}

/// A database of the source's server, dropped at the end.
pub(crate) struct SourceDatabase {
    pub(crate) server: Source,
    url: String,
    pub(crate) name: String,
}

impl SourceDatabase {
    pub(crate) fn create(server: Source, stem: &str) -> Option<Self> {
        let url = setting(server.variable())?;
        Some(Self::on(server, &url, stem))
    }

    /// A database of a server that is not one of the shared ones.
    pub(crate) fn on(server: Source, url: &str, stem: &str) -> Self {
        let database = Self { server, url: url.to_owned(), name: unique(stem) };
        database.admin(&format!("CREATE DATABASE `{}` CHARACTER SET utf8mb4", database.name));
        database
    }

    pub(crate) fn client(&self) -> Command {
        let (host, port) = address(&self.url);
        // MariaDB's client talks to MySQL too, except for its newest plugins: each has its own.
        let mut command = client(self.server.word());
        command.args(["--default-character-set=utf8mb4", "-h", &host, "-P", &port]);
        command.args(["-u", "nirvana_admin", "--batch", "--raw", "--skip-column-names"]);
        command.env("MYSQL_PWD", PASSWORD);
        command
    }

    /// Where its server is, as options of all its clients.
    pub(crate) fn address_options(&self) -> Vec<String> {
        let (host, port) = address(&self.url);
        ["-h", &host, "-P", &port, "-u", "nirvana_admin"].map(str::to_owned).to_vec()
    }

    /// A statement outside of the database.
    pub(crate) fn admin(&self, sql: &str) -> String {
        feed(self.client(), sql.as_bytes(), sql)
    }

    /// Runs statements; gives what they print, a row a line, tabs between columns.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let mut command = self.client();
        command.arg(&self.name);
        feed(command, sql.as_bytes(), sql)
    }

    /// As `sql`, for a statement that may be refused.
    pub(crate) fn attempt(&self, sql: &str) -> Result<String, String> {
        let mut command = self.client();
        command.arg(&self.name);
        attempt(command, sql.as_bytes())
    }

    /// Loads a file; one that others wrote may have statements that this server refuses.
    pub(crate) fn load(&self, file: &Path, tolerant: bool) {
        let mut command = self.client();
        if tolerant {
            command.arg("--force");
        }
        command.arg(&self.name);
        let text = std::fs::read(file).unwrap();
        let output = output(command, &text);
        assert!(
            tolerant || output.status.success(),
            "{}: {}",
            file.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The URL, without a password.
    pub(crate) fn url(&self) -> String {
        let (host, port) = address(&self.url);
        format!("mysql://nirvana_admin@{host}:{port}/{}", self.name)
    }
}

impl Drop for SourceDatabase {
    fn drop(&mut self) {
        self.admin(&format!("DROP DATABASE IF EXISTS `{}`", self.name));
    }
}

/// A database of the target's server, dropped at the end.
pub(crate) struct TargetDatabase {
    url: String,
    pub(crate) name: String,
}

impl TargetDatabase {
    pub(crate) fn create(server: Target, stem: &str) -> Option<Self> {
        Some(Self::on(&setting(server.variable())?, stem))
    }

    /// A database of a server that is not one of the shared ones.
    pub(crate) fn on(url: &str, stem: &str) -> Self {
        let database = Self { url: url.to_owned(), name: unique(stem) };
        database.run("postgres", &format!("CREATE DATABASE {}", database.name));
        database
    }

    fn run(&self, database: &str, sql: &str) -> String {
        feed(self.client(database), sql.as_bytes(), sql)
    }

    /// As `sql`, for a statement that may be refused.
    pub(crate) fn attempt(&self, sql: &str) -> Result<String, String> {
        attempt(self.client(&self.name), sql.as_bytes())
    }

    fn client(&self, database: &str) -> Command {
        let (host, port) = address(&self.url);
        let mut command = client("psql");
        command.args(["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]);
        command.args(["-h", &host, "-p", &port, "-U", "nirvana_admin", "-d", database]);
        command.env("PGPASSWORD", PASSWORD).env("PGOPTIONS", "-c TimeZone=UTC");
        command
    }

    /// Runs statements; gives what they print, a row a line, tabs between columns.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.run(&self.name, sql)
    }

    /// What its server's own `pg_dump` says of it.
    pub(crate) fn pg_dump(&self, server: Target, options: &[&str]) -> String {
        let (host, port) = address(&self.url);
        let folder = setting(&format!("{}_BIN", server.variable())).unwrap();
        let mut command = Command::new(Path::new(&folder).join("pg_dump"));
        command.args(["-h", &host, "-p", &port, "-U", "nirvana_admin"]).args(options);
        command.arg(&self.name).env("PGPASSWORD", PASSWORD);
        attempt(command, b"").unwrap()
    }

    /// The URL, without a password.
    pub(crate) fn url(&self) -> String {
        let (host, port) = address(&self.url);
        format!("postgres://nirvana_admin@{host}:{port}/{}", self.name)
    }
}

impl Drop for TargetDatabase {
    fn drop(&mut self) {
        self.run("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// A source and a target of a pair of servers.
pub(crate) fn databases(
    pair: (Source, Target),
    stem: &str,
) -> Option<(SourceDatabase, TargetDatabase)> {
    Some((SourceDatabase::create(pair.0, stem)?, TargetDatabase::create(pair.1, stem)?))
}

fn output(mut command: Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Written from a thread of its own: a client that prints much must not wait for us.
    let writer = std::thread::spawn(move || {
        // A client that ends at an error closes its end, which its exit code tells.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn feed(command: Command, input: &[u8], what: &str) -> String {
    attempt(command, input).unwrap_or_else(|error| panic!("{what}\n{error}"))
}

/// What a client prints, or what it complains of.
pub(crate) fn attempt(command: Command, input: &[u8]) -> Result<String, String> {
    let output = output(command, input);
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
