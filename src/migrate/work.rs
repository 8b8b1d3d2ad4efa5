//! Workers that take tasks off the schedule until nothing is left. Each has a connection to the
//! target, and a reader of the snapshot as long as tables wait to be copied.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::event::{Event, Events};
use crate::fault::Blame;
use crate::finding::{Code, Finding, Place};
use crate::migrate::build::Builder;
use crate::migrate::convert::Conversion;
use crate::migrate::copy::copy_table;
use crate::migrate::digest::Digest;
use crate::migrate::error::Error;
use crate::migrate::mapping::TableMapping;
use crate::migrate::schedule::{Next, Schedule, TableWork, Task};
use crate::migrate::transcode::Alteration;
use crate::migrate::verify;
use crate::mysql::wire::Connection;
use crate::postgres::connect::Session;
use crate::shutdown::Shutdown;

/// What is known of a table while it is worked on.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableState {
    /// The source's digest, once all rows are committed in the target.
    pub(crate) source: Option<Digest>,
    /// The target's, once it has been read back.
    pub(crate) target: Option<Digest>,
    pub(crate) bytes: u64,
    begun: Option<Instant>,
    pub(crate) milliseconds: u64,
}

/// What all workers share.
pub(crate) struct Board {
    pub(crate) conversion: Conversion,
    pub(crate) events: Events,
    pub(crate) shutdown: Shutdown,
    schedule: Mutex<Schedule>,
    tables: Mutex<Vec<TableState>>,
    /// Rung whenever a task is done.
    changed: Notify,
}

impl Board {
    pub(crate) fn new(conversion: Conversion, events: Events, shutdown: Shutdown) -> Self {
        let tables = conversion.mappings.iter().zip(&conversion.target.tables);
        let work: Vec<TableWork> = tables
            .map(|(mapping, table)| TableWork {
                bytes: mapping.bytes_estimate,
                indexes: table.indexes.len(),
                foreign_keys: !table.foreign_keys.is_empty(),
            })
            .collect();
        let states = vec![TableState::default(); work.len()];
        Self {
            conversion,
            events,
            shutdown,
            schedule: Mutex::new(Schedule::of(&work)),
            tables: Mutex::new(states),
            changed: Notify::new(),
        }
    }

    /// What became of each table, in the order of the mappings.
    pub(crate) fn tables(&self) -> Vec<TableState> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn schedule<T>(&self, with: impl FnOnce(&mut Schedule) -> T) -> T {
        with(&mut self.schedule.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn state<T>(&self, table: usize, with: impl FnOnce(&mut TableState) -> T) -> T {
        with(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner)[table])
    }

    /// The next task, or `None` when nothing is left or somebody asked to stop.
    async fn next(&self) -> Option<Task> {
        loop {
            // Listening begins before the look, so that no bell between the two is missed.
            let changed = self.changed.notified();
            if self.shutdown.is_requested() {
                return None;
            }
            match self.schedule(Schedule::next) {
                Next::Do(task) => return Some(task),
                Next::Done => return None,
                Next::Wait => {}
            }
            tokio::select! {
                () = changed => {}
                () = self.shutdown.requested() => {}
            }
        }
    }

    fn done(&self, task: Task) {
        self.schedule(|schedule| schedule.done(task));
        self.changed.notify_waiters();
    }
}

/// One worker's connections.
pub(crate) struct Worker {
    pub(crate) reader: Option<Connection>,
    pub(crate) session: Session,
}

impl Worker {
    /// Works until nothing is left. An error ends the run: the others hear of it by `shutdown`.
    pub(crate) async fn work(mut self, board: &Board) -> Result<(), Error> {
        while let Some(task) = board.next().await {
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
            board.done(task);
            if !board.schedule(|schedule| schedule.has_copies_left())
                && let Some(reader) = self.reader.take()
            {
                reader.close().await;
            }
        }
        Ok(())
    }

    async fn perform(&mut self, task: Task, board: &Board) -> Result<(), Error> {
        match task {
            Task::Copy { table } => self.copy(table, board).await,
            Task::Verify { table } => self.verify(table, board).await,
            Task::ForeignKeys => {
                for table in 0..board.conversion.mappings.len() {
                    if let Some(builder) = self.builder(table, board) {
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
                Some(builder) => builder.finish().await,
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
        })
    }

    async fn copy(&mut self, table: usize, board: &Board) -> Result<(), Error> {
        let mapping = &board.conversion.mappings[table];
        let begun = Instant::now();
        board.state(table, |state| state.begun = Some(begun));
        board.events.emit(Event::CopyStarted {
            table: mapping.source.clone(),
            rows_estimate: mapping.rows_estimate,
            bytes_estimate: mapping.bytes_estimate,
        });
        let Some(reader) = self.reader.as_mut() else {
            return Ok(());
        };
        let copied =
            copy_table(reader, &self.session, mapping, &board.events, &board.shutdown).await;
        let copied = match copied {
            Ok(copied) => copied,
            Err(error) if error.ends_the_run() => return Err(error),
            Err(error) => {
                board.events.found(not_copied(mapping, &error));
                return Ok(());
            }
        };
        for (column, alteration, count) in &copied.altered {
            board.events.found(altered(mapping, column, *alteration, *count));
        }
        board.state(table, |state| {
            state.source = Some(copied.digest);
            state.bytes = copied.bytes;
        });
        board.events.emit(Event::CopyFinished {
            table: mapping.source.clone(),
            rows: copied.digest.rows,
            bytes: copied.bytes,
            milliseconds: begun.elapsed().as_millis() as u64,
        });
        Ok(())
    }

    async fn verify(&mut self, table: usize, board: &Board) -> Result<(), Error> {
        let Some(source) = board.state(table, |state| state.source) else {
            return Ok(());
        };
        let mapping = &board.conversion.mappings[table];
        let begun = Instant::now();
        let name = mapping.source.clone();
        board.events.emit(Event::VerifyStarted { table: name.clone(), rows: source.rows });
        let target = verify::target_digest(&self.session, mapping, &board.events).await?;
        if let Some(difference) = verify::difference(source, target) {
            let place = Place::table(&mapping.source);
            board.events.found(Finding::error(Code::RowsDiffer, place, difference));
        }
        board.state(table, |state| {
            state.target = Some(target);
            let since = state.begun.map(|begun| begun.elapsed().as_millis() as u64);
            state.milliseconds = since.unwrap_or_default();
        });
        board.events.emit(Event::VerifyFinished {
            table: name,
            rows: target.rows,
            equal: source == target,
            milliseconds: begun.elapsed().as_millis() as u64,
        });
        Ok(())
    }
}

fn not_copied(mapping: &TableMapping, error: &Error) -> Finding {
    let mut message = format!("not copied: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        message.push_str(&format!(": {error}"));
        cause = error.source();
    }
    let finding = Finding::error(Code::TableNotCopied, Place::table(&mapping.source), message);
    match error.hint() {
        Some(hint) => finding.help(hint),
        None => finding,
    }
}

fn altered(mapping: &TableMapping, column: &str, alteration: Alteration, count: u64) -> Finding {
    let what = match alteration {
        Alteration::ZeroDate => "dates that do not exist (zero, partial, 30 February) became NULL",
        Alteration::NulRemoved => "texts lost their U+0000, which PostgreSQL cannot hold",
        Alteration::RepeatedKeys => "JSON values repeat a key in one object; the last was kept",
        Alteration::EnumError => "invalid labels ('') became NULL",
    };
    let place = Place::column(&mapping.source, column);
    Finding::warning(Code::ValuesAltered, place, format!("{count} {what}"))
}
