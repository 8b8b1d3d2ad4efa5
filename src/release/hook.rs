//! Hooks: commands of the file that run here, before and after steps.

use std::path::Path;

use super::error::{Error, Printed};
use super::settings::Settings;
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

/// What a hook is told, beside the environment that it has from us.
#[derive(Clone, Debug)]
pub(super) struct Told<'a> {
    pub(super) release: &'a str,
    pub(super) commit: &'a str,
    /// What it would return to.
    pub(super) previous: &'a str,
    pub(super) by: &'a str,
}

pub(super) async fn run(
    settings: &Settings,
    folder: &Path,
    (when, kind): (When, StepKind),
    hosts: &[&str],
    told: &Told<'_>,
) -> Result<(), Error> {
    let name = format!("{}-{}", when.word(), kind.word());
    let Some(command) = settings.hooks.get(&name) else { return Ok(()) };
    let here = Host::parse("local", None)?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let variables = [
        ("NIRVANA_HOOK", name.as_str()),
        ("NIRVANA_STEP", kind.word()),
        ("NIRVANA_RELEASE", told.release),
        ("NIRVANA_COMMIT", told.commit),
        ("NIRVANA_PREVIOUS", told.previous),
        ("NIRVANA_PATH", &settings.path),
        ("NIRVANA_HOSTS", &hosts.join(" ")),
        ("NIRVANA_BY", told.by),
    ];
    let variables = variables.iter().flat_map(|(name, value)| [*name, *value]);
    let hook = Command::new(HOOK).arg(folder.display().to_string()).arg(command);
    let output = here.run(&hook.args(variables.map(str::to_owned))).await?;
    if output.code == 0 {
        return Ok(());
    }
    Err(Error::Command {
        step: "hook",
        at: format!(" {name}"),
        command: command.clone(),
        code: output.code,
        source: Printed(last(&format!("{}{}", output.stdout, output.stderr))),
    })
}

/// The last lines of what was printed.
pub(super) fn last(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
