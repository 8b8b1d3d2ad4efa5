//! `nirvana migrate`

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::ends::Ends;
use crate::cli::perform::{Output, perform};
use crate::environment::Environment;
use crate::migrate::{CHUNK_BYTES, Mode, Request, RowsThere, run as migrate};

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
    /// Print the plan and the DDL, write nothing and lock nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on where an earlier run ended; where none was begun, begin
    #[arg(long, conflicts_with = "dry_run")]
    resume: bool,
    /// What to do if tables that --data-only is to fill have rows already; without it they are
    /// listed and nothing is done
    #[arg(long, value_enum, value_name = "WAY", requires = "data_only")]
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
    /// Delete those rows first, in the transaction that begins the run
    Truncate,
}

const EXAMPLES: &str = "\
Examples:
  nirvana migrate --dry-run mysql://root@localhost/shop postgres://shop@db/shop > shop.sql
  MYSQL_PWD=… PGPASSWORD=… nirvana migrate mysql://reader@db1/shop postgres://shop@db2/shop
  nirvana migrate --data-only --dry-run mysql://reader@db1/shop postgres://shop@db2/shop";

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { ends, dry_run, resume, if_exists, chunk_mib, retry_for, output } = arguments;
    let mode = match (dry_run, resume) {
        (true, _) => Mode::DryRun,
        (false, true) => Mode::Resume,
        (false, false) => Mode::Move,
    };
    let request = |environment: &Environment| {
        let answer_timeout = ends.answer_timeout();
        let mut pair = ends.pair(environment)?;
        if let (Some(data_only), Some(IfExists::Truncate)) = (&mut pair.data_only, if_exists) {
            data_only.rows_there = RowsThere::Truncate;
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
