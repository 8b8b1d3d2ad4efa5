//! The contract: the keys that the code reads, held against the project's files, or against the
//! environment of this process.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::load::{File, is_variable};
use super::{Error, Settings, Variables};
use crate::finding::{Code, Finding, Place};
use crate::project::contract::{self, Contract, Need, Use};
use crate::project::read::dotenv::{Dialect, Meaning, meaning};
use crate::project::tree::Tree;
use crate::report::{ErrorReport, Outcome, Report, Verb};

/// What is to be checked.
#[derive(Clone, Debug)]
pub(crate) struct CheckRequest {
    pub(crate) folder: PathBuf,
    pub(crate) file: Option<PathBuf>,
    pub(crate) example: Option<PathBuf>,
    pub(crate) dialect: Option<Dialect>,
    /// Of this process, in place of the file.
    pub(crate) variables: Option<Variables>,
    /// `[env]` of nirvana.toml, and the folder that it is in.
    pub(crate) settings: Settings,
    pub(crate) root: Option<PathBuf>,
}

/// Checks; what can be wrong with the request is an outcome too.
pub(crate) fn check(request: &CheckRequest) -> Report {
    let started = Instant::now();
    let mut report = Report::new(Verb::Env, request.folder.display().to_string());
    match findings(request) {
        Ok(findings) => {
            report.findings = findings;
            report.outcome = report.ended();
        }
        Err(error) => {
            report.outcome = Outcome::UsageError;
            report.error = Some(ErrorReport::of(&error));
        }
    }
    report.duration_ms = started.elapsed().as_millis() as u64;
    report
}

fn findings(request: &CheckRequest) -> Result<Vec<Finding>, Error> {
    let tree = Tree::open(&request.folder, None)?;
    let contract = contract::read(&tree, b"");
    let mut sides = Vec::new();
    if let Some(variables) = &request.variables {
        sides.push(Side::of_process(variables));
    }
    for path in files(request) {
        let dialect =
            request.dialect.or(request.settings.dialect.map(super::settings::Word::dialect));
        let shown = path.strip_prefix(&request.folder).unwrap_or(&path).display().to_string();
        sides.push(Side::of_file(&File::read(&path, dialect)?, shown));
    }
    if sides.is_empty() {
        return Err(Error::NoFile(request.folder.clone()));
    }
    let mut findings = Vec::new();
    for side in &sides {
        findings.extend(side.written.iter().cloned());
        findings.extend(missing(side, &contract));
        findings.extend(unread(side, &contract));
    }
    if let [side, example] = &sides[..] {
        findings.extend(not_in_example(side, example));
    }
    Ok(findings)
}

/// The file (not if the process is what is checked), then the example; those that are there.
fn files(request: &CheckRequest) -> Vec<PathBuf> {
    let CheckRequest { folder, settings, root, .. } = request;
    let base = root.as_deref().unwrap_or(folder);
    let place = |named: &Option<PathBuf>, told: &Option<PathBuf>, usual: &str| match (named, told) {
        // What was named must be there, and reading it says so.
        (Some(path), _) => Some(folder.join(path)),
        (None, Some(path)) => Some(base.join(path)),
        (None, None) => Some(folder.join(usual)).filter(|path| path.is_file()),
    };
    let file = place(&request.file, &settings.file, ".env");
    let file = file.filter(|_| request.variables.is_none());
    let example = place(&request.example, &settings.example, ".env.example");
    let others = [".env.dist", ".env.sample", ".env.template"];
    let example = example
        .or_else(|| others.map(|name| folder.join(name)).into_iter().find(|path| path.is_file()));
    file.into_iter().chain(example).collect()
}

/// One place that says what the environment is.
struct Side {
    /// The file, or the words for this process.
    name: String,
    is_process: bool,
    is_example: bool,
    /// By key its line, and whether it has a value.
    keys: BTreeMap<String, (Option<u32>, bool)>,
    /// What is wrong with how it is written.
    written: Vec<Finding>,
}

impl Side {
    fn of_process(variables: &Variables) -> Self {
        let key = |(name, value): (&std::ffi::OsString, &std::ffi::OsString)| {
            Some((name.to_str()?.to_owned(), (None, !value.is_empty())))
        };
        let keys = variables.iter().filter_map(key).collect();
        let name = "the environment".to_owned();
        Self { name, is_process: true, is_example: false, keys, written: Vec::new() }
    }

    fn of_file(file: &File, name: String) -> Self {
        let is_example = Path::new(&name).file_name().is_none_or(|name| name != OsStr::new(".env"));
        let mut side = Self {
            is_process: false,
            is_example,
            keys: BTreeMap::new(),
            written: Vec::new(),
            name,
        };
        for line in file.junk() {
            side.is_wrong(line, "this is no KEY=value");
        }
        for entry in file.entries() {
            let key = file.key(&entry);
            let line = file.line(entry.key.start);
            if !is_variable(&key) {
                side.is_wrong(line, &format!("{key:?} is no name of a variable"));
                continue;
            }
            let raw = entry.raw.of(&file.text);
            let read = file.dialect().map(|dialect| meaning(dialect, raw));
            if let Some(Meaning::Error(reason)) = read {
                side.is_wrong(line, &format!("{key}: {reason}"));
            }
            let is_given = match read {
                Some(Meaning::Text(text)) => !text.is_empty(),
                _ => !matches!(entry.value.of(&file.text), b"" | b"\"\"" | b"''"),
            };
            if let Some((first, _)) = side.keys.insert(key.clone(), (Some(line), is_given)) {
                let first = first.unwrap_or_default();
                side.is_wrong(line, &format!("{key} is set already in line {first}"));
            }
        }
        side
    }

    fn is_wrong(&mut self, line: u32, message: &str) {
        let place = Place::file(self.name.clone(), Some(line));
        self.written.push(Finding::warning(Code::EnvFileSyntax, place, message));
    }

    fn place(&self, line: Option<u32>) -> Place {
        if self.is_process { Place::project() } else { Place::file(self.name.clone(), line) }
    }
}

/// Keys that the code wants and that are not there, or there and empty.
fn missing(side: &Side, contract: &Contract) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, uses) in &contract.keys {
        let need = contract.need(key);
        let is_wanted = matches!(need, Some(Need::Required | Need::Expected));
        if !is_wanted || contract::is_implicit(key) {
            continue;
        }
        let (code, line, what) = match side.keys.get(key) {
            None => (Code::EnvMissing, None, "is not in"),
            // An example says which keys there are, and not what they are.
            Some((line, false)) if !side.is_example => (Code::EnvEmpty, *line, "is empty in"),
            Some(_) => continue,
        };
        let message = format!("{key} {what} {}; {}", side.name, read_at(uses));
        let place = side.place(line);
        findings.push(match need {
            Some(Need::Required) => Finding::error(code, place, message),
            _ => Finding::warning(code, place, message),
        });
    }
    findings
}

fn read_at(uses: &[Use]) -> String {
    let first = uses.iter().min_by_key(|one| one.need);
    let place = first.map(|one| format!("{}:{}", one.path, one.line)).unwrap_or_default();
    let stops = first.is_some_and(|one| one.need == Need::Required);
    let stops = if stops { ", which stops without it" } else { "" };
    match uses.len() {
        0 | 1 => format!("{place} reads it{stops}"),
        more => format!("{place} reads it{stops}, and {} more", more - 1),
    }
}

/// Read by libraries, so that no code of a project names them.
const OF_LIBRARIES: [&str; 8] = [
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY_BASE",
    "RAILS_MASTER_KEY",
    "APP_SECRET",
    "MAILER_DSN",
    "MESSENGER_TRANSPORT_DSN",
    "APP_KEY",
];

/// Keys of a file that nothing reads.
fn unread(side: &Side, contract: &Contract) -> Vec<Finding> {
    if side.is_process {
        return Vec::new();
    }
    let is_unread = |key: &&String| {
        let key = key.as_str();
        !contract.keys.contains_key(key)
            && !contract::is_implicit(key)
            && !OF_LIBRARIES.contains(&key)
            // CodeIgniter's own, which set properties of its configuration.
            && !key.contains('.')
    };
    let find = |key: &String| {
        let message = format!("{key} is in {}, and no code reads it", side.name);
        let place = side.place(side.keys[key].0);
        match contract.dynamic.first() {
            None => Finding::warning(Code::EnvUnread, place, message),
            Some(one) => Finding::note(Code::EnvUnread, place, message).help(format!(
                "it may be what {}:{} reads, where the name is put together",
                one.path, one.line
            )),
        }
    };
    side.keys.keys().filter(is_unread).map(find).collect()
}

fn not_in_example(side: &Side, example: &Side) -> Vec<Finding> {
    if side.is_process {
        return Vec::new();
    }
    let find = |(key, (line, _)): (&String, &(Option<u32>, bool))| {
        let message = format!("{key} is in {} and not in {}", side.name, example.name);
        Finding::warning(Code::EnvDrift, side.place(*line), message)
            .help("add the key, without its value")
    };
    let is_absent = |(key, _): &(&String, &(Option<u32>, bool))| {
        !example.keys.contains_key(*key) && !contract::is_implicit(key)
    };
    side.keys.iter().filter(is_absent).map(find).collect()
}
