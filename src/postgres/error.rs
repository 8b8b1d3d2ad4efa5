//! What can go wrong with a `PostgreSQL` server, each on one line that names the end, the user and
//! the address, with the server's own words, and with what to try.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error as ThisError;
use tokio_postgres::error::{DbError, SqlState};

use crate::fault::{Blame, Fault};

/// A URL, a variable or a file that does not say how to connect.
#[derive(Debug, ThisError)]
pub(crate) enum OptionsError {
    #[error("the target is not a postgres:// or postgresql:// URL")]
    NotPostgres,
    /// The URL is not quoted: a password may stand anywhere in it.
    #[error("the target's URL cannot be read: {0}")]
    Authority(&'static str),
    #[error("the target's URL has a % in its {name} that two hexadecimal digits do not follow")]
    Percent { name: &'static str },
    #[error("the target's URL has a {name} that is not UTF-8: {source}")]
    NotUtf8 { name: &'static str, source: std::str::Utf8Error },
    #[error("the target's URL has an unknown parameter {name}; did you mean {nearest}?")]
    Unknown { name: String, nearest: &'static str },
    #[error("{name} is not supported for the target")]
    Refused { name: String, instead: &'static str },
    #[error("{name} is {value:?} for the target; it must be {expected}")]
    Value { name: &'static str, value: String, expected: &'static str },
    #[error("{name} must be one, or one for each of the target's {hosts} hosts")]
    Count { name: &'static str, hosts: usize },
    #[error("no user is named for the target, and the environment has no USER")]
    NoUser,
    #[error("cannot read {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("cannot read {}, which sslmode={mode} needs: {source}", path.display())]
    RootFile { path: PathBuf, mode: &'static str, source: io::Error },
    #[error("sslmode={mode} needs sslrootcert, as there is no home directory to look in")]
    NoRootFile { mode: &'static str },
    #[error("sslrootcert=system, but no authority of this machine can be read: {reasons}")]
    NoSystemRoots { reasons: String },
    #[error("{} is not what it should be: {reason}", path.display())]
    Pem { path: PathBuf, reason: String },
    #[error("others than its owner may read the key {} (mode {mode:04o})", path.display())]
    OpenKey { path: PathBuf, mode: u32 },
    #[error("the certificates for the target cannot be used: {0}")]
    Tls(rustls::Error),
}

impl Blame for OptionsError {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotPostgres => "write postgres://user@host:5432/database",
            Self::Authority(_) | Self::Percent { .. } | Self::NotUtf8 { .. } => {
                "percent-encode what is special in a name or password: @ is %40, / is %2F, : is \
                 %3A, % is %25; or leave the password out and set PGPASSWORD"
            }
            Self::Refused { instead, .. } => instead,
            Self::NoUser => "write postgres://user@host/database, or set PGUSER",
            Self::RootFile { .. } | Self::NoRootFile { .. } => {
                "name the authority's certificate with sslrootcert=FILE, take this machine's \
                 authorities with sslrootcert=system, or check nothing with sslmode=require"
            }
            Self::NoSystemRoots { .. } => "name a file of certificates with sslrootcert=FILE",
            Self::Pem { .. } => {
                "a certificate or key must be in PEM form, and a key without a passphrase"
            }
            Self::OpenKey { path, .. } => return Some(format!("chmod 0600 {}", path.display())),
            Self::Unknown { .. }
            | Self::Value { .. }
            | Self::Count { .. }
            | Self::File { .. }
            | Self::Tls(_) => return None,
        };
        Some(hint.to_owned())
    }
}

/// A session that could not be opened, or a statement that failed. `address` is
/// `user@host:port/database`.
#[derive(Debug, ThisError)]
pub(crate) enum Error {
    /// No server was reached.
    #[error("target {address}: cannot connect: {source}")]
    Unreachable { address: String, source: io::Error },
    /// The two ends do not agree on encryption, or the server is not who it should be.
    #[error("target {address}: no encrypted connection: {}", chain(source.as_ref()))]
    Tls { address: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("target {address}: the server asks for a password, and none was given")]
    NoPassword { address: String, note: Option<String> },
    /// The server asks for a kind of login that we cannot give, or fails to prove that it knows
    /// the password.
    #[error("target {address}: cannot log in: {}", chain(source.as_ref()))]
    Login { address: String, source: Box<dyn std::error::Error + Send + Sync> },
    /// What answers is no `PostgreSQL` server.
    #[error("target {address}: what answers there does not speak PostgreSQL's protocol: {cause}")]
    Foreign { address: String, cause: String },
    /// The server answered, but is not what `target_session_attrs` asks for.
    #[error("target {address}: {is}, but target_session_attrs={wanted} was asked for")]
    WrongRole { address: String, is: &'static str, wanted: &'static str },
    /// The server said no.
    #[error("target {address}: {}", server_words(refusal))]
    Server { address: String, refusal: Box<DbError>, note: Option<String> },
    /// The connection ended while it was needed.
    #[error("target {address}: the connection was lost: {cause}")]
    Lost { address: String, cause: String },
    #[error("target {address}: no answer within {} s while {doing}", limit.as_secs_f32().round())]
    TimedOut { address: String, doing: String, limit: Duration },
    /// Server and driver do not understand each other.
    #[error("target {address}: {}", chain(source))]
    Driver { address: String, source: tokio_postgres::Error },
    /// A catalog answered what we cannot read.
    #[error("target {address}: the catalog's answer cannot be read: {what}")]
    Unreadable { address: String, what: String },
    /// What runs of another version have kept there would be misread.
    #[error("target {address}: the journal in schema nirvana is that of an older nirvana")]
    OlderJournal { address: String },
}

impl Error {
    /// An error of the driver by its kind, which it tells in no other way than through `Display`.
    pub(crate) fn of_driver(
        address: &str,
        note: Option<&str>,
        error: tokio_postgres::Error,
    ) -> Self {
        let (address, note) = (address.to_owned(), note.map(str::to_owned));
        if let Some(refusal) = error.as_db_error() {
            return Self::Server { address, refusal: Box::new(refusal.clone()), note };
        }
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        match error.to_string().as_str() {
            "invalid configuration" if cause == "password missing" => {
                Self::NoPassword { address, note }
            }
            "error connecting to server" => Self::Unreachable { address, source: io_cause(error) },
            "error performing TLS handshake" => Self::Tls { address, source: any_cause(error) },
            "authentication error" => Self::Login { address, source: any_cause(error) },
            "error communicating with the server" | "connection closed" => {
                Self::Lost { address, cause: chain(&error) }
            }
            _ => Self::Driver { address, source: error },
        }
    }

    /// While a connection is made, an answer that makes no sense comes from another program.
    pub(crate) fn while_connecting(self) -> Self {
        match self {
            Self::Driver { address, source } => Self::Foreign { address, cause: chain(&source) },
            Self::Lost { address, cause } if NONSENSE.iter().any(|part| cause.contains(part)) => {
                Self::Foreign { address, cause }
            }
            other => other,
        }
    }

    /// Whether the session is of no more use.
    pub(crate) fn is_connection_lost(&self) -> bool {
        match self {
            // An administrator or a crash ended the session (class 57P), or it lost its way (08).
            Self::Server { refusal, .. } => {
                let code = refusal.code().code();
                code.starts_with("57P") || code.starts_with("08")
            }
            Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::NoPassword { .. }
            | Self::Login { .. }
            | Self::Foreign { .. }
            | Self::WrongRole { .. }
            | Self::Lost { .. }
            | Self::TimedOut { .. } => true,
            Self::Driver { source, .. } => source.is_closed(),
            Self::Unreadable { .. } | Self::OlderJournal { .. } => false,
        }
    }

    /// Whether the server has no room left (class 53) or its machine fails it (58): whatever is
    /// tried next would fail too.
    pub(crate) fn is_out_of_resources(&self) -> bool {
        self.sqlstate().is_some_and(|code| code.starts_with("53") || code.starts_with("58"))
    }

    /// The column that was given a NULL it may not have.
    pub(crate) fn null_column(&self) -> Option<&str> {
        match self {
            Self::Server { refusal, .. } if *refusal.code() == SqlState::NOT_NULL_VIOLATION => {
                refusal.column()
            }
            _ => None,
        }
    }

    /// Whether the server refused a row for what is in it: a value (class 22), a constraint (23), a
    /// size (54), or a trigger's veto (P0001). Then the column it names, and its reason.
    pub(crate) fn refused_row(&self) -> Option<(Option<String>, String)> {
        let Self::Server { refusal, .. } = self else { return None };
        let code = refusal.code().code();
        let of_a_row = ["22", "23", "54"].iter().any(|class| code.starts_with(class));
        if !of_a_row && code != "P0001" {
            return None;
        }
        // COPY names the column in its context only: `COPY orders, line 3, column total`.
        let named =
            refusal.where_().and_then(|at| at.strip_prefix("COPY ")?.split_once(", column "));
        let column = refusal.column().or(named.map(|(_, column)| column));
        let reason = format!("{} (SQLSTATE {code})", one_line(refusal.message()));
        Some((column.map(str::to_owned), reason))
    }

    /// The server's five-letter code, if it was the server that said no.
    pub(crate) fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Server { refusal, .. } => Some(refusal.code().code()),
            _ => None,
        }
    }
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Lost { .. } | Self::TimedOut { .. } => Fault::Transient,
            Self::Unreachable { source, .. } if source.kind() == io::ErrorKind::TimedOut => {
                Fault::Transient
            }
            Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::NoPassword { .. }
            | Self::Login { .. }
            | Self::Foreign { .. }
            | Self::OlderJournal { .. }
            | Self::WrongRole { .. } => Fault::Operator,
            Self::Server { refusal, .. } => fault_of(refusal.code().code()),
            Self::Driver { .. } | Self::Unreadable { .. } => Fault::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreachable { source, .. } => unreachable_hint(source.kind()),
            Self::Tls { source, .. } => tls_hint(&chain(source.as_ref()))?,
            Self::NoPassword { note, .. } => {
                let hint = "set PGPASSWORD, or add a line to ~/.pgpass";
                return Some(with_note(note.as_deref(), hint));
            }
            Self::Login { .. } => {
                "we know the server's methods trust, password, md5, scram-sha-256 and cert"
            }
            Self::Foreign { .. } => "check the port in the URL",
            Self::WrongRole { .. } => "name the right server in the URL",
            Self::Server { refusal, note, .. } => return server_hint(refusal, note.as_deref()),
            Self::TimedOut { doing, .. } if doing == "connecting" => {
                "check host and port in the target URL, and firewalls on the way; \
                 --connect-timeout allows more time"
            }
            Self::TimedOut { .. } => {
                "see whether the server is alive and not waiting for a lock: SELECT pid, state, \
                 wait_event_type, query FROM pg_stat_activity"
            }
            Self::Lost { .. } => "see the server's log for why it hung up",
            Self::OlderJournal { .. } => {
                "go on with its run by the nirvana that wrote it; once nothing is to be resumed, no \
                 row of nirvana.quarantined is needed and SELECT restore FROM nirvana.set_aside gives \
                 nothing: DROP SCHEMA nirvana CASCADE"
            }
            Self::Driver { .. } | Self::Unreadable { .. } => {
                "please report this, with the server's version"
            }
        };
        Some(hint.to_owned())
    }
}

/// What the driver says of bytes that are no message of the protocol.
const NONSENSE: [&str; 3] =
    ["unknown message tag", "invalid message length", "bytes remaining on stream"];

/// Who can mend what the server refused, by the class of its code (manual, appendix A).
fn fault_of(code: &str) -> Fault {
    match code {
        // Serialization failure, deadlock, too many connections, lock not available, object in
        // use, out of memory, shutting down, crashed, starting up, idle for too long.
        "40001" | "40P01" | "53300" | "55P03" | "55006" | "53200" | "57P01" | "57P02" | "57P03"
        | "57P05" => Fault::Transient,
        // Insufficient privilege, name taken: of the target as it stands.
        "42501" | "42P06" | "42P07" | "42710" | "42723" => Fault::Operator,
        _ => match code.get(..2) {
            Some("08") => Fault::Transient,
            // Values, constraints, a row too large, what a trigger or function raised.
            Some("22" | "23" | "54" | "P0") => Fault::Data,
            // Syntax, unknown names, features the server lacks: we wrote the statement.
            Some("42" | "0A" | "26" | "34") => Fault::Bug,
            _ => Fault::Operator,
        },
    }
}

/// The server's message, detail and place, on one line, with its code.
fn server_words(refusal: &DbError) -> String {
    let mut words = refusal.message().to_owned();
    for more in [refusal.detail(), refusal.where_()].into_iter().flatten() {
        words.push_str("; ");
        words.push_str(more);
    }
    format!("{} (SQLSTATE {})", one_line(&words), refusal.code().code())
}

fn server_hint(refusal: &DbError, note: Option<&str>) -> Option<String> {
    let state = refusal.code();
    let ours = if *state == SqlState::INVALID_PASSWORD {
        with_note(note, "check PGPASSWORD, ~/.pgpass and the user's password")
    } else if let Some(hint) = refusal.hint() {
        one_line(hint)
    } else if *state == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        "check the user, and the server's pg_hba.conf for this address and sslmode".to_owned()
    } else if *state == SqlState::INVALID_CATALOG_NAME {
        "create the database first, or name another one in the URL".to_owned()
    } else if *state == SqlState::INSUFFICIENT_PRIVILEGE {
        "grant it, or connect as the owner".to_owned()
    } else if *state == SqlState::TOO_MANY_CONNECTIONS {
        "lower --jobs, or raise the server's max_connections".to_owned()
    } else if *state == SqlState::DISK_FULL {
        "free space on the server's disk, then run again with --resume".to_owned()
    } else if *state == SqlState::READ_ONLY_SQL_TRANSACTION {
        "the server is a standby or read-only: name the primary in the URL".to_owned()
    } else {
        return None;
    };
    Some(ours)
}

fn unreachable_hint(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ConnectionRefused => {
            "no server listens there: check host and port, and the server's listen_addresses"
        }
        io::ErrorKind::NotFound => {
            "no socket is there: check the folder and port, and that the server runs"
        }
        io::ErrorKind::PermissionDenied => "this user may not open the server's socket",
        io::ErrorKind::TimedOut => "check the address, and firewalls on the way",
        _ => "check that the host's name is right and can be resolved and reached from here",
    }
}

/// Reads the words of rustls and of the driver, which have no other form in common.
fn tls_hint(words: &str) -> Option<&'static str> {
    const NAME: &str = "use a host that the certificate is made out to, or sslmode=verify-ca";
    let hints = [
        ("does not support TLS", "turn ssl on in the server, or set sslmode=prefer"),
        ("UnknownIssuer", "name the authority that signed the certificate: sslrootcert=FILE"),
        ("not valid for name", NAME),
        ("NotValidForName", NAME),
        ("expired", "renew the server's certificate, and check this machine's clock"),
        ("CertificateRequired", "the server wants a client certificate: sslcert=FILE sslkey=FILE"),
        (
            "UnsupportedCertVersion",
            "the server's certificate is of X.509 version 1: renew it, or set sslmode=require \
             without a root file",
        ),
    ];
    hints.iter().find(|(word, _)| words.contains(word)).map(|(_, hint)| *hint)
}

fn with_note(note: Option<&str>, hint: &str) -> String {
    note.map_or_else(|| hint.to_owned(), |note| format!("{hint}; {note}"))
}

fn any_cause(error: tokio_postgres::Error) -> Box<dyn std::error::Error + Send + Sync> {
    error.into_source().unwrap_or_else(|| "no reason is told".into())
}

fn io_cause(error: tokio_postgres::Error) -> io::Error {
    match any_cause(error).downcast::<io::Error>() {
        Ok(error) => *error,
        Err(other) => io::Error::other(other),
    }
}

/// What the driver says of the end of a connection.
pub(crate) fn error_words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| chain(error), server_words)
}

/// An error and its causes on one line, none said twice.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        next = cause.source();
    }
    one_line(&words)
}

fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::{Error, OptionsError, fault_of, one_line};
    use crate::fault::{Blame, Fault};

    #[test]
    fn codes_tell_whose_fault_it_is() {
        let cases = [
            ("08006", Fault::Transient),
            ("40P01", Fault::Transient),
            ("53300", Fault::Transient),
            ("57P01", Fault::Transient),
            ("57P04", Fault::Operator),
            ("57014", Fault::Operator),
            ("53100", Fault::Operator),
            ("28P01", Fault::Operator),
            ("3D000", Fault::Operator),
            ("42501", Fault::Operator),
            ("42P07", Fault::Operator),
            ("42601", Fault::Bug),
            ("22021", Fault::Data),
            ("23505", Fault::Data),
            ("54000", Fault::Data),
        ];
        for (code, fault) in cases {
            assert_eq!(fault_of(code), fault, "{code}");
        }
    }

    #[test]
    fn messages_stay_on_one_line() {
        assert_eq!(one_line("a\n  b\r\n\nc"), "a; b; c");
    }

    #[test]
    fn an_error_names_its_end_and_what_to_try() {
        let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = Error::Unreachable { address: "u@h:5432/d".to_owned(), source };
        assert_eq!(error.to_string(), "target u@h:5432/d: cannot connect: connection refused");
        assert!(error.hint().unwrap().contains("listen_addresses"));
        assert_eq!(error.fault(), Fault::Operator);
        assert!(OptionsError::Authority("x").hint().unwrap().contains("%40"));
    }
}
