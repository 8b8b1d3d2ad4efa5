//! Arguments of all commands that speak to both servers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::archive::is_archive;
use crate::cli::perform::boxed;
use crate::cli::{MIGRATE, SECTIONS};
use crate::dump::{Options as DumpOptions, Place};
use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::migrate::{
    Accept, DataOnly, Identifiers, InTheWay, InitRequest, Named, Origin, Pair, RowsThere,
    Settings as MigrateSettings,
};
use crate::mysql::connect::Options as SourceOptions;
use crate::mysql::snapshot::{Choice, Rung};
use crate::postgres::connect::Options as TargetOptions;
use crate::settings::{FILE, Settings};

#[derive(Debug, Args)]
pub(super) struct Ends {
    /// mysql://user@host:3306/database, or mariadb://…; parameters: socket, ssl-mode, ssl-ca,
    /// ssl-cert, ssl-key. Or a dump: a file, also compressed (gz, zst, bz2, xz), a folder of
    /// mydumper, MySQL Shell or mysqldump --tab, or - for standard input
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Which database of a dump that holds several
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// These tables only; what is no table is left out
    #[arg(long, visible_alias = "tables", value_name = "TABLE", value_delimiter = ',')]
    only: Vec<String>,
    /// The schema of the target that everything is in [default: public]
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// TARGET's schema stands already, as Rails, Laravel, Django or Prisma made it: only data is
    /// moved into it, or compared; tables and columns are matched by their names
    #[arg(long)]
    data_only: bool,
    /// A difference between SOURCE and a schema that stands which is no reason to stop, as the
    /// finding names it: missing-column:orders.legacy, narrower:users.name, …; once for each
    #[arg(long, value_name = "DIFFERENCE", requires = "data_only")]
    accept: Vec<Accept>,
    /// How names are written in TARGET: preserve, lower, snake (OrderItems → order_items); two that
    /// would become one are refused [default: preserve]
    #[arg(long, value_enum, value_name = "WAY")]
    identifiers: Option<IdentifiersWord>,
    /// The file of names that are others in TARGET (cut, written in another way, taken already): if it
    /// is there, they are taken from it; if not, migrate writes it
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// Do not ask the data what its types leave open: take the wider type each time (smallint for
    /// TINYINT(1), numeric for BIGINT UNSIGNED, interval for TIME, json for JSON)
    #[arg(long)]
    no_scan: bool,
    /// Settings; without it the nearest nirvana.toml, from the working directory upward, if there
    /// is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Pieces of work at once, each with one connection to each end [default: twice the
    /// number of processors, at most 8]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Seconds that writers may wait for the snapshot, and that it may wait for them
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    lock_timeout: u64,
    /// How all connections come to see one instant of the source: auto takes the best way that the
    /// account may go; per-table gives it up, each table then has an instant of its own
    #[arg(long, value_enum, value_name = "WAY", default_value_t = SnapshotWord::Auto)]
    snapshot: SnapshotWord,
    /// Seconds until a server that does not answer is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    connect_timeout: u64,
    /// Seconds that a server may keep silent before its connection counts as lost [default: 30 for
    /// the target, 600 for the source, which may read a large table before it answers]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    answer_timeout: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum IdentifiersWord {
    Preserve,
    Lower,
    Snake,
}

impl IdentifiersWord {
    fn meant(self) -> Identifiers {
        match self {
            Self::Preserve => Identifiers::Preserve,
            Self::Lower => Identifiers::Lower,
            Self::Snake => Identifiers::Snake,
        }
    }
}

/// The rungs of the snapshot's ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SnapshotWord {
    Auto,
    BackupStage,
    GlobalReadLock,
    BinlogPosition,
    LockTables,
    PerTable,
}

impl SnapshotWord {
    fn choice(self) -> Choice {
        Choice::Only(match self {
            Self::Auto => return Choice::Auto,
            Self::BackupStage => Rung::BackupStage,
            Self::GlobalReadLock => Rung::GlobalReadLock,
            Self::BinlogPosition => Rung::BinlogPosition,
            Self::LockTables => Rung::LockTables,
            Self::PerTable => Rung::PerTable,
        })
    }
}

fn jobs(asked: Option<u16>) -> usize {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    let asked = asked.filter(|jobs| *jobs > 0);
    // Two for each processor: while one waits for a disk, the other works.
    asked.map_or((2 * processors).min(DEFAULT_JOBS_AT_MOST), usize::from)
}

/// A word that is no URL and nothing like one.
pub(super) fn directory(word: &str) -> Option<PathBuf> {
    let path = word.contains('/') || !word.contains([':', '@', '=']);
    (path && !word.contains("://")).then(|| PathBuf::from(word))
}

/// `--data-only` needs a schema that stands, and a directory has none.
#[derive(Debug, thiserror::Error)]
#[error("--data-only fills a schema that stands in a server, and TARGET is a directory")]
pub(super) struct NoSchemaThere;

impl Blame for NoSchemaThere {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        Some("name a server: postgres://user@host/database".to_owned())
    }
}

/// The most connections to each end that we take unasked.
const DEFAULT_JOBS_AT_MOST: usize = 8;

/// A URL names its database itself.
#[derive(Debug, thiserror::Error)]
#[error("--database chooses one of a dump; that of a server stands in its URL")]
struct DatabaseOfServer;

impl Blame for DatabaseOfServer {
    fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// A name that PostgreSQL would cut, or none.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} of the file of names is no name for PostgreSQL, whose names have 1 to 63 bytes")]
struct ImpossibleName(String);

impl Blame for ImpossibleName {
    fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// A file of names to compare by that is not there.
#[derive(Debug, thiserror::Error)]
#[error("{} is not there, and verify writes no file of names", .0.display())]
pub(super) struct NoNames(pub(super) PathBuf);

impl Blame for NoNames {
    fn fault(&self) -> Fault {
        Fault::Operator
    }
}

impl Ends {
    /// How long the target may give no sign of life.
    pub(super) fn answer_timeout(&self) -> Duration {
        self.answer_timeout
            .map_or(Duration::from_secs(30), |limit| Duration::from_secs(limit.into()))
    }

    fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout.max(1))
    }

    fn source(&self, environment: &Environment) -> Result<SourceOptions, Box<dyn Blame>> {
        let source = SourceOptions::from_url(&self.source, environment, self.connect_timeout());
        let mut source = source.map_err(boxed)?;
        if let Some(seconds) = self.answer_timeout {
            source.read_timeout = Duration::from_secs(seconds.into());
        }
        Ok(source)
    }

    /// A file of settings that is to be written for the source.
    pub(super) fn init(self, environment: &Environment) -> Result<InitRequest, Box<dyn Blame>> {
        let source = self.origin(environment)?;
        Ok(InitRequest { source, file: self.config.unwrap_or_else(|| PathBuf::from(FILE)) })
    }

    /// Whether the target's schema stands already.
    pub(super) fn is_data_only(&self) -> bool {
        self.data_only
    }

    /// The section of the settings that speaks of moving databases.
    fn settings(&self) -> Result<MigrateSettings, Box<dyn Blame>> {
        let folder = std::env::current_dir().unwrap_or_default();
        let file = Settings::find(self.config.as_deref(), &folder, &SECTIONS).map_err(boxed)?;
        let section = file.map(|file| file.section(MIGRATE)).transpose().map_err(boxed)?;
        Ok(section.flatten().unwrap_or_default())
    }

    /// The directory of ours that the source is, if it is one.
    pub(super) fn archive(&self) -> Option<PathBuf> {
        directory(&self.source).filter(|path| is_archive(path))
    }

    /// The server that the target is, and how many pieces of work to do at once.
    pub(super) fn target(
        &self,
        target: &str,
        environment: &Environment,
    ) -> Result<(TargetOptions, usize), Box<dyn Blame>> {
        let target = TargetOptions::from_url(target, environment, self.connect_timeout());
        Ok((target.map_err(boxed)?, jobs(self.jobs)))
    }

    /// What has a scheme is a server, all else is a dump.
    fn origin(&self, environment: &Environment) -> Result<Origin, Box<dyn Blame>> {
        if !self.source.contains("://") {
            let place = match self.source.as_str() {
                "-" => Place::StandardInput,
                // The same file by another way is the same source to a run that goes on.
                path => Place::Path(Path::new(path).canonicalize().unwrap_or_else(|_| path.into())),
            };
            return Ok(Origin::Dump(DumpOptions { place, database: self.database.clone() }));
        }
        if self.database.is_some() {
            return Err(boxed(DatabaseOfServer));
        }
        Ok(Origin::Server(Box::new(self.source(environment)?)))
    }

    /// What was typed, as what is meant.
    pub(super) fn pair(
        self,
        target: &str,
        environment: &Environment,
    ) -> Result<Pair, Box<dyn Blame>> {
        let (target, _jobs) = self.target(target, environment)?;
        self.pair_with(target, environment)
    }

    /// The same, with a target that is known already.
    pub(super) fn pair_with<T>(
        self,
        target: T,
        environment: &Environment,
    ) -> Result<Pair<T>, Box<dyn Blame>> {
        let source = self.origin(environment)?;
        let mut settings = self.settings()?;
        settings.identifiers =
            self.identifiers.map(IdentifiersWord::meant).or(settings.identifiers);
        if self.no_scan {
            settings.scan = Some(false);
        }
        let names = self.names.or_else(|| settings.names.as_ref().map(PathBuf::from));
        if let Some(file) = names.as_ref().filter(|file| file.exists()) {
            settings.named = Named::read(file).map_err(boxed)?;
        }
        if let Some(name) = settings.named.impossible() {
            return Err(boxed(ImpossibleName(name.to_owned())));
        }
        let schema = self.schema.or_else(|| settings.schema.clone());
        let jobs = jobs(self.jobs.or(settings.jobs));
        let (accepts, rows_there) = (self.accept, RowsThere::Refuse);
        let data_only = self.data_only.then_some(DataOnly { accepts, rows_there });
        Ok(Pair {
            source,
            target,
            schema: schema.unwrap_or_else(|| "public".to_owned()),
            only: self.only,
            in_the_way: InTheWay::Refuse,
            data_only,
            settings,
            names,
            jobs,
            lock_timeout: Duration::from_secs(self.lock_timeout.max(1)),
            snapshot: self.snapshot.choice(),
        })
    }
}
