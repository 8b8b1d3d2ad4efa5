//! What is to be copied of each table: all of it in a run that begins, and in one that goes on
//! what is missing or no longer what the source has.

use crate::migrate::chunk::{Bound, Chunk, Plan};
use crate::migrate::copied::Copied;
use crate::migrate::copy::ChunkJob;
use crate::migrate::mapping::{Age, Owner, TableMapping};
use crate::postgres::journal::Entry;

/// The chunks of one table that are to be copied, and what the others came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableJobs {
    pub(crate) jobs: Vec<ChunkJob>,
    pub(crate) done: Copied,
}

/// From here on it pays to empty a table once more so that its rows can be frozen: that costs the
/// target a file.
const FREEZE_FROM_BYTES: u64 = 4 * 1024 * 1024;

/// A table's chunks as the journal keeps them.
pub(crate) fn entries(mapping: &TableMapping, plan: &Plan) -> Vec<Entry> {
    let json =
        |bound: &Option<Bound>| bound.as_ref().map(|bound| serde_json::json!(bound).to_string());
    let numbered = plan.chunks.iter().enumerate();
    numbered
        .map(|(number, chunk)| Entry {
            table: mapping.source.clone(),
            number: number as u32,
            lower_bound: json(&chunk.lower),
            upper_bound: json(&chunk.upper),
            done: None,
        })
        .collect()
}

/// All chunks of a table that was just made.
pub(crate) fn of_new_table(run: i64, mapping: &TableMapping, plan: &Plan) -> TableJobs {
    let jobs = plan.chunks.iter().enumerate().map(|(number, chunk)| {
        let job = of_chunk(run, number as u32, (chunk, plan));
        let large = mapping.bytes_estimate >= FREEZE_FROM_BYTES;
        if chunk.is_whole() && large && mapping.owner == Owner::Ours {
            emptied_first(job, mapping)
        } else {
            job
        }
    });
    TableJobs { jobs: jobs.collect(), done: Copied::default() }
}

/// A chunk of which the target has nothing.
pub(crate) fn of_chunk(run: i64, number: u32, (chunk, plan): (&Chunk, &Plan)) -> ChunkJob {
    let selection = chunk.selection(plan.key.as_ref());
    ChunkJob { run, number, selection, clear: None, age: Age::Settled }
}

/// The job of a whole table, which is emptied in the same transaction.
pub(crate) fn emptied_first(job: ChunkJob, mapping: &TableMapping) -> ChunkJob {
    let age = match mapping.owner {
        Owner::Ours => Age::Fresh,
        // No rows of a partitioned table can be frozen.
        Owner::Theirs => Age::Settled,
    };
    ChunkJob { clear: Some(truncate(mapping)), age, ..job }
}

pub(crate) fn truncate(mapping: &TableMapping) -> String {
    format!("TRUNCATE {}", mapping.emptied())
}
