//! Rows that the target cannot hold: set aside whole, with the reason, and no other row with them.

use crate::support::{
    PAIRS, Report, Source, Target, databases, migrate, migrate_with, nirvana, run,
};

/// MyISAM holds rows that no page of PostgreSQL does; and MariaDB keeps JSON that is none, when it
/// is told to look away.
#[test]
fn rows_that_the_target_cannot_hold_are_set_aside() {
    let pair = (Source::MariaDb, Target::Postgres15);
    let Some((source, target)) = databases(pair, "quarantine") else { return };
    let columns: Vec<String> = (0..1100).map(|at| format!("c{at}")).collect();
    let filled = format!("({})", vec!["7"; 1100].join(", "));
    source.sql(&format!(
        "SET SESSION check_constraint_checks = 0;
         CREATE TABLE wide (id int PRIMARY KEY AUTO_INCREMENT, {} bigint) ENGINE = MyISAM;
         INSERT INTO wide (c0) SELECT seq FROM seq_1_to_1000;
         INSERT INTO wide ({names}) VALUES {filled}, {filled};
         INSERT INTO wide (c0) SELECT seq FROM seq_1_to_1000;
         INSERT INTO wide ({names}) VALUES {filled};
         CREATE TABLE small (id int PRIMARY KEY, word varchar(10), j json);
         INSERT INTO small VALUES (1, 'a', '{{\"a\": 1}}'), (2, 'b\\'\\\\', '{{\"a\": '),
           (3, 'c', NULL);
         CREATE TABLE keyless (a int, j json);
         INSERT INTO keyless VALUES (1, '[]'), (11, 'x'), (11, 'x');
         ANALYZE TABLE wide;",
        columns.join(" bigint, "),
        names = columns.join(", "),
    ));
    let (run, report) = migrate(&source, &target, &["--chunk-mib", "1"]);
    assert_eq!(run.code, 1, "{}", run.all());
    let quarantined = |report: &Report| {
        let mut found = report.warnings();
        found.retain(|finding| finding.starts_with("rows-quarantined"));
        found
    };
    let expected = ["rows-quarantined keyless", "rows-quarantined small", "rows-quarantined wide"];
    assert_eq!(quarantined(&report), expected, "{}", run.all());
    assert!(run.stdout.contains("6 rows quarantined"), "{}", run.all());
    let proven = report.proven_rows();
    let rows = |table: &str| proven.iter().find(|(name, _)| name == table).unwrap().1;
    assert_eq!((rows("wide"), rows("small"), rows("keyless")), (2000, 2, 1));

    let sums = "SELECT count(*), sum(c0), max(id) FROM wide";
    assert_eq!(target.sql(sums), source.sql(&format!("{sums} WHERE c1 IS NULL")));
    let kept = "SELECT source_table, key, column_name, row->>'id', row->>'word', row->>'j'
        FROM nirvana.quarantined ORDER BY source_table, (row->>'id')::int";
    let wide = |id| format!("wide\t{{\"id\":{id}}}\t\t{id}\t\t\n");
    let keyless = "keyless\t\tj\t\t\tx\n".repeat(2);
    let small = "small\t{\"id\":2}\tj\t2\tb'\\\t{\"a\": \n";
    let wide = [1001, 1002, 2003].map(wide).concat();
    assert_eq!(target.sql(kept), format!("{keyless}{small}{wide}"));
    // The finding's help is a query that works.
    let findings = report.0["findings"].as_array().unwrap();
    let help = findings.iter().find(|finding| finding["code"] == "rows-quarantined").unwrap();
    let (query, _) = help["help"].as_str().unwrap().split_once(';').unwrap();
    assert!(target.sql(query).lines().count() >= 1, "{query}");

    // Mended, the rows follow; what is not mended is told again.
    source.sql("REPLACE INTO wide (id, c0) VALUES (1001, 5), (2003, 6)");
    let (run, report) = migrate(&source, &target, &["--resume"]);
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(quarantined(&report), expected);
    assert_eq!(target.sql("SELECT count(*) FROM wide"), "2002\n");
    let left = "SELECT key FROM nirvana.quarantined WHERE source_table = 'wide'";
    assert_eq!(target.sql(left), "{\"id\":1002}\n");
}

/// A table of which the target takes hardly a row is given up, and no other with it.
#[test]
fn where_nearly_all_rows_are_refused_the_table_is_given_up() {
    let pair = (Source::MariaDb, Target::Postgres15);
    let Some((source, target)) = databases(pair, "refused") else { return };
    source.sql(
        "SET SESSION check_constraint_checks = 0;
         CREATE TABLE bad (id int PRIMARY KEY, j json);
         INSERT INTO bad SELECT seq, 'x' FROM seq_1_to_12000;
         CREATE TABLE good (id int PRIMARY KEY); INSERT INTO good VALUES (1), (2);",
    );
    let (run, report) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 4, "{}", run.all());
    assert_eq!(report.warnings(), ["table-not-copied bad"]);
    assert_eq!(target.sql("SELECT count(*) FROM good; SELECT count(*) FROM bad"), "2\n0\n");
}

/// A check that rows of the source break holds for those to come, and no row is lost for it.
#[test]
fn a_check_that_rows_break_stays_not_valid() {
    let pair = (Source::MariaDb, Target::Postgres15);
    let Some((source, target)) = databases(pair, "broken_check") else { return };
    source.sql(
        "SET SESSION check_constraint_checks = 0;
         CREATE TABLE t (id int PRIMARY KEY, n int, CONSTRAINT positive CHECK (n > 0));
         INSERT INTO t VALUES (1, 1), (2, -2);",
    );
    let (run, report) = migrate(&source, &target, &[]);
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(report.warnings(), ["check-not-enforced t.positive"]);
    assert_eq!(target.sql("SELECT count(*) FROM t"), "2\n");
    assert!(target.attempt("INSERT INTO t VALUES (3, -3)").is_err());
}

/// A reason that the journal cannot hold leaves nothing of the chunk behind.
#[test]
fn a_reason_with_a_zero_byte_is_kept_and_resumed() {
    let pair = (Source::MariaDb, Target::Postgres15);
    let Some((source, target)) = databases(pair, "zero_reason") else { return };
    source.sql(
        "CREATE TABLE a (id int PRIMARY KEY, f varchar(3) NOT NULL);
         INSERT INTO a VALUES (1, 'y'), (2, x'00'), (3, 'n');
         CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1);",
    );
    let rule = ("[migrate.columns]\n'a.f' = { using = ['yes-no'] }", ["--jobs", "1"].as_slice());
    let (run, report) = migrate_with(&source, &target, rule);
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(report.warnings(), ["rows-quarantined a"], "{}", run.all());
    assert_eq!(target.sql("SELECT id, f FROM a ORDER BY 1; TABLE b"), "1\tt\n3\tf\n1\n");
    source.sql("UPDATE a SET f = 'n' WHERE id = 2");
    let again = (rule.0, ["--resume"].as_slice());
    let (run, _) = migrate_with(&source, &target, again);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(target.sql("SELECT count(*) FROM a"), "3\n");
}

/// The journal tells which values were altered, as the report does.
#[test]
fn the_first_altered_values_are_told_by_their_keys() {
    for pair in PAIRS {
        let Some((source, target)) = databases(pair, "altered") else { return };
        source.sql(
            "SET SESSION sql_mode = '';
             CREATE TABLE t (a int, b varchar(9), d date, PRIMARY KEY (a, b));
             INSERT INTO t VALUES (1, 'x', '2020-01-00'), (2, 'y', '2020-01-01'),
               (3, 'z', '0000-00-00'), (4, 'z', '0000-00-00'), (5, 'z', '0000-00-00');",
        );
        let (first, report) = migrate(&source, &target, &[]);
        assert_eq!(first.code, 1, "{}", first.all());
        let text = report.0["findings"].to_string();
        assert!(
            text.contains("4 dates") && text.contains("a=1, b=x · a=3, b=z · a=4, b=z"),
            "{text}"
        );
        let kept = "SELECT column_name, count, first_keys[1] FROM nirvana.altered";
        assert_eq!(target.sql(kept), "d\t4\ta=1, b=x\n");
        // To verify is to know that: no difference.
        let mut verify = nirvana();
        verify.args(["verify", &source.url(), &target.url()]);
        let verified = run(verify);
        assert_eq!(verified.code, 0, "{}", verified.all());
    }
}
