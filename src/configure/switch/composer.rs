//! `composer.json`: the extensions that an application asks PHP for.

use crate::application::Framework;
use crate::finding::{Code, Finding, Place};
use crate::project::read::javascript::{self, Kind};
use crate::project::tree::shown;

use super::super::draft::{Draft, Language};
use super::super::plan::Site;

pub(super) fn draft(site: &mut Site) {
    // Its own driver for PostgreSQL uses the extension without PDO.
    let native = match site.application.framework {
        Framework::CodeIgniter => "\"ext-pgsql\"",
        _ => "\"ext-pdo_pgsql\"",
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
    let tokens = javascript::code(draft.source);
    let text = |at: usize| {
        tokens.get(at).map(|token| token.text(draft.source)).unwrap_or_default().to_vec()
    };
    let keys: Vec<usize> = (0..tokens.len())
        .filter(|at| tokens[*at].kind == Kind::String && text(at + 1) == b":")
        .collect();
    let mut names: Vec<Vec<u8>> = keys.iter().map(|at| text(*at)).collect();
    let mut has_changed = false;
    for at in keys {
        let new = match &text(at)[..] {
            b"\"ext-pdo_mysql\"" => "\"ext-pdo_pgsql\"",
            b"\"ext-mysqli\"" | b"\"ext-mysql\"" => native,
            _ => continue,
        };
        let span = tokens[at].span;
        if names.iter().any(|name| name == new.as_bytes()) {
            let old = String::from_utf8_lossy(span.of(draft.source)).into_owned();
            draft.found(
                Code::SettingLeft,
                span.start,
                format!("{new} is there beside {old}, so this stays"),
            );
            continue;
        }
        names.push(new.as_bytes().to_vec());
        draft.replace(span, new);
        has_changed = true;
    }
    has_changed
}
