//! Decides what becomes of each file; writes nothing, and reads only through [`Project`].

use crate::application::Application;
use crate::finding::{Code, Finding, Place};
use crate::project::tree::shown;

use super::env_files;
use super::format;
use super::goal::Goal;
use super::project::{Found, Project};
use super::remains;
use super::site::{Change, Site};
use super::switch;

#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// By path.
    pub(super) changes: Vec<Change>,
    pub(super) findings: Vec<Finding>,
}

/// What is to be done in one project.
pub(super) fn plan(project: &Project, applications: &[Application], goal: Goal) -> Plan {
    let mut plan = Plan::default();
    for application in applications.iter().filter(|one| one.framework.is_server()) {
        let mut site = drafted(project, (application, applications), goal);
        let half = goal.is_switch().then(|| half(&site)).flatten();
        if let Some((place, mut reasons)) = half {
            let goal = Goal { to: None, ..goal };
            site = drafted(project, (application, applications), goal);
            let message = "it names MySQL and cannot be changed, so nothing of this application is \
                           switched to PostgreSQL; its settings move as far as they can";
            reasons.push(
                Finding::error(Code::AdapterNotSwitched, place, message)
                    .help("do what the other finding of this file says, and run the same again"),
            );
            site.findings.extend(reasons);
        }
        let (changes, findings) = site.end();
        plan.findings.extend(findings);
        for change in changes {
            plan.add(change);
        }
    }
    plan.findings.sort();
    plan.findings.dedup();
    plan
}

fn drafted<'a>(
    project: &'a Project<'a>,
    which: (&'a Application, &'a [Application]),
    goal: Goal,
) -> Site<'a> {
    let mut site = Site::new(project, which, goal);
    format::draft(&mut site);
    if goal.is_switch() {
        switch::draft(&mut site);
    }
    site.prove();
    env_files::draft(&mut site);
    site.prove();
    remains::draft(&mut site);
    site
}

/// An application with PostgreSQL's gem and MySQL's adapter does not start: where a file that names
/// the server stays, all stays MySQL's. That file, and why it stays.
fn half(site: &Site) -> Option<(Place, Vec<Finding>)> {
    let names_mysql = |path: &[u8]| match site.project.read(path) {
        Found::Bytes(text) => {
            let text = text.to_ascii_lowercase();
            [&b"mysql"[..], b"mariadb", b"trilogy"]
                .iter()
                .any(|word| memchr::memmem::find(&text, word).is_some())
        }
        Found::Missing | Found::Refused(_) => false,
    };
    let (path, _) = site.left.iter().find(|(path, _)| names_mysql(path))?;
    let reasons = site.left.iter().filter(|(left, _)| left == path);
    let reasons = reasons.map(|(_, finding)| finding.clone()).collect();
    Some((Place::file(shown(path), None), reasons))
}

impl Plan {
    /// A file is one application's; what two of them would make of it is told.
    fn add(&mut self, change: Change) {
        if self.changes.iter().any(|other| other.path == change.path) {
            let place = Place::file(shown(&change.path), None);
            let message = "two applications would change this file; only the first of them does";
            let finding = Finding::error(Code::NotConfigured, place, message);
            let help = "run the same command again for the folder of the other one";
            self.findings.push(finding.help(help));
            return;
        }
        self.changes.push(change);
    }
}
