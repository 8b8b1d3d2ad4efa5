//! `migrate --data-only`: what stands in the target may be more than tables of one's own.

use crate::data_only::Role;
use crate::support::{Source, Target, databases, migrate, migrate_between};

const PAIR: (Source, Target) = (Source::MariaDb, Target::Postgres15);

#[test]
fn what_the_account_may_not_do_is_told_before_a_row_moves() {
    let Some((source, target)) = databases(PAIR, "granted") else { return };
    source.sql(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
         CREATE TABLE c (id int PRIMARY KEY); INSERT INTO a VALUES (1); INSERT INTO b VALUES (2);
         CREATE VIEW v AS SELECT id FROM a;",
    );
    let role = Role::create(&target);
    target.sql(&format!(
        "CREATE TABLE a (id integer PRIMARY KEY); GRANT SELECT ON a TO {0};
         CREATE TABLE b (id integer PRIMARY KEY); GRANT SELECT, INSERT ON b TO {0};
         ALTER TABLE b ENABLE ROW LEVEL SECURITY;
         CREATE VIEW c AS SELECT id FROM b; GRANT SELECT, INSERT ON c TO {0};",
        role.name
    ));
    let url = target.url().replace("nirvana_admin", &role.name);
    let (run, report) = migrate_between(&source.url(), &url, &["--data-only"]);
    assert_eq!(run.code, 3, "{}", run.all());
    let expected = ["missing-in-target c", "missing-privilege a", "missing-privilege b"];
    assert_eq!(report.warnings(), expected, "{}", run.all());
    for words in
        ["may not add rows to", "GRANT SELECT, INSERT ON", "row-level security", "BYPASSRLS"]
    {
        assert!(run.all().contains(words), "{words}: {}", run.all());
    }
    // With both mended, what is left is accepted by its name.
    target.sql(&format!(
        "GRANT INSERT ON a TO {}; ALTER TABLE b DISABLE ROW LEVEL SECURITY",
        role.name
    ));
    let accept = ["--data-only", "--accept", "missing-table:c"];
    let (run, report) = migrate_between(&source.url(), &url, &accept);
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(report.proven_rows().len(), 2, "{}", run.all());
}

#[test]
fn partitions_and_computed_columns_of_the_target_are_filled_and_proven() {
    let Some((source, target)) = databases(PAIR, "parts") else { return };
    source.sql(
        "CREATE TABLE logs (id int, day date, kb int, bytes int AS (kb * 1024) STORED, PRIMARY KEY (id, day));
         INSERT INTO logs (id, day, kb) VALUES (1, '2024-01-05', 1), (2, '2024-02-05', 2), (3, '2023-12-31', NULL);",
    );
    target.sql(
        "CREATE TABLE logs (id integer, day date, kb integer,
           bytes integer GENERATED ALWAYS AS (kb * 1024) STORED, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
         CREATE TABLE logs_2024 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
         CREATE TABLE fired (what text);
         CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN INSERT INTO fired VALUES (TG_NAME); RETURN NEW; END $$;
         CREATE TRIGGER rows AFTER INSERT ON logs FOR EACH ROW EXECUTE FUNCTION fire();",
    );
    let (run, report) = migrate(&source, &target, &["--data-only"]);
    // A row that no partition takes is set aside, and the others are in.
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(report.warnings(), ["rows-quarantined logs"], "{}", run.all());
    assert_eq!(report.proven_rows(), [("logs".to_owned(), 2)]);
    assert_eq!(target.sql("SELECT id, bytes FROM logs ORDER BY 1"), "1\t1024\n2\t2048\n");
    assert_eq!(target.sql("SELECT count(*) FROM fired"), "0\n");
    let fires = "INSERT INTO logs VALUES (9, '2024-03-01', 1); SELECT count(*) FROM fired";
    assert_eq!(target.sql(fires), "1\n");
    // Policies hold here, too.
    source.sql("SET SESSION sql_mode = ''; CREATE TABLE days (id int PRIMARY KEY, day date NOT NULL, note varchar(9));
        INSERT INTO days VALUES (1, '0000-00-00', ' x ')");
    target.sql("CREATE TABLE days (id integer PRIMARY KEY, day date NOT NULL, note text)");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("nirvana.toml");
    let text =
        "[migrate.columns]\n'*' = { zero-dates = 'epoch' }\n'days.note' = { using = ['trim'] }";
    std::fs::write(&config, text).unwrap();
    let (run, _) = migrate(
        &source,
        &target,
        &["--data-only", "--only", "days", "--config", config.to_str().unwrap()],
    );
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(target.sql("SELECT day, note FROM days"), "1970-01-01\tx\n");
    // A computed column that computes another thing is a difference that is seen.
    target.sql(
        "DROP TABLE logs; CREATE TABLE logs (id integer, day date, kb integer,
        bytes integer GENERATED ALWAYS AS (kb * 1000) STORED)",
    );
    let (run, _) = migrate(&source, &target, &["--data-only", "--only", "logs"]);
    assert_eq!(run.code, 4, "{}", run.all());
    assert!(run.all().contains("rows-differ"), "{}", run.all());
}
