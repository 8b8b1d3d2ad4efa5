//! Opens a connection: host, socket, greeting, TLS, login, session settings; all of it within the
//! connect time-out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mysql_common::constants::CapabilityFlags;
use rustls::ClientConfig;
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::answer::{ERR, server_error};
use super::auth::{Authentication, Transport};
use super::greeting::{Greeting, Login, Offer, agreed, answer, answer_head};
use super::link::{Link, LinkOptions, Patience, Socket};
use super::{Connection, session, tls};
use crate::mysql::connect::{Host, Options, TlsMode};
use crate::mysql::error::{Error, Wait};

/// The greeting of every server since `MySQL` 3.21.
const PROTOCOL_VERSION: u8 = 10;

pub(super) async fn open(options: &Options) -> Result<Connection, Error> {
    let config = match options.tls.mode {
        TlsMode::Disabled => None,
        _ => Some(tls::client_config(&options.tls)?),
    };
    let deadline = Instant::now() + options.connect_timeout;
    let patience = Patience::Until(deadline, options.connect_timeout);
    let socket = dial(options, deadline).await?;
    let mut link = Link::new(
        socket,
        LinkOptions {
            address: options.host.to_string(),
            patience,
            max_row_bytes: options.max_row_bytes,
        },
    );
    let (greeting, capabilities) = match shake_hands(&mut link, options, config).await {
        Ok(agreed) => agreed,
        Err(error) => return Err(login_error(options, error)),
    };
    let deprecate_eof = capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF);
    let settings = session::settings(&greeting.server_version);
    let mut connection = Connection::new(link, greeting, deprecate_eof);
    connection.execute(&settings).await.map_err(|error| session_error(options, error))?;
    connection.set_patience(Patience::Each(options.read_timeout));
    Ok(connection)
}

/// What the server says before we are in is about who we are; what breaks is not.
fn login_error(options: &Options, error: Error) -> Error {
    match error {
        Error::Server { .. }
        | Error::PluginUnknown { .. }
        | Error::PluginInsecure { .. }
        | Error::Plugin { .. } => Error::Login {
            user: options.user.clone(),
            address: options.host.to_string(),
            source: Box::new(error),
        },
        other => other,
    }
}

/// What the server refuses here is about the settings; what breaks is not.
fn session_error(options: &Options, error: Error) -> Error {
    match error {
        Error::Server { .. } => {
            Error::Session { address: options.host.to_string(), source: Box::new(error) }
        }
        other => other,
    }
}

async fn dial(options: &Options, deadline: Instant) -> Result<Box<dyn Socket>, Error> {
    let address = options.host.to_string();
    match &options.host {
        Host::Socket(path) => {
            let connect = UnixStream::connect(path);
            match timeout_at(deadline, connect).await {
                Ok(Ok(socket)) => Ok(Box::new(socket)),
                Ok(Err(source)) => Err(Error::Unreachable { address, source }),
                Err(_elapsed) => Err(connect_timed_out(options, Wait::Connect)),
            }
        }
        Host::Tcp { name, port } => {
            let addresses = match timeout_at(deadline, lookup_host((name.as_str(), *port))).await {
                Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
                Ok(Err(source)) => {
                    return Err(Error::Resolve { name: name.clone(), source });
                }
                Err(_elapsed) => return Err(connect_timed_out(options, Wait::Connect)),
            };
            match dial_any(&addresses, deadline).await {
                Ok(socket) => Ok(Box::new(socket)),
                Err(source) if source.kind() == io::ErrorKind::TimedOut => {
                    Err(connect_timed_out(options, Wait::Connect))
                }
                Err(source) => Err(Error::Unreachable { address, source }),
            }
        }
    }
}

/// Tries all addresses of a name in turn; one that swallows packets must not use up the time of
/// those after it. The first error is the one to tell: the rest are of second choice.
async fn dial_any(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut first_error = None;
    for (at, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        let error = match dial_one(*address, share).await {
            Ok(socket) => return Ok(socket),
            Err(error) => error,
        };
        first_error.get_or_insert(error);
    }
    Err(first_error.unwrap_or_else(|| io::Error::other("the name has no address")))
}

async fn dial_one(address: SocketAddr, within: Duration) -> io::Result<TcpStream> {
    match tokio::time::timeout(within, TcpStream::connect(address)).await {
        Ok(connected) => {
            let socket = connected?;
            socket.set_nodelay(true)?;
            Ok(socket)
        }
        Err(elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, elapsed)),
    }
}

fn connect_timed_out(options: &Options, wait: Wait) -> Error {
    Error::TimedOut { address: options.host.to_string(), wait, after: options.connect_timeout }
}

/// From the greeting to the OK that ends the login.
async fn shake_hands(
    link: &mut Link,
    options: &Options,
    config: Option<Arc<ClientConfig>>,
) -> Result<(Greeting, CapabilityFlags), Error> {
    let offer = read_offer(link).await?;
    let mut transport = match options.host {
        Host::Tcp { .. } => Transport::Open,
        Host::Socket(_) => Transport::Unix,
    };
    let offered = offer.capabilities;
    let has_database = options.database.is_some();
    let mut capabilities = agreed(offered, has_database, false);
    let mut tls_protocol = None;
    if let Some(config) = config.filter(|_| wants_tls(options)) {
        if offered.contains(CapabilityFlags::CLIENT_SSL) {
            capabilities = agreed(offered, has_database, true);
            link.put(&answer_head(capabilities));
            link.flush().await?;
            tls_protocol = Some(encrypt(link, options, config).await?);
            transport = Transport::Tls;
        } else if options.tls.mode != TlsMode::Preferred {
            return Err(Error::TlsNotOffered { address: options.host.to_string() });
        }
    }
    let password = options.password.as_ref().map_or("", |password| password.expose());
    let (authentication, proof) =
        Authentication::begin(password, transport, (&offer.plugin, &offer.scramble))?;
    let login = Login {
        user: &options.user,
        database: options.database.as_deref(),
        plugin: authentication.plugin(),
        proof: &proof,
    };
    link.put(&answer(capabilities, &login)?);
    link.flush().await?;
    let auth_plugin = authentication.finish(link).await?;
    let greeting = Greeting {
        server_version: offer.server_version,
        connection_id: offer.connection_id,
        tls_protocol,
        auth_plugin,
    };
    Ok((greeting, capabilities))
}

/// Over a unix socket nobody reads along; like the real clients we encrypt there only when told.
fn wants_tls(options: &Options) -> bool {
    match (&options.host, options.tls.mode) {
        (_, TlsMode::Disabled) | (Host::Socket(_), TlsMode::Preferred) => false,
        (Host::Tcp { .. }, TlsMode::Preferred)
        | (_, TlsMode::Required | TlsMode::VerifyCa | TlsMode::VerifyFull) => true,
    }
}

async fn read_offer(link: &mut Link) -> Result<Offer, Error> {
    let payload = link.packet(Wait::Greeting).await?;
    match payload.first() {
        Some(&PROTOCOL_VERSION) => {}
        // Too many connections, or this host is blocked.
        Some(&ERR) => return Err(server_error(payload)),
        Some(&other) => {
            return Err(link.violation(format!("its first packet begins with byte {other}")));
        }
        None => return Err(link.violation("its first packet is empty")),
    }
    let offer = Offer::parse(payload)?;
    if !offer.capabilities.contains(CapabilityFlags::CLIENT_PROTOCOL_41) {
        return Err(link.violation(format!("version {} is too old", offer.server_version)));
    }
    Ok(offer)
}

async fn encrypt(
    link: &mut Link,
    options: &Options,
    config: Arc<ClientConfig>,
) -> Result<String, Error> {
    let mut agreed = String::new();
    let protocol = &mut agreed;
    let replaced = link
        .replace_socket(async |plain| {
            let (socket, version) = tls::encrypt(config, &options.host, plain).await?;
            *protocol = version;
            Ok(socket)
        })
        .await;
    match replaced {
        // While shaking hands even a mere disconnect is about TLS.
        Err(Error::Lost { address, source, .. }) => Err(Error::Tls { address, source }),
        other => other.map(|()| agreed),
    }
}
