//! Says in the target's place which rows it would refuse, where there is no target to ask: as far
//! as that can be told from a row and its table's columns. Pure.
//!
//! What it does not know is found when the directory is loaded, which then stops: a generated
//! column whose expression fails, a row that no partition takes, a geometry that PostGIS refuses.

use std::collections::HashSet;

use serde::de::IgnoredAny;

use crate::migrate::mapping::TableMapping;
use crate::migrate::transcode::ValueError;
use crate::postgres::schema::{ColumnType, Schema, Table};

/// The bytes of a row that a page takes (`MaxHeapTupleSize` of pages of 8 KiB).
const ROW_BYTES: usize = 8160;
/// A value up to here stays in the row; a longer one may leave a pointer of so many bytes there.
const STAYS: usize = 24;
const POINTER: usize = 18;

/// One table's.
#[derive(Clone, Debug)]
pub(crate) struct Judge<'a> {
    /// Of the copied columns.
    rules: Vec<Rule<'a>>,
    /// Rows that have NULL, by column.
    pub(crate) nulls: Vec<u64>,
    /// Whether rows of this table can be too long for a page at all.
    can_be_long: bool,
}

#[derive(Clone, Debug)]
struct Rule<'a> {
    content: Content<'a>,
    /// In the row, if it is the same for all values: bytes, and what it is aligned to.
    fixed: Option<(usize, usize)>,
}

#[derive(Clone, Debug)]
enum Content<'a> {
    Any,
    Text,
    /// No more characters than this.
    VarChar(usize),
    Labels(HashSet<&'a [u8]>),
    Json,
    Texts,
}

impl<'a> Judge<'a> {
    /// Of a table that was planned; `schema` has its enums.
    pub(crate) fn of(mapping: &TableMapping, table: &'a Table, schema: &'a Schema) -> Self {
        let types = mapping.columns[..mapping.copied].iter().map(|column| {
            let planned = table.columns.iter().find(|planned| planned.name == column.target);
            planned.map(|planned| &planned.column_type)
        });
        let rules: Vec<Rule<'a>> = types.map(|kind| Rule::of(kind, schema)).collect();
        let worst: usize =
            rules.iter().map(|rule| rule.fixed.map_or(STAYS, |(size, _)| size + 7)).sum();
        let nulls = vec![0; rules.len()];
        let can_be_long = 23 + rules.len() / 8 + 8 + worst > ROW_BYTES;
        Self { rules, nulls, can_be_long }
    }

    /// `fields` as they stand in binary COPY.
    #[inline]
    pub(crate) fn judge(&mut self, fields: &[u8]) -> Result<(), (usize, ValueError)> {
        let mut rest = fields;
        for (at, rule) in self.rules.iter().enumerate() {
            let (field, behind) = next(rest);
            rest = behind;
            match field {
                Some(field) => {
                    rule.content.judge(field).map_err(|why| (at, ValueError::Refused(why)))?;
                }
                None => self.nulls[at] += 1,
            }
        }
        if self.can_be_long { self.length(fields) } else { Ok(()) }
    }

    /// The least that the row takes in a page.
    fn length(&self, fields: &[u8]) -> Result<(), (usize, ValueError)> {
        let (mut rest, mut bytes, mut nulls) = (fields, 0_usize, false);
        for rule in &self.rules {
            let (field, behind) = next(rest);
            rest = behind;
            let Some(field) = field else {
                nulls = true;
                continue;
            };
            match rule.fixed {
                Some((size, align)) => bytes = bytes.next_multiple_of(align) + size,
                None if field.len() < STAYS => bytes += field.len() + 1,
                None => bytes += POINTER,
            }
        }
        let bitmap = if nulls { self.rules.len().div_ceil(8) } else { 0 };
        let bytes = ((23 + bitmap).next_multiple_of(8) + bytes).next_multiple_of(8);
        if bytes <= ROW_BYTES {
            return Ok(());
        }
        let why = format!("row is too big: size {bytes}, maximum size {ROW_BYTES}");
        // No column in particular.
        Err((usize::MAX, ValueError::Refused(why)))
    }
}

/// A field, or `None` for NULL, and what follows it.
#[inline]
fn next(fields: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some((length, rest)) = fields.split_first_chunk::<4>() else { return (None, fields) };
    match usize::try_from(i32::from_be_bytes(*length)) {
        Ok(length) => {
            let (field, rest) = rest.split_at(length.min(rest.len()));
            (Some(field), rest)
        }
        Err(_negative) => (None, rest),
    }
}

impl<'a> Rule<'a> {
    fn of(kind: Option<&'a ColumnType>, schema: &'a Schema) -> Self {
        use ColumnType as Type;
        let any = |size, align| Self { content: Content::Any, fixed: Some((size, align)) };
        let varied = |content| Self { content, fixed: None };
        match kind {
            Some(Type::Boolean) => any(1, 1),
            Some(Type::SmallInt) => any(2, 2),
            Some(Type::Integer | Type::Real | Type::Date) => any(4, 4),
            Some(
                Type::BigInt
                | Type::DoublePrecision
                | Type::Timestamp { .. }
                | Type::TimestampTz { .. }
                | Type::Time { .. },
            ) => any(8, 8),
            Some(Type::Interval { .. }) => any(16, 8),
            Some(Type::Uuid) => any(16, 1),
            Some(Type::Enum { name }) => {
                let known = schema.enums.iter().find(|known| known.name == *name);
                let labels = known.into_iter().flat_map(|known| &known.labels);
                let labels = labels.map(|label| label.as_bytes()).collect();
                Self { content: Content::Labels(labels), fixed: Some((4, 4)) }
            }
            Some(Type::VarChar { length }) => varied(Content::VarChar(*length as usize)),
            Some(Type::Text) => varied(Content::Text),
            Some(Type::Json) => varied(Content::Json),
            Some(Type::TextArray) => varied(Content::Texts),
            Some(
                Type::Numeric { .. }
                | Type::Bit { .. }
                | Type::Bytea
                | Type::Jsonb
                | Type::Inet
                | Type::RealArray
                | Type::Geometry { .. }
                | Type::Vector { .. },
            )
            | None => varied(Content::Any),
        }
    }
}

impl Content<'_> {
    #[inline]
    fn judge(&self, field: &[u8]) -> Result<(), String> {
        match self {
            Self::Any => Ok(()),
            Self::Text => text(field).map(|_text| ()),
            Self::VarChar(most) => {
                let value = text(field)?;
                if field.len() > *most && value.chars().count() > *most {
                    return Err(format!("value too long for type character varying({most})"));
                }
                Ok(())
            }
            Self::Labels(labels) => {
                if labels.contains(field) {
                    return Ok(());
                }
                Err(format!("invalid input value for enum: {:?}", String::from_utf8_lossy(field)))
            }
            Self::Json => json(text(field)?),
            // The items stand behind 20 bytes, each with its length, which may be no text; they are
            // labels of a SET, whose CHECK looks at them.
            Self::Texts => Ok(()),
        }
    }
}

#[inline]
fn text(field: &[u8]) -> Result<&str, String> {
    let error = match std::str::from_utf8(field) {
        Ok(text) if memchr::memchr(0, field).is_none() => return Ok(text),
        Ok(_nul) => return Err("invalid byte sequence for encoding \"UTF8\": 0x00".to_owned()),
        Err(error) => error,
    };
    let bad = &field[error.valid_up_to()..];
    let bad: Vec<String> = bad.iter().take(4).map(|byte| format!("0x{byte:02x}")).collect();
    Err(format!("invalid byte sequence for encoding \"UTF8\": {}", bad.join(" ")))
}

fn json(text: &str) -> Result<(), String> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => Ok(()),
        Err(error) => Err(format!("invalid input syntax for type json: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Judge, Rule};
    use crate::postgres::schema::ColumnType;

    #[test]
    fn values_are_judged_as_the_server_does() {
        let labels = Content::Labels([b"a".as_slice(), b"b".as_slice()].into());
        let refused = |content: &Content<'_>, field: &[u8]| content.judge(field).err();
        assert_eq!(refused(&Content::Text, "ü".as_bytes()), None);
        let words = refused(&Content::Text, b"a\xff").unwrap();
        assert_eq!(words, "invalid byte sequence for encoding \"UTF8\": 0xff");
        assert!(refused(&Content::Text, b"a\0").is_some());
        assert_eq!(refused(&Content::VarChar(2), "üü".as_bytes()), None);
        let words = refused(&Content::VarChar(2), "üüü".as_bytes()).unwrap();
        assert_eq!(words, "value too long for type character varying(2)");
        assert_eq!(refused(&labels, b"b"), None);
        assert_eq!(refused(&labels, b"c").unwrap(), "invalid input value for enum: \"c\"");
        assert_eq!(refused(&Content::Json, b"[1, {}]"), None);
        let deep = ["[".repeat(10_000), "]".repeat(10_000)].concat();
        assert_eq!(refused(&Content::Json, deep.as_bytes()), None);
        assert!(refused(&Content::Json, b"{").is_some());
    }

    #[test]
    fn a_row_longer_than_a_page_is_refused() {
        let schema = crate::postgres::schema::Schema::default();
        let judge = |columns: usize| {
            let rules = vec![Rule::of(Some(&ColumnType::BigInt), &schema); columns];
            Judge { nulls: vec![0; columns], rules, can_be_long: true }
        };
        let field = [0_u8, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
        assert!(judge(1017).judge(&field.repeat(1017)).is_ok());
        let (_, why) = judge(1018).judge(&field.repeat(1018)).unwrap_err();
        assert_eq!(why.to_string(), "row is too big: size 8168, maximum size 8160");
        // NULL takes a bit.
        let mut nulls = judge(1100);
        assert!(nulls.judge(&[255; 4 * 1100]).is_ok());
        assert_eq!(nulls.nulls, [1; 1100]);
    }
}
