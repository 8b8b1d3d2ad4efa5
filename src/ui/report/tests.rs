//! The end screen as a person sees it.

use super::pieces;
use crate::fault::Fault;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::name::TableName;
use crate::report::{
    ErrorReport, Outcome, Report, SnapshotReport, TablePlan, TableReport, Verb, Verified,
};
use crate::ui::Detail;
use crate::ui::paper::{Paper, Stream};
use crate::ui::sheet::Sheet;

/// Each stream's text after its name, as a terminal would show them in turn.
fn screen(report: &Report, detail: Detail, saved: Option<&str>) -> String {
    on(&Paper::terminal(80, 50), report, detail, saved)
}

fn on(paper: &Paper, report: &Report, detail: Detail, saved: Option<&str>) -> String {
    let sheet = Sheet { paper, detail, saved };
    let mut screen = String::new();
    for piece in pieces(report, &sheet, &sheet) {
        let stream = match piece.stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        assert!(piece.text.ends_with('\n'));
        screen.extend(["<", stream, ">\n", &piece.text]);
    }
    screen
}

fn table(name: &str, rows: u64, verified: Verified) -> TableReport {
    TableReport {
        source: TableName::new("shop", name),
        target: TableName::new("public", name),
        rows,
        bytes: rows * 97,
        quarantined: 0,
        duration_ms: rows / 50,
        verified,
        source_digest: None,
        target_digest: None,
    }
}

fn planned(name: &str, rows: u64, key: &[&str]) -> TablePlan {
    TablePlan {
        source: TableName::new("shop", name),
        target: TableName::new("public", name),
        rows_estimate: rows,
        bytes_estimate: rows * 97,
        key: key.iter().map(|&column| column.to_owned()).collect(),
        indexes: 3,
        foreign_keys: 1,
    }
}

fn report(tables: Vec<TableReport>) -> Report {
    let mut report = Report::new(Verb::Migrate, "postgres://shop@db/shop");
    report.source = Some("mysql://shop@old/shop".to_owned());
    report.tables = tables;
    report.duration_ms = 3_249;
    report.snapshot = Some(SnapshotReport {
        rung: "backup-stage".to_owned(),
        guarantee: "all tables at one instant".to_owned(),
        connections: 5,
        writers_waited_ms: 12,
        position: Some("mariadb-bin.000004:1573".to_owned()),
    });
    report
}

#[test]
fn a_few_tables_and_nothing_to_say() {
    let report = report(vec![
        table("customers", 45_000, Verified::Equal),
        table("orders", 1_234_567, Verified::Equal),
        table("settings", 7, Verified::Equal),
    ]);
    insta::assert_snapshot!(screen(&report, Detail::Brief, None), @r"
    <stdout>
      table           rows    MiB  seconds  verified
      orders     1,234,567  114.2     24.7  ✓ equal
      customers     45,000    4.2      0.9  ✓ equal
      settings           7    0.0      0.0  ✓ equal
      3 tables   1,279,574  118.4

      snapshot all tables at one instant (backup-stage), 5 connections, at
               mariadb-bin.000004:1573; writers waited 12 ms

    <stdout>
    Moved and proven: 3 tables, 1,279,574 rows in 3.2 s; every row read back and
    equal.
    ");
}

#[test]
fn of_many_tables_the_differing_and_the_largest_are_named() {
    let mut tables: Vec<TableReport> =
        (0..300).map(|at| table(&format!("table_{at:03}"), at * 1000, Verified::Equal)).collect();
    tables[3].verified = Verified::Differs;
    tables[7].verified = Verified::Differs;
    let mut report = report(tables);
    report.outcome = report.ended();
    report.findings = [3, 7]
        .map(|at: usize| {
            let message = format!("1 of {at},000 rows differs: id 17");
            Finding::error(Code::RowsDiffer, Place::table(&report.tables[at].source), message)
        })
        .to_vec();
    insta::assert_snapshot!(screen(&report, Detail::Brief, Some("report.json")), @r"
    <stdout>
      table                        rows      MiB  seconds  verified
      table_007                   7,000      0.6      0.1  ✗ DIFFERS
      table_003                   3,000      0.3      0.1  ✗ DIFFERS
      table_299                 299,000     27.7      6.0  ✓ equal
      table_298                 298,000     27.6      6.0  ✓ equal
      table_297                 297,000     27.5      5.9  ✓ equal
      table_296                 296,000     27.4      5.9  ✓ equal
      table_295                 295,000     27.3      5.9  ✓ equal
      table_294                 294,000     27.2      5.9  ✓ equal
      table_293                 293,000     27.1      5.9  ✓ equal
      table_292                 292,000     27.0      5.8  ✓ equal
      table_291                 291,000     26.9      5.8  ✓ equal
      table_290                 290,000     26.8      5.8  ✓ equal
      table_289                 289,000     26.7      5.8  ✓ equal
      table_288                 288,000     26.6      5.8  ✓ equal
      table_287                 287,000     26.5      5.7  ✓ equal
      table_286                 286,000     26.5      5.7  ✓ equal
      table_285                 285,000     26.4      5.7  ✓ equal
      table_284                 284,000     26.3      5.7  ✓ equal
      table_283                 283,000     26.2      5.7  ✓ equal
      … and 281 more tables  39,893,000  3,690.4           ✓ all equal
      300 tables             44,850,000  4,148.9

      snapshot all tables at one instant (backup-stage), 5 connections, at
               mariadb-bin.000004:1573; writers waited 12 ms

    error[rows-differ] 2 tables
        table_003: 1 of 3,000 rows differs: id 17
        table_007: 1 of 7,000 rows differs: id 17

    <stdout>
    NOT EQUAL: 2 of 300 tables differ: table_003, table_007 (exit 1).
    Report: report.json
    Next: let no application use the target; `nirvana verify` tells which rows.
    ");
    let lines = |detail| screen(&report, detail, None).lines().count();
    assert_eq!(lines(Detail::Full) - lines(Detail::Brief), 300 - 19 - 1);
    // Two lines of the count are the names of streams, which no screen shows.
    for height in [24, 30, 40] {
        let screen = on(&Paper::terminal(80, height), &report, Detail::Brief, None);
        assert!(screen.lines().count() - 2 < height, "{height}\n{screen}");
    }
}

#[test]
fn like_findings_are_told_in_one_breath_and_the_gravest_first() {
    let mut report = report(vec![table("orders", 12, Verified::Equal)]);
    let orders = TableName::new("shop", "orders");
    for at in 0..9 {
        let place = Place::object(PlaceKind::View, format!("v_report_{at}"));
        let finding = Finding::warning(Code::NotCarried, place, "views are not carried over yet");
        report.findings.push(finding.help("write it anew in PostgreSQL's words"));
        let place = Place::column(&orders, &format!("column_{at}"));
        let message = format!("{at} zero dates became NULL");
        report.findings.push(Finding::note(Code::ValuesAltered, place, message));
    }
    let key = Place::part(PlaceKind::ForeignKey, &orders, "orders_customer_fk");
    let message = "3 rows name a customer that does not exist, so the key stays NOT VALID: \
                   customer_id 17, 99 and 1204";
    let finding = Finding::error(Code::Orphans, key, message);
    report.findings.push(finding.help("ALTER TABLE orders VALIDATE CONSTRAINT once mended"));
    report.outcome = report.ended();
    insta::assert_snapshot!(screen(&report, Detail::Brief, None), @r"
    <stdout>
      table   rows  MiB  seconds  verified
      orders    12  0.0      0.0  ✓ equal

      snapshot all tables at one instant (backup-stage), 5 connections, at
               mariadb-bin.000004:1573; writers waited 12 ms

    error[orphans] orders.orders_customer_fk: 3 rows name a customer that does not
        exist, so the key stays NOT VALID: customer_id 17, 99 and 1204
        help: ALTER TABLE orders VALIDATE CONSTRAINT once mended
    warning[not-carried] 9 views: v_report_0, v_report_1, v_report_2, v_report_3,
        v_report_4, v_report_5 and 3 more
        views are not carried over yet
        help: write it anew in PostgreSQL's words
    note[values-altered] 9 columns
        orders.column_0: 0 zero dates became NULL
        orders.column_1: 1 zero dates became NULL
        orders.column_2: 2 zero dates became NULL
        … and 6 more
    … 9 more findings: --verbose prints them, --report FILE keeps them

    <stdout>
    Moved, WITH ERRORS: 1 table, 12 rows in 3.2 s; every row read back and equal; 1
    error, 9 warnings, 9 notes (exit 1).
    Next: read the findings above before an application uses the target.
    ");
}

#[test]
fn a_dry_run_gives_a_file_to_run_and_talks_beside_it() {
    let mut report = Report::new(Verb::Migrate, "postgres://shop@db/shop");
    report.outcome = Outcome::PlannedWithFindings;
    report.plan = vec![
        planned("log", 5_000, &[]),
        planned("orders", 1_234_567, &["id"]),
        planned("order_items", 3_000_000, &["order_id", "position"]),
    ];
    report.statements =
        ["CREATE TABLE a (b int)", "CREATE INDEX ON a (b)"].map(str::to_owned).to_vec();
    let place = Place::table(&TableName::new("shop", "log"));
    report.findings = vec![Finding::warning(Code::NoKey, place, "has no key")];
    insta::assert_snapshot!(screen(&report, Detail::Brief, None), @r"
    <stdout>
    CREATE TABLE a (b int);

    CREATE INDEX ON a (b);
    <stderr>

    <stderr>
      table           rows ~  MiB ~  indexes  foreign keys  key
      order_items  3,000,000  277.5        3             1  order_id, position
      orders       1,234,567  114.2        3             1  id
      log              5,000    0.5        3             1  none
      3 tables     4,239,567  392.2        9             3

    warning[no-key] log: has no key

    <stderr>
    Nothing was written: 3 tables, about 4,239,567 rows and 392.2 MiB would move to
    postgres://shop@db/shop; 1 warning (exit 1).
    Next: the same command without --dry-run moves them.
    ");
}

#[test]
fn a_failure_says_what_is_kept_and_how_to_go_on() {
    let mut report = report(vec![table("orders", 1_234_567, Verified::NotChecked)]);
    report.outcome = Outcome::FailedPartial;
    report.error = Some(ErrorReport {
        message: "cannot read shop.customers".to_owned(),
        fault: Fault::Transient,
        causes: vec!["the server closed the connection".to_owned()],
        hint: Some("is max_allowed_packet on the source large enough?".to_owned()),
    });
    insta::assert_snapshot!(screen(&report, Detail::Brief, None), @r"
    <stdout>
      table        rows    MiB  seconds  verified
      orders  1,234,567  114.2     24.7  – not checked

      snapshot all tables at one instant (backup-stage), 5 connections, at
               mariadb-bin.000004:1573; writers waited 12 ms

    <stderr>
    error: cannot read shop.customers
      cause: the server closed the connection
      hint: is max_allowed_packet on the source large enough?
    <stderr>
    FAILED part-way after 3.2 s (exit 4). Moved so far: 1 table, 1,234,567 rows.
    Next: the same command with --resume goes on from here.
    ");
}

#[test]
fn no_more_is_promised_than_was_checked() {
    let verdict = |report: &Report| {
        let screen = screen(report, Detail::Brief, None);
        screen[screen.rfind('>').unwrap_or(0) + 2..].to_owned()
    };
    let mut all = String::new();
    for unchecked in 0..=2 {
        let verified = |at| {
            if at < unchecked { Verified::NotChecked } else { Verified::Equal }
        };
        let report = report(vec![table("a", 5_000, verified(0)), table("b", 70, verified(1))]);
        all.push_str(&verdict(&report));
    }
    let mut unequal = report(vec![table("a", 5_000, Verified::Differs)]);
    // As migrate calls it: the target was written.
    unequal.outcome = Outcome::FailedPartial;
    all.push_str(&verdict(&unequal));
    let mut flawed = report(vec![table("a", 5_000, Verified::Equal)]);
    let place = Place::table(&flawed.tables[0].source);
    flawed.findings = vec![Finding::error(Code::CatalogDiffers, place, "no index")];
    flawed.outcome = flawed.ended();
    all.push_str(&verdict(&flawed));
    flawed.plan = vec![planned("a", 1, &["id"]), planned("b", 1, &["id"])];
    all.push_str(&verdict(&flawed));
    for outcome in [
        Outcome::UsageError,
        Outcome::FailedUnchanged,
        Outcome::StoppedUnchanged,
        Outcome::StoppedPartial,
    ] {
        let mut report = report(Vec::new());
        report.outcome = outcome;
        all.push_str(&verdict(&report));
    }
    insta::assert_snapshot!(all, @r"
    Moved and proven: 2 tables, 5,070 rows in 3.2 s; every row read back and equal.
    Moved, NOT PROVEN: 2 tables, 5,070 rows in 3.2 s; 1 of them read back and equal,
    1 not checked.
    Next: do not rely on the tables that are not proven.
    Moved, NOT PROVEN: 2 tables, 5,070 rows in 3.2 s; nothing was read back.
    Next: do not rely on the tables that are not proven.
    NOT EQUAL: 1 of 1 table differs: a (exit 4).
    Next: let no application use the target; `nirvana verify` tells which rows.
    Moved, WITH ERRORS: 1 table, 5,000 rows in 3.2 s; every row read back and equal;
    1 error (exit 1).
    Next: read the findings above before an application uses the target.
    NOT ALL TABLES: 1 of 2 tables, 5,000 rows in 3.2 s; every row of these read back
    and equal; 1 error (exit 1).
    Next: read the findings above before an application uses the target.
    Nothing was tried (exit 2).
    FAILED, nothing was changed, after 3.2 s (exit 3).
    Stopped as asked, nothing was changed, after 3.2 s (exit 3).
    Stopped as asked after 3.2 s (exit 4).
    Next: the same command with --resume goes on from here.
    ");
}
