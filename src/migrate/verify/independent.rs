//! A second opinion: both servers sum the hashes of their rows by SQL of their own, and no code of
//! ours reads a value.
//!
//! Of each row, each value is brought into a text that both servers print alike, or into bytes;
//! its SHA-256 is hashed together with those of the row's key, and the first 60 bits
//! of that are summed. (MySQL 9.6 has no MD5 any more.) What both servers
//! print in ways of their own (floats, JSON, network
//! addresses, geometry, vectors) is left out, and named.

use crate::finding::{Code, Finding, Place};
use crate::migrate::error::Error;
use crate::migrate::mapping::{ColumnMapping, TableMapping};
use crate::migrate::source::Reader;
use crate::migrate::transcode::Transcoder;
use crate::mysql::wire::Connection;
use crate::name::{mysql_quoted, postgres_quoted};
use crate::postgres::connect::Session;

/// What both servers say of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Opinion {
    /// Columns that differ, as the source names them; `*` where only the number of rows does.
    pub(super) differing: Vec<String>,
    /// Columns that were not asked for.
    pub(super) left_out: Vec<String>,
    /// Why a server had no answer.
    pub(super) failed: Option<String>,
}

impl Opinion {
    /// What is to be said of it; `equal` is what our own comparison came to.
    pub(super) fn findings(&self, place: impl Fn() -> Place, equal: bool) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(reason) = &self.failed {
            let message = format!("no second opinion: {reason}");
            return vec![Finding::warning(Code::TableNotCompared, place(), message)];
        }
        if !self.differing.is_empty() {
            let columns = self.differing.join(", ");
            let message = format!("by SQL of both servers: these columns differ: {columns}");
            found.push(Finding::error(Code::RowsDiffer, place(), message));
        } else if !equal {
            let message = "by SQL of both servers it is equal, in what could be asked so";
            found.push(Finding::note(Code::RowsDiffer, place(), message));
        }
        if !self.left_out.is_empty() {
            let columns = self.left_out.join(", ");
            let message = format!("no second opinion of {columns}: no text that both print alike");
            found.push(Finding::note(Code::TableNotCompared, place(), message));
        }
        found
    }
}

/// Asks both servers at once. What one of them does not understand is part of the answer.
pub(super) async fn ask(
    (reader, session): (&mut Reader, &Session),
    mapping: &TableMapping,
) -> Result<Opinion, Error> {
    let connection = match reader {
        Reader::Server(connection) => connection,
        Reader::Dump(_) => {
            let reason = "a dump has no server that could be asked".to_owned();
            return Ok(Opinion { failed: Some(reason), ..Opinion::default() });
        }
    };
    match compare((&mut **connection, session), mapping).await {
        Err(error) if !error.ends_the_run() => {
            Ok(Opinion { failed: Some(error.words()), ..Opinion::default() })
        }
        opinion => opinion,
    }
}

async fn compare(
    (reader, session): (&mut Connection, &Session),
    mapping: &TableMapping,
) -> Result<Opinion, Error> {
    let (asked, left_out): (Vec<Asked>, Vec<String>) = asked(mapping);
    let (near, far) = (sums(&asked, mapping, Side::Source), sums(&asked, mapping, Side::Target));
    let (near, far) = tokio::join!(reader.rows(&near), session.rows(&far));
    let near: Vec<String> = near?
        .first()
        .map(|row| (0..=asked.len()).map(|at| row.text(at).unwrap_or("0").to_owned()).collect())
        .unwrap_or_default();
    let far: Vec<String> = far?
        .first()
        .map(|row| row.iter().map(|sum| sum.clone().unwrap_or_else(|| "0".to_owned())).collect())
        .unwrap_or_default();
    let differs = |at: usize| near.get(at) != far.get(at);
    let columns = asked.iter().enumerate().filter(|(at, _)| differs(at + 1));
    let mut differing: Vec<String> = columns.map(|(_, asked)| asked.column.clone()).collect();
    if differing.is_empty() && differs(0) {
        differing.push("*".to_owned());
    }
    Ok(Opinion { differing, left_out, failed: None })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Target,
}

/// One column in the words of both servers.
struct Asked {
    column: String,
    source: String,
    target: String,
}

fn asked(mapping: &TableMapping) -> (Vec<Asked>, Vec<String>) {
    let (mut asked, mut left_out) = (Vec::new(), Vec::new());
    for column in &mapping.columns {
        match texts(column) {
            Some((source, target)) => {
                let target = match column.transcoder {
                    Transcoder::Bytes => target,
                    _ => format!("convert_to({target}, 'UTF8')"),
                };
                asked.push(Asked { column: column.source.clone(), source, target });
            }
            None => left_out.push(column.source.clone()),
        }
    }
    (asked, left_out)
}

/// The number of rows, and of each column a sum that tells its values and, by the row's other
/// values that are hashed with them, which row they stand in.
fn sums(asked: &[Asked], mapping: &TableMapping, side: Side) -> String {
    let key: Vec<&Asked> = mapping
        .key
        .iter()
        .filter_map(|at| mapping.columns.get(*at))
        .filter_map(|column| asked.iter().find(|one| one.column == column.source))
        .collect();
    let mut select = vec!["COUNT(*)".to_owned()];
    for one in asked {
        let hashes: Vec<String> =
            key.iter().copied().chain([one]).map(|one| hash(one, side)).collect();
        select.push(sum(&hashes.join(", "), side));
    }
    let from = match side {
        Side::Source => mapping.source_rows("", None),
        Side::Target => format!("FROM {}", mapping.target.postgres()),
    };
    format!("SELECT {} {from}", select.join(", "))
}

fn hash(asked: &Asked, side: Side) -> String {
    match side {
        Side::Source => format!("COALESCE(SHA2({}, 256), 'null')", asked.source),
        Side::Target => format!("COALESCE(encode(sha256({}), 'hex'), 'null')", asked.target),
    }
}

fn sum(hashes: &str, side: Side) -> String {
    match side {
        Side::Source => {
            format!("SUM(CAST(CONV(LEFT(SHA2(CONCAT({hashes}), 256), 15), 16, 10) AS UNSIGNED))")
        }
        Side::Target => {
            let row = format!("encode(sha256(convert_to(concat({hashes}), 'UTF8')), 'hex')");
            format!("SUM(('x0' || left({row}, 15))::bit(64)::bigint)")
        }
    }
}

/// Expressions that give the same text, or the same bytes, on both sides; `None` where there are
/// none.
fn texts(column: &ColumnMapping) -> Option<(String, String)> {
    let (near, far) = (mysql_quoted(&column.source), postgres_quoted(&column.target));
    Some(match &column.transcoder {
        Transcoder::TinyToBoolean | Transcoder::BitToBoolean => {
            (format!("CAST({near} + 0 AS CHAR)"), format!("{far}::int::text"))
        }
        Transcoder::TinyToI16 { .. }
        | Transcoder::ShortToI16
        | Transcoder::ShortToI32
        | Transcoder::LongToI32
        | Transcoder::LongToI64
        | Transcoder::LongLongToI64
        | Transcoder::UnsignedToI64
        | Transcoder::UnsignedToNumeric => {
            (format!("CAST({near} + 0 AS CHAR)"), format!("{far}::text"))
        }
        // ZEROFILL prints zeros in front.
        Transcoder::DecimalToNumeric => (
            format!("TRIM(LEADING '0' FROM CAST({near} AS CHAR))"),
            format!("ltrim({far}::text, '0')"),
        ),
        Transcoder::BitToBit { bits } => {
            (format!("LPAD(BIN({near} + 0), {bits}, '0')"), format!("{far}::text"))
        }
        Transcoder::Date => {
            (existing(&near, "%Y-%m-%d"), format!("{}to_char({far}, '-MM-DD')", year(&far)))
        }
        Transcoder::Timestamp => (
            existing(&near, "%Y-%m-%d %H:%i:%s.%f"),
            format!("{}to_char({far}, '-MM-DD HH24:MI:SS.US')", year(&far)),
        ),
        Transcoder::TimeToTime => (
            format!("TIME_FORMAT({near}, '%H:%i:%s.%f')"),
            format!("to_char({far}, 'HH24:MI:SS.US')"),
        ),
        Transcoder::TimeToInterval => (
            format!("TIME_FORMAT({near}, '%H:%i:%s.%f')"),
            format!(
                "CASE WHEN {far} < '0' THEN '-' || to_char(-{far}, 'HH24:MI:SS.US') \
                 ELSE to_char({far}, 'HH24:MI:SS.US') END"
            ),
        ),
        Transcoder::Text | Transcoder::Printed => (
            format!("REPLACE(CONVERT({near} USING utf8mb4), CHAR(0 USING utf8mb4), '')"),
            format!("{far}::text"),
        ),
        Transcoder::Bytes => (near, far),
        Transcoder::Enum { empty_label: true } => {
            (format!("CONVERT({near} USING utf8mb4)"), format!("{far}::text"))
        }
        Transcoder::Enum { empty_label: false } => {
            (format!("NULLIF(CONVERT({near} USING utf8mb4), '')"), format!("{far}::text"))
        }
        Transcoder::SetToArray => {
            (format!("CONVERT({near} USING utf8mb4)"), format!("array_to_string({far}, ',')"))
        }
        Transcoder::Uuid => (format!("CAST({near} AS CHAR)"), format!("{far}::text")),
        Transcoder::Inet
        | Transcoder::FloatToReal
        | Transcoder::DoubleToDouble
        | Transcoder::Jsonb
        | Transcoder::Json
        | Transcoder::Geometry
        | Transcoder::Vector
        | Transcoder::Fitted(_)
        | Transcoder::Cast(_)
        | Transcoder::Ruled(_)
        | Transcoder::VectorToArray => return None,
    })
}

/// A date of the source, NULL where it does not exist.
fn existing(near: &str, format: &str) -> String {
    format!(
        "IF(LAST_DAY({near}) IS NULL OR DAYOFMONTH({near}) = 0 OR \
         DAYOFMONTH({near}) > DAYOFMONTH(LAST_DAY({near})), NULL, DATE_FORMAT({near}, '{format}'))"
    )
}

/// The year of a date of the target; the year before 1 is called 0 by `MySQL`.
fn year(far: &str) -> String {
    format!("CASE WHEN {far} < DATE '0001-01-01' THEN '0000' ELSE to_char({far}, 'YYYY') END || ")
}

#[cfg(test)]
mod tests {
    use super::{Side, asked, sums};
    use crate::migrate::mapping::{ColumnMapping, Form, TableMapping};
    use crate::migrate::transcode::Transcoder;
    use crate::name::TableName;

    #[test]
    fn each_value_is_hashed_with_its_rows_key() {
        let column = |name: &str, transcoder| ColumnMapping {
            source: name.to_owned(),
            target: name.to_owned(),
            transcoder,
            read: None,
        };
        let columns = vec![
            column("id", Transcoder::LongToI32),
            column("f", Transcoder::FloatToReal),
            column("b", Transcoder::Bytes),
        ];
        let mapping = TableMapping {
            source: TableName::new("shop", "t"),
            target: TableName::new("public", "t"),
            form: Form::Plain,
            columns,
            rows: None,
            copied: 3,
            owner: crate::migrate::mapping::Owner::Ours,
            key: vec![0],
            rows_estimate: 0,
            bytes_estimate: 0,
        };
        let (asked, left_out) = asked(&mapping);
        assert_eq!(left_out, ["f"]);
        insta::assert_snapshot!(sums(&asked, &mapping, Side::Source), @"SELECT COUNT(*), SUM(CAST(CONV(LEFT(SHA2(CONCAT(COALESCE(SHA2(CAST(`id` + 0 AS CHAR), 256), 'null'), COALESCE(SHA2(CAST(`id` + 0 AS CHAR), 256), 'null')), 256), 15), 16, 10) AS UNSIGNED)), SUM(CAST(CONV(LEFT(SHA2(CONCAT(COALESCE(SHA2(CAST(`id` + 0 AS CHAR), 256), 'null'), COALESCE(SHA2(`b`, 256), 'null')), 256), 15), 16, 10) AS UNSIGNED)) FROM `shop`.`t`");
        insta::assert_snapshot!(sums(&asked, &mapping, Side::Target), @r#"SELECT COUNT(*), SUM(('x0' || left(encode(sha256(convert_to(concat(COALESCE(encode(sha256(convert_to("id"::text, 'UTF8')), 'hex'), 'null'), COALESCE(encode(sha256(convert_to("id"::text, 'UTF8')), 'hex'), 'null')), 'UTF8')), 'hex'), 15))::bit(64)::bigint), SUM(('x0' || left(encode(sha256(convert_to(concat(COALESCE(encode(sha256(convert_to("id"::text, 'UTF8')), 'hex'), 'null'), COALESCE(encode(sha256("b"), 'hex'), 'null')), 'UTF8')), 'hex'), 15))::bit(64)::bigint) FROM "public"."t""#);
    }
}
