//! `nirvana detect`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::perform::{Output, perform};
use crate::detect::{Request, detect};

/// Tell what a codebase is: applications, frameworks, versions, databases, and why.
///
/// Reads the files of REPO and finds the root of every application in it, with its framework,
/// document root, package managers, processes and the database adapter of each environment. Every
/// answer comes with the file, the line and the rule that it stands on. Nothing is executed and
/// nothing is written.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A folder or a git repository, bare ones too
    #[arg(value_name = "REPO", default_value = ".")]
    repo: PathBuf,
    /// Read this commit, branch or tag, and not the files as they lie on disk
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    #[command(flatten)]
    output: Output,
}

const EXAMPLES: &str = "\
Examples:
  nirvana detect
  nirvana detect ~/src/shop --rev v2.1
  nirvana detect /srv/git/shop.git --format json | jq .detected.applications";

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { repo, rev, output } = arguments;
    let request = Request { path: repo, rev };
    perform(
        &output,
        |_environment| Ok(request),
        async |request, _events, _shutdown| detect(&request),
    )
}
