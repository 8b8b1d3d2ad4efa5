//! Workers that take tasks off the schedule until nothing is left. Each has a connection to the
//! target, and a reader of the snapshot as long as tables wait to be copied.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::OnceCell;

use crate::event::{Event, Events};
use crate::finding::{Code, Finding, Place};
use crate::migrate::build::{Builder, History};
use crate::migrate::conversion::Conversion;
use crate::migrate::copied::Copied;
use crate::migrate::copy::Copier;
use crate::migrate::digest::Digest;
use crate::migrate::error::Error;
use crate::migrate::fit::Fit;
use crate::migrate::fit::aside::Restorer;
use crate::migrate::jobs::TableJobs;
use crate::migrate::mapping::{Form, Owner, Part, TableMapping};
use crate::migrate::queue::Queue;
use crate::migrate::schedule::{Schedule, TableWork, Task};
use crate::migrate::source::Reader;
use crate::migrate::{tell, verify};
use crate::postgres::connect::Session;
use crate::postgres::quote::literal;
use crate::shutdown::Shutdown;

/// What is known of a table while it is worked on.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableState {
    /// The source's digest, once all rows are committed in the target.
    pub(crate) source: Option<Digest>,
    /// The target's, once it has been read back, without what it had before.
    pub(crate) target: Option<Digest>,
    before: Digest,
    /// Of the chunks that are committed in the target.
    pub(crate) copied: Copied,
    chunks_left: usize,
    progress: Progress,
    begun: Option<Instant>,
    proof: Proof,
    pub(crate) milliseconds: u64,
}

/// What the parts come to that have been read back.
#[derive(Clone, Copy, Debug, Default)]
struct Proof {
    digest: Digest,
    parts: usize,
    begun: Option<Instant>,
    given_up: bool,
}

/// Whether a table's copy goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Going,
    /// One chunk could not be copied: the others need not be tried.
    Given,
}

/// What a worker is to do with a chunk.
enum Begin {
    /// It is the first of its table.
    Table,
    Chunk,
    /// The table is given up already.
    Nothing,
}

impl TableState {
    fn of(jobs: &TableJobs, before: Digest) -> Self {
        let left = jobs.jobs.len();
        Self {
            before,
            source: (left == 0).then_some(jobs.done.digest),
            copied: jobs.done.clone(),
            chunks_left: left,
            ..Self::default()
        }
    }

    fn begin_chunk(&mut self) -> Begin {
        if self.progress == Progress::Given {
            return Begin::Nothing;
        }
        let first = self.begun.is_none();
        self.begun.get_or_insert_with(Instant::now);
        if first { Begin::Table } else { Begin::Chunk }
    }

    /// Whether this is the first part that is read back.
    fn begin_proof(&mut self) -> bool {
        let first = self.proof.begun.is_none();
        self.proof.begun.get_or_insert_with(Instant::now);
        first
    }

    /// A part cannot be read back, and so the table is not compared; whether this is the first.
    fn give_up_proof(&mut self) -> bool {
        !std::mem::replace(&mut self.proof.given_up, true)
    }

    /// Adds a part; the whole table's digest and how long reading took, if it was the last of
    /// `parts`.
    fn end_proof(&mut self, read: Digest, parts: usize) -> Option<(Digest, u64)> {
        self.proof.digest += read;
        self.proof.parts += 1;
        if self.proof.parts < parts || self.proof.given_up {
            return None;
        }
        let since = |begun: Option<Instant>| begun.map(|begun| begun.elapsed().as_millis() as u64);
        let target = self.proof.digest.grown_from(self.before);
        self.target = Some(target);
        self.milliseconds = since(self.begun).unwrap_or_default();
        Some((target, since(self.proof.begun).unwrap_or_default()))
    }

    /// The table's state, if this was its last chunk.
    fn end_chunk(&mut self, copied: &Copied) -> Option<Self> {
        self.copied += copied;
        self.chunks_left -= 1;
        if self.chunks_left > 0 {
            return None;
        }
        self.source = Some(self.copied.digest);
        Some(self.clone())
    }
}

/// What was found, or made, before the workers begin.
pub(crate) struct Begun {
    /// In the order of the mappings.
    pub(crate) jobs: Vec<TableJobs>,
    /// In the same order, what the target had before.
    pub(crate) before: Vec<Digest>,
    pub(crate) history: History,
    /// The target's, as `server_version_num`.
    pub(crate) target_version: u32,
}

/// What all workers share.
pub(crate) struct Board {
    pub(crate) conversion: Conversion,
    pub(crate) events: Events,
    pub(crate) shutdown: Shutdown,
    jobs: Vec<TableJobs>,
    /// Whether an earlier run may have built things already.
    pub(crate) history: History,
    target_version: u32,
    pub(crate) queue: Queue,
    tables: Mutex<Vec<TableState>>,
    /// Of each table of the target, once it is full: all who read parts of it must count the same.
    pages: Vec<OnceCell<u64>>,
}

impl Board {
    pub(crate) fn new(
        conversion: Conversion,
        Begun { jobs, before, history, target_version }: Begun,
        events: Events,
        shutdown: Shutdown,
    ) -> Self {
        let tables = conversion.mappings.iter().zip(&conversion.target.tables).zip(&jobs);
        let work: Vec<TableWork> = tables
            .map(|((mapping, table), jobs)| TableWork {
                bytes: mapping.bytes_estimate,
                chunks: jobs.jobs.len(),
                indexes: table.indexes.len(),
                parts: parts(mapping, target_version),
                foreign_keys: !table.foreign_keys.is_empty()
                    || conversion.fit.as_ref().is_some_and(Fit::sets_aside),
            })
            .collect();
        // What an earlier run has moved whole is told by this one.
        let whole = jobs.iter().enumerate().filter(|(_, jobs)| jobs.jobs.is_empty());
        for (table, jobs) in whole {
            let target = &conversion.target.tables[table];
            for finding in tell::altered(&conversion.mappings[table], target, &jobs.done) {
                events.found(finding);
            }
        }
        let states = jobs.iter().zip(before);
        let states = states.map(|(jobs, before)| TableState::of(jobs, before)).collect();
        let pages = conversion.mappings.iter().map(|_| OnceCell::new()).collect();
        Self {
            conversion,
            events,
            queue: Queue::new(Schedule::of(&work), shutdown.clone()),
            shutdown,
            jobs,
            history,
            target_version,
            tables: Mutex::new(states),
            pages,
        }
    }

    /// What became of each table, in the order of the mappings.
    pub(crate) fn tables(&self) -> Vec<TableState> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn state<T>(&self, table: usize, with: impl FnOnce(&mut TableState) -> T) -> T {
        with(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner)[table])
    }
}

/// One worker's connections.
pub(crate) struct Worker {
    pub(crate) reader: Option<Reader>,
    pub(crate) session: Session,
}

impl Worker {
    /// Works until nothing is left. An error ends the run: the others hear of it by `shutdown`.
    pub(crate) async fn work(mut self, board: &Board) -> Result<(), Error> {
        while let Some(task) = board.queue.next().await {
            let worked = tokio::select! {
                worked = self.perform(task, board) => worked,
                () = board.shutdown.requested() => Err(Error::Stopped),
            };
            if let Err(error) = worked {
                // The error is what there is to tell, whether or not the server hears of it.
                let _ = self.session.cancel().await;
                board.shutdown.request();
                return Err(error);
            }
            board.queue.done(task);
            if !board.queue.has_copies_left()
                && let Some(reader) = self.reader.take()
            {
                reader.close().await;
            }
        }
        Ok(())
    }

    async fn perform(&mut self, task: Task, board: &Board) -> Result<(), Error> {
        match task {
            Task::Copy { table, chunk } => self.copy(table, chunk, board).await,
            Task::Verify { table, part } => self.verify(table, part, board).await,
            Task::ForeignKeys => {
                if let Some(restorer) = self.restorer(board) {
                    restorer.restore().await?;
                }
                for (table, mapping) in board.conversion.mappings.iter().enumerate() {
                    if mapping.owner == Owner::Ours
                        && let Some(builder) = self.builder(table, board)
                    {
                        builder.add_foreign_keys().await?;
                    }
                }
                Ok(())
            }
            Task::Index { table, index } => match self.builder(table, board) {
                Some(builder) => builder.index(index).await,
                None => Ok(()),
            },
            Task::Finish { table } => match self.builder(table, board) {
                Some(builder) => {
                    if let Some(restorer) = self.restorer(board) {
                        restorer.count(table).await?;
                    }
                    builder.finish().await
                }
                None => Ok(()),
            },
            Task::Validate { table } => match self.builder(table, board) {
                Some(builder) => builder.validate_foreign_keys().await,
                None => Ok(()),
            },
        }
    }

    /// For a table that has its rows; one that could not be copied is left as it is.
    fn builder<'a>(&'a self, table: usize, board: &'a Board) -> Option<Builder<'a>> {
        board.state(table, |state| state.source)?;
        Some(Builder {
            session: &self.session,
            events: &board.events,
            source: &board.conversion.mappings[table].source,
            table: &board.conversion.target.tables[table],
            history: board.history,
        })
    }

    /// For a schema that somebody else has made.
    fn restorer<'a>(&'a self, board: &'a Board) -> Option<Restorer<'a>> {
        let (session, events, conversion) = (&self.session, &board.events, &board.conversion);
        let fit = conversion.fit.as_ref()?;
        Some(Restorer { session, events, conversion, fit })
    }

    async fn copy(&mut self, table: usize, chunk: usize, board: &Board) -> Result<(), Error> {
        let mapping = &board.conversion.mappings[table];
        let Some(reader) = self.reader.as_mut() else {
            return Ok(());
        };
        match board.state(table, TableState::begin_chunk) {
            Begin::Table => board.events.emit(Event::CopyStarted {
                table: mapping.source.clone(),
                rows_estimate: mapping.rows_estimate,
                bytes_estimate: mapping.bytes_estimate,
            }),
            Begin::Chunk => {}
            Begin::Nothing => return Ok(()),
        }
        let (events, shutdown) = (&board.events, &board.shutdown);
        let mut copier = Copier { reader, session: &self.session, events, shutdown };
        match copier.copy(mapping, &board.jobs[table].jobs[chunk]).await {
            Ok(copied) => {
                if let Some(table_copied) = board.state(table, |state| state.end_chunk(&copied)) {
                    tell_copied(board, table, &table_copied);
                }
            }
            Err(error) if error.ends_the_run() => return Err(error),
            Err(error) => {
                board.state(table, |state| state.progress = Progress::Given);
                board.events.found(tell::not_copied(mapping, &error));
            }
        }
        Ok(())
    }

    /// Reads one part back; whoever reads the last one compares.
    async fn verify(&mut self, table: usize, part: usize, board: &Board) -> Result<(), Error> {
        let Some(source) = board.state(table, |state| state.source) else {
            return Ok(());
        };
        let mapping = &board.conversion.mappings[table];
        let name = mapping.source.clone();
        let parts = parts(mapping, board.target_version);
        if board.state(table, TableState::begin_proof) {
            board.events.emit(Event::VerifyStarted { table: name.clone(), rows: source.rows });
        }
        let pages = board.pages[table].get_or_try_init(|| pages(&self.session, mapping)).await?;
        let copy_out = mapping.copy_out(Part::of(*pages, part, parts));
        let read = verify::target_digest(&self.session, mapping, &copy_out, &board.events).await;
        let read = match read {
            Err(error) if !error.ends_the_run() => {
                if board.state(table, TableState::give_up_proof) {
                    board.events.found(tell::not_compared(mapping, &error));
                }
                return Ok(());
            }
            read => read?,
        };
        let Some((target, milliseconds)) = board.state(table, |state| state.end_proof(read, parts))
        else {
            return Ok(());
        };
        if let Some(difference) = verify::difference(source, target) {
            let place = Place::table(&mapping.source);
            let finding = Finding::error(Code::RowsDiffer, place, difference);
            let others = board.state(table, |state| state.before.rows > 0);
            board.events.found(if others { finding.help(GREW_OTHERWISE) } else { finding });
        }
        board.events.emit(Event::VerifyFinished {
            table: name,
            rows: target.rows,
            equal: source == target,
            milliseconds,
        });
        Ok(())
    }
}

/// A table that rows were added to.
const GREW_OTHERWISE: &str = "the table did not grow by the source's rows alone: perhaps somebody else writes to it; \
                              nirvana verify names each row that is missing or another one";

/// The target's data that one part should hold.
const PART_BYTES: u64 = 128 * 1024 * 1024;

/// `PostgreSQL` 14 is the first that finds a range of pages without reading all others.
const PARTS_SINCE: u32 = 140_000;

/// Parts that a table is read back in, by the source's estimate.
fn parts(mapping: &TableMapping, target_version: u32) -> usize {
    if target_version < PARTS_SINCE || mapping.form == Form::Partitioned {
        return 1;
    }
    (mapping.bytes_estimate / PART_BYTES).clamp(1, 1024) as usize
}

/// Pages of a table of the target.
async fn pages(session: &Session, mapping: &TableMapping) -> Result<u64, Error> {
    let table = literal(&mapping.target.postgres());
    let sql = format!("SELECT pg_relation_size({table}) / current_setting('block_size')::bigint");
    let rows = session.rows(&sql).await?;
    let pages = rows.first().and_then(|row| row.first().cloned().flatten());
    Ok(pages.and_then(|pages| pages.parse().ok()).unwrap_or(0))
}

fn tell_copied(board: &Board, table: usize, state: &TableState) {
    let mapping = &board.conversion.mappings[table];
    for finding in tell::altered(mapping, &board.conversion.target.tables[table], &state.copied) {
        // A run that goes on copies no chunk again where rows of others are.
        let stay = state.before.rows > 0 && finding.code == Code::RowsQuarantined;
        board.events.found(if stay { tell::mended_by_hand(mapping, finding) } else { finding });
    }
    let begun = state.begun.map(|begun| begun.elapsed().as_millis() as u64);
    board.events.emit(Event::CopyFinished {
        table: mapping.source.clone(),
        rows: state.copied.digest.rows,
        bytes: state.copied.bytes,
        milliseconds: begun.unwrap_or_default(),
    });
}
