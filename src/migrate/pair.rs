//! Both ends of a run: how they are met, and the source as all steps read it.

use std::path::PathBuf;
use std::time::Duration;

use crate::dump::Error as DumpError;
use crate::event::{Event, Events, Phase};
use crate::migrate::conversion::{Conversion, Dropped};
use crate::migrate::convert::{Choices, convert};
use crate::migrate::error::Error;
use crate::migrate::fit::{DataOnly, Filled, RowsThere, Terms, fit};
use crate::migrate::instant;
use crate::migrate::kept::{Known, keep};
use crate::migrate::mapping::Owner;
use crate::migrate::scan::{Answers, Depth};
use crate::migrate::schemas::Schemas;
use crate::migrate::settings::Settings;
use crate::migrate::source::{self, Frozen, Origin, Source};
use crate::migrate::wider::as_it_stands;
use crate::mysql::catalog;
use crate::mysql::leftover::Leftover;
use crate::mysql::schema::Schema;
use crate::mysql::server::Server;
use crate::mysql::snapshot::{Ask, Choice};
use crate::mysql::wire::Connection;
use crate::name::TableName;
use crate::postgres::catalog as target_catalog;
use crate::postgres::connect::{Options as TargetOptions, Session};
use crate::postgres::ddl;
use crate::postgres::journal;
use crate::postgres::server::{Extensions, Server as Target};
use crate::postgres::standing;
use crate::report::SnapshotReport;

/// What is to be moved or compared, and how its ends are reached: the target is a server unless
/// told otherwise, or a directory.
#[derive(Clone, Debug)]
pub(crate) struct Pair<T = TargetOptions> {
    pub(crate) source: Origin,
    pub(crate) target: T,
    /// The schemas of the target that everything is in.
    pub(crate) schemas: Schemas,
    /// Tables of the source; all of them if empty.
    pub(crate) only: Vec<String>,
    /// What becomes of objects of the target with names that are to be made.
    pub(crate) in_the_way: InTheWay,
    /// If the target's schema stands already, and only data is moved into it.
    pub(crate) data_only: Option<DataOnly>,
    /// What nirvana.toml says.
    pub(crate) settings: Settings,
    /// Where the names that are others in the target are to be written.
    pub(crate) names: Option<PathBuf>,
    /// Connections to each end, and so many pieces of work at once.
    pub(crate) jobs: usize,
    /// How long writers may wait for the snapshot.
    pub(crate) lock_timeout: Duration,
    /// Which ways to the snapshot may be taken.
    pub(crate) snapshot: Choice,
}

/// What becomes of objects that stand in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InTheWay {
    /// They are listed, and nothing is done.
    Refuse,
    /// They are dropped in the transaction that makes the new ones; what hangs on them holds them.
    Drop,
    /// Tables that are as planned are kept, with what becomes of their rows.
    Keep(RowsThere),
}

/// Both ends, as they were met.
pub(crate) struct Met {
    pub(crate) source: Source,
    pub(crate) session: Session,
    pub(crate) target: Target,
}

impl Pair {
    /// Connects to both; `leftover` are connections of ours that the source may still serve.
    pub(crate) async fn meet(
        &self,
        leftover: Option<Leftover>,
        events: &Events,
    ) -> Result<Met, Error> {
        events.emit(Event::PhaseStarted { phase: Phase::Connect });
        let (source, session) = tokio::join!(self.source.open(), Session::open(&self.target));
        let (mut source, session) = (source?, session?);
        if let Some(leftover) = leftover {
            source.end(leftover).await?;
        }
        let schemas = self.schemas.all().into_iter().chain([journal::SCHEMA]);
        let target = Target::read(&session, &schemas.collect::<Vec<_>>()).await?;
        Ok(Met { source, session, target })
    }

    /// What becomes of the source's schema: one that is made, or the one that stands in the target.
    pub(crate) async fn convert(
        &self,
        (session, target): (&Session, &Target),
        schema: &Schema,
        answers: &Answers,
        filled: &Filled,
    ) -> Result<Conversion, Error> {
        let Some(data_only) = &self.data_only else {
            let choices = match filled {
                Filled::Compared => self.choices_as_is(target),
                Filled::Unknown | Filled::ByRun(_) => self.choices(target),
            };
            let mut conversion = convert(schema, answers, &choices);
            let keeps = matches!(self.in_the_way, InTheWay::Keep(_));
            let stands = (keeps || *filled != Filled::Unknown) && !answers.is_preliminary;
            let found = if stands {
                Some(target_catalog::read(session, &self.schemas.all()).await?)
            } else {
                None
            };
            let wider = found
                .as_ref()
                .and_then(|found| as_it_stands((schema, answers), &conversion, found));
            if let Some(wider) = wider {
                conversion = convert(schema, &wider, &choices);
            }
            let rows_there = match (self.in_the_way, filled) {
                (_, Filled::ByRun(earlier)) if !earlier.kept.is_empty() => Some(RowsThere::Refuse),
                (InTheWay::Keep(rows_there), Filled::Unknown) => Some(rows_there),
                _ => None,
            };
            if let Some(rows_there) = rows_there {
                let (schemas, settings) = (&self.schemas, &self.settings);
                let found = found.as_ref();
                let known = Known { schema, answers, filled, schemas, settings, found };
                return keep(session, known, (rows_there, conversion)).await;
            }
            if self.in_the_way == InTheWay::Drop && *filled == Filled::Unknown {
                let there = target_catalog::existing(session, &self.schemas.all()).await?;
                let objects = target_catalog::in_the_way(&conversion.target, &there);
                let objects: Vec<_> = objects.into_iter().cloned().collect();
                let statements = ddl::drop_objects(&objects);
                conversion.dropped = Dropped { objects, statements };
            }
            return Ok(conversion);
        };
        let schemas = self.schemas.all();
        let standing = standing::read(session, &schemas).await?;
        let standing = standing.with_set_aside(session, &schemas).await?;
        let (schemas, settings) = (&self.schemas, &self.settings);
        let terms = Terms { data_only, filled, schemas, settings, answers };
        Ok(fit(schema, &standing, terms))
    }

    fn choices(&self, target: &Target) -> Choices {
        self.choices_for(target.version_num, &target.extensions)
    }

    /// For a target that is to be left as it is: what it could have is not looked for.
    fn choices_as_is(&self, target: &Target) -> Choices {
        let mut choices = self.choices(target);
        choices.extensions.retain(|_, facts| facts.is_made);
        choices
    }
}

impl<T> Pair<T> {
    /// The same, with another target.
    pub(crate) fn with_target<U>(self, target: U) -> Pair<U> {
        let Self { source, schemas, only, in_the_way, data_only, settings, .. } = self;
        let Self { names, jobs, lock_timeout, snapshot, .. } = self;
        Pair {
            source,
            target,
            schemas,
            only,
            in_the_way,
            data_only,
            settings,
            names,
            jobs,
            lock_timeout,
            snapshot,
        }
    }

    /// Who makes the target's tables.
    pub(crate) fn owner(&self) -> Owner {
        if self.data_only.is_some() { Owner::Theirs } else { Owner::Ours }
    }

    /// How much the data is asked, of `wanted`.
    pub(crate) fn depth(&self, wanted: Depth) -> Depth {
        match (self.settings.scan.unwrap_or(true), wanted) {
            (false, _) => Depth::None,
            // Of a schema that stands the types and keys are decided.
            (true, Depth::Types | Depth::Keys) if self.data_only.is_some() => Depth::Reading,
            (true, wanted) => wanted,
        }
    }

    /// Writes what is called otherwise, if a file of names was asked for and is not there; what was
    /// done, in words.
    pub(crate) fn write_names(&self, conversion: &Conversion) -> Result<Option<String>, Error> {
        let Some(path) = self.names.as_ref().filter(|path| !path.exists()) else { return Ok(None) };
        let unwritten = |source| Error::Unwritten { file: path.clone(), source };
        std::fs::write(path, conversion.named.text(&self.source.address())).map_err(unwritten)?;
        Ok(Some(format!("written: {}", path.display())))
    }

    /// What is decided for a target of this version, with these extensions.
    pub(crate) fn choices_for(&self, server_version: u32, extensions: &Extensions) -> Choices {
        Choices {
            schemas: self.schemas.clone(),
            server_version,
            settings: self.settings.clone(),
            extensions: extensions.clone(),
        }
    }

    /// The tables that are asked for, and, if those are all, what is no table.
    pub(crate) async fn read(&self, source: &mut Source) -> Result<Schema, Error> {
        match source {
            Source::Server { control, server } => self.read_server(control, server).await,
            Source::Dump(dump) => match self.settings.rows.keys().next() {
                Some(table) => Err(DumpError::Condition { table: table.clone() }.into()),
                None => self.chosen(dump.schema.clone()),
            },
        }
    }

    async fn read_server(
        &self,
        control: &mut Connection,
        server: &Server,
    ) -> Result<Schema, Error> {
        self.chosen(catalog::read(control, server, self.source.databases()).await?)
    }

    fn chosen(&self, mut schema: Schema) -> Result<Schema, Error> {
        let has = |name: &&String| schema.tables.iter().any(|table| table.name.is_called(name));
        let unknown = self.only.iter().find(|name| !has(name)).cloned();
        if let Some(name) = unknown.or_else(|| self.settings.unknown(&schema)) {
            return Err(Error::UnknownTable { name, databases: schema.databases });
        }
        let named = |table: &TableName| {
            self.only.is_empty() || self.only.iter().any(|name| table.is_called(name))
        };
        schema.tables.retain(|table| named(&table.name) && self.settings.takes(&table.name));
        if !self.only.is_empty() || self.settings.is_selective() {
            schema.objects.clear();
            schema.views.clear();
            schema.sequences.clear();
        }
        Ok(schema)
    }

    /// One instant, and the catalog at it: what the snapshot sees is what counts.
    pub(crate) async fn take(
        &self,
        source: &Source,
        known: &Schema,
        events: &Events,
    ) -> Result<(Schema, Frozen, SnapshotReport), Error> {
        let (options, server) = match (&self.source, source) {
            (Origin::Server(options, _), Source::Server { server, .. }) => (options, server),
            (_, Source::Dump(dump)) => {
                let (report, event) = source::describe(dump);
                events.emit(event);
                return Ok((known.clone(), Frozen::of_dump(dump, self.jobs), report));
            }
            (Origin::Dump(_), Source::Server { .. }) => return Err(Error::NoSnapshot),
        };
        let ask = Ask { options, server, connections: self.jobs, lock_timeout: self.lock_timeout };
        let read = async |connection: &mut Connection| self.read_server(connection, server).await;
        let (schema, snapshot) = instant::take(&ask, self.snapshot, known, read).await?;
        let (report, event) = instant::describe(&snapshot);
        events.emit(event);
        Ok((schema, Frozen::of(snapshot), report))
    }
}
