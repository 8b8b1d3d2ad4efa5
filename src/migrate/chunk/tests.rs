//! Chunks of real tables: every row is in exactly one, whatever the key.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{Bound, Chunk, Plan, above, at_least, below, cut};
use crate::migrate::convert::{Choices, convert};
use crate::migrate::mapping::TableMapping;
use crate::migrate::scan::Answers;
use crate::mysql::catalog;
use crate::mysql::quote::{hexadecimal, literal};
use crate::mysql::schema::Schema;
use crate::mysql::trial::Trial;

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn comparisons_are_written_out() {
    let (columns, values) = (words("a b"), words("1 2"));
    assert_eq!(at_least(&columns, &values), "a >= 1 AND (a > 1 OR (b >= 2))");
    assert_eq!(below(&columns, &values), "a <= 1 AND (a < 1 OR (b < 2))");
    assert_eq!(above(&columns[..1], &values[..1]), "a > 1");
}

#[test]
fn bounds_cut_without_gaps_and_without_overlap() {
    let bound = |at: i32| Bound::Key { source: vec![at.to_string()], target: None };
    let chunks = Chunk::between(vec![bound(3), bound(9)]);
    assert_eq!(chunks.len(), 3);
    assert_eq!((&chunks[0].lower, &chunks[2].upper), (&None, &None));
    for pair in chunks.windows(2) {
        assert_eq!(pair[0].upper, pair[1].lower);
    }
    assert_eq!(Chunk::between(Vec::new()), [Chunk::default()]);
}

/// Key columns, and a strategy for their values as literals.
fn keys() -> Vec<(&'static str, &'static str, BoxedStrategy<String>)> {
    let text = "[a-cA-Cß é'\\\\%_\u{1F600}-\u{1F602}]{0,6}";
    let number = |low: i64, high: i64| (low..=high).prop_map(|value| value.to_string());
    vec![
        ("dense", "a int", number(1, 400).boxed()),
        ("gaps", "a bigint", prop_oneof![number(-9, 9), number(i64::MIN, i64::MAX)].boxed()),
        ("huge", "a bigint unsigned", any::<u64>().prop_map(|value| value.to_string()).boxed()),
        ("small", "a tinyint unsigned", number(0, 255).boxed()),
        ("pairs", "a int, b int", (0..3, 0..300).prop_map(|(a, b)| format!("{a}, {b}")).boxed()),
        (
            "skewed",
            "a int, b varchar(9)",
            (0..2, text).prop_map(|(a, b)| format!("{a}, {}", literal(&b))).boxed(),
        ),
        ("text", "a varchar(20)", text.prop_map(|text| literal(&text)).boxed()),
        (
            "latin",
            "a varchar(20) CHARACTER SET latin1",
            "[a-zA-Zäöß ]{0,5}".prop_map(|text| literal(&text)).boxed(),
        ),
        ("bytes", "a varbinary(8)", any::<[u8; 3]>().prop_map(|bytes| hexadecimal(&bytes)).boxed()),
        (
            "moments",
            "a datetime(6)",
            number(0, 900_000)
                .prop_map(|value| format!("'2020-01-01' + INTERVAL {value} SECOND"))
                .boxed(),
        ),
        (
            "decimals",
            "a decimal(9,3)",
            number(-50_000, 50_000).prop_map(|value| format!("{value} / 100")).boxed(),
        ),
    ]
}

fn of<'a>(schema: &Schema, mappings: &'a [TableMapping], name: &str) -> (usize, &'a TableMapping) {
    let at = schema.tables.iter().position(|table| table.name.name == name).unwrap();
    (at, mappings.iter().find(|mapping| mapping.source.name == name).unwrap())
}

#[tokio::test]
async fn every_row_is_in_exactly_one_chunk() {
    let mut runner = TestRunner::deterministic();
    for mut trial in Trial::on_each("chunks").await {
        for (name, columns, values) in keys() {
            let key: Vec<&str> =
                columns.split(", ").map(|column| column.split(' ').next().unwrap()).collect();
            let filler = "f varchar(300) DEFAULT (REPEAT('x', 250))";
            let make = format!(
                "CREATE TABLE {name} ({columns}, {filler}, PRIMARY KEY ({}))",
                key.join(", ")
            );
            trial.run(&make).await;
            let rows: Vec<String> = (0..300)
                .map(|_| format!("({})", values.new_tree(&mut runner).unwrap().current()))
                .collect();
            let keys = key.join(", ");
            trial
                .run(&format!("INSERT IGNORE INTO {name} ({keys}) VALUES {}", rows.join(", ")))
                .await;
            trial.run(&format!("ANALYZE TABLE {name}")).await;
        }
        trial.run("CREATE TABLE none (a int, f varchar(300));\nINSERT INTO none SELECT b, f FROM pairs, (SELECT 1) x;\nANALYZE TABLE none").await;
        let Trial { connection, server, database, .. } = &mut trial;
        let schema = catalog::read(connection, server, &[database]).await.unwrap();
        let choices = Choices {
            schemas: crate::migrate::schemas::Schemas::one("public"),
            server_version: 150_000,
            settings: crate::migrate::settings::Settings::default(),
            extensions: std::collections::BTreeMap::new(),
        };
        let mappings = convert(&schema, &Answers::default(), &choices).mappings;
        for table in &schema.tables {
            let (_, mapping) = of(&schema, &mappings, &table.name.name);
            let Plan { key, chunks } = cut::plan(connection, table, mapping, 6_000).await.unwrap();
            let all = connection.rows(&mapping.select()).await.unwrap().len();
            let mut seen = 0;
            for chunk in &chunks {
                seen += connection
                    .rows(&chunk.selection(key.as_ref()).sql(mapping))
                    .await
                    .unwrap()
                    .len();
            }
            // As many rows as there are, and each in a chunk: a row in two would be one too many.
            assert_eq!(seen, all, "{}", table.name);
            let union: Vec<String> =
                chunks.iter().map(|chunk| chunk.selection(key.as_ref()).sql(mapping)).collect();
            let distinct = format!("SELECT DISTINCT * FROM ({}) parts", union.join(" UNION ALL "));
            let distinct = connection.rows(&distinct).await.unwrap().len();
            let apart = format!("SELECT DISTINCT * FROM ({}) all_rows", mapping.select());
            assert_eq!(distinct, connection.rows(&apart).await.unwrap().len(), "{}", table.name);
            let whole = ["none", "small"].contains(&table.name.name.as_str());
            assert!(whole || chunks.len() > 2, "{table:?} is cut into {chunks:?}");
        }
        trial.finish().await;
    }
}
