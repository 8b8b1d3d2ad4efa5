//! `composer.json`: the extensions that an application asks PHP for.

use crate::application::Framework;
use crate::finding::{Code, Finding, Place};
use crate::project::read::javascript::{self, Kind};
use crate::project::tree::shown;

use super::super::draft::Draft;
use super::super::language::Language;
use super::super::site::Site;

pub(super) fn draft(site: &mut Site) {
    // Its own driver for PostgreSQL uses the extension without PDO.
    let native = match site.application.framework {
        Framework::CodeIgniter => "ext-pgsql",
        _ => "ext-pdo_pgsql",
    };
    let path = site.path("composer.json");
    let mut has_changed = false;
    site.edit(&path, Language::Json, |draft| has_changed = extensions(draft, native));
    if has_changed && site.has("composer.lock") {
        let place = Place::file(shown(&site.path("composer.lock")), None);
        let message =
            "Composer writes this file, and it still has the hash of the old composer.json";
        let finding = Finding::warning(Code::LockFileOutdated, place, message);
        site.findings.push(finding.help("composer update --lock"));
    }
}

fn extensions(draft: &mut Draft, native: &str) -> bool {
    let source = draft.source;
    let tokens = javascript::code(source);
    let is_key = |at: &usize| {
        let next = tokens.get(at + 1).map(|next| next.text(source));
        tokens[*at].kind == Kind::String && next == Some(b":")
    };
    let name = |at: usize| {
        let name = javascript::literal(source, &tokens[at]).unwrap_or_default();
        String::from_utf8_lossy(&name).into_owned()
    };
    let keys: Vec<usize> = (0..tokens.len()).filter(is_key).collect();
    let mut names: Vec<String> = keys.iter().map(|at| name(*at)).collect();
    let mut has_changed = false;
    for at in keys {
        let old = name(at);
        let new = match old.as_str() {
            "ext-pdo_mysql" => "ext-pdo_pgsql",
            "ext-mysqli" | "ext-mysql" => native,
            _ => continue,
        };
        let span = tokens[at].span;
        if names.iter().any(|name| name == new) {
            let message = format!("{new} is there beside {old}, so this stays");
            draft.found(Code::SettingLeft, span.start, message);
            continue;
        }
        names.push(new.to_owned());
        draft.replace(span, format!("\"{new}\""));
        has_changed = true;
    }
    has_changed
}
