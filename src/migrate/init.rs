//! `--init`: a nirvana.toml for a source, with what its data asks for as comments. Nothing in it
//! counts before a person takes a `#` away.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use crate::event::{Event, Events, Phase};
use crate::finding::{Code, Finding, Severity};
use crate::migrate::convert::{Choices, convert};
use crate::migrate::error::Error;
use crate::migrate::foresee;
use crate::migrate::mapping::Owner;
use crate::migrate::scan::{self, Answers, Depth, Question};
use crate::migrate::schemas::{Schemas, USUAL};
use crate::migrate::settings::Settings;
use crate::migrate::source::{Origin, Reader, Source};
use crate::mysql::catalog;
use crate::mysql::schema::{Column, Schema, Table};
use crate::report::{ErrorReport, Outcome, Report, Verb};
use crate::shutdown::Shutdown;

/// What is to be looked at, and where what was found is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) source: Origin,
    pub(crate) file: PathBuf,
}

/// The target that findings are told for: the newest, without extensions.
const NEWEST_TARGET: u32 = 180_000;

/// Writes the file, unless there is one.
pub(crate) async fn init(request: Request, events: Events, shutdown: Shutdown) -> Report {
    let begun = Instant::now();
    let mut report = Report::new(Verb::Migrate, request.file.display().to_string());
    report.source = Some(request.source.address());
    let written = tokio::select! {
        written = write(&request, &events) => written,
        () = shutdown.requested() => Err(Error::Stopped),
    };
    report.outcome = match written {
        Ok(()) => {
            report.changes.push(format!("written: {}", request.file.display()));
            Outcome::Done
        }
        Err(error) => {
            report.error = Some(ErrorReport::of(&error));
            Outcome::FailedUnchanged
        }
    };
    report.findings = events.findings();
    report.duration_ms = begun.elapsed().as_millis() as u64;
    report
}

async fn write(request: &Request, events: &Events) -> Result<(), Error> {
    let unwritten = |source| Error::Unwritten { file: request.file.clone(), source };
    // Made first, so that nobody waits for a scan that has no place to go.
    let file = OpenOptions::new().write(true).create_new(true).open(&request.file);
    let mut file = file.map_err(unwritten)?;
    let text = match look(&request.source, events).await {
        Ok(text) => text,
        Err(error) => {
            drop(file);
            std::fs::remove_file(&request.file).map_err(unwritten)?;
            return Err(error);
        }
    };
    file.write_all(text.as_bytes()).map_err(unwritten)
}

/// Reads the schema, and asks its data all there is to ask.
async fn look(origin: &Origin, events: &Events) -> Result<String, Error> {
    events.emit(Event::PhaseStarted { phase: Phase::Connect });
    let source = origin.open().await?;
    events.emit(Event::PhaseStarted { phase: Phase::Read });
    let (schema, version, mut reader) = match (source, origin) {
        (Source::Server { mut control, server }, Origin::Server(_, databases)) => {
            let schema = catalog::read(&mut control, &server, databases).await?;
            (schema, server.version_text, Reader::Server(control))
        }
        (Source::Dump(dump), _) => (dump.schema.clone(), dump.server.clone(), Reader::Dump(dump)),
        (Source::Server { .. }, Origin::Dump(_)) => return Err(Error::NoSnapshot),
    };
    events.emit(Event::PhaseStarted { phase: Phase::Scan });
    let settings = Settings { uuid: true, ..Settings::default() };
    let answers = scan::answers(&schema, &mut [&mut reader], (Depth::Foresight, &settings)).await?;
    Ok(text(&schema, &answers, &version))
}

/// The file. Pure.
fn text(schema: &Schema, answers: &Answers, version: &str) -> String {
    let mut text = format!(
        "# What `nirvana migrate` and `nirvana verify` do with {}, of {version}.\n\
         # Lines behind # are not read: they say what holds anyway, or what the data was found to ask for.\n\n\
         [migrate]\n",
        schema.databases.join(", ")
    );
    for (setting, remark) in general(schema) {
        text.push_str(&format!("# {setting:<28} # {remark}\n"));
    }
    text.push_str(COLUMNS);
    let found = findings(schema, answers);
    for table in &schema.tables {
        let uuids = table.columns.iter().filter_map(|column| uuid(table, column, answers));
        let of_table = |finding: &&Finding| finding.place.table.as_ref() == Some(&table.name);
        for told in found.iter().filter(of_table).filter_map(remark) {
            text.push_str(&told);
        }
        let rules = found.iter().filter(of_table).filter_map(rule).chain(uuids);
        for (key, remark, said) in rules {
            text.push_str(&format!("# {remark}\n# {} = {said}\n", quoted(&key)));
        }
    }
    text
}

const COLUMNS: &str = r#"
# Rules for columns. A key is "*", a kind of type ("datetime"), one within tables ("datetime in log_*"),
# or a column ("table.column"), also with * and ?; the more exact one counts. A rule may say:
#   type = "numeric(20,4)"          the type in the target
#   using = ["trim", "nullif-empty"]  also repair-utf8, unix-seconds, unix-milliseconds, seconds, yes-no,
#                                   uuid, uuid-swapped, ip-number, ip-bytes, json
#   zero-dates = "null"             or epoch, -infinity, quarantine, stop
#   nul = "remove"                  or replace, quarantine, stop
#   enum-errors = "null"            or add-label, quarantine, stop
#   invalid-text = "quarantine"     or replace, stop
#   out-of-range = "quarantine"     or stop
#   collation = "plain"             or ci
[migrate.columns]
"#;

/// Each setting as it holds anyway, and what the source says to it.
fn general(schema: &Schema) -> Vec<(String, String)> {
    let list =
        |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let tables = || schema.tables.iter();
    let mixed = tables().flat_map(|table| {
        std::iter::once(&table.name.name).chain(table.columns.iter().map(|one| &one.name))
    });
    let mixed = mixed.filter(|name| name.to_lowercase() != **name).count();
    let insensitive = tables().flat_map(|table| &table.columns).filter(|column| {
        column.collation.as_ref().is_some_and(|collation| collation.is_case_insensitive())
    });
    let insensitive = insensitive.count();
    let parts = tables().filter(|table| table.partitioning.is_some());
    let parts = list(parts.map(|table| table.name.name.as_str()).collect());
    let line = |setting: &str, remark: String| (setting.to_owned(), remark);
    vec![
        line(
            "include = []",
            format!("all of its {} tables; patterns with * and ?", schema.tables.len()),
        ),
        line("exclude = []", "left out, even if included".to_owned()),
        line("schema = \"public\"", "of the target".to_owned()),
        line("rename = {}", "{ orders = \"purchases\" }".to_owned()),
        line(
            "where = {}",
            "{ events = \"created_at >= '2024-01-01'\" }, in the source's SQL".to_owned(),
        ),
        line("identifiers = \"preserve\"", format!("or lower, snake; {mixed} names have capitals")),
        line(
            "collation = \"plain\"",
            format!("or ci; {insensitive} columns compare without regard to case in the source"),
        ),
        line(
            "uuid = false",
            "true: binary(16) and char(36) where all values are proven".to_owned(),
        ),
        line("flatten = []", format!("partitioned tables: {parts}")),
        line("scan = true", "false: take the wider types without asking the data".to_owned()),
        line("before = []", "SQL that the target executes first".to_owned()),
        line("after = []", "SQL that the target executes last".to_owned()),
    ]
}

fn findings(schema: &Schema, answers: &Answers) -> Vec<Finding> {
    let choices = Choices {
        schemas: Schemas::one(USUAL),
        server_version: NEWEST_TARGET,
        settings: Settings::default(),
        extensions: std::collections::BTreeMap::new(),
    };
    let mut found = convert(schema, answers, &choices).findings;
    found.extend(foresee::findings(schema, answers, (&choices.settings, Owner::Ours)));
    found
}

/// What was found of keys, which no rule mends.
fn remark(finding: &Finding) -> Option<String> {
    let told = matches!(finding.code, Code::Orphans | Code::CollationLost)
        && finding.severity != Severity::Note;
    let Finding { place, message, .. } = finding;
    told.then(|| format!("# {}\n", format!("{place}: {message}").replace(['\r', '\n'], " ")))
}

/// The rule that a finding about a column may ask for: its key, why, and what it says.
fn rule(finding: &Finding) -> Option<(String, String, String)> {
    let (table, column) = (finding.place.table.as_ref()?, finding.place.name.as_ref()?);
    let message = &finding.message;
    let said = match finding.code {
        Code::ValuesAltered if message.contains("U+0000") => "{ nul = \"remove\" }",
        Code::ValuesAltered if message.contains("label") => "{ enum-errors = \"null\" }",
        Code::ValuesAltered => "{ zero-dates = \"null\" }",
        Code::RowsQuarantined => "{ invalid-text = \"quarantine\" }",
        Code::EncodedTwice => "{ using = [\"repair-utf8\"] }",
        Code::TypeChosen if message.starts_with("smallint") => "{ type = \"smallint\" }",
        Code::TypeChosen if message.starts_with("numeric") => "{ type = \"numeric(20,0)\" }",
        Code::TypeChosen if message.starts_with("interval") => "{ type = \"interval\" }",
        Code::TypeChosen if message.starts_with("json") => "{ type = \"json\" }",
        _ => return None,
    };
    let remark = format!("{column}: {message}").replace('\n', " ");
    Some((format!("{}.{column}", table.name), remark, said.to_owned()))
}

/// A column that could be a uuid, if that is wanted.
fn uuid(table: &Table, column: &Column, answers: &Answers) -> Option<(String, String, String)> {
    let about = |question| answers.about(table, &column.name, question).values();
    if about(Question::NoUuid) > 0 || about(Question::Uuid) == 0 {
        return None;
    }
    let remark = format!("{}: each of its {} values is a UUID", column.name, about(Question::Uuid));
    let key = format!("{}.{}", table.name.name, column.name);
    Some((key, remark, "{ using = [\"uuid\"] }".to_owned()))
}

/// A key as TOML takes it.
fn quoted(key: &str) -> String {
    serde_json::Value::String(key.to_owned()).to_string()
}
