//! A file while rules look at it: what its language makes of it is worked out once, when the first
//! rule asks.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Deref;

use crate::audit::file::{File, Kind};
use crate::project::read::Token;
use crate::project::read::dotenv;
use crate::project::read::javascript;
use crate::project::read::php;
use crate::project::read::ruby;
use crate::project::read::yaml_erb::Yaml;

/// Something in a file's SQL that only MySQL takes.
pub(super) struct Dialect {
    pub(super) rule: &'static str,
    pub(super) at: usize,
    pub(super) message: String,
    /// PostgreSQL's way.
    pub(super) way: String,
}

pub(super) struct Reading<'a> {
    pub(super) file: &'a File,
    php: OnceCell<php::Code<'a>>,
    ruby: OnceCell<ruby::Code<'a>>,
    yaml: OnceCell<Yaml<'a>>,
    script: OnceCell<Vec<Token<javascript::Kind>>>,
    dialect: OnceCell<Vec<Dialect>>,
}

impl Deref for Reading<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        self.file
    }
}

impl<'a> Reading<'a> {
    pub(super) fn new(file: &'a File) -> Self {
        Self {
            file,
            php: OnceCell::new(),
            ruby: OnceCell::new(),
            yaml: OnceCell::new(),
            script: OnceCell::new(),
            dialect: OnceCell::new(),
        }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.file.text.as_bytes()
    }

    /// Whether a word is anywhere in the text; asked before anything is read by tokens.
    pub(super) fn has(&self, word: &str) -> bool {
        memchr::memmem::find(self.bytes(), word.as_bytes()).is_some()
    }

    pub(super) fn has_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.has(word))
    }

    pub(super) fn php(&self) -> &php::Code<'a> {
        self.php.get_or_init(|| php::Code::new(self.bytes()))
    }

    pub(super) fn ruby(&self) -> &ruby::Code<'a> {
        self.ruby.get_or_init(|| ruby::Code::new(self.bytes()))
    }

    pub(super) fn yaml(&self) -> &Yaml<'a> {
        self.yaml.get_or_init(|| Yaml::new(self.bytes()))
    }

    /// The tokens of JavaScript that are code.
    pub(super) fn script(&self) -> &[Token<javascript::Kind>] {
        self.script.get_or_init(|| javascript::code(self.bytes()))
    }

    /// What the SQL of the file has that only MySQL takes, as `find` finds it.
    pub(super) fn dialect(&self, find: fn(&Self) -> Vec<Dialect>) -> &[Dialect] {
        self.dialect.get_or_init(|| find(self))
    }

    /// The variables that a file of variables sets: key, value without quotes, and where that is.
    pub(super) fn variables(&self) -> Vec<Variable<'a>> {
        if self.kind != Kind::Dotenv {
            return Vec::new();
        }
        let source = self.bytes();
        let entry = |entry: dotenv::Entry| {
            let value = text(entry.value.of(source));
            let trimmed = value.trim_matches(['"', '\'']);
            let start = entry.value.start + value.find(trimmed).unwrap_or(0);
            Variable {
                key: text(entry.key.of(source)),
                value: &self.file.text[start..start + trimmed.len()],
                key_at: entry.key.start,
                at: start,
            }
        };
        dotenv::entries(source).into_iter().map(entry).collect()
    }
}

pub(super) struct Variable<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) key_at: usize,
    /// Where the value begins.
    pub(super) at: usize,
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Bytes as text, whatever is no UTF-8 replaced.
pub(super) fn shown(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
