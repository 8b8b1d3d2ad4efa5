//! A run that goes on where another one ended.
//!
//! The journal says which chunks are in the target, and what the source's rows were. `MySQL` cannot
//! keep a snapshot for us, so the source may have changed since: each chunk that is done is read
//! again, in the new snapshot, and must still come to the same digest; one that does not is copied
//! again in place of the old rows. So everything in the target is from the one new instant in the
//! end, and of an unchanged source nothing is written twice but what was under way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::event::{Event, Events, Phase};
use crate::finding::{Code, Finding, Place};
use crate::migrate::chunk::{Bound, Chunk, ChunkKey, Plan};
use crate::migrate::copied::Copied;
use crate::migrate::copy::read_source;
use crate::migrate::digest::Digest;
use crate::migrate::error::Error;
use crate::migrate::jobs::{self, TableJobs};
use crate::migrate::mapping::TableMapping;
use crate::migrate::source::Reader;
use crate::mysql::schema::Schema;
use crate::name::TableName;
use crate::postgres::connect::Session;
use crate::postgres::journal::{self, Entry, Run};
use crate::shutdown::Shutdown;

/// What came before this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    /// Nothing that is not finished.
    None,
    /// A run that could be resumed, and is not to be.
    Unfinished,
    /// The run that this one goes on with.
    Resumed(Run),
}

/// One table with its chunks as they were planned.
struct Begun<'a> {
    mapping: &'a TableMapping,
    plan: Plan,
    entries: Vec<Entry>,
    /// What its target had before the run.
    before: Digest,
}

/// A chunk that was done, and what the source's rows come to now.
type Checked = BTreeMap<(usize, usize), Copied>;

/// What is left to be done of a run, table by table.
pub(crate) async fn jobs(
    session: &Session,
    run: i64,
    (schema, mappings, before): (&Schema, &[TableMapping], &[Digest]),
    readers: &mut [&mut Reader],
    (events, shutdown): (&Events, &Shutdown),
) -> Result<Vec<TableJobs>, Error> {
    let mut by_table: BTreeMap<TableName, Vec<Entry>> = BTreeMap::new();
    for entry in journal::entries(session, run).await? {
        by_table.entry(entry.table.clone()).or_default().push(entry);
    }
    let mut begun = Vec::with_capacity(mappings.len());
    for (mapping, before) in mappings.iter().zip(before) {
        let entries = by_table.remove(&mapping.source).unwrap_or_default();
        let plan = plan(schema, mapping, &entries)?;
        begun.push(Begun { mapping, plan, entries, before: *before });
    }
    events.emit(Event::PhaseStarted { phase: Phase::Recheck });
    let checked = recheck(&begun, readers, shutdown).await?;
    let mut all = Vec::with_capacity(begun.len());
    for (at, table) in begun.iter().enumerate() {
        all.push(table_jobs(session, run, (at, table), (&checked, events)).await?);
    }
    Ok(all)
}

/// The plan of which the journal has the bounds.
fn plan(schema: &Schema, mapping: &TableMapping, entries: &[Entry]) -> Result<Plan, Error> {
    let mut chunks = Vec::with_capacity(entries.len());
    for entry in entries {
        let (lower, upper) =
            (bound(entry.lower_bound.as_ref())?, bound(entry.upper_bound.as_ref())?);
        chunks.push(Chunk { lower, upper });
    }
    let columns = chunks.iter().find_map(|chunk| chunk.upper.as_ref()).and_then(Bound::key_columns);
    let table = schema.tables.iter().find(|table| table.name == mapping.source);
    let key = match (columns, table) {
        (Some(columns), Some(table)) => {
            Some(ChunkKey::of(table, mapping).and_then(|key| key.first(columns)))
        }
        _ => None,
    };
    match key {
        // The key that the bounds speak of is gone.
        Some(None) => Err(Error::Journal { table: mapping.source.clone() }),
        key => Ok(Plan { key: key.flatten(), chunks }),
    }
}

fn bound(json: Option<&String>) -> Result<Option<Bound>, Error> {
    json.map(|json| serde_json::from_str(json)).transpose().map_err(Error::JournalUnreadable)
}

/// Reads the source's rows of all chunks that are done, with all readers.
async fn recheck(
    begun: &[Begun<'_>],
    readers: &mut [&mut Reader],
    shutdown: &Shutdown,
) -> Result<Checked, Error> {
    let mut waiting = Vec::new();
    for (at, table) in begun.iter().enumerate() {
        let done = table.entries.iter().enumerate().filter(|(_, entry)| entry.done.is_some());
        waiting.extend(done.map(|(chunk, _)| (at, chunk)));
    }
    let waiting = Mutex::new(waiting);
    let reading = readers.iter_mut().map(async |reader| {
        let mut checked = Checked::new();
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some((at, chunk)) = next else { return Ok::<_, Error>(checked) };
            let Begun { mapping, plan, .. } = &begun[at];
            let selection = plan.chunks[chunk].selection(plan.key.as_ref());
            let read = read_source(reader, (mapping, &selection), shutdown, |_| ()).await?;
            checked.insert((at, chunk), read);
        }
    });
    let mut all = Checked::new();
    for checked in futures_util::future::try_join_all(reading).await? {
        all.extend(checked);
    }
    Ok(all)
}

async fn table_jobs(
    session: &Session,
    run: i64,
    (at, table): (usize, &Begun<'_>),
    (checked, events): (&Checked, &Events),
) -> Result<TableJobs, Error> {
    let mut result = TableJobs::default();
    let (mut must_empty, mut clears) = (false, Vec::new());
    for (number, (chunk, entry)) in table.plan.chunks.iter().zip(&table.entries).enumerate() {
        let mut job = jobs::of_chunk(run, entry.number, (chunk, &table.plan));
        if let Some(done) = &entry.done {
            let now = checked.get(&(at, number)).cloned().unwrap_or_default();
            if now.digest.rows == done.rows && now.digest.to_string() == done.digest {
                result.done += &now;
                continue;
            }
            // The rows of others are not told from ours: none is taken away.
            if table.before.rows > 0 {
                result.done += &Copied::of(Digest::read(done.rows, &done.digest));
                events.found(stale(table.mapping));
                continue;
            }
            if chunk.is_whole() {
                job = jobs::emptied_first(job, table.mapping);
            } else {
                let key = table.plan.key.as_ref();
                let clear = key.and_then(|key| chunk.delete(table.mapping, key));
                must_empty |= clear.is_none();
                let undo = journal::undo_chunk(run, &table.mapping.source, entry.number);
                clears.extend(clear.map(|clear| format!("{clear}; {undo}; ")));
            }
        }
        result.jobs.push(job);
    }
    if must_empty {
        return empty(session, run, table).await;
    }
    // All at once: a row that has come into one of them may be a value's new place whose old one is in
    // another, and a unique key allows no two.
    if !clears.is_empty() {
        session.execute(&format!("BEGIN; {}COMMIT", clears.concat())).await?;
    }
    Ok(result)
}

fn stale(mapping: &TableMapping) -> Finding {
    let message = "rows that were added beside others stay as they were: the source has changed since, \
                   or rows were set aside";
    let help = "nirvana verify names the rows that differ";
    Finding::error(Code::ChangedDuringCopy, Place::table(&mapping.source), message).help(help)
}

/// For a table whose chunks the target cannot tell apart: all of it is copied again.
async fn empty(session: &Session, run: i64, table: &Begun<'_>) -> Result<TableJobs, Error> {
    let truncate = jobs::truncate(table.mapping);
    let undo = journal::undo_table(run, &table.mapping.source);
    session.execute(&format!("BEGIN; {truncate}; {undo}; COMMIT")).await?;
    let chunks = table.plan.chunks.iter().zip(&table.entries);
    let jobs = chunks.map(|(chunk, entry)| jobs::of_chunk(run, entry.number, (chunk, &table.plan)));
    Ok(TableJobs { jobs: jobs.collect(), done: Copied::default() })
}
