//! A connection URL and the PG… variables as libpq reads them: pairs of parameter and value.
//!
//! Source: `PostgreSQL` manual 32.1 "Database Connection Control Functions" and 32.15
//! "Environment Variables". Nothing of the part before the last `/` is ever quoted in an error, as
//! a password that should have been percent-encoded may stand anywhere in it.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::environment::Environment;
use crate::postgres::error::OptionsError;

/// What we do with a parameter of libpq.
enum Use {
    /// We do as libpq does.
    Read,
    /// It has no meaning for us: what it asks for is never done, or always done.
    Ignored,
    /// Ignoring it would do something else than was asked for.
    Refused(&'static str),
}

struct Parameter {
    name: &'static str,
    variable: Option<&'static str>,
    what: Use,
}

const fn read(name: &'static str, variable: &'static str) -> Parameter {
    Parameter { name, variable: Some(variable), what: Use::Read }
}

const fn only_in_url(name: &'static str) -> Parameter {
    Parameter { name, variable: None, what: Use::Read }
}

const fn ignored(name: &'static str) -> Parameter {
    Parameter { name, variable: None, what: Use::Ignored }
}

const fn refused(name: &'static str, instead: &'static str) -> Parameter {
    Parameter { name, variable: None, what: Use::Refused(instead) }
}

const PARAMETERS: &[Parameter] = &[
    read("host", "PGHOST"),
    read("hostaddr", "PGHOSTADDR"),
    read("port", "PGPORT"),
    read("user", "PGUSER"),
    read("password", "PGPASSWORD"),
    read("dbname", "PGDATABASE"),
    read("passfile", "PGPASSFILE"),
    read("sslmode", "PGSSLMODE"),
    read("sslrootcert", "PGSSLROOTCERT"),
    read("sslcert", "PGSSLCERT"),
    read("sslkey", "PGSSLKEY"),
    read("sslnegotiation", "PGSSLNEGOTIATION"),
    read("channel_binding", "PGCHANNELBINDING"),
    read("options", "PGOPTIONS"),
    read("application_name", "PGAPPNAME"),
    read("connect_timeout", "PGCONNECT_TIMEOUT"),
    read("target_session_attrs", "PGTARGETSESSIONATTRS"),
    only_in_url("fallback_application_name"),
    only_in_url("keepalives"),
    only_in_url("keepalives_idle"),
    only_in_url("keepalives_interval"),
    only_in_url("keepalives_count"),
    only_in_url("tcp_user_timeout"),
    // We always speak UTF-8, and the server converts.
    ignored("client_encoding"),
    // We never compress and never speak GSSAPI; we always name the host in the handshake and offer
    // a certificate where there is one.
    ignored("sslcompression"),
    ignored("sslsni"),
    ignored("sslcertmode"),
    ignored("gssencmode"),
    ignored("gssdelegation"),
    ignored("gsslib"),
    ignored("krbsrvname"),
    refused("service", "write the service's parameters into the URL"),
    refused("servicefile", "write the service's parameters into the URL"),
    refused("sslcrl", "leave it out, or connect through a proxy that checks revocation"),
    refused("sslcrldir", "leave it out, or connect through a proxy that checks revocation"),
    refused("sslpassword", "store the key without a passphrase, readable by its owner only"),
    refused("ssl_min_protocol_version", "leave it out: TLS 1.2 is the least we speak"),
    refused("ssl_max_protocol_version", "leave it out: the newest version both know is taken"),
    refused("requirepeer", "leave it out, or connect by TCP with sslmode=verify-full"),
    refused("require_auth", "leave it out, or set channel_binding=require"),
    refused("load_balance_hosts", "leave it out: hosts are tried in the order given"),
    refused("replication", "leave it out: only ordinary sessions are opened"),
];

/// What was given, by whoever said it first: the URL before the environment.
#[derive(Default)]
pub(super) struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Reads the URL, then fills the gaps from the environment.
    pub(super) fn read(url: &str, environment: &Environment) -> Result<Self, OptionsError> {
        let mut settings = Self::default();
        settings.read_url(url)?;
        if environment.get("PGSERVICE").is_some() && !settings.0.contains_key("host") {
            return Err(OptionsError::Refused {
                name: "PGSERVICE".to_owned(),
                instead: "unset it, or write the service's parameters into the URL",
            });
        }
        for parameter in PARAMETERS {
            let Some(value) = parameter.variable.and_then(|name| environment.get(name)) else {
                continue;
            };
            settings.0.entry(parameter.name).or_insert_with(|| value.to_owned());
        }
        Ok(settings)
    }

    /// The value; one that is given but empty asks for the default.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The values of a list such as `host=a,b`, an empty place for each that is left out.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name).map(|value| value.split(',').collect()).unwrap_or_default()
    }

    fn read_url(&mut self, url: &str) -> Result<(), OptionsError> {
        let rest = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .ok_or(OptionsError::NotPostgres)?;
        let rest = self.read_login(rest)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (hosts, rest) = rest.split_at(end);
        self.read_hosts(hosts)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if path.contains('@') {
            return Err(OptionsError::Authority("an @ stands after the first /"));
        }
        // A password with a / that is not written as %2F ends up here.
        if query.contains('@') && self.get("password").is_none() && hosts.contains(':') {
            return Err(OptionsError::Authority("an @ stands after the first ?"));
        }
        self.store("dbname", path.strip_prefix('/').unwrap_or(path))?;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            self.read_pair(pair)?;
        }
        Ok(())
    }

    /// `user:password@`; what comes after it is returned.
    fn read_login<'a>(&mut self, rest: &'a str) -> Result<&'a str, OptionsError> {
        let Some(at) = rest.find(['@', '/']).filter(|at| rest[*at..].starts_with('@')) else {
            return Ok(rest);
        };
        let (login, rest) = (&rest[..at], &rest[at + 1..]);
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        self.store("user", user)?;
        self.store("password", password)?;
        Ok(rest)
    }

    /// `host:port,[::1]:port`.
    fn read_hosts(&mut self, text: &str) -> Result<(), OptionsError> {
        if text.contains('@') {
            return Err(OptionsError::Authority("it has more than one @"));
        }
        let (mut hosts, mut ports) = (Vec::new(), Vec::new());
        for endpoint in text.split(',') {
            let (host, port) = match endpoint.strip_prefix('[') {
                Some(v6) => {
                    let (host, tail) =
                        v6.split_once(']').ok_or(OptionsError::Authority("a [ has no ]"))?;
                    match tail.strip_prefix(':') {
                        Some(port) => (host, port),
                        None if tail.is_empty() => (host, ""),
                        None => return Err(OptionsError::Authority("something follows a ]")),
                    }
                }
                None => endpoint.split_once(':').unwrap_or((endpoint, "")),
            };
            if !port.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(OptionsError::Authority("its port is not a number"));
            }
            hosts.push(host);
            ports.push(port);
        }
        if hosts.iter().any(|host| !host.is_empty()) {
            self.store("host", &hosts.join(","))?;
        }
        if ports.iter().any(|port| !port.is_empty()) {
            self.store("port", &ports.join(","))?;
        }
        Ok(())
    }

    /// `name=value` of the query.
    fn read_pair(&mut self, pair: &str) -> Result<(), OptionsError> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode("parameter", name)?;
        // What JDBC writes, and libpq accepts.
        if name == "ssl" && value == "true" {
            return self.store("sslmode", "require");
        }
        let Some(parameter) = PARAMETERS.iter().find(|known| known.name == name) else {
            return Err(OptionsError::Unknown { nearest: nearest(&name), name });
        };
        match parameter.what {
            Use::Read => {
                let value = decode(parameter.name, value)?;
                self.0.insert(parameter.name, value);
                Ok(())
            }
            Use::Ignored => Ok(()),
            Use::Refused(instead) => Err(OptionsError::Refused { name, instead }),
        }
    }

    /// Keeps a decoded value, unless it is empty: then the environment has its say.
    fn store(&mut self, name: &'static str, value: &str) -> Result<(), OptionsError> {
        if !value.is_empty() {
            self.0.insert(name, decode(name, value)?);
        }
        Ok(())
    }
}

/// Percent-decodes; a lone `%` is an error, as it is for libpq.
fn decode(name: &'static str, text: &str) -> Result<String, OptionsError> {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let digits = rest.get(at + 1..at + 3).unwrap_or("");
        let is_hex = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_hex || digits == "00" {
            return Err(OptionsError::Percent { name });
        }
        rest = &rest[at + 3..];
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|source| OptionsError::NotUtf8 { name, source })
}

/// The parameter that was probably meant.
fn nearest(name: &str) -> &'static str {
    let names = PARAMETERS.iter().map(|parameter| parameter.name);
    names.min_by_key(|known| distance(known, name)).unwrap_or("host")
}

/// How many letters must be added, left out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, right) in b.bytes().enumerate() {
            let changed = corner + usize::from(left != right);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{Settings, distance};
    use crate::environment::Environment;

    fn read(url: &str) -> Result<Settings, String> {
        Settings::read(url, &Environment::of(&[])).map_err(|error| error.to_string())
    }

    /// The parameters as `name=value`, in the order of their names.
    fn pairs(url: &str) -> String {
        let settings = read(url).unwrap();
        let pairs: Vec<String> =
            settings.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join(" ")
    }

    #[test]
    fn urls_say_what_libpq_hears() {
        let cases = [
            ("postgres://", ""),
            ("postgresql://h", "host=h"),
            ("postgres://h:1/d", "dbname=d host=h port=1"),
            ("postgres://u@h/", "host=h user=u"),
            ("postgres://u:p%40s%2Fs@h", "host=h password=p@s/s user=u"),
            ("postgres://u:p?x#y:z@h/d", "dbname=d host=h password=p?x#y:z user=u"),
            ("postgres://%2Frun%2Fpg/d", "dbname=d host=/run/pg"),
            ("postgres:///d?host=/run/pg&port=7", "dbname=d host=/run/pg port=7"),
            ("postgres://[::1]:7/d", "dbname=d host=::1 port=7"),
            ("postgres://[::1]", "host=::1"),
            ("postgres://a:1,b,c:3/d", "dbname=d host=a,b,c port=1,,3"),
            ("postgres://h?dbname=d&user=u%20v", "dbname=d host=h user=u v"),
            ("postgres://h/d?ssl=true", "dbname=d host=h sslmode=require"),
            ("postgres://h?options=-c%20work_mem=1GB", "host=h options=-c work_mem=1GB"),
            ("postgres://h/d%C3%A9?client_encoding=auto&gssencmode=prefer", "dbname=dé host=h"),
            ("postgres://h/a?dbname=b", "dbname=b host=h"),
        ];
        for (url, expected) in cases {
            assert_eq!(pairs(url), expected, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        let cases = [
            ("mysql://h/d", "not a postgres:// or postgresql:// URL"),
            ("postgres://u:hunter@2@h/d", "more than one @"),
            ("postgres://u:hun/ter2@h/d", "its port is not a number"),
            ("postgres://u:12/hunter2@h/d", "an @ stands after"),
            ("postgres://u:12/3?hunter2@h/d", "an @ stands after"),
            ("postgres://u:hunter2%@h/d", "password"),
            ("postgres://u:hunter2%00@h/d", "password"),
            ("postgres://[::1/d", "a [ has no ]"),
            ("postgres://h/d?ssl_mode=require", "did you mean sslmode?"),
            ("postgres://h/d?statement_timeout=5", "statement_timeout"),
            ("postgres://h/d?service=prod", "service"),
            ("postgres://h/d%ff", "dbname"),
        ];
        for (url, part) in cases {
            let message = read(url).map(|_| ()).unwrap_err();
            assert!(message.contains(part), "{url}: {message}");
            assert!(!message.contains("hunter"), "{message}");
        }
    }

    #[test]
    fn the_url_speaks_before_the_environment() {
        let environment = Environment::of(&[
            ("PGHOST", "e"),
            ("PGPORT", "9"),
            ("PGUSER", "eu"),
            ("PGDATABASE", ""),
        ]);
        let settings = Settings::read("postgres://u@h?port=", &environment).unwrap();
        assert_eq!(settings.get("host"), Some("h"));
        assert_eq!(settings.get("user"), Some("u"));
        assert_eq!(settings.get("port"), None, "an empty value asks for the default");
        assert_eq!(settings.get("dbname"), None);
        let settings = Settings::read("postgres://", &environment).unwrap();
        assert_eq!(settings.get("host"), Some("e"));
        assert_eq!(settings.get("port"), Some("9"));
    }

    #[test]
    fn a_service_is_refused_only_where_it_would_decide() {
        let environment = Environment::of(&[("PGSERVICE", "prod")]);
        assert!(Settings::read("postgres://h", &environment).is_ok());
        assert!(Settings::read("postgres:///d", &environment).is_err());
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("sslmode", "ssl_mode"), 1);
        assert_eq!(distance("host", "most"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
