//! The connection `mysql` by its name, beside `config/database.php`: in other files of settings, in
//! models, in the tests' `phpunit.xml`.

use crate::project::read::php::{Callee, Code};

use super::super::super::draft::Draft;
use super::super::super::language::Language;
use super::super::super::site::Site;

const HELP: &str = "leave the name out, which is the default connection, or write pgsql";

/// `env('DB_CONNECTION', 'mysql')` of a file of settings follows that of `database.php`.
pub(super) fn defaults(draft: &mut Draft, code: &Code) {
    for call in code.calls_of(b"env").filter(|call| call.callee == Callee::Function) {
        let items = code.items(call.open);
        if let [name, value] = items.as_slice()
            && code.constant(name).is_some_and(|name| &name[..] == b"DB_CONNECTION")
            && code.constant(value).is_some_and(|value| is_mysql(&value))
        {
            draft.replace(code.span(value), "'pgsql'");
        }
    }
}

/// Code that asks for the connection by its name goes on asking the MySQL server.
pub(super) fn draft(site: &mut Site) {
    let folders = ["app", "database", "routes", "tests"].map(|name| site.path(name));
    let paths: Vec<Vec<u8>> = folders
        .iter()
        .flat_map(|folder| site.below(folder))
        .filter(|entry| entry.is_file() && entry.name().ends_with(b".php"))
        .map(|entry| entry.path.clone())
        .collect();
    for path in paths {
        site.edit(&path, Language::Php, connections);
    }
    for name in ["phpunit.xml", "phpunit.xml.dist"] {
        let path = site.path(name);
        site.edit(&path, Language::Words, variables);
    }
}

fn connections(draft: &mut Draft) {
    if memchr::memmem::find(draft.source, b"onnection").is_none() {
        return;
    }
    let code = Code::new(draft.source);
    let mut found: Vec<usize> = code
        .assignments()
        .filter(|one| code.text(one.base) == b"$connection" && one.keys.is_empty())
        .filter(|one| code.constant(&one.value).is_some_and(|value| is_mysql(&value)))
        .map(|one| one.value.start)
        .collect();
    let calls = [&b"connection"[..], b"setConnection", b"on"];
    for call in calls.iter().flat_map(|name| code.calls_of(name)) {
        let first = code.items(call.open).into_iter().next();
        found.extend(
            first
                .filter(|first| code.constant(first).is_some_and(|value| is_mysql(&value)))
                .filter(|_| matches!(call.callee, Callee::Static | Callee::Method))
                .map(|first| first.start),
        );
    }
    found.sort_unstable();
    for at in found {
        let message =
            "the connection is asked for by the name mysql, which stays the MySQL server's";
        draft.refuse(code.tokens[at].span.start, message, HELP);
    }
}

/// `<env name="DB_CONNECTION" value="mysql"/>`
fn variables(draft: &mut Draft) {
    let mut start = 0;
    let mut found = Vec::new();
    for line in draft.source.split_inclusive(|byte| *byte == b'\n') {
        let has = |word: &[u8]| memchr::memmem::find(line, word).is_some();
        if has(b"DB_CONNECTION") && (has(b"\"mysql\"") || has(b"\"mariadb\"")) {
            found.push(start);
        }
        start += line.len();
    }
    for at in found {
        draft.refuse(at, "the tests ask for MySQL", "value=\"pgsql\" there, and its server");
    }
}

fn is_mysql(value: &[u8]) -> bool {
    matches!(value, b"mysql" | b"mariadb")
}
