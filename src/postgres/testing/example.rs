//! A schema with one of everything, and with names that nobody should choose.

use crate::name::TableName;
use crate::postgres::schema::{
    Check, Column, ColumnType, EnumType, ForeignKey, Generated, Index, IndexKey, IndexMethod,
    IndexPart, IndexRole, Partition, Partitioning, Schema, Sequence, Strategy, Table,
    TouchFunction, Trigger, View,
};

const SHOP: &str = "Sho\"p";

fn name(name: &str) -> TableName {
    TableName::new(SHOP, name)
}

fn column(name: &str, column_type: ColumnType) -> Column {
    Column {
        name: name.to_owned(),
        column_type,
        not_null: false,
        default: None,
        identity: None,
        generated: None,
        collation: None,
        comment: String::new(),
    }
}

fn required(name: &str, column_type: ColumnType) -> Column {
    Column { not_null: true, ..column(name, column_type) }
}

fn default(name: &str, column_type: ColumnType, sql: &str) -> Column {
    Column { default: Some(sql.to_owned()), ..column(name, column_type) }
}

fn identity(name: &str, column_type: ColumnType, next: u64) -> Column {
    Column { identity: Some(next), ..required(name, column_type) }
}

/// Keys as `a`, `a DESC` or `(expression)`.
fn index(name: &str, role: IndexRole, method: IndexMethod, keys: &[&str]) -> Index {
    let parts = keys.iter().map(|key| {
        let (key, descending) = key.strip_suffix(" DESC").map_or((*key, false), |key| (key, true));
        let expression = key.strip_prefix('(').and_then(|key| key.strip_suffix(')'));
        let key = match expression {
            Some(sql) => IndexKey::Expression(sql.to_owned()),
            None => IndexKey::Column(key.to_owned()),
        };
        IndexPart { key, descending }
    });
    Index { name: name.to_owned(), role, method, parts: parts.collect(), comment: String::new() }
}

fn check(name: &str, expression: &str, not_valid: bool) -> Check {
    Check { name: name.to_owned(), expression: expression.to_owned(), not_valid }
}

fn key(name: &str, columns: &[&str], to: (&str, &[&str]), actions: (&str, &str)) -> ForeignKey {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ForeignKey {
        name: name.to_owned(),
        columns: names(columns),
        referenced_table: TableName::new(SHOP, to.0),
        referenced_columns: names(to.1),
        on_delete: actions.0.to_owned(),
        on_update: actions.1.to_owned(),
    }
}

fn touch(table: &str, column: &str) -> Trigger {
    Trigger { name: format!("{table}_{column}"), function: name(&format!("touch_{column}")) }
}

fn touch_function(column: &str, now: &str) -> TouchFunction {
    let name = name(&format!("touch_{column}"));
    TouchFunction { name, column: column.to_owned(), now: now.to_owned() }
}

/// One of everything that needs no extension.
pub(crate) fn example() -> Schema {
    let labels = ["new", "o'neil", "back\\slash", "with, comma", ""];
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    Schema {
        extensions: vec![],
        collations: Vec::new(),
        enums: vec![EnumType { name: name("order state"), labels }],
        touch_functions: vec![
            touch_function("updated_at", "current_timestamp(6)::timestamp(6)"),
            touch_function("unused", "current_timestamp"),
        ],
        sequences: vec![tickets()],
        tables: vec![customers(), orders(), lines(), counter(), visits()],
        views: vec![View {
            name: name("open orders"),
            columns: vec!["a \"b".to_owned(), "half".to_owned()],
            query: format!("SELECT id, half FROM {} WHERE flag", name("customers").postgres()),
            check_option: Some("CASCADED".to_owned()),
            invoker: false,
        }],
    }
}

/// A sequence that goes down and begins again.
fn tickets() -> Sequence {
    Sequence {
        name: name("tickets"),
        start: -5,
        increment: -3,
        minimum: -1000,
        maximum: -1,
        cycles: true,
        next: -8,
        comment: "it's a queue".to_owned(),
    }
}

/// A partitioned table with a key, an index and a trigger.
fn visits() -> Table {
    let partition = |name: &str, bound: &str| Partition {
        name: name.to_owned(),
        bound: bound.to_owned(),
        check: None,
        comment: String::new(),
    };
    Table {
        name: name("visits"),
        comment: String::new(),
        columns: vec![
            identity("id", ColumnType::BigInt, 7),
            column("day \"d", ColumnType::Date),
            column("updated_at", ColumnType::Timestamp { fraction: 6 }),
        ],
        indexes: vec![
            index("visits_pkey", IndexRole::Primary, IndexMethod::BTree, &["id"]),
            index("visits_by_day", IndexRole::Plain, IndexMethod::BTree, &["day \"d DESC"]),
        ],
        checks: vec![],
        foreign_keys: vec![],
        triggers: vec![touch("visits", "updated_at")],
        partitioning: Some(Partitioning {
            strategy: Strategy::Range,
            key: vec!["id".to_owned()],
            partitions: vec![
                Partition {
                    comment: "it's old".to_owned(),
                    ..partition("visits_old", "FOR VALUES FROM (MINVALUE) TO (10)")
                },
                partition("visits \"new", "FOR VALUES FROM (10) TO (MAXVALUE)"),
                Partition {
                    check: Some("\"id\" IS NULL".to_owned()),
                    ..partition("visits_default", "DEFAULT")
                },
            ],
        }),
    }
}

/// Every type, default, kind of index and check.
fn customers() -> Table {
    Table {
        name: name("customers"),
        comment: "people's \"best\" \\ friends\nand foes".to_owned(),
        columns: customer_columns(),
        indexes: customer_indexes(),
        checks: vec![
            check("solvent", "balance >= 0", false),
            check("known tags", "tags <@ ARRAY['a', 'b']", true),
        ],
        foreign_keys: vec![],
        triggers: vec![touch("customers", "updated_at")],
        partitioning: None,
    }
}

fn customer_columns() -> Vec<Column> {
    let order_state = ColumnType::Enum { name: name("order state") };
    let state_default = "'o''neil'::\"Sho\"\"p\".\"order state\"";
    let lower = Generated { expression: "lower(email)".to_owned(), stored: true };
    vec![
        identity("id", ColumnType::BigInt, 42),
        Column {
            comment: "where 'they' read".to_owned(),
            ..required("email", ColumnType::VarChar { length: 190 })
        },
        default("state", order_state, state_default),
        default("created", ColumnType::TimestampTz { fraction: 0 }, "CURRENT_TIMESTAMP"),
        column("updated_at", ColumnType::Timestamp { fraction: 6 }),
        column("profile", ColumnType::Jsonb),
        default("tags", ColumnType::TextArray, "'{}'"),
        default("balance", ColumnType::Numeric { precision: 65, scale: 30 }, "0"),
        default("half", ColumnType::Real, "1.5"),
        column("whole", ColumnType::DoublePrecision),
        default("flag", ColumnType::Boolean, "false"),
        default("bits", ColumnType::Bit { bits: 8 }, "B'00000001'"),
        column("born", ColumnType::Date),
        column("at", ColumnType::Time { fraction: 3 }),
        column("span", ColumnType::Interval { fraction: 6 }),
        column("photo", ColumnType::Bytea),
        column("token", ColumnType::Uuid),
        column("address", ColumnType::Inet),
        column("vector", ColumnType::RealArray),
        column("settings", ColumnType::Jsonb),
        column("rank", ColumnType::SmallInt),
        Column { generated: Some(lower), ..column("lower_email", ColumnType::Text) },
    ]
}

fn customer_indexes() -> Vec<Index> {
    vec![
        index("customers_pkey", IndexRole::Primary, IndexMethod::BTree, &["id"]),
        Index {
            comment: "one each".to_owned(),
            ..index("email", IndexRole::Unique, IndexMethod::BTree, &["email"])
        },
        index("lower email", IndexRole::Unique, IndexMethod::BTree, &["(lower(email))"]),
        index("rank down", IndexRole::Unique, IndexMethod::BTree, &["rank DESC", "id"]),
        Index {
            comment: "by \\ state".to_owned(),
            ..index("state", IndexRole::Plain, IndexMethod::BTree, &["state", "created DESC"])
        },
        index("token", IndexRole::Plain, IndexMethod::BTree, &["token"]),
        index("tags", IndexRole::Plain, IndexMethod::Gin, &["tags"]),
        index(
            "words",
            IndexRole::Plain,
            IndexMethod::Gin,
            &["(to_tsvector('simple', coalesce(email, '')))"],
        ),
    ]
}

/// A composite key, and a trigger on a table without generated columns.
fn orders() -> Table {
    Table {
        name: name("or\"ders"),
        comment: String::new(),
        columns: vec![
            required("year", ColumnType::SmallInt),
            required("number", ColumnType::Integer),
            column("customer", ColumnType::BigInt),
            column("parent_year", ColumnType::SmallInt),
            column("parent_number", ColumnType::Integer),
            column("updated_at", ColumnType::Timestamp { fraction: 6 }),
            column("note", ColumnType::Jsonb),
            column("weird \"name\" ü", ColumnType::Text),
        ],
        indexes: vec![index(
            "orders_pkey",
            IndexRole::Primary,
            IndexMethod::BTree,
            &["year DESC", "number"],
        )],
        checks: vec![],
        foreign_keys: vec![
            key("customer", &["customer"], ("customers", &["id"]), ("CASCADE", "NO ACTION")),
            key(
                "parent",
                &["parent_year", "parent_number"],
                ("or\"ders", &["year", "number"]),
                ("SET NULL", "RESTRICT"),
            ),
        ],
        triggers: vec![touch("orders", "updated_at")],
        partitioning: None,
    }
}

/// No primary key; a reference to a unique index that is none of the primary key's.
fn lines() -> Table {
    Table {
        name: name("lines"),
        comment: String::new(),
        columns: vec![
            column("email", ColumnType::VarChar { length: 190 }),
            column("born", ColumnType::Date),
            column("at", ColumnType::Time { fraction: 3 }),
            column("balance", ColumnType::Numeric { precision: 65, scale: 30 }),
            column("settings", ColumnType::Jsonb),
            column("rank", ColumnType::SmallInt),
        ],
        indexes: vec![index("lines email", IndexRole::Plain, IndexMethod::BTree, &["email"])],
        checks: vec![],
        foreign_keys: vec![key(
            "email",
            &["email"],
            ("customers", &["email"]),
            ("SET DEFAULT", "CASCADE"),
        )],
        triggers: vec![],
        partitioning: None,
    }
}

/// An identity column that is used up.
fn counter() -> Table {
    Table {
        name: name("counter"),
        comment: String::new(),
        columns: vec![identity("id", ColumnType::SmallInt, 32_768)],
        indexes: vec![index("counter_pkey", IndexRole::Primary, IndexMethod::BTree, &["id"])],
        checks: vec![],
        foreign_keys: vec![],
        triggers: vec![],
        partitioning: None,
    }
}
