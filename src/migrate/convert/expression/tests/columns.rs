//! The table that the expressions of the tests stand in, in both servers.

use crate::migrate::convert::expression::{Scope, ScopeColumn};
use crate::mysql::schema::{Collation, Column, ColumnType as Source, Default};
use crate::name::TableName;
use crate::postgres::schema::ColumnType as Target;

/// A column in both servers, with the values of its rows as `MySQL` writes them.
pub(crate) struct Pair {
    pub(crate) source: Column,
    /// Its type in a CREATE TABLE of `MySQL`.
    pub(crate) declared: &'static str,
    pub(crate) target: Target,
    pub(crate) values: [Option<&'static str>; ROWS],
}

pub(crate) const ROWS: usize = 6;

/// Of the target's table and type.
pub(crate) const SCHEMA: &str = "nirvana_expr";

pub(crate) fn scope(pairs: &[Pair]) -> Scope<'_> {
    Scope::new(pairs.iter().map(|pair| ScopeColumn {
        source: &pair.source,
        name: &pair.source.name,
        target: &pair.target,
    }))
}

fn pair(
    name: &str,
    (declared, column_type): (&'static str, Source),
    target: Target,
    values: [Option<&'static str>; ROWS],
) -> Pair {
    let source = Column {
        name: name.to_owned(),
        column_type,
        nullable: true,
        default: Default::Absent,
        on_update_now: false,
        auto_increment: false,
        generated: None,
        collation: None,
        comment: String::new(),
        invisible: false,
        zerofill: false,
    };
    Pair { source, declared, target, values }
}

fn collated(pair: Pair, charset: &str, name: &str) -> Pair {
    let collation = Some(Collation { charset: charset.to_owned(), name: name.to_owned() });
    Pair { source: Column { collation, ..pair.source }, ..pair }
}

/// The columns, with nasty values.
pub(crate) fn columns() -> Vec<Pair> {
    let mut all = numbers();
    all.extend(texts());
    all.extend(moments());
    all
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn numbers() -> Vec<Pair> {
    let tiny = |unsigned, display_width| Source::TinyInt { unsigned, display_width };
    let decimal = |precision, scale| Source::Decimal { precision, scale };
    vec![
        pair(
            "tiny",
            ("tinyint", tiny(false, None)),
            Target::SmallInt,
            [Some("0"), Some("1"), Some("-128"), Some("127"), None, Some("7")],
        ),
        pair(
            "small",
            ("smallint unsigned", Source::SmallInt { unsigned: true }),
            Target::Integer,
            [Some("0"), Some("3"), Some("65535"), Some("12"), None, Some("1")],
        ),
        pair(
            "a",
            ("int", Source::Int { unsigned: false }),
            Target::Integer,
            [Some("0"), Some("1"), Some("-2147483648"), Some("2147483647"), None, Some("-7")],
        ),
        pair(
            "b",
            ("int", Source::Int { unsigned: false }),
            Target::Integer,
            [Some("3"), Some("0"), Some("2"), Some("-2147483648"), Some("5"), Some("2")],
        ),
        pair(
            "big",
            ("bigint", Source::BigInt { unsigned: false }),
            Target::BigInt,
            [
                Some("0"),
                Some("4294967296"),
                Some("-9007199254740993"),
                Some("123"),
                None,
                Some("-1"),
            ],
        ),
        pair(
            "u",
            ("int unsigned", Source::Int { unsigned: true }),
            Target::BigInt,
            [Some("0"), Some("4294967295"), Some("5"), Some("255"), None, Some("16")],
        ),
        pair(
            "ub",
            ("bigint unsigned", Source::BigInt { unsigned: true }),
            Target::Numeric { precision: 20, scale: 0 },
            [Some("0"), Some("18446744073709551615"), Some("7"), Some("1"), None, Some("12")],
        ),
        pair(
            "flag",
            ("tinyint(1)", tiny(false, Some(1))),
            Target::Boolean,
            [Some("0"), Some("1"), None, Some("1"), Some("0"), Some("1")],
        ),
        pair(
            "b1",
            ("bit(1)", Source::Bit { bits: 1 }),
            Target::Boolean,
            [Some("1"), Some("0"), Some("1"), None, Some("0"), Some("1")],
        ),
        pair(
            "bits",
            ("bit(8)", Source::Bit { bits: 8 }),
            Target::Bit { bits: 8 },
            [
                Some("00000000"),
                Some("11111111"),
                Some("00000101"),
                None,
                Some("10000000"),
                Some("00000001"),
            ],
        ),
        pair(
            "n",
            ("decimal(10,2)", decimal(10, 2)),
            Target::Numeric { precision: 10, scale: 2 },
            [Some("0.00"), Some("1.50"), Some("-2.35"), Some("99999999.99"), None, Some("2.50")],
        ),
        pair(
            "m",
            ("decimal(20,4)", decimal(20, 4)),
            Target::Numeric { precision: 20, scale: 4 },
            [
                Some("3.0000"),
                Some("0.0000"),
                Some("-0.0007"),
                Some("7.1250"),
                Some("1.0000"),
                Some("-0.5000"),
            ],
        ),
        pair(
            "f",
            ("float", Source::Float),
            Target::Real,
            [Some("0"), Some("0.1"), Some("-2.5"), Some("16777216"), None, Some("0.5")],
        ),
        pair(
            "dbl",
            ("double", Source::Double),
            Target::DoublePrecision,
            [Some("0.1"), Some("-2.5"), Some("1e100"), Some("3.5"), None, Some("0.3")],
        ),
        pair(
            "y",
            ("year", Source::Year),
            Target::SmallInt,
            [Some("1970"), Some("2069"), Some("2024"), Some("1901"), None, Some("0000")],
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn texts() -> Vec<Pair> {
    let varchar = Source::VarChar { length: 100 };
    let text = Target::VarChar { length: 100 };
    let labels = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
    let nasty = [
        Some(""),
        Some("abc"),
        Some("it's \\ \"q\" 100% _x_"),
        Some("naïve Grüße 😀"),
        None,
        Some("user@example.org"),
    ];
    let plain = [Some("ABC"), Some("abc"), Some(""), Some("2020-01-01"), None, Some("a.b.c")];
    let name = TableName::new(SCHEMA, "t_e");
    let uuid = "11111111-2222-3333-4444-555555555555";
    vec![
        collated(
            pair("s", ("varchar(100) collate utf8mb4_bin", varchar.clone()), text.clone(), nasty),
            "utf8mb4",
            "utf8mb4_bin",
        ),
        collated(
            pair("t", ("varchar(100) collate utf8mb4_bin", varchar.clone()), text.clone(), plain),
            "utf8mb4",
            "utf8mb4_bin",
        ),
        collated(
            pair(
                "ci",
                ("varchar(100) collate utf8mb4_general_ci", varchar.clone()),
                text.clone(),
                plain,
            ),
            "utf8mb4",
            "utf8mb4_general_ci",
        ),
        collated(
            pair(
                "l",
                ("varchar(100) charset latin1 collate latin1_bin", varchar),
                text,
                [Some("é"), Some("abc"), Some(""), Some("É"), None, Some("x")],
            ),
            "latin1",
            "latin1_bin",
        ),
        collated(
            pair(
                "e",
                (
                    "enum('x','it''s','Big') collate utf8mb4_general_ci",
                    Source::Enum { labels: labels(&["x", "it's", "Big"]) },
                ),
                Target::Enum { name },
                [Some("x"), Some("it's"), Some("Big"), Some("x"), None, Some("Big")],
            ),
            "utf8mb4",
            "utf8mb4_general_ci",
        ),
        pair(
            "st",
            ("set('p','q','r')", Source::Set { labels: labels(&["p", "q", "r"]) }),
            Target::TextArray,
            [Some(""), Some("p"), Some("p,q"), Some("q,r"), None, Some("p,q,r")],
        ),
        pair(
            "bin",
            ("varbinary(20)", Source::VarBinary { length: 20 }),
            Target::Bytea,
            [Some(""), Some("41"), Some("00ff"), Some("5c78"), None, Some("0aff")],
        ),
        pair(
            "j",
            ("json", Source::Json { native: true }),
            Target::Jsonb,
            [
                Some(r#"{"a": {"b": "x"}, "c d": [1, 2, {"e": null}]}"#),
                Some("[5, \"six\", null]"),
                Some("7"),
                Some(r#"{"a": null}"#),
                None,
                Some(r#"{"a": "it's", "1": true}"#),
            ],
        ),
        collated(
            pair(
                "id",
                ("char(36) collate utf8mb4_bin", Source::Char { length: 36 }),
                Target::Uuid,
                [Some(uuid), Some(uuid), Some(uuid), Some(uuid), None, Some(uuid)],
            ),
            "utf8mb4",
            "utf8mb4_bin",
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn moments() -> Vec<Pair> {
    vec![
        pair(
            "d",
            ("date", Source::Date),
            Target::Date,
            [
                Some("2024-02-29"),
                Some("1999-12-31"),
                Some("0001-03-01"),
                Some("2020-01-01"),
                None,
                Some("2023-10-31"),
            ],
        ),
        pair(
            "dt",
            ("datetime", Source::DateTime { fraction: 0 }),
            Target::Timestamp { fraction: 0 },
            [
                Some("2024-02-29 23:59:59"),
                Some("1999-12-31 00:00:00"),
                Some("2020-01-01 12:30:45"),
                Some("2020-06-15 06:07:08"),
                None,
                Some("0100-03-01 01:02:03"),
            ],
        ),
        pair(
            "dt3",
            ("datetime(3)", Source::DateTime { fraction: 3 }),
            Target::Timestamp { fraction: 3 },
            [
                Some("2024-02-29 23:59:59.999"),
                Some("1999-12-31 00:00:00.000"),
                Some("2020-01-01 12:30:45.500"),
                Some("2020-06-15 06:07:08.001"),
                None,
                Some("2001-03-01 01:02:03.040"),
            ],
        ),
        pair(
            "ts",
            ("timestamp(6) null", Source::Timestamp { fraction: 6 }),
            Target::TimestampTz { fraction: 6 },
            [
                Some("2024-02-29 23:59:59.999999"),
                Some("1999-12-31 00:00:00.000000"),
                Some("2020-01-01 12:30:45.500000"),
                Some("1970-01-02 00:00:00.000001"),
                None,
                Some("2037-03-01 22:02:03.040000"),
            ],
        ),
        pair(
            "tm",
            ("time(2)", Source::Time { fraction: 2 }),
            Target::Time { fraction: 2 },
            [
                Some("00:00:00.00"),
                Some("23:59:59.99"),
                Some("12:30:45.50"),
                Some("06:07:08.00"),
                None,
                Some("01:02:03.04"),
            ],
        ),
        pair(
            "iv",
            ("time", Source::Time { fraction: 0 }),
            Target::Interval { fraction: 0 },
            [
                Some("00:00:00"),
                Some("100:00:01"),
                Some("-12:30:45"),
                Some("838:59:59"),
                None,
                Some("23:59:59"),
            ],
        ),
    ]
}
