//! Finds the rows of a table that differ: buckets first, then the rows of those that differ, which
//! the target's server compares. Neither side needs an order, so that it works for keys of every
//! type, and without a key; what is held of a table at once is bounded.

use crate::migrate::error::Error;
use crate::migrate::mapping::{Part, TableMapping};
use crate::migrate::verify::bucket::{Buckets, Router, Unequal, Wanted, unequal};
use crate::migrate::verify::near::Near;
use crate::migrate::verify::repair;
use crate::migrate::verify::sql::{SOURCE, Shape, TARGET, VALUE_CHARACTERS};
use crate::migrate::verify::subject::Subject;
use crate::postgres::connect::{Session, TextRow};
use crate::postgres::error::Error as TargetError;
use crate::postgres::load::{BATCH_BYTES, Loader, read_back};
use crate::report::{Difference, DifferenceKind, DifferingTable, KeyValue};
use crate::shutdown::Shutdown;

/// Bytes of rows that are held of one table at once, both sides together.
pub(super) const GROUP_BYTES: u64 = 16 * 1024 * 1024;

/// Differences of one table that are kept, and statements that would mend them.
pub(super) const KEPT: usize = 1000;

/// Whether what differs is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// Tell only; the target is not touched.
    Leave,
    /// Give the target the source's rows.
    Apply,
}

/// What differs in one table.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) count: DifferingTable,
    pub(super) differences: Vec<Difference>,
    pub(super) statements: Vec<String>,
}

/// Both ends of one table, inside a transaction of the target.
pub(super) struct Differ<'a> {
    pub(super) near: Near<'a>,
    pub(super) session: &'a Session,
    pub(super) subject: &'a Subject,
    pub(super) shutdown: &'a Shutdown,
    pub(super) repair: Repair,
}

impl Differ<'_> {
    pub(super) async fn differ(&mut self) -> Result<Told, Error> {
        let table = self.subject.whole.source.clone();
        let count = DifferingTable { table, missing: 0, extra: 0, changed: 0, complete: true };
        let mut told = Told { count, differences: Vec::new(), statements: Vec::new() };
        let groups = self.groups().await?;
        let shape = Shape::of(&self.subject.mapping, &self.subject.key);
        for group in &groups {
            if self.shutdown.is_requested() {
                return Err(Error::Stopped);
            }
            // What is not told is counted as far as the buckets tell it: each group would be
            // one more look at all rows.
            if told.differences.len() >= KEPT && self.repair == Repair::Leave {
                at_least(group, &mut told.count);
                continue;
            }
            self.load(group, &shape).await?;
            self.session.execute(&shape.compare()).await?;
            self.tell(&shape, &mut told).await?;
            if self.repair == Repair::Apply {
                repair::mend(self.session, &shape).await?;
            }
        }
        Ok(told)
    }

    /// The buckets that differ, in groups that can be held.
    async fn groups(&mut self) -> Result<Vec<Vec<Unequal>>, Error> {
        let whole = &self.subject.whole;
        let router = Router::new(whole.columns.len(), &self.subject.key);
        let (mut source, mut target) = (Buckets::new(), Buckets::new());
        let copy_out = whole.copy_out(Part::WHOLE);
        let (read, read_back) = tokio::join!(
            self.near.rows(whole, self.shutdown, |row| source.add(&router, row)),
            read_back(self.session, &copy_out, |row| target.add(&router, row)),
        );
        read?;
        read_back?;
        Ok(unequal(&source, &target, GROUP_BYTES))
    }

    /// Puts the rows of a group's buckets, of both sides, into two tables of the session.
    async fn load(&mut self, group: &[Unequal], shape: &Shape) -> Result<(), Error> {
        let whole = &self.subject.whole;
        let router = Router::new(whole.columns.len(), &self.subject.key);
        let wanted = Wanted::of(group);
        let keep = |kept: &mut Vec<u8>, row: &[u8]| {
            if wanted.has(router.bucket(row)) {
                kept.extend_from_slice(&(whole.columns.len() as i16).to_be_bytes());
                kept.extend_from_slice(row);
            }
        };
        let (mut source, mut target) = (Vec::new(), Vec::new());
        let copy_out = whole.copy_out(Part::WHOLE);
        let (read, read_back) = tokio::join!(
            self.near.rows(whole, self.shutdown, |row| keep(&mut source, row)),
            read_back(self.session, &copy_out, |row| keep(&mut target, row)),
        );
        read?;
        read_back?;
        self.session.execute(&shape.make_room()).await?;
        for (rows, into) in [(&source, SOURCE), (&target, TARGET)] {
            let mut loader = Loader::start(self.session, &shape.copy_in(into)).await?;
            for batch in rows.chunks(BATCH_BYTES) {
                loader.buffer.extend_from_slice(batch);
                loader.flush().await?;
            }
            loader.finish().await?;
        }
        Ok(())
    }

    /// Counts what differs in this group, and tells it as long as there is room.
    async fn tell(&self, shape: &Shape, told: &mut Told) -> Result<(), Error> {
        for row in self.session.rows(&Shape::count()).await? {
            let rows: u64 = text(&row, 1).parse().map_err(|_| self.unreadable(&row))?;
            match self.kind(&row)? {
                DifferenceKind::Missing => told.count.missing += rows,
                DifferenceKind::Extra => told.count.extra += rows,
                DifferenceKind::Changed => told.count.changed += rows,
            }
        }
        let room = KEPT - told.differences.len().min(KEPT);
        for row in self.session.rows(&Shape::tell(room)).await? {
            told.differences.push(self.difference(shape, &row)?);
        }
        let room = KEPT - told.statements.len().min(KEPT);
        let statements = self.session.rows(&shape.statements(room)).await?;
        told.statements.extend(statements.iter().map(|row| text(row, 0).to_owned()));
        Ok(())
    }

    fn difference(&self, shape: &Shape, row: &TextRow) -> Result<Difference, Error> {
        let mapping: &TableMapping = &self.subject.whole;
        let name = |at: usize| mapping.columns.get(at).map(|column| column.target.clone());
        let values: Vec<Option<String>> =
            serde_json::from_str(text(row, 1)).map_err(|_| self.unreadable(row))?;
        let key = shape.known_by().into_iter().zip(values).map(|(at, value)| KeyValue {
            column: name(at).unwrap_or_default(),
            value: value.map(cut),
        });
        let column = text(row, 2).parse::<usize>().ok();
        Ok(Difference {
            table: mapping.source.clone(),
            kind: self.kind(row)?,
            key: key.collect(),
            column: column.and_then(|column| name(column.checked_sub(1)?)),
            source: row.get(3).cloned().flatten().map(cut),
            target: row.get(4).cloned().flatten().map(cut),
        })
    }

    fn kind(&self, row: &TextRow) -> Result<DifferenceKind, Error> {
        match text(row, 0) {
            "missing" => Ok(DifferenceKind::Missing),
            "extra" => Ok(DifferenceKind::Extra),
            "changed" => Ok(DifferenceKind::Changed),
            _ => Err(self.unreadable(row)),
        }
    }

    #[cold]
    fn unreadable(&self, row: &TextRow) -> Error {
        let address = self.session.address().to_owned();
        TargetError::Unreadable { address, what: format!("{row:?}") }.into()
    }
}

fn text(row: &TextRow, at: usize) -> &str {
    row.get(at).and_then(Option::as_deref).unwrap_or_default()
}

/// At most so many characters, with `…` where something was cut.
pub(super) fn cut(value: String) -> String {
    match value.char_indices().nth(VALUE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    }
}

/// Counts what the buckets alone tell.
pub(super) fn at_least(group: &[Unequal], count: &mut DifferingTable) {
    for Unequal { source, target, .. } in group {
        let (source, target) = (source.digest.rows, target.digest.rows);
        count.missing += source.saturating_sub(target);
        count.extra += target.saturating_sub(source);
        // As many rows, but not the same: one of them at least.
        count.changed += u64::from(source == target);
        count.complete &= source == 0 || target == 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{at_least, cut};
    use crate::migrate::digest::Digest;
    use crate::migrate::verify::bucket::{Bucket, Unequal};
    use crate::name::TableName;
    use crate::report::DifferingTable;

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(cut("ü".repeat(200)), "ü".repeat(200));
        assert_eq!(cut("ü".repeat(201)), format!("{}…", "ü".repeat(200)));
    }

    #[test]
    fn buckets_tell_the_least_that_differs() {
        let side = |rows| Bucket { digest: Digest { rows, sum: 7 }, bytes: 1 };
        let bucket =
            |source, target| Unequal { number: 0, source: side(source), target: side(target) };
        let table = TableName::new("shop", "orders");
        let mut count = DifferingTable { table, missing: 0, extra: 0, changed: 0, complete: true };
        at_least(&[bucket(3, 0), bucket(0, 2)], &mut count);
        assert_eq!((count.missing, count.extra, count.changed, count.complete), (3, 2, 0, true));
        at_least(&[bucket(5, 4), bucket(2, 2)], &mut count);
        assert_eq!((count.missing, count.extra, count.changed, count.complete), (4, 2, 1, false));
    }
}
