//! What a shell does at each prompt and in each new folder. A file is loaded only if its contents were
//! allowed; who has not said so yet is asked, once for each contents.

use std::path::{Path, PathBuf};

use super::load::{self, File};
use super::plan::{self, Loaded};
use super::shell::Shell;
use super::trust::{Store, Trust, digest};
use super::{Error, Settings, Variables};
use crate::environment::Environment;
use crate::project::read::dotenv::Dialect;

/// Where a shell is.
#[derive(Clone, Debug)]
pub(crate) struct HookRequest {
    pub(crate) shell: Shell,
    pub(crate) folder: PathBuf,
    pub(crate) environment: Environment,
    pub(crate) variables: Variables,
    /// `[env]` of nirvana.toml, and the folder that it is in.
    pub(crate) settings: Settings,
    pub(crate) root: Option<PathBuf>,
}

/// What a person is told or asked; names only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Loaded {
        file: PathBuf,
        names: Vec<String>,
    },
    TakenBack {
        names: Vec<String>,
    },
    /// Names that the shell has for itself, or that it cannot have.
    NotTaken {
        names: Vec<String>,
    },
    /// Nobody was there to be asked.
    NotAllowed {
        file: PathBuf,
    },
}

/// What a person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// There is nobody.
    Nobody,
}

/// What the shell reads once, at its start.
pub(crate) fn hook(shell: Shell, program: &Path) -> Vec<u8> {
    shell.hook(program)
}

/// What the shell is to run now, and what is to be said.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// In the shell's own language.
    pub(crate) script: Vec<u8>,
    pub(crate) told: Vec<Told>,
    /// Why the file was not loaded; all else was done.
    pub(crate) error: Option<Error>,
}

/// What is to be done where a shell is now. `ask` is given the file and its names.
pub(crate) fn enter(
    request: &HookRequest,
    ask: impl FnOnce(&Path, &[String]) -> Answer,
) -> Result<Step, Error> {
    let before = Loaded::of(&request.variables);
    let path = request.settings.path(None, request.root.as_deref(), &request.folder);
    let path = path.filter(|path| path.is_file());
    let file = path.map(|path| File::read(&path, dialect(&request.settings))).transpose()?;
    let mut step = Step::default();
    let mut found = None;
    if let Some(file) = file {
        let digest = digest(&file.path, &file.text);
        let store = Store::of(&request.environment)?;
        let mut trust = store.trust(&digest);
        let is_known = |before: &Loaded| {
            before.digest == digest && before.is_allowed == (trust == Trust::Allowed)
        };
        if before.as_ref().is_some_and(is_known) {
            return Ok(step);
        }
        if trust == Trust::Unknown {
            trust = answered(ask(&file.path, &names(&file)));
            match trust {
                Trust::Unknown => step.told.push(Told::NotAllowed { file: file.path.clone() }),
                Trust::Allowed | Trust::Denied => store.remember(&file.path, &digest, trust)?,
            }
        }
        found = Some((file, digest, trust));
    }
    // Without a shadow of the last file: its values must not be what this one's refer to.
    let mut wanted = match &before {
        Some(loaded) => plan::without(loaded, &request.variables),
        None => request.variables.clone(),
    };
    let state = match found {
        Some((file, digest, Trust::Allowed)) => Some(load((&file, digest), &mut wanted, &mut step)),
        Some((_, digest, _)) => Some(Loaded::seen(digest, false)),
        None => None,
    };
    let back: Vec<String> = before.iter().flat_map(Loaded::names).map(str::to_owned).collect();
    let is_loaded = state.as_ref().is_some_and(|state| state.names().next().is_some());
    if !back.is_empty() && !is_loaded {
        step.told.push(Told::TakenBack { names: back });
    }
    step.script = lines(request, wanted, state.as_ref());
    Ok(step)
}

/// Puts a file's variables over the others; one that cannot be read is seen, and sets nothing.
fn load((file, digest): (&File, String), variables: &mut Variables, step: &mut Step) -> Loaded {
    let values = match file.values(variables) {
        Ok(values) => values,
        Err(error) => {
            step.error = Some(error);
            return Loaded::seen(digest, true);
        }
    };
    let left: Vec<String> = values.keys().filter(|name| !Shell::takes(name)).cloned().collect();
    let taken = values.into_iter().filter(|(name, _)| Shell::takes(name)).collect();
    if !left.is_empty() {
        step.told.push(Told::NotTaken { names: left });
    }
    let (after, loaded) = plan::with(digest, &taken, variables);
    *variables = after;
    let names = loaded.names().map(str::to_owned).collect();
    step.told.push(Told::Loaded { file: file.path.clone(), names });
    loaded
}

fn answered(answer: Answer) -> Trust {
    match answer {
        Answer::Yes => Trust::Allowed,
        Answer::No => Trust::Denied,
        Answer::Nobody => Trust::Unknown,
    }
}

/// The changes as the shell reads them.
fn lines(request: &HookRequest, wanted: Variables, state: Option<&Loaded>) -> Vec<u8> {
    let changes = plan::changes(&request.variables, wanted, state);
    // Maps of text are always JSON.
    let changes = changes.unwrap_or_default();
    changes.iter().flat_map(|change| request.shell.line(change)).collect()
}

fn dialect(settings: &Settings) -> Option<Dialect> {
    settings.dialect.map(super::settings::Word::dialect)
}

fn names(file: &File) -> Vec<String> {
    let mut names: Vec<String> = file.entries().iter().map(|entry| file.key(entry)).collect();
    names.sort();
    names.dedup();
    names
}

/// An answer that is given beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow,
    Deny,
}

/// Remembers the answer for a file as it stands now; gives the file.
pub(crate) fn decide(
    decision: Decision,
    file: Option<&Path>,
    folder: &Path,
    environment: &Environment,
) -> Result<PathBuf, Error> {
    let found = file.map(|file| folder.join(file)).or_else(|| load::nearest(folder));
    let path = found.ok_or_else(|| Error::NoFile(folder.to_owned()))?;
    let file = File::read(&path, None)?;
    let trust = match decision {
        Decision::Allow => Trust::Allowed,
        Decision::Deny => Trust::Denied,
    };
    Store::of(environment)?.remember(&path, &digest(&path, &file.text), trust)?;
    Ok(path)
}
