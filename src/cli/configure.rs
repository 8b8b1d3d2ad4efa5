//! `nirvana configure`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::cli::perform::{Output, perform};
use crate::configure::{Mode, Request, Target, configure};
use crate::project::read::dotenv::Dialect;

/// Move settings out of the code into the environment, and switch from MySQL to PostgreSQL.
///
/// Finds passwords, hosts and names of databases in the configuration of each application, puts
/// reads of the environment in their place, the values into .env (readable by its owner only, and
/// in .gitignore) and the keys into .env.example. Nothing else in a file changes: each edit is read
/// again and proven before anything is written, and all files are written or none.
///
/// Prints a diff with secrets masked. --write makes the change, --check exits 1 if there is one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A folder or a git repository
    #[arg(value_name = "REPO", default_value = ".")]
    repo: PathBuf,
    /// Also switch adapter, gem or extension, driver settings, packages of images and services of CI
    #[arg(long, value_enum, value_name = "SERVER")]
    to: Option<Server>,
    /// Make the change
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Exit 1 if anything would change
    #[arg(long)]
    check: bool,
    /// The program that reads the file of variables [default: the application's own]
    #[arg(long, value_enum, value_name = "NAME")]
    dialect: Option<DialectWord>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Server {
    Postgres,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DialectWord {
    Phpdotenv,
    Symfony,
    Ruby,
    Docker,
    Systemd,
    Codeigniter,
}

const EXAMPLES: &str = "\
Examples:
  nirvana configure
  nirvana configure ~/src/shop --to postgres
  nirvana configure --to postgres --write
  nirvana configure --check --format json | jq .findings";

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { repo, to, write, check, dialect, output } = arguments;
    let mode = match (write, check) {
        (true, _) => Mode::Write,
        (_, true) => Mode::Check,
        _ => Mode::Print,
    };
    let to = to.map(|Server::Postgres| Target::Postgres);
    let dialect = dialect.map(|word| match word {
        DialectWord::Phpdotenv => Dialect::Phpdotenv,
        DialectWord::Symfony => Dialect::Symfony,
        DialectWord::Ruby => Dialect::Ruby,
        DialectWord::Docker => Dialect::Docker,
        DialectWord::Systemd => Dialect::Systemd,
        DialectWord::Codeigniter => Dialect::CodeIgniter,
    });
    let request = Request { path: repo, mode, to, dialect };
    perform(
        &output,
        |_environment| Ok(request),
        async |request, _events, _shutdown| configure(&request),
    )
}
