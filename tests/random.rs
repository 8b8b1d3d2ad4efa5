//! Schemas and rows by chance, loaded into the real source, moved, and judged by both servers' own
//! SQL. `NIRVANA_TEST_CASES` makes more of them.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::support::{PAIRS, databases, migrate, nirvana, run};

/// A column's type, and values for it as literals of the source.
#[derive(Clone, Debug)]
struct Column {
    definition: String,
    values: Vec<String>,
}

/// Rows of a table; the values are taken in turn.
const ROWS: usize = 12;

fn column() -> impl Strategy<Value = Column> {
    let integer = |name: &'static str, low: i128, high: i128| {
        let edges = vec![low, high, 0, 1];
        prop_oneof![prop::sample::select(edges), low..=high]
            .prop_map(move |n| (name.to_owned(), n.to_string()))
    };
    let value = prop_oneof![
        integer("tinyint", -128, 127),
        integer("tinyint(1)", -128, 127),
        integer("tinyint unsigned", 0, 255),
        integer("smallint unsigned", 0, 65_535),
        integer("mediumint", -8_388_608, 8_388_607),
        integer("int", -2_147_483_648, 2_147_483_647),
        integer("int unsigned zerofill", 0, 4_294_967_295),
        integer("bigint", i128::from(i64::MIN), i128::from(i64::MAX)),
        integer("bigint unsigned", 0, i128::from(u64::MAX)),
        integer("decimal(65,30)", -99_999_999, 99_999_999),
        integer("year", 1901, 2155),
        integer("bit(17)", 0, 131_071),
        (any::<i32>(), 0..100_u8)
            .prop_map(|(n, f)| ("decimal(12,2)".to_owned(), format!("{n}.{f:02}"))),
        any::<f32>()
            .prop_filter("finite", |f| f.is_finite())
            .prop_map(|f| ("float".to_owned(), format!("{f:e}"))),
        any::<f64>()
            .prop_filter("finite", |f| f.is_finite())
            .prop_map(|f| ("double".to_owned(), format!("{f:e}"))),
        ".{0,40}".prop_map(|text| ("varchar(200)".to_owned(), literal(&text))),
        "\\PC{0,90}".prop_map(|text| ("text".to_owned(), literal(&text))),
        "[ -~]{0,20}".prop_map(|text| ("char(20) CHARACTER SET latin1".to_owned(), literal(&text))),
        prop::collection::vec(any::<u8>(), 0..60)
            .prop_map(|bytes| ("varbinary(60)".to_owned(), hexadecimal(&bytes))),
        prop::collection::vec(any::<u8>(), 0..60)
            .prop_map(|bytes| ("blob".to_owned(), hexadecimal(&bytes))),
        (0..10_000_u32, 0..13_u32, 0..29_u32)
            .prop_map(|(y, m, d)| ("date".to_owned(), format!("'{y:04}-{m:02}-{d:02}'"))),
        (1000..9999_u32, 1..13_u32, 1..29_u32, 0..86_400_u32, 0..1_000_000_u32)
            .prop_map(|(y, m, d, s, u)| ("datetime(6)".to_owned(), moment(y, m, d, s, u))),
        (1971..2037_u32, 1..13_u32, 1..29_u32, 0..86_400_u32, 0..1000_u32).prop_map(
            |(y, m, d, s, u)| ("timestamp(3) NULL".to_owned(), moment(y, m, d, s, u * 1000))
        ),
        (-838..=838_i32, 0..60_u32, 0..60_u32)
            .prop_map(|(h, m, s)| ("time".to_owned(), format!("'{h:02}:{m:02}:{s:02}'"))),
        (0..24_u32, 0..60_u32, 0..60_u32)
            .prop_map(|(h, m, s)| ("time(3)".to_owned(), format!("'{h:02}:{m:02}:{s:02}.5'"))),
        prop::sample::select(vec!["'a'", "'b c'", "'d''e'"])
            .prop_map(|label| ("enum('a','b c','d''e')".to_owned(), label.to_owned())),
        prop::sample::select(vec!["''", "'x'", "'x,y z'", "'\"'"])
            .prop_map(|members| ("set('x','y z','\"')".to_owned(), members.to_owned())),
        "[a-z\"\\\\\u{e9}]{0,9}".prop_map(|text| {
            let json = serde_json::json!({ "k": text, "n": [1, 2.5, null] }).to_string();
            ("json".to_owned(), literal(&json))
        }),
    ];
    // Values of one type: the type of the first decides, the others are made for it.
    value.prop_flat_map(|(definition, first)| {
        prop::collection::vec(any::<bool>(), ROWS).prop_map(move |nulls| Column {
            definition: definition.clone(),
            values: nulls
                .iter()
                .map(|null| if *null { "NULL".to_owned() } else { first.clone() })
                .collect(),
        })
    })
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''").replace('\0', "\\0"))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{}'", digits.concat())
}

fn moment(year: u32, month: u32, day: u32, second: u32, micros: u32) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("'{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}'")
}

fn table(name: &str, columns: &[Column], with_key: bool) -> String {
    let key = if with_key { "id int PRIMARY KEY" } else { "id int" };
    let definitions: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("c{at} {}", column.definition))
        .collect();
    let rows: Vec<String> = (0..ROWS)
        .map(|row| {
            let values: Vec<&str> =
                columns.iter().map(|column| column.values[row].as_str()).collect();
            format!("({row}, {})", values.join(", "))
        })
        .collect();
    format!(
        "CREATE TABLE {name} ({key}, {}) CHARACTER SET utf8mb4; INSERT INTO {name} VALUES {};",
        definitions.join(", "),
        rows.join(", ")
    )
}

fn judged(columns: &[Vec<Column>], pair: usize) -> Result<(), TestCaseError> {
    let pair = PAIRS[pair % PAIRS.len()];
    let Some((source, target)) = databases(pair, "random") else { return Ok(()) };
    let mut sql = "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'; SET SESSION time_zone = '+00:00';"
        .to_owned();
    for (at, columns) in columns.iter().enumerate() {
        sql.push_str(&table(&format!("t{at}"), columns, at % 2 == 0));
    }
    source.sql(&sql);
    let (moved, report) = migrate(&source, &target, &[]);
    prop_assert!(moved.code <= 1, "{}\n{sql}", moved.all());
    prop_assert_eq!(report.unproven(), Vec::<String>::new());
    let rows: u64 = report.proven_rows().iter().map(|(_, rows)| rows).sum();
    prop_assert_eq!(rows, (ROWS * columns.len()) as u64, "{}", moved.all());
    let mut verify = nirvana();
    verify.args(["verify", "--independent", "--format", "json", &source.url(), &target.url()]);
    let verified = run(verify);
    let told = ["by SQL of both servers", "no second opinion:", "could not be compared"];
    let agreed = verified.code == 0 && !told.iter().any(|words| verified.stdout.contains(words));
    prop_assert!(agreed, "{}\n{sql}", verified.all());
    Ok(())
}

#[test]
fn schemas_by_chance_arrive_whole() {
    let cases = std::env::var("NIRVANA_TEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: cases.unwrap_or(12),
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::default()
    };
    let tables = prop::collection::vec(prop::collection::vec(column(), 1..9), 1..4);
    let mut runner = TestRunner::new(config);
    let ended = runner.run(&(tables, 0..4_usize), |(tables, pair)| judged(&tables, pair));
    if let Err(error) = ended {
        panic!("{error}");
    }
}
