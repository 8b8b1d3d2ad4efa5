//! A file of variables, as one dialect reads it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::expand::{self, Trouble};
use super::{Settings, Variables};
use crate::project::read::dotenv::{self, Dialect, Entry, Kind, Meaning};
use crate::project::read::line_of;
use crate::secret::Secret;

/// The name that is looked for.
const NAME: &str = ".env";

/// The nearest `.env` from a folder upward.
pub(super) fn nearest(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(NAME)).find(|path| path.is_file())
}

/// A file that was read, and who reads it.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: Vec<u8>,
    dialect: Option<Dialect>,
}

impl File {
    pub(super) fn read(path: &Path, named: Option<Dialect>) -> Result<Self, Error> {
        let text =
            fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let dialect = named.or_else(|| shown_by(folder));
        Ok(Self { path: path.to_owned(), text, dialect })
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        dotenv::entries(&self.text)
    }

    /// As the dialect has it; none if nothing tells which one it is.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    pub(super) fn key(&self, entry: &Entry) -> String {
        String::from_utf8_lossy(entry.key.of(&self.text)).into_owned()
    }

    pub(super) fn line(&self, at: usize) -> u32 {
        line_of(&self.text, at)
    }

    /// Lines that are nothing of this format, by their numbers.
    pub(super) fn junk(&self) -> Vec<u32> {
        let tokens = dotenv::tokens(&self.text).into_iter();
        let junk = tokens.filter(|token| token.kind == Kind::Junk);
        junk.map(|token| self.line(token.span.start)).collect()
    }

    /// Every variable with its value; what is set twice counts as it is set last. A reference finds
    /// what `before` has, then what the file has set so far.
    pub(super) fn values(&self, before: &Variables) -> Result<BTreeMap<String, Secret>, Error> {
        if let Some(line) = self.junk().first() {
            return Err(Error::Line { path: self.path.clone(), line: *line });
        }
        let mut values: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for entry in self.entries() {
            let key = self.key(&entry);
            let line = self.line(entry.key.start);
            if !is_variable(&key) {
                return Err(Error::Key { path: self.path.clone(), line, key });
            }
            let value = self.value(&entry, before, &values)?;
            values.insert(key, value);
        }
        let text = |(key, value): (String, Vec<u8>)| {
            // Checked by `value`.
            (key, Secret::new(String::from_utf8_lossy(&value).into_owned()))
        };
        Ok(values.into_iter().map(text).collect())
    }

    fn value(
        &self,
        entry: &Entry,
        before: &Variables,
        values: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Vec<u8>, Error> {
        let (key, line) = (self.key(entry), self.line(entry.key.start));
        let path = || self.path.clone();
        let raw = entry.raw.of(&self.text);
        let dialect = match self.dialect {
            Some(dialect) => dialect,
            None => agreed(raw).map_err(|(one, other)| {
                let (one, other) = (one.name(), other.name());
                Error::Ambiguous { path: path(), line, key: key.clone(), one, other }
            })?,
        };
        let look_up = |name: &str| {
            let before = before.get(OsStr::new(name)).map(|value| value.as_bytes().to_vec());
            before.or_else(|| values.get(name).cloned())
        };
        let value = expand::value(dialect, raw, look_up).map_err(|trouble| match trouble {
            Trouble::Reason(reason) => {
                Error::Value { path: path(), line, key: key.clone(), reason }
            }
            Trouble::Unset(name) => Error::Unset { path: path(), line, key: key.clone(), name },
        })?;
        let reason = match std::str::from_utf8(&value) {
            Err(_not_text) => "its value is not UTF-8",
            Ok(text) if text.contains('\0') => "its value has U+0000, which no variable can hold",
            Ok(_) => return Ok(value),
        };
        Err(Error::Value { path: path(), line, key, reason })
    }
}

/// Who reads the file, if the files beside it leave no doubt.
fn shown_by(folder: &Path) -> Option<Dialect> {
    let signs = [
        ("artisan", Dialect::Phpdotenv),
        ("wp-cli.yml", Dialect::Phpdotenv),
        ("symfony.lock", Dialect::Symfony),
        ("spark", Dialect::CodeIgniter),
        ("Gemfile", Dialect::Ruby),
    ];
    let mut shown = signs.iter().filter(|(name, _)| folder.join(name).is_file());
    let first = shown.next().map(|(_, dialect)| *dialect)?;
    shown.all(|(_, dialect)| *dialect == first).then_some(first)
}

/// A dialect for a value that Ruby's and both of PHP's read alike, or two that do not.
fn agreed(raw: &[u8]) -> Result<Dialect, (Dialect, Dialect)> {
    const COMMON: [Dialect; 3] = [Dialect::Phpdotenv, Dialect::Symfony, Dialect::Ruby];
    let first = dotenv::meaning(COMMON[0], raw);
    let differs = |dialect: &&Dialect| dotenv::meaning(**dialect, raw) != first;
    match COMMON.iter().find(differs) {
        Some(other) => Err((COMMON[0], *other)),
        // What all refuse is refused in the end; what all expand, they expand alike only if asked.
        None if first == Meaning::Expands => Err((COMMON[0], COMMON[1])),
        None => Ok(COMMON[0]),
    }
}

/// CodeIgniter's have dots.
pub(super) fn is_variable(key: &str) -> bool {
    let is_start = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    key.starts_with(is_start)
        && key.chars().all(|letter| is_start(letter) || letter.is_ascii_digit() || letter == '.')
}

impl Settings {
    /// The project's file: as asked for, as nirvana.toml says, or the nearest one.
    pub(super) fn path(
        &self,
        named: Option<&Path>,
        root: Option<&Path>,
        folder: &Path,
    ) -> Option<PathBuf> {
        let told = self.file.as_ref().map(|file| root.unwrap_or(folder).join(file));
        named.map(Path::to_owned).or(told).or_else(|| nearest(folder))
    }
}
