//! What is translated is proven on real servers (`fixtures/mysql-types/views.sql`); here stands
//! what is refused, by the word for it, and how groups are written.

use super::{Catalog, Output, Relation, Wanted, translate_query};
use crate::mysql::schema::{Collation, Column, ColumnType as Source, Default};
use crate::name::TableName;
use crate::postgres::schema::ColumnType as Target;

/// One table `t` of `shop`, with the primary key `id`.
struct Shop {
    server_version: u32,
}

impl Catalog for Shop {
    fn database(&self) -> &'static str {
        "shop"
    }

    fn is_moved(&self, database: &str) -> bool {
        database == "shop"
    }

    fn relation(&self, name: &TableName) -> Option<(String, Relation)> {
        let columns = vec![
            column("id", Source::Int { unsigned: false }, Target::Integer),
            column("n", Source::Int { unsigned: false }, Target::Integer),
            column("s", Source::Text, Target::Text),
        ];
        let relation = Relation::of_table(name, columns, vec!["id".to_owned()]);
        (*name == TableName::new("shop", "t")).then(|| (r#""public"."t""#.to_owned(), relation))
    }

    fn server_version(&self) -> u32 {
        self.server_version
    }
}

fn column(name: &str, column_type: Source, target: Target) -> Output {
    let text = column_type == Source::Text;
    let collation = text.then(|| Collation {
        charset: "utf8mb4".to_owned(),
        name: "utf8mb4_general_ci".to_owned(),
    });
    let source = Column {
        name: name.to_owned(),
        column_type,
        nullable: name != "id",
        default: Default::Absent,
        on_update_now: false,
        auto_increment: false,
        generated: None,
        collation,
        comment: String::new(),
        invisible: false,
        zerofill: false,
    };
    Output { name: name.to_owned(), source, target }
}

fn wanted(columns: usize) -> Vec<Wanted> {
    let number = Source::BigInt { unsigned: false };
    vec![Wanted { source: number, target: Target::BigInt }; columns]
}

#[test]
fn what_has_no_equal_is_named() {
    for (query, construct) in [
        ("select `t`.`id` AS `i` from `shop`.`t` order by `t`.`x`", "column 't.x'"),
        ("select `u`.`id` AS `i` from `shop`.`u`", "the table or view `shop`.`u`"),
        (
            "select `t`.`id` AS `i` from `other`.`t`",
            "`other`.`t` of the database other, which is not moved,",
        ),
        ("select std(`t`.`n`) AS `i` from `shop`.`t`", "STD of 1 expressions"),
        ("select `f`(`t`.`n`) AS `i` from `shop`.`t`", "the function F with 1 arguments"),
        ("select `shop`.`f`(1) AS `i` from `shop`.`t`", "'`shop`.`f`(1)'"),
        (
            "select row_number() over (order by `t`.`id`) AS `i` from `shop`.`t`",
            "row_number() OVER",
        ),
        ("select `t`.`id` AS `i` from `shop`.`t` having `i` > 1", "HAVING without groups"),
        ("select sum(`t`.`n`) AS `i` from `shop`.`t` group by `t`.`s` with rollup", "WITH ROLLUP"),
        ("select `t`.`id` AS `i` from `shop`.`t` where sum(`t`.`n`) > 1", "SUM in that place"),
        ("select `t`.`id` AS `i` from `shop`.`t` for update", "locks its rows"),
        ("with recursive `r` as (select 1 AS `i`) select `r`.`i` AS `i` from `r`", "RECURSIVE"),
        (
            "select `t`.`id` AS `i` from `shop`.`t` where `t`.`id` in (select `t`.`s` from `shop`.`t`)",
            "a whole number (column 'id') with a text",
        ),
    ] {
        let refused = translate_query(query, &Shop { server_version: 150_000 }, Some(&wanted(1)));
        let message = refused.expect_err(query).to_string();
        assert!(message.contains(construct), "{query}: {message}");
    }
}

#[test]
fn a_column_of_no_group_is_that_of_any_row() {
    let query =
        "select `t`.`n` AS `n`,count(0) AS `c`,`t`.`id` AS `i` from `shop`.`t` group by `t`.`s`";
    let sql = |server_version| {
        translate_query(query, &Shop { server_version }, Some(&wanted(3))).unwrap().sql
    };
    insta::assert_snapshot!(sql(160_000), @r#"
    SELECT any_value("t"."n")::bigint AS "n",
        count(*) AS "c",
        any_value("t"."id")::bigint AS "i"
    FROM "public"."t"
    GROUP BY "t"."s"
    "#);
    assert!(sql(150_000).contains(r#"(array_agg("t"."n"))[1]"#));
}

#[test]
fn what_depends_on_a_grouped_key_stands_as_it_is() {
    let query = "select `t`.`n` AS `n` from `shop`.`t` group by `t`.`id` order by `t`.`s`";
    let translated =
        translate_query(query, &Shop { server_version: 150_000 }, Some(&wanted(1))).unwrap();
    insta::assert_snapshot!(translated.sql, @r#"
    SELECT "t"."n"::bigint AS "n"
    FROM "public"."t"
    GROUP BY "t"."id"
    ORDER BY "t"."s" NULLS FIRST
    "#);
    assert!(translated.remarks.by_collation, "ordered by a text");
}
