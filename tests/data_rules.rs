//! Rules of nirvana.toml for columns that stand, as `migrate --data-only` fills them: exact, or refused.

use crate::support::{
    PAIRS, Report, Run, Source, SourceDatabase, Target, TargetDatabase, databases, migrate,
    nirvana, run, settings,
};

const PAIR: (Source, Target) = (Source::MySql, Target::Postgres18);

const VALUES: &str = "
    CREATE TABLE odd (id int PRIMARY KEY, at int unsigned, ms bigint, took int, ok varchar(3), u binary(16),
      s binary(16), ip int unsigned, ip6 varbinary(16), doc text, word varchar(9)) COLLATE utf8mb4_bin;
    INSERT INTO odd VALUES
      (1, 1700000000, 1700000000123, 3661, 'yes', x'00112233445566778899AABBCCDDEEFF',
       x'66774455001122338899AABBCCDDEEFF', 3232235777, x'20010DB8000000000000000000000001', '{\"a\": 1}', ' x '),
      (2, 0, -1, -5, 'N', NULL, NULL, 0, x'7F000001', '[]', ''), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (4, 1, 1, 1, 'ja', NULL, NULL, 1, NULL, '{', NULL);";

const STANDING: &str =
    "CREATE TABLE odd (id int PRIMARY KEY, at timestamptz(0), ms timestamp(3), took interval,
      ok boolean, u uuid, s uuid, ip inet, ip6 inet, doc jsonb, word varchar(9))";

const RULES: &str = "[migrate.columns]
    'odd.at' = { using = ['unix-seconds'] }
    'odd.ms' = { using = ['unix-milliseconds'] }
    'odd.took' = { using = ['seconds'] }
    'odd.ok' = { using = ['yes-no'] }
    'odd.s' = { using = ['uuid-swapped'] }
    'odd.ip' = { using = ['ip-number'] }
    'odd.ip6' = { using = ['ip-bytes'] }
    'odd.doc' = { using = ['json'] }
    'odd.word' = { using = ['trim', 'nullif-empty'] }
    'odd.u' = { type = 'uuid' }";

/// Fills with such a nirvana.toml.
fn fill(
    source: &SourceDatabase,
    target: &TargetDatabase,
    (text, more): (&str, &[&str]),
) -> (Run, Report) {
    let (_folder, path) = settings(text);
    let config = ["--data-only", "--config", &path];
    let (moved, report) = migrate(source, target, &[&config, more].concat());
    if more.is_empty() && moved.code == 0 {
        let mut verify = nirvana();
        verify.arg("verify").args(config).args([source.url(), target.url()]);
        let verified = run(verify);
        assert_eq!(verified.code, 0, "{}", verified.all());
    }
    (moved, report)
}

#[test]
fn values_are_rewritten_into_columns_that_stand() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "rewritten") else { return };
        source.sql(VALUES);
        target.sql(STANDING);
        // Without the rules there is no exact way.
        let (run, report) = migrate(&source, &target, &["--data-only"]);
        assert_eq!(run.code, 3, "{}", run.all());
        assert!(report.warnings().contains(&"no-exact-way odd.at".to_owned()), "{}", run.all());
        // A value that is none of the kind is set aside with its row.
        let (run, report) = fill(&source, &target, (RULES, &[]));
        assert_eq!(run.code, 1, "{}", run.all());
        // What was rewritten as asked is counted, and no warning.
        assert_eq!(report.warnings(), ["rows-quarantined odd"]);
        assert!(report.codes().contains(&"values-altered".to_owned()), "{}", run.all());
        assert_eq!(report.proven_rows(), [("odd".to_owned(), 3)]);
        let columns = "at, ms, took, ok, u, s, ip, ip6, doc, word";
        assert_eq!(
            target.sql(&format!("SELECT {columns} FROM odd WHERE id < 3 ORDER BY id")),
            "2023-11-14 22:13:20+00\t2023-11-14 22:13:20.123\t01:01:01\tt\t\
             00112233-4455-6677-8899-aabbccddeeff\t00112233-4455-6677-8899-aabbccddeeff\t192.168.1.1\t\
             2001:db8::1\t{\"a\": 1}\tx\n\
             1970-01-01 00:00:00+00\t1969-12-31 23:59:59.999\t-00:00:05\tf\t\t\t0.0.0.0\t127.0.0.1\t[]\t\n"
        );
        assert_eq!(target.sql("SELECT row->>'id' FROM nirvana.quarantined"), "4\n");
    }
}

#[test]
fn what_leads_nowhere_exactly_is_refused_with_its_place() {
    let Some((source, target)) = databases(PAIR, "nowhere") else { return };
    source.sql(VALUES);
    target.sql(&STANDING.replace("timestamp(3)", "timestamp(0)"));
    for (rules, words) in [
        // Milliseconds would be rounded.
        (RULES.to_owned(), "by unix-milliseconds"),
        (RULES.replace("'yes-no'", "'uuid'").replace("varchar(3)", "int"), "to boolean by uuid"),
        (
            RULES
                .replace("'odd.ok' = { using = ['yes-no'] }", "'odd.ok' = { using = ['seconds'] }"),
            "seconds is no way for values of its type",
        ),
        (RULES.replace("type = 'uuid'", "type = 'bytea'"), "bytea was asked for"),
    ] {
        let (run, report) = fill(&source, &target, (&rules, &["--dry-run"]));
        assert_eq!(run.code, 1, "{}", run.all());
        let codes = report.warnings();
        assert!(codes.iter().any(|one| one.starts_with("type-refused odd.")), "{codes:?}");
        assert!(run.all().contains(words), "{words}: {}", run.all());
        let (run, _) = fill(&source, &target, (&rules, &[]));
        assert_eq!(run.code, 3, "{}", run.all());
        assert_eq!(target.sql("SELECT count(*) FROM odd"), "0\n");
    }
}

#[test]
fn characters_that_the_server_loses_are_found_here_too() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "lost_here") else { return };
        source.sql(
            "SET SESSION sql_mode = '';
             CREATE TABLE t (id int PRIMARY KEY, g varchar(9) CHARACTER SET gbk, d date);
             INSERT INTO t VALUES (1, _gbk x'A2E3', '2020-01-01'), (2, '?', '2020-01-01'), (3, 'x', '0000-00-00')",
        );
        target.sql("CREATE TABLE t (id int PRIMARY KEY, g text, d date NOT NULL)");
        let accept = ["--data-only", "--accept", "narrower:t.d"];
        let (run, report) = migrate(&source, &target, &[&accept[..], &["--dry-run"]].concat());
        assert_eq!(run.code, 1, "{}", run.all());
        for foreseen in ["rows-quarantined t.g", "values-altered t.d"] {
            assert!(report.warnings().contains(&foreseen.to_owned()), "{}", run.all());
        }
        let (run, report) = migrate(&source, &target, &accept);
        assert_eq!(run.code, 1, "{}", run.all());
        assert!(report.warnings().contains(&"rows-quarantined t".to_owned()), "{}", run.all());
        assert_eq!(target.sql("SELECT id, g FROM t"), "2\t?\n");
    }
}
