//! What only one of the two servers has.

use super::{column, expression, index, literal, parts, read_back, table};
use crate::mysql::schema::{Check, ColumnType, Default, IndexKind, Schema};
use crate::mysql::server::Flavour;

#[tokio::test]
async fn what_one_server_has() {
    let script = |flavour| match flavour {
        Flavour::MariaDb => include_str!("mariadb.sql").to_owned(),
        Flavour::MySql => include_str!("mysql.sql").to_owned(),
    };
    for (trial, schema) in read_back("own", |trial| script(trial.server.flavour)).await {
        match trial.server.flavour {
            Flavour::MariaDb => {
                mariadb_columns(&schema);
                mariadb_tables(&schema);
            }
            Flavour::MySql => {
                mysql_columns(&schema);
                mysql_keys(&schema);
            }
        }
        trial.finish().await;
    }
}

fn check(name: &str, expression: &str) -> Check {
    Check { name: name.to_owned(), expression: expression.to_owned(), enforced: true }
}

fn mariadb_columns(schema: &Schema) {
    let own = table(schema, "own");
    for (name, column_type) in [
        ("u", ColumnType::Uuid),
        ("i4", ColumnType::Inet4),
        ("i6", ColumnType::Inet6),
        ("j", ColumnType::Json { native: false }),
        ("jx", ColumnType::Text),
        ("jl", ColumnType::Json { native: false }),
        ("p", ColumnType::Geometry { kind: "point".to_owned(), srid: None }),
        ("packed", ColumnType::VarChar { length: 10 }),
        ("tiny4", ColumnType::TinyInt { unsigned: false, display_width: Some(4) }),
    ] {
        assert_eq!(column(own, name).column_type, column_type, "{name}");
    }
    let next = format!("nextval(`{}`.`sq`)", schema.databases[0]);
    for (name, default) in [
        ("u", expression("uuid()")),
        ("i4", literal("1.2.3.4")),
        ("j", literal("{}")),
        ("later", expression("(current_timestamp() + interval 1 day)")),
        ("n", Default::Null),
        ("t", expression(r#"concat('\'','"','\n')"#)),
        ("next", expression(&next)),
        ("half", literal("0.5")),
        ("bt", literal("0x78")),
        ("bu", expression("uuid()")),
    ] {
        assert_eq!(column(own, name).default, default, "{name}");
    }
    assert_eq!(
        own.checks,
        [
            check("both_", "`both_` > 1"),
            check("jcheck", "json_valid(`t`)"),
            check("jx", "json_valid(`jx`) and `jx` <> '[]'"),
            check("ti`ck", "`ti``ck` > 0"),
        ]
    );
    assert!(!index(own, "ign").visible);
}

fn mariadb_tables(schema: &Schema) {
    assert_eq!(table(schema, "hashed").indexes[0].kind, IndexKind::Unique);
    let versioned = table(schema, "versioned");
    assert!(versioned.system_versioned && !table(schema, "own").system_versioned);
    assert_eq!(versioned.columns.len(), 2);
    assert_eq!(parts(versioned.primary_key().unwrap()), "(a)");
    let named = table(schema, "named_period");
    assert!(named.system_versioned);
    assert_eq!(named.columns.len(), 3);
    assert_eq!(parts(named.primary_key().unwrap()), "(a)");
    let end = column(named, "re");
    assert_eq!(end.generated.as_ref().unwrap().expression, "ROW END");
    assert!(end.invisible);
    let booked = table(schema, "booked");
    assert_eq!(booked.indexes[0].kind, IndexKind::Other);
    assert_eq!(booked.checks, [check("p", "`s` < `e`")]);
    assert_eq!(schema.objects, []);
    let [sequence] = schema.sequences.as_slice() else { panic!("{:?}", schema.sequences) };
    let numbers = [sequence.start, sequence.increment, sequence.minimum, sequence.next];
    assert_eq!((sequence.name.name.as_str(), numbers, sequence.cache), ("sq", [5, 2, 1, 5], 1000));
    assert_eq!((sequence.maximum, sequence.cycles), (i128::from(i64::MAX) - 1, false));
}

fn mysql_columns(schema: &Schema) {
    let own = table(schema, "own");
    let geometry = |kind: &str, srid| ColumnType::Geometry { kind: kind.to_owned(), srid };
    for (name, column_type) in [
        ("p", geometry("point", Some(4326))),
        ("g", geometry("geometry", Some(0))),
        ("here", geometry("point", None)),
        ("j", ColumnType::Json { native: true }),
        ("v", ColumnType::Vector { dimensions: 3 }),
        ("big", ColumnType::Vector { dimensions: 2048 }),
    ] {
        assert_eq!(column(own, name).column_type, column_type, "{name}");
    }
    for (name, default) in [
        ("n", Default::Null),
        ("j", expression("json_object(_utf8mb4'a',_utf8mb4'ü')")),
        ("here", expression("point(1,2)")),
        ("m", expression("now()")),
        ("bits", expression("0x05")),
        ("bl", expression("0xff00")),
        ("escapes", expression(r#"concat(_utf8mb4'\n',_utf8mb4'\\',_utf8mb4'"',_utf8mb4'`')"#)),
        ("sum", expression("(`a` + 1)")),
    ] {
        assert_eq!(column(own, name).default, default, "{name}");
    }
    let made = column(own, "made");
    assert!(made.invisible);
    assert_eq!(made.generated.as_ref().unwrap().expression, "concat(`b`,_utf8mb4'日本')");
    assert_eq!(own.columns.len(), 17, "functional indexes have hidden columns");
}

fn mysql_keys(schema: &Schema) {
    let own = table(schema, "own");
    for (name, expected) in [
        ("fx", "(((`a` + 1)))"),
        ("fy", "(a, (lower(`b`)) desc, b(5))"),
        ("fz", r"((concat(`b`,_utf8mb4'é',_utf8mb4'it\'s')))"),
        ("mvi", "((cast(json_extract(`mv`,_utf8mb4'$.a') as unsigned array)))"),
        ("inv", "(a)"),
    ] {
        assert_eq!(parts(index(own, name)), expected, "{name}");
    }
    assert!(!index(own, "inv").visible && index(own, "fx").visible);
    assert_eq!(
        own.checks,
        [
            check("ch é", r"(`b` <> _utf8mb4'é\'')"),
            check("own_chk_1", "(`h` <> 5)"),
            Check { enforced: false, ..check("own_chk_2", "(`a` > 0)") },
        ]
    );
}
