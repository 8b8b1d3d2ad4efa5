//! Variables: those that an image is told, and those of jobs that name the server.

use crate::project::read::Span;
use crate::project::read::yaml_erb::{Kind, Yaml};

use super::super::super::draft::Draft;
use super::super::super::url::to_postgres;
use super::{end, put};

/// Variables of MySQL's images that PostgreSQL's has no use for.
const ONLY_MYSQL: [&str; 5] = [
    "MYSQL_ROOT_HOST",
    "MARIADB_ROOT_HOST",
    "MARIADB_AUTO_UPGRADE",
    "MARIADB_MYSQL_LOCALHOST_USER",
    "MARIADB_MYSQL_LOCALHOST_GRANTS",
];

/// The variable of PostgreSQL's image that does what this one did.
fn variable(name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix("MYSQL_").or_else(|| name.strip_prefix("MARIADB_"))?;
    Some(match rest {
        "DATABASE" => "POSTGRES_DB",
        "DATABASE_FILE" => "POSTGRES_DB_FILE",
        "USER_FILE" => "POSTGRES_USER_FILE",
        "PASSWORD_FILE" | "ROOT_PASSWORD_FILE" => "POSTGRES_PASSWORD_FILE",
        "USER" => "POSTGRES_USER",
        "PASSWORD" => "POSTGRES_PASSWORD",
        "ROOT_PASSWORD" => "POSTGRES_PASSWORD",
        "ALLOW_EMPTY_PASSWORD" | "ALLOW_EMPTY_ROOT_PASSWORD" | "RANDOM_ROOT_PASSWORD" => {
            "POSTGRES_HOST_AUTH_METHOD"
        }
        _ => return None,
    })
}

/// Variables as a mapping, and as a list of `KEY=value`.
pub(super) fn of_service(draft: &mut Draft, yaml: &Yaml, nth: usize, span: Span) {
    let text = span.of(draft.source);
    let has = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
    let has_user = has("MYSQL_PASSWORD") || has("MARIADB_PASSWORD");
    let has_root = has("ROOT_PASSWORD") && !has("ALLOW_EMPTY_ROOT") && !has("RANDOM_ROOT");
    let keeps = |name: &str| match name.split_once('_').map(|(_, rest)| rest) {
        Some("ROOT_PASSWORD" | "ROOT_PASSWORD_FILE") => !has_user,
        Some("ALLOW_EMPTY_PASSWORD" | "ALLOW_EMPTY_ROOT_PASSWORD" | "RANDOM_ROOT_PASSWORD") => {
            !has_user && !has_root
        }
        _ => true,
    };
    for (child, pair) in yaml.within(Some(nth)) {
        let name = String::from_utf8_lossy(yaml.key(pair)).into_owned();
        if ONLY_MYSQL.contains(&name.as_str()) {
            draft.remove(Span::new(pair.key.span.start, end(yaml, child)));
            continue;
        }
        let Some(new) = variable(&name) else {
            unknown(draft, pair.key.span, &name);
            continue;
        };
        if !keeps(&name) {
            draft.remove(Span::new(pair.key.span.start, end(yaml, child)));
            continue;
        }
        put(draft, pair.key.span, new);
        if new == "POSTGRES_HOST_AUTH_METHOD" {
            draft.replace(pair.span, "trust");
        }
    }
    list(draft, yaml, span, keeps);
}

/// `- KEY=value`
fn list(draft: &mut Draft, yaml: &Yaml, span: Span, keeps: impl Fn(&str) -> bool) {
    let is_word = |kind| matches!(kind, Kind::Plain | Kind::SingleQuoted | Kind::DoubleQuoted);
    for token in yaml.tokens.iter().filter(|token| is_word(token.kind)) {
        if token.span.start < span.start || token.span.end > span.end {
            continue;
        }
        let text = String::from_utf8_lossy(token.text(yaml.source)).into_owned();
        let quote = usize::from(text.starts_with(['"', '\'']));
        let Some((name, _)) = text[quote..].split_once('=') else { continue };
        let Some(new) = variable(name) else {
            unknown(draft, token.span, name);
            continue;
        };
        let place = Span::new(token.span.start + quote, token.span.start + quote + name.len());
        if !keeps(name) {
            let dash = memchr::memrchr(b'-', &draft.source[..token.span.start])
                .unwrap_or(token.span.start);
            draft.remove(Span::new(dash, token.span.end));
        } else if new == "POSTGRES_HOST_AUTH_METHOD" {
            draft.replace(
                Span::new(place.start, token.span.end - quote),
                "POSTGRES_HOST_AUTH_METHOD=trust",
            );
        } else {
            draft.replace(place, new);
        }
    }
}

/// A variable of MySQL's image that PostgreSQL's has nothing for.
fn unknown(draft: &mut Draft, span: Span, name: &str) {
    if name.starts_with("MYSQL_") || name.starts_with("MARIADB_") {
        let message = format!("{name} is known to MySQL's image only, and stays");
        draft.refuse(span.start, message, "take it out, or write what PostgreSQL has for it");
    }
}

/// Variables of jobs that name the server.
pub(super) fn of_jobs(draft: &mut Draft, yaml: &Yaml) {
    let is_gitlab = draft.path.ends_with(b".gitlab-ci.yml");
    // There a service is called as its image is, where it has no other name.
    let is_by_image = is_gitlab && !yaml.pairs.iter().any(|pair| yaml.key(pair) == b"alias");
    // And it is told by the variables of the job.
    let is_named = yaml
        .pairs
        .iter()
        .any(|other| matches!(yaml.key(other), b"MYSQL_PASSWORD" | b"MARIADB_PASSWORD"));
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        let key = String::from_utf8_lossy(yaml.key(pair)).into_owned();
        let Some(scalar) = yaml.scalar(pair).filter(|_| draft.is_free(pair.span)) else { continue };
        let value = String::from_utf8_lossy(&scalar.value).into_owned();
        if let Some(new) = value_of_job(&key, &value, is_by_image) {
            put(draft, pair.span, &new);
            continue;
        }
        let is_env = is_environment(yaml, nth);
        let is_user = key.ends_with("_USER") || key.ends_with("_USERNAME");
        if is_env && is_user && value == "root" {
            put(draft, pair.span, "postgres");
        } else if let Some(new) = variable(&key).filter(|_| is_env && draft.is_free(pair.key.span))
            && is_gitlab
            && !(is_named && key.contains("ROOT"))
        {
            put(draft, pair.key.span, new);
            if new == "POSTGRES_HOST_AUTH_METHOD" {
                draft.replace(pair.span, "trust");
            }
        }
    }
}

/// What a job's variable is for PostgreSQL.
fn value_of_job(key: &str, value: &str, is_by_image: bool) -> Option<String> {
    let is_mysql = matches!(value, "mysql" | "mariadb");
    let word = match key {
        "DB_CONNECTION" if is_mysql => "pgsql",
        "DB_PORT" | "DATABASE_PORT" if value == "3306" => "5432",
        "DB_ADAPTER" | "DATABASE_ADAPTER" if matches!(value, "mysql2" | "trilogy") => "postgresql",
        _ if is_by_image && key.ends_with("HOST") && is_mysql => "postgres",
        _ => {
            let url = ports(&to_postgres(value, "postgresql")?);
            // Who may do all is called otherwise.
            let url = url.replace("//root@", "//postgres@").replace("//root:", "//postgres:");
            return Some(match is_by_image {
                true => url.replace("@mysql", "@postgres").replace("@mariadb", "@postgres"),
                false => url,
            });
        }
    };
    Some(word.to_owned())
}

/// The port that a workflow asks of a service: `${{ job.services.mysql.ports[3306] }}`.
pub(super) fn ports(text: &str) -> String {
    text.replace("ports[3306]", "ports[5432]").replace("ports['3306']", "ports['5432']")
}

fn is_environment(yaml: &Yaml, nth: usize) -> bool {
    let path = yaml.path(nth);
    path.iter().any(|key| matches!(*key, b"variables" | b"env" | b"environment"))
}
