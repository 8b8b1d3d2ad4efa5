//! Rails: `config/database.yml`, `config/secrets.yml`, mail and secrets in Ruby.

mod code;
mod database_yml;
mod erb;
mod fallback;
mod secrets_yml;
mod stanza;
mod switch;

use crate::finding::{Code, Finding, Place};
use crate::project::read::ruby;
use crate::project::tree::shown;

use super::super::language::Language;
use super::super::site::Site;

/// Environments that are nobody's deploy, and connections for them: `animals_test`.
fn is_local(environment: &[u8]) -> bool {
    [&b"development"[..], b"test", b"cucumber", b"ci"].iter().any(|local| {
        let before = environment.strip_suffix(*local);
        before.is_some_and(|before| before.is_empty() || before.ends_with(b"_"))
    })
}

pub(super) fn draft(site: &mut Site) {
    let goal = site.goal;
    let path = site.path("config/database.yml");
    let environments = environments(site);
    let whose = Whose { is_own: true, has_both: has_both(site), environments: &environments };
    let has_own = site.edit(&path, Language::Yaml, |draft| database_yml::draft(draft, goal, whose));
    for (path, name) in siblings(site) {
        let is_own =
            ["mysql", "postgres", "pgsql", "sqlite"].iter().any(|word| name.contains(word));
        if !is_own {
            let whose = Whose { is_own: false, ..whose };
            site.edit(&path, Language::Yaml, |draft| database_yml::draft(draft, goal, whose));
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

/// What a `database.yml` is to the application.
#[derive(Clone, Copy, Debug)]
struct Whose<'a> {
    /// False for a file that others copy: its values are nobody's.
    is_own: bool,
    /// The application has gems for both servers, and a variable may choose.
    has_both: bool,
    /// Those that have a file in `config/environments`.
    environments: &'a [Vec<u8>],
}

impl Whose<'_> {
    /// Whether a name is that of a deploy, whose process has variables of its own. Any other name
    /// at the root of the file is a connection beside the one of the environment.
    fn is_deploy(self, name: &[u8]) -> bool {
        const USUAL: [&[u8]; 8] = [
            b"production",
            b"staging",
            b"qa",
            b"uat",
            b"preview",
            b"sandbox",
            b"demo",
            b"preproduction",
        ];
        USUAL.contains(&name) || self.environments.iter().any(|one| one == name)
    }
}

fn environments(site: &Site) -> Vec<Vec<u8>> {
    let folder = site.path("config/environments");
    let names = site.below(&folder).filter_map(|entry| entry.name().strip_suffix(b".rb"));
    // The name becomes that of a file.
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    names.filter(|name| name.iter().all(is_word)).map(<[u8]>::to_vec).collect()
}

/// Whether the gem of PostgreSQL stands beside that of MySQL, which then stays.
fn has_both(site: &Site) -> bool {
    let Some(text) = site.text("Gemfile") else { return false };
    let code = ruby::Code::new(&text);
    let has = |gem: &[u8]| {
        code.calls_of(b"gem").any(|call| {
            let name = code.constant(&(call.arguments.start..call.arguments.start + 1));
            name.is_some_and(|name| &name[..] == gem)
        })
    };
    has(b"pg") && (has(b"mysql2") || has(b"trilogy"))
}

/// Files that `database.yml` is copied from.
fn siblings(site: &Site) -> Vec<(Vec<u8>, String)> {
    let folder = site.path("config");
    let entries = site.below(&folder);
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
    let entries = site.below(&folder);
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
    database_yml::draft(draft, goal, Whose { is_own: true, has_both: false, environments: &[] });
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
