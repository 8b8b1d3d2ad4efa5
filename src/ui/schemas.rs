//! The published JSON Schemas are derived from the types, so that they cannot tell of another
//! shape; this test holds the files to that, and samples to the files.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::application::{
    Application, Component, ComponentKind, Confidence, Database, Detected, Driver, Evidence,
    Framework, Language, PackageManager, Process, Server, Version,
};
use crate::archive::{
    Assumed, Chunk, Column as ArchiveColumn, Compression, DataForm, Extension, FileFact, Format,
    Manifest, SCHEMA as MANIFEST, Table as ArchiveTable,
};
use crate::event::{Event, Phase};
use crate::fault::Fault;
use crate::finding::{Code, Finding, Place};
use crate::name::TableName;
use crate::postgres::schema::Schema as Catalog;
use crate::report::{
    ErrorReport, Outcome, ReleaseReport, Report, SnapshotReport, StepReport, StepState, TablePlan,
    TableReport, Verb, Verified,
};
use crate::ui::json::{JsonLines, Line, report_line};

fn schema<T: JsonSchema>(title: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

fn report_schema() -> Value {
    schema::<Report>("nirvana-report/1")
}

fn event_schema() -> Value {
    schema::<Line>("nirvana-event/1")
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for (file, schema) in [
        ("report.schema.json", report_schema()),
        ("event.schema.json", event_schema()),
        ("manifest.schema.json", schema::<Manifest>(MANIFEST)),
        ("catalog.schema.json", schema::<Catalog>("nirvana-catalog/1")),
    ] {
        let wanted = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        let path = folder.join(file);
        if std::env::var_os("NIRVANA_UPDATE_SCHEMAS").is_some_and(|value| value == "1") {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &wanted).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap();
        assert!(published == wanted, "{file} is old: run this with NIRVANA_UPDATE_SCHEMAS=1");
    }
}

/// A directory that was written elsewhere is read by the same types, and has what they promise.
#[test]
fn a_manifest_is_valid_and_is_read_again() {
    let manifest = Manifest {
        schema: MANIFEST.to_owned(),
        tool_version: "0.1.0".to_owned(),
        made_at: Manifest::now(),
        source: "mysql://old/shop".to_owned(),
        snapshot: sample().snapshot,
        target: Assumed {
            schemas: vec!["public".to_owned()],
            postgres: 13,
            extensions: vec![Extension { name: "vector".to_owned(), schema: "public".to_owned() }],
        },
        data: DataForm { format: Format::Binary, compression: Compression::Zstd },
        tables: vec![ArchiveTable {
            source: TableName::new("shop", "orders"),
            target: TableName::new("public", "orders"),
            columns: vec![ArchiveColumn { source: "Id".to_owned(), target: "id".to_owned() }],
            copied: 1,
            key: vec!["id".to_owned()],
            partitioned: false,
            rows: 1,
            digest: "0f".to_owned(),
            quarantined: 0,
            chunks: vec![Chunk { file: "data/x".to_owned(), rows: 1, bytes: 2 }],
        }],
        files: vec![FileFact { path: "data/x".to_owned(), bytes: 2, sha256: "f0".to_owned() }],
        findings: sample().findings,
    };
    let json = serde_json::to_value(&manifest).unwrap();
    check(&schema::<Manifest>(MANIFEST), &json);
    let read: Manifest = serde_json::from_value(json).unwrap();
    assert_eq!((read.tables, read.files), (manifest.tables, manifest.files));
    assert_eq!((read.target, read.data), (manifest.target, manifest.data));
}

#[test]
fn samples_are_valid() {
    let report = sample();
    let bare = Report::new(Verb::Migrate, "postgres://db/shop");
    for report in [&report, &bare] {
        check(&report_schema(), &serde_json::to_value(report).unwrap());
        // A line is also a report, so that one reader reads both.
        let line = serde_json::from_str(&report_line(report).unwrap()).unwrap();
        check(&report_schema(), &line);
        check(&event_schema(), &line);
    }
    let table = || TableName::new("shop", "orders");
    let finding = Finding::warning(Code::NoKey, Place::table(&table()), "no key");
    let mut json = JsonLines::default();
    for event in [
        Event::PhaseStarted { phase: Phase::Copy },
        Event::CopyFinished { table: table(), rows: 1, bytes: 2, milliseconds: 3 },
        Event::Found { finding },
        Event::Stopping,
    ] {
        let line = json.take(&event, Duration::from_secs(1)).unwrap();
        check(&event_schema(), &serde_json::from_str(&line).unwrap());
    }
}

#[test]
fn what_is_not_valid_is_seen() {
    let schema = report_schema();
    let good = serde_json::to_value(sample()).unwrap();
    let mut missing = good.clone();
    missing.as_object_mut().unwrap().remove("outcome");
    let mut unknown = good.clone();
    unknown["outcome"] = "splendid".into();
    let mut negative = good.clone();
    negative["duration_ms"] = (-1).into();
    let mut kind = good.clone();
    kind["tables"][0]["source"] = "shop.orders".into();
    assert_eq!(fault(&schema, &good), None);
    for bad in [missing, unknown, negative, kind] {
        assert!(fault(&schema, &bad).is_some(), "{bad}");
    }
    let event = serde_json::json!({ "event": "unheard-of", "elapsed_ms": 1 });
    assert!(fault(&event_schema(), &event).is_some());
}

/// Every field has a value.
fn sample() -> Report {
    let table = || TableName::new("shop", "orders");
    let mut report = Report::new(Verb::Migrate, "postgres://db/shop");
    report.source = Some("mysql://old/shop".to_owned());
    report.outcome = Outcome::FailedPartial;
    report.error = Some(ErrorReport {
        message: "m".to_owned(),
        fault: Fault::Data,
        causes: vec!["c".to_owned()],
        hint: Some("h".to_owned()),
    });
    report.snapshot = Some(SnapshotReport {
        rung: "backup-stage".to_owned(),
        guarantee: "all tables at one instant".to_owned(),
        connections: 5,
        writers_waited_ms: 12,
        position: Some("bin.000004:1573".to_owned()),
    });
    report.plan = vec![TablePlan {
        source: table(),
        target: table(),
        rows_estimate: 1,
        bytes_estimate: 2,
        key: vec!["id".to_owned()],
        indexes: 3,
        foreign_keys: 4,
    }];
    report.tables = vec![TableReport {
        source: table(),
        target: table(),
        rows: 1,
        bytes: 2,
        quarantined: 0,
        duration_ms: 3,
        verified: Verified::Differs,
        source_digest: Some("0f".to_owned()),
        target_digest: Some("f0".to_owned()),
    }];
    report.changes = vec!["created schema shop".to_owned()];
    let finding = Finding::error(Code::RowsDiffer, Place::column(&table(), "id"), "differs");
    report.findings = vec![finding.help("look")];
    report.statements = vec!["SELECT 1".to_owned()];
    report.detected = Some(detected());
    release(&mut report);
    report
}

fn release(report: &mut Report) {
    let word = || "w".to_owned();
    report.steps = vec![StepReport {
        step: word(),
        host: Some(word()),
        what: word(),
        state: StepState::Undone,
        why: Some(word()),
        milliseconds: Some(1),
    }];
    report.diffs = vec![word()];
    report.releases = vec![ReleaseReport {
        id: word(),
        state: word(),
        commit: word(),
        by: word(),
        at: word(),
        reason: Some(word()),
        serving: vec![word()],
        known_good: true,
    }];
}

fn detected() -> Detected {
    let evidence = || Evidence {
        path: "Gemfile.lock".to_owned(),
        line: Some(6),
        rule: "rails-version",
        what: "rails 8.0.1".to_owned(),
    };
    let version = || Some(Version { value: "8.0.1".to_owned(), exact: true, evidence: evidence() });
    let application = Application {
        root: ".".to_owned(),
        folder: Vec::new(),
        framework: Framework::Rails,
        version: version(),
        confidence: Confidence::Certain,
        document_root: Some("public".to_owned()),
        languages: vec![Language { name: "Ruby", version: version() }],
        package_managers: vec![PackageManager { name: "Bundler", evidence: evidence() }],
        databases: vec![Database {
            environment: "production".to_owned(),
            connection: Some("primary".to_owned()),
            server: Server::Mysql,
            adapter: Some("mysql2".to_owned()),
            variable: Some("DATABASE_ADAPTER".to_owned()),
            evidence: evidence(),
        }],
        drivers: vec![Driver {
            name: "mysql2".to_owned(),
            server: Server::Mysql,
            evidence: evidence(),
        }],
        processes: vec![Process {
            name: "worker".to_owned(),
            command: "bin/jobs".to_owned(),
            evidence: evidence(),
        }],
        evidence: vec![evidence()],
    };
    let component = Component {
        root: "test/dummy".to_owned(),
        kind: ComponentKind::TestApplication,
        reason: "for tests".to_owned(),
        evidence: evidence(),
    };
    Detected {
        commit: Some("0f".to_owned()),
        files: 2,
        applications: vec![application],
        components: vec![component],
    }
}

fn check(schema: &Value, value: &Value) {
    assert_eq!(fault(schema, value), None, "{value}");
}

/// Why the value does not fit, if so.
fn fault(schema: &Value, value: &Value) -> Option<String> {
    let schema = jsonschema::validator_for(schema).unwrap();
    schema.validate(value).err().map(|error| error.to_string())
}
