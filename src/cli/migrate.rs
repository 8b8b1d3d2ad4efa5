//! `nirvana migrate`

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::ends::Ends;
use crate::cli::perform::{Output, boxed, perform};
use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::migrate::{CHUNK_BYTES, InTheWay, Mode, Request, RowsThere, init, run as migrate};

/// Move a database: convert, copy, build, verify.
///
/// Reads everything from one consistent snapshot of SOURCE, writes it into an empty schema of
/// TARGET, reads it back, and compares every row. Nothing that exists is touched; whatever
/// cannot be carried over exactly is listed. With --data-only TARGET's schema is one that an
/// application has made, and is filled.
///
/// Passwords are best given by MYSQL_PWD or ~/.my.cnf, and PGPASSWORD or ~/.pgpass: other users
/// of this machine can see the command line.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    ends: Ends,
    /// postgres://user@host:5432/database; libpq's parameters and environment
    #[arg(value_name = "TARGET", required_unless_present = "init")]
    target: Option<String>,
    /// Look at SOURCE and its data, and write a commented nirvana.toml with what was found (or the
    /// file after --config); no TARGET is needed, and nothing is moved
    #[arg(long, conflicts_with_all = ["dry_run", "resume", "if_exists", "target"])]
    init: bool,
    /// Print the plan and the DDL, write nothing and lock nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on where an earlier run ended; where none was begun, begin
    #[arg(long, conflicts_with = "dry_run")]
    resume: bool,
    /// What to do if TARGET has tables of those names already, or, with --data-only, if they have
    /// rows; without it they are listed and nothing is done
    #[arg(long, value_enum, value_name = "WAY")]
    if_exists: Option<IfExists>,
    /// MiB of the source's data that are moved in one transaction [default: 64]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u16).range(1..))]
    chunk_mib: Option<u16>,
    /// Seconds to wait, in all, when a server goes away in the middle, before giving up
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    retry_for: u32,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum IfExists {
    /// Drop those tables first, in the transaction that makes the new ones
    Drop,
    /// With --data-only: delete those rows first, in the transaction that begins the run
    Truncate,
}

/// A way that means nothing for what is asked for.
#[derive(Debug, thiserror::Error)]
enum Senseless {
    #[error("--if-exists truncate keeps the tables that are there, which only --data-only fills")]
    Truncate,
    #[error("--if-exists drop would drop the schema that --data-only is to fill")]
    Drop,
}

impl Blame for Senseless {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Truncate => "add --data-only, or --if-exists drop to have them made anew",
                Self::Drop => "--if-exists truncate empties its tables first",
            }
            .to_owned(),
        )
    }
}

const EXAMPLES: &str = "\
Examples:
  nirvana migrate --dry-run mysql://root@localhost/shop postgres://shop@db/shop > shop.sql
  MYSQL_PWD=… PGPASSWORD=… nirvana migrate mysql://reader@db1/shop postgres://shop@db2/shop
  nirvana migrate --init mysql://reader@db1/shop
  nirvana migrate --data-only --dry-run mysql://reader@db1/shop postgres://shop@db2/shop";

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { ends, target, init: is_init, output, .. } = arguments;
    let Arguments { dry_run, resume, if_exists, chunk_mib, retry_for, .. } = arguments;
    if is_init {
        return perform(&output, |environment| ends.init(environment), init);
    }
    // Clap has seen to it that there is one.
    let target = target.unwrap_or_default();
    let mode = match (dry_run, resume) {
        (true, _) => Mode::DryRun,
        (false, true) => Mode::Resume,
        (false, false) => Mode::Move,
    };
    let request = |environment: &Environment| {
        let answer_timeout = ends.answer_timeout();
        let mut pair = ends.pair(&target, environment)?;
        match (&mut pair.data_only, if_exists) {
            (_, None) => {}
            (None, Some(IfExists::Drop)) => pair.in_the_way = InTheWay::Drop,
            (Some(fill), Some(IfExists::Truncate)) => fill.rows_there = RowsThere::Truncate,
            (None, Some(IfExists::Truncate)) => return Err(boxed(Senseless::Truncate)),
            (Some(_), Some(IfExists::Drop)) => return Err(boxed(Senseless::Drop)),
        }
        Ok(Request {
            answer_timeout,
            pair,
            retry_for: Duration::from_secs(retry_for.into()),
            chunk_bytes: chunk_mib.map_or(CHUNK_BYTES, |mib| u64::from(mib) << 20),
            mode,
        })
    };
    perform(&output, request, migrate)
}
