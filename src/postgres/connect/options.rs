//! Where and how to connect: everything a connection needs, resolved once.

use std::fmt;
use std::time::Duration;

use tokio_postgres::config::{ChannelBinding, SslNegotiation};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::endpoint::{Endpoint, endpoints};
use super::passfile::{self, Login, Passfile};
use super::tls::{self, SslMode};
use super::url::Settings;
use super::value::{parsed, wrong};
use crate::environment::Environment;
use crate::postgres::error::OptionsError;
use crate::secret::Secret;

/// A URL, the environment, `~/.pgpass` and `~/.postgresql`, read as libpq reads them. All files
/// are read here; opening a session only talks to the server.
#[derive(Clone)]
pub(crate) struct Options {
    /// Tried in this order; never empty.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) ssl_mode: SslMode,
    pub(super) ssl_negotiation: SslNegotiation,
    pub(super) tls: MakeRustlsConnect,
    pub(super) channel_binding: ChannelBinding,
    /// For the server's process, such as `-c work_mem=1GB`.
    pub(super) command_line: Option<String>,
    pub(super) application_name: String,
    pub(super) role: Role,
    /// How long opening a session may take, all hosts and the login included.
    pub(super) connect_timeout: Duration,
    pub(super) keepalive: Option<Keepalive>,
    /// How long sent data may stay without an answer of the other end's kernel.
    pub(super) unacknowledged: Option<Duration>,
    /// Why a password file that is there was not used.
    pub(super) passfile_ignored: Option<String>,
}

/// What a server must be to be taken (`target_session_attrs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
}

/// When the kernel asks a silent peer whether it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keepalive {
    pub(super) idle: Duration,
    pub(super) interval: Duration,
    pub(super) count: u32,
}

impl Options {
    /// Reads a `postgres://` URL; `connect_timeout` holds where neither it nor the environment
    /// gives a positive number of seconds.
    pub(crate) fn from_url(
        url: &str,
        environment: &Environment,
        connect_timeout: Duration,
    ) -> Result<Self, OptionsError> {
        let settings = Settings::read(url, environment)?;
        let user = user(&settings, environment)?;
        let database = settings.get("dbname").unwrap_or(&user).to_owned();
        let home = environment.home();
        let (ssl_mode, tls) = tls::from_settings(&settings, home.as_deref())?;
        let application_name = settings
            .get("application_name")
            .or_else(|| settings.get("fallback_application_name"))
            .unwrap_or("nirvana");
        let mut options = Self {
            endpoints: endpoints(&settings)?,
            ssl_negotiation: ssl_negotiation(&settings, ssl_mode)?,
            channel_binding: channel_binding(&settings)?,
            command_line: settings.get("options").map(str::to_owned),
            application_name: application_name.to_owned(),
            role: role(&settings)?,
            connect_timeout: seconds(&settings, "connect_timeout")?.unwrap_or(connect_timeout),
            keepalive: keepalive(&settings)?,
            unacknowledged: unacknowledged(&settings)?,
            user,
            database,
            ssl_mode,
            tls,
            passfile_ignored: None,
        };
        let passfile = passfile::path(settings.get("passfile"), home.as_deref());
        if let (None, Some(path)) = (settings.get("password"), passfile) {
            options.read_passwords(&Passfile::read(&path)?);
        }
        Ok(options)
    }

    fn read_passwords(&mut self, passfile: &Passfile) {
        for endpoint in &mut self.endpoints {
            endpoint.password = passfile.password(&Login {
                host: &endpoint.host.to_string(),
                port: endpoint.port,
                database: &self.database,
                user: &self.user,
            });
        }
        self.passfile_ignored.clone_from(&passfile.ignored);
    }

    /// The same server and login, another database.
    pub(crate) fn with_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// The same server and database, another login.
    pub(crate) fn with_login(&self, user: &str, password: &Secret) -> Self {
        let mut options = Self { user: user.to_owned(), ..self.clone() };
        for endpoint in &mut options.endpoints {
            endpoint.password = Some(password.clone());
        }
        options
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// `host:port` of the first endpoint, for whoever is to connect there.
    pub(crate) fn first_endpoint(&self) -> String {
        self.endpoints.first().map(Endpoint::to_string).unwrap_or_default()
    }

    /// Who connects where, for messages: `user@host:port/database`.
    pub(crate) fn address(&self) -> String {
        let endpoints: Vec<String> = self.endpoints.iter().map(Endpoint::to_string).collect();
        format!("{}@{}/{}", self.user, endpoints.join(","), self.database)
    }

    /// The same for one of the endpoints.
    pub(super) fn address_of(&self, endpoint: &Endpoint) -> String {
        format!("{}@{endpoint}/{}", self.user, self.database)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Options").field(&self.address()).finish()
    }
}

/// The user named, else the one of the operating system.
fn user(settings: &Settings, environment: &Environment) -> Result<String, OptionsError> {
    let named = settings.get("user");
    let user = named.or_else(|| environment.get("USER")).or_else(|| environment.get("LOGNAME"));
    user.map(str::to_owned).ok_or(OptionsError::NoUser)
}

fn ssl_negotiation(settings: &Settings, mode: SslMode) -> Result<SslNegotiation, OptionsError> {
    const NAME: &str = "sslnegotiation";
    match settings.get(NAME) {
        None | Some("postgres") => Ok(SslNegotiation::Postgres),
        Some("direct") if mode.demands_tls() => Ok(SslNegotiation::Direct),
        Some(word @ "direct") => Err(wrong(NAME, word, "postgres below sslmode=require")),
        Some(other) => Err(wrong(NAME, other, "postgres or direct")),
    }
}

fn channel_binding(settings: &Settings) -> Result<ChannelBinding, OptionsError> {
    match settings.get("channel_binding") {
        Some("disable") => Ok(ChannelBinding::Disable),
        None | Some("prefer") => Ok(ChannelBinding::Prefer),
        Some("require") => Ok(ChannelBinding::Require),
        Some(other) => Err(wrong("channel_binding", other, "disable, prefer or require")),
    }
}

fn role(settings: &Settings) -> Result<Role, OptionsError> {
    const NAME: &str = "target_session_attrs";
    match settings.get(NAME) {
        None | Some("any") => Ok(Role::Any),
        Some("read-write") => Ok(Role::ReadWrite),
        Some("read-only") => Ok(Role::ReadOnly),
        Some("primary") => Ok(Role::Primary),
        Some("standby") => Ok(Role::Standby),
        Some(other) => Err(wrong(NAME, other, "any, read-write, read-only, primary or standby")),
    }
}

/// Half a minute of silence and three questions without an answer, unless told otherwise: the two
/// hours that kernels wait by default are longer than most migrations.
fn keepalive(settings: &Settings) -> Result<Option<Keepalive>, OptionsError> {
    if number(settings, "keepalives")? == Some(0) {
        return Ok(None);
    }
    let count = number(settings, "keepalives_count")?.filter(|count| *count > 0);
    Ok(Some(Keepalive {
        idle: seconds(settings, "keepalives_idle")?.unwrap_or(Duration::from_secs(30)),
        interval: seconds(settings, "keepalives_interval")?.unwrap_or(Duration::from_secs(10)),
        count: count.and_then(|count| u32::try_from(count).ok()).unwrap_or(3),
    }))
}

/// Five minutes unless told otherwise. The kernel counts here also the time in which a living
/// server takes nothing more, because it waits for a lock or a disk, so this must not be short.
fn unacknowledged(settings: &Settings) -> Result<Option<Duration>, OptionsError> {
    Ok(match number(settings, "tcp_user_timeout")? {
        None => Some(Duration::from_mins(5)),
        Some(milliseconds) => {
            u64::try_from(milliseconds).ok().filter(|ms| *ms > 0).map(Duration::from_millis)
        }
    })
}

/// A positive number of seconds; zero and less ask for the default.
fn seconds(settings: &Settings, name: &'static str) -> Result<Option<Duration>, OptionsError> {
    let number = number(settings, name)?.and_then(|number| u64::try_from(number).ok());
    Ok(number.filter(|number| *number > 0).map(Duration::from_secs))
}

fn number(settings: &Settings, name: &'static str) -> Result<Option<i64>, OptionsError> {
    settings.get(name).map(|text| parsed(text.trim(), name, "a whole number")).transpose()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::super::endpoint::Host;
    use super::{Options, Role};
    use crate::environment::Environment;
    use crate::secret::Secret;

    const TEN: Duration = Duration::from_secs(10);

    fn options(url: &str, pairs: &[(&str, &str)]) -> Options {
        Options::from_url(url, &Environment::of(pairs), TEN).unwrap()
    }

    fn refusal(url: &str) -> String {
        Options::from_url(url, &Environment::of(&[("USER", "os")]), TEN).unwrap_err().to_string()
    }

    fn passwords(options: &Options) -> Vec<Option<&str>> {
        let secrets = options.endpoints.iter().map(|endpoint| endpoint.password.as_ref());
        secrets.map(|secret| secret.map(Secret::expose)).collect()
    }

    #[test]
    fn addresses() {
        let cases = [
            ("postgres://u:secret@h/d", "u@h:5432/d"),
            ("postgres://h", "os@h:5432/os"),
            ("postgres://u@h", "u@h:5432/u"),
            ("postgres://u@a:1,b:2/d", "u@a:1,b:2/d"),
            ("postgres://u@a,b:2/d", "u@a:5432,b:2/d"),
            ("postgres://u@a,b/d?port=7", "u@a:7,b:7/d"),
            ("postgres://u@[::1]/d", "u@[::1]:5432/d"),
            ("postgres://u@%2Fsrv%2Fpg/d", "u@/srv/pg:5432/d"),
            ("postgres://u@/d?host=/srv/pg", "u@/srv/pg:5432/d"),
            ("postgres://u@/d?hostaddr=10.0.0.1", "u@10.0.0.1:5432/d"),
        ];
        for (url, address) in cases {
            let options = options(url, &[("USER", "os")]);
            assert_eq!(options.address(), address, "{url}");
            assert!(!format!("{options:?}").contains("secret"));
        }
    }

    #[test]
    fn the_environment_fills_the_gaps() {
        let pairs = [
            ("PGHOST", "/srv/pg"),
            ("PGPORT", "6543"),
            ("PGUSER", "pguser"),
            ("PGPASSWORD", "pgpassword"),
            ("PGDATABASE", "pgdatabase"),
            ("PGAPPNAME", "pgapp"),
            ("PGOPTIONS", "-c work_mem=1MB"),
            ("PGCONNECT_TIMEOUT", "3"),
            ("USER", "os"),
        ];
        let from_environment = options("postgres://", &pairs);
        assert_eq!(from_environment.address(), "pguser@/srv/pg:6543/pgdatabase");
        assert_eq!(passwords(&from_environment), [Some("pgpassword")]);
        assert_eq!(from_environment.application_name, "pgapp");
        assert_eq!(from_environment.command_line.as_deref(), Some("-c work_mem=1MB"));
        assert_eq!(from_environment.connect_timeout, Duration::from_secs(3));
        let url = "postgres://u:p@h:1/d?application_name=a&connect_timeout=0&options=-c%20x";
        let from_url = options(url, &pairs);
        assert_eq!(from_url.address(), "u@h:1/d");
        assert_eq!(passwords(&from_url), [Some("p")]);
        assert_eq!(from_url.application_name, "a");
        assert_eq!(from_url.command_line.as_deref(), Some("-c x"));
        assert_eq!(from_url.connect_timeout, TEN, "we never wait for ever");
        assert_eq!(options("postgres://h", &[("LOGNAME", "l")]).application_name, "nirvana");
    }

    #[test]
    fn a_name_and_its_address_are_told_apart() {
        let found = options("postgres://u@db/d?hostaddr=10.0.0.1", &[]);
        let address = Some("10.0.0.1".parse().unwrap());
        assert_eq!(found.endpoints[0].host, Host::Tcp { name: "db".to_owned(), address });
    }

    #[test]
    fn the_password_file_answers_for_each_host() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".pgpass");
        std::fs::write(&path, "a:*:*:*:one\nb:*:*:*:two\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let home = folder.path().to_str().unwrap();
        let file = path.to_str().unwrap();
        let url = "postgres://u@a,b,c/d";
        for pairs in [[("HOME", home)], [("PGPASSFILE", file)]] {
            assert_eq!(passwords(&options(url, &pairs)), [Some("one"), Some("two"), None]);
        }
        let given = options("postgres://u:given@a", &[("HOME", home)]);
        assert_eq!(passwords(&given), [Some("given")]);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let ignored = options(url, &[("HOME", home)]).passfile_ignored.unwrap();
        assert!(ignored.contains("chmod 0600"), "{ignored}");
    }

    #[test]
    fn numbers_and_words() {
        let url = "postgres://u@h?keepalives_idle=5&keepalives_count=9&tcp_user_timeout=1500\
                   &target_session_attrs=read-write";
        let told = options(url, &[]);
        let keepalive = told.keepalive.unwrap();
        assert_eq!((keepalive.idle, keepalive.count), (Duration::from_secs(5), 9));
        assert_eq!(told.unacknowledged, Some(Duration::from_millis(1500)));
        assert_eq!(told.role, Role::ReadWrite);
        let off = options("postgres://u@h?keepalives=0&tcp_user_timeout=0", &[]);
        assert_eq!((off.keepalive, off.unacknowledged), (None, None));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let cases = [
            ("postgres://h:0", "port"),
            ("postgres://h:65536", "port"),
            ("postgres://a,b,c/d?port=1,2", "port"),
            ("postgres://a,b?hostaddr=1.2.3.4", "hostaddr"),
            ("postgres://a?hostaddr=example.org", "hostaddr"),
            ("postgres://h?connect_timeout=soon", "connect_timeout"),
            ("postgres://h?sslmode=verify", "sslmode"),
            ("postgres://h?sslnegotiation=direct", "sslnegotiation"),
            ("postgres://h?channel_binding=yes", "channel_binding"),
            ("postgres://h?target_session_attrs=prefer-standby", "target_session_attrs"),
        ];
        for (url, name) in cases {
            let message = refusal(url);
            assert!(message.contains(name), "{url}: {message}");
        }
        let nobody = Options::from_url("postgres://h", &Environment::of(&[]), TEN).unwrap_err();
        assert!(nobody.to_string().contains("user"), "{nobody}");
    }
}
