//! Whether the signals of a rule are there, and where.

use serde_json::Value;

use crate::application::Evidence;
use crate::project::stack::folder::lies_at;
use crate::project::stack::packages;
use crate::project::stack::rules::{Rule, Signal};
use crate::project::stack::view::{View, evidence, line_of};
use crate::project::tree::{join, parent};

/// Evidence for a rule in a folder, one piece a signal; none if a signal is missing.
pub(super) fn holds(view: &View, folder: &[u8], rule: &Rule) -> Option<Vec<Evidence>> {
    let mut found = Vec::new();
    for signal in rule.when {
        found.extend(check(view, folder, rule.id, signal)?);
    }
    Some(found)
}

/// None if it is not there; empty if it is, and there is nothing to show for it.
fn check(view: &View, folder: &[u8], rule: &'static str, signal: &Signal) -> Option<Vec<Evidence>> {
    let at = |name: &str| join(folder, name.as_bytes());
    let there = |path: &[u8]| vec![evidence(path, None, rule, "is there")];
    let nothing = |holds: bool| holds.then(Vec::new);
    match signal {
        Signal::File(names) => {
            names.iter().map(|name| at(name)).find(|path| view.has(path)).map(|path| there(&path))
        }
        Signal::Folder(names) => {
            let mut paths = names.iter().map(|name| at(name));
            paths.find(|path| view.tree.has_folder(path)).map(|path| there(&path))
        }
        Signal::Within(names) => {
            let above = parent(folder);
            let within = names.iter().any(|wanted| lies_at(above, wanted.as_bytes()));
            nothing(folder.is_empty() || within)
        }
        Signal::NoFile(names) => nothing(!names.iter().any(|name| view.has(&at(name)))),
        Signal::Text(names, texts) => names.iter().find_map(|name| {
            let path = at(name);
            let text = view.text(&path)?;
            texts.iter().find_map(|wanted| {
                let line = line_of(&text, |line| line.contains(wanted) && !is_comment(line))?;
                Some(vec![evidence(&path, Some(line), rule, *wanted)])
            })
        }),
        Signal::Ending(ending) => ending_so(view, folder, ending).next().map(there),
        Signal::Header(ending, wanted) => ending_so(view, folder, ending).find_map(|path| {
            let text = view.text(path)?;
            let line = line_of(&text, |line| {
                line.trim_start_matches([' ', '\t', '*', '/', '#']).starts_with(wanted)
            })?;
            Some(vec![evidence(path, Some(line), rule, wanted.trim_end_matches([':', '=', ' ']))])
        }),
        Signal::Gem(names) => {
            let found = names.iter().find_map(|name| packages::gem(view, folder, name))?;
            Some(vec![found.evidence(rule)])
        }
        Signal::Composer(names) => {
            let found = names.iter().find_map(|name| packages::composer(view, folder, name))?;
            Some(vec![found.evidence(rule)])
        }
        Signal::ComposerDev(names) => {
            named(view, &at("composer.json"), &["require-dev"], names, rule)
        }
        Signal::ComposerType(types) => composer_type(view, &at("composer.json"), types, rule),
        Signal::Npm(names) => {
            named(view, &at("package.json"), &["dependencies", "devDependencies"], names, rule)
        }
    }
}

fn composer_type(
    view: &View,
    path: &[u8],
    types: &[&str],
    rule: &'static str,
) -> Option<Vec<Evidence>> {
    let json = view.json(path);
    let kind = json.get("type").and_then(Value::as_str).unwrap_or_default();
    let kind = types.iter().find(|wanted| **wanted == kind)?;
    if kind.is_empty() {
        return Some(Vec::new());
    }
    let what = format!("type {kind}");
    Some(vec![Evidence { what, ..in_json(view, path, rule, "type") }])
}

/// A package that one of these parts of a manifest names.
fn named(
    view: &View,
    path: &[u8],
    parts: &[&str],
    names: &[&str],
    rule: &'static str,
) -> Option<Vec<Evidence>> {
    let json = view.json(path);
    let has = |name: &&&str| parts.iter().any(|part| json[*part].get(**name).is_some());
    let name = names.iter().find(has)?;
    Some(vec![in_json(view, path, rule, name)])
}

/// Evidence at the line where a name stands as a key.
fn in_json(view: &View, path: &[u8], rule: &'static str, name: &str) -> Evidence {
    let key = format!("\"{name}\"");
    let line = view.text(path).and_then(|text| line_of(&text, |line| line.contains(&key)));
    evidence(path, line, rule, name)
}

/// Paths of files in the folder itself.
fn ending_so<'a>(
    view: &'a View,
    folder: &'a [u8],
    ending: &'a str,
) -> impl Iterator<Item = &'a [u8]> {
    view.tree
        .below(folder)
        .iter()
        .filter(move |entry| entry.folder() == folder && entry.is_file())
        .filter(move |entry| entry.path.ends_with(ending.as_bytes()))
        .map(|entry| entry.path.as_slice())
}

/// In PHP, Ruby, JavaScript and YAML alike, as far as a whole line can be one.
fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["#", "//", "*", "/*", ";"].iter().any(|mark| line.starts_with(mark))
}
