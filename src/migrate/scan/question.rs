//! What may be asked of a column or an index, and the condition in the source's SQL that a value
//! meets which the answer counts.

use super::sql::{Sql, is_text, utf8, utf8_bytes};
use super::{Depth, key};
use crate::migrate::settings::{EnumErrors, Nul, Settings, ZeroDates};
use crate::migrate::transcode::{is_day, is_encoded_twice};
use crate::mysql::error::Truncated;
use crate::mysql::schema::{Column, ColumnType, Index, IndexKey, IndexKind, Schema, Table};
use crate::mysql::wire::ValueCursor;
use crate::name::mysql_quoted;

/// One question: each is about values, and its answer is how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Question {
    /// That do not fit the narrow type.
    Fits,
    /// Dates that do not exist.
    ZeroDates,
    /// The '' of an ENUM for an invalid value.
    EnumErrors,
    /// Texts with U+0000.
    Nul,
    /// Texts with bytes that the server turns into '?', as Unicode has no such character.
    LostCharacters,
    /// Texts that look as if they had been encoded twice.
    EncodedTwice,
    /// That are no UUID.
    NoUuid,
    /// That are a UUID.
    Uuid,
    /// Rows whose entry in an index is too long for btree.
    LongEntries,
    /// Texts of a unique key that have capitals.
    Capitals,
    /// Texts of a unique key that have letters which are no capitals.
    SmallLetters,
    /// Groups of entries in a unique key that an ICU collation takes for one.
    Alike,
    /// Rows whose foreign key leads to no row.
    Orphans,
    /// Rows whose foreign key leads to a row that is written in other case.
    OtherCase,
}

impl Question {
    /// Whether values of one column tell, as they arrive.
    pub(super) fn is_of_values(self) -> bool {
        !matches!(self, Self::LostCharacters | Self::LongEntries | Self::Alike) && !self.is_of_key()
    }

    /// Whether it is about a foreign key.
    pub(super) fn is_of_key(self) -> bool {
        matches!(self, Self::Orphans | Self::OtherCase)
    }

    /// Whether the next value, which is not NULL, is one that is asked for.
    pub(super) fn is(
        self,
        column: &ColumnType,
        cursor: &mut ValueCursor<'_>,
    ) -> Result<bool, Truncated> {
        Ok(match self {
            Self::Fits => match column {
                ColumnType::TinyInt { .. } => cursor.u8()? > 1,
                ColumnType::BigInt { .. } => cursor.u64()? > i64::MAX as u64,
                // A sign, and days.
                ColumnType::Time { .. } => {
                    cursor.temporal()?.get(..5).is_some_and(|start| start != [0; 5])
                }
                ColumnType::Vector { dimensions } => {
                    cursor.bytes()?.len() != 4 * *dimensions as usize
                }
                _ => memchr::memmem::find(cursor.bytes()?, b"\\u0000").is_some(),
            },
            Self::ZeroDates => !is_day(cursor.temporal()?),
            Self::EnumErrors => cursor.bytes()?.is_empty(),
            Self::Nul => memchr::memchr(0, cursor.bytes()?).is_some(),
            Self::EncodedTwice => is_encoded_twice(cursor.bytes()?),
            Self::NoUuid => !is_uuid(column, cursor.bytes()?),
            Self::Uuid => is_uuid(column, cursor.bytes()?),
            Self::Capitals => changes(cursor.bytes()?, str::to_lowercase),
            Self::SmallLetters => changes(cursor.bytes()?, str::to_uppercase),
            Self::LostCharacters
            | Self::LongEntries
            | Self::Alike
            | Self::Orphans
            | Self::OtherCase => false,
        })
    }
}

/// Whether a text is another one in other case.
fn changes(text: &[u8], cased: impl Fn(&str) -> String) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| cased(text) != text)
}

/// As `uuid` asks a server.
fn is_uuid(column: &ColumnType, value: &[u8]) -> bool {
    let hex: Vec<u8> = if let ColumnType::Binary { .. } = column {
        value.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
    } else {
        let dashed = value.len() == 36 && [8, 13, 18, 23].iter().all(|at| value[*at] == b'-');
        if !(dashed || value.len() == 32) {
            return false;
        }
        let digits = value.iter().filter(|byte| !dashed || **byte != b'-');
        let digits: Option<Vec<u8>> =
            digits.map(|byte| char::from(*byte).to_digit(16).map(|digit| digit as u8)).collect();
        digits.unwrap_or_default()
    };
    hex.len() == 32 && (1..=8).contains(&hex[12]) && (8..=11).contains(&hex[16])
}

/// A question about a column, or an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) subject: String,
    pub(crate) question: Question,
}

/// The most bytes that an entry of a btree may have: a third of a page.
pub(crate) const BTREE_BYTES: u32 = 2704;

/// What an entry has besides its values: its own header, alignment, the bitmap of NULLs.
const ENTRY_BYTES: u32 = 24;

/// All that is asked of a table.
pub(super) fn of_table(
    (schema, table): (&Schema, &Table),
    depth: Depth,
    settings: &Settings,
) -> Vec<Asked> {
    if depth == Depth::None {
        return Vec::new();
    }
    let asked = |subject: &String, question| Asked { subject: subject.clone(), question };
    let columns = table.columns.iter().flat_map(|column| {
        let questions = of_column(table, column, (depth, settings)).into_iter();
        questions.map(|question| Asked { subject: column.name.clone(), question })
    });
    let long = table
        .indexes
        .iter()
        .filter(|index| depth >= Depth::Types && long_entry(table, index).is_some());
    let long = long.map(|index| asked(&index.name, Question::LongEntries));
    let alike = table
        .indexes
        .iter()
        .filter(|index| depth == Depth::Foresight && key::may_be_alike(table, index, settings));
    let alike = alike.map(|index| asked(&index.name, Question::Alike));
    let keys = table.foreign_keys.iter().flat_map(|foreign| {
        let known = key::reference(schema, table, foreign);
        let cased = known.as_ref().is_some_and(|known| known.may_differ_in_case(settings));
        let orphans = known.is_some() && depth == Depth::Foresight;
        let cased = (cased && depth >= Depth::Keys).then_some(Question::OtherCase);
        let questions = orphans.then_some(Question::Orphans).into_iter().chain(cased);
        questions.map(|question| asked(&foreign.name, question))
    });
    columns.chain(long).chain(alike).chain(keys).collect()
}

fn of_column(
    table: &Table,
    column: &Column,
    (depth, settings): (Depth, &Settings),
) -> Vec<Question> {
    let policies = settings.rule(table, column).policies();
    let foresight = depth == Depth::Foresight;
    let text = is_text(&column.column_type);
    let mut questions = Vec::new();
    let types = depth >= Depth::Types;
    if types && misfit(column).is_some() {
        questions.push(Question::Fits);
    }
    if is_date(&column.column_type) && (foresight || policies.zero_dates == Some(ZeroDates::Stop)) {
        questions.push(Question::ZeroDates);
    }
    let legal = matches!(&column.column_type, ColumnType::Enum { labels }
        if labels.iter().any(String::is_empty));
    if matches!(column.column_type, ColumnType::Enum { .. })
        && !legal
        && (foresight || policies.enum_errors == Some(EnumErrors::Stop))
    {
        questions.push(Question::EnumErrors);
    }
    if text && (foresight || policies.nul == Some(Nul::Stop)) {
        questions.push(Question::Nul);
    }
    if text && may_lose_characters(column) {
        questions.push(Question::LostCharacters);
    }
    if text && foresight {
        questions.push(Question::EncodedTwice);
    }
    if types && settings.uuid && may_be_uuid(&column.column_type) {
        questions.extend([Question::NoUuid, Question::Uuid]);
    }
    if depth >= Depth::Keys && key::loses_case(table, column, settings) {
        questions.extend([Question::Capitals, Question::SmallLetters]);
    }
    questions
}

/// The question in SQL; `None` if it makes no sense there.
pub(super) fn sql(
    (schema, table): (&Schema, &Table),
    asked: &Asked,
    settings: &Settings,
) -> Option<Sql> {
    let index = || table.indexes.iter().find(|index| index.name == asked.subject);
    match asked.question {
        Question::LongEntries => long_entry(table, index()?).map(Sql::Rows),
        Question::Alike => key::alike(table, index()?, settings),
        question if question.is_of_key() => {
            let key = table.foreign_keys.iter().find(|key| key.name == asked.subject)?;
            let known = key::reference(schema, table, key)?;
            Some(Sql::Rows(if question == Question::Orphans {
                known.orphans(settings)
            } else {
                known.other_case(settings)
            }))
        }
        question => of_values(table.column(&asked.subject)?, question).map(Sql::Rows),
    }
}

/// What shows a few of those that were counted, where that is of use.
pub(super) fn sample(
    (schema, table): (&Schema, &Table),
    asked: &Asked,
    settings: &Settings,
) -> Option<String> {
    if asked.question == Question::Alike {
        let index = table.indexes.iter().find(|index| index.name == asked.subject)?;
        return key::alike_sample(table, index, settings);
    }
    let Sql::Rows(condition) = sql((schema, table), asked, settings)? else { return None };
    let key = table.foreign_keys.iter().find(|key| key.name == asked.subject)?;
    asked.question.is_of_key().then_some(())?;
    Some(key::reference(schema, table, key)?.sample(&condition))
}

/// The condition that a column's values meet.
fn of_values(column: &Column, question: Question) -> Option<String> {
    let name = mysql_quoted(&column.name);
    Some(match question {
        Question::Fits => misfit(column)?,
        // LAST_DAY has no answer for dates such as 30 February.
        Question::ZeroDates => format!(
            "MONTH({name}) = 0 OR DAYOFMONTH({name}) = 0 OR \
             {name} IS NOT NULL AND LAST_DAY({name}) IS NULL OR \
             DAYOFMONTH({name}) > DAYOFMONTH(LAST_DAY({name}))"
        ),
        Question::EnumErrors => format!("{name} + 0 = 0"),
        Question::Nul => format!("LOCATE(x'00', {})", utf8_bytes(&name)),
        Question::LostCharacters => lost_characters(column),
        Question::EncodedTwice => encoded_twice(&name),
        Question::NoUuid => format!("NOT ({})", uuid(column)?),
        Question::Uuid => uuid(column)?,
        Question::Capitals => {
            format!("{} <> {}", utf8_bytes(&format!("LOWER({name})")), utf8_bytes(&name))
        }
        Question::SmallLetters => {
            format!("{} <> {}", utf8_bytes(&format!("UPPER({name})")), utf8_bytes(&name))
        }
        Question::LongEntries | Question::Alike | Question::Orphans | Question::OtherCase => {
            return None;
        }
    })
}

/// Values that do not fit the narrow type; `None` where nothing is open.
fn misfit(column: &Column) -> Option<String> {
    let name = mysql_quoted(&column.name);
    match &column.column_type {
        ColumnType::TinyInt { display_width: Some(1), .. } => Some(format!("{name} NOT IN (0, 1)")),
        ColumnType::BigInt { unsigned: true } => Some(format!("{name} > {}", i64::MAX)),
        ColumnType::Time { .. } => Some(format!("{name} < '00:00:00' OR {name} >= '24:00:00'")),
        // MySQL's number of dimensions is a limit.
        ColumnType::Vector { dimensions } => Some(format!("LENGTH({name}) <> {}", 4 * dimensions)),
        // The escape of U+0000, which jsonb cannot hold. A backslash before it may make it
        // harmless; then the wider type is chosen without need.
        ColumnType::Json { .. } => Some(format!("{name} LIKE '%\\\\\\\\u0000%'")),
        _ => None,
    }
}

fn is_date(column: &ColumnType) -> bool {
    matches!(column, ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. })
}

/// A charset of which the server knows each character in Unicode, and each byte, loses none.
pub(crate) fn may_lose_characters(column: &Column) -> bool {
    column.collation.as_ref().is_some_and(|collation| {
        !matches!(collation.charset.as_str(), "utf8mb4" | "utf8mb3" | "utf8" | "latin1" | "binary")
    })
}

/// Texts that have more question marks in UTF-8 than in their own charset.
pub(crate) fn lost_characters(column: &Column) -> String {
    let name = mysql_quoted(&column.name);
    let marks = |text: &str| format!("CHAR_LENGTH({text}) - CHAR_LENGTH(REPLACE({text}, '?', ''))");
    format!("{} <> {}", marks(&utf8(&name)), marks(&name))
}

/// Texts that latin1 holds, with bytes that are UTF-8 of more than ASCII. What is not converted to
/// the letter does not come back the same.
fn encoded_twice(name: &str) -> String {
    let text = utf8(name);
    let bytes = format!("CAST(CONVERT({text} USING latin1) AS BINARY)");
    format!(
        "LENGTH({text}) <> CHAR_LENGTH({text}) \
         AND CAST(CONVERT(CONVERT({text} USING latin1) USING utf8mb4) AS BINARY) = CAST({text} AS BINARY) \
         AND CAST(CONVERT({bytes} USING utf8mb4) AS BINARY) = {bytes}"
    )
}

fn may_be_uuid(column: &ColumnType) -> bool {
    matches!(
        column,
        ColumnType::Binary { length: 16 }
            | ColumnType::Char { length: 32 | 36 }
            | ColumnType::VarChar { length: 32 | 36 }
    )
}

/// Values with the digits of a UUID's version and variant in place: of sixteen bytes nothing else
/// would tell.
fn uuid(column: &Column) -> Option<String> {
    const PARTS: &str = "[1-8][0-9A-F]{3}-?[89AB][0-9A-F]{3}-?[0-9A-F]{12}";
    let name = mysql_quoted(&column.name);
    let (digits, first) = match column.column_type {
        ColumnType::Binary { length: 16 } => (format!("HEX({name})"), "[0-9A-F]{8}[0-9A-F]{4}"),
        ColumnType::Char { length: 32 } | ColumnType::VarChar { length: 32 } => {
            (format!("UPPER({})", utf8(&name)), "[0-9A-F]{8}[0-9A-F]{4}")
        }
        ColumnType::Char { length: 36 } | ColumnType::VarChar { length: 36 } => {
            (format!("UPPER({})", utf8(&name)), "[0-9A-F]{8}-[0-9A-F]{4}-")
        }
        _ => return None,
    };
    let length = match column.column_type {
        ColumnType::Char { length } | ColumnType::VarChar { length } => length,
        _ => 32,
    };
    Some(format!("CHAR_LENGTH({digits}) = {length} AND {digits} REGEXP '^{first}{PARTS}$'"))
}

/// Rows whose entry is too long; `None` if none can be.
fn long_entry(table: &Table, index: &Index) -> Option<String> {
    if !matches!(index.kind, IndexKind::Primary | IndexKind::Unique | IndexKind::Plain) {
        return None;
    }
    let (mut longest, mut lengths) = (u64::from(ENTRY_BYTES), vec![ENTRY_BYTES.to_string()]);
    for part in &index.parts {
        let (column, prefix) = match &part.key {
            IndexKey::Column(column) => (column, None),
            IndexKey::Prefix { column, length } => (column, Some(*length)),
            IndexKey::Expression(_) => return None,
        };
        let column = table.column(column)?;
        let name = mysql_quoted(&column.name);
        let (most, bytes) = match &column.column_type {
            ColumnType::Char { length } | ColumnType::VarChar { length } => (Some(*length), 4),
            ColumnType::Text => (None, 4),
            ColumnType::Binary { length } | ColumnType::VarBinary { length } => (Some(*length), 1),
            ColumnType::Blob => (None, 1),
            _ => {
                longest += 16;
                continue;
            }
        };
        let most = [most, prefix].into_iter().flatten().min().map_or(u64::MAX / 16, u64::from);
        longest = longest.saturating_add(most * bytes);
        let value = prefix.map_or(name.clone(), |length| format!("LEFT({name}, {length})"));
        let value = if bytes == 4 { utf8(&value) } else { value };
        lengths.push(format!("COALESCE(LENGTH({value}), 0)"));
    }
    (longest > u64::from(BTREE_BYTES)).then(|| format!("{} > {BTREE_BYTES}", lengths.join(" + ")))
}
