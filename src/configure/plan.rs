//! Decides what becomes of each file; writes nothing, and reads only through [`Project`].

use crate::application::Application;
use crate::finding::Finding;

use super::env_files;
use super::format;
use super::goal::Goal;
use super::project::Project;
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
        let mut site = Site::new(project, application, goal);
        format::draft(&mut site);
        if goal.is_switch() {
            switch::draft(&mut site);
        }
        site.prove();
        env_files::draft(&mut site);
        site.prove();
        let (changes, findings) = site.end();
        plan.changes.extend(changes);
        plan.findings.extend(findings);
    }
    plan.findings.sort();
    plan.findings.dedup();
    plan
}
