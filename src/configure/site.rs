//! An application while it is planned: its files, and what forms want of each.

use std::collections::BTreeMap;

use crate::application::{Application, Framework};
use crate::finding::{Code, Finding, Place};
use crate::project::read::dotenv::Dialect;
use crate::project::read::edit::Edit;
use crate::project::read::{Span, line_of};
use crate::project::tree::{Entry, join, shown};

use super::draft::{Draft, Setting};
use super::goal::Goal;
use super::language::Language;
use super::project::{Found, Project};
use super::prove;

/// A file that would be written.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) path: Vec<u8>,
    /// None for a file that is made.
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Vec<u8>,
    pub(super) edits: Vec<Edit>,
    pub(super) language: Language,
    /// Parts of the old text that nobody is shown.
    pub(super) secrets: Vec<Span>,
    /// Variables whose values nobody is shown.
    pub(super) hidden: Vec<String>,
    /// Whether only its owner may read it.
    pub(super) is_private: bool,
}

/// A file with all edits that forms want of it.
#[derive(Debug)]
pub(super) struct Gathered {
    before: Option<Vec<u8>>,
    language: Language,
    edits: Vec<Edit>,
    secrets: Vec<Span>,
    /// Set where the edits were proven.
    after: Option<Vec<u8>>,
    pub(super) hidden: Vec<String>,
    pub(super) is_private: bool,
}

impl Gathered {
    fn change(self, path: Vec<u8>) -> Option<Change> {
        if self.edits.is_empty() {
            return None;
        }
        Some(Change {
            path,
            before: self.before,
            after: self.after?,
            edits: self.edits,
            language: self.language,
            secrets: self.secrets,
            hidden: self.hidden,
            is_private: self.is_private,
        })
    }
}

/// An application while it is planned.
pub(super) struct Site<'a> {
    pub(super) project: &'a Project<'a>,
    pub(super) application: &'a Application,
    pub(super) goal: Goal,
    /// Roots of other applications within this one.
    nested: Vec<&'a [u8]>,
    files: BTreeMap<Vec<u8>, Gathered>,
    pub(super) settings: Vec<Setting>,
    pub(super) findings: Vec<Finding>,
    /// Files that stay as they are though something was to be changed in them, and why.
    pub(super) left: Vec<(Vec<u8>, Finding)>,
}

impl<'a> Site<'a> {
    pub(super) fn new(
        project: &'a Project<'a>,
        (application, all): (&'a Application, &'a [Application]),
        goal: Goal,
    ) -> Self {
        let own = &application.folder;
        let is_nested = |other: &&Application| {
            other.framework.is_server() && other.folder != *own && is_below(&other.folder, own)
        };
        let nested = all.iter().filter(is_nested).map(|other| &other.folder[..]).collect();
        let (files, settings) = (BTreeMap::new(), Vec::new());
        let (findings, left) = (Vec::new(), Vec::new());
        Self { project, application, goal, nested, files, settings, findings, left }
    }

    /// The entries of a folder that are this application's, and not those of one within it.
    pub(super) fn below(&self, folder: &[u8]) -> impl Iterator<Item = &'a Entry> + '_ {
        let is_own = |entry: &&Entry| !self.nested.iter().any(|root| is_below(&entry.path, root));
        self.project.tree.below(folder).iter().filter(is_own)
    }

    /// A path from the application's own root.
    pub(super) fn path(&self, name: &str) -> Vec<u8> {
        join(&self.application.folder, name.as_bytes())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.project.has(&self.path(name))
    }

    /// The first number of the framework's version.
    pub(super) fn major(&self) -> Option<u32> {
        self.version().map(|(major, _)| major)
    }

    pub(super) fn version(&self) -> Option<(u32, u32)> {
        let version = &self.application.version.as_ref()?.value;
        let digits = version.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let mut numbers = digits.split(|letter: char| !letter.is_ascii_digit());
        let mut number = || numbers.next().and_then(|number| number.parse().ok());
        Some((number()?, number().unwrap_or(0)))
    }

    /// Which file of variables is read, and how.
    pub(super) fn dialect(&self) -> Dialect {
        self.goal.dialect.unwrap_or(match self.application.framework {
            Framework::Rails => Dialect::Ruby,
            Framework::Symfony => Dialect::Symfony,
            Framework::CodeIgniter if self.major() == Some(4) => Dialect::CodeIgniter,
            _ => Dialect::Phpdotenv,
        })
    }

    /// The text of a file below the application's root, if it can be edited.
    pub(super) fn text(&self, name: &str) -> Option<Vec<u8>> {
        match self.project.read(&self.path(name)) {
            Found::Bytes(bytes) => Some(bytes),
            Found::Missing | Found::Refused(_) => None,
        }
    }

    /// Lets a form look at a file of the tree, and keeps what it wants. False if there is none.
    pub(super) fn edit(
        &mut self,
        path: &[u8],
        language: Language,
        form: impl FnOnce(&mut Draft),
    ) -> bool {
        match self.project.read(path) {
            Found::Bytes(bytes) => {
                self.draft(path, language, Some(bytes), form);
                true
            }
            Found::Missing => false,
            Found::Refused(finding) => {
                self.findings.push(finding);
                true
            }
        }
    }

    /// As [`Site::edit`], with the text that the file has, or none if it would be made.
    pub(super) fn draft(
        &mut self,
        path: &[u8],
        language: Language,
        before: Option<Vec<u8>>,
        form: impl FnOnce(&mut Draft),
    ) {
        let source = before.clone().unwrap_or_default();
        let mut draft = Draft::new(path, &source);
        form(&mut draft);
        let Draft { edits, secrets, settings, findings, broken, .. } = draft;
        if let Some(why) = broken {
            self.left.push((path.to_vec(), why));
        }
        self.findings.extend(findings);
        self.settings.extend(settings);
        let file = self.files.entry(path.to_vec()).or_insert_with(|| Gathered {
            before,
            language,
            edits: Vec::new(),
            secrets: Vec::new(),
            after: None,
            hidden: Vec::new(),
            is_private: false,
        });
        file.after = None;
        file.edits.extend(edits);
        file.secrets.extend(secrets);
    }

    /// Every file that a form has read, but for files of variables: its text, and the parts of it that
    /// change or are told.
    pub(super) fn read(&self) -> Vec<(Vec<u8>, Language, Vec<u8>, Vec<Span>)> {
        let files = self
            .files
            .iter()
            .filter(|(_, file)| !matches!(file.language, Language::Dotenv | Language::Words));
        files
            .filter_map(|(path, file)| {
                let edits = file.edits.iter().map(|edit| edit.span);
                let known = edits.chain(file.secrets.iter().copied()).collect();
                Some((path.clone(), file.language, file.before.clone()?, known))
            })
            .collect()
    }

    pub(super) fn gathered(&mut self, path: &[u8]) -> Option<&mut Gathered> {
        self.files.get_mut(path)
    }

    /// Reads every edited file again; one that is not what was meant stays as it is.
    pub(super) fn prove(&mut self) {
        let mut refused = Vec::new();
        for (path, file) in self.files.iter_mut().filter(|(_, file)| file.after.is_none()) {
            if file.edits.is_empty() {
                continue;
            }
            let source = file.before.as_deref().unwrap_or_default();
            match prove::edited(file.language, source, &file.edits) {
                Ok(after) => file.after = Some(after),
                Err((at, why)) => {
                    let place = Place::file(shown(path), Some(line_of(source, at)));
                    refused.push((path.clone(), place, why));
                }
            }
        }
        for (path, place, why) in refused {
            let finding = Finding::error(Code::NotConfigured, place, why)
                .help("mend or change the file by hand; nothing of it was touched");
            self.give_up(&path, finding);
        }
    }

    /// What would be written, by path, and what was found.
    pub(super) fn end(self) -> (impl Iterator<Item = Change>, Vec<Finding>) {
        let files = self.files.into_iter();
        (files.filter_map(|(path, file)| file.change(path)), self.findings)
    }

    /// Leaves a file as it is, and what was found in it.
    pub(super) fn give_up(&mut self, path: &[u8], finding: Finding) {
        if let Some(file) = self.files.get_mut(path) {
            file.edits.clear();
            file.after = None;
        }
        self.settings.retain(|setting| setting.path != path);
        // What was not done is not told as done.
        let name = shown(path);
        let is_undone = |one: &Finding| {
            one.code == Code::MysqlSettingRemoved && one.place.name.as_deref() == Some(&name)
        };
        self.findings.retain(|one| !is_undone(one));
        self.left.push((path.to_vec(), finding.clone()));
        self.findings.push(finding);
    }
}

/// Whether a path is a folder, or lies below it; all lies below the root.
fn is_below(path: &[u8], folder: &[u8]) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}
