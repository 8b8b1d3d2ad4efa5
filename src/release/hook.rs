//! Hooks: commands of the file that run here, before and after steps.

use std::path::Path;

use super::error::{Error, Printed};
use super::job::Job;
use super::run::Run;
use super::site::Site;
use super::step::StepKind;
use crate::host::{Command, Host};

/// Runs a hook in the folder that is `$1`, with the variables that follow as NAME and value.
const HOOK: &str = "cd \"$1\"; command=$2; shift 2\n\
    while [ $# -gt 1 ]; do export \"$1=$2\"; shift 2; done\n\
    exec sh -c \"$command\" nirvana";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Before,
    After,
}

impl When {
    fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// Runs the file's hook of a step, if it has one. Beside the environment that it has from us it is told
/// which release that is, what would be returned to, where, and for whom.
pub(super) async fn run(
    run: &Run,
    job: &Job,
    (when, kind): (When, StepKind),
    sites: &[Site],
) -> Result<(), Error> {
    let settings = run.settings();
    let name = format!("{}-{}", when.word(), kind.word());
    let Some(command) = settings.hooks.get(&name) else { return Ok(()) };
    let here = Host::parse("local", None)?;
    let folder = match run.request.folder.as_path() {
        folder if folder.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let hosts: Vec<&str> = sites.iter().map(|site| site.host.name()).collect();
    let variables = [
        ("NIRVANA_HOOK", name.as_str()),
        ("NIRVANA_STEP", kind.word()),
        ("NIRVANA_RELEASE", job.choice.id.as_str()),
        ("NIRVANA_COMMIT", &job.commit),
        ("NIRVANA_PREVIOUS", &job.previous()),
        ("NIRVANA_PATH", &settings.path),
        ("NIRVANA_HOSTS", &hosts.join(" ")),
        ("NIRVANA_BY", &run.by),
    ];
    let variables = variables.iter().flat_map(|(name, value)| [*name, *value]);
    let hook = Command::new(HOOK).arg(folder.display().to_string()).arg(command);
    let output = here.run(&hook.args(variables.map(str::to_owned))).await?;
    if output.code == 0 {
        return Ok(());
    }
    Err(run.masked(Error::Command {
        step: "hook",
        at: format!(" {name}"),
        command: command.clone(),
        code: output.code,
        source: Printed(format!("{}{}", output.stdout, output.stderr)),
    }))
}
