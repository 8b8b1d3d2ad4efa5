//! `config/database.yml` from MySQL to PostgreSQL: adapter, encoding, and what only MySQL knows.

use crate::application::Server;
use crate::finding::{Code, Finding};
use crate::project::read::Span;
use crate::project::read::yaml_erb::{Pair, Yaml};

use super::super::super::draft::Draft;
use super::erb;
use super::stanza::Stanzas;

/// Keys that PostgreSQL's adapter does not have.
const ONLY_MYSQL: [&[u8]; 24] = [
    b"collation",
    b"charset",
    b"reconnect",
    b"strict",
    b"socket",
    b"init_command",
    b"local_infile",
    b"secure_auth",
    b"flags",
    b"default_file",
    b"default_group",
    b"automatic_close",
    b"cast",
    b"symbolize_keys",
    b"sslverify",
    b"sslcapath",
    b"sslcipher",
    b"read_timeout",
    b"write_timeout",
    b"get_server_public_key",
    b"tls_min_version",
    b"tls_max_version",
    b"query_flags",
    b"unix_socket",
];

/// Settings of a MySQL session; a `variables:` with one of them is MySQL's.
const VARIABLES: [&[u8]; 10] = [
    b"sql_mode",
    b"wait_timeout",
    b"interactive_timeout",
    b"innodb_lock_wait_timeout",
    b"group_concat_max_len",
    b"max_execution_time",
    b"transaction_isolation",
    b"tx_isolation",
    b"character_set_server",
    b"optimizer_switch",
];

/// The adapter of PostgreSQL that does what this one did; none where a person must choose.
fn adapter(mysql: &str) -> Option<&'static str> {
    Some(match mysql {
        "mysql" | "mysql2" | "trilogy" | "activerecord-trilogy" | "mariadb" => "postgresql",
        "jdbcmysql" | "jdbcmariadb" => "jdbcpostgresql",
        "mysql2rgeo" | "mysql2spatial" => "postgis",
        "makara_mysql2" | "mysql2_makara" => "postgresql_makara",
        "mysql2_proxy" => "postgresql_proxy",
        "em_mysql2" => "em_postgresql",
        _ => return None,
    })
}

/// `has_both`: the application can speak to both, so that what only MySQL knows stays where a
/// variable chooses; PostgreSQL's adapter leaves out what it does not know.
pub(super) fn draft(draft: &mut Draft, yaml: &Yaml, stanzas: &Stanzas, has_both: bool) {
    for stanza in &stanzas.all {
        if stanzas.server(yaml, stanza) != Server::Mysql {
            unknown(draft, yaml, stanza.own.iter().map(|nth| &yaml.pairs[*nth]));
            continue;
        }
        let is_chosen = stanzas.effective(yaml, stanza, b"adapter").is_some_and(|adapter| {
            yaml.scalar(&yaml.pairs[adapter]).is_some_and(|scalar| scalar.is_dynamic)
        });
        for nth in &stanza.own {
            setting(draft, yaml, *nth, has_both && is_chosen);
        }
    }
}

/// An adapter of which the file does not say what it is.
fn unknown<'b>(draft: &mut Draft, yaml: &Yaml, pairs: impl Iterator<Item = &'b Pair>) {
    for pair in pairs.filter(|pair| yaml.key(pair) == b"adapter") {
        let is_dynamic = yaml.scalar(pair).is_some_and(|scalar| scalar.is_dynamic);
        if is_dynamic && erb::literals(draft.source, pair.span).is_empty() {
            let message = "the adapter comes from a variable alone; set it to postgresql";
            draft.found(Code::ValueToSet, pair.key.span.start, message);
        }
    }
}

fn setting(draft: &mut Draft, yaml: &Yaml, nth: usize, keeps: bool) {
    let pair = &yaml.pairs[nth];
    let key = yaml.key(pair);
    match key {
        _ if keeps && (key == b"variables" || ONLY_MYSQL.contains(&key)) => {
            let key = String::from_utf8_lossy(key).into_owned();
            let message = format!(
                "{key} is known to MySQL only, and stays for those whose variable says MySQL"
            );
            draft.found(Code::SettingLeft, pair.key.span.start, message);
        }
        b"adapter" => value(draft, yaml, pair, |text| {
            let known = adapter(text);
            (known.is_none() && Server::of(text) == Server::Mysql, known.map(str::to_owned))
        }),
        b"encoding" => value(draft, yaml, pair, |text| {
            let is_mysql = text.starts_with("utf8mb") || text.starts_with("latin1");
            (false, is_mysql.then(|| "unicode".to_owned()))
        }),
        b"port" => {
            value(draft, yaml, pair, |text| (false, (text == "3306").then(|| "5432".to_owned())));
        }
        b"sslca" => draft.replace(pair.key.span, "sslrootcert"),
        b"ssl_mode" => ssl_mode(draft, yaml, pair),
        b"variables" => variables(draft, yaml, nth),
        _ if ONLY_MYSQL.contains(&key) => remove(draft, yaml, nth),
        _ => {}
    }
}

/// Replaces a literal, or the literals within a tag. `decide` says whether to refuse it, and what to
/// put in its place.
fn value(
    draft: &mut Draft,
    yaml: &Yaml,
    pair: &Pair,
    decide: impl Fn(&str) -> (bool, Option<String>),
) {
    let Some(scalar) = yaml.scalar(pair).filter(|_| draft.is_free(pair.span)) else { return };
    let places: Vec<(Span, Vec<u8>, bool)> = if scalar.is_dynamic {
        let literals = erb::literals(draft.source, pair.span).into_iter();
        literals.map(|(span, value)| (span, value, true)).collect()
    } else {
        vec![(pair.span, scalar.value.into_owned(), false)]
    };
    for (span, old, is_ruby) in places {
        let (is_refused, new) = decide(&String::from_utf8_lossy(&old));
        if is_refused {
            // As long as one asks for it, MySQL's gem must be there.
            let message = format!(
                "nirvana knows no adapter for PostgreSQL in the place of {}",
                String::from_utf8_lossy(&old)
            );
            let finding =
                Finding::warning(Code::AdapterNotSwitched, draft.place(span.start), message);
            let help = "write `adapter: postgresql`, or the one that fits, by hand";
            draft.findings.push(finding.help(help));
        }
        let Some(new) = new else { continue };
        let quote =
            span.of(draft.source).first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
        match quote {
            Some(quote) => {
                let quote = char::from(quote);
                draft.replace(span, format!("{quote}{new}{quote}"));
            }
            None if !is_ruby => draft.replace(span, new),
            None => {}
        }
    }
}

fn ssl_mode(draft: &mut Draft, yaml: &Yaml, pair: &Pair) {
    let Some(scalar) = yaml.scalar(pair).filter(|scalar| !scalar.is_dynamic) else { return };
    let word = String::from_utf8_lossy(&scalar.value).trim_start_matches(':').to_ascii_lowercase();
    let new = match word.as_str() {
        "disabled" | "ssl_mode_disabled" => "disable",
        "preferred" | "ssl_mode_preferred" => "prefer",
        "required" | "ssl_mode_required" => "require",
        "verify_ca" | "ssl_mode_verify_ca" => "verify-ca",
        "verify_identity" | "ssl_mode_verify_identity" => "verify-full",
        _ => return,
    };
    draft.replace(pair.key.span, "sslmode");
    draft.replace(pair.span, new);
}

fn variables(draft: &mut Draft, yaml: &Yaml, nth: usize) {
    let names: Vec<&[u8]> = yaml.within(Some(nth)).map(|(_, pair)| yaml.key(pair)).collect();
    let is_mysql = names.is_empty() || names.iter().any(|name| VARIABLES.contains(name));
    if is_mysql {
        remove(draft, yaml, nth);
    } else {
        draft.refuse(
            yaml.pairs[nth].key.span.start,
            "these are set in every session, and nirvana does not know whether PostgreSQL has them",
            "take out what only MySQL knows",
        );
    }
}

fn remove(draft: &mut Draft, yaml: &Yaml, nth: usize) {
    let pair = &yaml.pairs[nth];
    if pair.is_flow {
        let key = String::from_utf8_lossy(yaml.key(pair)).into_owned();
        draft.refuse(
            pair.key.span.start,
            format!("{key} is known to MySQL only, and stands in braces"),
            "take it out by hand",
        );
        return;
    }
    let mut end = pair.span.end;
    let mut below = vec![nth];
    while let Some(parent) = below.pop() {
        for (child, pair) in yaml.within(Some(parent)) {
            end = end.max(pair.span.end);
            below.push(child);
        }
    }
    let key = String::from_utf8_lossy(yaml.key(pair)).into_owned();
    draft.found(
        Code::MysqlSettingRemoved,
        pair.key.span.start,
        format!("{key} is known to MySQL only"),
    );
    // All lines of it, comments within among them.
    draft.remove(Span::new(pair.key.span.start, end));
}
