//! Workers that write the rows of chunks into files, and read the files back.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::archive::{DataFile, DataForm, FileFact, Folder, Format};
use crate::event::{Event, Events};
use crate::finding::{Code, Finding, Place};
use crate::migrate::conversion::Conversion;
use crate::migrate::copied::Copied;
use crate::migrate::copy::{Progress, drain, fill};
use crate::migrate::digest::Digest;
use crate::migrate::encoder::{RowEncoder, check_columns};
use crate::migrate::error::Error;
use crate::migrate::jobs::TableJobs;
use crate::migrate::judge::Judge;
use crate::migrate::mapping::TableMapping;
use crate::migrate::pack::files::{self, Written};
use crate::migrate::pack::proof;
use crate::migrate::pack::remains::Remains;
use crate::migrate::pack::text::{COPY_TEXT_END, TextRows};
use crate::migrate::plan::verified;
use crate::migrate::queue::Queue;
use crate::migrate::schedule::{Schedule, TableWork, Task};
use crate::migrate::sink::Sink;
use crate::migrate::source::{Reader, Rows};
use crate::migrate::{tell, verify};
use crate::postgres::encode::{COPY_HEADER, COPY_TRAILER};
use crate::postgres::load::{BATCH_BYTES, each_row};
use crate::report::TableReport;
use crate::shutdown::Shutdown;

/// What is known of a table while it is worked on.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) copied: Copied,
    /// By chunk, once it is written.
    pub(super) chunks: Vec<Option<Stored>>,
    /// Of the files, once all are read back.
    pub(super) read_back: Option<Digest>,
    /// Rows that have NULL, by copied column.
    pub(super) nulls: Vec<u64>,
    proof: Digest,
    proofs: usize,
    proving: bool,
    begun: Option<Instant>,
    /// One chunk could not be written: the others need not be tried.
    pub(super) given_up: bool,
    milliseconds: u64,
}

/// A chunk in its file.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) written: Written,
    pub(super) fact: FileFact,
    /// Of the rows as the file has them, without what the server generates.
    pub(super) digest: Digest,
}

impl State {
    /// The digest of all its rows, once they are written.
    pub(super) fn source(&self) -> Option<Digest> {
        self.chunks.iter().all(Option::is_some).then_some(self.copied.digest)
    }

    /// What its files must come to, when they are read back.
    fn stored(&self) -> Digest {
        let mut sum = Digest::default();
        for stored in self.chunks.iter().flatten() {
            sum += stored.digest;
        }
        sum
    }
}

/// What all workers share.
pub(super) struct Board {
    pub(super) conversion: Conversion,
    pub(super) events: Events,
    pub(super) shutdown: Shutdown,
    pub(super) folder: Folder,
    pub(super) form: DataForm,
    pub(super) queue: Queue,
    pub(super) remains: Mutex<Remains>,
    jobs: Vec<TableJobs>,
    tables: Mutex<Vec<State>>,
}

impl Board {
    pub(super) fn new(
        conversion: Conversion,
        jobs: Vec<TableJobs>,
        (folder, form): (Folder, DataForm),
        (events, shutdown): (Events, Shutdown),
    ) -> Self {
        let work = conversion.mappings.iter().zip(&jobs).map(|(mapping, jobs)| TableWork {
            bytes: mapping.bytes_estimate,
            chunks: jobs.jobs.len(),
            indexes: 0,
            parts: jobs.jobs.len(),
            foreign_keys: false,
        });
        let schedule = Schedule::of(&work.collect::<Vec<_>>());
        let state =
            |jobs: &TableJobs| State { chunks: vec![None; jobs.jobs.len()], ..State::default() };
        let tables = Mutex::new(jobs.iter().map(state).collect());
        let queue = Queue::new(schedule, shutdown.clone());
        let remains = Mutex::default();
        Self { conversion, events, shutdown, folder, form, queue, remains, jobs, tables }
    }

    fn state<T>(&self, table: usize, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner)[table])
    }

    /// What became of each table, in the order of the mappings.
    pub(super) fn tables(&self) -> Vec<State> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn reports(&self) -> Vec<TableReport> {
        let tables = self.conversion.mappings.iter().zip(self.tables());
        let report = |(mapping, state): (&TableMapping, State)| {
            let (source, stored) = (state.source(), state.stored());
            // As the files are the source's rows, what is read of them stands for those.
            let equal = state.read_back.filter(|read| *read == stored).and(source);
            let target = equal.or(state.read_back);
            TableReport {
                source: mapping.source.clone(),
                target: mapping.target.clone(),
                rows: source.map_or(0, |digest| digest.rows),
                bytes: state.copied.bytes,
                quarantined: state.copied.refused.count,
                duration_ms: state.milliseconds,
                verified: verified(source, target),
                source_digest: source.map(|digest| digest.to_string()),
                target_digest: target.map(|digest| digest.to_string()),
            }
        };
        tables.map(report).collect()
    }
}

/// One worker, with its reader as long as there is something to read.
pub(super) struct Worker {
    pub(super) reader: Option<Reader>,
}

impl Worker {
    /// Works until nothing is left. An error ends the run: the others hear of it by `shutdown`.
    pub(super) async fn work(mut self, board: &Board) -> Result<(), Error> {
        while let Some(task) = board.queue.next().await {
            let worked = match task {
                Task::Copy { table, chunk } => tokio::select! {
                    worked = self.write(table, chunk, board) => worked,
                    () = board.shutdown.requested() => Err(Error::Stopped),
                },
                Task::Verify { table, part } => prove(table, part, board).await,
                // Files have no indexes and no keys.
                Task::Index { .. }
                | Task::Finish { .. }
                | Task::ForeignKeys
                | Task::Validate { .. } => Ok(()),
            };
            if let Err(error) = worked {
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

    async fn write(&mut self, table: usize, chunk: usize, board: &Board) -> Result<(), Error> {
        let mapping = &board.conversion.mappings[table];
        let Some(reader) = self.reader.as_mut() else { return Ok(()) };
        let first = board.state(table, |state| {
            let first = state.begun.is_none();
            state.begun.get_or_insert_with(Instant::now);
            (!state.given_up).then_some(first)
        });
        let Some(first) = first else { return Ok(()) };
        if first {
            board.events.emit(Event::CopyStarted {
                table: mapping.source.clone(),
                rows_estimate: mapping.rows_estimate,
                bytes_estimate: mapping.bytes_estimate,
            });
        }
        let selection = &board.jobs[table].jobs[chunk].selection;
        let mut rows = match reader.rows(mapping, selection).await {
            Err(error) if !error.ends_the_run() => {
                board.state(table, |state| state.given_up = true);
                board.events.found(tell::not_copied(mapping, &error));
                return Ok(());
            }
            rows => rows?,
        };
        match written(&mut rows, (table, chunk), board).await {
            Ok((stored, copied, nulls)) => {
                board.state(table, |state| {
                    state.copied += &copied;
                    state.nulls.resize(nulls.len(), 0);
                    for (sum, more) in state.nulls.iter_mut().zip(nulls) {
                        *sum += more;
                    }
                    state.chunks[chunk] = Some(stored);
                });
                told(table, board);
                Ok(())
            }
            Err(error) if error.ends_the_run() => Err(error),
            Err(error) => {
                drain(&mut rows, &board.shutdown).await?;
                board.state(table, |state| state.given_up = true);
                board.events.found(tell::not_copied(mapping, &error));
                Ok(())
            }
        }
    }
}

/// Writes one chunk's file.
async fn written(
    rows: &mut Rows<'_>,
    (table, chunk): (usize, usize),
    board: &Board,
) -> Result<(Stored, Copied, Vec<u64>), Error> {
    let (mapping, schema) = (&board.conversion.mappings[table], &board.conversion.target);
    let planned = &schema.tables[table];
    let columns = rows.columns().to_vec();
    check_columns(&columns, mapping)?;
    let mut encoder = RowEncoder::new(mapping, &columns);
    encoder.judge = Some(Judge::of(mapping, planned, schema));
    let name = files::name(table, mapping, chunk, board.form);
    let file = board.folder.data(&name, board.form.compression)?;
    let text = (board.form.format == Format::Text).then(|| TextRows::of(mapping, planned));
    let mut sink = FileSink::begin(file, text, mapping)?;
    let told = (Progress::of(mapping, &board.events), &board.shutdown);
    let encoder = fill(rows, &mut sink, encoder, told).await?;
    let (account, judge) = (encoder.account, encoder.judge);
    let (digest, bytes, fact) = sink.end(account.copied.digest).await?;
    let mut remains = board.remains.lock().unwrap_or_else(PoisonError::into_inner);
    remains.keep(&board.folder, mapping, &account.quarantined)?;
    let written = Written { path: fact.path.clone(), rows: digest.rows, bytes };
    let nulls = judge.map(|judge| judge.nulls).unwrap_or_default();
    Ok((Stored { written, fact, digest }, account.copied, nulls))
}

/// A file that takes rows of binary COPY, as they are or as text.
struct FileSink<'a> {
    file: DataFile,
    buffer: Vec<u8>,
    text: Option<TextRows<'a>>,
    /// Of the rows as they are stored, where that is not what the encoder sums.
    stored: Option<Digest>,
}

impl<'a> FileSink<'a> {
    fn begin(
        mut file: DataFile,
        text: Option<TextRows<'a>>,
        mapping: &TableMapping,
    ) -> Result<Self, Error> {
        if text.is_none() {
            file.write(COPY_HEADER)?;
        }
        let own = text.is_some() || mapping.copied < mapping.columns.len();
        let buffer = Vec::with_capacity(BATCH_BYTES * 2);
        Ok(Self { file, buffer, text, stored: own.then(Digest::default) })
    }

    fn store(&mut self) -> Result<(), Error> {
        let Self { file, buffer, text, stored } = self;
        match (text, stored) {
            (Some(text), Some(stored)) => {
                each_row(buffer, |row| stored.add(text.row(row)));
                file.write(&text.out)?;
                text.out.clear();
            }
            (_, Some(stored)) => {
                each_row(buffer, |row| stored.add(row));
                file.write(buffer)?;
            }
            (_, None) => file.write(buffer)?,
        }
        buffer.clear();
        Ok(())
    }

    /// Ends the file, on the disk: the digest of its rows, its bytes before they were compressed, and
    /// what it is known by.
    async fn end(mut self, encoded: Digest) -> Result<(Digest, u64, FileFact), Error> {
        self.store()?;
        self.file.write(if self.text.is_some() { COPY_TEXT_END } else { COPY_TRAILER })?;
        let (digest, bytes) = (self.stored.unwrap_or(encoded), self.file.taken());
        let file = self.file;
        // A disk may take its time.
        let ended = tokio::task::spawn_blocking(move || file.finish()).await;
        let fact = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        Ok((digest, bytes, fact))
    }
}

impl Sink for FileSink<'_> {
    #[inline]
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.buffer.len() >= BATCH_BYTES
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.store()?;
        // Writing to a file gives no other task its turn.
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// Tells that a table is written, if it is.
fn told(table: usize, board: &Board) {
    let mapping = &board.conversion.mappings[table];
    let state = board.state(table, |state| state.source().map(|_whole| state.clone()));
    let Some(state) = state else { return };
    let planned = &board.conversion.target.tables[table];
    for finding in tell::altered(mapping, planned, &state.copied) {
        board.events.found(finding);
    }
    board.events.emit(Event::CopyFinished {
        table: mapping.source.clone(),
        rows: state.copied.digest.rows,
        bytes: state.copied.bytes,
        milliseconds: state.begun.map_or(0, |begun| begun.elapsed().as_millis() as u64),
    });
}

/// Reads one file back; whoever reads a table's last one compares.
async fn prove(table: usize, chunk: usize, board: &Board) -> Result<(), Error> {
    let mapping = &board.conversion.mappings[table];
    let name = || mapping.source.clone();
    let (whole, stored, first) = board.state(table, |state| {
        let first = !std::mem::replace(&mut state.proving, true);
        (state.source(), state.chunks[chunk].clone(), first)
    });
    let (Some(whole), Some(stored)) = (whole, stored) else { return Ok(()) };
    if first {
        board.events.emit(Event::VerifyStarted { table: name(), rows: whole.rows });
    }
    let (place, fact) = (board.folder.path().to_owned(), stored.fact.clone());
    let format = board.form.format;
    let read = tokio::task::spawn_blocking(move || proof::digest(&place, &fact, format)).await;
    let read = read.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
    board.events.emit(Event::VerifyProgress { table: name(), rows: read.rows });
    let done = board.state(table, |state| {
        state.proof += read;
        state.proofs += 1;
        state.milliseconds = state.begun.map_or(0, |begun| begun.elapsed().as_millis() as u64);
        (state.proofs == state.chunks.len()).then(|| {
            state.read_back = Some(state.proof);
            (state.proof, state.stored(), state.milliseconds)
        })
    });
    let Some((read, stored, milliseconds)) = done else { return Ok(()) };
    if let Some(difference) = verify::difference(stored, read) {
        let message = format!("the files, read back, are not what was written: {difference}");
        board.events.found(Finding::error(
            Code::RowsDiffer,
            Place::table(&mapping.source),
            message,
        ));
    }
    let (rows, equal) = (read.rows, read == stored);
    board.events.emit(Event::VerifyFinished { table: name(), rows, equal, milliseconds });
    Ok(())
}
