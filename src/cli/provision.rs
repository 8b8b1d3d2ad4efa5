//! `nirvana provision`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::SECTIONS;
use crate::cli::perform::{Output, boxed, perform};
use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::provision::{
    AccessRequest, CarryRequest, Grant, Mode, ReachRequest, Request, Until, Wanted, access, carry,
    provision, reach,
};
use crate::settings::{FILE as SETTINGS, Settings};

/// Databases, users and grants on MySQL, MariaDB and PostgreSQL, as [provision] in nirvana.toml says.
///
/// Prints the exact statements that are missing, with secrets masked; --apply runs them, and a
/// second run finds nothing to do. What is there and not in the file is named, and only --prune
/// takes it away.
///
/// Administrators' passwords come from MYSQL_PWD or ~/.my.cnf, and PGPASSWORD or ~/.pgpass. Users'
/// passwords are references: an environment variable, a file, or a file that is made once. Their
/// hashes are made here: no server's log sees a password.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    main: Main,
}

#[derive(Debug, Args)]
struct Main {
    /// The file that has [provision] [default: the nearest nirvana.toml upward]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Exit 1 if any statement would run
    #[arg(long, conflicts_with = "apply")]
    check: bool,
    /// Take away what the users of the file have and the file does not say
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    act: Act,
}

#[derive(Debug, Args)]
struct Act {
    /// Run the statements
    #[arg(long)]
    apply: bool,
    /// Seconds until a server that does not answer is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    connect_timeout: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum Command {
    Access(Access),
    Reach(Reach),
    From(From),
}

/// Which file, and which of its servers.
#[derive(Debug, Args)]
struct Where {
    /// The file that has [provision] [default: the nearest nirvana.toml upward]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The server, by its name in the file
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
}

/// A person's own access to a database, for a time.
///
/// The person's DATABASE_URL goes to a file that only its owner reads. The same command again
/// prolongs the access; --revoke ends it, and hands what the person owns to the database's owner.
#[derive(Debug, Args)]
struct Access {
    /// The name to log in by
    #[arg(value_name = "PERSON")]
    person: String,
    /// How long: days or weeks, such as 30d or 2w
    #[arg(long, value_name = "TIME", value_parser = days, required_unless_present = "revoke")]
    until: Option<u32>,
    /// Take the access away
    #[arg(long, conflicts_with = "until")]
    revoke: bool,
    /// The database, if the file has several
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// What the person may do with rows
    #[arg(long, value_enum, value_name = "ROLE", default_value_t = Role::ReadOnly)]
    role: Role,
    /// The file for DATABASE_URL [default: PERSON.env]
    #[arg(long, value_name = "FILE")]
    env: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    ReadOnly,
    App,
}

/// Which databases each grant of a user reaches today, wildcards included.
#[derive(Debug, Args)]
struct Reach {
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    place: Where,
    /// Seconds until a server that does not answer is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    connect_timeout: u64,
    #[command(flatten)]
    output: Output,
}

/// Users and grants of a MySQL database, carried over to PostgreSQL, and what has no equal there.
#[derive(Debug, Args)]
struct From {
    /// mysql://user@host:3306/database
    #[arg(value_name = "SOURCE")]
    source: String,
    /// The word `to`
    #[arg(value_name = "to", value_parser = ["to"])]
    to: String,
    /// postgres://user@host:5432/database
    #[arg(value_name = "TARGET")]
    target: String,
    /// The schema of the target that the tables are in
    #[arg(long, value_name = "NAME", default_value = "public")]
    schema: String,
    /// Make a new password for each user, in a file of this folder
    #[arg(long, value_name = "FOLDER")]
    secrets: Option<PathBuf>,
    #[command(flatten)]
    act: Act,
}

const EXAMPLES: &str = "\
Examples:
  nirvana provision                    what is missing, as SQL
  nirvana provision --apply            … and run it
  nirvana provision access alice --until 30d --apply
  nirvana provision reach shop_app
  nirvana provision from mysql://root@db1/shop to postgres://postgres@db2/shop --secrets secrets";

pub(super) fn run(arguments: Arguments) -> ExitCode {
    match arguments.command {
        None => run_main(arguments.main),
        Some(Command::Access(arguments)) => run_access(arguments),
        Some(Command::Reach(arguments)) => run_reach(arguments),
        Some(Command::From(arguments)) => run_from(arguments),
    }
}

fn run_main(Main { file, check, prune, act }: Main) -> ExitCode {
    let mode = if check { Mode::Check } else { act.mode() };
    let request = |environment: &Environment| {
        let (wanted, folder) = read(file.as_deref())?;
        let connect_timeout = seconds(act.connect_timeout);
        let environment = environment.clone();
        Ok(Request { wanted, folder, environment, connect_timeout, mode, prune })
    };
    perform(&act.output, request, provision)
}

fn run_access(arguments: Access) -> ExitCode {
    let Access { person, until, revoke: _, database, role, env, place, act } = arguments;
    let request = |environment: &Environment| {
        let (wanted, _folder) = read(place.file.as_deref())?;
        let grant = match role {
            Role::ReadOnly => Grant::ReadOnly,
            Role::App => Grant::ReadWrite,
        };
        Ok(AccessRequest {
            wanted,
            environment: environment.clone(),
            connect_timeout: seconds(act.connect_timeout),
            mode: act.mode(),
            file: env.unwrap_or_else(|| PathBuf::from(format!("{person}.env"))),
            person,
            server: place.server,
            database,
            grant,
            until: until.map_or(Until::Revoked, Until::Days),
        })
    };
    perform(&act.output, request, access)
}

fn run_reach(Reach { user, place, connect_timeout, output }: Reach) -> ExitCode {
    let request = |environment: &Environment| {
        let (wanted, _folder) = read(place.file.as_deref())?;
        let (environment, connect_timeout) = (environment.clone(), seconds(connect_timeout));
        Ok(ReachRequest { wanted, environment, connect_timeout, user, server: place.server })
    };
    perform(&output, request, reach)
}

fn run_from(From { source, to: _, target, schema, secrets, act }: From) -> ExitCode {
    let request = |environment: &Environment| {
        let (environment, mode) = (environment.clone(), act.mode());
        let connect_timeout = seconds(act.connect_timeout);
        Ok(CarryRequest { source, target, schema, secrets, environment, connect_timeout, mode })
    };
    perform(&act.output, request, carry)
}

impl Act {
    fn mode(&self) -> Mode {
        if self.apply { Mode::Apply } else { Mode::Show }
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds.max(1))
}

/// `30d`, `2w`, `30`.
fn days(text: &str) -> Result<u32, String> {
    let (digits, times) = match text.strip_suffix('w') {
        Some(weeks) => (weeks, 7),
        None => (text.strip_suffix('d').unwrap_or(text), 1),
    };
    let days: Option<u32> = digits.parse().ok().and_then(|count: u32| count.checked_mul(times));
    days.filter(|days| (1..=3650).contains(days))
        .ok_or_else(|| "days or weeks are wanted, such as 30d or 2w, ten years at most".to_owned())
}

/// The section, and the folder that its paths start from.
fn read(file: Option<&Path>) -> Result<(Wanted, PathBuf), Box<dyn Blame>> {
    let here = std::env::current_dir().unwrap_or_default();
    let settings = Settings::find(file, &here, &SECTIONS).map_err(boxed)?;
    let settings = settings.ok_or_else(|| boxed(NothingWanted("there is no nirvana.toml")))?;
    let section = settings.section("provision").map_err(boxed)?;
    let wanted = section.ok_or_else(|| boxed(NothingWanted("the file has no [provision]")))?;
    Ok((wanted, settings.folder().to_owned()))
}

#[derive(Debug, thiserror::Error)]
#[error("nothing says what to provision: {0}")]
struct NothingWanted(&'static str);

impl Blame for NothingWanted {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        Some(format!(
            "write [provision] in {SETTINGS}, or name a file that has it; see docs/provision.md"
        ))
    }
}
