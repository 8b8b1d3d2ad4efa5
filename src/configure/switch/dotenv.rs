//! Files of variables that say which server it is: `DB_CONNECTION=mysql`, `DATABASE_URL=mysql://…`.

use crate::application::Framework;
use crate::finding::{Code as FindingCode, Finding, Place};
use crate::project::read::dotenv::{Dialect, Entry, Meaning, entries, meaning, render};
use crate::project::read::php::Code;
use crate::project::tree::shown;
use crate::secret::Secret;

use super::super::draft::Draft;
use super::super::language::Language;
use super::super::site::Site;
use super::super::url::to_postgres;

pub(super) fn draft(site: &mut Site) {
    let folder = site.application.folder.clone();
    let below = site.below(&folder);
    let is_env =
        |name: &[u8]| name.starts_with(b".env") || name.starts_with(b"env.") || name == b"env";
    let mut paths: Vec<Vec<u8>> = below
        .filter(|entry| entry.is_file() && entry.folder() == folder && is_env(entry.name()))
        .map(|entry| entry.path.clone())
        .collect();
    // Symfony's own form has read it.
    if site.application.framework == Framework::Symfony {
        let own = site.path(".env");
        paths.retain(|path| *path != own);
    }
    // A connection of that name must be there to be left.
    let config = site.text("config/database.php").or_else(|| site.text("app/config/database.php"));
    let has_mysql = config.is_none_or(|text| {
        let code = Code::new(&text);
        let mut keys = code.entries().filter_map(|entry| code.key(entry.key));
        keys.any(|key| matches!(&key[..], b"mysql" | b"mariadb"))
    });
    let dialect = site.dialect();
    for path in &paths {
        site.edit(path, Language::Dotenv, |draft| file(draft, dialect, has_mysql));
    }
    // What moves is another server's from now on, as what is there already.
    for setting in &mut site.settings {
        if let Some(new) = switched(&setting.key, setting.value.expose(), has_mysql) {
            setting.value = Secret::new(&new);
        }
    }
    let is_symfony = site.application.framework == Framework::Symfony;
    let own = site.path(if is_symfony { ".env.local" } else { ".env" });
    if paths.contains(&own) {
        return;
    }
    // Git does not see it, and it is there.
    match site.project.read_ignored(&own) {
        Ok(Some(bytes)) => {
            site.draft(&own, Language::Dotenv, Some(bytes), |draft| {
                file(draft, dialect, has_mysql);
            });
        }
        Ok(None) => {}
        Err(error) => {
            let place = Place::file(shown(&own), None);
            let message = format!("it cannot be read ({error}), so it stays as it is");
            site.findings.push(Finding::warning(FindingCode::NotConfigured, place, message));
        }
    }
}

/// What a variable is for PostgreSQL; none if it says nothing of a server, or not of MySQL.
fn switched(key: &str, value: &str, has_mysql: bool) -> Option<String> {
    let name = key.rsplit('.').next().unwrap_or(key);
    let new = match name {
        "DB_CONNECTION" if has_mysql && matches!(value, "mysql" | "mariadb") => "pgsql",
        "DBDriver" if value.eq_ignore_ascii_case("mysqli") => "Postgre",
        "DATABASE_ADAPTER" | "DB_ADAPTER" if matches!(value, "mysql2" | "mysql" | "trilogy") => {
            "postgresql"
        }
        "DB_PORT" | "DATABASE_PORT" | "port" if value == "3306" => "5432",
        "DATABASE_ENCODING" | "DB_CHARSET" | "charset" if value.starts_with("utf8mb") => "utf8",
        _ => return to_postgres(value, "postgresql"),
    };
    Some(new.to_owned())
}

/// An address with `${…}` in it: what it says is known only where the variables are set.
pub(in crate::configure) fn put_together(draft: &mut Draft, entry: &Entry, key: &str) {
    let text = String::from_utf8_lossy(entry.value.of(draft.source)).into_owned();
    if to_postgres(text.trim_start_matches(['"', '\'']), "postgresql").is_some() {
        draft.refuse(
            entry.key.start,
            format!("{key} is put together of variables, so its address stays MySQL's"),
            "write postgresql:// and PostgreSQL's port by hand, without parameters of MySQL",
        );
    }
}

fn file(draft: &mut Draft, dialect: Dialect, has_mysql: bool) {
    for entry in entries(draft.source) {
        let key = String::from_utf8_lossy(entry.key.of(draft.source)).into_owned();
        let Meaning::Text(value) = meaning(dialect, entry.raw.of(draft.source)) else {
            put_together(draft, &entry, &key);
            continue;
        };
        let Ok(value) = String::from_utf8(value) else { continue };
        let Some(new) = switched(&key, &value, has_mysql) else { continue };
        // In the quotes that were there, where the value is plain.
        let is_plain = new.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let quote =
            entry.value.of(draft.source).first().filter(|byte| matches!(byte, b'"' | b'\''));
        match (quote, render(dialect, new.as_bytes())) {
            (Some(quote), _) if is_plain => {
                let quote = char::from(*quote);
                draft.replace(entry.value, format!("{quote}{new}{quote}"));
            }
            (_, Ok(text)) => draft.replace(entry.value, text),
            (_, Err(refusal)) => draft.refuse(
                entry.key.start,
                format!("{key} stays as it is: {refusal}"),
                "write it by hand",
            ),
        }
    }
}
