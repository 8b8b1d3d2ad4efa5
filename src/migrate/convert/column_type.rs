//! The type that a column gets: one match, no wildcard arm, so that a new `MySQL` type breaks
//! the build here.

use crate::finding::{Code, Finding, Place};
use crate::migrate::scan::Answer;
use crate::mysql::schema::{Column, ColumnType as Source};
use crate::name::TableName;
use crate::postgres::schema::ColumnType as Target;
use crate::postgres::server::ExtensionFacts;
use std::collections::BTreeMap;

/// The widest `numeric` that any BIGINT UNSIGNED fits.
pub(super) const UNSIGNED_BIGINT: Target = Target::Numeric { precision: 20, scale: 0 };

/// The type for a column, given what the scan found; `enum_name` is the type's name if it is
/// to be an enum.
pub(super) fn target_type(
    column: &Column,
    answer: Answer,
    (enum_name, extensions): (&TableName, &BTreeMap<String, ExtensionFacts>),
) -> Target {
    let fits = answer == Answer::Fits;
    match &column.column_type {
        Source::TinyInt { display_width: Some(1), .. } if fits && !column.auto_increment => {
            Target::Boolean
        }
        Source::TinyInt { .. } | Source::SmallInt { unsigned: false } | Source::Year => {
            Target::SmallInt
        }
        Source::SmallInt { unsigned: true }
        | Source::MediumInt { .. }
        | Source::Int { unsigned: false } => Target::Integer,
        Source::Int { unsigned: true } | Source::BigInt { unsigned: false } => Target::BigInt,
        Source::BigInt { unsigned: true } if fits => Target::BigInt,
        Source::BigInt { unsigned: true } => UNSIGNED_BIGINT,
        Source::Decimal { precision, scale } => {
            Target::Numeric { precision: u16::from(*precision), scale: u16::from(*scale) }
        }
        Source::Float => Target::Real,
        Source::Double => Target::DoublePrecision,
        Source::Bit { bits: 1 } => Target::Boolean,
        Source::Bit { bits } => Target::Bit { bits: *bits },
        Source::Date => Target::Date,
        Source::DateTime { fraction } => Target::Timestamp { fraction: *fraction },
        Source::Timestamp { fraction } => Target::TimestampTz { fraction: *fraction },
        Source::Time { fraction } if fits => Target::Time { fraction: *fraction },
        Source::Time { fraction } => Target::Interval { fraction: *fraction },
        Source::Char { length: 0 } | Source::VarChar { length: 0 } | Source::Text => Target::Text,
        Source::Char { length } | Source::VarChar { length } => Target::VarChar { length: *length },
        Source::Binary { .. } | Source::VarBinary { .. } | Source::Blob => Target::Bytea,
        Source::Enum { .. } => Target::Enum { name: enum_name.clone() },
        Source::Set { .. } => Target::TextArray,
        Source::Json { .. } if fits => Target::Jsonb,
        Source::Json { .. } => Target::Json,
        Source::Geometry { kind, srid } => match extensions.get("postgis") {
            Some(facts) => Target::Geometry {
                schema: facts.schema.clone(),
                kind: geometry_kind(kind).to_owned(),
                srid: *srid,
            },
            None => Target::Bytea,
        },
        Source::Uuid => Target::Uuid,
        Source::Inet4 | Source::Inet6 => Target::Inet,
        Source::Vector { dimensions } => match extensions.get("vector") {
            Some(facts) if *dimensions <= VECTOR_DIMENSIONS => Target::Vector {
                schema: facts.schema.clone(),
                dimensions: fits.then_some(*dimensions),
            },
            _ => Target::RealArray,
        },
        Source::Unknown { .. } => Target::Text,
    }
}

/// The most that pgvector's type holds.
const VECTOR_DIMENSIONS: u32 = 16_000;

/// `PostGIS`'s word for a kind of geometry.
fn geometry_kind(kind: &str) -> &'static str {
    match kind {
        "point" => "Point",
        "linestring" => "LineString",
        "polygon" => "Polygon",
        "multipoint" => "MultiPoint",
        "multilinestring" => "MultiLineString",
        "multipolygon" => "MultiPolygon",
        "geometrycollection" | "geomcollection" => "GeometryCollection",
        _ => "Geometry",
    }
}

/// The narrowest type that holds the values of both; `None` if they are the same already or
/// have nothing in common. Columns that a foreign key joins need one type.
pub(super) fn common(one: &Target, other: &Target) -> Option<Target> {
    match (one, other) {
        (Target::Boolean, Target::SmallInt) | (Target::SmallInt, Target::Boolean) => {
            Some(Target::SmallInt)
        }
        // What is a UUID on one side only stays what it was.
        (Target::Uuid, Target::VarChar { .. } | Target::Bytea) => Some(other.clone()),
        (Target::VarChar { .. } | Target::Bytea, Target::Uuid) => Some(one.clone()),
        (Target::BigInt, Target::Numeric { scale: 0, .. })
        | (Target::Time { .. }, Target::Interval { .. }) => Some(other.clone()),
        (Target::Numeric { scale: 0, .. }, Target::BigInt)
        | (Target::Interval { .. }, Target::Time { .. }) => Some(one.clone()),
        _ => None,
    }
}

/// What a reader of the new schema might not expect of the type.
pub(super) fn findings(
    table: &TableName,
    (column, target): (&Column, &Target),
    answer: Answer,
) -> Vec<Finding> {
    let place = || Place::column(table, &column.name);
    let mut found = Vec::new();
    if column.zerofill {
        let message = "ZEROFILL pads numbers only where they are shown; the values are the same";
        found.push(Finding::note(Code::PresentationLost, place(), message));
    }
    let beyond = answer.values();
    match &column.column_type {
        Source::TinyInt { display_width: Some(1), .. } if beyond > 0 => {
            let message =
                format!("smallint, not boolean, for values other than 0, 1 and NULL: {beyond}");
            found.push(Finding::note(Code::TypeChosen, place(), message));
        }
        Source::BigInt { unsigned: true } if beyond > 0 => {
            let message = format!("numeric(20,0), not bigint, for values above 2^63-1: {beyond}");
            found.push(Finding::note(Code::TypeChosen, place(), message));
        }
        Source::Time { .. } if beyond > 0 => {
            let message =
                format!("interval, not time, for values that are no time of day: {beyond}");
            found.push(Finding::note(Code::TypeChosen, place(), message));
        }
        Source::Set { labels } if labels.iter().any(String::is_empty) => {
            let message = "the set of the empty label alone arrives as the empty set, as both are '' to MySQL";
            found.push(Finding::warning(Code::TypeChosen, place(), message));
        }
        Source::Json { .. } if beyond > 0 => {
            let message = format!("json, not jsonb, for values that hold \\u0000: {beyond}");
            found.push(Finding::note(Code::TypeChosen, place(), message));
        }
        Source::Geometry { srid: Some(4326), .. } if *target != Target::Bytea => {
            let message = "PostGIS's ST_X gives the longitude, where MySQL's gives the latitude";
            found.push(Finding::note(Code::TypeChosen, place(), message));
        }
        Source::Geometry { .. } if *target == Target::Bytea => {
            let message = "bytea holding EWKB: the target has no PostGIS";
            let help = "install PostGIS first, or later: ALTER TABLE … ALTER COLUMN … \
                        TYPE geometry USING ST_GeomFromEWKB(…)";
            found.push(Finding::warning(Code::TypeChosen, place(), message).help(help));
        }
        Source::Vector { dimensions } if matches!(target, Target::Vector { .. }) && beyond > 0 => {
            let message =
                format!("vector of any length, for values of less than {dimensions}: {beyond}");
            found.push(Finding::note(Code::TypeChosen, place(), message));
        }
        Source::Vector { .. } if *target == Target::RealArray => {
            let message = "real[]: the target has no pgvector that holds it";
            let help = "install pgvector first, or later: ALTER TABLE … ALTER COLUMN … \
                        TYPE vector USING …::vector";
            found.push(Finding::warning(Code::TypeChosen, place(), message).help(help));
        }
        Source::Unknown { text } => {
            let message = format!("the type {text} is unknown to us: its values arrive as text");
            found.push(Finding::warning(Code::UnknownType, place(), message));
        }
        _ => {}
    }
    found
}
