//! Planned, made, read back and compared, on real servers.

use std::process::Command;
use std::time::{Duration, Instant};

use super::differences::Difference;
use super::{Found, differences, existing, in_the_way, read};
use crate::finding::PlaceKind;
use crate::postgres::connect::Session;
use crate::postgres::ddl;
use crate::postgres::schema::{Generated, Schema};
use crate::postgres::testing::{example, variable, with_databases};

const SHOP: &str = "Sho\"p";

async fn found(session: &Session) -> Found {
    read(session, &[SHOP]).await.unwrap()
}

async fn compared(planned: &Schema, session: &Session) -> Vec<Difference> {
    differences(planned, &found(session).await)
}

#[tokio::test]
async fn what_is_made_is_what_was_planned() {
    with_databases(async |_, session| {
        let planned = example();
        session.execute(&ddl::script(&planned)).await.unwrap();
        assert_eq!(compared(&planned, session).await, []);
    })
    .await;
}

#[tokio::test]
async fn the_script_is_one_that_psql_runs() {
    let Some(clients) = variable("NIRVANA_TEST_CLIENTS") else {
        return;
    };
    with_databases(async |url, session| {
        let planned = example();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ddl::script(&planned)).unwrap();
        let psql = Command::new(format!("{clients}/psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f"])
            .arg(file.path())
            .output()
            .unwrap();
        assert!(psql.status.success(), "{}", String::from_utf8_lossy(&psql.stderr));
        assert_eq!(compared(&planned, session).await, []);
    })
    .await;
}

#[tokio::test]
async fn virtual_columns_are_told_from_stored_ones() {
    with_databases(async |_, session| {
        let mut planned = example();
        let version = session.rows("SHOW server_version_num").await.unwrap();
        let has_virtual = version[0][0].as_deref() >= Some("180000");
        let generated = &mut planned.tables[0].columns.last_mut().unwrap().generated;
        let expression = "(lower((email)::text))".to_owned();
        *generated = Some(Generated { expression, stored: !has_virtual });
        session.execute(&ddl::script(&planned)).await.unwrap();
        assert_eq!(compared(&planned, session).await, []);
        let generated = &mut planned.tables[0].columns.last_mut().unwrap().generated;
        generated.as_mut().unwrap().stored = has_virtual;
        assert_eq!(compared(&planned, session).await.len(), 1);
    })
    .await;
}

/// Each changes one thing, which is then the one difference.
const MUTATIONS: &[(PlaceKind, &str, &str)] = &[
    (
        PlaceKind::Table,
        "visits",
        r#"ALTER TABLE "Sho""p".visits DETACH PARTITION "Sho""p".visits_old"#,
    ),
    (PlaceKind::Table, "visits", r#"DROP TABLE "Sho""p".visits_default"#),
    (PlaceKind::Sequence, "tickets", r#"ALTER SEQUENCE "Sho""p".tickets NO CYCLE"#),
    (PlaceKind::Sequence, "tickets", r#"ALTER SEQUENCE "Sho""p".tickets RESTART WITH -20"#),
    (PlaceKind::Sequence, "tickets", r#"COMMENT ON SEQUENCE "Sho""p".tickets IS 'other'"#),
    (PlaceKind::View, "open orders", r#"DROP VIEW "Sho""p"."open orders""#),
    (PlaceKind::View, "open orders", r#"ALTER VIEW "Sho""p"."open orders" RENAME half TO whole"#),
    (PlaceKind::Type, "order state", r#"ALTER TYPE "Sho""p"."order state" ADD VALUE 'more'"#),
    (PlaceKind::Routine, "touch_unused", r#"DROP FUNCTION "Sho""p".touch_unused()"#),
    (PlaceKind::Table, "counter", r#"DROP TABLE "Sho""p".counter"#),
    (PlaceKind::Table, "customers", r#"COMMENT ON TABLE "Sho""p".customers IS 'other'"#),
    (PlaceKind::Table, "lines", r#"COMMENT ON TABLE "Sho""p".lines IS 'unplanned'"#),
    (PlaceKind::Column, "email", r#"COMMENT ON COLUMN "Sho""p".customers.email IS NULL"#),
    (PlaceKind::Column, "born", r#"ALTER TABLE "Sho""p".lines DROP born"#),
    (PlaceKind::Column, "born", r#"ALTER TABLE "Sho""p".lines RENAME born TO birth"#),
    (PlaceKind::Column, "rank", r#"ALTER TABLE "Sho""p".lines ALTER rank TYPE integer"#),
    (PlaceKind::Column, "at", r#"ALTER TABLE "Sho""p".lines ALTER at TYPE time(4)"#),
    (PlaceKind::Column, "balance", r#"ALTER TABLE "Sho""p".lines ALTER balance TYPE numeric"#),
    (PlaceKind::Column, "settings", r#"ALTER TABLE "Sho""p".lines ALTER settings TYPE json"#),
    (PlaceKind::Column, "email", r#"ALTER TABLE "Sho""p".customers ALTER email DROP NOT NULL"#),
    (PlaceKind::Column, "born", r#"ALTER TABLE "Sho""p".lines ALTER born SET NOT NULL"#),
    (PlaceKind::Column, "flag", r#"ALTER TABLE "Sho""p".customers ALTER flag DROP DEFAULT"#),
    (PlaceKind::Column, "born", r#"ALTER TABLE "Sho""p".lines ALTER born SET DEFAULT now()"#),
    (PlaceKind::Column, "id", r#"ALTER TABLE "Sho""p".customers ALTER id DROP IDENTITY"#),
    (PlaceKind::Column, "id", r#"ALTER TABLE "Sho""p".customers ALTER id SET GENERATED ALWAYS"#),
    (
        PlaceKind::Column,
        "lower_email",
        r#"ALTER TABLE "Sho""p".customers ALTER lower_email DROP EXPRESSION"#,
    ),
    (PlaceKind::Sequence, "id", r#"ALTER TABLE "Sho""p".customers ALTER id RESTART WITH 41"#),
    (PlaceKind::Sequence, "id", r#"ALTER TABLE "Sho""p".counter ALTER id RESTART WITH 7"#),
    (PlaceKind::Index, "state", r#"DROP INDEX "Sho""p".state"#),
    (PlaceKind::Index, "state", r#"ALTER INDEX "Sho""p".state RENAME TO other"#),
    (PlaceKind::Index, "state", r#"COMMENT ON INDEX "Sho""p".state IS 'other'"#),
    (
        PlaceKind::Index,
        "state",
        r#"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"Sho""p".state'::regclass"#,
    ),
    (
        PlaceKind::Index,
        "token",
        r#"DROP INDEX "Sho""p".token; CREATE INDEX token ON "Sho""p".customers USING hash (token)"#,
    ),
    (
        PlaceKind::Index,
        "token",
        r#"DROP INDEX "Sho""p".token;
           CREATE INDEX token ON "Sho""p".customers (token) WHERE flag"#,
    ),
    (
        PlaceKind::Index,
        "lower email",
        r#"DROP INDEX "Sho""p"."lower email";
           CREATE INDEX "lower email" ON "Sho""p".customers ((lower(email)))"#,
    ),
    (
        PlaceKind::Index,
        "rank down",
        r#"DROP INDEX "Sho""p"."rank down";
           CREATE UNIQUE INDEX "rank down" ON "Sho""p".customers (rank, id)"#,
    ),
    (
        PlaceKind::Index,
        "rank down",
        r#"DROP INDEX "Sho""p"."rank down";
           CREATE UNIQUE INDEX "rank down" ON "Sho""p".customers (rank DESC) INCLUDE (id)"#,
    ),
    (
        PlaceKind::Index,
        "counter_pkey",
        r#"ALTER TABLE "Sho""p".counter DROP CONSTRAINT counter_pkey"#,
    ),
    (PlaceKind::Check, "solvent", r#"ALTER TABLE "Sho""p".customers DROP CONSTRAINT solvent"#),
    (
        PlaceKind::Check,
        "known tags",
        r#"ALTER TABLE "Sho""p".customers VALIDATE CONSTRAINT "known tags""#,
    ),
    (PlaceKind::ForeignKey, "parent", r#"ALTER TABLE "Sho""p"."or""ders" DROP CONSTRAINT parent"#),
    (
        PlaceKind::ForeignKey,
        "customer",
        r#"ALTER TABLE "Sho""p"."or""ders" DROP CONSTRAINT customer, ADD CONSTRAINT customer
           FOREIGN KEY (customer) REFERENCES "Sho""p".customers"#,
    ),
    (
        PlaceKind::ForeignKey,
        "customer",
        r#"ALTER TABLE "Sho""p"."or""ders" DROP CONSTRAINT customer, ADD CONSTRAINT customer
           FOREIGN KEY (customer) REFERENCES "Sho""p".customers ON DELETE CASCADE NOT VALID"#,
    ),
    (
        PlaceKind::Trigger,
        "orders_updated_at",
        r#"DROP TRIGGER orders_updated_at ON "Sho""p"."or""ders""#,
    ),
    (
        PlaceKind::Trigger,
        "orders_updated_at",
        r#"ALTER TABLE "Sho""p"."or""ders" DISABLE TRIGGER orders_updated_at"#,
    ),
];

#[tokio::test]
async fn every_change_is_one_difference() {
    with_databases(async |_, session| {
        let planned = example();
        session.execute(&ddl::script(&planned)).await.unwrap();
        for (kind, name, sql) in MUTATIONS {
            session.execute("BEGIN").await.unwrap();
            session.execute(sql).await.unwrap();
            let differences = compared(&planned, session).await;
            session.execute("ROLLBACK").await.unwrap();
            let [difference] = differences.as_slice() else {
                panic!("{sql}: {differences:#?}");
            };
            assert_eq!(difference.kind, *kind, "{sql}: {difference}");
            assert!(difference.to_string().split(": planned").next().unwrap().ends_with(name));
        }
        // What nobody planned, but an application may have added, is no difference.
        let additions = r#"ALTER TABLE "Sho""p".lines ADD extra text;
            CREATE INDEX extra ON "Sho""p".lines (extra); CREATE VIEW "Sho""p".v AS SELECT 1"#;
        session.execute(additions).await.unwrap();
        assert_eq!(compared(&planned, session).await, []);
    })
    .await;
}

#[tokio::test]
async fn what_is_made_is_in_the_way_until_it_is_dropped() {
    with_databases(async |_, session| {
        let planned = example();
        let at_first = existing(session, &[SHOP]).await.unwrap();
        assert_eq!(in_the_way(&planned, &at_first).len(), 0);
        session.execute(&ddl::script(&planned)).await.unwrap();
        let there = existing(session, &[SHOP]).await.unwrap();
        let indexes: usize = planned.tables.iter().map(|table| table.indexes.len()).sum();
        let partitions = 3;
        let others = planned.enums.len() + planned.sequences.len() + planned.views.len() + 2;
        let expected = planned.tables.len() + partitions + indexes + others;
        assert_eq!(in_the_way(&planned, &there).len(), expected, "{there:#?}");
        // The sequences of three identity columns, and the partitions' own indexes.
        assert_eq!(there.len(), expected + 3 + 2 * partitions);
        session.execute(r#"DROP SCHEMA "Sho""p" CASCADE"#).await.unwrap();
        assert_eq!(existing(session, &[SHOP]).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_type_is_in_the_way_of_a_table_of_its_name() {
    with_databases(async |_, session| {
        let sql = r#"CREATE SCHEMA "Sho""p"; CREATE TYPE "Sho""p".lines AS ENUM ('a');
            CREATE VIEW "Sho""p"."order state" AS SELECT 1;
            CREATE FUNCTION "Sho""p".touch_unused(int) RETURNS int LANGUAGE sql AS 'SELECT 1'"#;
        session.execute(sql).await.unwrap();
        let there = existing(session, &[SHOP]).await.unwrap();
        let names: Vec<String> = in_the_way(&example(), &there)
            .iter()
            .map(|object| format!("{} {}", object.what, object.name.name))
            .collect();
        assert_eq!(names, ["type lines", "view order state"]);
    })
    .await;
}

#[tokio::test]
async fn hundreds_of_tables_are_read_in_a_moment() {
    with_databases(async |_, session| {
        let sql = "DO $$ BEGIN FOR t IN 1..300 LOOP EXECUTE format(
            'CREATE TABLE t%s (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
                a varchar(50) NOT NULL UNIQUE, b timestamp(6) DEFAULT now(), c numeric(10, 2),
                d text CHECK (d <> ''''), e bigint REFERENCES t1)', t);
            IF t % 100 = 0 THEN COMMIT; END IF; END LOOP; END $$";
        let sql = sql.replace("t%s (id", "t%1$s (id");
        session.execute(&sql).await.unwrap();
        session.execute("ANALYZE pg_catalog.pg_attribute, pg_catalog.pg_class").await.unwrap();
        let began = Instant::now();
        let found = read(session, &["public"]).await.unwrap();
        let taken = began.elapsed();
        assert_eq!(found.tables.len(), 300);
        assert!(found.tables.values().all(|table| table.columns.len() == 6));
        assert!(found.tables.values().all(|table| table.indexes.len() == 2));
        assert!(found.tables.values().all(|table| table.foreign_keys.len() == 1));
        eprintln!("300 tables were read in {taken:?}");
        // A fifth of a second on an idle machine; tests share theirs.
        assert!(taken < Duration::from_secs(5), "{taken:?}");
    })
    .await;
}

/// How `updated_at` is after an UPDATE of the row, whose column starts at a known time.
async fn touched(session: &Session, table: &str, set: &str) -> String {
    let old = "'2001-01-01'";
    let sql = format!(
        r#"ALTER TABLE "Sho""p"."{table}" DISABLE TRIGGER USER;
           UPDATE "Sho""p"."{table}" SET updated_at = {old};
           ALTER TABLE "Sho""p"."{table}" ENABLE TRIGGER USER;
           UPDATE "Sho""p"."{table}" SET {set};
           SELECT CASE WHEN updated_at = {old} THEN 'kept'
                       WHEN updated_at > now() - interval '1 hour' THEN 'now' ELSE 'set' END
             FROM "Sho""p"."{table}""#
    );
    session.rows(&sql).await.unwrap()[0][0].clone().unwrap()
}

#[tokio::test]
async fn a_touched_column_follows_updates_as_in_mysql() {
    with_databases(async |_, session| {
        session.execute(&ddl::script(&example())).await.unwrap();
        let rows = r#"INSERT INTO "Sho""p".customers (email, profile) VALUES ('a', '{"a": 1}');
            INSERT INTO "Sho""p"."or""ders" (year, number, note) VALUES (1, 2, '[1]')"#;
        session.execute(rows).await.unwrap();
        let cases = [
            ("customers", "email = email", "kept"),
            ("customers", "email = 'A'", "now"),
            ("customers", "profile = '{\"a\": 1}'", "kept"),
            ("customers", "profile = '{\"a\":2}'", "now"),
            ("customers", "email = 'b', updated_at = '2002-02-02'", "set"),
            ("customers", "updated_at = '2002-02-02'", "set"),
            ("customers", "updated_at = NULL, email = 'c'", "set"),
            ("or\"\"ders", "note = '[1]'", "kept"),
            ("or\"\"ders", "note = '[1, 2]'", "now"),
            ("or\"\"ders", "customer = NULL", "kept"),
        ];
        for (table, set, expected) in cases {
            assert_eq!(touched(session, table, set).await, expected, "{table}: {set}");
        }
    })
    .await;
}
