//! Proves a table: its target is read back, and must have the digest that the source had.

mod archived;
mod bench;
mod bucket;
mod differ;
mod here;
mod independent;
mod manner;
mod near;
mod packed;
mod planned;
mod repair;
mod run;
mod sample;
mod sql;
mod subject;

use crate::event::{Event, Events};
use crate::migrate::digest::Digest;
use crate::migrate::error::Error;
use crate::migrate::mapping::TableMapping;
use crate::postgres::connect::Session;
use crate::postgres::load::read_back;

pub(crate) use archived::{Request as ArchivedRequest, run as archived};
pub(crate) use differ::Repair;
pub(crate) use manner::{Judge, Manner};
pub(crate) use packed::{Request as PackedRequest, run as packed};
pub(crate) use run::{Request, run};
pub(crate) use sample::Share;

/// How many rows are read back between two words about it.
const ROWS_PER_EVENT: u64 = 20_000;

/// The digest of the rows that a COPY … TO STDOUT gives back, generated columns included.
pub(crate) async fn target_digest(
    session: &Session,
    mapping: &TableMapping,
    copy_out: &str,
    events: &Events,
) -> Result<Digest, Error> {
    let mut digest = Digest::default();
    read_back(session, copy_out, |fields| {
        digest.add(fields);
        if digest.rows.is_multiple_of(ROWS_PER_EVENT) {
            let table = mapping.source.clone();
            events.emit(Event::VerifyProgress { table, rows: ROWS_PER_EVENT });
        }
    })
    .await?;
    Ok(digest)
}

/// What differs, in words; `None` if nothing does.
pub(crate) fn difference(source: Digest, target: Digest) -> Option<String> {
    if source == target {
        return None;
    }
    Some(if source.rows == target.rows {
        format!("{} rows on both sides, but not the same rows", source.rows)
    } else {
        format!("{} rows in the source, {} in the target", source.rows, target.rows)
    })
}

#[cfg(test)]
mod tests {
    use super::difference;
    use crate::migrate::digest::Digest;

    #[test]
    fn equal_digests_have_no_difference() {
        let one = Digest { rows: 2, sum: 7 };
        assert_eq!(difference(one, one), None);
        let other = Digest { rows: 2, sum: 8 };
        assert_eq!(difference(one, other).unwrap(), "2 rows on both sides, but not the same rows");
        let fewer = Digest { rows: 1, sum: 7 };
        assert_eq!(difference(one, fewer).unwrap(), "2 rows in the source, 1 in the target");
    }
}
