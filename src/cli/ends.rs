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
    Accept, DataOnly, Identifiers, InTheWay, InitRequest, Named, Origin, Pair, RowsThere, Schemas,
    Settings as MigrateSettings, USUAL_SCHEMA,
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
    /// A database of a dump that holds several, or of a server whose URL names none; several of them
    /// are moved at one instant, each into its schema of [migrate.databases] in nirvana.toml, or else
    /// into one of its own name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    database: Vec<String>,
    /// These tables only, or database.table; what is no table is left out
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

/// Which databases are meant cannot be told, or where they go.
#[derive(Debug, thiserror::Error)]
enum Ambiguous {
    #[error("SOURCE names the database {url}, and {by} {}", .wanted.join(", "))]
    Databases { url: String, by: &'static str, wanted: Vec<String> },
    #[error("--schema names one schema, and [migrate.databases] one for {}", .databases.join(", "))]
    Schemas { databases: Vec<String> },
}

impl Blame for Ambiguous {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Databases { url, .. } => format!(
                "leave the database out of the URL to move these together, or move that one alone: \
                 --database {url}"
            ),
            Self::Schemas { .. } => "leave one of them out".to_owned(),
        })
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

    /// A server; `is_named` says that its database need not stand in the URL.
    fn server(
        &self,
        environment: &Environment,
        is_named: bool,
    ) -> Result<SourceOptions, Box<dyn Blame>> {
        let read = if is_named { SourceOptions::of_server } else { SourceOptions::from_url };
        let mut server = read(&self.source, environment, self.connect_timeout()).map_err(boxed)?;
        if let Some(seconds) = self.answer_timeout {
            server.read_timeout = Duration::from_secs(seconds.into());
        }
        Ok(server)
    }

    /// A file of settings that is to be written for the source.
    pub(super) fn init(self, environment: &Environment) -> Result<InitRequest, Box<dyn Blame>> {
        let source = self.origin(&MigrateSettings::default(), environment)?;
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
    fn origin(
        &self,
        settings: &MigrateSettings,
        environment: &Environment,
    ) -> Result<Origin, Box<dyn Blame>> {
        let (by, mut databases) = if self.database.is_empty() {
            ("[migrate.databases]", settings.databases.keys().cloned().collect())
        } else {
            ("--database", self.database.clone())
        };
        // The same ones are the same source to a run that goes on.
        databases.sort();
        databases.dedup();
        if !self.source.contains("://") {
            let place = match self.source.as_str() {
                "-" => Place::StandardInput,
                // The same file by another way is the same source to a run that goes on.
                path => Place::Path(Path::new(path).canonicalize().unwrap_or_else(|_| path.into())),
            };
            return Ok(Origin::Dump(DumpOptions { place, databases }));
        }
        let mut server = self.server(environment, !databases.is_empty())?;
        if let Some(url) = server.database.take() {
            if databases.iter().any(|name| *name != url) {
                return Err(boxed(Ambiguous::Databases { url, by, wanted: databases }));
            }
            databases = vec![url];
        }
        // One is the one that conditions of nirvana.toml mean.
        if let [only] = databases.as_slice() {
            server.database = Some(only.clone());
        }
        Ok(Origin::Server(Box::new(server), databases))
    }

    /// The schema of each database.
    fn schemas(
        &self,
        source: &Origin,
        settings: &MigrateSettings,
    ) -> Result<Schemas, Box<dyn Blame>> {
        let databases = source.databases();
        let told = |name: &&String| settings.databases.contains_key(*name);
        let told: Vec<String> = databases.iter().filter(told).cloned().collect();
        if self.schema.is_some() && !told.is_empty() {
            return Err(boxed(Ambiguous::Schemas { databases: told }));
        }
        let usual = self.schema.as_ref().or(settings.schema.as_ref());
        let schema = |name: &String| {
            let own = if databases.len() > 1 { name.as_str() } else { USUAL_SCHEMA };
            settings.databases.get(name).or(usual).map_or(own, String::as_str).to_owned()
        };
        if databases.is_empty() {
            return Ok(Schemas::one(usual.map_or(USUAL_SCHEMA, String::as_str)));
        }
        Ok(Schemas::new(databases.iter().map(|name| (Some(name.clone()), schema(name)))))
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
        let mut settings = self.settings()?;
        let source = self.origin(&settings, environment)?;
        let schemas = self.schemas(&source, &settings)?;
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
        let jobs = jobs(self.jobs.or(settings.jobs));
        let (accepts, rows_there) = (self.accept, RowsThere::Refuse);
        let data_only = self.data_only.then_some(DataOnly { accepts, rows_there });
        Ok(Pair {
            source,
            target,
            schemas,
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
