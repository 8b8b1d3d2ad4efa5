//! `nirvana verify`

use std::process::ExitCode;

use clap::Args;

use crate::cli::ends::{Ends, NoNames, NoSchemaThere, directory};
use crate::cli::perform::{Output, boxed, perform};
use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::migrate::{
    ArchivedRequest, Judge, Manner, PackedRequest, Repair, Share, VerifyRequest, verify,
    verify_archived, verify_packed,
};

/// Compare a database with what it became, to the row.
///
/// Reads both sides afresh, SOURCE in one consistent snapshot, and compares every row and then the
/// catalog. Rows that differ are named with their keys and both values, and the SQL that would give
/// TARGET the source's values is printed.
///
/// SOURCE may be a directory that migrate has written: then TARGET is proven to be what it holds,
/// its files to be the ones that were written, and no source is asked. TARGET may be one, too: then
/// its files are proven to hold what SOURCE does.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    ends: Ends,
    /// postgres://user@host:5432/database; libpq's parameters and environment. Or a directory that
    /// migrate has written
    #[arg(value_name = "TARGET")]
    target: String,
    /// Give the target the source's rows where they differ, one transaction a table, and compare
    /// those tables again
    #[arg(long)]
    repair: bool,
    /// Compare so many of a hundred rows of each table, chosen by chance, and no others
    #[arg(long, value_name = "PERCENT", conflicts_with = "repair")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=100))]
    sample: Option<u8>,
    /// Have both servers sum hashes of all rows by SQL of their own, too: a second opinion in which
    /// no code of ours reads a value
    #[arg(long)]
    independent: bool,
    #[command(flatten)]
    output: Output,
}

/// What needs two servers.
#[derive(Debug, thiserror::Error)]
#[error("--repair, --sample and --independent need a server at both ends, and one is a directory")]
struct FilesOnly;

impl Blame for FilesOnly {
    fn fault(&self) -> Fault {
        Fault::Operator
    }
}

const EXAMPLES: &str = "\
Examples:
  nirvana verify mysql://reader@db1/shop postgres://shop@db2/shop
  nirvana verify ./shop/ postgres://shop@db2/shop
  nirvana verify mysql://reader@db1/shop ./shop/
  nirvana verify --only orders,items mysql://reader@db1/shop postgres://shop@db2/shop --report diff.json";

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { ends, target, repair, sample, independent, output } = arguments;
    let manner = Manner {
        share: sample.map_or(Share::All, Share::Percent),
        judge: if independent { Judge::RowsAndServers } else { Judge::Rows },
        repair: if repair { Repair::Apply } else { Repair::Leave },
    };
    let (archive, written) = (ends.archive(), directory(&target));
    let needs_servers = manner.share != Share::All || manner.judge != Judge::Rows || repair;
    if needs_servers && (archive.is_some() || written.is_some()) {
        let refused = |_: &Environment| Err(boxed(FilesOnly));
        return perform(&output, refused, verify);
    }
    if let Some(path) = written {
        let request = |environment: &Environment| {
            if ends.is_data_only() {
                return Err(boxed(NoSchemaThere));
            }
            Ok(ArchivedRequest { pair: ends.pair_with(path, environment)? })
        };
        return perform(&output, request, verify_archived);
    }
    if let Some(path) = archive {
        let request = |environment: &Environment| {
            let (target, jobs) = ends.target(&target, environment)?;
            Ok(PackedRequest { archive: path, target, jobs })
        };
        return perform(&output, request, verify_packed);
    }
    let request = |environment: &Environment| {
        let pair = ends.pair(&target, environment)?;
        match pair.names.as_ref().filter(|file| !file.exists()) {
            Some(file) => Err(boxed(NoNames(file.clone()))),
            None => Ok(VerifyRequest { pair, manner }),
        }
    };
    perform(&output, request, verify)
}
