//! Where the source is, and as whom we log in: from the URL, the environment and `~/.my.cnf`,
//! in this order of precedence.

mod client_file;
mod url;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::secret::Secret;

use client_file::ClientFile;
use url::Url;

const DEFAULT_PORT: u16 = 3306;
/// A query may sort a large table before its first row, so silence this long is no fault yet.
const READ_TIMEOUT: Duration = Duration::from_mins(10);
/// `PostgreSQL` holds no row that is larger, so there is no use in reading one.
const MAX_ROW_BYTES: usize = 1 << 30;

/// The server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Tcp { name: String, port: u16 },
    Socket(PathBuf),
}

impl fmt::Display for Host {
    /// `127.0.0.1:3306`, `[::1]:3306`, `/run/mysqld/mysqld.sock`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { name, port } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Self::Tcp { name, port } => write!(f, "{name}:{port}"),
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What TLS must prove; the names are those of `MySQL`'s `--ssl-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsMode {
    Disabled,
    /// Encrypted if the server offers it, whoever the server is.
    Preferred,
    /// Encrypted, whoever the server is.
    Required,
    /// The certificate comes from a trusted authority.
    VerifyCa,
    /// …and is made out to the host we connect to.
    VerifyFull,
}

impl TlsMode {
    /// The spellings of `MySQL` and of libpq.
    fn of(word: &str) -> Option<Self> {
        Some(match plain(word).as_str() {
            "disabled" | "disable" => Self::Disabled,
            "preferred" | "prefer" => Self::Preferred,
            "required" | "require" => Self::Required,
            "verifyca" => Self::VerifyCa,
            "verifyfull" | "verifyidentity" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// Encryption of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(crate) mode: TlsMode,
    /// PEM file of the authorities to trust; `None` means those of this machine.
    pub(crate) ca: Option<PathBuf>,
    /// PEM files of our own certificate and its key.
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

/// All that opening a connection takes.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) host: Host,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) database: Option<String>,
    pub(crate) tls: Tls,
    /// For the whole of opening, from looking up the name to the session's settings.
    pub(crate) connect_timeout: Duration,
    /// For each wait afterwards.
    pub(crate) read_timeout: Duration,
    pub(crate) max_row_bytes: usize,
}

/// Why the URL, the environment or the client file do not say where to connect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionsError {
    #[error("the source URL must begin with mysql:// or mariadb://")]
    Scheme,
    #[error("the source URL has no database: mysql://user@host/DATABASE")]
    NoDatabase,
    #[error("nobody says as which user to log in to the source")]
    NoUser,
    #[error("the source URL's {part} cannot be read: {problem}")]
    Part { part: &'static str, problem: &'static str },
    #[error(
        "the source URL has a parameter '{name}' that nirvana does not know; nearest: {nearest}"
    )]
    UnknownParameter { name: String, nearest: &'static str },
    #[error("the source URL has the parameter '{name}' twice")]
    TwiceGiven { name: &'static str },
    #[error("{place} is '{value}', which is {problem}")]
    Value { place: String, value: String, problem: &'static str },
    #[error("ssl-key is given without ssl-cert")]
    KeyWithoutCertificate,
    #[error("cannot read {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}:{line}: {problem}", path.display())]
    FileLine { path: PathBuf, line: usize, problem: &'static str },
    #[error("everybody may write {}, so its passwords and hosts cannot be trusted", path.display())]
    FileWritable { path: PathBuf },
}

impl Blame for OptionsError {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Scheme | Self::NoDatabase => {
                "for example mysql://shop@db.example.com:3306/shop".to_owned()
            }
            Self::NoUser => {
                "name the user in the source URL: mysql://USER@host/database".to_owned()
            }
            Self::Part { .. } => {
                "write special characters as %XX, such as %40 for @, %2F for / and %3A for :"
                    .to_owned()
            }
            Self::UnknownParameter { .. } => {
                format!("known parameters: {}", url::PARAMETERS.join(", "))
            }
            Self::FileWritable { path } => format!("chmod 600 {}", path.display()),
            Self::TwiceGiven { .. }
            | Self::Value { .. }
            | Self::KeyWithoutCertificate
            | Self::File { .. }
            | Self::FileLine { .. } => return None,
        };
        Some(hint)
    }
}

impl Options {
    /// The URL wins over the environment (`MYSQL_PWD`, `MYSQL_TCP_PORT`, `MYSQL_UNIX_PORT`), which
    /// wins over `~/.my.cnf`. `connect_timeout` holds unless the URL has its own.
    pub(crate) fn from_url(
        url: &str,
        environment: &Environment,
        connect_timeout: Duration,
    ) -> Result<Self, OptionsError> {
        let options = Self::of_server(url, environment, connect_timeout)?;
        if options.database.is_none() {
            return Err(OptionsError::NoDatabase);
        }
        Ok(options)
    }

    /// The same, where a database need not be named.
    pub(crate) fn of_server(
        url: &str,
        environment: &Environment,
        connect_timeout: Duration,
    ) -> Result<Self, OptionsError> {
        let url = Url::parse(url)?;
        let file = ClientFile::of_home(environment)?;
        let user = url
            .user
            .clone()
            .or_else(|| file.value("user"))
            .or_else(|| environment.get("USER").map(str::to_owned))
            .ok_or(OptionsError::NoUser)?;
        let password = url
            .password
            .clone()
            .or_else(|| environment.get("MYSQL_PWD").map(Secret::new))
            .or_else(|| file.value("password").map(Secret::new));
        let database = url.database.clone().or_else(|| file.value("database"));
        let connect_timeout = match url.parameter("connect-timeout") {
            Some(seconds) => parsed_seconds(seconds)?,
            None => connect_timeout,
        };
        Ok(Self {
            host: host(&url, environment, &file)?,
            user,
            password,
            database,
            tls: tls(&url, &file)?,
            connect_timeout,
            read_timeout: READ_TIMEOUT,
            max_row_bytes: MAX_ROW_BYTES,
        })
    }

    /// `mysql://shop@127.0.0.1:3306/shop`, without the password; for messages.
    pub(crate) fn address(&self) -> String {
        self.address_of(self.database.as_slice())
    }

    /// The same, with the databases that are meant.
    pub(crate) fn address_of(&self, databases: &[String]) -> String {
        let database = databases.join(",");
        match &self.host {
            Host::Tcp { .. } => format!("mysql://{}@{}/{database}", self.user, self.host),
            Host::Socket(path) => {
                format!("mysql://{}@/{database}?socket={}", self.user, path.display())
            }
        }
    }
}

/// Real clients take `localhost` for the unix socket, and so do we where a socket is named and
/// the URL has no port; we have none compiled in, so otherwise it is TCP.
fn host(url: &Url, environment: &Environment, file: &ClientFile) -> Result<Host, OptionsError> {
    if let Some(path) = &url.socket {
        return Ok(Host::Socket(path.clone()));
    }
    let name = url.host.clone().or_else(|| file.value("host"));
    let local = name.as_deref().is_none_or(|name| name == "localhost");
    if local && url.port.is_none() {
        let path = environment.get("MYSQL_UNIX_PORT").map(str::to_owned);
        if let Some(path) = path.or_else(|| file.value("socket")) {
            return Ok(Host::Socket(path.into()));
        }
    }
    let port = match (url.port, environment.get("MYSQL_TCP_PORT"), file.value("port")) {
        (Some(port), _, _) => port,
        (None, Some(text), _) => parsed_port("MYSQL_TCP_PORT", text)?,
        (None, None, Some(text)) => parsed_port("port in ~/.my.cnf", &text)?,
        (None, None, None) => DEFAULT_PORT,
    };
    Ok(Host::Tcp { name: name.unwrap_or_else(|| "localhost".to_owned()), port })
}

fn tls(url: &Url, file: &ClientFile) -> Result<Tls, OptionsError> {
    let path = |name: &str| -> Option<PathBuf> {
        url.parameter(name).map(str::to_owned).or_else(|| file.value(name)).map(PathBuf::from)
    };
    let (ca, cert, key) = (path("ssl-ca"), path("ssl-cert"), path("ssl-key"));
    if key.is_some() && cert.is_none() {
        return Err(OptionsError::KeyWithoutCertificate);
    }
    let mode = match url.parameter("ssl-mode") {
        Some(word) => tls_mode("ssl-mode in the source URL", word)?,
        None => match file.value("ssl-mode") {
            Some(word) => tls_mode("ssl-mode in ~/.my.cnf", &word)?,
            None => implied_mode(file, ca.is_some()),
        },
    };
    Ok(Tls { mode, ca, cert, key })
}

/// Without a mode: `MySQL`'s clients check the authority once one is named, and `MariaDB`'s know
/// two switches instead of a mode.
fn implied_mode(file: &ClientFile, has_ca: bool) -> TlsMode {
    if file.switch("ssl-verify-server-cert") == Some(true) {
        TlsMode::VerifyFull
    } else if file.switch("ssl") == Some(false) {
        TlsMode::Disabled
    } else if has_ca {
        TlsMode::VerifyCa
    } else if file.switch("ssl") == Some(true) {
        TlsMode::Required
    } else {
        TlsMode::Preferred
    }
}

fn tls_mode(place: &str, word: &str) -> Result<TlsMode, OptionsError> {
    TlsMode::of(word).ok_or_else(|| OptionsError::Value {
        place: place.to_owned(),
        value: word.to_owned(),
        problem: "none of disabled, preferred, required, verify-ca and verify-full",
    })
}

fn parsed_port(place: &str, text: &str) -> Result<u16, OptionsError> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| OptionsError::Value {
        place: place.to_owned(),
        value: text.to_owned(),
        problem: "no port number",
    })
}

fn parsed_seconds(text: &str) -> Result<Duration, OptionsError> {
    text.parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs).ok_or_else(|| {
        OptionsError::Value {
            place: "connect-timeout in the source URL".to_owned(),
            value: text.to_owned(),
            problem: "no whole number of seconds above zero",
        }
    })
}

/// A word without the marks that people write differently: `SSL_Mode`, `ssl-mode`, `sslmode`.
fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests;
