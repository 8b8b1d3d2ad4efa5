//! From options to a session: which addresses are tried, in what order, for how long.

use std::net::{IpAddr, SocketAddr};

use tokio::time::{Instant, timeout_at};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode as WireMode;

use super::Session;
use super::endpoint::{Endpoint, Host};
use super::options::Options;
use super::tls::SslMode;
use crate::postgres::error::Error;

/// A place to connect to: an endpoint, and one of the addresses that its name has.
struct Place<'a> {
    endpoint: &'a Endpoint,
    address: Option<IpAddr>,
}

/// Tries all addresses of all endpoints, each for its share of the time that is left, so that a
/// dead one leaves time for the next. A server that answers with a refusal ends the search, as
/// the next would be another server, not another way to this one.
pub(super) async fn first(options: &Options, deadline: Instant) -> Result<Session, Error> {
    let (places, mut last) = places(options).await;
    let count = places.len();
    for (at, place) in places.into_iter().enumerate() {
        let now = Instant::now();
        let share = deadline.saturating_duration_since(now) / (count - at) as u32;
        match timeout_at(now + share, Box::pin(open_at(options, &place))).await {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(error)) if ends_the_search(&error) => return Err(error),
            Ok(Err(error)) => last = Some(error),
            Err(_elapsed) => {
                last = Some(Error::TimedOut {
                    address: options.address_of(place.endpoint),
                    doing: "connecting".to_owned(),
                    limit: share,
                });
            }
        }
    }
    Err(last.unwrap_or_else(|| Error::Unreachable {
        address: options.address(),
        source: std::io::Error::other("the host has no address"),
    }))
}

/// A server that starts, stops or is full may have a neighbour that does not.
fn ends_the_search(error: &Error) -> bool {
    let passing = matches!(error.sqlstate(), Some("57P03" | "53300"));
    matches!(error, Error::Server { .. } | Error::NoPassword { .. }) && !passing
}

/// All addresses, and the last name that could not be resolved.
async fn places(options: &Options) -> (Vec<Place<'_>>, Option<Error>) {
    let (mut places, mut last) = (Vec::new(), None);
    for endpoint in &options.endpoints {
        match &endpoint.host {
            Host::Folder(_) => places.push(Place { endpoint, address: None }),
            Host::Tcp { address: Some(address), .. } => {
                places.push(Place { endpoint, address: Some(*address) });
            }
            Host::Tcp { name, address: None } => {
                match tokio::net::lookup_host((name.as_str(), endpoint.port)).await {
                    Ok(found) => places.extend(
                        found.map(|at: SocketAddr| Place { endpoint, address: Some(at.ip()) }),
                    ),
                    Err(source) => {
                        let address = options.address_of(endpoint);
                        last = Some(Error::Unreachable { address, source });
                    }
                }
            }
        }
    }
    (places, last)
}

/// One address, in the order of encryption that `sslmode` asks for.
async fn open_at(options: &Options, place: &Place<'_>) -> Result<Session, Error> {
    let (first, last) = match (&place.endpoint.host, options.ssl_mode) {
        // Nobody listens on a socket of this machine, and the server offers no TLS there.
        (Host::Folder(_), _) | (_, SslMode::Disable) => (None, WireMode::Disable),
        (_, SslMode::Allow) => (Some(WireMode::Disable), WireMode::Require),
        (_, SslMode::Prefer) => (Some(WireMode::Prefer), WireMode::Disable),
        (_, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => {
            (None, WireMode::Require)
        }
    };
    let Some(mode) = first else {
        return open_with(options, place, last).await;
    };
    match open_with(options, place, mode).await {
        // What pg_hba.conf refuses with encryption it may take without, and the reverse. If it
        // refuses both, the first refusal is the one to tell.
        Err(error) if error.sqlstate() == Some("28000") => {
            open_with(options, place, last).await.map_err(|_| error)
        }
        Err(Error::Tls { .. }) => open_with(options, place, last).await,
        result => result,
    }
}

async fn open_with(options: &Options, place: &Place<'_>, mode: WireMode) -> Result<Session, Error> {
    let address = options.address_of(place.endpoint);
    let config = config(options, place, mode);
    let connected = Box::pin(config.connect(options.tls.clone())).await;
    let (client, connection) = connected.map_err(|error| {
        let note = options.passfile_ignored.as_deref();
        Error::of_driver(&address, note, error).while_connecting()
    })?;
    let session = Session::start(client, connection, options, address);
    session.set_up(options.role).await?;
    Ok(session)
}

fn config(options: &Options, place: &Place<'_>, mode: WireMode) -> Config {
    let mut config = Config::new();
    match (&place.endpoint.host, place.address) {
        (Host::Folder(folder), _) => config.host_path(folder),
        (Host::Tcp { name, .. }, Some(address)) => config.host(name).hostaddr(address),
        (Host::Tcp { name, .. }, None) => config.host(name),
    };
    config
        .port(place.endpoint.port)
        .user(&options.user)
        .dbname(&options.database)
        .application_name(&options.application_name)
        .ssl_mode(mode)
        .ssl_negotiation(options.ssl_negotiation)
        .channel_binding(options.channel_binding)
        .connect_timeout(options.connect_timeout)
        .keepalives(options.keepalive.is_some());
    if let Some(keepalive) = options.keepalive {
        config
            .keepalives_idle(keepalive.idle)
            .keepalives_interval(keepalive.interval)
            .keepalives_retries(keepalive.count);
    }
    if let Some(unacknowledged) = options.unacknowledged {
        config.tcp_user_timeout(unacknowledged);
    }
    if let Some(password) = &place.endpoint.password {
        config.password(password.expose());
    }
    if let Some(command_line) = &options.command_line {
        config.options(command_line);
    }
    config
}
