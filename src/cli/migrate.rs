//! `nirvana migrate`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::archive::{Compression, DataForm, Extension, Format};
use crate::cli::ends::{Ends, NoSchemaThere, directory};
use crate::cli::perform::{Output, boxed, perform};
use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::migrate::{
    CHUNK_BYTES, Directory, InTheWay, Loaders, Mode, POSTGRES_SINCE, POSTGRES_UNTIL, PackRequest,
    Request, RowsThere, init, pack, run as migrate,
};

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
    /// postgres://user@host:5432/database; libpq's parameters and environment. Or a directory, such
    /// as ./out/, which is made
    #[arg(value_name = "TARGET", required_unless_present = "init")]
    target: Option<String>,
    /// Look at SOURCE and its data, and write a commented nirvana.toml with what was found (or the
    /// file after --config); no TARGET is needed, and nothing is moved
    #[arg(long, conflicts_with_all = ["dry_run", "resume", "if_exists", "target"])]
    init: bool,
    /// Print the plan and the DDL; nothing is changed and nothing that is there is locked (tables are
    /// tried on TARGET in a transaction that is undone)
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
    into: IntoDirectory,
    #[command(flatten)]
    output: Output,
}

/// What a directory must be told, as there is no server to ask.
#[derive(Debug, Args)]
#[command(next_help_heading = "Into a directory")]
struct IntoDirectory {
    /// The oldest major version of PostgreSQL that is to load it; newer ones load it, too
    #[arg(long, value_name = "VERSION", default_value_t = POSTGRES_SINCE)]
    #[arg(value_parser = clap::value_parser!(u16).range(i64::from(POSTGRES_SINCE)..=i64::from(POSTGRES_UNTIL)))]
    for_postgres: u16,
    /// An extension that will be there or can be made: postgis, vector, or with the schema it is in,
    /// postgis:gis; once for each
    #[arg(long, value_name = "NAME", value_parser = extension)]
    extension: Vec<Extension>,
    /// How rows stand in the files: binary loads on every version, and fastest; text can be read
    /// [default: binary]
    #[arg(long, value_enum, value_name = "FORMAT")]
    data_format: Option<FormatWord>,
    /// Have pg_restore load it, too (12 and later, -j as well): adds toc.dat. Rows are text then, in
    /// one file for each table unless --chunk-mib is given
    #[arg(long)]
    for_pg_restore: bool,
    /// Compress the files of rows; that tool must be there when load.sh loads them
    #[arg(long, value_enum, value_name = "WAY", default_value_t = CompressionWord::None)]
    compress: CompressionWord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatWord {
    Binary,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CompressionWord {
    None,
    Gzip,
    Zstd,
}

/// The extensions that columns may be of.
const EXTENSIONS: [&str; 2] = ["postgis", "vector"];

fn extension(word: &str) -> Result<Extension, String> {
    let (name, schema) = word.split_once(':').unwrap_or((word, "public"));
    if !EXTENSIONS.contains(&name) {
        return Err(format!("types of {} are known, and no others", EXTENSIONS.join(" and ")));
    }
    Ok(Extension { name: name.to_owned(), schema: schema.to_owned() })
}

impl IntoDirectory {
    fn directory(self, path: PathBuf) -> Result<Directory, Senseless> {
        let (format, loaders) = match (self.data_format, self.for_pg_restore) {
            (Some(FormatWord::Binary), true) => return Err(Senseless::BinaryRestored),
            (_, true) => (Format::Text, Loaders::PgRestore),
            (Some(FormatWord::Text), false) => (Format::Text, Loaders::Psql),
            (Some(FormatWord::Binary) | None, false) => (Format::Binary, Loaders::Psql),
        };
        if loaders == Loaders::PgRestore && self.compress == CompressionWord::Zstd {
            return Err(Senseless::ZstdRestored);
        }
        let compression = match self.compress {
            CompressionWord::None => Compression::None,
            CompressionWord::Gzip => Compression::Gzip,
            CompressionWord::Zstd => Compression::Zstd,
        };
        Ok(Directory {
            path,
            postgres: self.for_postgres,
            extensions: self.extension,
            form: DataForm { format, compression },
            loaders,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum IfExists {
    /// Drop those tables first, in the transaction that makes the new ones
    Drop,
    /// Keep tables that are as planned, and delete their rows in the transaction that begins the run
    Truncate,
    /// Keep tables that are as planned, and their rows, and add those of SOURCE
    Append,
}

/// A way that means nothing for what is asked for.
#[derive(Debug, thiserror::Error)]
enum Senseless {
    #[error("--if-exists drop would drop the schema that --data-only is to fill")]
    Drop,
    #[error("--if-exists speaks of tables in a server, and TARGET is a directory")]
    Directory,
    #[error("pg_restore takes rows as text, and --data-format says binary")]
    BinaryRestored,
    #[error("pg_restore reads files in zstd from version 16 on only")]
    ZstdRestored,
}

impl Blame for Senseless {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Drop => "--if-exists truncate empties its tables first, append adds to them",
                Self::Directory => "load the directory into an empty schema",
                Self::BinaryRestored => "leave --data-format out, or --for-pg-restore",
                Self::ZstdRestored => {
                    "--compress gzip is read by all; or leave --for-pg-restore out"
                }
            }
            .to_owned(),
        )
    }
}

const EXAMPLES: &str = "\
Examples:
  nirvana migrate --dry-run mysql://root@localhost/shop postgres://shop@db/shop > shop.sql
  MYSQL_PWD=… PGPASSWORD=… nirvana migrate mysql://reader@db1/shop postgres://shop@db2/shop
  MYSQL_PWD=… nirvana migrate mysql://reader@db1/shop ./shop/    then: PGPASSWORD=… ./shop/load.sh …
  nirvana migrate --init mysql://reader@db1/shop
  nirvana migrate --data-only --dry-run mysql://reader@db1/shop postgres://shop@db2/shop";

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { ends, target, init: is_init, into, output, .. } = arguments;
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
    let chunk_bytes = chunk_mib.map(|mib| u64::from(mib) << 20);
    if let Some(path) = directory(&target) {
        // pg_dump writes a file for each table, and options of pg_restore count on it.
        let usual = if into.for_pg_restore { u64::MAX } else { CHUNK_BYTES };
        let chunk_bytes = chunk_bytes.unwrap_or(usual);
        let request = |environment: &Environment| {
            let pair = ends.pair_with(into.directory(path).map_err(boxed)?, environment)?;
            if pair.data_only.is_some() {
                return Err(boxed(NoSchemaThere));
            }
            if if_exists.is_some() {
                return Err(boxed(Senseless::Directory));
            }
            Ok(PackRequest { pair, chunk_bytes, mode })
        };
        return perform(&output, request, pack);
    }
    let request = |environment: &Environment| {
        let answer_timeout = ends.answer_timeout();
        let rows_there = match (ends.is_data_only(), if_exists) {
            (true, Some(IfExists::Drop)) => return Err(boxed(Senseless::Drop)),
            (_, Some(IfExists::Truncate)) => Some(RowsThere::Truncate),
            (_, Some(IfExists::Append)) => Some(RowsThere::Append),
            (_, Some(IfExists::Drop) | None) => None,
        };
        let mut pair = ends.pair(&target, environment)?;
        match (&mut pair.data_only, rows_there) {
            (_, None) if if_exists.is_some() => pair.in_the_way = InTheWay::Drop,
            (_, None) => {}
            (None, Some(rows_there)) => pair.in_the_way = InTheWay::Keep(rows_there),
            (Some(fill), Some(rows_there)) => fill.rows_there = rows_there,
        }
        Ok(Request {
            answer_timeout,
            pair,
            retry_for: Duration::from_secs(retry_for.into()),
            chunk_bytes: chunk_bytes.unwrap_or(CHUNK_BYTES),
            mode,
        })
    };
    perform(&output, request, migrate)
}
