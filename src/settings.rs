//! `nirvana.toml`: found, read, and handed out by section.
//!
//! Each verb owns the struct of its section; this file knows only the names of the sections, which
//! the command line hands to it. A mistyped key is an error with its place and the nearest key that
//! there is: a setting that is silently ignored is worse than none.

mod value;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::DeTable;

use self::value::{Problem, Value};
use crate::fault::{Blame, Fault};

/// The name that is looked for where none is given.
pub(crate) const FILE: &str = "nirvana.toml";

/// A section that some verb reads, and the shape it has there.
#[derive(Clone, Copy)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Section {
    pub(crate) const fn of<T: JsonSchema>(name: &'static str) -> Self {
        Self { name, schema: |generator| generator.subschema_for::<T>() }
    }
}

/// The JSON Schema of the whole file.
#[cfg_attr(not(test), expect(dead_code, reason = "a test publishes it in schemas/"))]
pub(crate) fn schema(sections: &[Section]) -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    let mut generator = settings.into_generator();
    let properties: serde_json::Map<String, serde_json::Value> = sections
        .iter()
        .map(|section| (section.name.to_owned(), (section.schema)(&mut generator).to_value()))
        .collect();
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FILE,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": generator.take_definitions(true),
    })
}

/// The file as it stands; paths in it start from its folder.
#[derive(Debug)]
pub(crate) struct Settings {
    path: PathBuf,
    text: String,
}

impl Settings {
    /// The file that is named, or else the nearest `nirvana.toml` from `folder` upward; `None` if
    /// there is none.
    pub(crate) fn find(
        named: Option<&Path>,
        folder: &Path,
        sections: &[Section],
    ) -> Result<Option<Self>, SettingsError> {
        let path = match named {
            Some(path) => Some(path.to_owned()),
            None => folder.ancestors().map(|folder| folder.join(FILE)).find(|path| path.is_file()),
        };
        path.map(|path| Self::read(path, sections)).transpose()
    }

    fn read(path: PathBuf, sections: &[Section]) -> Result<Self, SettingsError> {
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(path, text, sections),
            Err(source) => Err(SettingsError::File { path, source }),
        }
    }

    /// The file as it stood in a commit; `path` is only named.
    pub(crate) fn parse(
        path: PathBuf,
        text: String,
        sections: &[Section],
    ) -> Result<Self, SettingsError> {
        let settings = Self { path, text };
        let known: Vec<&str> = sections.iter().map(|section| section.name).collect();
        for key in settings.table()?.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let unknown = Problem::unknown(key.get_ref(), &known, key.span());
                return Err(settings.told(unknown));
            }
        }
        Ok(settings)
    }

    /// Parsed anew for each reader, as a parsed table borrows from its text.
    fn table(&self) -> Result<DeTable<'_>, SettingsError> {
        DeTable::parse(&self.text).map(Spanned::into_inner).map_err(|error| {
            let problem = error.message().replace('\n', ", ");
            self.wrong(error.span(), None, problem)
        })
    }

    /// The folder that relative paths in the file start from.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A verb's own section; `None` if the file does not have it.
    pub(crate) fn section<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, SettingsError> {
        let table = self.table()?;
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else {
            return Ok(None);
        };
        T::deserialize(Value { value, key: Some(key.span()) })
            .map(Some)
            .map_err(|problem| self.told(problem.within(name)))
    }

    fn told(&self, problem: Problem) -> SettingsError {
        let Problem { message, span, path, unknown } = problem;
        let known = unknown.map(|unknown| nearest(&unknown.key, &unknown.known));
        self.wrong(
            span,
            known,
            if path.is_empty() { message } else { format!("{path}: {message}") },
        )
    }

    fn wrong(
        &self,
        span: Option<Range<usize>>,
        hint: Option<String>,
        problem: String,
    ) -> SettingsError {
        let before = span.map_or("", |span| self.text.get(..span.start).unwrap_or_default());
        let line = before.matches('\n').count() + 1;
        SettingsError::Wrong { path: self.path.clone(), line, problem, hint }
    }
}

/// The known word that is most like `word`, then all of them.
fn nearest(word: &str, known: &[String]) -> String {
    let nearest = known
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(word, a).total_cmp(&strsim::jaro_winkler(word, b)));
    match nearest {
        Some(nearest) if known.len() > 1 => {
            format!("did you mean '{nearest}'? Known here: {}", known.join(", "))
        }
        Some(only) => format!("did you mean '{only}'?"),
        None => "nothing may stand here".to_owned(),
    }
}

/// Why a file of settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("cannot read {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}:{line}: {problem}", path.display())]
    Wrong { path: PathBuf, line: usize, problem: String, hint: Option<String> },
}

impl Blame for SettingsError {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File { .. } => None,
            Self::Wrong { hint, .. } => hint.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::{FILE, Section, Settings};
    use crate::fault::Blame;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct Sample {
        jobs: Option<u16>,
        mode: Option<Mode>,
        #[serde(default)]
        parts: Vec<Part>,
        password: Option<From>,
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    enum Mode {
        Fast,
        VerySlow,
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    enum From {
        Env(String),
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Part {
        name: String,
    }

    const SECTIONS: [Section; 2] =
        [Section::of::<Sample>("sample"), Section::of::<Sample>("simple")];

    fn read(text: &str) -> Result<Option<Sample>, String> {
        let settings = Settings::parse(PathBuf::from(FILE), text.to_owned(), &SECTIONS);
        settings.and_then(|settings| settings.section("sample")).map_err(|error| {
            let hint = error.hint().map_or(String::new(), |hint| format!(" [{hint}]"));
            format!("{error}{hint}")
        })
    }

    #[test]
    fn a_section_is_read_as_its_verb_wants_it() {
        let text = "[sample]\njobs = 0x10\nmode = \"very-slow\"\npassword.env = \"X\"\n\
                    [[sample.parts]]\nname = 'a'\n[[sample.parts]]\nname = 'b'";
        let part = |name: &str| Part { name: name.to_owned() };
        let sample = Sample {
            jobs: Some(16),
            mode: Some(Mode::VerySlow),
            parts: vec![part("a"), part("b")],
            password: Some(From::Env("X".to_owned())),
        };
        assert_eq!(read(text), Ok(Some(sample)));
        assert_eq!(read("[simple]"), Ok(None));
        assert_eq!(read(""), Ok(None));
    }

    #[test]
    fn what_is_wrong_has_a_place_and_the_nearest_word() {
        for (text, message) in [
            (
                "\n[sampel]\n",
                "nirvana.toml:2: unknown key 'sampel' [did you mean 'sample'? Known here: sample, \
                 simple]",
            ),
            (
                "[sample]\n\njbos = 3",
                "nirvana.toml:3: sample: unknown key 'jbos' [did you mean 'jobs'? Known here: jobs, \
                 mode, parts, password]",
            ),
            (
                "[sample]\njobs = 'three'",
                "nirvana.toml:2: sample.jobs: text stands where a number (u16) is wanted",
            ),
            (
                "[sample]\njobs = 70000",
                "nirvana.toml:2: sample.jobs: invalid value: integer \
              `70000`, expected u16",
            ),
            (
                "[sample]\nmode = 'fats'",
                "nirvana.toml:2: sample.mode: unknown word 'fats' [did you mean 'fast'? Known here: \
                 fast, very-slow]",
            ),
            (
                "[sample]\n[[sample.parts]]\nname = 'a'\n[[sample.parts]]\nnmae = 'b'",
                "nirvana.toml:5: sample.parts[1]: unknown key 'nmae' [did you mean 'name'?]",
            ),
            (
                "[sample]\n[[sample.parts]]\n",
                "nirvana.toml:2: sample.parts[0]: missing field `name`",
            ),
            (
                "[sample]\npassword = { evn = 'X' }",
                "nirvana.toml:2: sample.password: unknown word 'evn' [did you mean 'env'?]",
            ),
            (
                "[sample]\nparts = 'hunter2'",
                "nirvana.toml:2: sample.parts: text stands where a list is wanted",
            ),
            ("sample = 3", "nirvana.toml:1: sample: integer `3` stands where a table is wanted"),
        ] {
            assert_eq!(read(text), Err(message.to_owned()), "{text}");
        }
        let broken = read("[sample]\njobs = = 3").unwrap_err();
        assert!(broken.starts_with("nirvana.toml:2: "), "{broken}");
    }

    #[test]
    fn the_nearest_file_upward_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(folder.path().join(FILE), "[sample]\njobs = 1").unwrap();
        std::fs::write(folder.path().join("a").join(FILE), "[sample]\njobs = 2").unwrap();
        let found = Settings::find(None, &deep, &SECTIONS).unwrap().unwrap();
        assert_eq!(found.section::<Sample>("sample").unwrap().unwrap().jobs, Some(2));
        assert_eq!(found.folder(), folder.path().join("a"));
        let named = folder.path().join("other.toml");
        let error = Settings::find(Some(&named), &deep, &SECTIONS).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read {}", named.display()));
    }
}
