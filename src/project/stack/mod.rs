//! What a tree of files is: which applications, of which framework, and why we say so.
//!
//! [`rules::RULES`] is the one table of what is read as what. Each rule is tried on every folder
//! that has the file which it begins with; `roots` then decides among the folders which are
//! applications and which only parts of one, and the other files read what an application is made
//! of: versions, databases, processes. Nothing is ever executed, and no value that could be secret
//! leaves this place.

mod database;
mod document_root;
mod folder;
mod found;
mod leftover;
mod packages;
mod process;
mod roots;
mod rules;
mod signal;
mod version;
mod view;

use rayon::prelude::*;

use crate::application::{
    Application, Confidence, Detected, Driver, Evidence, Framework, PackageManager, Process,
};
use crate::finding::{Code, Finding, Place};
use crate::project::stack::found::Root;
use crate::project::stack::rules::{RULES, Says};
use crate::project::stack::view::{View, shown_folder};
use crate::project::tree::{Mode, Origin, Tree};

/// Reads a tree. The findings are what could not be read, and what is not clear.
pub(crate) fn detect(tree: &Tree) -> (Detected, Vec<Finding>) {
    let view = View::new(tree);
    let found = roots::find(&view);
    let applications: Vec<Application> =
        found.applications.par_iter().map(|root| describe(&view, root)).collect();
    let mut findings = tree.findings().to_vec();
    findings.extend(found.findings);
    let submodules = tree.entries().iter().filter(|entry| entry.mode == Mode::Submodule);
    findings.extend(submodules.map(|entry| {
        let place = Place::file(entry.shown(), None);
        let message = "its files are those of another repository and were not looked at";
        Finding::note(Code::SubmoduleNotRead, place, message)
            .help("run the same command in the submodule")
    }));
    let commit = match tree.origin() {
        Origin::Commit(id) => Some(id.clone()),
        Origin::Folder(_) => None,
    };
    let files = tree.entries().len();
    findings.extend(view.findings());
    (Detected { commit, files, applications, components: found.components }, findings)
}

fn describe(view: &View, root: &Root) -> Application {
    let folder = root.folder.as_slice();
    let mut application = Application {
        root: shown_folder(folder),
        folder: folder.to_vec(),
        framework: root.framework,
        version: version::framework(view, root),
        confidence: root.confidence,
        document_root: document_root::of(view, root).map(|path| shown_folder(&path)),
        languages: version::languages(view, root),
        package_managers: Vec::new(),
        databases: Vec::new(),
        drivers: Vec::new(),
        processes: Vec::new(),
        evidence: root.evidence.clone(),
    };
    for rule in RULES {
        if matches!(rule.says, Says::Application(..) | Says::Component(..)) {
            continue;
        }
        let Some(found) = signal::holds(view, folder, rule) else { continue };
        // What comes last is what the rule is about; before it stands what it depends on.
        let Some(evidence) = found.into_iter().next_back() else { continue };
        say(&mut application, rule.says, evidence);
    }
    if root.framework.is_server() {
        application.databases = database::configured(view, root);
        application.drivers.extend(database::drivers(view, folder));
    }
    // Whoever opens a connection is an application, whatever its files are called.
    if root.framework == Framework::Php && !application.databases.is_empty() {
        application.confidence = Confidence::Likely;
    }
    process::read(view, folder, &mut application.processes);
    application
}

/// What a rule says of an application that is known already.
fn say(application: &mut Application, says: Says, evidence: Evidence) {
    let server = application.framework.is_server();
    match says {
        Says::PackageManager(name) => {
            application.package_managers.push(PackageManager { name, evidence });
        }
        // A site that is built has gems, and none of them speaks to a database for it.
        Says::Driver(server_kind, name) if server => {
            application.drivers.push(Driver {
                name: name.to_owned(),
                server: server_kind,
                evidence,
            });
        }
        Says::Process(name, command) if server => {
            let (name, command) = (name.to_owned(), command.to_owned());
            application.processes.push(Process { name, command, evidence });
        }
        _ => {}
    }
}

/// Whether other people's code lies there.
pub(crate) fn is_vendored(path: &[u8]) -> bool {
    folder::is_vendored(path)
}

/// The folder of tests or examples that a path lies in, if any.
pub(crate) fn rehearsal(path: &[u8]) -> Option<&'static str> {
    folder::rehearsal(path)
}
