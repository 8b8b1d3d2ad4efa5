//! Symfony: `.env`, the YAML of `config/`, and `parameters.yml` of versions 2 and 3.

use std::collections::BTreeSet;

use crate::finding::Code as FindingCode;
use crate::project::read::dotenv::{self, Dialect, Meaning};
use crate::project::read::yaml_erb::Yaml;
use crate::project::read::{Span, yaml_erb};

use super::super::draft::{Draft, Moved, Sensitivity};
use super::super::goal::Goal;
use super::super::language::Language;
use super::super::site::Site;
use super::super::switch::dotenv::put_together;
use super::super::url;
use crate::secret_shape::{has_password, is_secret_key};

/// What the recipes put where a secret is to come.
const PLACEHOLDERS: [&str; 6] = [
    "!ChangeMe!",
    "db_password",
    "ThisTokenIsNotSoSecretChangeIt",
    "ThisTokenIsNotSoSecret",
    "change_me",
    "changeme",
];

pub(super) fn draft(site: &mut Site) {
    let goal = site.goal;
    let path = site.path(".env");
    site.edit(&path, Language::Dotenv, |draft| variables(draft, goal));
    let folder = site.path("config");
    let entries = site.below(&folder);
    let mut paths: Vec<Vec<u8>> = entries
        .filter(|entry| entry.is_file())
        .map(|entry| entry.path.clone())
        .filter(|path| path.ends_with(b"doctrine.yaml") || path.ends_with(b"doctrine.yml"))
        .collect();
    paths.extend(
        ["app/config/config.yml", "app/config/config_prod.yml"].map(|name| site.path(name)),
    );
    for path in paths {
        site.edit(&path, Language::Yaml, |draft| doctrine(draft, goal));
    }
    // `%env(…)%` is known from 3.2 on.
    let can_read = site.version().is_none_or(|version| version >= (3, 2));
    for name in ["app/config/parameters.yml", "config/parameters.yml", "config/parameters.yaml"] {
        let path = site.path(name);
        site.edit(&path, Language::Yaml, |draft| parameters(draft, goal, can_read));
    }
    let path = site.path("app/config/parameters.yml.dist");
    if goal.is_switch() {
        site.edit(&path, Language::Yaml, switch_parameters);
    }
}

fn is_placeholder(text: &str) -> bool {
    text.is_empty() || PLACEHOLDERS.iter().any(|one| text.contains(one))
}

/// The committed `.env` keeps the shape of a value, the value goes to `.env.local`.
fn variables(draft: &mut Draft, goal: Goal) {
    for entry in dotenv::entries(draft.source) {
        let key = String::from_utf8_lossy(entry.key.of(draft.source)).into_owned();
        let Meaning::Text(value) = dotenv::meaning(Dialect::Symfony, entry.raw.of(draft.source))
        else {
            if goal.is_switch() {
                put_together(draft, &entry, &key);
            }
            continue;
        };
        let Ok(value) = String::from_utf8(value) else { continue };
        let is_secret = is_secret_key(&key) || has_password(value.as_bytes());
        let moved = goal.is_switch().then(|| url::to_postgres(&value, "postgresql")).flatten();
        let target = moved.clone().unwrap_or_else(|| value.clone());
        let span = entry.value;
        if is_secret && !is_placeholder(&value) {
            let shape = shape(&target);
            let Ok(text) = dotenv::render(Dialect::Symfony, shape.as_bytes()) else { continue };
            let expression = String::from_utf8_lossy(&text).into_owned();
            // The values of a file that is read on every machine are those of no deploy.
            let sensitivity = Sensitivity::Secret;
            draft.to_environment(
                span,
                target.as_bytes(),
                Moved { key, expression, sensitivity, deploy: None },
            );
        } else if let Some(new) = moved
            && let Ok(text) = dotenv::render(Dialect::Symfony, new.as_bytes())
        {
            draft.replace(span, text);
        }
    }
}

/// An address with the recipe's own name and password; of anything else nothing.
fn shape(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return String::new() };
    let Some((_, address)) = rest.rsplit_once('@') else { return String::new() };
    format!("{scheme}://app:!ChangeMe!@{address}")
}

/// A literal address or password becomes `%env(…)%`; the driver follows.
fn doctrine(draft: &mut Draft, goal: Goal) {
    let yaml = Yaml::new(draft.source);
    if let Some(broken) = yaml.broken {
        draft.give_up(broken);
        return;
    }
    let mut removed = BTreeSet::new();
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        let path = yaml.path(nth);
        let is_dbal = path.contains(&&b"dbal"[..]);
        let key = yaml.key(pair);
        // What goes away is not changed.
        let is_dropped = goal.is_switch()
            && key != b"default_table_options"
            && path.contains(&&b"default_table_options"[..]);
        if !is_dbal || is_dropped {
            continue;
        }
        if path.first().is_some_and(|first| [&b"when@test"[..], b"when@dev"].contains(first)) {
            local(draft, &yaml, nth);
            continue;
        }
        let scalar = yaml.scalar(pair);
        let text = scalar.map(|scalar| String::from_utf8_lossy(&scalar.value).into_owned());
        let connection = connection(&path);
        match (key, text.as_deref()) {
            (b"url", Some(url)) if !url.starts_with('%') => {
                let name = format!("{connection}DATABASE_URL");
                // A single percent sign is written twice there.
                let value = url.replace("%%", "%");
                let new = url::to_postgres(&value, "postgresql").filter(|_| goal.is_switch());
                let value = new.unwrap_or(value);
                let expression = format!("'%env(resolve:{name})%'");
                let (key, sensitivity) = (name, Sensitivity::Secret);
                let moved = Moved { key, expression, sensitivity, deploy: None };
                draft.to_environment(pair.span, value.as_bytes(), moved);
            }
            (b"password", Some(value)) if !value.starts_with('%') && !value.is_empty() => {
                let key = format!("{connection}DATABASE_PASSWORD");
                let value = value.replace("%%", "%");
                let expression = format!("'%env({key})%'");
                let sensitivity = Sensitivity::Secret;
                draft.to_environment(
                    pair.span,
                    value.as_bytes(),
                    Moved { key, expression, sensitivity, deploy: None },
                );
            }
            (b"url" | b"password", None) if pair.value.is_some() => {
                draft.secrets.push(pair.span);
                let message = "the value is written over several lines, so it stays as it is";
                let help = "write it on one line, or `'%env(…)%'` by hand";
                draft.refuse(pair.key.span.start, message, help);
            }
            (b"driver", Some("pdo_mysql" | "mysqli")) if goal.is_switch() => {
                literal(draft, &yaml, pair.span, "pdo_pgsql");
            }
            (b"charset", Some(old)) if goal.is_switch() && old.starts_with("utf8mb4") => {
                literal(draft, &yaml, pair.span, "utf8");
            }
            (b"server_version", Some(old)) if goal.is_switch() && is_mysql_version(old) => {
                literal(draft, &yaml, pair.span, "16");
            }
            (b"default_table_options" | b"unix_socket", _)
                if goal.is_switch() && removed.insert(nth) =>
            {
                dropped(draft, &yaml, nth);
            }
            _ => {}
        }
    }
}

/// Takes out what only MySQL knows, with all that stands in it.
fn dropped(draft: &mut Draft, yaml: &Yaml, nth: usize) {
    let pair = &yaml.pairs[nth];
    let end = yaml.within(Some(nth)).map(|(_, pair)| pair.span.end).max();
    let end = end.unwrap_or(pair.span.end).max(pair.span.end);
    draft.remove(Span::new(pair.key.span.start, end));
    let name = String::from_utf8_lossy(yaml.key(pair)).into_owned();
    draft.found(
        FindingCode::MysqlSettingRemoved,
        pair.key.span.start,
        format!("{name} is known to MySQL only"),
    );
}

/// A password of a developer's machine or of a test is none of a deploy, and stays.
fn local(draft: &mut Draft, yaml: &Yaml, nth: usize) {
    let pair = &yaml.pairs[nth];
    let is_literal = yaml.scalar(pair).is_some_and(|scalar| {
        !scalar.value.is_empty()
            && !scalar.value.starts_with(b"%")
            && (yaml.key(pair) == b"password" || has_password(&scalar.value))
    });
    if is_literal {
        draft.secrets.push(pair.span);
        let message = "a password that no deploy uses stays in the code";
        draft.found(FindingCode::SettingLeft, pair.key.span.start, message);
    }
}

/// Versions of MySQL and MariaDB, and none of PostgreSQL's, which begin at 10.
fn is_mysql_version(text: &str) -> bool {
    text.starts_with("5.")
        || text.starts_with("8.")
        || text.starts_with("9.")
        || text.to_ascii_lowercase().contains("maria")
}

/// `LEGACY_` of `doctrine.dbal.connections.legacy.url`, `LEGACY_R1_` of a replica `r1` of it.
fn connection(path: &[&[u8]]) -> String {
    let behind = |word: &[u8]| {
        let at = path.iter().position(|key| *key == word)?;
        path.get(at + 1).filter(|name| **name != b"default")
    };
    let names = [&b"connections"[..], b"replicas", b"slaves", b"shards"];
    let names = names.iter().filter_map(|word| behind(word));
    let words = names.map(|name| String::from_utf8_lossy(name).to_ascii_uppercase() + "_");
    words.map(|word| word.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_")).collect()
}

/// Another word in the quotes that were there.
fn literal(draft: &mut Draft, yaml: &Yaml, span: Span, new: &str) {
    let quote = span.of(yaml.source).first().filter(|byte| matches!(byte, b'"' | b'\''));
    let is_number = new.bytes().all(|byte| byte.is_ascii_digit());
    let quote = quote
        .map_or(if is_number { "'" } else { "" }.to_owned(), |byte| char::from(*byte).to_string());
    draft.replace(span, format!("{quote}{new}{quote}"));
}

const OLD: &str = "Symfony before 3.2 has no %env()%, so the value stays";
const OLD_HELP: &str =
    "import a parameters.php that sets it from getenv(), and keep this file out of git";

/// `parameters.yml`: what deploys differ in.
fn parameters(draft: &mut Draft, goal: Goal, can_read: bool) {
    let yaml = Yaml::new(draft.source);
    if let Some(broken) = yaml.broken {
        draft.give_up(broken);
        return;
    }
    let Some(top) = yaml.find(&[b"parameters"]) else { return };
    for (_, pair) in yaml.within(Some(top)) {
        let name = String::from_utf8_lossy(yaml.key(pair)).into_owned();
        let Some(scalar) = yaml.scalar(pair) else { continue };
        let is_null = pair.value.is_some_and(|value| value.kind == yaml_erb::Kind::Plain)
            && matches!(&scalar.value[..], b"~" | b"null");
        let value = String::from_utf8_lossy(&scalar.value).replace("%%", "%");
        let is_env = scalar.value.starts_with(b"%");
        let is_secret = is_secret_key(&name) || has_password(value.as_bytes());
        let is_place = matches!(
            name.as_str(),
            "database_host"
                | "database_port"
                | "database_name"
                | "database_user"
                | "mailer_host"
                | "mailer_user"
        );
        if is_null || is_env || !(is_secret || is_place) || is_placeholder(&value) {
            continue;
        }
        if !can_read {
            if is_secret {
                draft.secrets.push(pair.span);
                draft.refuse(pair.key.span.start, OLD, OLD_HELP);
            }
            continue;
        }
        let key =
            name.to_ascii_uppercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let key = if key == "SECRET" { "APP_SECRET".to_owned() } else { key };
        let value = if goal.is_switch() && value == "3306" { "5432".to_owned() } else { value };
        let expression = format!("'%env({key})%'");
        let sensitivity = if is_secret { Sensitivity::Secret } else { Sensitivity::Plain };
        draft.to_environment(
            pair.span,
            value.as_bytes(),
            Moved { key, expression, sensitivity, deploy: None },
        );
    }
    if goal.is_switch() {
        switch_parameters(draft);
    }
}

fn switch_parameters(draft: &mut Draft) {
    let yaml = Yaml::new(draft.source);
    let Some(top) = yaml.find(&[b"parameters"]) else { return };
    for (_, pair) in yaml.within(Some(top)) {
        let Some(scalar) = yaml.scalar(pair).filter(|_| draft.is_free(pair.span)) else { continue };
        match (yaml.key(pair), &scalar.value[..]) {
            (b"database_driver", b"pdo_mysql" | b"mysqli") => {
                literal(draft, &yaml, pair.span, "pdo_pgsql");
            }
            (b"database_port", b"3306") => draft.replace(pair.span, "5432"),
            _ => {}
        }
    }
}

#[cfg(any(test, fuzzing))]
pub(super) fn yaml_form(draft: &mut Draft, goal: Goal) {
    doctrine(draft, goal);
    parameters(draft, goal, true);
}
