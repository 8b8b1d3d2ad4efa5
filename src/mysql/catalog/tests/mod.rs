//! The catalog of real servers, read and compared with what was made.

mod own;

use crate::mysql::catalog::read;
use crate::mysql::error::Error;
use crate::mysql::schema::{
    Column, ColumnType, Default, ForeignKey, Generated, Index, IndexKey, IndexKind, Object,
    ObjectKind, PartitionValues, ReferentialAction, Schema, Table,
};
use crate::mysql::trial::Trial;
use crate::name::TableName;

/// The schema of a script on each server; the trials' databases are dropped afterwards.
async fn read_back(purpose: &str, scripts: impl Fn(&Trial) -> String) -> Vec<(Trial, Schema)> {
    let mut read_back = Vec::new();
    for mut trial in Trial::on_each(purpose).await {
        let script = scripts(&trial);
        trial.run(&script).await;
        let schema = read(&mut trial.connection, &trial.server, &[&trial.database]).await.unwrap();
        read_back.push((trial, schema));
    }
    read_back
}

fn table<'a>(schema: &'a Schema, name: &str) -> &'a Table {
    schema.tables.iter().find(|table| table.name.name == name).expect(name)
}

fn column<'a>(table: &'a Table, name: &str) -> &'a Column {
    table.columns.iter().find(|column| column.name == name).expect(name)
}

fn index<'a>(table: &'a Table, name: &str) -> &'a Index {
    table.indexes.iter().find(|index| index.name == name).expect(name)
}

fn literal(text: &str) -> Default {
    Default::Literal(text.to_owned())
}

fn expression(text: &str) -> Default {
    Default::Expression(text.to_owned())
}

/// `(a desc, b(5))`, expressions in double parentheses.
fn parts(index: &Index) -> String {
    let parts: Vec<String> = index
        .parts
        .iter()
        .map(|part| {
            let key = match &part.key {
                IndexKey::Column(column) => column.clone(),
                IndexKey::Prefix { column, length } => format!("{column}({length})"),
                IndexKey::Expression(expression) => format!("({expression})"),
            };
            if part.descending { format!("{key} desc") } else { key }
        })
        .collect();
    format!("({})", parts.join(", "))
}

#[tokio::test]
async fn what_both_servers_have() {
    for (trial, schema) in read_back("common", |_| include_str!("common.sql").to_owned()).await {
        let names: Vec<&str> = schema.tables.iter().map(|table| table.name.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "Parent",
                "abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_0123456789",
                "child",
                "counter",
                "empty_fox",
                "fox",
                "listed",
                "made",
                "memory",
                "parent",
                "part",
                "types",
                "untouched",
                "we ird.`\"tab\\le ü",
            ]
        );
        column_types(table(&schema, "types"));
        defaults(table(&schema, "types"));
        generated_and_indexes(table(&schema, "made"));
        beyond_the_basic_plane(&schema);
        tables(&schema);
        foreign_keys(&schema);
        objects(&schema);
        trial.finish().await;
    }
}

fn column_types(types: &Table) {
    for (name, column_type) in [
        ("id", "BigInt { unsigned: true }"),
        ("flag", "TinyInt { unsigned: false, display_width: Some(1) }"),
        ("small", "SmallInt { unsigned: true }"),
        ("medium", "MediumInt { unsigned: false }"),
        ("plain", "Int { unsigned: true }"),
        ("price", "Decimal { precision: 10, scale: 2 }"),
        ("wide", "Decimal { precision: 65, scale: 30 }"),
        ("f", "Float"),
        ("d", "Double"),
        ("b1", "Bit { bits: 1 }"),
        ("b64", "Bit { bits: 64 }"),
        ("y", "Year"),
        ("zero", "Date"),
        ("moment", "DateTime { fraction: 6 }"),
        ("stamp", "Timestamp { fraction: 3 }"),
        ("long_ago", "Time { fraction: 2 }"),
        ("zero_chars", "Char { length: 0 }"),
        ("text1", "VarChar { length: 30 }"),
        ("tt", "Text"),
        ("bin", "Binary { length: 3 }"),
        ("raw", "VarBinary { length: 5 }"),
        ("lb", "Blob"),
        ("e", r#"Enum { labels: ["a", "it's", "b\\c", "ü,(x)", ""] }"#),
        ("s", r#"Set { labels: ["x", "y y"] }"#),
        ("p", r#"Geometry { kind: "point", srid: None }"#),
        ("gc", r#"Geometry { kind: "geometrycollection", srid: None }"#),
    ] {
        let found = format!("{:?}", column(types, name).column_type);
        assert_eq!(found, column_type, "{name}");
    }
    assert!(matches!(column(types, "j").column_type, ColumnType::Json { .. }));
    assert!(types.checks.is_empty(), "JSON is a type, not a check: {:?}", types.checks);
    assert!(column(types, "small").zerofill && !column(types, "medium").zerofill);
    let swedish = column(types, "swedish").collation.clone().unwrap();
    assert_eq!((swedish.charset.as_str(), swedish.name.as_str()), ("latin1", "latin1_swedish_ci"));
    assert_eq!(column(types, "bin").collation, None);
    assert_eq!(column(types, "j").collation, None);
}

fn defaults(types: &Table) {
    let expected = [
        ("id", Default::Absent),
        ("flag", literal("1")),
        ("tiny", Default::Null),
        ("price", literal("1.50")),
        ("d", literal("1e100")),
        ("b1", literal("b'1'")),
        ("b64", literal("b'101'")),
        ("y", literal("2020")),
        ("zero", literal("0000-00-00")),
        ("stamp", Default::Null),
        ("long_ago", literal("-10:11:12.13")),
        ("text1", literal("it's \\ \"x\" \n é")),
        ("bin", literal("0x610062")),
        ("raw", literal("0xFF00")),
        ("nothing", literal("0x")),
        ("zeros", literal("0x00000000")),
        ("e", literal("it's")),
        ("s", literal("x,y y")),
        ("null_text", literal("NULL")),
        ("empty_text", literal("")),
        ("now_text", literal("current_timestamp")),
        ("five", literal("5")),
        ("minus", literal("-7")),
        ("none", Default::Absent),
        ("quoted", literal("'q'")),
        ("uuid_made", expression("uuid()")),
        ("two", expression("(1 + 1)")),
        ("today", expression("curdate()")),
        ("hex_number", literal("16")),
        ("hex_text", literal("ABC")),
        ("nul_text", literal("a\0b")),
        ("hidden", literal("3")),
    ];
    for (name, default) in expected {
        assert_eq!(column(types, name).default, default, "{name}");
    }
    let Default::Expression(moment) = &column(types, "moment").default else { panic!("moment") };
    assert_eq!(moment.to_lowercase(), "current_timestamp(6)");
    let Default::Expression(joined) = &column(types, "joined").default else { panic!("joined") };
    assert_eq!(joined.replace("_utf8mb4", ""), r"concat('a\'b','c\\d','é')");
    assert!(column(types, "moment").on_update_now && !column(types, "stamp").on_update_now);
    assert!(column(types, "id").auto_increment && !column(types, "tiny").auto_increment);
    let hidden = column(types, "hidden");
    assert!(hidden.invisible && !column(types, "tiny").invisible);
    assert_eq!(hidden.comment, "it's; hidden");
    assert!(hidden.nullable && !column(types, "none").nullable);
}

fn generated_and_indexes(made: &Table) {
    let plain = |text: &str| text.replace("_utf8mb4", "");
    let Generated { expression, stored } = column(made, "c").generated.clone().unwrap();
    assert_eq!((expression.trim_matches(['(', ')']), stored), ("`a` + 1", false));
    let Generated { expression, stored } = column(made, "d").generated.clone().unwrap();
    assert_eq!((plain(&expression).as_str(), stored), (r"concat(`b`,'it\'s','\\x','é')", true));
    assert_eq!(column(made, "c").default, Default::Null);
    let expected = [
        ("d", IndexKind::Plain, "(d(5))"),
        ("ft", IndexKind::FullText, "(b)"),
        ("k desc", IndexKind::Plain, "(a desc, b)"),
        ("sp", IndexKind::Spatial, "(p)"),
        ("u q", IndexKind::Unique, "(b(3), a)"),
    ];
    let found: Vec<(&str, IndexKind, String)> =
        made.indexes.iter().map(|index| (index.name.as_str(), index.kind, parts(index))).collect();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!((found.0, found.1, found.2.as_str()), *expected);
    }
    assert_eq!(found.len(), expected.len());
    assert_eq!(index(made, "ft").comment, "full;text");
    assert!(index(made, "ft").visible);
    let checks: Vec<(String, String)> = made
        .checks
        .iter()
        .map(|check| (check.name.clone(), plain(&check.expression).replace(['(', ')'], "")))
        .collect();
    let check = |name: &str| checks.iter().find(|(found, _)| found == name).unwrap().1.as_str();
    assert_eq!(checks.len(), 3);
    assert_eq!(check("my chk"), r"`a` < 100 and `b` <> 'it\'s' and `b` <> '\\n'");
    assert_eq!(check("ünlike"), r"`b` like 'a\\_%' or `b` = 'é'");
    assert!(made.checks.iter().all(|check| check.enforced));
}

fn beyond_the_basic_plane(schema: &Schema) {
    let fox = table(schema, "fox");
    let plain = |text: &str| text.replace("_utf8mb4", "");
    assert_eq!(column(fox, "c").default, literal("a🦊b"));
    assert_eq!(column(fox, "sure").default, literal("🦊"));
    assert_eq!(column(fox, "ask").default, literal("why?"));
    let Default::Expression(text) = &column(fox, "ex").default else { panic!("ex") };
    assert_eq!(plain(text), "concat('🦊','é')");
    let made = column(fox, "made").generated.as_ref().unwrap();
    assert_eq!(plain(&made.expression), "concat(`c`,'🦊')");
    let check = plain(&fox.checks[0].expression).replace(['(', ')'], "");
    assert_eq!(check, "`kept` <> '🦊'");
    let empty = table(schema, "empty_fox");
    assert_eq!(column(empty, "c").default, literal("a🦊b"));
    assert_eq!(column(empty, "ask").default, literal("why?"));
}

fn tables(schema: &Schema) {
    let types = table(schema, "types");
    assert_eq!(types.comment, "it's a \\ table\nline");
    assert_eq!(types.auto_increment, Some(3));
    assert_eq!(table(schema, "counter").auto_increment, Some(100));
    assert_eq!(table(schema, "untouched").auto_increment, Some(1));
    assert_eq!(table(schema, "made").auto_increment, None);
    assert_eq!((types.engine.as_str(), types.rows_estimate), ("InnoDB", 2));
    assert!(types.bytes_estimate > 0);
    assert_eq!(types.primary_key().unwrap().name, "PRIMARY");
    assert_eq!(table(schema, "memory").engine, "MEMORY");
    assert_eq!(
        partitions(table(schema, "part")),
        "RANGE (year(`d`)): p0 2000; p1 MAXVALUE, of parts"
    );
    assert_eq!(partitions(table(schema, "listed")), "LIST COLUMNS (`b`): p0 'é','x'");
    let [view] = schema.views.as_slice() else { panic!("{:?}", schema.views) };
    assert_eq!((view.name.name.as_str(), view.definition.as_str()), ("v", "select 1 AS `x`"));
    assert_eq!((view.columns.len(), &view.check_option, view.invoker), (1, &None, false));
    assert_eq!(types.partitioning, None);
    let odd = table(schema, "we ird.`\"tab\\le ü");
    assert_eq!(parts(&odd.indexes[0]), "(c.o`l \"ü)");
    assert_eq!(parts(index(odd, "i'x")), "(select)");
}

/// `RANGE (expression): name 1,2; name MAXVALUE`.
fn partitions(table: &Table) -> String {
    let by = table.partitioning.as_ref().unwrap();
    let parts: Vec<String> = by
        .partitions
        .iter()
        .map(|one| match &one.values {
            PartitionValues::Listed(values) => format!("{} {values}", one.name),
            PartitionValues::Hashed => one.name.clone(),
            PartitionValues::Rest => format!("{} DEFAULT", one.name),
        })
        .collect();
    let of_parts = if by.has_subpartitions { ", of parts" } else { "" };
    format!("{} ({}): {}{of_parts}", by.method, by.expression, parts.join("; "))
}

fn foreign_keys(schema: &Schema) {
    let strings = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    let child = table(schema, "child");
    let parent = TableName::new(&schema.databases[0], "Parent");
    assert_eq!(
        child.foreign_keys[0],
        ForeignKey {
            name: "fk1".to_owned(),
            columns: strings(["p1", "p2"]),
            referenced_table: parent.clone(),
            referenced_columns: strings(["id", "Id2"]),
            on_delete: ReferentialAction::Cascade,
            on_update: ReferentialAction::SetNull,
        }
    );
    let second = &child.foreign_keys[1];
    assert_eq!((&second.columns, &second.referenced_table), (&strings(["p2", "p1"]), &parent));
    assert_eq!(second.referenced_columns, strings(["Id2", "id"]));
    assert_eq!(child.foreign_keys[2].referenced_table, child.name);
    assert!(matches!(
        child.foreign_keys[2].on_delete,
        ReferentialAction::NoAction | ReferentialAction::Restrict
    ));
}

fn objects(schema: &Schema) {
    let named = |name: &str| TableName::new(&schema.databases[0], name);
    let object = |kind, name: &str| Object { kind, name: named(name), table: None };
    let types = Some(named("types"));
    assert_eq!(
        schema.objects,
        [
            Object { table: types, ..object(ObjectKind::Trigger, "tr") },
            object(ObjectKind::Procedure, "pr"),
            object(ObjectKind::Function, "fu"),
            object(ObjectKind::Event, "ev"),
        ]
    );
}

/// `information_schema` of `MariaDB` takes `cafe`, `Cafe` and `café` for one.
#[tokio::test]
async fn databases_that_differ_by_case_or_accent_are_not_mixed() {
    for mut trial in Trial::on_each("cafe").await {
        trial.run("CREATE TABLE one (a int CHECK (a > 0));\nCREATE PROCEDURE pr() SELECT 1").await;
        let other = trial.database.replace("cafe", "Café");
        trial
            .run(&format!(
                "CREATE DATABASE `{other}`;\nCREATE TABLE `{other}`.two (a int, CHECK (a < 1));\n\
                 CREATE PROCEDURE `{other}`.other() SELECT 1"
            ))
            .await;
        for (name, expected) in [(trial.database.clone(), "one"), (other.clone(), "two")] {
            let schema = read(&mut trial.connection, &trial.server, &[&name]).await.unwrap();
            let names: Vec<&str> =
                schema.tables.iter().map(|table| table.name.name.as_str()).collect();
            assert_eq!(names, [expected]);
            assert_eq!(schema.objects.len(), 1);
            assert_eq!(schema.tables[0].checks.len(), 1);
        }
        trial.run(&format!("DROP DATABASE `{other}`")).await;
        trial.finish().await;
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    for mut trial in Trial::on_each("absent").await {
        let error = read(&mut trial.connection, &trial.server, &["no such"]).await.unwrap_err();
        assert!(matches!(error, Error::NoDatabase { name } if name == "no such"));
        trial.finish().await;
    }
}

/// Keys into another database keep its name.
#[tokio::test]
async fn a_foreign_key_into_another_database() {
    for mut trial in Trial::on_each("across").await {
        let other = format!("{}_2", trial.database);
        trial
            .run(&format!(
                "CREATE DATABASE `{other}`;\nCREATE TABLE `{other}`.x (id int PRIMARY KEY);\n\
                 CREATE TABLE y (a int, FOREIGN KEY (a) REFERENCES `{other}`.x (id))"
            ))
            .await;
        let name = trial.database.clone();
        let schema = read(&mut trial.connection, &trial.server, &[&name]).await.unwrap();
        let key = &table(&schema, "y").foreign_keys[0];
        assert_eq!(key.referenced_table, TableName::new(other.clone(), "x"));
        trial.run(&format!("DROP TABLE y;\nDROP DATABASE `{other}`")).await;
        trial.finish().await;
    }
}
