//! What util.dumpInstance, dumpSchemas and dumpTables of `MySQL` Shell write.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::{Names, Reading};
use crate::dump::error::Error;
use crate::dump::file::io_error;
use crate::dump::format::{Encoded, Format};
use crate::dump::scanner::DELIMITER;
use crate::dump::session::Session;
use crate::dump::value::Around;
use crate::mysql::server::Flavour;

pub(super) fn read(reading: &mut Reading<'_>, names: &Names, folder: &Path) -> Result<(), Error> {
    let whole = json(names, "@.json")?;
    let version = text(&whole, "serverVersion");
    if version.as_ref().is_some_and(|version| version.contains("MariaDB")) {
        reading.index.flavour = Some(Flavour::MariaDb);
    }
    reading.index.version = version;
    let file = text(&whole, "binlogFile");
    let place = whole.get("binlogPosition").and_then(Value::as_u64);
    reading.index.position = text(&whole, "gtidExecuted")
        .filter(|set| !set.is_empty())
        .or_else(|| file.zip(place).map(|(file, place)| format!("{file}:{place}")));
    let zone = if whole.get("tzUtc") == Some(&Value::Bool(false)) { None } else { Some(0) };
    let mut rows =
        Rows { left: names.keys().filter(|name| is_rows(name)).cloned().collect(), zone };
    for (database, base) in bases(&whole, "schemas") {
        schema(reading, names, (&database, &base), &mut rows)?;
    }
    for name in rows.left {
        reading.lacks(folder, &format!("a table whose rows are in {name}"));
    }
    done(reading, names, folder)
}

/// The last file that it writes, and the files of rows that this one knows of.
fn done(reading: &mut Reading<'_>, names: &Names, folder: &Path) -> Result<(), Error> {
    const LAST: &str = "@.done.json";
    if !names.contains_key(LAST) {
        reading.lacks(folder, "the file @.done.json, which MySQL Shell writes last");
        return Ok(());
    }
    let done = json(names, LAST)?;
    let files = done.get("chunkFileBytes").and_then(Value::as_object);
    for name in files.into_iter().flat_map(|files| files.keys()) {
        if !names.contains_key(super::without_compression(name)) {
            reading.lacks(folder, &format!("the file {name} with rows"));
        }
    }
    Ok(())
}

/// Files of rows that no table has taken yet, and the time zone they are in.
struct Rows {
    left: BTreeSet<String>,
    zone: Option<i32>,
}

fn is_rows(name: &str) -> bool {
    [".tsv", ".csv", ".txt"].iter().any(|ending| name.ends_with(ending))
}

/// One database: its statements, then each of its tables.
fn schema(
    reading: &mut Reading<'_>,
    names: &Names,
    (database, base): (&str, &str),
    left: &mut Rows,
) -> Result<(), Error> {
    let described = json(names, &format!("{base}.json"))?;
    reading.index.database(database);
    let run = |reading: &mut Reading<'_>, name: &str| match names.get(name) {
        Some(path) => reading.statements(path, database, Session::new(), DELIMITER).map(drop),
        None => Ok(()),
    };
    run(reading, &format!("{base}.sql"))?;
    for (table, base) in bases(&described, "tables") {
        run(reading, &format!("{base}.sql"))?;
        run(reading, &format!("{base}.triggers.sql"))?;
        rows(reading, names, (database, &table, &base), left)?;
    }
    for (_, base) in bases(&described, "views") {
        run(reading, &format!("{base}.pre.sql"))?;
    }
    for (_, base) in bases(&described, "views") {
        run(reading, &format!("{base}.sql"))?;
    }
    Ok(())
}

/// `base@0.tsv`, `base@1.tsv`, …, `base@@2.tsv`, or `base.tsv`; those of partitions have bases of
/// their own.
fn rows(
    reading: &mut Reading<'_>,
    names: &Names,
    (database, table, base): (&str, &str, &str),
    Rows { left, zone }: &mut Rows,
) -> Result<(), Error> {
    if !names.contains_key(&format!("{base}.json")) {
        return Ok(());
    }
    let described = json(names, &format!("{base}.json"))?;
    let options = described.get("options").unwrap_or(&described);
    let format = format(options);
    let charset = text(options, "characterSet").or_else(|| text(options, "defaultCharacterSet"));
    let session = Session::new().with_charset(charset.as_deref().unwrap_or("utf8mb4"));
    let around = Around { zone: *zone, ..session.around().unwrap_or(Around::utf8()) };
    let partitions = bases(&described, "partitions").into_iter().map(|(_, base)| base);
    let bases: Vec<String> = partitions.chain([base.to_owned()]).collect();
    let of_table = |name: &String| bases.iter().any(|base| is_part(name, base));
    for name in left.extract_if(.., of_table) {
        if let Some(path) = names.get(&name) {
            reading.fields(path, (database, table), (format.clone(), 0), around)?;
        }
    }
    Ok(())
}

fn is_part(name: &str, base: &str) -> bool {
    let rest = name.strip_prefix(base).and_then(|rest| rest.rsplit_once('.'));
    rest.is_some_and(|(rest, _ending)| {
        let number = rest.strip_prefix("@@").or(rest.strip_prefix('@'));
        rest.is_empty()
            || number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn format(options: &Value) -> Format {
    let default = Format::default();
    let bytes = |key: &str| text(options, key).map(String::into_bytes);
    let columns = options.get("columns").and_then(Value::as_array);
    let names = |columns: &Vec<Value>| {
        columns.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let encoded = options.get("decodeColumns").and_then(Value::as_object);
    let encoded = encoded.into_iter().flatten().filter_map(|(column, how)| {
        let how = match how.as_str()? {
            "FROM_BASE64" => Encoded::Base64,
            "UNHEX" => Encoded::Hexadecimal,
            _ => return None,
        };
        Some((column.clone(), how))
    });
    let mark = |key: &str, unsaid| match bytes(key) {
        Some(mark) => mark.first().copied(),
        None => unsaid,
    };
    Format {
        separator: bytes("fieldsTerminatedBy").unwrap_or(default.separator),
        enclosed: mark("fieldsEnclosedBy", default.enclosed),
        escaped: mark("fieldsEscapedBy", default.escaped),
        terminator: bytes("linesTerminatedBy").unwrap_or(default.terminator),
        columns: columns.map(names),
        encoded: encoded.collect(),
    }
}

/// The names in a list, each with what its files begin with.
fn bases(described: &Value, list: &str) -> Vec<(String, String)> {
    let names = described.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    let base = |name: &str| {
        let base = described.get("basenames").and_then(|bases| bases.get(name));
        base.and_then(Value::as_str).unwrap_or(name).to_owned()
    };
    names.iter().filter_map(Value::as_str).map(|name| (name.to_owned(), base(name))).collect()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn json(names: &Names, name: &str) -> Result<Value, Error> {
    let missing = || Error::NoDump { path: name.to_owned() };
    let path: &Path = names.get(name).ok_or_else(missing)?;
    let told = path.display().to_string();
    let text = std::fs::read(path).map_err(|source| io_error(&told, source))?;
    serde_json::from_slice(&text).map_err(|error| Error::Unreadable {
        path: told,
        at: 0,
        what: error.to_string(),
    })
}
