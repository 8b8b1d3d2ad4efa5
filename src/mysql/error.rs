//! What can go wrong between us and the source, who can mend it, and what to try.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use mysql_common::auth::plugins::Error as PluginError;
use rustls::CertificateError;

use crate::fault::{Blame, Fault};

/// Everything that a conversation with the source can end in.
///
/// `Display` speaks of the error itself only; its causes stand in `source`, one each.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The server answered a statement with an ERR packet.
    #[error("{message} ({code})")]
    Server { code: u16, sqlstate: String, message: String },
    /// The server refused us before or while we logged in; the cause is what it said.
    #[error("cannot log in to the source as '{user}' at {address}")]
    Login { user: String, address: String, source: Box<Error> },
    /// The statement that sets our session up; a proxy may refuse it.
    #[error("cannot set up the session with the source at {address}")]
    Session { address: String, source: Box<Error> },
    #[error("cannot find the host of the source, '{name}'")]
    Resolve { name: String, source: io::Error },
    /// No connection came about: refused, no route, no such socket.
    #[error("cannot reach the source at {address}")]
    Unreachable { address: String, source: io::Error },
    #[error("no answer from the source at {address} within {} while {wait}", Seconds(*.after))]
    TimedOut { address: String, wait: Wait, after: Duration },
    /// The connection broke, or the server closed it.
    #[error("lost the connection to the source at {address} while {wait}")]
    Lost { address: String, wait: Wait, source: io::Error },
    #[error("the source at {address} does not offer TLS")]
    TlsNotOffered { address: String },
    #[error("no TLS with the source at {address}")]
    Tls { address: String, source: io::Error },
    /// A certificate or key file of ours.
    #[error("cannot use {} for TLS", path.display())]
    TlsFile { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("this machine has no trusted certificates of its own")]
    NoSystemRoots,
    #[error("the source wants authentication by '{plugin}', which nirvana does not speak")]
    PluginUnknown { plugin: String },
    /// The server asks for the password in clear text over a connection that others can read.
    #[error("the source wants the password unencrypted ('{plugin}') over a connection without TLS")]
    PluginInsecure { plugin: &'static str },
    #[error("authentication by '{plugin}' failed on our side")]
    Plugin { plugin: String, source: PluginError },
    /// The server broke the protocol, or something between us and it did.
    #[error("the source at {address} does not speak the MySQL protocol as expected: {what}")]
    Protocol { address: String, what: String },
    #[error("a packet of the source ends early")]
    Truncated(#[from] Truncated),
    /// A statement asked this client to send a local file.
    #[error("the source asked for a local file (LOAD DATA LOCAL), which nirvana never sends")]
    LocalFile,
    /// An earlier answer was not read to its end, or an error left the conversation in doubt.
    #[error("this connection to the source cannot be used any more: {reason}")]
    Unusable { reason: &'static str },
    #[error("a row of the source has {bytes} bytes or more, and {limit} are allowed")]
    RowTooLarge { bytes: usize, limit: usize },
    #[error("the statement returns no rows, where rows are expected: {statement}")]
    NoRows { statement: String },
    /// A statement for a stream must not contain `?`.
    #[error("the statement has {count} parameters, where none are expected: {statement}")]
    Parameters { count: u16, statement: String },
    #[error("the source has no database '{name}', or the account may not see it")]
    NoDatabase { name: String },
    /// Other sessions kept what the statement waits for.
    #[error("the source did not grant '{statement}' within {}", Seconds(*.after))]
    LockNotGranted { statement: &'static str, after: Duration },
    /// The snapshots were opened again and again, and are not known to be the same.
    #[error(
        "in {attempts} attempts within {} the source always committed something between the \
         readers' snapshots", Seconds(*.after)
    )]
    CommitsBetween { attempts: u32, after: Duration },
    #[error("the source has XA transactions now, and its binary log cannot vouch for a snapshot")]
    XaSeen,
    /// A value of a catalog query is not what the query promises.
    #[error("column {column} of a catalog row is {problem}")]
    Value { column: String, problem: &'static str },
}

impl Error {
    /// Whether the connection is of no more use: it cannot come back to the same snapshot.
    pub(crate) fn is_connection_lost(&self) -> bool {
        match self {
            // The server's farewell: it shuts down, or somebody killed our connection.
            Self::Server { code, .. } => matches!(code, 1053 | 1077 | 1927 | 3169 | 4031),
            Self::Login { .. }
            | Self::Resolve { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Lost { .. }
            | Self::TlsNotOffered { .. }
            | Self::Tls { .. }
            | Self::TlsFile { .. }
            | Self::NoSystemRoots
            | Self::PluginUnknown { .. }
            | Self::PluginInsecure { .. }
            | Self::Plugin { .. }
            | Self::Protocol { .. }
            | Self::Unusable { .. }
            | Self::RowTooLarge { .. }
            | Self::Session { .. }
            | Self::LocalFile => true,
            Self::Truncated(_)
            | Self::NoDatabase { .. }
            | Self::LockNotGranted { .. }
            | Self::CommitsBetween { .. }
            | Self::XaSeen
            | Self::NoRows { .. }
            | Self::Parameters { .. }
            | Self::Value { .. } => false,
        }
    }

    /// Whether the server does not let the account do what it was asked.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self, Self::Server { code: 1044 | 1045 | 1142 | 1143 | 1227, .. })
    }

    /// The server's error number, of this error or of the one that caused it.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Server { code, .. } => Some(*code),
            Self::Login { source, .. } | Self::Session { source, .. } => source.code(),
            _ => None,
        }
    }
}

/// A packet or row that ends before its values do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packet of the source ends early")]
pub(crate) struct Truncated;

/// What we were doing when the other side fell silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Connect,
    Greeting,
    Tls,
    Login,
    Answer,
    Rows,
    Send,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Greeting => "waiting for its greeting",
            Self::Tls => "setting up TLS",
            Self::Login => "logging in",
            Self::Answer => "waiting for the answer to a statement",
            Self::Rows => "reading rows",
            Self::Send => "sending a statement",
        })
    }
}

/// `10 s`, `1.5 s`.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_millis() as f64 / 1000.0)
    }
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Server { code, .. } => fault_of_code(*code),
            Self::Login { source, .. } | Self::Session { source, .. } => match source.fault() {
                Fault::Transient => Fault::Transient,
                Fault::Data | Fault::Operator | Fault::Bug => Fault::Operator,
            },
            Self::TimedOut { .. }
            | Self::Lost { .. }
            | Self::Unusable { .. }
            | Self::LockNotGranted { .. }
            | Self::CommitsBetween { .. } => Fault::Transient,
            Self::XaSeen
            | Self::Resolve { .. }
            | Self::Unreachable { .. }
            | Self::TlsNotOffered { .. }
            | Self::Tls { .. }
            | Self::TlsFile { .. }
            | Self::NoSystemRoots
            | Self::NoDatabase { .. }
            | Self::PluginUnknown { .. }
            | Self::PluginInsecure { .. }
            | Self::Plugin { .. }
            | Self::LocalFile => Fault::Operator,
            Self::RowTooLarge { .. } => Fault::Data,
            Self::Protocol { .. }
            | Self::Truncated(_)
            | Self::NoRows { .. }
            | Self::Parameters { .. }
            | Self::Value { .. } => Fault::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Server { code, .. } => hint_of_code(*code).map(str::to_owned),
            Self::Login { source, .. } | Self::Session { source, .. } => source.hint(),
            Self::Tls { source, .. } => Some(hint_of_tls(source).to_owned()),
            other => other.own_hint().map(str::to_owned),
        }
    }
}

impl Error {
    fn own_hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoDatabase { .. } => {
                "check the database's name in the source URL, and GRANT SELECT on it to this user"
            }
            Self::LockNotGranted { .. } => {
                "long statements, open table locks or another backup are in the way (see SHOW \
                 PROCESSLIST): wait for them, end them, or raise --lock-timeout"
            }
            Self::XaSeen => "GRANT LOCK TABLES on the database or RELOAD to this user",
            Self::CommitsBetween { .. } => {
                "raise --lock-timeout, lower --jobs, or GRANT LOCK TABLES on the database or RELOAD \
                 to this user"
            }
            Self::Resolve { .. } => "check the host's name in the source URL",
            Self::Unreachable { .. } => {
                "check host and port (or socket) in the source URL, that the server runs, that its \
                 bind-address allows connections from here, and the firewall between"
            }
            Self::TimedOut { wait: Wait::Rows | Wait::Answer | Wait::Send, .. } => {
                "the server is overloaded, a lock keeps the statement waiting (see SHOW PROCESSLIST), a \
                 firewall drops the connection, or the statement takes long: raise --answer-timeout"
            }
            Self::TimedOut { .. } => {
                "check host and port in the source URL, and whether a firewall drops the connection"
            }
            Self::Lost { .. } => {
                "look into the server's error log: it was stopped, ran out of memory, or somebody \
                 killed the connection; then start again"
            }
            Self::TlsNotOffered { .. } => {
                "enable TLS in the source server, or allow the connection to be read by others: \
                 ssl-mode=preferred or ssl-mode=disabled in the source URL"
            }
            Self::TlsFile { .. } => {
                "check ssl-ca, ssl-cert and ssl-key in the source URL or ~/.my.cnf: each names a \
                 PEM file that you may read"
            }
            Self::NoSystemRoots => {
                "name the authority that signed the server's certificate: ssl-ca=FILE in the source \
                 URL; or install ca-certificates"
            }
            Self::PluginUnknown { .. } => {
                "make a user for the migration that logs in by password: caching_sha2_password on \
                 MySQL, ed25519 or mysql_native_password on MariaDB"
            }
            Self::PluginInsecure { .. } => "use TLS: ssl-mode=required in the source URL",
            Self::Plugin { .. } => {
                "use TLS: ssl-mode=required in the source URL, or another plugin"
            }
            Self::Protocol { .. } => {
                "check that host and port in the source URL are those of a MySQL or MariaDB server; \
                 a proxy in between is worth leaving out"
            }
            Self::RowTooLarge { .. } => {
                "PostgreSQL holds no row that large either: shorten it in the source, or leave its \
                 table out"
            }
            _ => return None,
        })
    }
}

/// Who can mend what the server complains about. Numbers: `MySQL`'s and `MariaDB`'s error reference.
fn fault_of_code(code: u16) -> Fault {
    match code {
        // Too many connections (all, or of this user), shutting down, out of resources, lock wait
        // and deadlock, killed or interrupted, gone away, idle too long.
        1040
        | 1041
        | 1053
        | 1077
        | 1079
        | 1158..=1161
        | 1203
        | 1205
        | 1213
        | 1226
        | 1317
        | 1614
        | 1927
        | 1969
        | 3024
        | 3032
        | 3168
        | 3572
        | 4031 => Fault::Transient,
        // Access, unknown database, host blocked, host not allowed, privileges, expired and
        // locked accounts, TLS demanded, read-only server, secure transport.
        1044 | 1045 | 1049 | 1129 | 1130 | 1131 | 1142 | 1143 | 1227 | 1251 | 1275 | 1290
        | 1370 | 1410 | 1449 | 1524 | 1698 | 1820 | 1836 | 1862 | 2061 | 3118 | 3159 | 3955
        | 4151 => Fault::Operator,
        // Corrupt or crashed tables, views that no longer compile.
        126 | 127 | 1032..=1036 | 1194 | 1195 | 1356 | 1712 => Fault::Data,
        _ => Fault::Bug,
    }
}

fn hint_of_code(code: u16) -> Option<&'static str> {
    Some(match code {
        1045 | 1698 => {
            "check the user and its password: MYSQL_PWD, ~/.my.cnf or the source URL; and that the \
             account may come from this host (SELECT user, host FROM mysql.user)"
        }
        1044 => "GRANT SELECT, SHOW VIEW, TRIGGER on the database to this user",
        1049 => "check the database's name in the source URL: mysql://user@host/DATABASE",
        1129 => "run FLUSH HOSTS (mysqladmin flush-hosts) on the source",
        1130 => "CREATE USER for the host you connect from, or connect from one that is allowed",
        1040 | 1041 | 1203 | 1226 => {
            "wait until others disconnect, lower --jobs, or raise max_connections on the source"
        }
        1142 | 1143 | 1227 | 1370 => "GRANT the privilege that the message names to this user",
        1205 | 1213 | 3572 => "another session holds a lock on the source; see SHOW PROCESSLIST",
        1053 | 1077 | 1079 => "the source is shutting down; start again when it is back",
        1317 | 1927 | 1969 | 3024 => "somebody or a time limit of the server ended the statement",
        1820 | 1862 => "the password has expired: set a new one (ALTER USER … IDENTIFIED BY …)",
        3118 | 4151 => "the account is locked: ALTER USER … ACCOUNT UNLOCK",
        3159 => "the server wants TLS: ssl-mode=required in the source URL",
        1251 | 1275 | 1524 | 2061 => {
            "give the account an authentication plugin that the server has"
        }
        _ => return None,
    })
}

/// A hint for what rustls found; it hides inside the `io::Error` that tokio-rustls hands out.
fn hint_of_tls(error: &io::Error) -> &'static str {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => match problem {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "connect by a name that the certificate carries as a subject alternative name, or \
                 check the authority only: ssl-mode=verify-ca"
            }
            CertificateError::UnknownIssuer => {
                "name the authority that signed the server's certificate: ssl-ca=FILE in the source \
                 URL"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server's certificate has expired: renew it; or check the clock of this machine"
            }
            _ => {
                "renew the server's certificate, or encrypt without checking it: ssl-mode=required"
            }
        },
        Some(rustls::Error::AlertReceived(_)) => {
            "the server refused our side of TLS: give the certificate and key it wants (ssl-cert, \
             ssl-key), and see that it allows TLS 1.2 or 1.3"
        }
        _ => {
            "see that the server allows TLS 1.2 or 1.3 (tls_version); ssl-mode=disabled in the \
             source URL does without TLS"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Error, Wait};
    use crate::fault::{Blame, Fault};

    fn server(code: u16) -> Error {
        let message = format!("message of {code}");
        Error::Server { code, sqlstate: "HY000".to_owned(), message }
    }

    #[test]
    fn blame_follows_the_number() {
        for code in [1040, 1203, 1205, 1213, 1053] {
            assert_eq!(server(code).fault(), Fault::Transient, "{code}");
        }
        for code in [1044, 1045, 1049, 1130, 1142, 1227, 1698] {
            assert_eq!(server(code).fault(), Fault::Operator, "{code}");
            assert!(server(code).hint().is_some(), "{code}");
        }
        assert_eq!(server(1064).fault(), Fault::Bug);
    }

    #[test]
    fn a_login_error_carries_the_hint_of_its_cause() {
        let error = Error::Login {
            user: "shop".to_owned(),
            address: "127.0.0.1:3306".to_owned(),
            source: Box::new(server(1045)),
        };
        assert_eq!(error.to_string(), "cannot log in to the source as 'shop' at 127.0.0.1:3306");
        assert_eq!(error.code(), Some(1045));
        assert_eq!(error.fault(), Fault::Operator);
        assert!(error.hint().is_some_and(|hint| hint.contains("MYSQL_PWD")));
    }

    #[test]
    fn a_time_out_says_which_wait_and_how_long() {
        let error = Error::TimedOut {
            address: "db:3306".to_owned(),
            wait: Wait::Greeting,
            after: Duration::from_millis(1500),
        };
        assert_eq!(
            error.to_string(),
            "no answer from the source at db:3306 within 1.5 s while waiting for its greeting"
        );
        assert_eq!(error.fault(), Fault::Transient);
    }
}
