//! The application's environment: resolved here, written to a file of the release, and given to the
//! commands that run in it. What is secret is only ever in standard input.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::Error;
use super::ledger::Id;
use super::settings::{Settings, Value};
use crate::environment::Environment;
use crate::secret::{Absent, Reference, Secret};

/// Shorter ones are not hidden in what commands print: they would hide ordinary words.
const SHORTEST_HIDDEN: usize = 4;

/// All settings with their values.
#[derive(Clone, Debug, Default)]
pub(super) struct Env {
    values: BTreeMap<String, (Secret, Kind)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Secret,
}

impl Env {
    pub(super) fn resolve(
        settings: &Settings,
        environment: &Environment,
        folder: &Path,
    ) -> Result<Self, Error> {
        let mut values = BTreeMap::new();
        for (name, value) in settings.env.iter().flat_map(|env| &env.values) {
            let place = format!("release.env.values.{name}");
            let value = match value {
                Value::Text(text) => (Secret::new(text.as_str()), Kind::Text),
                Value::Reference(it) => (find(it, environment, folder, &place)?, Kind::Secret),
            };
            if value.0.expose().contains('\0') {
                return Err(Error::wanted(place, "no environment can hold a NUL"));
            }
            values.insert(name.clone(), value);
        }
        Ok(Self { values })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The text of the file, as dotenv libraries, sh and systemd read it alike.
    pub(super) fn file(&self, id: &Id) -> Secret {
        let mut text =
            format!("# Release {id}, written by nirvana: the next release writes it anew.\n");
        for (name, (value, _)) in &self.values {
            text.push_str(&format!("{name}={}\n", literal(value.expose())));
        }
        Secret::new(text)
    }

    /// The same with each secret masked, for people.
    pub(super) fn shown(&self) -> String {
        let mut text = String::new();
        for (name, (value, kind)) in &self.values {
            let value = match kind {
                Kind::Text => literal(value.expose()),
                Kind::Secret => "…".to_owned(),
            };
            text.push_str(&format!("{name}={value}\n"));
        }
        text
    }

    /// As the scripts read it: a line each, `\` and line breaks escaped.
    pub(super) fn lines(&self, more: &[(&str, &str)]) -> Secret {
        let mut text = String::new();
        let own = self.values.iter().map(|(name, (value, _))| (name.as_str(), value.expose()));
        for (name, value) in own.chain(more.iter().copied()) {
            let value = value.replace('\\', "\\\\").replace('\n', "\\n");
            text.push_str(&format!("{name}={value}\n"));
        }
        Secret::new(text)
    }

    /// What somebody else printed, without our secrets.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut secrets: Vec<&str> = self
            .values
            .values()
            .filter(|(value, kind)| {
                *kind == Kind::Secret && value.expose().len() >= SHORTEST_HIDDEN
            })
            .map(|(value, _)| value.expose())
            .collect();
        // The longest first: one may be a part of another, as a password is of a URL.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }
}

/// A secret from the one place that a reference names.
pub(super) fn find(
    reference: &Reference,
    environment: &Environment,
    folder: &Path,
    place: &str,
) -> Result<Secret, Error> {
    reference.find(environment, folder).map_err(|absent| match absent {
        Absent::Unset(name) => {
            Error::wanted(place, format!("the environment variable {name} is not set"))
        }
        Absent::File { path, source } => Error::File { path, source },
        Absent::NotOnePlace => {
            Error::wanted(place, "one of { env = … } and { file = … } is wanted")
        }
    })
}

fn literal(value: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_./:@%+,=-".contains(letter);
    if value.chars().all(plain) {
        return value.to_owned();
    }
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    let mut text = String::from("\"");
    for letter in value.chars() {
        if matches!(letter, '"' | '\\' | '$' | '`') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::Env;
    use crate::environment::Environment;
    use crate::release::ledger::Id;
    use crate::release::settings::tests::settings;

    const NASTY: &str = "it's \"$HOME\" `id` \\n #x\nline two\n";

    fn env() -> Env {
        let settings = settings(
            "path = '/srv/shop'\n[env.values]\nAPP_ENV = 'production'\nA = { env = 'NASTY' }\n\
             SPACE = 'a b'\nURL = { env = 'URL' }\n",
        );
        let given = Environment::of(&[("NASTY", NASTY), ("URL", "mysql://u:hunter2@h/d")]);
        Env::resolve(&settings, &given, Path::new("")).unwrap()
    }

    #[test]
    fn sh_reads_the_file_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        std::fs::write(&file, env().file(&Id::new(1, "a")).expose()).unwrap();
        let script = format!(". {}; printf '%s|%s|%s' \"$A\" \"$SPACE\" \"$URL\"", file.display());
        let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
        let wanted = format!("{NASTY}|a b|mysql://u:hunter2@h/d");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted);
    }

    #[test]
    fn what_is_shown_has_no_secret() {
        let env = env();
        insta::assert_snapshot!(env.shown(), @r"
        A=…
        APP_ENV=production
        SPACE='a b'
        URL=…
        ");
        assert_eq!(env.hide("cannot open mysql://u:hunter2@h/d!"), "cannot open …!");
        assert!(!format!("{env:?}").contains("hunter2"));
    }
}
