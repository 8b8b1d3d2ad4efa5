//! Where the values go: a file of variables that git does not see, and one with the keys only that
//! it does.

use std::collections::{BTreeMap, BTreeSet};

use crate::application::Framework;
use crate::finding::{Code, Finding, Place};
use crate::project::read::dotenv::{self, Dialect, Meaning};
use crate::project::read::{line_end, line_of};
use crate::project::tree::{join, shown};

use super::draft::{Sensitivity, Setting};
use super::language::Language;
use super::site::Site;
use crate::secret_shape::is_secret_name;

/// Files with keys and no values, as people call them; the first is the one that is made.
const EXAMPLES: [&str; 8] = [
    ".env.example",
    ".env.sample",
    ".env.dist",
    ".env-sample",
    ".env.template",
    "env.example",
    "env.sample",
    "env.dist",
];

pub(super) fn draft(site: &mut Site) {
    agree(site);
    if site.settings.is_empty() {
        return;
    }
    let dialect = site.dialect();
    for file in value_files(site) {
        values(site, &file, dialect);
    }
    // What could not be written has taken its file's edits along.
    if site.settings.is_empty() {
        return;
    }
    example(site);
    ignore(site);
    loader(site);
    to_set(site);
}

/// Addresses of the old server that stand in the place of the new one's.
fn to_set(site: &mut Site) {
    if !site.goal.is_switch() {
        return;
    }
    let is_address = |key: &str| {
        ["HOST", "PORT", "URL", "DSN", "SOCKET", "hostname", "port"]
            .iter()
            .any(|end| key.ends_with(end))
            && ["DB", "DATABASE", "database", "MYSQL", "DSN"].iter().any(|word| key.contains(word))
    };
    let keys: BTreeSet<&str> =
        site.settings.iter().map(|one| one.key.as_str()).filter(|key| is_address(key)).collect();
    let keys = keys.into_iter().collect::<Vec<_>>().join(", ");
    if !keys.is_empty() {
        let file = value_file(site, None);
        let place = Place::file(shown(&site.path(&file)), None);
        let message = format!("{keys}: the value is still that of the MySQL server");
        let help = "set it to PostgreSQL's; user and password may differ too";
        site.findings.push(Finding::note(Code::ValueToSet, place, message).help(help));
    }
}

/// Where values of a deploy stand.
fn value_file(site: &Site, deploy: Option<&str>) -> String {
    match deploy {
        Some(deploy) => format!(".env.{deploy}"),
        // `.env` is committed there, and has what every machine begins with.
        None if site.application.framework == Framework::Symfony => ".env.local".to_owned(),
        None => ".env".to_owned(),
    }
}

fn value_files(site: &Site) -> BTreeSet<String> {
    site.settings.iter().map(|one| value_file(site, one.deploy.as_deref())).collect()
}

/// One key has one value. Where it has two, both files stay as they are: which of them is right is
/// nothing that the order of files could say.
fn agree(site: &mut Site) {
    loop {
        let mut known: BTreeMap<(&str, Option<&str>), &Setting> = BTreeMap::new();
        let mut clash = None;
        for setting in &site.settings {
            let key = (setting.key.as_str(), setting.deploy.as_deref());
            match known.get(&key) {
                Some(first) if first.value != setting.value => {
                    clash = Some(((*first).clone(), setting.clone()));
                    break;
                }
                Some(_) => {}
                None => _ = known.insert(key, setting),
            }
        }
        let Some((first, second)) = clash else { return };
        let message = format!(
            "{} has another value here than in {}:{}, so nobody can tell which one a deploy needs",
            second.key,
            shown(&first.path),
            first.line
        );
        let finding = Finding::warning(Code::NotConfigured, second.place(), message)
            .help("keep one of them, or read them from variables of different names by hand");
        site.give_up(&first.path, finding.clone());
        site.give_up(&second.path, finding);
    }
}

/// Adds to a file what it does not have, quoted as its reader wants it.
fn values(site: &mut Site, name: &str, dialect: Dialect) {
    let path = join(&site.application.folder, name.as_bytes());
    let before = match site.project.read_ignored(&path) {
        Ok(before) => before,
        Err(error) => {
            let message =
                format!("it cannot be read ({error}), so what belongs into it stays in the code");
            let finding =
                Finding::error(Code::NotConfigured, Place::file(shown(&path), None), message);
            let is_here = |one: &&Setting| value_file(site, one.deploy.as_deref()) == name;
            let from: BTreeSet<Vec<u8>> =
                site.settings.iter().filter(is_here).map(|one| one.path.clone()).collect();
            for path in from {
                site.give_up(&path, finding.clone());
            }
            return;
        }
    };
    let source = before.clone().unwrap_or_default();
    let added = added(site, name, dialect, &source);
    if added.is_empty() {
        return;
    }
    let newline = line_end(&source);
    site.draft(&path, Language::Dotenv, before, |draft| {
        let mut text = begun(&source, newline);
        for (setting, value) in &added {
            text.extend_from_slice(&[setting.key.as_bytes(), b"=", value, newline].concat());
        }
        draft.insert(source.len(), text);
    });
    if let Some(file) = site.gathered(&path) {
        let secret = added.iter().filter(|(one, _)| one.sensitivity == Sensitivity::Secret);
        file.hidden.extend(secret.map(|(one, _)| one.key.clone()));
        file.is_private = true;
    }
    readable(site, &path);
}

/// A file that is there keeps its mode, whoever may read it.
fn readable(site: &mut Site, path: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    let metadata = site.project.on_disk(path).and_then(|file| std::fs::metadata(file).ok());
    if metadata.is_some_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        let message =
            "others than its owner may read it; its mode stays, as a web server may need it";
        let finding =
            Finding::warning(Code::SecretReadable, Place::file(shown(path), None), message);
        site.findings.push(finding.help(format!("chmod 600 {}", shown(path))));
    }
}

/// The line end that a text lacks, if it has no last one.
fn begun(source: &[u8], newline: &[u8]) -> Vec<u8> {
    if source.is_empty() || source.ends_with(b"\n") { Vec::new() } else { newline.to_vec() }
}

/// What a file is to get, each key once, as it is written there.
fn added(site: &mut Site, name: &str, dialect: Dialect, source: &[u8]) -> Vec<(Setting, Vec<u8>)> {
    let known = dotenv::entries(source);
    let path = site.path(name);
    let is_here = |one: &&Setting| value_file(site, one.deploy.as_deref()) == name;
    let settings: Vec<Setting> = site.settings.iter().filter(is_here).cloned().collect();
    let mut added: Vec<(Setting, Vec<u8>)> = Vec::new();
    for setting in settings {
        let value = setting.value.expose().as_bytes();
        let is_key = |one: &&dotenv::Entry| one.key.of(source) == setting.key.as_bytes();
        if let Some(entry) = known.iter().rev().find(is_key) {
            let there = dotenv::meaning(dialect, entry.raw.of(source));
            if there != Meaning::Text(value.to_vec()) {
                site.findings.push(kept(&setting, &path, line_of(source, entry.key.start)));
            }
            continue;
        }
        if added.iter().any(|(one, _)| one.key == setting.key) {
            continue;
        }
        match dotenv::render(dialect, value) {
            Ok(text) => added.push((setting, text)),
            Err(refusal) => {
                let message = format!("{} cannot move to {name}: {refusal}", setting.key);
                let finding = Finding::warning(Code::NotConfigured, setting.place(), message);
                site.give_up(&setting.path, finding.help(other_dialects(value)));
            }
        }
    }
    // What was given up has taken the rest of its file along.
    added.retain(|(one, _)| site.settings.iter().any(|setting| setting.key == one.key));
    added
}

fn other_dialects(value: &[u8]) -> String {
    let can = |one: &&Dialect| dotenv::render(**one, value).is_ok();
    let others: Vec<&str> = dotenv::DIALECTS.iter().filter(can).map(|one| one.name()).collect();
    match others.as_slice() {
        [] => "no file of variables can hold it: set it where the process is started".to_owned(),
        others => {
            let names = others.join(", ");
            format!("--dialect names the program that reads the file: {names} can")
        }
    }
}

fn kept(setting: &Setting, path: &[u8], line: u32) -> Finding {
    let message = format!(
        "the value of {} is not carried over: {}:{line} sets another one, which stays",
        setting.key,
        shown(path)
    );
    Finding::warning(Code::ValueNotCarried, setting.place(), message)
        .help("`git show HEAD:FILE` has it, should a deploy still need it")
}

/// The keys without values, for those who come next.
fn example(site: &mut Site) {
    let is_symfony = site.application.framework == Framework::Symfony;
    let name = if is_symfony {
        ".env"
    } else {
        EXAMPLES.into_iter().find(|name| site.has(name)).unwrap_or(EXAMPLES[0])
    };
    let path = site.path(name);
    let before = site.text(name);
    let source = before.clone().unwrap_or_default();
    let mentioned: BTreeSet<Vec<u8>> = source
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let line = line.trim_ascii_start();
            let line = line.strip_prefix(b"#").unwrap_or(line).trim_ascii_start();
            let line = line.strip_prefix(b"export ").unwrap_or(line);
            let end = memchr::memchr(b'=', line)?;
            Some(line[..end].trim_ascii().to_vec())
        })
        .collect();
    let mut keys: Vec<String> = Vec::new();
    for setting in &site.settings {
        if !mentioned.contains(setting.key.as_bytes()) && !keys.contains(&setting.key) {
            keys.push(setting.key.clone());
        }
    }
    if keys.is_empty() {
        return;
    }
    let newline = line_end(&source);
    site.draft(&path, Language::Dotenv, before, |draft| {
        let mut text = begun(&source, newline);
        for key in &keys {
            text.extend_from_slice(&[key.as_bytes(), b"=", newline].concat());
        }
        draft.insert(source.len(), text);
    });
}

/// The files with values are nothing that a commit should have.
fn ignore(site: &mut Site) {
    let path = site.path(".gitignore");
    let before = site.text(".gitignore");
    let source = before.clone().unwrap_or_default();
    let has_line = |wanted: &str| {
        source.split(|byte| *byte == b'\n').any(|line| {
            let line = line.trim_ascii();
            line.strip_prefix(b"/").unwrap_or(line) == wanted.as_bytes()
        })
    };
    let mut missing = Vec::new();
    for file in value_files(site) {
        let own = site.path(&file);
        if !site.project.tree.ignores(&own) && !has_line(&file) {
            missing.push(file.clone());
        }
        if site.project.tree.tracks(&own) {
            let message = "git has this file, so that its values are in every clone";
            let finding =
                Finding::warning(Code::SecretTracked, Place::file(shown(&own), None), message)
                    .help(format!(
                        "git rm --cached {}; then change the passwords in it",
                        shown(&own)
                    ));
            site.findings.push(finding);
        }
    }
    if missing.is_empty() {
        return;
    }
    let newline = line_end(&source);
    site.draft(&path, Language::Words, before, |draft| {
        let mut text = begun(&source, newline);
        for file in &missing {
            text.extend_from_slice(&[b"/", file.as_bytes(), newline].concat());
        }
        draft.insert(source.len(), text);
    });
}

/// Says who reads the file, where nobody does by itself.
fn loader(site: &mut Site) {
    let reads_itself = match site.application.framework {
        Framework::Laravel | Framework::Lumen => site.major() != Some(4),
        Framework::Bedrock => true,
        Framework::Symfony => {
            let has = |word: &[u8], text: Vec<u8>| memchr::memmem::find(&text, word).is_some();
            let dotenv =
                site.text("composer.json").is_some_and(|text| has(b"symfony/dotenv", text));
            // Before 4.2 only `.env` is read, and not `.env.local`.
            let is_new = site.version().is_none_or(|version| version >= (4, 2));
            is_new && (dotenv || site.has("config/bundles.php"))
        }
        Framework::CodeIgniter => site.major() == Some(4),
        Framework::Rails => site.text("Gemfile").is_some_and(|text| {
            let has = |word: &[u8]| memchr::memmem::find(&text, word).is_some();
            has(b"dotenv") || has(b"foreman") || has(b"figaro")
        }),
        _ => false,
    };
    if reads_itself {
        return;
    }
    let file = value_file(site, None);
    let help = match site.application.framework {
        Framework::Rails => {
            "`nirvana env exec -- bin/rails server` gives it these variables; on a server systemd's \
             EnvironmentFile does"
        }
        _ => {
            "PHP-FPM gets variables by `env[KEY]` of its pool, or by `clear_env = no` from systemd's \
             EnvironmentFile; `nirvana env exec` gives them to a command"
        }
    };
    let place = Place::file(shown(&site.path(&file)), None);
    let message = "nothing in the application reads this file: its variables must be set outside";
    site.findings.push(Finding::note(Code::EnvironmentNotLoaded, place, message).help(help));
}

/// Whether a key is there for secrets, by its name.
pub(super) fn sensitivity(key: &str) -> Sensitivity {
    if is_secret_name(key) { Sensitivity::Secret } else { Sensitivity::Plain }
}
