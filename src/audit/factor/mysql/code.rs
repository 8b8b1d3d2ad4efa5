//! Drivers of MySQL, their settings, and migrations that only it can run.

use crate::application::Framework as F;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::{Reading, shown};
use crate::finding::Severity::Note;
use crate::project::read::php::Callee;

/// Told once a file, as a file that uses a driver uses it all over.
pub(super) fn driver(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live {
        return;
    }
    if file.kind == Kind::Ruby {
        if !file.has("Mysql") {
            return;
        }
        let code = file.ruby();
        for at in 0..code.tokens.len() {
            let client = code.is_name(at, b"Mysql2") && code.is(at + 1, b"::");
            if client && code.text(at + 2) == b"Client" {
                found
                    .at(file, code.tokens[at].span.start, "Mysql2::Client speaks to MySQL only")
                    .helped("in PostgreSQL: PG.connect, or ActiveRecord's own connection");
                return;
            }
        }
        return;
    }
    if !file.has_any(&["mysqli", "mysql_"]) {
        return;
    }
    let code = file.php();
    let mut first = None;
    let mut number = 0;
    for call in code.calls() {
        let name = code.text(call.name).to_ascii_lowercase();
        let is_driver = match call.callee {
            Callee::Function => {
                name.starts_with(b"mysqli_") || OLD.iter().any(|old| old.as_bytes() == name)
            }
            Callee::New => name == b"mysqli" || name == b"\\mysqli",
            Callee::Method | Callee::Static => false,
        };
        if is_driver {
            first.get_or_insert((code.tokens[call.name].span.start, shown(&name).into_owned()));
            number += 1;
        }
    }
    if let Some((at, name)) = first {
        let more = if number > 1 {
            format!(", and {} more in this file", number - 1)
        } else {
            String::new()
        };
        let wordpress = matches!(file.framework, Some(F::Wordpress | F::Bedrock));
        let hit = found.at(
            file,
            at,
            format!(
                "{name}{} is called{more}",
                if name.starts_with("mysqli_") || name.contains('_') { "()" } else { "" }
            ),
        );
        if super::asks_for_adapter(file) {
            hit.weighs(Note);
        }
        if wordpress {
            hit.helped("use $wpdb; WordPress itself runs on MySQL only");
        } else {
            hit.helped("in PostgreSQL: PDO with prepared statements, which speaks to both");
        }
    }
}

const OLD: [&str; 12] = [
    "mysql_connect",
    "mysql_pconnect",
    "mysql_query",
    "mysql_fetch_array",
    "mysql_fetch_assoc",
    "mysql_fetch_row",
    "mysql_num_rows",
    "mysql_real_escape_string",
    "mysql_select_db",
    "mysql_error",
    "mysql_insert_id",
    "mysql_close",
];

/// Settings of the drivers.
pub(super) fn options(file: &Reading, found: &mut Found) {
    if file.kind == Kind::Yaml {
        if !file.inner.starts_with("config/database") && !file.inner.contains("doctrine")
            || file.scope != Scope::Live
        {
            return;
        }
        let yaml = file.yaml();
        for pair in &yaml.pairs {
            let key = shown(yaml.key(pair)).into_owned();
            let value = yaml
                .scalar(pair)
                .map(|scalar| shown(&scalar.value).into_owned())
                .unwrap_or_default();
            let own = match key.as_str() {
                "encoding" | "charset" => value.starts_with("utf8mb"),
                "collation" | "collate" => value.contains("_ci") || value.contains("_bin"),
                "strict" | "reconnect" | "sql_mode" | "init_command" | "socket" | "unix_socket"
                | "sslca" | "flags" => true,
                _ => false,
            };
            if own && !(key == "socket" || key == "flags" && value.is_empty()) {
                found.at(file, pair.key.span.start, format!("`{key}` is for MySQL"));
            }
        }
        return;
    }
    if !file.has("MYSQL_ATTR") || file.scope != Scope::Live {
        return;
    }
    let code = file.php();
    for at in 0..code.tokens.len() {
        let name = code.text(at);
        if name.starts_with(b"MYSQL_ATTR_") && at > 0 && code.is(at - 1, b"::") {
            let is_skeleton = file.inner.ends_with("config/database.php");
            let guarded = super::asks_for_adapter(file);
            // Laravel's own file has a section for each server, and asks for the extension.
            if is_skeleton && file.has("extension_loaded('pdo_mysql')") {
                return;
            }
            let hit = found.at(
                file,
                code.tokens[at].span.start,
                format!("PDO::{} is for MySQL", shown(name)),
            );
            if guarded {
                hit.weighs(Note);
            }
        }
    }
}

/// Migrations.
pub(super) fn migration(file: &Reading, found: &mut Found) {
    let inner = file.inner.as_str();
    let is_migration =
        ["db/migrate/", "db/schema.rb", "database/migrations/", "migrations/", "Migrations/"]
            .iter()
            .any(|part| inner.contains(part));
    if !is_migration || file.scope != Scope::Live {
        return;
    }
    match file.kind {
        Kind::Ruby => of_rails(file, found),
        Kind::Php => {
            let code = file.php();
            for assignment in code.assignments() {
                let name = code.text(assignment.base);
                let on_table = assignment.base > 1
                    && code.is(assignment.base - 1, b"->")
                    && code.text(assignment.base - 2).starts_with(b"$");
                if on_table && matches!(name, b"engine" | b"charset" | b"collation") {
                    found.at(
                        file,
                        code.tokens[assignment.base].span.start,
                        format!("`{}` is an option of MySQL", shown(name)),
                    );
                }
            }
            for call in code.calls().filter(|call| call.callee == Callee::Method) {
                let name = code.text(call.name);
                if matches!(name, b"fullText" | b"set" if code.items(call.open).len() == 2 && name == b"set" && code.array(&code.items(call.open)[1]).is_some())
                {
                    found.at(
                        file,
                        code.tokens[call.name].span.start,
                        format!("{}() is for MySQL", shown(name)),
                    );
                }
            }
        }
        _ => {}
    }
}

fn of_rails(file: &Reading, found: &mut Found) {
    typed(file, found);
    let code = file.ruby();
    let mut last = 0;
    let mut columns: Vec<String> = Vec::new();
    for entry in code.entries() {
        let key = code.key(entry.key).map(|key| shown(&key).into_owned()).unwrap_or_default();
        let value = code.constant(&entry.value).map(|value| shown(&value).to_ascii_uppercase());
        let engine = key == "options"
            && value
                .as_ref()
                .is_some_and(|value| value.contains("ENGINE") || value.contains("CHARSET"));
        let collation = matches!(key.as_str(), "collation" | "charset")
            && value.is_some_and(|value| value.starts_with("UTF8") || value.starts_with("LATIN1"));
        let own = key == "unsigned" && code.is_name(entry.value.start, b"true")
            || key == "size"
                && matches!(code.text(entry.value.start), b":tiny" | b":medium" | b":long");
        // One line with both is one thing to mend.
        let line = file.line_of(code.tokens[entry.key].span.start);
        // And what each column has is told once a file.
        let is_repeated = own && columns.contains(&key);
        if (engine || collation || own) && last != line && !is_repeated {
            last = line;
            let hit = found.at(
                file,
                code.tokens[entry.key].span.start,
                format!("`{key}` has an option of MySQL"),
            );
            if file.inner.ends_with("schema.rb") || super::asks_for_adapter(file) {
                hit.weighs(Note);
            }
            if own {
                columns.push(key);
            }
        }
    }
}

/// Columns of Rails whose type is a word of MySQL's.
fn typed(file: &Reading, found: &mut Found) {
    const TYPES: [&str; 7] =
        ["ENUM", "SET", "TINYINT", "MEDIUMINT", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT"];
    let code = file.ruby();
    let names: [&[u8]; 3] = [b"column", b"add_column", b"change_column"];
    for call in code.calls().filter(|call| names.contains(&code.text(call.name))) {
        // `add_column` names its table first.
        let nth = if code.text(call.name) == b"column" { 1 } else { 2 };
        let kind = code.items(&call.arguments).into_iter().nth(nth);
        let Some(kind) = kind.and_then(|item| code.constant(&item)) else { continue };
        let kind = shown(&kind).to_ascii_uppercase();
        let word = kind.split(['(', ' ']).next().unwrap_or_default();
        if TYPES.contains(&word) || kind.contains(" UNSIGNED") {
            let at = code.tokens[call.name].span.start;
            let hit = found.at(file, at, format!("{word} is a type of MySQL"));
            if file.inner.ends_with("schema.rb") || super::asks_for_adapter(file) {
                hit.weighs(Note);
            }
        }
    }
}
