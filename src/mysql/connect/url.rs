//! `mysql://user:password@host:port/database?parameters`, taken apart. Messages name the part
//! that is wrong and never repeat what stands in it: it may hold the password.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::{OptionsError, plain};
use crate::secret::Secret;

/// Rails writes `mysql2` and `trilogy`, the names of its adapters.
const SCHEMES: [&str; 4] = ["mysql", "mariadb", "mysql2", "trilogy"];

/// The parameters by the names we tell; others' spellings are in `parameter_name`.
pub(super) const PARAMETERS: [&str; 6] =
    ["connect-timeout", "socket", "ssl-ca", "ssl-cert", "ssl-key", "ssl-mode"];

/// What a URL says, percent-decoded; what it leaves out is `None`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) socket: Option<PathBuf>,
    pub(super) database: Option<String>,
    parameters: Vec<(&'static str, String)>,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, OptionsError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(OptionsError::Scheme)?;
        if !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
            return Err(OptionsError::Scheme);
        }
        // An unescaped @ in a password is common, so credentials end at the last one; a / or ?
        // in them must be escaped, as they would end the host.
        let (rest, query) = split_option(rest, '?');
        let (authority, path) = split_option(rest, '/');
        // Otherwise a piece of the password would be taken, and told, for something else.
        if !authority.contains('@')
            && [path, query].into_iter().flatten().any(|after| after.contains('@'))
        {
            let problem = "a / or ? in them must be written as %2F or %3F";
            return Err(OptionsError::Part { part: "user and password", problem });
        }
        let (credentials, host_port) = match authority.rsplit_once('@') {
            Some((credentials, host_port)) => (Some(credentials), host_port),
            None => (None, authority),
        };
        let (user, password) = match credentials.map(|credentials| split_option(credentials, ':')) {
            Some((user, password)) => (Some(user), password),
            None => (None, None),
        };
        let parameters = parameters(query.unwrap_or_default())?;
        let (mut host, port, mut socket) = host_and_port(host_port)?;
        if let Some((_, path)) = parameters.iter().find(|(name, _)| *name == "socket") {
            socket = Some(PathBuf::from(path));
            host = None;
        }
        let password = password.filter(|password| !password.is_empty());
        Ok(Self {
            user: user.map(|user| decoded("user", user)).transpose()?.filter(|u| !u.is_empty()),
            password: password
                .map(|password| decoded("password", password).map(Secret::new))
                .transpose()?,
            host,
            port,
            socket,
            database: database(path.unwrap_or_default())?,
            parameters,
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

fn split_option(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// No part may hold a NUL: the protocol ends strings there.
fn decoded(part: &'static str, text: &str) -> Result<String, OptionsError> {
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_invalid| OptionsError::Part { part, problem: "not UTF-8 when decoded" })?;
    if decoded.contains('\0') {
        return Err(OptionsError::Part { part, problem: "it has a NUL in it" });
    }
    Ok(decoded.into_owned())
}

type HostPort = (Option<String>, Option<u16>, Option<PathBuf>);

/// `host`, `host:port`, `[v6]:port`, or a percent-encoded path to a socket.
fn host_and_port(text: &str) -> Result<HostPort, OptionsError> {
    let invalid = |problem| OptionsError::Part { part: "host", problem };
    let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
        let (address, after) =
            bracketed.split_once(']').ok_or_else(|| invalid("no ] after an IPv6 address"))?;
        let port = after.strip_prefix(':');
        if port.is_none() && !after.is_empty() {
            return Err(invalid("text after ]"));
        }
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(invalid("no IPv6 address in []"));
        }
        (address.to_owned(), port)
    } else {
        let (host, port) = split_option(text, ':');
        (decoded("host", host)?, port)
    };
    let port = match port {
        None | Some("") => None,
        Some(digits) => {
            Some(digits.parse().ok().filter(|port| *port > 0).ok_or(OptionsError::Part {
                part: "port",
                problem: "it is no number from 1 to 65535",
            })?)
        }
    };
    if host.starts_with('/') {
        return Ok((None, None, Some(PathBuf::from(host))));
    }
    Ok((Some(host).filter(|host| !host.is_empty()), port, None))
}

fn database(path: &str) -> Result<Option<String>, OptionsError> {
    let name = path.strip_suffix('/').unwrap_or(path);
    if name.contains('/') {
        return Err(OptionsError::Part { part: "database", problem: "it has a / in it" });
    }
    Ok(Some(decoded("database", name)?).filter(|name| !name.is_empty()))
}

fn parameters(query: &str) -> Result<Vec<(&'static str, String)>, OptionsError> {
    let mut parameters: Vec<(&'static str, String)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = split_option(pair, '=');
        let name = parameter_name(&decoded("parameter", name)?)?;
        if parameters.iter().any(|(known, _)| *known == name) {
            return Err(OptionsError::TwiceGiven { name });
        }
        parameters.push((name, decoded("parameter", value.unwrap_or_default())?));
    }
    Ok(parameters)
}

/// Takes every usual spelling: `sslmode`, `sslMode`, `ssl_mode`, `ssl-mode`.
fn parameter_name(name: &str) -> Result<&'static str, OptionsError> {
    let word = plain(name);
    match word.as_str() {
        "unixsocket" => return Ok("socket"),
        "sslrootcert" => return Ok("ssl-ca"),
        _ => {}
    }
    if let Some(known) = PARAMETERS.iter().find(|known| plain(known) == word) {
        return Ok(known);
    }
    let nearest = PARAMETERS.iter().min_by_key(|known| distance(&plain(known), &word));
    let nearest = nearest.copied().unwrap_or_default();
    Err(OptionsError::UnknownParameter { name: name.to_owned(), nearest })
}

/// Letters to insert, delete or change until `a` is `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
