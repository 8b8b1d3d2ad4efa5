//! Grants on real servers: every name works and opens nothing else, a second run has nothing to do,
//! and no secret is seen anywhere.

use std::fmt::Write as _;
use std::path::Path;

use crate::provision::roles_do_what_they_should;
use crate::support::{PASSWORD, Run, Source, Victim, address, attempt, client, nirvana, run};

/// Names that break quotings, patterns, splitters and parsers.
const NAMES: [&str; 27] = [
    "plain",
    "UPPER_case",
    "my_%_db",
    "\\",
    "my_db",
    "my%db",
    "my-db",
    "my.db",
    "my db",
    "my`db",
    "my``db",
    "my'db",
    "my\"db",
    "my\\db",
    "my\\_db",
    "a/b",
    "a:b",
    "x ON y",
    "a TO b",
    "a);DROP",
    "SELECT",
    "PROCEDURE",
    "FUNCTION x",
    "*",
    "ünï",
    "1leading",
    "new\nline",
];

/// 64 characters, the most that MySQL takes.
pub(crate) const LONG: &str = "a234567890b234567890c234567890d234567890e234567890f234567890g234";

pub(crate) const PASSWORDS: [&str; 9] = [
    "o'neil",
    "back\\slash\\'",
    "dou\"ble",
    "$HOME and %d",
    " blanks ",
    "two\nlines",
    "{{ template }}",
    "md5900150983cd24fb0d6963f7d28e17f72",
    "ünï-ß日本",
];

/// A folder with a `nirvana.toml`.
pub(crate) struct Project(tempfile::TempDir);

impl Project {
    pub(crate) fn new(text: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write(text);
        project
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.path().join("nirvana.toml"), text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn provision(&self, arguments: &[&str]) -> Run {
        let mut command = nirvana();
        command.arg("provision").args(arguments).current_dir(self.path());
        for (at, password) in PASSWORDS.iter().enumerate() {
            command.env(format!("PW{at}"), password);
        }
        let run = run(command);
        for password in PASSWORDS {
            assert!(!run.all().contains(password), "{password} is shown\n{}", run.all());
        }
        run
    }

    /// Applies, and proves that nothing is left to do.
    pub(crate) fn settle(&self, more: &[&str]) -> Run {
        let applied = self.provision(&[&["--apply"], more].concat());
        assert!(applied.code <= 1, "{}", applied.all());
        let again = self.provision(&[&["--check"], more].concat());
        assert_eq!(again.stdout.matches(";\n").count(), 0, "{}{}", applied.all(), again.all());
        assert_eq!(again.code, 0, "{}{}", applied.all(), again.all());
        applied
    }
}

/// TOML's basic strings are JSON's.
pub(crate) fn toml(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

pub(crate) fn server(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let place = rest.rsplit_once('@').unwrap().1;
    let place = place.split('/').next().unwrap();
    let database = if scheme.starts_with("postgres") { "/postgres" } else { "" };
    format!("[provision.servers.main]\nurl = \"{scheme}://nirvana_admin@{place}{database}\"\n")
}

/// Each name a database, each with an owner of its own; the owners' names are as odd as they may be.
fn catalogue(url: &str, names: &[&str], owns: bool) -> String {
    let mut text = server(url);
    for (at, name) in names.iter().enumerate() {
        let (user, name) = (toml(&owner(name)), toml(name));
        writeln!(text, "[[provision.servers.main.databases]]\nname = {name}").unwrap();
        if owns {
            writeln!(text, "owner = {user}").unwrap();
        }
        writeln!(text, "[[provision.servers.main.users]]\nname = {user}").unwrap();
        writeln!(text, "password = {{ env = \"PW{}\" }}", at % PASSWORDS.len()).unwrap();
    }
    text
}

/// As long as MySQL allows.
fn owner(name: &str) -> String {
    let user: String = format!("u {name}").chars().take(32).collect();
    user.trim_end().to_owned()
}

/// The name with each of its wildcards, one at a time, turned into a letter.
fn siblings(name: &str) -> Vec<String> {
    name.char_indices()
        .filter(|(_, letter)| "_%".contains(*letter))
        .map(|(at, _)| format!("{}x{}", &name[..at], &name[at + 1..]))
        .collect()
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The catalogue, from nothing to grants to nothing, on a server that is our own.
fn every_name_works(kind: Source, url: &str) {
    let names: Vec<&str> = NAMES.iter().copied().chain([LONG]).collect();
    let admin = |sql: &str| mysql_as(kind, url, ("nirvana_admin", PASSWORD), sql).unwrap();
    let mut others = String::new();
    for sibling in names.iter().flat_map(|name| siblings(name)) {
        if !names.contains(&sibling.as_str()) {
            write!(others, "CREATE DATABASE IF NOT EXISTS {};", quoted(&sibling)).unwrap();
        }
    }
    admin(&others);
    let project = Project::new(&catalogue(url, &names, true));
    project.settle(&[]);
    for (at, name) in names.iter().enumerate() {
        let (user, password) = (owner(name), PASSWORDS[at % PASSWORDS.len()]);
        let attempt = |sql: &str| mysql_as(kind, url, (&user, password), sql);
        let own = quoted(name);
        let sql = format!("CREATE TABLE {own}.t (a int); DROP TABLE {own}.t");
        attempt(&sql).unwrap_or_else(|error| panic!("{user} in {name}: {error}"));
        for sibling in siblings(name) {
            let sql = format!("CREATE TABLE {}.t (a int)", quoted(&sibling));
            assert!(attempt(&sql).is_err(), "{user} reaches {sibling}");
        }
        // With no privilege in a database, one does not even see it.
        let count = "SELECT count(*) FROM information_schema.SCHEMATA \
                     WHERE SCHEMA_NAME NOT IN ('information_schema', 'performance_schema')";
        assert_eq!(attempt(count).unwrap().trim(), "1", "{user} sees more than {name}");
    }
    project.write(&catalogue(url, &names, false));
    let named = project.provision(&["--check"]);
    assert!(named.stderr.contains("not-in-file") || named.stdout.contains("not-in-file"));
    project.settle(&["--prune"]);
    for (at, name) in names.iter().enumerate() {
        let login = (owner(name), PASSWORDS[at % PASSWORDS.len()]);
        let sql = format!("CREATE TABLE {}.t (a int)", quoted(name));
        let attempt = mysql_as(kind, url, (&login.0, login.1), &sql);
        assert!(attempt.is_err(), "{name} is not revoked");
    }
    let mut drops = String::new();
    for name in &names {
        let user = owner(name);
        write!(drops, "DROP USER {};", quoted(&user)).unwrap();
    }
    admin(&drops);
}

#[test]
fn every_name_works_on_mariadb_in_every_dialect() {
    let Some(victim) = Victim::spawn("mariadb") else { return };
    every_name_works(Source::MariaDb, &victim.url);
    let dialect = "SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; \
                   SET GLOBAL sql_quote_show_create = 0";
    mysql_as(Source::MariaDb, &victim.url, ("nirvana_admin", PASSWORD), dialect).unwrap();
    every_name_works(Source::MariaDb, &victim.url);
}

#[test]
fn every_name_works_on_mysql_in_every_dialect_and_with_partial_revokes() {
    let Some(victim) = Victim::spawn("mysql") else { return };
    let admin =
        |sql: &str| mysql_as(Source::MySql, &victim.url, ("nirvana_admin", PASSWORD), sql).unwrap();
    admin("SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 1");
    every_name_works(Source::MySql, &victim.url);
    // Not even what the server itself writes down has a password in it.
    let log = admin("SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log");
    assert!(log.contains("CREATE USER"), "{log}");
    for password in PASSWORDS {
        assert!(!log.contains(password), "{password} is in the server's log");
    }
    admin(
        "SET GLOBAL general_log = 0; SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; \
         SET GLOBAL sql_quote_show_create = 0",
    );
    every_name_works(Source::MySql, &victim.url);
    admin("SET GLOBAL partial_revokes = ON");
    every_name_works(Source::MySql, &victim.url);
}

/// What the server's own client prints to somebody who logs in, or how it is refused.
pub(crate) fn mysql_as(
    server: Source,
    url: &str,
    (user, password): (&str, &str),
    sql: &str,
) -> Result<String, String> {
    let (host, port) = address(url);
    let mut command = client(server.word());
    command.args(["--default-character-set=utf8mb4", "-h", &host, "-P", &port]);
    command.args(["--batch", "--raw", "--skip-column-names"]);
    // One word, so that a name may begin with a dash.
    command.arg(format!("--user={user}")).env("MYSQL_PWD", password);
    attempt(command, sql.as_bytes())
}

/// The same of PostgreSQL's.
pub(crate) fn psql_as(
    url: &str,
    database: &str,
    (user, password): (&str, &str),
    sql: &str,
) -> Result<String, String> {
    let (host, port) = address(url);
    let mut command = client("psql");
    command.args(["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]);
    // By the environment: psql would take a name with = in it for a connection string.
    command.env("PGHOST", host).env("PGPORT", port).env("PGDATABASE", database);
    command.env("PGUSER", user).env("PGPASSWORD", password);
    attempt(command, sql.as_bytes())
}

pub(crate) fn psql(url: &str, database: &str, sql: &str) -> String {
    psql_as(url, database, ("nirvana_admin", PASSWORD), sql).unwrap()
}

fn every_name_works_on_postgres(url: &str) {
    // Making a database takes a second, so these are the names that only PostgreSQL could misread.
    let names = ["my_db", "my.db", "my`db", "my'db", "my\"db", "a\\db", "UPPER", "new\nline"];
    let names: Vec<&str> = names.into_iter().chain([&LONG[..63]]).collect();
    let project = Project::new(&catalogue(url, &names, true));
    project.settle(&[]);
    for (at, name) in names.iter().enumerate() {
        let user = owner(name);
        let login = (user.as_str(), PASSWORDS[at % PASSWORDS.len()]);
        psql_as(url, name, login, "CREATE TABLE t (a int); DROP TABLE t")
            .unwrap_or_else(|error| panic!("{user} in {name}: {error}"));
        let other = names[(at + 1) % names.len()];
        assert!(psql_as(url, other, login, "SELECT 1").is_err(), "{user} reaches {other}");
    }
}

#[test]
fn every_name_works_on_postgres_and_so_do_all_roles() {
    for kind in ["postgres15", "postgres18"] {
        let Some(victim) = Victim::spawn(kind) else { return };
        every_name_works_on_postgres(&victim.url);
        roles_do_what_they_should(&victim.url, "nirvana_admin", "shop");
        // Who makes roles and databases and is no superuser, as on managed servers.
        let boss = "CREATE ROLE boss LOGIN CREATEROLE CREATEDB PASSWORD 'admin'";
        psql(&victim.url, "postgres", boss);
        roles_do_what_they_should(&victim.url, "boss", "office");
    }
}
