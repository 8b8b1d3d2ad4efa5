//! A string that never prints: passwords, in memory only as long as a connection needs them; and
//! where settings say that one is.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::environment::Environment;

/// Holds a secret; `Debug` shows three dots, and there is no `Display` and no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the one place that sends it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Where a secret is: exactly one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Reference {
    /// An environment variable of whoever runs nirvana.
    #[serde(default)]
    pub(crate) env: Option<String>,
    /// A file that has nothing else in it, from this file's folder.
    #[serde(default)]
    pub(crate) file: Option<String>,
}

/// Why no secret was found where one was said to be.
#[derive(Debug)]
pub(crate) enum Absent {
    /// None of the places is named, or more than one.
    NotOnePlace,
    /// The environment variable of that name is not set, or is empty.
    Unset(String),
    File {
        path: PathBuf,
        source: io::Error,
    },
}

impl Reference {
    /// The secret; a path that is not from the root starts in `folder`. Of a file its last line end
    /// is no part of the secret.
    pub(crate) fn find(&self, environment: &Environment, folder: &Path) -> Result<Secret, Absent> {
        match (&self.env, &self.file) {
            (Some(name), None) => {
                let value = environment.get(name);
                value.map(Secret::new).ok_or_else(|| Absent::Unset(name.clone()))
            }
            (None, Some(file)) => {
                let path = folder.join(file);
                let text = std::fs::read_to_string(&path);
                let text = text.map_err(|source| Absent::File { path, source })?;
                let line = text.strip_suffix('\n').unwrap_or(&text);
                Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line)))
            }
            _ => Err(Absent::NotOnePlace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Absent, Reference, Secret};
    use crate::environment::Environment;

    #[test]
    fn a_reference_leads_to_one_secret() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "from file \r\n").unwrap();
        let environment = Environment::of(&[("A", "from env"), ("EMPTY", "")]);
        let find = |env: Option<&str>, file: Option<&str>| {
            let (env, file) = (env.map(str::to_owned), file.map(str::to_owned));
            Reference { env, file }.find(&environment, folder.path())
        };
        assert_eq!(find(Some("A"), None).unwrap(), Secret::new("from env"));
        assert_eq!(find(None, Some("a")).unwrap(), Secret::new("from file "));
        assert!(matches!(find(Some("EMPTY"), None), Err(Absent::Unset(name)) if name == "EMPTY"));
        assert!(matches!(find(None, Some("b")), Err(Absent::File { .. })));
        for (env, file) in [(None, None), (Some("A"), Some("a"))] {
            assert!(matches!(find(env, file), Err(Absent::NotOnePlace)));
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some(…)");
    }
}
