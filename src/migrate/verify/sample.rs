//! A share of the rows, for a look that takes minutes where the whole takes hours: chunks of the
//! key, spread over the table from a random beginning. What it finds is found; what it does not
//! find proves nothing of the other rows.

use std::hash::{BuildHasher, RandomState};

use crate::migrate::chunk::{self, Plan};
use crate::migrate::error::Error;
use crate::migrate::mapping::{Part, TableMapping};
use crate::migrate::source::{Reader, Selection};
use crate::mysql::schema::Schema;

/// How much of each table is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    All,
    /// So many of a hundred rows.
    Percent(u8),
}

/// The source's data in one of the chunks that a share is made of.
const CHUNK_BYTES: u64 = 1024 * 1024;

/// The same rows, as both sides are asked for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) source: Selection,
    /// A COPY … TO STDOUT.
    pub(super) target: String,
}

impl Look {
    pub(super) fn whole(mapping: &TableMapping) -> Self {
        Self { source: Selection::Whole, target: mapping.copy_out(Part::WHOLE) }
    }
}

/// The looks that make a share of each table, in the order of the mappings. A table that cannot be
/// cut in the same places on both sides is looked at as a whole.
pub(super) async fn looks(
    (schema, mappings): (&Schema, &[TableMapping]),
    readers: &mut [&mut Reader],
    percent: u8,
) -> Result<Vec<Vec<Look>>, Error> {
    let plans = chunk::plans((schema, mappings), readers, CHUNK_BYTES).await?;
    let random = RandomState::new();
    let looks = mappings.iter().zip(&plans).map(|(mapping, plan)| {
        let start = random.hash_one(&mapping.source.name) as usize;
        some(mapping, plan, (percent, start)).unwrap_or_else(|| vec![Look::whole(mapping)])
    });
    Ok(looks.collect())
}

/// Every so manyth chunk; `None` if the target does not order its keys as the source does.
fn some(mapping: &TableMapping, plan: &Plan, (percent, start): (u8, usize)) -> Option<Vec<Look>> {
    let key = plan.key.as_ref()?;
    chosen(plan.chunks.len(), percent, start)
        .map(|at| {
            let chunk = &plan.chunks[at];
            let source = chunk.selection(Some(key));
            Some(Look { source, target: chunk.copy_out(mapping, key)? })
        })
        .collect()
}

/// Which of so many chunks make so many of a hundred, at least one of them.
fn chosen(chunks: usize, percent: u8, start: usize) -> impl Iterator<Item = usize> {
    let wanted = (chunks * usize::from(percent)).div_ceil(100).clamp(1, chunks.max(1));
    (0..wanted).map(move |nth| (start % chunks.max(1) + nth * chunks / wanted) % chunks.max(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::chosen;

    #[test]
    fn a_share_is_spread_and_never_empty() {
        for (chunks, percent, wanted) in [(1, 1, 1), (10, 1, 1), (10, 100, 10), (1000, 5, 50)] {
            for start in [0, 7, usize::MAX / 2] {
                let all: BTreeSet<usize> = chosen(chunks, percent, start).collect();
                assert_eq!(all.len(), wanted, "{chunks} {percent} {start}");
                assert!(all.iter().all(|at| *at < chunks));
            }
        }
        let spread: Vec<usize> = chosen(100, 4, 10).collect();
        assert_eq!(spread, [10, 35, 60, 85]);
    }
}
