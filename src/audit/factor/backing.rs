//! IV. Backing services are attached by their addresses, and can be exchanged.

use std::collections::BTreeSet;

use crate::application::{Application, Database, Framework as F, Server};
use crate::audit::context::Context;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::{Reading, shown};
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::audit::secret::{is_placeholder, is_reference};
use crate::finding::Severity::{Note, Warning};
use crate::project::read::php::Callee;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::BackingServices;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "IV-001",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the address of a service stands in the code",
            why: "A move of the service is a change of the code, and no deploy can have another one. \
                  Read the address from the environment.",
            before: "config.cache_store = :redis_cache_store, { url: \"redis://10.0.3.7:6379\" }",
            after: "config.cache_store = :redis_cache_store, { url: ENV[\"REDIS_URL\"] }",
            quiet: "This machine's own address, the default of a variable, tests, and logins, which \
                    are of factor III.",
        },
        applies: Applies::Kinds(&[Kind::Php, Kind::Ruby, Kind::Yaml]),
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Ruby, Kind::Yaml],
            reach: Reach::Live,
            look: address,
        },
    },
    Rule {
        card: Card {
            id: "IV-002",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "the socket of a database stands in the configuration",
            why: "The database has to be on the same machine, with the same distribution. Connect by \
                  an address from the environment.",
            before: "socket: /var/run/mysqld/mysqld.sock",
            after: "url: <%= ENV[\"DATABASE_URL\"] %>",
            quiet: "Development and test.",
        },
        applies: Applies::Kinds(&[Kind::Yaml, Kind::Php]),
        check: Check::Files { kinds: &[Kind::Yaml, Kind::Php], reach: Reach::Live, look: socket },
    },
    Rule {
        card: Card {
            id: "IV-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the configuration can only connect to MySQL",
            why: "The adapter is a word in the code, so that another database is a change of the \
                  code. Let the URL or a variable choose it: `nirvana configure --to postgres` \
                  writes the change.",
            before: "production:\n  adapter: mysql2",
            after: "production:\n  url: <%= ENV[\"DATABASE_URL\"] %>",
            quiet: "An adapter that a variable or a URL chooses. WordPress, which has no other one, \
                    is a note.",
        },
        applies: Applies::Server,
        check: Check::Application(only_mysql),
    },
    Rule {
        card: Card {
            id: "IV-005",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "mail is handed to a program of this machine",
            why: "A container has no sendmail, and nobody sees the queue that grows. Send by SMTP or \
                  by a provider whose address is in the environment.",
            before: "config.action_mailer.delivery_method = :sendmail\nmail($to, $subject, $body);",
            after: "config.action_mailer.delivery_method = :smtp",
            quiet: "Methods that are called mail().",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Ruby, Kind::Dotenv, Kind::Ini],
            reach: Reach::Live,
            look: mail,
        },
    },
    Rule {
        card: Card {
            id: "IV-006",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a cache is looked for on this machine",
            why: "A second machine has a cache of its own, and deletes nothing in the first one. Read \
                  its address from the environment.",
            before: "$memcached->addServer('127.0.0.1', 11211);",
            after: "$memcached->addServer(getenv('MEMCACHED_HOST'), 11211);",
            quiet: "Defaults of variables, development and test.",
        },
        applies: Applies::Kinds(&[Kind::Php, Kind::Ruby]),
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Ruby],
            reach: Reach::Live,
            look: local_cache,
        },
    },
    Rule {
        card: Card {
            id: "IV-007",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the bucket of an object store stands in the code",
            why: "Staging writes into production's bucket until somebody notices. Read bucket, region \
                  and endpoint from the environment.",
            before: "amazon:\n  service: S3\n  bucket: shop-production",
            after: "amazon:\n  service: S3\n  bucket: <%= ENV[\"S3_BUCKET\"] %>",
            quiet: "The service of the tests.",
        },
        applies: Applies::To(&[F::Rails, F::Laravel, F::Lumen, F::Wordpress, F::Bedrock]),
        check: Check::Files { kinds: &[Kind::Yaml, Kind::Php], reach: Reach::Live, look: bucket },
    },
];

/// Schemes of services, and where they run if nobody says so.
const SCHEMES: [&str; 10] = [
    "redis://",
    "rediss://",
    "memcached://",
    "amqp://",
    "amqps://",
    "mongodb://",
    "mysql://",
    "mysql2://",
    "postgres://",
    "postgresql://",
];

fn is_development(file: &Reading) -> bool {
    let inner = file.inner.as_str();
    [
        "environments/development",
        "environments/test",
        "packages/dev",
        "packages/test",
        "config/deploy",
        "/dev/",
        "/test/",
    ]
    .iter()
    .any(|part| inner.contains(part))
}

/// The host of a URL with one of those schemes, if it is another machine.
fn remote(url: &str) -> Option<&str> {
    let scheme = SCHEMES.iter().find(|scheme| url.starts_with(**scheme))?;
    let rest = &url[scheme.len()..];
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let own = matches!(host, "" | "localhost" | "127.0.0.1" | "0.0.0.0" | "host" | "example.com")
        || host.contains(['$', '{', '<', '%', '#'])
        // A name without a dot is one of Compose.
        || !host.contains('.')
        || host.ends_with(".example");
    (!own).then_some(host)
}

fn address(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live
        || is_development(file)
        || !SCHEMES.iter().any(|scheme| file.has(scheme))
    {
        return;
    }
    let mut tell = |value: &str, at: usize| {
        // A login in it is told by factor III, and worse.
        if let Some(host) = remote(value) {
            let message = format!("the service at {host} is named");
            if value.contains('@') {
                found.secret(file, at..at + value.len(), message);
            } else {
                found.at(file, at, message);
            }
        }
    };
    match file.kind {
        Kind::Php => {
            let code = file.php();
            for (nth, token) in
                code.tokens.iter().enumerate().filter(|(_, token)| token.kind.is_string())
            {
                if let Some(literal) = code.literal(nth).filter(|_| !is_default(code, nth)) {
                    tell(&shown(&literal.value), token.span.start);
                }
            }
        }
        Kind::Ruby => {
            let code = file.ruby();
            for (nth, token) in
                code.tokens.iter().enumerate().filter(|(_, token)| token.kind.is_string())
            {
                let before = nth.checked_sub(1);
                let default = before.is_some_and(|at| {
                    code.is(at, b"||")
                        || code.is(at, b",")
                            && at > 1
                            && code.kind(at - 1).is_some_and(|kind| kind.is_string())
                });
                if let Some(literal) = code.literal(nth).filter(|_| !default) {
                    tell(&shown(&literal.value), token.span.start);
                }
            }
        }
        _ => {
            let yaml = file.yaml();
            for pair in &yaml.pairs {
                let Some(span) = pair.value.map(|token| token.span) else { continue };
                if let Some(scalar) = yaml.scalar(pair).filter(|scalar| !scalar.is_dynamic) {
                    tell(&shown(&scalar.value), span.start);
                }
            }
        }
    }
}

/// Whether a string is what is taken if a variable is not set.
fn is_default(code: &crate::project::read::php::Code, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let elvis = code.is(before, b"?:") || code.is(before, b":") || code.is(before, b"??");
    let second = code.is(before, b",")
        && at > 3
        && code.is(at - 3, b"(")
        && (code.is_name(at - 4, b"env") || code.text(at - 4).ends_with(b"env"));
    elvis || second
}

fn socket(file: &Reading, found: &mut Found) {
    if is_development(file) || file.scope != Scope::Live {
        return;
    }
    if file.kind == Kind::Yaml {
        if !file.inner.starts_with("config/database") {
            return;
        }
        let yaml = file.yaml();
        for (nth, pair) in yaml.pairs.iter().enumerate() {
            let key = yaml.key(pair);
            let stanza =
                yaml.path(nth).first().map(|key| shown(key).into_owned()).unwrap_or_default();
            let local = matches!(stanza.as_str(), "development" | "test");
            let literal = yaml
                .scalar(pair)
                .filter(|scalar| !scalar.is_dynamic && scalar.value.starts_with(b"/"));
            if (key == b"socket" || key == b"unix_socket") && literal.is_some() && !local {
                found.at(
                    file,
                    pair.key.span.start,
                    format!("a path on this machine, for {stanza}"),
                );
            }
        }
        return;
    }
    if !file.has_any(&["unix_socket", "DB_HOST"]) {
        return;
    }
    let code = file.php();
    for entry in code.entries() {
        let is_socket = code.key(entry.key).is_some_and(|key| *key == *b"unix_socket");
        let literal = code.constant(&entry.value).filter(|value| value.starts_with(b"/"));
        if is_socket && literal.is_some() {
            found.at(file, code.tokens[entry.key].span.start, "a path on this machine");
        }
    }
    for call in code.calls_of(b"define") {
        let items = code.items(call.open);
        let name = items.first().and_then(|name| code.constant(name));
        let value = items.get(1).and_then(|value| code.constant(value));
        if name.is_some_and(|name| *name == *b"DB_HOST")
            && value.is_some_and(|value| shown(&value).contains(":/"))
        {
            found.at(file, code.tokens[call.name].span.start, "DB_HOST has a path on this machine");
        }
    }
}

fn only_mysql(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    if application.databases.is_empty() {
        return Verdict::NotApplicable("no database is configured");
    }
    let local = ["development", "test", "tests", "testing", "example", "dev"];
    // One line may be the configuration of several environments, by an anchor.
    let mut lines: Vec<(&Database, BTreeSet<&str>)> = Vec::new();
    for database in &application.databases {
        let is_local = local.contains(&database.environment.as_str());
        let placed = context.place(database.evidence.path.as_bytes());
        // A file of variables is the environment, whoever committed it.
        let sample = placed.scope != Scope::Live || placed.kind == Kind::Dotenv;
        if database.server != Server::Mysql || database.variable.is_some() || is_local || sample {
            continue;
        }
        let at = |one: &Database| (one.evidence.path.clone(), one.evidence.line);
        let environment = database.environment.as_str();
        match lines.iter_mut().find(|(other, _)| at(other) == at(database)) {
            Some((_, environments)) => _ = environments.insert(environment),
            None => lines.push((database, BTreeSet::from([environment]))),
        }
    }
    for (database, environments) in lines {
        let adapter = database.adapter.as_deref().unwrap_or("MySQL");
        let line = database.evidence.line.unwrap_or(1) as usize;
        let environments = environments.into_iter().collect::<Vec<_>>().join(" and ");
        let message = match environments.as_str() {
            "default" => format!("{adapter} is written into the configuration"),
            _ => format!("{adapter} is written into the configuration of {environments}"),
        };
        let file = context.file(database.evidence.path.as_bytes());
        // The line may have a login in it; only its place is needed.
        let key = file.map_or(String::new(), |_| format!("{adapter} {environments}"));
        let hit = found.line(&database.evidence.path, line, &key, message);
        if matches!(application.framework, F::Wordpress | F::Bedrock) {
            hit.weighs(Note).helped("WordPress runs on MySQL and MariaDB only: keep the database, and move what is around it");
        }
    }
    Verdict::Looked
}

fn mail(file: &Reading, found: &mut Found) {
    match file.kind {
        Kind::Php if file.has("mail") => {
            let code = file.php();
            for call in code.calls_of(b"mail").filter(|call| call.callee == Callee::Function) {
                if code.items(call.open).len() >= 3 {
                    found.at(
                        file,
                        code.tokens[call.name].span.start,
                        "mail() starts the sendmail of this machine",
                    );
                }
            }
        }
        Kind::Ruby if file.has("sendmail") && !is_development(file) => {
            let code = file.ruby();
            for assignment in code.assignments() {
                if code.is_name(assignment.target.end - 1, b"delivery_method")
                    && code.text(assignment.value.start) == b":sendmail"
                {
                    found.at(
                        file,
                        code.span(&assignment.target).start,
                        "mail goes to the sendmail of this machine",
                    );
                }
            }
        }
        Kind::Dotenv if file.scope == Scope::Live => {
            for variable in file.variables() {
                if matches!(
                    (variable.key, variable.value),
                    ("MAIL_MAILER" | "MAIL_DRIVER", "sendmail" | "mail")
                ) {
                    found.at(
                        file,
                        variable.key_at,
                        format!("{} is {}", variable.key, variable.value),
                    );
                }
            }
        }
        Kind::Ini => {
            for (start, line) in
                file.code_lines().filter(|(_, line)| line.trim_start().starts_with("sendmail_path"))
            {
                let set = line.split_once('=').is_some_and(|(_, value)| !value.trim().is_empty());
                if set {
                    found.at(file, start, "PHP hands mail to the sendmail of this machine");
                }
            }
        }
        _ => {}
    }
}

fn local_cache(file: &Reading, found: &mut Found) {
    if is_development(file) || file.scope != Scope::Live {
        return;
    }
    let local = |value: &str| ["127.0.0.1", "localhost", "::1"].contains(&value);
    match file.kind {
        Kind::Php if file.has_any(&["emcache", "Redis", "redis"]) => {
            let code = file.php();
            for call in code.calls().filter(|call| call.callee == Callee::Method) {
                let name = code.text(call.name).to_ascii_lowercase();
                let connects = matches!(name.as_slice(), b"addserver" | b"pconnect" | b"connect");
                let literal = code
                    .constant(&(call.open + 1..call.open + 2))
                    .map(|value| shown(&value).into_owned());
                let caching = name == b"addserver"
                    || code
                        .text(call.name.saturating_sub(2))
                        .to_ascii_lowercase()
                        .windows(5)
                        .any(|part| part == b"redis" || part == b"cache");
                if connects && caching && literal.as_deref().is_some_and(local) {
                    found.at(
                        file,
                        code.tokens[call.name].span.start,
                        "the cache of this machine is named",
                    );
                }
            }
        }
        Kind::Ruby if file.has_any(&["redis://localhost", "redis://127.0.0.1", "cache_store"]) => {
            for (start, line) in file.code_lines() {
                let asks = line.contains("ENV");
                let own = line.contains("redis://localhost")
                    || line.contains("redis://127.0.0.1")
                    || line.contains("mem_cache_store")
                        && (line.contains("\"localhost") || line.contains("'localhost"));
                if own && !asks {
                    found.at(file, start, "the cache of this machine is named");
                }
            }
        }
        _ => {}
    }
}

fn bucket(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live {
        return;
    }
    let names = ["bucket", "region", "endpoint", "container"];
    if file.kind == Kind::Yaml && file.inner == "config/storage.yml" {
        let yaml = file.yaml();
        for (nth, pair) in yaml.pairs.iter().enumerate() {
            let key = shown(yaml.key(pair)).into_owned();
            let service =
                yaml.path(nth).first().map(|key| shown(key).into_owned()).unwrap_or_default();
            let scalar =
                yaml.scalar(pair).filter(|scalar| !scalar.is_dynamic && !scalar.value.is_empty());
            if key == "bucket" && scalar.is_some() && service != "test" {
                found.at(
                    file,
                    pair.key.span.start,
                    format!("the bucket of {service} is a literal"),
                );
            }
        }
    }
    if file.kind == Kind::Php && file.inner.ends_with("config/filesystems.php") {
        let code = file.php();
        for entry in code.entries() {
            let key = code.key(entry.key).map(|key| shown(&key).into_owned()).unwrap_or_default();
            let value = code.constant(&entry.value).map(|value| shown(&value).into_owned());
            if names.contains(&key.as_str())
                && value.is_some_and(|value| !is_placeholder(&value) && !is_reference(&value))
            {
                found.at(file, code.tokens[entry.key].span.start, format!("`{key}` is a literal"));
            }
        }
    }
}
