//! What an application needs beside its settings to speak to PostgreSQL: gems and extensions,
//! packages of images, services of CI, files of variables.

mod composer;
pub(super) mod dotenv;
mod gemfile;
mod image;
mod services;
mod words;

use crate::application::Framework;
use crate::finding::{Code, Finding, Place};
use crate::project::tree::shown;

use super::format::calls_left;
use super::language::Language;
use super::site::Site;

pub(super) fn draft(site: &mut Site) {
    // As long as code asks for MySQL's extension, it must be there.
    if site.findings.iter().any(|finding| finding.code == Code::AdapterNotSwitched) {
        let message =
            "extensions, images and services stay MySQL's, as code of the application needs them";
        let place = Place::file(site.application.root.clone(), None);
        site.findings.push(Finding::note(Code::SettingLeft, place, message));
        return;
    }
    match site.application.framework {
        Framework::Rails => gemfile::draft(site),
        Framework::Php => composer::draft(site),
        _ => {
            composer::draft(site);
            calls_left(site);
        }
    }
    for path in found(site, is_image) {
        site.edit(&path, Language::Words, words::draft);
    }
    for path in found(site, services::is_one) {
        site.edit(&path, Language::Yaml, services::draft);
    }
    dotenv::draft(site);
}

/// Files of the application; of a whole repository only if the application is all of it.
fn found(site: &Site, is_wanted: fn(&str) -> bool) -> Vec<Vec<u8>> {
    let folder = &site.application.folder;
    let entries = site.below(folder);
    entries
        .filter(|entry| entry.is_file())
        .filter(|entry| {
            let within =
                if folder.is_empty() { &entry.path } else { &entry.path[folder.len() + 1..] };
            let within = shown(within);
            !within.contains("vendor/") && !within.contains("node_modules/") && is_wanted(&within)
        })
        .map(|entry| entry.path.clone())
        .collect()
}

fn is_image(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    name.starts_with("Dockerfile")
        || lower.ends_with(".dockerfile")
        || lower == "containerfile"
        || name == "Aptfile"
}

/// Every form of a switch that reads a kind of file, by the end of the file's name.
#[cfg(any(test, fuzzing))]
pub(super) fn forms(name: &str) -> Option<(Language, super::draft::Form)> {
    match name.rsplit('.').next() {
        Some("php") => None,
        Some("rb") => Some((Language::Ruby, |draft, _| {
            gemfile::gems(draft, "~> 1.1");
        })),
        _ => Some((Language::Yaml, |draft, _| services::draft(draft))),
    }
}
