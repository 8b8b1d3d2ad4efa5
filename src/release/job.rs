//! What is to be done to which hosts, as values.

use std::sync::Arc;

use super::files::{Delta, Files};
use super::plan::{Choice, is_commanded};
use super::site::Site;
use crate::report::StepReport;

/// A release, and where it goes.
pub(super) struct Job {
    pub(super) action: Action,
    /// The commit's full name.
    pub(super) commit: String,
    pub(super) sites: Vec<Site>,
    pub(super) choice: Choice,
    pub(super) steps: Vec<StepReport>,
    pub(super) content: Content,
}

impl Job {
    /// The release that serves now and would be returned to; empty where none does.
    pub(super) fn previous(&self) -> String {
        let back = self.sites.first().map_or(String::new(), |site| site.seen.back());
        back.strip_prefix("releases/").map(str::to_owned).unwrap_or(back)
    }

    /// Whether the release command is still to run.
    pub(super) fn wants_command(&self) -> bool {
        !is_commanded(&self.sites, &self.choice.id)
    }
}

/// What a release is made of; nothing where it is there already.
#[derive(Default)]
pub(super) struct Content {
    pub(super) files: Option<Arc<Files>>,
    pub(super) digest: String,
    /// What each host needs of the files.
    pub(super) deltas: Vec<Option<Delta>>,
}

/// What a switch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Deploy,
    Rollback,
}

impl Action {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
        }
    }
}

/// What a run is about, for those who are told of it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) action: &'static str,
    pub(super) id: String,
    pub(super) commit: String,
    pub(super) previous: String,
}

impl Subject {
    pub(super) fn of(job: &Job) -> Self {
        let (id, commit) = (job.choice.id.to_string(), job.commit.clone());
        Self { action: job.action.word(), id, commit, previous: job.previous() }
    }
}
