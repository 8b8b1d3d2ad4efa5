//! What is done on a host, as commands. The scripts are files beside this one, so that they can be
//! checked as what they are.

use super::ledger::{Entry, Id};
use crate::host::Command;
use crate::secret::Secret;

macro_rules! script {
    ($file:literal) => {
        concat!(include_str!("script/prelude.sh"), include_str!($file))
    };
}

/// The commands for the application in one folder.
#[derive(Clone, Debug)]
pub(super) struct Scripts {
    root: String,
}

impl Scripts {
    pub(super) fn new(root: &str) -> Self {
        Self { root: root.trim_end_matches('/').to_owned() }
    }

    pub(super) fn root(&self) -> &str {
        &self.root
    }

    fn on(&self, script: &'static str) -> Command {
        Command::new(script).arg(&self.root)
    }

    /// What is there. `settings` is a shared file of which the names of settings are told.
    pub(super) fn look(&self, settings: Option<&str>, shared: &[String]) -> Command {
        let look = self.on(script!("script/look.sh"));
        look.arg(settings.unwrap_or_default()).args(shared.iter().cloned())
    }

    pub(super) fn lock(&self, patience: u64, owner: &str) -> Command {
        self.on(script!("script/lock.sh")).arg(patience.to_string()).arg(owner)
    }

    pub(super) fn record(&self, entry: &Entry) -> Command {
        self.on(script!("script/record.sh")).arg(entry.inside())
    }

    pub(super) fn survey(&self, release: &str, lines: String) -> Command {
        self.on(script!("script/survey.sh")).arg(release).input(Secret::new(lines))
    }

    pub(super) fn upload(&self, id: &Id, uploaded: &Entry) -> Command {
        self.on(script!("script/upload.sh")).arg(id.as_str()).arg(uploaded.inside())
    }

    /// Kind, path and target of each link.
    pub(super) fn share(&self, id: &Id, links: impl IntoIterator<Item = [String; 3]>) -> Command {
        let links = links.into_iter().flatten();
        self.on(script!("script/share.sh")).arg(id.as_str()).args(links)
    }

    pub(super) fn render(&self, id: &Id, path: &str, mode: &str, text: Secret) -> Command {
        let render = self.on(script!("script/render.sh"));
        render.arg(id.as_str()).arg(path).arg(mode).input(text)
    }

    /// A command in the release's folder, about one of its files or none. `settings` is its
    /// environment.
    pub(super) fn command(
        &self,
        id: &Id,
        (command, file): (&str, &str),
        settings: Secret,
    ) -> Command {
        let run = self.on(script!("script/command.sh"));
        run.arg(id.as_str()).arg(command).arg(file).input(settings)
    }

    pub(super) fn switch(&self, switch: &Switch<'_>) -> Command {
        let lines = [&switch.switched, &switch.good, &switch.returned, &switch.gone];
        self.on(script!("script/switch.sh"))
            .arg(switch.id.as_str())
            .arg(switch.now)
            .arg(switch.back)
            .arg(switch.reload)
            .args(lines.map(Entry::inside))
    }

    pub(super) fn prune(&self, line: &Entry, ids: &[Id]) -> Command {
        let line = line.inside().replacen(line.release.as_str(), "ID", 1);
        let ids = ids.iter().map(|id| id.as_str().to_owned());
        self.on(script!("script/prune.sh")).arg(line).args(ids)
    }

    pub(super) fn unlock(&self, force: bool) -> Command {
        self.on(script!("script/unlock.sh")).arg(if force { "force" } else { "" })
    }
}

/// Where `current` leads now, where it is to lead, and where back to.
#[derive(Clone, Debug)]
pub(super) struct Switch<'a> {
    pub(super) id: &'a Id,
    /// Empty where there is none.
    pub(super) now: &'a str,
    pub(super) back: &'a str,
    pub(super) reload: &'a str,
    pub(super) switched: Entry,
    pub(super) good: Entry,
    /// It is left again, as it was not well.
    pub(super) returned: Entry,
    /// It is left again, as nobody said that it was well.
    pub(super) gone: Entry,
}
