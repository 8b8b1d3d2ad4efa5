//! III. Settings that differ between deploys are in the environment.

mod application_key;
mod database;
mod dotenv;
mod environment;
mod fallback;
mod generic;

use std::ops::Range;

use crate::audit::found::Found;
use crate::audit::reading::{Reading, shown};
use crate::audit::rule::Rule;
use crate::audit::secret::{is_placeholder, is_reference, measure};
use crate::project::read::Span;
use crate::project::read::yaml_erb::{self, Pair};
use crate::twelve_factor::Hit;

/// The tables of this factor, in the order of their ids.
pub(super) const TABLES: [&[Rule]; 5] =
    [database::RULES, dotenv::RULES, application_key::RULES, generic::RULES, environment::RULES];

/// What a literal is the value of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Password,
    /// A name of a user, a database or a host: no secret, and another one in every deploy.
    Address,
}

impl What {
    /// What keys of connections name.
    fn of(key: &str) -> Option<Self> {
        match key.to_ascii_lowercase().as_str() {
            "password" | "pass" | "passwd" | "pwd" | "db_password" | "database_password" => {
                Some(Self::Password)
            }
            "username" | "user" | "host" | "hostname" | "db_user" | "db_host" | "database_host"
            | "database_user" | "server" => Some(Self::Address),
            _ => None,
        }
    }
}

/// Whether a host is this machine, which is a default and no setting of a deploy.
fn is_local(value: &str) -> bool {
    let value = value.trim();
    value.is_empty()
        || value.starts_with("localhost")
        || value.starts_with("127.")
        || value.starts_with('/')
        || matches!(
            value,
            "::1" | "[::1]" | "0.0.0.0" | "db" | "mysql" | "postgres" | "mariadb" | "database"
        )
}

/// A literal at the key of a connection: a password is told whatever it is, unless it only stands
/// for one; a name or a host is told as a weaker finding, as no secret is lost with it.
fn connection<'f>(
    file: &Reading,
    found: &'f mut Found,
    key: &str,
    value: &str,
    span: Span,
) -> Option<&'f mut Hit> {
    let what = What::of(key)?;
    if is_reference(value) || is_placeholder(value) {
        return None;
    }
    match what {
        What::Password => {
            let message = format!("`{key}` is a literal of {}", measure(value));
            Some(found.secret(file, span.start..span.end, message))
        }
        What::Address => {
            let address = key.to_ascii_lowercase();
            if (address.contains("host") || address == "server") && is_local(value) {
                return None;
            }
            let hit = found.at(file, span.start, format!("`{key}` is a literal"));
            Some(hit.weighs(crate::finding::Severity::Warning))
        }
    }
}

/// The bytes between the quotes of a string.
fn inner(file: &Reading, span: Span) -> Range<usize> {
    let text = file.text.get(span.start..span.end).unwrap_or_default();
    let quoted = text.len() >= 2 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']);
    if quoted { span.start + 1..span.end - 1 } else { span.start..span.end }
}

/// The password of a URL such as `mysql://user:password@host/db`, with where it begins in it.
fn url_password(url: &str) -> Option<(usize, &str)> {
    let scheme = url.find("://")?;
    let rest = &url[scheme + 3..];
    let authority = rest.split(['/', '?', '#', ' ', '"', '\'', '<']).next()?;
    let (login, _) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    let is_real =
        !is_placeholder(password) && !is_reference(password) && !password.contains(['{', '$', '#']);
    is_real.then_some((scheme + 3 + user.len() + 1, password))
}

/// What stands at a key of YAML, with the bytes that are to be hidden: a scalar without ERB, or the
/// first line of a block.
fn yaml_value(file: &Reading, pair: &Pair) -> Option<(String, Span)> {
    let token = pair.value?;
    if let Some(scalar) = file.yaml().scalar(pair) {
        let within = inner(file, token.span);
        return (!scalar.is_dynamic)
            .then(|| (text(&scalar.value), Span::new(within.start, within.end)));
    }
    if token.kind != yaml_erb::Kind::BlockHeader {
        return None;
    }
    let body = file.text.get(token.span.end..pair.span.end)?;
    let line = body.lines().skip(1).find(|line| !line.trim().is_empty())?.trim();
    let start = token.span.end + body.find(line)?;
    (!line.contains("<%")).then(|| (line.to_owned(), Span::new(start, start + line.len())))
}

fn text(bytes: &[u8]) -> String {
    shown(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::url_password;

    #[test]
    fn passwords_of_urls_are_found_where_there_are_some() {
        assert_eq!(url_password("mysql://a:hunter2@h/d"), Some((10, "hunter2")));
        for url in [
            "mysql://a@h/d",
            "mysql://a:@h",
            "mysql://a:${P}@h",
            "https://h:80/",
            "x",
            "mysql://app:!ChangeMe!@h",
            "mysql://db_user:db_password@h",
        ] {
            assert_eq!(url_password(url), None, "{url}");
        }
    }
}
