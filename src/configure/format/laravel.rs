//! Laravel and Lumen: `config/database.php` and the literals of the other files in `config/`.

mod connection_name;

use std::ops::Range;

use crate::finding::Code as FindingCode;
use crate::project::read::php::{Code, Kind};
use crate::project::read::{Span, line_end, line_span};

use super::super::draft::{Draft, Sensitivity};
use super::super::goal::Goal;
use super::super::language::Language;
use super::super::site::Site;
use super::php::{Array, Field, Reader, Value, charset, is_placeholder, literal, port};
use crate::secret_shape::{is_drawn, is_secret_key};

const FIELDS: [Field; 6] = [
    ("host", "HOST", Sensitivity::Plain),
    ("port", "PORT", Sensitivity::Plain),
    ("database", "DATABASE", Sensitivity::Plain),
    ("username", "USERNAME", Sensitivity::Plain),
    ("password", "PASSWORD", Sensitivity::Secret),
    ("unix_socket", "SOCKET", Sensitivity::Plain),
];

/// The connections that every Laravel has; they share their variables.
const STOCK: [&str; 5] = ["mysql", "mariadb", "pgsql", "sqlite", "sqlsrv"];

/// Keys that only MySQL's driver knows.
const ONLY_MYSQL: [&str; 7] =
    ["collation", "strict", "engine", "modes", "unix_socket", "options", "timezone"];

/// Files of the framework's own, in which what is called a secret is one.
const OWN: [&str; 8] =
    ["app", "services", "queue", "cache", "session", "filesystems", "broadcasting", "hashing"];

/// Mail settings: the key, the variable.
const MAIL: [Field; 4] = [
    ("host", "HOST", Sensitivity::Plain),
    ("port", "PORT", Sensitivity::Plain),
    ("username", "USERNAME", Sensitivity::Plain),
    ("password", "PASSWORD", Sensitivity::Secret),
];

pub(super) fn draft(site: &mut Site) {
    let (goal, major) = (site.goal, site.major());
    let is_old = site.has("app/config/database.php");
    let reader = if is_old { Reader::Getenv } else { Reader::Env };
    let folder = site.path(if is_old { "app/config" } else { "config" });
    let entries = site.below(&folder);
    let paths: Vec<Vec<u8>> = entries
        .filter(|entry| {
            entry.is_file() && entry.folder() == folder && entry.name().ends_with(b".php")
        })
        .map(|entry| entry.path.clone())
        .collect();
    for path in paths {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
        site.edit(&path, Language::Php, |draft| {
            let code = Code::new(draft.source);
            let Some(root) = returned(&code) else { return };
            match &name[..] {
                b"database.php" => {
                    let is_url = major.is_none_or(|major| major >= 11);
                    Database { code: &code, root, reader, goal, is_url }.go(draft);
                }
                b"mail.php" => mail(draft, &code, root, reader),
                _ => {
                    secrets(draft, &code, root, &name, reader);
                    if goal.is_switch() {
                        connection_name::defaults(draft, &code);
                    }
                }
            }
        });
    }
    if goal.is_switch() {
        connection_name::draft(site);
    }
}

/// The array that a file of settings returns.
fn returned(code: &Code) -> Option<usize> {
    let at = (0..code.tokens.len()).find(|at| code.is_name(*at, b"return"))?;
    code.array(&(at + 1..code.expression_end(at + 1)))
}

fn entries(code: &Code, open: usize) -> Vec<(String, Range<usize>)> {
    let items = code.items(open).into_iter();
    let entries = items.filter_map(|item| code.entry(&item));
    entries
        .filter_map(|entry| {
            let key = code.key(entry.key)?;
            Some((String::from_utf8_lossy(&key).into_owned(), entry.value))
        })
        .collect()
}

struct Database<'a, 'b> {
    code: &'b Code<'a>,
    root: usize,
    reader: Reader,
    goal: Goal,
    /// Whether the variable of a whole address is `DB_URL`, and not `DATABASE_URL`.
    is_url: bool,
}

impl Database<'_, '_> {
    fn go(&self, draft: &mut Draft) {
        let code = self.code;
        let root = Array { code, open: self.root };
        let default = root.value("default").and_then(|value| self.default(&value));
        let default_name = default.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
        let Some(open) = root.value("connections").and_then(|value| code.array(&value)) else {
            return;
        };
        let connections = entries(code, open);
        for (name, value) in &connections {
            if let Some(open) = code.array(value) {
                self.connection(draft, name, open, *name == default_name);
            }
        }
        if let Some(open) = root.value("redis").and_then(|value| code.array(&value)) {
            self.redis(draft, open);
        }
        if self.goal.is_switch() {
            self.switch(draft, default, &connections);
        }
    }

    /// The name of the connection that is used, and where the literal of it stands.
    fn default(&self, value: &Range<usize>) -> Option<(String, Span)> {
        let code = self.code;
        let text = |at: &Range<usize>| {
            code.constant(at)
                .map(|name| (String::from_utf8_lossy(&name).into_owned(), code.span(at)))
        };
        if let Some(found) = text(value) {
            return Some(found);
        }
        let last = (value.start..value.end).rev().find(|at| code.literal(*at).is_some())?;
        // A variable's name is no connection's.
        let is_name = code.is(last.checked_sub(1)?, b"(");
        (!is_name).then(|| text(&(last..last + 1))).flatten()
    }

    fn connection(&self, draft: &mut Draft, name: &str, open: usize, is_default: bool) {
        let array = Array { code: self.code, open };
        let driver = array.literal("driver").unwrap_or_default();
        if driver == "sqlite" {
            return;
        }
        let is_stock = STOCK.contains(&name);
        // What nobody uses has the values it was installed with.
        let says_nothing = |key: &str| {
            array.literal(key).is_none_or(|value| {
                is_placeholder(value.as_bytes()) || value == "localhost" || value == "127.0.0.1"
            })
        };
        if is_stock && !is_default && ["host", "username", "password"].into_iter().all(says_nothing)
        {
            return;
        }
        let is_switch = self.goal.is_switch() && matches!(driver.as_str(), "mysql" | "mariadb");
        let own = name.to_ascii_uppercase();
        let own =
            format!("DB_{}_", own.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"));
        let is_shared = is_stock
            && array.value("host").is_some_and(|value| literal(self.code, &value).is_none());
        let prefix = if is_default || is_shared { "DB_".to_owned() } else { own.clone() };
        let is_moved = is_switch && !is_stock;
        let fields = FIELDS.into_iter().filter(|(key, ..)| !(is_moved && *key == "unix_socket"));
        let fields: Vec<Field> = fields.collect();
        array.to_environment(draft, &prefix, &fields, (self.reader, is_moved));
        for side in ["read", "write"] {
            self.side(draft, &array, side, &prefix);
        }
        if let Some(range) = array.value("url") {
            // Whatever shares its other variables: a whole address is one connection's alone.
            let key = match (is_default, self.is_url) {
                (true, true) => "DB_URL".to_owned(),
                (true, false) => "DATABASE_URL".to_owned(),
                (false, _) => format!("{own}URL"),
            };
            let (sensitivity, reader) = (Sensitivity::Secret, self.reader);
            Value { code: self.code, range, key, sensitivity, reader, is_switch }.go(draft);
        }
        if is_moved {
            self.driver(draft, &array);
        }
    }

    /// `'read' => ['host' => ['a']]`: one host moves, a list of them cannot be one variable.
    fn side(&self, draft: &mut Draft, array: &Array, side: &str, prefix: &str) {
        let Some(open) = array.value(side).and_then(|value| self.code.array(&value)) else {
            return;
        };
        let within = Array { code: self.code, open };
        let prefix = format!("{prefix}{}_", side.to_ascii_uppercase());
        let Some(host) = within.value("host") else { return };
        if let Some(open) = self.code.array(&host) {
            let items = self.code.items(open);
            if let [range] = items.as_slice() {
                let (key, range) = (format!("{prefix}HOST"), range.clone());
                let (sensitivity, reader, is_switch) = (Sensitivity::Plain, self.reader, false);
                Value { code: self.code, range, key, sensitivity, reader, is_switch }.go(draft);
            } else if items.iter().any(|item| self.code.constant(item).is_some()) {
                draft.refuse(
                    self.code.span(&host).start,
                    "several hosts stand in one list, which stays as it is",
                    format!("explode(',', env('{prefix}HOST')) reads them from one variable"),
                );
            }
        }
        within.to_environment(draft, &prefix, &FIELDS, (self.reader, false));
    }

    fn redis(&self, draft: &mut Draft, open: usize) {
        for (name, value) in entries(self.code, open) {
            let Some(open) = self.code.array(&value).filter(|_| name != "options") else {
                continue;
            };
            let prefix = match name.as_str() {
                "default" | "cache" => "REDIS_".to_owned(),
                name => format!("REDIS_{}_", name.to_ascii_uppercase().replace('-', "_")),
            };
            let fields: Vec<Field> = FIELDS
                .into_iter()
                .filter(|(key, ..)| matches!(*key, "host" | "port" | "password"))
                .collect();
            let array = Array { code: self.code, open };
            let has_null = |key: &str| {
                array.value(key).is_some_and(|value| self.code.is_name(value.start, b"null"))
            };
            if !has_null("host") {
                array.to_environment(draft, &prefix, &fields, (self.reader, false));
            }
        }
    }

    /// A connection with a name of its own becomes PostgreSQL's.
    fn driver(&self, draft: &mut Draft, array: &Array) {
        array.replace(draft, "driver", |old| {
            matches!(old, "mysql" | "mariadb").then(|| "pgsql".to_owned())
        });
        array.replace(draft, "charset", charset);
        array.replace(draft, "port", port);
        let at = self.code.tokens[array.open].span.start;
        for key in ONLY_MYSQL {
            if array.remove(draft, key) {
                draft.found(
                    FindingCode::MysqlSettingRemoved,
                    at,
                    format!("{key} is known to MySQL only"),
                );
            }
        }
    }

    fn switch(
        &self,
        draft: &mut Draft,
        default: Option<(String, Span)>,
        connections: &[(String, Range<usize>)],
    ) {
        let is_mysql = |name: &str| matches!(name, "mysql" | "mariadb");
        let has = |name: &str| connections.iter().any(|(known, _)| known == name);
        if let Some((name, span)) = default.filter(|(name, _)| is_mysql(name)) {
            let quote = span.of(draft.source).first().copied().unwrap_or(b'\'');
            let quote = char::from(quote);
            draft.replace(span, format!("{quote}pgsql{quote}"));
            if !has("pgsql")
                && let Some((_, value)) = connections.iter().find(|(known, _)| *known == name)
            {
                self.add(draft, value);
            }
        }
    }

    /// Puts Laravel's own `pgsql` behind a connection, indented as that one is.
    fn add(&self, draft: &mut Draft, beside: &Range<usize>) {
        let code = self.code;
        let comma = code.is(beside.end, b",");
        let at = code
            .tokens
            .get(beside.end)
            .filter(|_| comma)
            .map_or(code.span(beside).end, |token| token.span.end);
        let key = beside.start.saturating_sub(2);
        let line = line_span(draft.source, code.tokens[key].span.start);
        let start = line.of(draft.source);
        let blank = start.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let indent = String::from_utf8_lossy(&start[..blank]).into_owned();
        let deeper =
            if indent.contains('\t') { format!("{indent}\t") } else { format!("{indent}    ") };
        let end = String::from_utf8_lossy(line_end(draft.source)).into_owned();
        let old = code.array(beside).map(|open| Array { code, open });
        // What the connection beside reads from a variable, this one reads as well.
        let read = |key: &str, name: &str, fallback: &str| {
            let same = old.as_ref().and_then(|old| old.value(key));
            let is_read = |value: &Range<usize>| {
                code.is_name(value.start, b"env") && key != "port" && key != "password"
            };
            match same.filter(is_read) {
                Some(value) => {
                    String::from_utf8_lossy(code.span(&value).of(draft.source)).into_owned()
                }
                None if self.reader == Reader::Getenv => {
                    format!("getenv('{name}') ?: '{fallback}'")
                }
                None => format!("env('{name}', '{fallback}')"),
            }
        };
        let url = if self.is_url { "DB_URL" } else { "DATABASE_URL" };
        let mut lines = vec![("driver", "'pgsql'".to_owned())];
        if self.reader == Reader::Env {
            lines.push(("url", format!("env('{url}')")));
        }
        lines.extend([
            ("host", read("host", "DB_HOST", "127.0.0.1")),
            ("port", read("port", "DB_PORT", "5432")),
            ("database", read("database", "DB_DATABASE", "laravel")),
            ("username", read("username", "DB_USERNAME", "laravel")),
            ("password", read("password", "DB_PASSWORD", "")),
            ("charset", "'utf8'".to_owned()),
            ("prefix", "''".to_owned()),
            ("search_path", "'public'".to_owned()),
            ("schema", "'public'".to_owned()),
            ("sslmode", "'prefer'".to_owned()),
        ]);
        let (open, close) = if code.is(beside.start, b"[") { ("[", "]") } else { ("array(", ")") };
        let before = if comma { "" } else { "," };
        let mut text = format!("{before}{end}{end}{indent}'pgsql' => {open}{end}");
        for (key, value) in lines {
            text.push_str(&format!("{deeper}'{key}' => {value},{end}"));
        }
        text.push_str(&format!("{indent}{close},"));
        draft.insert(at, text);
    }
}

/// Laravel 5 and 6 have the settings at the top, later ones a list of mailers.
fn mail(draft: &mut Draft, code: &Code, root: usize, reader: Reader) {
    let array = Array { code, open: root };
    array.to_environment(draft, "MAIL_", &MAIL, (reader, false));
    let mailers = array.value("mailers").and_then(|value| code.array(&value));
    let smtp = mailers
        .and_then(|open| Array { code, open }.value("smtp"))
        .and_then(|value| code.array(&value));
    if let Some(open) = smtp {
        Array { code, open }.to_environment(draft, "MAIL_", &MAIL, (reader, false));
    }
}

/// Literals at keys that are called as secrets are, at any depth.
fn secrets(draft: &mut Draft, code: &Code, root: usize, file: &[u8], reader: Reader) {
    let file = String::from_utf8_lossy(file).trim_end_matches(".php").to_owned();
    let mut open = vec![(root, Vec::<String>::new())];
    while let Some((array, path)) = open.pop() {
        for (key, range) in entries(code, array) {
            let mut path = path.clone();
            path.push(key.clone());
            if let Some(array) = code.array(&range) {
                open.push((array, path));
                continue;
            }
            let is_own = OWN.contains(&file.as_str());
            let is_secret = match key.as_str() {
                "key" => matches!(file.as_str(), "app" | "services"),
                key => {
                    key.ends_with("secret_key") || (is_secret_key(key) && !key.ends_with("_key"))
                }
            };
            let is_string =
                (range.start..range.end).any(|at| code.kind(at).is_some_and(Kind::is_string));
            if !is_secret || !is_string || is_harmless(code, &range) {
                continue;
            }
            // `'password' => 'auth.password'` of a package names something else.
            if !is_own && code.constant(&range).is_some_and(|value| !is_drawn(&value)) {
                let message = format!("{key} is a word here and no secret as it looks; it stays");
                draft.found(FindingCode::SettingLeft, code.span(&range).start, message);
                continue;
            }
            let key = variable(&file, &path);
            let (sensitivity, is_switch) = (Sensitivity::Secret, false);
            Value { code, range, key, sensitivity, reader, is_switch }.go(draft);
        }
    }
}

/// A placeholder, or a word too short for a secret.
fn is_harmless(code: &Code, range: &Range<usize>) -> bool {
    code.constant(range).is_some_and(|value| {
        is_placeholder(&value)
            || value.len() < 6
            || value.contains(&b' ')
            || value.starts_with(b"auth")
    })
}

/// `APP_KEY`, `STRIPE_SECRET`: the file's name leads, but for the list of services.
fn variable(file: &str, path: &[String]) -> String {
    let mut words: Vec<&str> = Vec::new();
    if file != "services" {
        words.push(file);
    }
    words.extend(path.iter().map(String::as_str));
    let word = words.join("_").to_ascii_uppercase();
    word.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_")
}

#[cfg(any(test, fuzzing))]
pub(super) fn form(draft: &mut Draft, goal: Goal) {
    let code = Code::new(draft.source);
    if let Some(root) = returned(&code) {
        Database { code: &code, root, reader: Reader::Env, goal, is_url: true }.go(draft);
    }
}
