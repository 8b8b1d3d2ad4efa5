//! What a rule calls a type of the source.

use crate::mysql::schema::ColumnType as SourceType;

/// Its name without its length.
pub(super) fn kind(source: &SourceType) -> String {
    let number = |name: &str, unsigned: bool| {
        if unsigned { format!("{name} unsigned") } else { name.to_owned() }
    };
    match source {
        SourceType::TinyInt { display_width: Some(1), .. } => "tinyint(1)".to_owned(),
        SourceType::TinyInt { unsigned, .. } => number("tinyint", *unsigned),
        SourceType::SmallInt { unsigned } => number("smallint", *unsigned),
        SourceType::MediumInt { unsigned } => number("mediumint", *unsigned),
        SourceType::Int { unsigned } => number("int", *unsigned),
        SourceType::BigInt { unsigned } => number("bigint", *unsigned),
        SourceType::Decimal { .. } => "decimal".to_owned(),
        SourceType::Float => "float".to_owned(),
        SourceType::Double => "double".to_owned(),
        SourceType::Bit { .. } => "bit".to_owned(),
        SourceType::Year => "year".to_owned(),
        SourceType::Date => "date".to_owned(),
        SourceType::DateTime { .. } => "datetime".to_owned(),
        SourceType::Timestamp { .. } => "timestamp".to_owned(),
        SourceType::Time { .. } => "time".to_owned(),
        SourceType::Char { .. } => "char".to_owned(),
        SourceType::VarChar { .. } => "varchar".to_owned(),
        SourceType::Text => "text".to_owned(),
        SourceType::Binary { .. } => "binary".to_owned(),
        SourceType::VarBinary { .. } => "varbinary".to_owned(),
        SourceType::Blob => "blob".to_owned(),
        SourceType::Enum { .. } => "enum".to_owned(),
        SourceType::Set { .. } => "set".to_owned(),
        SourceType::Json { .. } => "json".to_owned(),
        SourceType::Geometry { .. } => "geometry".to_owned(),
        SourceType::Uuid => "uuid".to_owned(),
        SourceType::Inet4 => "inet4".to_owned(),
        SourceType::Inet6 => "inet6".to_owned(),
        SourceType::Vector { .. } => "vector".to_owned(),
        SourceType::Unknown { .. } => "unknown".to_owned(),
    }
}

/// Whether a word is the name of a type.
pub(super) fn is_kind(word: &str) -> bool {
    const KINDS: &[&str] = &[
        "tinyint(1)",
        "tinyint",
        "tinyint unsigned",
        "smallint",
        "smallint unsigned",
        "mediumint",
        "mediumint unsigned",
        "int",
        "int unsigned",
        "bigint",
        "bigint unsigned",
        "decimal",
        "float",
        "double",
        "bit",
        "year",
        "date",
        "datetime",
        "timestamp",
        "time",
        "char",
        "varchar",
        "text",
        "binary",
        "varbinary",
        "blob",
        "enum",
        "set",
        "json",
        "geometry",
        "uuid",
        "inet4",
        "inet6",
        "vector",
        "unknown",
    ];
    KINDS.contains(&word)
}
