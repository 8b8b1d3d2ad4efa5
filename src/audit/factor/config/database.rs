//! Logins to databases that stand in the code, one rule for each framework's own place.

use std::borrow::Cow;

use super::fallback::{self, Fallback};
use super::{connection, inner, text, url_password, yaml_value};
use crate::application::Framework as F;
use crate::audit::factor::constant::{Constant, constants};
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::{Applies, Check, Reach, Rule};
use crate::audit::secret::{is_placeholder, measure};
use crate::finding::Severity::{Error, Note, Warning};
use crate::project::read::Span;
use crate::project::read::php::{Callee, Code};
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Config;
const EVERYWHERE: Reach = Reach::Everywhere;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "III-001",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "database.yml has a login in it",
            why: "Whoever can read the repository can read the database, and no deploy can have \
                  another one. Read it from the environment: `nirvana configure` writes the change.",
            before: "production:\n  username: shop\n  password: hunter2",
            after: "production:\n  url: <%= ENV[\"DATABASE_URL\"] %>",
            quiet: "ERB, and files that are there to be copied. In development and test it is a note.",
        },
        applies: Applies::To(&[F::Rails]),
        check: Check::Files { kinds: &[Kind::Yaml], reach: EVERYWHERE, look: rails },
    },
    Rule {
        card: Card {
            id: "III-002",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "wp-config.php has a login in it",
            why: "Whoever can read the repository can read the database, and no deploy can have \
                  another one. Read it from the environment: `nirvana configure` writes the change.",
            before: "define( 'DB_PASSWORD', 'hunter2' );",
            after: "define( 'DB_PASSWORD', getenv( 'DB_PASSWORD' ) );",
            quiet: "The words of wp-config-sample.php, and values that are read from elsewhere.",
        },
        applies: Applies::To(&[F::Wordpress, F::Bedrock, F::Php]),
        check: Check::Files { kinds: &[Kind::Php], reach: EVERYWHERE, look: wordpress },
    },
    Rule {
        card: Card {
            id: "III-003",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "settings.php has a login in it",
            why: "Whoever can read the repository can read the database, and no deploy can have \
                  another one. Read it from the environment: `nirvana configure` writes the change.",
            before: "'password' => 'hunter2',",
            after: "'password' => getenv('DB_PASSWORD'),",
            quiet: "The example in the comment of default.settings.php.",
        },
        applies: Applies::To(&[F::Drupal]),
        check: Check::Files { kinds: &[Kind::Php], reach: EVERYWHERE, look: drupal },
    },
    Rule {
        card: Card {
            id: "III-004",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "config/database.php has a login in it",
            why: "A default of env() is a password in the code, as much as a literal. Leave the \
                  default out, so that a deploy without the key is seen at once.",
            before: "'password' => env('DB_PASSWORD', 'hunter2'),",
            after: "'password' => env('DB_PASSWORD'),",
            quiet: "The framework's own defaults: forge, root, an empty word, 127.0.0.1; the name of the user as a default.",
        },
        applies: Applies::To(&[F::Laravel, F::Lumen]),
        check: Check::Files { kinds: &[Kind::Php], reach: EVERYWHERE, look: laravel },
    },
    Rule {
        card: Card {
            id: "III-005",
            factor: FACTOR,
            level: Error,
            precision: Precision::High,
            title: "Symfony's configuration has a login in it",
            why: "Whoever can read the repository can read the database, and no deploy can have \
                  another one. Put it into the real environment, into .env.local, or into the vault.",
            before: "database_password: hunter2\nDATABASE_URL=mysql://shop:hunter2@db/shop",
            after: "url: '%env(resolve:DATABASE_URL)%'",
            quiet: "The recipe's `!ChangeMe!`, parameters that name others, .env.test.",
        },
        applies: Applies::To(&[F::Symfony]),
        check: Check::Files {
            kinds: &[Kind::Yaml, Kind::Dotenv],
            reach: EVERYWHERE,
            look: symfony,
        },
    },
    Rule {
        card: Card {
            id: "III-006",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "CodeIgniter's database configuration has a login in it",
            why: "Whoever can read the repository can read the database, and no deploy can have \
                  another one. Read it from the environment: `nirvana configure` writes the change.",
            before: "'password' => 'hunter2',",
            after: "'password' => getenv('DB_PASSWORD'),",
            quiet: "The empty words of the skeleton, and the group of the tests.",
        },
        applies: Applies::To(&[F::CodeIgniter]),
        check: Check::Files { kinds: &[Kind::Php], reach: EVERYWHERE, look: codeigniter },
    },
    Rule {
        card: Card {
            id: "III-007",
            factor: FACTOR,
            level: Error,
            precision: Precision::High,
            title: "a connection is opened with a password that stands in the code",
            why: "Whoever can read the repository can read the database. Read the login from the \
                  environment.",
            before: "new PDO('mysql:host=db;dbname=shop', 'shop', 'hunter2');",
            after: "new PDO(getenv('DB_DSN'), getenv('DB_USER'), getenv('DB_PASSWORD'));",
            quiet: "Code within strings, and words that only stand for a password.",
        },
        applies: Applies::Kinds(&[Kind::Php]),
        check: Check::Files { kinds: &[Kind::Php], reach: EVERYWHERE, look: connect },
    },
];

/// Whether a file is this one, or one that is there to be copied to it.
fn is_file(file: &Reading, names: &[&str]) -> bool {
    names.iter().any(|name| file.inner.ends_with(name)) && file.scope != Scope::Sample
}

fn rails(file: &Reading, found: &mut Found) {
    if !file.inner.starts_with("config/database") || file.scope == Scope::Sample {
        return;
    }
    let yaml = file.yaml();
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        let Some((value, span)) = yaml_value(file, pair) else { continue };
        let key = text(yaml.key(pair));
        let stanza = yaml.path(nth).first().map(|key| text(key)).unwrap_or_default();
        let local = matches!(stanza.as_str(), "development" | "test" | "cucumber" | "ci");
        let hit = if key == "url" {
            url(file, found, &value, span)
        } else {
            connection(file, found, &key, &value, span)
        };
        if let Some(hit) = hit {
            hit.message = format!("{}, for {stanza}", hit.message);
            // A file beside database.yml is copied over it, with whatever stands in it.
            let copied =
                !matches!(file.inner.as_str(), "config/database.yml" | "config/database.yaml");
            if local || copied && value.len() < 8 {
                hit.weighs(Note);
            }
        }
    }
}

/// A URL with a password in it.
fn url<'f>(
    file: &Reading,
    found: &'f mut Found,
    value: &str,
    span: Span,
) -> Option<&'f mut crate::twelve_factor::Hit> {
    let (_, password) = url_password(value)?;
    let text = file.text.get(span.start..span.end)?;
    let at = span.start + text.find(password)?;
    let message = format!("a URL has a password of {}", measure(password));
    Some(found.secret(file, at..at + password.len(), message))
}

fn wordpress(file: &Reading, found: &mut Found) {
    if !file.has("DB_PASSWORD") && !file.has("DB_HOST") || file.scope == Scope::Sample {
        return;
    }
    let code = file.php();
    for Constant { name, value, .. } in constants(code) {
        let key = match name.as_str() {
            "DB_PASSWORD" | "DB_PASS" => "password",
            "DB_USER" => "user",
            "DB_HOST" => "host",
            _ => continue,
        };
        if let Some((value, span)) = constant(file, code, &value)
            && let Some(hit) = connection(file, found, key, &value, span)
        {
            hit.message = format!("{name} is a literal{}", length(&hit.message));
        }
    }
}

/// ` of 8 to 15 characters`, if that was told.
fn length(message: &str) -> &str {
    message.split_once(" is a literal").map_or("", |(_, rest)| rest)
}

/// A value that is one literal, and the bytes between its quotes.
fn constant<'a>(
    file: &Reading,
    code: &Code<'a>,
    value: &std::ops::Range<usize>,
) -> Option<(String, Span)> {
    let constant: Cow<'a, [u8]> = code.constant(value)?;
    let within = inner(file, code.span(value));
    Some((text(&constant), Span::new(within.start, within.end)))
}

/// Every `key => literal` of a file.
fn entries(file: &Reading, found: &mut Found, quiet: impl Fn(&str, &str) -> bool) {
    let code = file.php();
    for entry in code.entries() {
        let Some(key) = code.key(entry.key).map(|key| text(&key)) else { continue };
        if let Some((value, span)) = constant(file, code, &entry.value)
            && !quiet(&key, &value)
        {
            connection(file, found, &key, &value, span);
        }
    }
}

/// `$db['default']['password'] = 'literal'`, and `public $password = 'literal'`.
fn assigned(file: &Reading, found: &mut Found, base: &[u8]) {
    let code = file.php();
    for assignment in code.assignments() {
        if code.text(assignment.base) != base || assignment.keys.is_empty() {
            continue;
        }
        let keys = code.keys(&assignment).unwrap_or_default();
        let Some(key) = keys.last().map(|key| text(key)) else { continue };
        if let Some((value, span)) = constant(file, code, &assignment.value) {
            connection(file, found, &key, &value, span);
        }
    }
}

fn drupal(file: &Reading, found: &mut Found) {
    let name = file.name();
    let is_settings = name.starts_with("settings") && name.ends_with(".php");
    if !is_settings || file.scope == Scope::Sample || !file.has_any(&["$databases", "$db_url"]) {
        return;
    }
    entries(file, found, |_, _| false);
    assigned(file, found, b"$databases");
    let code = file.php();
    for assignment in code.assignments() {
        if code.text(assignment.base) == b"$db_url"
            && let Some((value, span)) = constant(file, code, &assignment.value)
        {
            url(file, found, &value, span);
        }
    }
}

fn laravel(file: &Reading, found: &mut Found) {
    if !is_file(file, &["config/database.php"]) {
        return;
    }
    let skeleton = |_: &str, value: &str| {
        matches!(value, "forge" | "root" | "laravel" | "homestead" | "sa" | "127.0.0.1" | "secret")
    };
    entries(file, found, skeleton);
    found.each(|hit| _ = hit.helped("read it by env(), without a default"));
    let code = file.php();
    for entry in
        code.entries().filter(|entry| code.key(entry.key).is_some_and(|key| *key == *b"url"))
    {
        if let Some((value, span)) = constant(file, code, &entry.value) {
            if let Some(hit) = url(file, found, &value, span) {
                hit.helped("read it by env(), without a default");
            }
        }
    }
    for Fallback { key: name, value: default } in fallback::in_php(code) {
        let key = match name.rsplit_once('_').map(|(_, end)| end) {
            Some("PASSWORD") => "password",
            Some("USERNAME" | "USER") => "username",
            Some("HOST") => "host",
            Some("URL") => "url",
            _ => continue,
        };
        if let Some((value, span)) = constant(file, code, &default)
            && !skeleton(key, &value)
            // Who logs in is no secret, and most machines have that user.
            && key != "username"
            && let Some(hit) = match key {
                "url" => url(file, found, &value, span),
                _ => connection(file, found, key, &value, span),
            }
        {
            hit.message = format!("the default of {name} is a literal{}", length(&hit.message));
        }
    }
}

fn symfony(file: &Reading, found: &mut Found) {
    if file.scope == Scope::Sample {
        return;
    }
    if file.kind == Kind::Dotenv {
        if file.name().contains("test") {
            return;
        }
        for variable in file
            .variables()
            .iter()
            .filter(|one| one.key.ends_with("_URL") || one.key.ends_with("_DSN"))
        {
            let span = Span::new(variable.at, variable.at + variable.value.len());
            if variable.value.contains("://") && !is_recipe(variable.value) {
                url(file, found, variable.value, span);
            }
        }
        return;
    }
    let is_config = ["config/", "app/config/"].iter().any(|start| file.inner.starts_with(start));
    if !is_config || file.inner.contains("/test/") {
        return;
    }
    let yaml = file.yaml();
    for pair in &yaml.pairs {
        let key = text(yaml.key(pair));
        let Some((value, span)) = yaml_value(file, pair) else { continue };
        let name = key.strip_prefix("database_").filter(|_| key.starts_with("database_"));
        if let Some(name) = name {
            connection(file, found, name, &value, span);
        } else if key == "url" || key == "dsn" {
            url(file, found, &value, span);
        }
    }
}

/// What the recipes write.
fn is_recipe(value: &str) -> bool {
    value.contains("ChangeMe")
        || value.contains("db_user:db_password")
        || value.contains("://guest:guest@")
}

fn codeigniter(file: &Reading, found: &mut Found) {
    let own = ["application/config/database.php", "Config/Database.php"];
    let per_environment =
        file.inner.starts_with("application/config/") && file.name() == "database.php";
    if !is_file(file, &own) && !per_environment {
        return;
    }
    let skeleton = |_: &str, value: &str| value == "root" || value == "your_username";
    entries(file, found, skeleton);
    assigned(file, found, b"$db");
    let groups = ["$tests", "$test", "$development", "'tests'", "'development'"];
    found.each(|hit| {
        // The group is named on the line that opens it.
        let above = (1..=hit.line as usize).rev().map(|line| file.line(line));
        let opens = above
            .into_iter()
            .find(|line| line.contains('=') && (line.contains("public") || line.contains("$db")));
        if opens.is_some_and(|line| groups.iter().any(|group| line.contains(group))) {
            hit.weighs(Note);
        }
    });
}

fn connect(file: &Reading, found: &mut Found) {
    let words = ["PDO", "mysqli", "mysql_connect", "mysql_pconnect", "pg_connect"];
    if !file.has_any(&words) {
        return;
    }
    let code = file.php();
    for call in code.calls() {
        let name = code.text(call.name).to_ascii_lowercase();
        let name = name.strip_prefix(b"\\").unwrap_or(&name);
        let nth = match (call.callee, name) {
            (Callee::New, b"pdo" | b"mysqli")
            | (Callee::Function, b"mysqli_connect" | b"mysql_connect" | b"mysql_pconnect") => 2,
            (Callee::Method, b"real_connect") => 2,
            (Callee::Function, b"mysqli_real_connect") => 3,
            (Callee::Function, b"pg_connect" | b"pg_pconnect") => 0,
            _ => continue,
        };
        let items = code.items(call.open);
        let called = text(name);
        let is_address = nth == 0 || called == "pdo";
        if is_address
            && let Some((value, span)) = items.first().and_then(|item| constant(file, code, item))
            && let Some(password) = named_password(&value)
            && let Some(at) = file.text[span.start..span.end].find(password)
        {
            let at = span.start + at;
            let message = format!("{called}() has a password of {}", measure(password));
            found.secret(file, at..at + password.len(), message);
        }
        let item = items.get(nth).filter(|_| nth > 0);
        let Some((value, span)) = item.and_then(|item| constant(file, code, item)) else {
            continue;
        };
        if !is_placeholder(&value) {
            let message = format!("{called}() has a password of {}", measure(&value));
            found.secret(file, span.start..span.end, message);
        } else if value == "root" || value == "password" {
            found
                .at(file, span.start, format!("{called}() has a password everybody knows"))
                .weighs(Warning);
        }
    }
}

/// The password of `mysql:host=db;password=…` or `host=db password=…`.
fn named_password(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("password=")?;
    let password = rest.trim_matches('\'').split([' ', ';', '\'']).next()?;
    (!is_placeholder(password) && !password.contains('$')).then_some(password)
}
