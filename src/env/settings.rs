//! `[env]` of nirvana.toml.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::project::read::dotenv::{DIALECTS, Dialect};

/// Where a project's variables stand, and who reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    /// The program that reads the files.
    pub(crate) dialect: Option<Word>,
    /// The file, relative to nirvana.toml; without it `.env`.
    pub(crate) file: Option<PathBuf>,
    /// The file that names all keys, relative to nirvana.toml; without it `.env.example`.
    pub(crate) example: Option<PathBuf>,
}

/// A dialect by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    Phpdotenv,
    Symfony,
    Ruby,
    Docker,
    Systemd,
    Codeigniter,
}

impl Word {
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Self::Phpdotenv => Dialect::Phpdotenv,
            Self::Symfony => Dialect::Symfony,
            Self::Ruby => Dialect::Ruby,
            Self::Docker => Dialect::Docker,
            Self::Systemd => Dialect::Systemd,
            Self::Codeigniter => Dialect::CodeIgniter,
        }
    }
}

/// The dialect of a name; the names are those of `DIALECTS`.
pub(crate) fn dialect_named(name: &str) -> Option<Dialect> {
    DIALECTS.into_iter().find(|dialect| dialect.name() == name)
}
