//! The contract with the environment: every key that the code of an application reads, where, and
//! what becomes of it if the key is not set.
//!
//! Read by tokens: PHP (`getenv`, `$_ENV`, `env()`), Ruby (`ENV`), ERB in YAML, `%env(…)%`,
//! JavaScript (`process.env`, `import.meta.env`), and `${X}` in Compose files and Procfiles. Tests,
//! examples and other people's code are left out. A name that is put together while the program
//! runs cannot be told; its place is.

mod javascript;
mod php;
mod ruby;
mod text;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::project::stack;
use crate::project::tree::{Entry, Tree};

/// What becomes of a read whose key is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// The program stops: `ENV.fetch('X')`, `${X:?}`, `%env(X)%`.
    Required,
    /// It goes on with nothing in its place: `ENV['X']`, `getenv('X')`, `process.env.X`.
    Expected,
    /// The code asks whether it is there: `if ENV['X']`, `getenv('X') ?: null`, `ENV['X'].present?`.
    Optional,
    /// Something else is taken: `ENV.fetch('X', 5)`, `env('X', 'y')`, `${X:-y}`.
    Default,
}

/// A place where a key is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    /// From the tree's root; bytes that are no UTF-8 as `\xNN`.
    pub(crate) path: String,
    /// The first line being 1.
    pub(crate) line: u32,
    pub(crate) need: Need,
}

/// What an application wants of its environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contract {
    /// By key; the uses by path and line.
    pub(crate) keys: BTreeMap<String, Vec<Use>>,
    /// Where a key is read whose name is not a literal; the needs are as for a literal one.
    pub(crate) dynamic: Vec<Use>,
}

impl Contract {
    /// The strongest need of a key; none if nothing reads it. Where some place asks whether it is
    /// there, the others count on that.
    pub(crate) fn need(&self, key: &str) -> Option<Need> {
        let needs = self.keys.get(key)?.iter().map(|one| one.need);
        let asked = needs.clone().any(|need| need == Need::Optional);
        needs.map(|need| if asked && need == Need::Expected { Need::Optional } else { need }).min()
    }

    fn add(&mut self, path: &str, reads: Vec<Read>) {
        for Read { key, line, need } in reads {
            let one = Use { path: path.to_owned(), line, need };
            match key {
                Some(key) => self.keys.entry(key).or_default().push(one),
                None => self.dynamic.push(one),
            }
        }
    }
}

/// Keys that a framework, a platform or the system sets or reads by itself, so that no code of the
/// application need name them.
pub(crate) fn is_implicit(key: &str) -> bool {
    const KEYS: [&str; 36] = [
        "PATH",
        "HOME",
        "USER",
        "SHELL",
        "PWD",
        "TMPDIR",
        "TEMP",
        "TMP",
        "LANG",
        "LC_ALL",
        "TERM",
        "TZ",
        "HOSTNAME",
        "CI",
        "DEBUG",
        "EDITOR",
        "NO_COLOR",
        "PORT",
        "RAILS_ENV",
        "RACK_ENV",
        "NODE_ENV",
        "APP_ENV",
        "BUNDLE_GEMFILE",
        "BUNDLE_PATH",
        "RAILS_LOG_TO_STDOUT",
        "RAILS_SERVE_STATIC_FILES",
        "RAILS_MAX_THREADS",
        "RAILS_MIN_THREADS",
        "WEB_CONCURRENCY",
        "RAILS_LOG_LEVEL",
        "GEM_HOME",
        "SECRET_KEY_BASE_DUMMY",
        "TEST_ENV_NUMBER",
        "PIDFILE",
        "WWWGROUP",
        "WWWUSER",
    ];
    const STARTS: [&str; 6] = ["GITHUB_", "CI_", "npm_", "XDG_", "SSH_", "TRAVIS"];
    KEYS.contains(&key) || STARTS.iter().any(|start| key.starts_with(start))
}

/// One read of a file; no key if its name is not a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Read {
    key: Option<String>,
    line: u32,
    need: Need,
}

/// Longer files are not code that somebody has written.
const LONGEST: u64 = 4 << 20;

/// What the code below a folder reads of the environment; `""` is the whole tree. A file that
/// cannot be read is left out: whoever reads all files says so.
pub(crate) fn read(tree: &Tree, folder: &[u8]) -> Contract {
    let files: Vec<(String, Vec<Read>)> = tree
        .below(folder)
        .par_iter()
        .filter(|entry| entry.is_file() && is_own(&entry.path, folder))
        .filter_map(|entry| {
            let language = Language::of(entry)?;
            let small = tree.size(entry).is_ok_and(|bytes| bytes <= LONGEST);
            let text = small.then(|| tree.read(entry).ok()).flatten()?;
            let reads = language.reads(&text);
            (!reads.is_empty()).then(|| (entry.shown(), reads))
        })
        .collect();
    let mut contract = Contract::default();
    for (path, reads) in files {
        contract.add(&path, reads);
    }
    contract
}

/// Neither vendored nor a rehearsal, looked at from the application's root.
fn is_own(path: &[u8], folder: &[u8]) -> bool {
    let inner = path.get(folder.len()..).unwrap_or_default();
    !stack::is_vendored(inner) && stack::rehearsal(crate::project::tree::parent(inner)).is_none()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Php,
    Ruby,
    Yaml,
    JavaScript,
    Compose,
    Shell,
}

impl Language {
    fn of(entry: &Entry) -> Option<Self> {
        let name = String::from_utf8_lossy(entry.name()).to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_compose = name.starts_with("docker-compose") || name.starts_with("compose.");
        // A test beside what it tests.
        if ["_test.rb", "_spec.rb", "test.php", ".test.js", ".spec.js", ".test.ts", ".spec.ts"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            return None;
        }
        Some(match ending {
            "php" | "inc" | "phtml" | "module" => Self::Php,
            "rb" | "rake" | "ru" => Self::Ruby,
            "yml" | "yaml" if is_compose => Self::Compose,
            "yml" | "yaml" => Self::Yaml,
            "js" | "mjs" | "cjs" | "ts" | "jsx" | "tsx" | "vue" | "svelte" => Self::JavaScript,
            _ if matches!(name.as_str(), "gemfile" | "rakefile" | "capfile") => Self::Ruby,
            _ if name.starts_with("procfile") => Self::Shell,
            _ => return None,
        })
    }

    fn reads(self, source: &[u8]) -> Vec<Read> {
        let has = |word: &[u8]| memchr::memmem::find(source, word).is_some();
        match self {
            Self::Php if has(b"env") || has(b"_ENV") || has(b"_SERVER") => php::reads(source),
            Self::Ruby if has(b"ENV") => ruby::reads(source, 0, source),
            Self::Yaml if has(b"ENV") || has(b"%env(") => text::yaml(source),
            Self::JavaScript if has(b".env") => javascript::reads(source),
            Self::Compose | Self::Shell if has(b"$") => text::shell(source),
            _ => Vec::new(),
        }
    }
}

/// Whether bytes are the name of an environment variable.
fn is_key(name: &[u8]) -> bool {
    let first = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    first && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

/// A key, if the name is one.
fn key(name: &[u8]) -> Option<String> {
    is_key(name).then(|| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests;
