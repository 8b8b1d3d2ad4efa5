//! `nirvana audit`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::audit::{LevelWord, Request, Settings, audit};
use crate::cli::SECTIONS;
use crate::cli::perform::{Channel, boxed, perform_as};
use crate::fault::Blame;
use crate::finding::Severity;
use crate::project::tree::Tree;
use crate::settings::{FILE, Settings as File};
use crate::ui::{Detail, Format};

/// Say what of a codebase breaks the twelve factors, and what of it will not run on PostgreSQL.
///
/// Reads the files of REPO and holds them against the rules of 12factor.net and against
/// MySQL's dialect. Every finding has a rule, a file and a line; a rule that cannot be applied says
/// so, and counts neither for nor against. No secret is ever shown. Nothing is executed, and
/// nothing is written but a baseline that is asked for.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A folder or a git repository, bare ones too
    #[arg(value_name = "REPO", default_value = ".")]
    repo: PathBuf,
    /// Read this commit, branch or tag, and not the files as they lie on disk
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Tell only what has come since the tree parted from this commit, branch or tag
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Look for secrets in everything that was ever committed, too
    #[arg(long)]
    history: bool,
    /// Exit 1 if a finding is at least as grave [default: warning]
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<Level>,
    /// Findings in this file are known and do not count
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found to this file, as known from now on
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Settings; without it the nearest nirvana.toml, from REPO upward, or the one that REV has
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write the report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// human: one screen; json: the report; sarif: for code scanners; github: annotations; html:
    /// a page for people
    #[arg(long, value_enum, default_value_t = FormatWord::Human)]
    format: FormatWord,
    /// List every finding, every rule that passed, and why others do not apply
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatWord {
    Human,
    Json,
    Sarif,
    Github,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    Note,
    Warning,
    Error,
}

const EXAMPLES: &str = "\
Examples:
  nirvana audit
  nirvana audit ~/src/shop --rev v2.1 --history
  nirvana audit --base origin/main --fail-on error
  nirvana audit --format sarif > audit.sarif
  nirvana audit --format html > audit.html

Allow a finding where it stands, with the reason:
  $key = 'pk_live_…'; // nirvana:allow III-016 a key that browsers see anyway";

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let format = match arguments.format {
        FormatWord::Human => Format::Human,
        FormatWord::Json => Format::Json,
        FormatWord::Sarif => Format::Sarif,
        FormatWord::Github => Format::Github,
        FormatWord::Html => Format::Html,
    };
    let detail = if arguments.verbose { Detail::Full } else { Detail::Brief };
    let file = arguments.report.clone();
    let channel = Channel { report: file.as_deref(), format, detail };
    perform_as(
        &channel,
        |_environment| request(arguments),
        async |request, _events, _shutdown| audit(&request),
    )
}

/// What was typed, as what is meant.
fn request(arguments: Arguments) -> Result<Request, Box<dyn Blame>> {
    let (settings, folder) = settings(&arguments)?;
    let typed = arguments.fail_on.map(|level| match level {
        Level::Note => Severity::Note,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    });
    let set = settings.fail_on.map(|level| match level {
        LevelWord::Note => Severity::Note,
        LevelWord::Warning => Severity::Warning,
        LevelWord::Error => Severity::Error,
    });
    let baseline = settings.baseline.as_ref().map(|path| folder.join(path));
    Ok(Request {
        path: arguments.repo,
        rev: arguments.rev,
        base: arguments.base,
        history: arguments.history,
        fail_on: typed.or(set).unwrap_or(Severity::Warning),
        // A baseline that is to be written anew need not be there.
        baseline: arguments.baseline.or(baseline.filter(|_| arguments.write_baseline.is_none())),
        write_baseline: arguments.write_baseline,
        settings,
    })
}

/// The section and the folder that its paths start from. What a commit is held to is what that
/// commit's own file says.
fn settings(arguments: &Arguments) -> Result<(Settings, PathBuf), Box<dyn Blame>> {
    let repo = &arguments.repo;
    let file = match (&arguments.config, arguments.rev.as_deref()) {
        (None, rev) if rev.is_some() || !repo.join(".").is_dir() || is_bare(repo) => {
            // What is wrong with the repository or the revision is told by the audit.
            let tree = Tree::open(repo, rev).ok();
            let entry =
                tree.as_ref().and_then(|tree| tree.entry(FILE).map(|entry| tree.text(entry)));
            let text = entry.and_then(Result::ok);
            text.map(|text| File::parse(PathBuf::from(FILE), text, &SECTIONS)).transpose()
        }
        (named, _) => {
            let folder = repo.canonicalize().unwrap_or_else(|_| repo.clone());
            File::find(named.as_deref(), &folder, &SECTIONS)
        }
    };
    let file = file.map_err(boxed)?;
    let folder = file.as_ref().map_or_else(PathBuf::new, |file| file.folder().to_owned());
    let section = file.map(|file| file.section("audit")).transpose().map_err(boxed)?;
    Ok((section.flatten().unwrap_or_default(), folder))
}

fn is_bare(repo: &Path) -> bool {
    repo.join("HEAD").is_file() && repo.join("objects").is_dir()
}
