//! Keys that an application signs and encrypts with, and logins to mail servers.

use std::ops::Range;

use super::fallback::{self, ruby_literal};
use super::{inner, text, url_password, yaml_value};
use crate::application::Framework as F;
use crate::audit::factor::constant::{Constant, constants};
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::{Applies, Check, Reach, Rule};
use crate::audit::secret::{is_placeholder, is_reference, measure};
use crate::finding::Severity::{Error, Note};
use crate::project::read::Span;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Config;
const EVERYWHERE: Reach = Reach::Everywhere;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "III-010",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "the key of Rails' credentials is committed",
            why: "The encrypted credentials beside it are plain text to whoever has the repository. \
                  Take it out, ignore it, change every secret in there, and make a new key.",
            before: "config/master.key",
            after: ".gitignore: /config/master.key\nRAILS_MASTER_KEY in the environment",
            quiet: "A file that does not hold 32 hexadecimal digits.",
        },
        applies: Applies::To(&[F::Rails]),
        check: Check::Files { kinds: &[Kind::Text], reach: EVERYWHERE, look: master_key },
    },
    Rule {
        card: Card {
            id: "III-011",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "Rails' secret_key_base is in the code",
            why: "With it anybody can forge a session of any user. Read it from the environment, \
                  and make a new one.",
            before: "production:\n  secret_key_base: 4f1c…",
            after: "production:\n  secret_key_base: <%= ENV[\"SECRET_KEY_BASE\"] %>",
            quiet: "In development and test it is a note; ERB.",
        },
        applies: Applies::To(&[F::Rails]),
        check: Check::Files {
            kinds: &[Kind::Yaml, Kind::Ruby],
            reach: EVERYWHERE,
            look: rails_secret,
        },
    },
    Rule {
        card: Card {
            id: "III-012",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "the application's key is in the code",
            why: "With APP_KEY (Laravel) or APP_SECRET (Symfony) anybody can forge what the \
                  application has signed. Set it in the environment of each deploy, and make a new \
                  one.",
            before: "APP_KEY=base64:3f…",
            after: "APP_KEY=                     (in .env.example)",
            quiet: "SomeRandomString, and the files of the tests, where it is a note.",
        },
        applies: Applies::To(&[F::Laravel, F::Lumen, F::Symfony]),
        check: Check::Files {
            kinds: &[Kind::Dotenv, Kind::Php, Kind::Yaml],
            reach: EVERYWHERE,
            look: app_key,
        },
    },
    Rule {
        card: Card {
            id: "III-013",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "WordPress' keys and salts are in the code",
            why: "With them anybody can forge a login cookie. Read them from the environment, and \
                  make new ones.",
            before: "define( 'AUTH_KEY', 'h7%…' );",
            after: "define( 'AUTH_KEY', getenv( 'AUTH_KEY' ) );",
            quiet: "`put your unique phrase here`.",
        },
        applies: Applies::To(&[F::Wordpress, F::Bedrock]),
        check: Check::Files { kinds: &[Kind::Php], reach: EVERYWHERE, look: salts },
    },
    Rule {
        card: Card {
            id: "III-014",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "Drupal's hash salt is in the code",
            why: "With it anybody can forge one-time logins. Read it from the environment, and make \
                  a new one.",
            before: "$settings['hash_salt'] = 'kX9…';",
            after: "$settings['hash_salt'] = getenv('HASH_SALT');",
            quiet: "An empty word, and file_get_contents().",
        },
        applies: Applies::To(&[F::Drupal]),
        check: Check::Files { kinds: &[Kind::Php], reach: EVERYWHERE, look: hash_salt },
    },
    Rule {
        card: Card {
            id: "III-015",
            factor: FACTOR,
            level: Error,
            precision: Precision::High,
            title: "the login of a mail server is in the code",
            why: "Whoever can read the repository can send mail in your name. Read the login from \
                  the environment.",
            before: "config.action_mailer.smtp_settings = { password: \"hunter2\" }",
            after: "config.action_mailer.smtp_settings = { password: ENV[\"SMTP_PASSWORD\"] }",
            quiet: "Words that only stand for a password.",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Ruby, Kind::Php, Kind::Dotenv, Kind::Yaml],
            reach: EVERYWHERE,
            look: smtp,
        },
    },
];

fn master_key(file: &Reading, found: &mut Found) {
    let is_key = file.inner == "config/master.key"
        || file.inner.starts_with("config/credentials/") && file.inner.ends_with(".key");
    let key = file.text.trim();
    if is_key && key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        found.secret(
            file,
            0..key.len(),
            "the key that opens the encrypted credentials is committed",
        );
    }
}

/// Tells a literal that signs or encrypts.
fn key<'f>(
    file: &Reading,
    found: &'f mut Found,
    name: &str,
    value: &str,
    span: Span,
) -> Option<&'f mut crate::twelve_factor::Hit> {
    if is_reference(value) || is_placeholder(value) || value.len() < 8 {
        return None;
    }
    let message = format!("{name} is a literal of {}", measure(value));
    let within = inner(file, span);
    Some(found.secret(file, within, message))
}

fn rails_secret(file: &Reading, found: &mut Found) {
    const NAMES: [&str; 2] = ["secret_key_base", "secret_token"];
    if !file.has_any(&NAMES) || file.scope == Scope::Sample {
        return;
    }
    if file.kind == Kind::Yaml {
        let yaml = file.yaml();
        for (nth, pair) in yaml.pairs.iter().enumerate() {
            let name = text(yaml.key(pair));
            let Some((value, span)) = yaml_value(file, pair) else { continue };
            if !NAMES.contains(&name.as_str()) {
                continue;
            }
            let stanza = yaml.path(nth).first().map(|key| text(key)).unwrap_or_default();
            if let Some(hit) = key(file, found, &name, &value, span)
                && matches!(stanza.as_str(), "development" | "test")
            {
                hit.weighs(Note);
            }
        }
        return;
    }
    let code = file.ruby();
    for assignment in code.assignments() {
        let name = text(code.text(assignment.target.end - 1));
        if NAMES.contains(&name.as_str())
            && let Some((value, token)) = ruby_literal(code, &assignment.value)
        {
            key(file, found, &name, &text(&value), code.span(&token));
        }
    }
}

fn app_key(file: &Reading, found: &mut Found) {
    if file.scope == Scope::Sample {
        return;
    }
    match file.kind {
        Kind::Dotenv => {
            for variable in file.variables() {
                if matches!(variable.key, "APP_KEY" | "APP_SECRET") {
                    let span = Span::new(variable.at, variable.at + variable.value.len());
                    if let Some(hit) = key(file, found, variable.key, variable.value, span)
                        && ["test", "ci", "dev"].iter().any(|word| file.name().contains(word))
                    {
                        hit.weighs(Note);
                    }
                }
            }
        }
        Kind::Php if file.inner.ends_with("config/app.php") => {
            let code = file.php();
            for entry in code.entries() {
                if code.key(entry.key).is_some_and(|key| *key == *b"key")
                    && let Some(value) = code.constant(&entry.value)
                {
                    key(file, found, "key", &text(&value), code.span(&entry.value));
                }
            }
        }
        Kind::Yaml
            if file.name().starts_with("parameters") || file.name().starts_with("framework") =>
        {
            let yaml = file.yaml();
            for pair in yaml.pairs.iter().filter(|pair| yaml.key(pair) == b"secret") {
                let Some(span) = pair.value.map(|token| token.span) else { continue };
                if let Some(scalar) = yaml.scalar(pair)
                    && scalar.value.first() != Some(&b'%')
                {
                    key(file, found, "secret", &text(&scalar.value), span);
                }
            }
        }
        _ => {}
    }
}

const SALTS: [&str; 8] = [
    "AUTH_KEY",
    "SECURE_AUTH_KEY",
    "LOGGED_IN_KEY",
    "NONCE_KEY",
    "AUTH_SALT",
    "SECURE_AUTH_SALT",
    "LOGGED_IN_SALT",
    "NONCE_SALT",
];

fn salts(file: &Reading, found: &mut Found) {
    if !file.has_any(&SALTS) || file.scope == Scope::Sample {
        return;
    }
    let code = file.php();
    let fallbacks = fallback::in_php(code);
    for Constant { name, value, .. } in constants(code) {
        // What stands in for a variable is in the code as well.
        let within = fallbacks.iter().find(|one| value.contains(&one.value.start));
        let value = within.map_or(value, |one| one.value.clone());
        let literal = code.constant(&value).map(|value| text(&value));
        if let Some(literal) = literal.filter(|literal| {
            SALTS.contains(&name.as_str())
                && !literal.contains("unique phrase")
                && literal.len() >= 8
        }) {
            let message = format!("{name} is a literal of {}", measure(&literal));
            found.secret(file, inner(file, code.span(&value)), message);
        }
    }
}

fn hash_salt(file: &Reading, found: &mut Found) {
    if !file.has("hash_salt") || file.scope == Scope::Sample {
        return;
    }
    let code = file.php();
    for assignment in code.assignments() {
        let keys = code.keys(&assignment).unwrap_or_default();
        let is_salt = code.text(assignment.base) == b"$drupal_hash_salt"
            || keys.last().is_some_and(|key| **key == *b"hash_salt");
        if is_salt && let Some(value) = code.constant(&assignment.value) {
            key(file, found, "the hash salt", &text(&value), code.span(&assignment.value));
        }
    }
}

fn smtp(file: &Reading, found: &mut Found) {
    if file.scope == Scope::Sample {
        return;
    }
    match file.kind {
        Kind::Ruby if file.has("smtp_settings") => smtp_ruby(file, found),
        Kind::Php if file.has("->Password") => {
            let code = file.php();
            for assignment in code.assignments() {
                let name = assignment.base;
                if code.text(name) == b"Password"
                    && name > 0
                    && code.is(name - 1, b"->")
                    && let Some(value) = code.constant(&assignment.value)
                    && !is_placeholder(&text(&value))
                {
                    let message =
                        format!("the password is a literal of {}", measure(&text(&value)));
                    found.secret(file, inner(file, code.span(&assignment.value)), message);
                }
            }
        }
        Kind::Dotenv => {
            for variable in file.variables() {
                let value = variable.value;
                let span = variable.at..variable.at + value.len();
                if matches!(variable.key, "MAIL_PASSWORD" | "SMTP_PASSWORD" | "MAILER_PASSWORD") {
                    if !is_placeholder(value) && !is_reference(value) {
                        found.secret(
                            file,
                            span,
                            format!("{} is a literal of {}", variable.key, measure(value)),
                        );
                    }
                } else if variable.key == "MAILER_DSN"
                    && let Some((at, password)) = url_password(value)
                {
                    let at = variable.at + at;
                    found.secret(
                        file,
                        at..at + password.len(),
                        format!("MAILER_DSN has a password of {}", measure(password)),
                    );
                }
            }
        }
        Kind::Yaml if file.has("mailer_password") => {
            let yaml = file.yaml();
            for pair in yaml.pairs.iter().filter(|pair| yaml.key(pair) == b"mailer_password") {
                let Some(span) = pair.value.map(|token| token.span) else { continue };
                if let Some(scalar) = yaml.scalar(pair) {
                    let value = text(&scalar.value);
                    if !is_placeholder(&value) && !is_reference(&value) && value != "~" {
                        found.secret(
                            file,
                            inner(file, span),
                            format!("mailer_password is a literal of {}", measure(&value)),
                        );
                    }
                }
            }
        }
        _ => {}
    }
}

fn smtp_ruby(file: &Reading, found: &mut Found) {
    let code = file.ruby();
    let mut tell = |value: &Range<usize>| {
        if let Some((value, token)) = ruby_literal(code, value)
            && !is_placeholder(&text(&value))
        {
            let message = format!("the password is a literal of {}", measure(&text(&value)));
            found.secret(file, inner(file, code.span(&token)), message);
        }
    };
    let is_settings = |at: Option<usize>| at.is_some_and(|at| code.is_name(at, b"smtp_settings"));
    // smtp_settings[:password] = '…'
    for assignment in code.assignments() {
        let end = assignment.target.end;
        if code.is(end - 1, b"]")
            && is_settings(end.checked_sub(4))
            && code.key(end - 2).is_some_and(|key| *key == *b"password")
        {
            tell(&assignment.value);
        }
    }
    // smtp_settings = { … }, and smtp_settings.merge!(…)
    let assigned = code.assignments().filter(|one| is_settings(one.target.end.checked_sub(1)));
    let merged =
        code.calls().filter(|call| call.has_receiver && is_settings(call.name.checked_sub(2)));
    let hashes = assigned.map(|one| one.value).chain(merged.map(|call| call.arguments));
    for range in hashes {
        for entry in code.entries().filter(|entry| range.contains(&entry.key)) {
            let name = code.key(entry.key).map(|name| text(&name)).unwrap_or_default();
            if name == "password" {
                tell(&entry.value);
            }
        }
    }
}
