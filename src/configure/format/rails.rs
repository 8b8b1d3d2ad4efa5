//! Rails: `config/database.yml`, `config/secrets.yml`, mail and secrets in Ruby.

mod code;
mod database_yml;
mod erb;
mod secrets_yml;
mod stanza;
mod switch;

use crate::finding::{Code, Finding, Place};
use crate::project::tree::shown;

use super::super::language::Language;
use super::super::site::Site;

/// Environments that are nobody's deploy.
fn is_local(environment: &[u8]) -> bool {
    matches!(environment, b"development" | b"test" | b"cucumber" | b"ci")
}

pub(super) fn draft(site: &mut Site) {
    let goal = site.goal;
    let path = site.path("config/database.yml");
    let has_own = site.edit(&path, Language::Yaml, |draft| database_yml::draft(draft, goal, true));
    for (path, name) in siblings(site) {
        let is_own =
            ["mysql", "postgres", "pgsql", "sqlite"].iter().any(|word| name.contains(word));
        if !is_own {
            site.edit(&path, Language::Yaml, |draft| database_yml::draft(draft, goal, false));
        } else if goal.is_switch() && name.contains("mysql") {
            let message =
                "it is there for those who use MySQL, so it stays; copy the file for PostgreSQL";
            let place = Place::file(shown(&path), None);
            site.findings.push(Finding::note(Code::SettingLeft, place, message));
        }
    }
    if !has_own && goal.is_switch() && site.has("config") {
        let message = "there is no config/database.yml in the tree; the one of each server must be switched too";
        let place = Place::file(shown(&site.path("config")), None);
        site.findings.push(Finding::note(Code::ValueToSet, place, message));
    }
    let path = site.path("config/secrets.yml");
    site.edit(&path, Language::Yaml, secrets_yml::draft);
    for path in ruby_files(site) {
        site.edit(&path, Language::Ruby, code::draft);
    }
}

/// Files that `database.yml` is copied from.
fn siblings(site: &Site) -> Vec<(Vec<u8>, String)> {
    let folder = site.path("config");
    let entries = site.project.tree.below(&folder).iter();
    entries
        .filter(|entry| entry.folder() == folder)
        .filter_map(|entry| {
            let name = String::from_utf8_lossy(entry.name()).into_owned();
            let is_sibling = name.starts_with("database.") && name.contains(".yml");
            (is_sibling && name != "database.yml").then(|| (entry.path.clone(), name))
        })
        .collect()
}

fn ruby_files(site: &Site) -> Vec<Vec<u8>> {
    let folder = site.path("config");
    let entries = site.project.tree.below(&folder).iter();
    let paths = entries.filter(|entry| {
        let within = entry.path.strip_prefix(folder.as_slice()).unwrap_or_default();
        let is_read = [&b"/application.rb"[..], b"/environment.rb"].contains(&within)
            || within.starts_with(b"/environments/")
            || within.starts_with(b"/initializers/");
        entry.is_file() && is_read && within.ends_with(b".rb")
    });
    paths.map(|entry| entry.path.clone()).collect()
}

#[cfg(any(test, fuzzing))]
pub(super) fn yaml_form(draft: &mut super::super::draft::Draft, goal: super::super::goal::Goal) {
    database_yml::draft(draft, goal, true);
}

#[cfg(any(test, fuzzing))]
pub(super) fn secrets_form(
    draft: &mut super::super::draft::Draft,
    _goal: super::super::goal::Goal,
) {
    secrets_yml::draft(draft);
}

#[cfg(any(test, fuzzing))]
pub(super) fn ruby_form(draft: &mut super::super::draft::Draft, _goal: super::super::goal::Goal) {
    code::draft(draft);
}
