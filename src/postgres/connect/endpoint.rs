//! The servers that a URL names, each a host and a port.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use super::passfile::SOCKET_FOLDERS;
use super::url::Settings;
use super::value::{parsed, wrong};
use crate::postgres::error::OptionsError;
use crate::secret::Secret;

const DEFAULT_PORT: u16 = 5432;

/// One server that may answer.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) password: Option<Secret>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// The folder of a unix socket.
    Folder(PathBuf),
    Tcp {
        /// What a certificate must be for; the address itself where only that was given.
        name: String,
        /// Where to connect, if the name is not to be looked up.
        address: Option<IpAddr>,
    },
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Tcp { name, .. } => f.write_str(name),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Tcp { name, .. } if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            host => write!(f, "{host}:{}", self.port),
        }
    }
}

/// Pairs hosts, addresses and ports by their place in the lists.
pub(super) fn endpoints(settings: &Settings) -> Result<Vec<Endpoint>, OptionsError> {
    let (hosts, addresses) = (settings.list("host"), settings.list("hostaddr"));
    let ports = settings.list("port");
    let count = hosts.len().max(addresses.len()).max(1);
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(OptionsError::Count { name: "hostaddr", hosts: hosts.len() });
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(OptionsError::Count { name: "port", hosts: count });
    }
    let password = settings.get("password").map(Secret::new);
    let mut endpoints = Vec::with_capacity(count);
    for at in 0..count {
        let port = port_of(ports.get(at).or_else(|| ports.first()).copied().unwrap_or(""))?;
        let host = hosts.get(at).copied().unwrap_or("");
        let host = host_of(host, addresses.get(at).copied().unwrap_or(""), port)?;
        endpoints.push(Endpoint { host, port, password: password.clone() });
    }
    Ok(endpoints)
}

fn port_of(text: &str) -> Result<u16, OptionsError> {
    match text {
        "" => Ok(DEFAULT_PORT),
        "0" => Err(wrong("port", text, PORTS)),
        text => parsed(text, "port", PORTS),
    }
}

const PORTS: &str = "a number from 1 to 65535";

fn host_of(host: &str, address: &str, port: u16) -> Result<Host, OptionsError> {
    let address = match address {
        "" => None,
        text => Some(parsed::<IpAddr>(text, "hostaddr", "an IP address")?),
    };
    Ok(match (host, address) {
        ("", Some(address)) => Host::Tcp { name: address.to_string(), address: Some(address) },
        ("", None) => default_host(port),
        (folder, None) if folder.starts_with('/') => Host::Folder(PathBuf::from(folder)),
        (name, address) => {
            Host::Tcp { name: name.to_owned(), address: address.or_else(|| name.parse().ok()) }
        }
    })
}

/// The socket of a server on this machine, if there is one; else `localhost`.
fn default_host(port: u16) -> Host {
    let mut folders = SOCKET_FOLDERS.iter().map(PathBuf::from);
    let alive = folders.find(|folder| folder.join(format!(".s.PGSQL.{port}")).exists());
    let localhost = || Host::Tcp { name: "localhost".to_owned(), address: None };
    alive.map_or_else(localhost, Host::Folder)
}
