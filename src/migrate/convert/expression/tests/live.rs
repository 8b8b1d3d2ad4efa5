//! The same expressions over the same rows, computed by a real `MySQL` or `MariaDB` and, translated,
//! by a real `PostgreSQL`.

use std::collections::BTreeMap;
use std::process::Command;

use super::columns::{Pair, ROWS, SCHEMA, columns, scope};
use super::expressions::EXPRESSIONS;
use crate::migrate::convert::expression::{Translated, Type, translate};
use crate::name::{mysql_quoted, postgres_quoted};
use crate::postgres::jsonb;
use crate::postgres::psql::{client, psql, run, server};
use crate::postgres::quote::literal;

/// Three hours east of Greenwich, as the source's session is.
const SESSION: &str = "SET timezone = 'Etc/GMT-3'; SET search_path = nirvana_expr;\n";

/// Runs `script` on the source server; errors do not stop it.
fn mysql(url: &str, script: &str) -> String {
    let (login, place) = url.trim_start_matches("mysql://").split_once('@').expect("a login");
    let (user, password) = login.split_once(':').expect("a password");
    let (host, port) = place.split_once(':').expect("a port");
    let name = if url_is_mariadb(url) { "mariadb" } else { "mysql" };
    let mut command = Command::new(client(name));
    command.args(["--no-defaults", "--batch", "--skip-column-names", "--force", "--raw"]);
    command.args(["--default-character-set=utf8mb4", "-h", host, "-P", port, "-u", user]);
    command.env("MYSQL_PWD", password);
    let (printed, _) = run(&mut command, &format!("SET time_zone = '+03:00';\n{script}"));
    printed
}

fn url_is_mariadb(url: &str) -> bool {
    std::env::var("NIRVANA_TEST_MARIADB").is_ok_and(|mariadb| mariadb == url)
}

/// What each numbered expression printed, by the lines `#n` between them.
fn by_number(printed: &str) -> BTreeMap<usize, Vec<String>> {
    let mut all: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut current = None;
    for line in printed.lines() {
        match line.strip_prefix('#') {
            Some(number) => current = number.parse().ok(),
            None => {
                if let Some(number) = current {
                    all.entry(number).or_default().push(line.to_owned());
                }
            }
        }
    }
    all
}

fn source_table(pairs: &[Pair]) -> String {
    let columns: Vec<String> = pairs
        .iter()
        .map(|pair| format!("{} {}", mysql_quoted(&pair.source.name), pair.declared))
        .collect();
    let mut script = format!(
        "DROP DATABASE IF EXISTS nirvana_expr; CREATE DATABASE nirvana_expr CHARSET utf8mb4 \
         COLLATE utf8mb4_bin; USE nirvana_expr;\nCREATE TABLE t (k int PRIMARY KEY, {});\n",
        columns.join(", ")
    );
    for row in 0..ROWS {
        let values: Vec<String> = pairs.iter().map(|pair| source_value(pair, row)).collect();
        script.push_str(&format!("INSERT INTO t VALUES ({row}, {});\n", values.join(", ")));
    }
    script
}

fn source_value(pair: &Pair, row: usize) -> String {
    let Some(value) = pair.values[row] else {
        return "NULL".to_owned();
    };
    if pair.declared.starts_with("bit") {
        format!("b'{value}'")
    } else if pair.declared.starts_with("varbinary") {
        format!("x'{value}'")
    } else {
        format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
    }
}

fn target_table(pairs: &[Pair]) -> String {
    let columns: Vec<String> = pairs
        .iter()
        .map(|pair| format!("{} {}", postgres_quoted(&pair.source.name), pair.target))
        .collect();
    let mut script = format!(
        "{SESSION}DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA};\n\
         CREATE TYPE t_e AS ENUM ('x', 'it''s', 'Big');\n\
         CREATE TABLE t (k int PRIMARY KEY, {});\n",
        columns.join(", ")
    );
    for row in 0..ROWS {
        let values: Vec<String> = pairs.iter().map(|pair| target_value(pair, row)).collect();
        script.push_str(&format!("INSERT INTO t VALUES ({row}, {});\n", values.join(", ")));
    }
    script
}

fn target_value(pair: &Pair, row: usize) -> String {
    let Some(value) = pair.values[row] else {
        return "NULL".to_owned();
    };
    if pair.declared.starts_with("set") {
        literal(&format!("{{{value}}}"))
    } else if pair.declared.starts_with("varbinary") {
        literal(&format!("\\x{value}"))
    } else {
        literal(value)
    }
}

/// The text that the server prints for each expression, from the catalog of generated columns.
fn printed_by(url: &str) -> BTreeMap<usize, String> {
    let mut script = String::from("USE nirvana_expr;\n");
    for (number, expression) in EXPRESSIONS.iter().enumerate() {
        script.push_str(&format!(
            "CREATE TABLE g{number} LIKE t;\n\
             ALTER TABLE g{number} ADD g longtext GENERATED ALWAYS AS ({expression}) VIRTUAL;\n"
        ));
    }
    script.push_str(
        "SELECT concat('#', substr(table_name, 2), '\\n', generation_expression) \
         FROM information_schema.columns WHERE table_schema = 'nirvana_expr' AND column_name = 'g';\n",
    );
    let printed = by_number(&mysql(url, &script));
    printed.into_iter().map(|(number, lines)| (number, lines.join("\n"))).collect()
}

fn source_results(url: &str, types: &BTreeMap<usize, Type>) -> BTreeMap<usize, Vec<String>> {
    let mut script = String::from("USE nirvana_expr;\n");
    for (number, kind) in types {
        let expression = EXPRESSIONS[*number];
        let bytes = match kind {
            Type::Bytea => format!("({expression})"),
            _ => format!("convert(concat('', ({expression})) using utf8mb4)"),
        };
        script.push_str(&format!(
            "SELECT '#{number}';\nSELECT coalesce(concat('=', hex({bytes})), '~') FROM t ORDER BY k;\n"
        ));
    }
    by_number(&mysql(url, &script))
}

fn target_results(
    url: &str,
    pairs: &[Pair],
    all: &BTreeMap<usize, Translated>,
) -> (BTreeMap<usize, Vec<String>>, String) {
    let mut script = target_table(pairs);
    for (number, translated) in all {
        let sql = &translated.sql;
        let bytes = match translated.ty {
            Type::Bytea => sql.clone(),
            Type::Boolean => format!("convert_to(({sql})::integer::text, 'UTF8')"),
            _ => format!("convert_to(({sql})::text, 'UTF8')"),
        };
        script.push_str(&format!(
            "SELECT '#{number}';\n\
             SELECT coalesce('=' || upper(encode({bytes}, 'hex')), '~') FROM t ORDER BY k;\n"
        ));
    }
    let (printed, complaints) = psql(url, &script);
    (by_number(&printed), complaints)
}

/// A printed value in a form in which the servers can be compared.
fn normal(hex: &str, kind: Type) -> String {
    let Some(hex) = hex.strip_prefix('=') else {
        return hex.to_owned();
    };
    if kind == Type::Bytea {
        return hex.to_owned();
    }
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hexadecimal"))
        .collect();
    let text = String::from_utf8(bytes).expect("UTF-8");
    match kind {
        Type::Json => {
            let mut canonical = Vec::new();
            jsonb::canonical(text.as_bytes(), &mut canonical).expect("JSON");
            String::from_utf8(canonical).expect("UTF-8")
        }
        Type::Float => format!("{:e}", text.parse::<f64>().expect("a number")),
        Type::Integer | Type::Numeric | Type::Timestamp | Type::TimestampTz | Type::Time => {
            match text.split_once('.') {
                Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                None => text,
            }
        }
        Type::Null
        | Type::Boolean
        | Type::Text
        | Type::Bytea
        | Type::Date
        | Type::Interval
        | Type::Bit
        | Type::Enum
        | Type::Array
        | Type::Uuid
        | Type::Other => text,
    }
}

/// An index accepts an expression if, and only if, it is immutable.
fn volatility(url: &str, all: &BTreeMap<usize, Translated>) -> Vec<String> {
    let mut script = SESSION.to_owned();
    for (number, translated) in all {
        script.push_str(&format!(
            "SELECT '#{number}';\nCREATE INDEX i{number} ON t ((({})));\n\
             SELECT count(*) FROM pg_class WHERE relname = 'i{number}' AND relkind = 'i';\n",
            translated.sql
        ));
    }
    let (printed, _) = psql(url, &script);
    let indexed = by_number(&printed);
    all.iter()
        .filter(|(number, translated)| {
            let accepted = indexed.get(number).is_some_and(|lines| lines.contains(&"1".to_owned()));
            accepted != translated.immutable
        })
        .map(|(_, translated)| format!("immutable: {}: {}", translated.immutable, translated.sql))
        .collect()
}

fn agrees(source: &str, target: &str) {
    let pairs = columns();
    mysql(source, &source_table(&pairs));
    let printed = printed_by(source);
    let mut problems = Vec::new();
    let mut all = BTreeMap::new();
    for (number, expression) in EXPRESSIONS.iter().enumerate() {
        // Not every server has every function, or allows it in a generated column.
        if !printed.contains_key(&number) {
            eprintln!("not printed by the source: {expression}");
        }
        let text = printed.get(&number).map_or(*expression, String::as_str);
        match translate(text, &scope(&pairs)) {
            Ok(translated) => {
                all.insert(number, translated);
            }
            Err(error) => problems.push(format!("{expression} printed as {text}: {error}")),
        }
    }
    let types = all.iter().map(|(number, translated)| (*number, translated.ty)).collect();
    let wanted = source_results(source, &types);
    let (found, complaints) = target_results(target, &pairs, &all);
    for (number, translated) in &all {
        let Some(wanted) = wanted.get(number) else {
            continue;
        };
        let rows = |rows: Option<&Vec<String>>| -> Vec<String> {
            rows.into_iter().flatten().map(|row| normal(row, translated.ty)).collect()
        };
        let (wanted, found) = (rows(Some(wanted)), rows(found.get(number)));
        if wanted != found {
            let expression = EXPRESSIONS[*number];
            problems.push(format!(
                "{expression}\n  {}\n  wanted {wanted:?}\n  found  {found:?}",
                translated.sql
            ));
        }
    }
    problems.extend(volatility(target, &all));
    assert!(problems.is_empty(), "{}\n{complaints}", problems.join("\n"));
}

#[test]
fn both_sides_compute_the_same() {
    let test = "both_sides_compute_the_same";
    for source in ["NIRVANA_TEST_MARIADB", "NIRVANA_TEST_MYSQL"] {
        for target in ["NIRVANA_TEST_POSTGRES15", "NIRVANA_TEST_POSTGRES18"] {
            if let (Some(source), Some(target)) = (server(source, test), server(target, test)) {
                agrees(&source, &target);
            }
        }
    }
}
