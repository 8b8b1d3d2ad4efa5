//! What rules about an application or the whole tree may ask: paths, and files by their paths.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::application::{Application, Detected, Server};
use crate::audit::file::{File, Kind, Placed, Scope, counterparts, scope};
use crate::finding::{Code, Finding, Place};
use crate::project::error::Error;
use crate::project::tree::{Entry, Mode, Tree, join};

/// What is longer is no text that a person has written.
pub(super) const LONGEST: u64 = 4 << 20;

pub(super) struct Context<'a> {
    pub(super) tree: &'a Tree,
    pub(super) detected: &'a Detected,
    /// Where the repository is, if it is one.
    pub(super) repository: Option<&'a crate::project::history::History>,
    cache: Mutex<HashMap<Vec<u8>, Option<Arc<File>>>>,
    /// The applications by their folders: each path is asked for by many rules.
    applications: HashMap<&'a [u8], &'a Application>,
}

/// Why a file is not shown to the rules.
pub(super) enum Unread {
    Binary,
    /// With what a person should know of it.
    Told(Box<Finding>),
}

impl<'a> Context<'a> {
    pub(super) fn new(
        tree: &'a Tree,
        detected: &'a Detected,
        repository: Option<&'a crate::project::history::History>,
    ) -> Self {
        let by_folder = detected.applications.iter().map(|one| (one.folder.as_slice(), one));
        let applications = by_folder.collect();
        Self { tree, detected, repository, cache: Mutex::default(), applications }
    }

    /// The innermost application that a path lies in.
    fn application_of(&self, path: &[u8]) -> Option<&'a Application> {
        let folders = memchr::memrchr_iter(b'/', path).map(|slash| &path[..slash]);
        let mut folders = folders.chain(std::iter::once(&b""[..]));
        folders.find_map(|folder| self.applications.get(folder).copied())
    }

    /// What an entry's path tells.
    pub(super) fn place(&self, path: &[u8]) -> Placed {
        let shown = crate::project::tree::shown(path);
        let application = self.application_of(path);
        let inner = match application {
            Some(one) if !one.folder.is_empty() => {
                crate::project::tree::shown(&path[one.folder.len() + 1..])
            }
            _ => shown.clone(),
        };
        let framework = application.map(|one| one.framework);
        let kind = Kind::of(&shown);
        let mut scope = scope(&shown, &inner, framework);
        if scope < Scope::Vendored && self.is_taken_over(path) {
            scope = Scope::Vendored;
        }
        let server = application.and_then(only_server);
        Placed { shown, kind, scope, inner, framework, server }
    }

    /// Whether a file lies in a library that was copied into the tree: a folder of `lib/` and its
    /// like that has a licence of its own.
    fn is_taken_over(&self, path: &[u8]) -> bool {
        const FOLDERS: [&[u8]; 5] = [b"lib", b"libs", b"library", b"libraries", b"thirdparty"];
        const LICENCES: [&str; 4] = ["LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING"];
        if memchr::memmem::find(path, b"lib").is_none()
            && memchr::memmem::find(path, b"thirdparty").is_none()
        {
            return false;
        }
        let mut at = 0;
        for part in path.split(|byte| *byte == b'/') {
            let end = at + part.len();
            let parent = path[..at.saturating_sub(1)].rsplit(|byte| *byte == b'/').next();
            let is_below = parent.is_some_and(|parent| FOLDERS.contains(&parent));
            let has = |name: &str| self.tree.entry(join(&path[..end], name.as_bytes())).is_some();
            if is_below && end < path.len() && LICENCES.iter().any(|name| has(name)) {
                return true;
            }
            at = end + 1;
        }
        false
    }

    /// Reads an entry for the rules.
    pub(super) fn read(&self, entry: &Entry, placed: Placed) -> Result<File, Unread> {
        let told = |error: &Error| Unread::Told(Box::new(unreadable(entry, error)));
        let size = self.tree.size(entry).map_err(|error| told(&error))?;
        if size > LONGEST {
            let bytes = self.tree.read(entry).map_err(|error| told(&error))?;
            if is_binary(&bytes) {
                return Err(Unread::Binary);
            }
            let message = format!("{} MiB of text are more than is read", size >> 20);
            let place = Place::file(entry.shown(), None);
            return Err(Unread::Told(Box::new(Finding::note(
                Code::TooLargeToAudit,
                place,
                message,
            ))));
        }
        let bytes = self.tree.read(entry).map_err(|error| told(&error))?;
        if is_binary(&bytes) {
            return Err(Unread::Binary);
        }
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        let is_there = |other: &String| self.tree.entry(other.as_bytes()).is_some();
        let only_for = counterparts(&placed.shown)
            .filter(|(_, others)| others.iter().any(is_there))
            .map(|(server, _)| server);
        Ok(File::new(placed, text).of_one_server(only_for))
    }

    /// A file by its path from the tree's root; none if it is not there or cannot be read, which
    /// whoever reads all files tells.
    pub(super) fn file(&self, path: &[u8]) -> Option<Arc<File>> {
        if let Some(known) = self.lock().get(path) {
            return known.clone();
        }
        let entry = self.tree.entry(path).filter(|entry| entry.is_file());
        let file = entry.and_then(|entry| self.read(entry, self.place(path)).ok()).map(Arc::new);
        self.lock().insert(path.to_vec(), file.clone());
        file
    }

    /// A file of JSON with its value; none if it is not there or is no JSON, which detection tells.
    pub(super) fn json(&self, path: &[u8]) -> Option<(Arc<File>, serde_json::Value)> {
        let file = self.file(path)?;
        let value = serde_json::from_str(&file.text).ok()?;
        Some((file, value))
    }

    /// The same for whoever reads all files; code is kept for the rules that come after.
    pub(super) fn take(&self, entry: &Entry, placed: Placed) -> Result<Arc<File>, Unread> {
        let kept = placed.scope == Scope::Live
            && matches!(placed.kind, Kind::Php | Kind::Ruby | Kind::JavaScript | Kind::Yaml);
        let file = Arc::new(self.read(entry, placed)?);
        if kept {
            self.lock().insert(entry.path.clone(), Some(Arc::clone(&file)));
        }
        Ok(file)
    }

    /// The first of these files that an application has.
    pub(super) fn first(&self, application: &Application, paths: &[&str]) -> Option<Arc<File>> {
        paths.iter().find_map(|path| self.file(&join(&application.folder, path.as_bytes())))
    }

    pub(super) fn has(&self, application: &Application, path: &str) -> bool {
        let path = join(&application.folder, path.as_bytes());
        self.tree.entry(&path).is_some() || self.tree.has_folder(&path)
    }

    /// The application's own files, with their paths below its root.
    pub(super) fn own<'b>(
        &'b self,
        application: &'b Application,
    ) -> impl Iterator<Item = (&'b Entry, Placed)> {
        self.tree
            .below(&application.folder)
            .iter()
            .filter(|entry| entry.is_file() || entry.mode == Mode::Symlink)
            .map(|entry| (entry, self.place(&entry.path)))
            .filter(|(_, placed)| placed.scope != Scope::Vendored)
    }

    /// The files of some kinds that live in an application, read.
    pub(super) fn read_kinds(&self, application: &Application, kinds: &[Kind]) -> Vec<Arc<File>> {
        self.own(application)
            .filter(|(_, placed)| placed.scope == Scope::Live && kinds.contains(&placed.kind))
            .filter_map(|(entry, _)| self.file(&entry.path))
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<u8>, Option<Arc<File>>>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server of all databases that an application's configuration names.
fn only_server(application: &Application) -> Option<Server> {
    let mut servers = application.databases.iter().map(|one| one.server);
    let first = servers.next()?;
    servers.all(|other| other == first).then_some(first)
}

/// As git has it: a NUL among the first 8,000 bytes.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, &bytes[..bytes.len().min(8_000)]).is_some()
}

fn unreadable(entry: &Entry, error: &Error) -> Finding {
    let code = match error {
        Error::LfsPointer { .. } => Code::LfsPointer,
        _ => Code::Unreadable,
    };
    let mut message = error.to_string();
    if let Some(cause) = std::error::Error::source(error) {
        message = format!("{message}: {cause}");
    }
    let finding = Finding::warning(code, Place::file(entry.shown(), None), message);
    match crate::fault::Blame::hint(error) {
        Some(hint) => finding.help(hint),
        None => finding,
    }
}
