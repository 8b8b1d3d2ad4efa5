//! PHP without a framework: connections with literals, and the names that such files give them.

use std::ops::Range;

use crate::finding::{Code as FindingCode, Finding};
use crate::project::read::Span;
use crate::project::read::php::{Call, Callee, Code, Kind};

use super::super::draft::{Draft, Moved, Sensitivity};
use super::super::goal::Goal;
use super::super::language::Language;
use super::super::project::Found;
use super::super::site::Site;
use super::php::{Reader, Value, is_constant, postgres_dsn};

/// Arguments of a connection: the end of the variable's name.
type Arguments = &'static [(&'static str, Sensitivity)];

const HOST: (&str, Sensitivity) = ("DB_HOST", Sensitivity::Plain);
const USER: (&str, Sensitivity) = ("DB_USER", Sensitivity::Plain);
const PASSWORD: (&str, Sensitivity) = ("DB_PASSWORD", Sensitivity::Secret);
const NAME: (&str, Sensitivity) = ("DB_NAME", Sensitivity::Plain);
const PORT: (&str, Sensitivity) = ("DB_PORT", Sensitivity::Plain);
const DSN: (&str, Sensitivity) = ("DB_DSN", Sensitivity::Secret);

/// The function, how it is called, how many arguments come first, and the rest.
const CONNECTIONS: [(&[u8], Callee, usize, Arguments); 7] = [
    (b"mysqli_connect", Callee::Function, 0, &[HOST, USER, PASSWORD, NAME, PORT]),
    (b"mysqli", Callee::New, 0, &[HOST, USER, PASSWORD, NAME, PORT]),
    (b"mysqli_real_connect", Callee::Function, 1, &[HOST, USER, PASSWORD, NAME, PORT]),
    (b"real_connect", Callee::Method, 0, &[HOST, USER, PASSWORD, NAME, PORT]),
    (b"mysql_connect", Callee::Function, 0, &[HOST, USER, PASSWORD]),
    (b"mysql_pconnect", Callee::Function, 0, &[HOST, USER, PASSWORD]),
    (b"PDO", Callee::New, 0, &[DSN, USER, PASSWORD]),
];

/// Folders whose files are examples, tests or somebody else's.
const OTHERS: [&[u8]; 8] =
    [b"vendor", b"node_modules", b"tests", b"test", b"examples", b"docs", b"fixtures", b"sample"];

pub(super) fn draft(site: &mut Site) {
    let goal = site.goal;
    for path in files(site) {
        site.edit(&path, Language::Php, |draft| file(draft, goal));
    }
}

fn files(site: &Site) -> Vec<Vec<u8>> {
    let entries = site.below(&site.application.folder);
    let is_own = |path: &[u8]| {
        let mut parts = path.split(|byte| *byte == b'/');
        !parts.any(|part| OTHERS.iter().any(|other| part.eq_ignore_ascii_case(other)))
    };
    let is_example = |name: &[u8]| {
        ["sample", "example", "dist"]
            .iter()
            .any(|word| memchr::memmem::find(name, word.as_bytes()).is_some())
    };
    entries
        .filter(|entry| entry.is_file() && entry.name().ends_with(b".php"))
        .filter(|entry| is_own(&entry.path) && !is_example(entry.name()))
        .map(|entry| entry.path.clone())
        .collect()
}

pub(super) fn file(draft: &mut Draft, goal: Goal) {
    let source = draft.source;
    let words: [&[u8]; 5] = [b"mysql", b"PDO", b"DB", b"db", b"database"];
    if !words.iter().any(|word| memchr::memmem::find(source, word).is_some()) {
        return;
    }
    let code = Code::new(source);
    for call in code.calls() {
        let Some((name, .., first, arguments)) = CONNECTIONS
            .iter()
            .find(|(name, callee, ..)| *callee == call.callee && code.is_name(call.name, name))
        else {
            continue;
        };
        let items = code.items(call.open);
        for (item, (key, sensitivity)) in items.iter().skip(*first).zip(*arguments) {
            argument(draft, &code, item, (*key, *sensitivity), goal);
        }
        if *name == b"PDO" && goal.is_switch() {
            options(draft, &code, &call);
        }
    }
    names(draft, &code, goal);
    addresses(draft, &code, goal);
    if goal.is_switch() {
        ports(draft, &code);
    }
}

/// DSNs that stand before the connection they are for: `$dsn = "mysql:host=$host;dbname=$name";`
fn addresses(draft: &mut Draft, code: &Code, goal: Goal) {
    let values: Vec<Range<usize>> = code.assignments().map(|one| one.value).collect();
    for at in 0..code.tokens.len() {
        let span = code.tokens[at].span;
        if !code.kind(at).is_some_and(Kind::is_string) || !is_dsn(code.text(at)) {
            continue;
        }
        let whole = at..code.expression_end(at);
        let can_move =
            values.contains(&whole) && code.constant(&whole).is_some() && !is_constant(code, at);
        if !draft.is_free(span) {
            continue;
        }
        if can_move {
            dsn(draft, code, &whole, goal);
        } else if goal.is_switch() {
            switch_dsn(draft, code, &whole);
        }
    }
}

/// `'mysql:host=…`, with its quote.
fn is_dsn(text: &[u8]) -> bool {
    let Some(rest) = text.get(1..).and_then(|rest| rest.strip_prefix(b"mysql:")) else {
        return false;
    };
    let rest = rest.trim_ascii_start();
    [&b"host="[..], b"dbname=", b"port=", b"unix_socket=", b"charset="]
        .iter()
        .any(|key| rest.starts_with(key))
}

fn argument(
    draft: &mut Draft,
    code: &Code,
    item: &Range<usize>,
    (key, sensitivity): (&str, Sensitivity),
    goal: Goal,
) {
    if key == "DB_DSN" {
        dsn(draft, code, item, goal);
        return;
    }
    let (range, key, reader) = (item.clone(), key.to_owned(), Reader::Getenv);
    // The address of a MySQL server is not that of another.
    Value { code, range, key, sensitivity, reader, is_switch: goal.is_switch() }.go(draft);
}

/// A literal DSN moves as a whole; of one that is put together only the words change.
fn dsn(draft: &mut Draft, code: &Code, item: &Range<usize>, goal: Goal) {
    if let Some(value) = code.constant(item) {
        if !value.starts_with(b"mysql:") {
            return;
        }
        let text = String::from_utf8_lossy(&value).into_owned();
        let text = if goal.is_switch() { postgres_dsn(&text) } else { text };
        let (key, expression) = ("DB_DSN".to_owned(), "getenv('DB_DSN')".to_owned());
        let has_password = memchr::memmem::find(&value, b"password=").is_some();
        let sensitivity = if has_password { Sensitivity::Secret } else { Sensitivity::Plain };
        draft.to_environment(
            code.span(item),
            text.as_bytes(),
            Moved { key, expression, sensitivity, deploy: None },
        );
    } else if goal.is_switch() {
        switch_dsn(draft, code, item);
    }
}

/// Changes the words of a DSN that is put together of strings; all of them or none, as a driver
/// refuses what it does not know.
fn switch_dsn(draft: &mut Draft, code: &Code, range: &Range<usize>) {
    let strings: Vec<Span> = range
        .clone()
        .filter(|at| code.kind(*at).is_some_and(Kind::is_string))
        .map(|at| code.tokens[at].span)
        .collect();
    let mut edits: Vec<(Span, &str)> = Vec::new();
    for span in &strings {
        let text = span.of(draft.source);
        let part = |start: usize, end: usize| Span::new(span.start + start, span.start + end);
        let refused = match charset(text) {
            Err(()) => Some((
                "PostgreSQL's driver takes no charset in a DSN, and this one is put together",
                "take `charset=` out of it by hand; the connection speaks UTF-8",
            )),
            Ok(_) if memchr::memmem::find(text, b"unix_socket=").is_some() => Some((
                "the DSN names MySQL's socket",
                "PostgreSQL's driver takes the socket's folder as host=",
            )),
            Ok(found) => {
                edits.extend(found.map(|(start, end)| (part(start, end), "")));
                None
            }
        };
        if let Some((message, help)) = refused {
            let place = draft.place(span.start);
            let finding = Finding::warning(FindingCode::AdapterNotSwitched, place, message);
            draft.findings.push(finding.help(help));
            return;
        }
        if text.get(1..7) == Some(b"mysql:") {
            edits.push((part(1, 6), "pgsql"));
        }
        if let Some(at) = memchr::memmem::find(text, b"port=3306") {
            edits.push((part(at + 5, at + 9), "5432"));
        }
    }
    for (span, text) in edits {
        draft.replace(span, text);
    }
}

/// Where a string of a DSN names a charset, with the semicolon before it. An error if what it names
/// is not all in the string.
fn charset(text: &[u8]) -> Result<Option<(usize, usize)>, ()> {
    let Some(at) = memchr::memmem::find(text, b"charset=") else { return Ok(None) };
    let rest = &text[at + 8..];
    let is_end = |byte: &u8| matches!(byte, b';' | b'"' | b'\'');
    let length = rest.iter().position(is_end).unwrap_or(rest.len());
    let (value, after) = rest.split_at(length);
    // What `sprintf` puts here must be the last that it puts anywhere.
    let is_counted = value.contains(&b'%') && after.contains(&b'%');
    let name = value.strip_prefix(b"$").unwrap_or(value);
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'%' | b'-');
    if is_counted || name.is_empty() || !name.iter().all(is_plain) {
        return Err(());
    }
    let before = text[..at].iter().rev();
    let parts = before.take_while(|byte| matches!(byte, b';' | b' ')).count();
    Ok(Some((at - parts, at + 8 + length)))
}

fn options(draft: &mut Draft, code: &Code, call: &Call) {
    let end = code.closing(call.open).unwrap_or(code.tokens.len());
    for at in call.open..end {
        if code.text(at).starts_with(b"MYSQL_ATTR_") {
            draft.refuse(
                code.tokens[at].span.start,
                format!(
                    "{} is known to MySQL's driver only",
                    String::from_utf8_lossy(code.text(at))
                ),
                "take the option out of the array, or set it only where the driver is MySQL's",
            );
        }
    }
}

/// What a name says its value is: `DB_PASS`, `$dbhost`, `$config['mysql_user']`.
fn meaning(name: &[u8]) -> Option<(&'static str, Sensitivity)> {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let name = name.trim_start_matches('$');
    let prefixes = ["database_", "database", "mysql_", "mysql", "db_", "db", "sql_", "yourls_db_"];
    let rest = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    Some(match rest {
        "host" | "hostname" | "server" => HOST,
        "user" | "username" => USER,
        "pass" | "password" | "passwd" | "pwd" => PASSWORD,
        "name" | "database" | "dbname" => NAME,
        "port" => PORT,
        _ => return None,
    })
}

/// Constants, variables and keys that are called as the settings of a connection are.
fn names(draft: &mut Draft, code: &Code, goal: Goal) {
    let is_switch = goal.is_switch();
    let mut found: Vec<(Range<usize>, (&'static str, Sensitivity))> = Vec::new();
    for call in code.calls_of(b"define").filter(|call| call.callee == Callee::Function) {
        let items = code.items(call.open);
        if let [name, value, ..] = items.as_slice()
            && let Some(known) = code.constant(name).and_then(|name| meaning(&name))
        {
            found.push((value.clone(), known));
        }
    }
    for assignment in code.assignments() {
        let keys = code.keys(&assignment).unwrap_or_default();
        let base = code.text(assignment.base);
        let name = keys.last().map_or(base, |key| key);
        // `$db['host']`
        let joined = [base, b"_", name].concat();
        let known = meaning(name).or_else(|| (keys.len() == 1).then(|| meaning(&joined)).flatten());
        if let Some(known) = known {
            found.push((assignment.value.clone(), known));
        }
    }
    for (range, (key, sensitivity)) in found {
        let span = code.span(&range);
        if draft.is_free(span) && code.array(&range).is_none() {
            let key = key.to_owned();
            Value { code, range, key, sensitivity, reader: Reader::Getenv, is_switch }.go(draft);
        }
    }
}

/// Calls of an extension that speaks to MySQL only are code to port, and no setting.
fn ports(draft: &mut Draft, code: &Code) {
    let is_mysql = |call: &Call| {
        let name = code.text(call.name).to_ascii_lowercase();
        let name = name.strip_prefix(b"\\").unwrap_or(&name);
        // A method may be called anything.
        matches!(call.callee, Callee::Function | Callee::New)
            && (name.starts_with(b"mysqli") || name.starts_with(b"mysql_"))
    };
    let calls: Vec<Call> = code.calls().filter(is_mysql).collect();
    let Some(first) = calls.first() else { return };
    let at = code.tokens[first.name].span.start;
    let message = format!(
        "{} of an extension that speaks to MySQL only; settings move, the code must be ported",
        if calls.len() == 1 { "a call".to_owned() } else { format!("{} calls", calls.len()) }
    );
    let place = draft.place(at);
    let finding = Finding::warning(FindingCode::AdapterNotSwitched, place, message);
    draft
        .findings
        .push(finding.help("PDO has the same code for both servers: new PDO(getenv('DB_DSN'), …)"));
}

/// The same calls in the code of a framework, whose own driver is switched: what is left of them
/// stops working with it.
pub(in crate::configure) fn calls_left(site: &mut Site) {
    for path in files(site) {
        // A file that cannot be read is told where its settings are looked for.
        let Found::Bytes(text) = site.project.read(&path) else { continue };
        if !has_mysql(&text) {
            continue;
        }
        let mut draft = Draft::new(&path, &text);
        ports(&mut draft, &Code::new(&text));
        let findings = draft.findings.into_iter().map(|mut finding| {
            finding.code = FindingCode::NotConfigured;
            finding.help(
                "ask the framework's connection; `nirvana audit` lists SQL that must change, too",
            )
        });
        site.findings.extend(findings);
    }
}

fn has_mysql(text: &[u8]) -> bool {
    [&b"mysqli"[..], b"mysql_"].iter().any(|word| memchr::memmem::find(text, word).is_some())
}
