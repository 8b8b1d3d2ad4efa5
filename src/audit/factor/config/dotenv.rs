//! Files of variables: which of them are committed, and what is wrong within.

use super::url_password;
use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::audit::secret::{is_drawn, is_placeholder, is_reference, is_secret_name, measure};
use crate::finding::Severity::{Error, Note, Warning};
use crate::project::tree::{join, shown};
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Config;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "III-008",
            factor: FACTOR,
            level: Error,
            precision: Precision::High,
            title: "a .env file with secrets is committed",
            why: "It is the environment of one deploy, and now everybody's. Take it out with \
                  `git rm --cached`, ignore it, commit a .env.example without values, and change \
                  what it held.",
            before: ".env: STRIPE_SECRET=sk_live_…",
            after: ".gitignore: /.env\n.env.example: STRIPE_SECRET=",
            quiet: "Files that are there to be copied; keys that rules of their own speak of; \
                    Symfony's .env, but for real secrets in it.",
        },
        applies: Applies::Kinds(&[Kind::Dotenv]),
        check: Check::Files { kinds: &[Kind::Dotenv], reach: Reach::Everywhere, look: committed },
    },
    Rule {
        card: Card {
            id: "III-009",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "nothing keeps .env out of the repository",
            why: "The application reads .env, and the next `git add .` commits it. Add it to \
                  .gitignore.",
            before: ".gitignore: /vendor",
            after: ".gitignore: /vendor\n/.env",
            quiet: "Symfony, which commits .env and ignores .env.local.",
        },
        applies: Applies::Server,
        check: Check::Application(ignored),
    },
    Rule {
        card: Card {
            id: "III-024",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "a line of a .env file means something else to each program",
            why: "Shells, Docker, systemd and the libraries of each language read it differently: \
                  what works here fails there. Write KEY=value, quote what has a space, `#` or `$`, \
                  and set a key once.",
            before: "DB_HOST = db\nNAME=My Shop\nCOLOUR=#fc0\nDB_HOST=other",
            after: "DB_HOST=db\nNAME=\"My Shop\"\nCOLOUR=\"#fc0\"",
            quiet: "CodeIgniter's keys with dots, and its spaces around the equals sign; $NAME and \
                    ${NAME}, which are meant; comments behind a space.",
        },
        applies: Applies::Kinds(&[Kind::Dotenv]),
        check: Check::Files { kinds: &[Kind::Dotenv], reach: Reach::Live, look: syntax },
    },
];

/// Keys that other rules of this factor tell of.
fn is_elsewhere(file: &Reading, key: &str) -> bool {
    let app = matches!(key, "APP_KEY" | "APP_SECRET")
        && matches!(file.framework, Some(F::Laravel | F::Lumen | F::Symfony));
    app || matches!(key, "MAIL_PASSWORD" | "SMTP_PASSWORD" | "MAILER_PASSWORD" | "MAILER_DSN")
}

fn committed(file: &Reading, found: &mut Found) {
    if file.scope == Scope::Sample {
        return;
    }
    let symfony = file.framework == Some(F::Symfony);
    for variable in file.variables() {
        let (key, value) = (variable.key, variable.value);
        if is_elsewhere(file, key) {
            continue;
        }
        let is_desk = ["test", "ci", "development", "local.docker"]
            .iter()
            .any(|word| file.name().contains(word));
        // Symfony's URLs have a rule of their own.
        if !symfony && let Some((at, password)) = url_password(value) {
            let at = variable.at + at;
            let message = format!("{key} has a password of {}", measure(password));
            let hit = found.secret(file, at..at + password.len(), message);
            if is_desk {
                hit.weighs(Note);
            }
            continue;
        }
        if is_placeholder(value) || is_reference(value) {
            continue;
        }
        let named = is_secret_name(key) && value.len() >= 4 && (!symfony || is_drawn(value));
        if named && !matches!(value, "null" | "127.0.0.1") && !is_number(key, value) {
            let message = format!("{key} has a value of {}", measure(value));
            let hit = found.secret(file, variable.at..variable.at + value.len(), message);
            if is_desk {
                hit.weighs(Note);
            }
        }
    }
}

/// A number of seconds or of letters, where no password can be meant: `RESET_TOKEN=86400`.
fn is_number(key: &str, value: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_password = key.contains("pass") || key.contains("pwd");
    value.parse::<f64>().is_ok() && !(is_password && value.len() >= 6)
}

fn ignored(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let at = |name: &str| join(&application.folder, name.as_bytes());
    let has = |name: &str, word: &str| {
        context.file(&at(name)).is_some_and(|file| file.text.contains(word))
    };
    if application.framework == F::Symfony {
        return Verdict::NotApplicable("Symfony's .env is meant to be committed");
    }
    let reads = has("Gemfile", "dotenv")
        || has("composer.json", "vlucas/phpdotenv")
        || has("composer.json", "symfony/dotenv")
        || matches!(application.framework, F::Laravel | F::Lumen | F::Bedrock)
        || has("package.json", "\"dotenv\"");
    if !reads {
        return Verdict::NotApplicable("no library here reads .env");
    }
    let rules = context.tree.entries().iter().any(|entry| entry.name() == b".gitignore");
    if context.repository.is_none() && !rules {
        return Verdict::NotApplicable("this is no repository");
    }
    if context.tree.entry(at(".env")).is_none() && !context.tree.ignores(at(".env")) {
        let manifest = [".gitignore", "composer.json", "Gemfile", "package.json"];
        let path =
            manifest.iter().map(|name| at(name)).find(|path| context.tree.entry(path).is_some());
        let path = path.unwrap_or_else(|| at(".gitignore"));
        found.absent(&shown(&path), "no rule of .gitignore matches .env");
    }
    Verdict::Looked
}

fn syntax(file: &Reading, found: &mut Found) {
    if file.inner.contains("docker")
        && file.name() == ".env"
        && file.framework == Some(F::CodeIgniter)
    {
        return;
    }
    let codeigniter = file.framework == Some(F::CodeIgniter);
    if file.text.starts_with('\u{feff}') {
        found.at(file, 0, "a byte order mark is read as a part of the first key");
    }
    if memchr::memmem::find(file.bytes(), b"\r\n").is_some() {
        found.at(file, 0, "lines end with CR LF, and many programs take CR as a part of the value");
    }
    let mut seen: Vec<&str> = Vec::new();
    for variable in file.variables() {
        let key = variable.key;
        if seen.contains(&key) {
            found.at(file, variable.key_at, format!("{key} is set a second time"));
        }
        seen.push(key);
        let line = file.line(file.line_of(variable.key_at));
        let Some((left, right)) = line.split_once('=') else { continue };
        let raw = right.trim();
        let quoted = raw.starts_with(['"', '\'']);
        let bare = if quoted || raw.starts_with("# ") { "" } else { raw };
        let bare = bare.split(" #").next().unwrap_or_default();
        if (left.ends_with(' ') || right.starts_with(' ') && !(bare.is_empty() && !quoted))
            && !codeigniter
        {
            found.at(file, variable.key_at, format!("{key} has spaces around its equals sign"));
        } else if !quoted
            && variable.value.contains(' ')
            && !variable.value.starts_with('<')
            && !codeigniter
        {
            found.at(
                file,
                variable.key_at,
                format!("{key} has a space in its value and no quotes"),
            );
        }
        if bare.contains('#') {
            found.at(file, variable.key_at, format!("{key} has a # in its value and no quotes"));
        } else if has_dollar(bare) {
            found.at(file, variable.key_at, format!("{key} has a $ in its value and no quotes"));
        }
        if key.contains('-') {
            found.at(file, variable.key_at, format!("{key} has a hyphen, which no shell takes"));
        }
    }
}

/// Whether a `$` stands where no variable can be meant: `$NAME` and `${NAME}` are.
fn has_dollar(value: &str) -> bool {
    value.match_indices('$').any(|(at, _)| {
        let next = value[at + 1..].chars().next();
        !next.is_some_and(|next| next == '{' || next == '_' || next.is_ascii_uppercase())
    })
}
