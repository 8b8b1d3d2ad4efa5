//! `Gemfile`: the gem that speaks to MySQL gives its place to the one that speaks to PostgreSQL.

use crate::finding::{Code as FindingCode, Finding, Place};
use crate::project::read::Span;
use crate::project::read::ruby::{Call, Code};
use crate::project::tree::shown;

use super::super::draft::Draft;
use super::super::language::Language;
use super::super::site::Site;

/// Gems that speak to MySQL, and what does so to PostgreSQL.
const GEMS: [(&str, &str); 8] = [
    ("mysql2", "pg"),
    ("trilogy", "pg"),
    ("mysql", "pg"),
    ("ruby-mysql", "pg"),
    ("activerecord-trilogy-adapter", "pg"),
    ("activerecord-mysql2rgeo-adapter", "activerecord-postgis-adapter"),
    ("activerecord-jdbcmysql-adapter", "activerecord-jdbcpostgresql-adapter"),
    ("jdbc-mysql", "jdbc-postgres"),
];

pub(super) fn draft(site: &mut Site) {
    // Before 5.1.5 Rails asks for a pg that begins with 0.
    let constraint = match site.version() {
        Some(version) if version < (5, 2) => "~> 0.21",
        _ => "~> 1.1",
    };
    let path = site.path("Gemfile");
    let mut has_changed = false;
    if !site.edit(&path, Language::Ruby, |draft| has_changed = gems(draft, constraint)) {
        let message = "there is no Gemfile; the machines need the gem pg in the place of MySQL's";
        let place = Place::file(shown(&site.path("config")), None);
        site.findings.push(Finding::note(FindingCode::ValueToSet, place, message));
    }
    if has_changed && site.has("Gemfile.lock") {
        let place = Place::file(shown(&site.path("Gemfile.lock")), None);
        let message = "Bundler writes this file, and it still has MySQL's gem";
        let finding = Finding::warning(FindingCode::LockFileOutdated, place, message);
        site.findings.push(finding.help("bundle lock"));
    }
}

pub(super) fn gems(draft: &mut Draft, constraint: &str) -> bool {
    let code = Code::new(draft.source);
    let name = |call: &Call| code.constant(&(call.arguments.start..call.arguments.start + 1));
    let calls: Vec<Call> = code.calls_of(b"gem").filter(|call| !call.has_receiver).collect();
    let is_there = |gem: &str| {
        calls.iter().any(|call| name(call).is_some_and(|name| &name[..] == gem.as_bytes()))
    };
    let mut has_changed = false;
    let mut put: Vec<&str> = Vec::new();
    for call in &calls {
        let Some(gem) = name(call) else { continue };
        let Some((_, new)) = GEMS.iter().find(|(old, _)| &gem[..] == old.as_bytes()) else {
            continue;
        };
        let is_bracketed = code.is(call.name + 1, b"(");
        let span = code.span(&(call.name..call.arguments.end + usize::from(is_bracketed)));
        if is_there(new) {
            let message =
                format!("{new} is there beside {}, so this stays", String::from_utf8_lossy(&gem));
            draft.found(FindingCode::SettingLeft, span.start, message);
            continue;
        }
        has_changed = true;
        if put.contains(new) {
            draft.remove(span);
            continue;
        }
        put.push(new);
        replace(draft, &code, call, (new, constraint));
    }
    has_changed
}

/// Puts a name and a constraint in the place of a name and its constraints; options stay.
fn replace(draft: &mut Draft, code: &Code, call: &Call, (new, constraint): (&str, &str)) {
    let items = code.items(&call.arguments);
    let is_version =
        |item: &&std::ops::Range<usize>| code.constant(item).is_some() || code.is(item.start, b"[");
    let versions = items.iter().skip(1).take_while(is_version).count();
    let Some(first) = items.first() else { return };
    let last = &items[versions];
    let span: Span = code.span(&(first.start..last.end));
    let quote = span.of(draft.source).first().copied().unwrap_or(b'"');
    let quote = char::from(quote);
    let version = match new {
        "pg" => format!(", {quote}{constraint}{quote}"),
        _ => String::new(),
    };
    draft.replace(span, format!("{quote}{new}{quote}{version}"));
}
