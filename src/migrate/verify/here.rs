//! The rows of a table that differ between its source and its files, found without a server: both
//! sides are brought into COPY's text form, and those of unequal buckets are compared by their keys.

use std::collections::BTreeMap;

use crate::archive::{Archive, Format, Table as PackedTable};
use crate::migrate::copy::read_judged;
use crate::migrate::error::Error;
use crate::migrate::judge::Judge;
use crate::migrate::mapping::TableMapping;
use crate::migrate::pack::{TextRows, stored_rows};
use crate::migrate::source::{Reader, Selection};
use crate::migrate::verify::bucket::{Buckets, Router, Wanted, unequal};
use crate::migrate::verify::differ::{GROUP_BYTES, KEPT, Told, at_least, cut};
use crate::postgres::schema::Table as Planned;
use crate::report::{Difference, DifferenceKind, DifferingTable, KeyValue};
use crate::shutdown::Shutdown;

/// One table, and where its files are.
pub(super) struct Here<'a> {
    pub(super) archive: &'a Archive,
    pub(super) table: &'a PackedTable,
    pub(super) mapping: &'a TableMapping,
    pub(super) planned: &'a Planned,
}

/// A row as its fields, each behind its length, as binary COPY has them, but as escaped text.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(Vec<u8>);

impl Line {
    /// A row of binary COPY as a file of this form holds it.
    pub(super) fn as_stored<'t>(
        text: &'t mut TextRows<'_>,
        format: Format,
        fields: &'t [u8],
    ) -> &'t [u8] {
        match format {
            Format::Binary => fields,
            Format::Text => {
                text.out.clear();
                text.row(fields)
            }
        }
    }

    /// Takes a line of COPY's text form.
    fn take(&mut self, line: &[u8]) -> &[u8] {
        self.0.clear();
        for field in line.split(|byte| *byte == b'\t') {
            if field == b"\\N" {
                self.0.extend_from_slice(&(-1_i32).to_be_bytes());
            } else {
                self.0.extend_from_slice(&(field.len() as i32).to_be_bytes());
                self.0.extend_from_slice(field);
            }
        }
        &self.0
    }
}

/// The rows of one group, by their key.
type Rows = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

impl Here<'_> {
    pub(super) async fn differ<'j>(
        &mut self,
        reader: &mut Reader,
        judge: impl Fn() -> Judge<'j>,
        shutdown: &Shutdown,
    ) -> Result<Told, Error> {
        let key: Vec<usize> = self.mapping.key.clone();
        let key = if key.iter().all(|at| *at < self.mapping.copied) { key } else { Vec::new() };
        let router = Router::new(self.mapping.copied, &key);
        let (mut source, mut stored) = (Buckets::new(), Buckets::new());
        self.of_source(reader, judge(), shutdown, |row| source.add(&router, row)).await?;
        self.of_files(|row| stored.add(&router, row))?;
        let table = self.mapping.source.clone();
        let count = DifferingTable { table, missing: 0, extra: 0, changed: 0, complete: true };
        let mut told = Told { count, differences: Vec::new(), statements: Vec::new() };
        for group in &unequal(&source, &stored, GROUP_BYTES) {
            if shutdown.is_requested() {
                return Err(Error::Stopped);
            }
            if told.differences.len() >= KEPT {
                at_least(group, &mut told.count);
                continue;
            }
            let wanted = Wanted::of(group);
            let (mut near, mut far) = (Rows::new(), Rows::new());
            let keep = |rows: &mut Rows, row: &[u8]| {
                if wanted.has(router.bucket(row)) {
                    rows.entry(key_of(row, &key)).or_default().push(row.to_vec());
                }
            };
            self.of_source(reader, judge(), shutdown, |row| keep(&mut near, row)).await?;
            self.of_files(|row| keep(&mut far, row))?;
            self.compare(&key, (near, far), &mut told);
        }
        Ok(told)
    }

    async fn of_source(
        &self,
        reader: &mut Reader,
        judge: Judge<'_>,
        shutdown: &Shutdown,
        mut row: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        let (mut text, mut line) = (TextRows::of(self.mapping, self.planned), Line::default());
        let asked = (self.mapping, &Selection::Whole, Some(judge));
        read_judged(reader, asked, shutdown, |fields| {
            text.out.clear();
            row(line.take(text.row(fields)));
        })
        .await?;
        Ok(())
    }

    fn of_files(&self, mut row: impl FnMut(&[u8])) -> Result<(), Error> {
        let (mut text, mut line) = (TextRows::of(self.mapping, self.planned), Line::default());
        let format = self.archive.manifest.data.format;
        for chunk in &self.table.chunks {
            let mut file = self.archive.read(&chunk.file)?;
            stored_rows(&mut file, format, |stored| match format {
                Format::Text => row(line.take(stored)),
                Format::Binary => {
                    text.out.clear();
                    row(line.take(text.row(stored)));
                }
            })?;
        }
        Ok(())
    }

    /// Rows without a key are known by all that is in them: each is missing or it is not.
    fn compare(&self, key: &[usize], (mut near, mut far): (Rows, Rows), told: &mut Told) {
        let keys: Vec<Vec<u8>> = near.keys().chain(far.keys()).cloned().collect();
        for known in keys {
            let (ours, theirs) = (near.remove(&known), far.remove(&known));
            let (ours, theirs) = (ours.unwrap_or_default(), theirs.unwrap_or_default());
            let both = ours.len().min(theirs.len());
            for (one, other) in ours.iter().zip(&theirs).filter(|(one, other)| one != other) {
                told.count.changed += 1;
                self.changed(key, (one, other), told);
            }
            for row in &ours[both..] {
                told.count.missing += 1;
                self.tell(key, (row, DifferenceKind::Missing), (None, None, None), told);
            }
            for row in &theirs[both..] {
                told.count.extra += 1;
                self.tell(key, (row, DifferenceKind::Extra), (None, None, None), told);
            }
        }
    }

    fn changed(&self, key: &[usize], (one, other): (&[u8], &[u8]), told: &mut Told) {
        let pairs = fields(one).into_iter().zip(fields(other)).enumerate();
        for (at, (source, stored)) in pairs.filter(|(_, (source, stored))| source != stored) {
            let values = (Some(at), value(source), value(stored));
            self.tell(key, (one, DifferenceKind::Changed), values, told);
        }
    }

    fn tell(
        &self,
        key: &[usize],
        (row, kind): (&[u8], DifferenceKind),
        (at, source, target): (Option<usize>, Option<String>, Option<String>),
        told: &mut Told,
    ) {
        if told.differences.len() >= KEPT {
            return;
        }
        let name = |at: usize| self.mapping.columns[at].target.clone();
        let all: Vec<usize> = (0..self.mapping.copied).collect();
        let known_by = if key.is_empty() { &all } else { key };
        let fields = fields(row);
        let key = known_by.iter().map(|at| KeyValue {
            column: name(*at),
            value: fields.get(*at).copied().and_then(value),
        });
        told.differences.push(Difference {
            table: self.mapping.source.clone(),
            kind,
            key: key.collect(),
            column: at.map(name),
            source,
            target,
        });
    }
}

/// The fields of a row; `None` for NULL.
fn fields(row: &[u8]) -> Vec<Option<&[u8]>> {
    let mut fields = Vec::new();
    let mut rest = row;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (field, behind) = behind.split_at(length.unwrap_or(0).min(behind.len()));
        fields.push(length.map(|_| field));
        rest = behind;
    }
    fields
}

/// The bytes of the key's fields, or of all of them.
fn key_of(row: &[u8], key: &[usize]) -> Vec<u8> {
    if key.is_empty() {
        return row.to_vec();
    }
    let fields = fields(row);
    let mut known = Vec::new();
    for at in key {
        let field = fields.get(*at).copied().flatten().unwrap_or_default();
        known.extend_from_slice(&(field.len() as u32).to_be_bytes());
        known.extend_from_slice(field);
    }
    known
}

/// A field as a person reads it.
fn value(field: Option<&[u8]>) -> Option<String> {
    let mut text = Vec::new();
    let mut bytes = field?.iter();
    while let Some(byte) = bytes.next() {
        match (byte, if *byte == b'\\' { bytes.next() } else { None }) {
            (_, Some(b'n')) => text.push(b'\n'),
            (_, Some(b'r')) => text.push(b'\r'),
            (_, Some(b't')) => text.push(b'\t'),
            (_, Some(other)) => text.push(*other),
            (byte, None) => text.push(*byte),
        }
    }
    Some(cut(String::from_utf8_lossy(&text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Line, fields, key_of, value};

    #[test]
    fn a_line_is_fields_again() {
        let mut line = Line::default();
        let row = line.take(b"7\t\\N\t\ta\\tb\\\\N").to_vec();
        let values: Vec<_> = fields(&row).into_iter().map(value).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(values, [text("7"), None, text(""), text("a\tb\\N")]);
        assert_eq!(key_of(&row, &[0]), [0, 0, 0, 1, b'7']);
        assert_ne!(key_of(&row, &[]), key_of(line.take(b"7\t\\N\t\\N\tx"), &[]));
    }
}
