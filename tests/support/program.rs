//! The program itself, run as a person would.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use super::report::Report;
use super::{PASSWORD, SourceDatabase, TargetDatabase};

/// How a run of the program ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// All that was printed, for messages.
    pub(crate) fn all(&self) -> String {
        let mut text = String::new();
        let _ = write!(text, "exit {}\n{}\n{}", self.code, self.stdout, self.stderr);
        text
    }
}

/// The program, with the passwords of the test servers in its environment and no other.
pub(crate) fn nirvana() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nirvana"));
    for name in std::env::vars_os().map(|(name, _)| name) {
        let text = name.to_string_lossy();
        if text.starts_with("PG") || text.starts_with("MYSQL") {
            command.env_remove(&name);
        }
    }
    command.env("HOME", std::env::temp_dir()).env("NO_COLOR", "1");
    command.env("MYSQL_PWD", PASSWORD).env("PGPASSWORD", PASSWORD);
    command
}

pub(crate) fn run(mut command: Command) -> Run {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Migrates; gives how it ended, and the report.
pub(crate) fn migrate(
    source: &SourceDatabase,
    target: &TargetDatabase,
    more: &[&str],
) -> (Run, Report) {
    migrate_as(&source.url(), target, more)
}

/// Migrates from a URL; gives how it ended, and the report.
pub(crate) fn migrate_as(source: &str, target: &TargetDatabase, more: &[&str]) -> (Run, Report) {
    migrate_between(source, &target.url(), more)
}

/// Migrates from a URL to another; gives how it ended, and the report.
pub(crate) fn migrate_between(source: &str, target: &str, more: &[&str]) -> (Run, Report) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let mut command = nirvana();
    command.arg("migrate").args(more).arg("--report").arg(&file);
    command.arg(source).arg(target);
    let run = run(command);
    let report = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{}", run.all()));
    (run, Report(serde_json::from_str(&report).unwrap()))
}
