//! SQL within code: strings that are statements, put together where they are concatenated, and
//! fragments where a call says that they are SQL. What is interpolated stands as a name.

use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;

use crate::audit::file::Kind;
use crate::audit::reading::Reading;
use crate::project::read::{Span, php, ruby};

/// What takes the place of what is interpolated: a name, which may stand wherever a value may.
pub(super) const HOLE: &str = "nv_hole";

/// One text that is meant as SQL.
pub(super) struct Sql {
    pub(super) text: String,
    /// Where it stands, from the first to the last string of it.
    pub(super) span: Span,
    /// A part of a statement, such as an ORDER BY without its words.
    pub(super) is_fragment: bool,
}

/// Methods whose first string is a part of a statement.
const RAW: [&str; 22] = [
    "raw",
    "selectRaw",
    "whereRaw",
    "orWhereRaw",
    "havingRaw",
    "orderByRaw",
    "groupByRaw",
    "orderBy",
    "where",
    "order",
    "select",
    "having",
    "group",
    "joins",
    "pluck",
    "reorder",
    "find_by_sql",
    "sanitize_sql",
    "sql",
    "addSelect",
    "andWhere",
    "from",
];

pub(super) fn of(file: &Reading) -> Vec<Sql> {
    match file.kind {
        Kind::Php => of_php(file),
        Kind::Ruby => of_ruby(file),
        _ => Vec::new(),
    }
}

/// Words with which statements begin.
const STATEMENTS: [&str; 16] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP", "SHOW", "SET",
    "LOCK", "UNLOCK", "TRUNCATE", "DESCRIBE", "WITH", "RENAME",
];
/// And one of these follows somewhere.
const FOLLOWS: [&str; 16] = [
    " FROM ",
    " INTO ",
    " SET ",
    " TABLE",
    " NAMES",
    " IGNORE ",
    "SQL_CALC",
    " SESSION ",
    " COLUMNS",
    " VALUES",
    " INDEX",
    " AS ",
    "LAST_INSERT_ID",
    " LIKE ",
    " DIV ",
    "(",
];

/// Whether a text can be a statement: it begins with a word of SQL, which is written in capitals or
/// followed by what no sentence has.
fn is_statement(text: &str) -> bool {
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '(');
    let end = text.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let word = &text[..end];
    if !STATEMENTS.iter().any(|one| one.eq_ignore_ascii_case(word)) || end == text.len() {
        return false;
    }
    let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase();
    if !FOLLOWS.iter().any(|one| spaced.contains(one)) && !is_brief(&spaced) {
        return false;
    }
    // Nobody writes `Select`, and what is written small must be whole SQL, as a sentence is none.
    if word.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return true;
    }
    let written = spaced.contains(['=', '*', '(']) || spaced.contains(" WHERE ");
    word.bytes().all(|byte| byte.is_ascii_lowercase()) && written && parses(text)
}

/// `DESCRIBE users`, `SET FOREIGN_KEY_CHECKS = 0`; the words are set apart by one space each.
fn is_brief(spaced: &str) -> bool {
    let is_name = |text: &str| {
        let text = text.trim_end_matches(';').trim_matches('`');
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if let Some(table) = spaced.strip_prefix("DESCRIBE ") {
        return is_name(table);
    }
    let set = spaced.strip_prefix("SET ").and_then(|rest| rest.split_once('='));
    set.is_some_and(|(name, _)| is_name(name.trim().trim_end_matches(':')))
}

fn parses(text: &str) -> bool {
    Parser::parse_sql(&MySqlDialect {}, text).is_ok()
}

/// Whether a text can stand where a part of a statement is wanted: a list, a condition or an order.
fn is_part(text: &str) -> bool {
    ["SELECT ", "SELECT 1 FROM t WHERE ", "SELECT 1 FROM t ORDER BY ", "SELECT 1 FROM t "]
        .iter()
        .any(|before| parses(&format!("{before}{text}")))
}

fn sql(text: String, span: Span, is_raw: bool) -> Option<Sql> {
    if text.len() < 4 {
        return None;
    }
    if is_statement(&text) {
        return Some(Sql { text, span, is_fragment: false });
    }
    // Words alone have nothing that is MySQL's.
    let tells = text.contains(['(', '`', '"', '&', '<', '-']);
    (is_raw && tells && is_part(&text)).then_some(Sql { text, span, is_fragment: true })
}

fn of_php(file: &Reading) -> Vec<Sql> {
    let code = file.php();
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.tokens.len() {
        let token = code.tokens[at];
        if !token.kind.is_string() {
            at += 1;
            continue;
        }
        let first = at;
        let is_raw = argument_of(code, first).is_some_and(|name| RAW.contains(&name.as_str()));
        let mut text = php_text(code, at);
        // Only what may become SQL is put together.
        if is_raw || begins(&text) {
            let mut next = at + 1;
            while code.is(next, b".") {
                let start = next + 1;
                if code.kind(start).is_some_and(php::Kind::is_string) {
                    text.push_str(&php_text(code, start));
                    next = start + 1;
                } else {
                    text.push_str(HOLE);
                    next = operand_end(code, start);
                }
            }
            let last = code.tokens[next.min(code.tokens.len()) - 1].span;
            found.extend(sql(text, Span::new(token.span.start, last.end), is_raw));
            at = next.max(at + 1);
        } else {
            at += 1;
        }
    }
    found
}

fn begins(text: &str) -> bool {
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '(');
    STATEMENTS
        .iter()
        .any(|word| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

/// Where an operand of `.` ends.
fn operand_end(code: &php::Code, from: usize) -> usize {
    let mut at = from;
    let end = code.expression_end(from);
    while at < end {
        if code.is(at, b".") || code.is(at, b"?") {
            return at;
        }
        let opens = code.is(at, b"(") || code.is(at, b"[") || code.is(at, b"{");
        at = if opens { code.closing(at).map_or(end, |close| close + 1) } else { at + 1 };
    }
    end
}

/// The call whose first argument begins with this token.
fn argument_of(code: &php::Code, at: usize) -> Option<String> {
    let open = at.checked_sub(1).filter(|open| code.is(*open, b"("))?;
    let name = open.checked_sub(1)?;
    let is_method = name > 0
        && (code.is(name - 1, b"->") || code.is(name - 1, b"::") || code.is(name - 1, b"?->"));
    is_method.then(|| String::from_utf8_lossy(code.text(name)).into_owned())
}

fn php_text(code: &php::Code, at: usize) -> String {
    let Some(literal) = code.literal(at) else { return String::new() };
    let text = String::from_utf8_lossy(&literal.value).into_owned();
    if literal.is_dynamic { without_variables(&text) } else { text }
}

/// `{$a['b']}`, `${a}`, `$a->b`, `$a[0]` and `$a`, each as a hole.
fn without_variables(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '{', '\\']) {
        plain.push_str(&rest[..at]);
        let here = &rest[at..];
        let name = |text: &str| {
            text.bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
                .count()
        };
        if here.starts_with("{$") || here.starts_with("${") {
            plain.push_str(HOLE);
            rest = here.find('}').map_or("", |end| &here[end + 1..]);
        } else if here.starts_with('$') && name(&here[1..]) > 0 {
            plain.push_str(HOLE);
            rest = &here[1 + name(&here[1..])..];
            if let Some(after) = rest.strip_prefix("->").filter(|after| name(after) > 0) {
                rest = &after[name(after)..];
            } else if rest.starts_with('[') {
                rest = rest.find(']').map_or(rest, |end| &rest[end + 1..]);
            }
        } else if here.starts_with('\\') {
            let mut letters = here.chars();
            letters.next();
            match letters.next() {
                Some('n' | 'r' | 't') => plain.push(' '),
                Some(other) => plain.push(other),
                None => {}
            }
            rest = letters.as_str();
        } else {
            plain.push_str(&here[..1]);
            rest = &here[1..];
        }
    }
    plain.push_str(rest);
    plain
}

fn of_ruby(file: &Reading) -> Vec<Sql> {
    let code = file.ruby();
    let mut found = Vec::new();
    for (at, token) in code.tokens.iter().enumerate() {
        let is_body = token.kind == ruby::Kind::HeredocBody;
        if !token.kind.is_string() && !is_body {
            continue;
        }
        let text = if is_body {
            let body = String::from_utf8_lossy(token.text(code.source)).into_owned();
            // The closing line is no part of it.
            let body = body.trim_end();
            without_interpolations(body.rsplit_once('\n').map_or("", |(body, _)| body))
        } else {
            let Some(literal) = code.literal(at) else { continue };
            without_interpolations(&String::from_utf8_lossy(&literal.value))
        };
        let is_raw = ruby_argument(code, at);
        found.extend(sql(text, token.span, is_raw));
    }
    found
}

/// Whether a string is the first argument of a method that takes SQL.
fn ruby_argument(code: &ruby::Code, at: usize) -> bool {
    let Some(mut before) = at.checked_sub(1) else { return false };
    if code.is(before, b"(") || code.is(before, b"[") {
        let Some(more) = before.checked_sub(1) else { return false };
        before = more;
        if code.is(before, b"(") && before > 0 {
            before -= 1;
        }
    }
    let name = String::from_utf8_lossy(code.text(before)).into_owned();
    let on_something = before > 0 && (code.is(before - 1, b".") || code.is(before - 1, b"&."));
    RAW.contains(&name.as_str())
        && (on_something
            || matches!(name.as_str(), "where" | "order" | "find_by_sql" | "select" | "joins"))
}

fn without_interpolations(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("#{") {
        plain.push_str(&rest[..at]);
        plain.push_str(HOLE);
        let mut depth = 0;
        let end = rest[at..].char_indices().find(|(_, letter)| {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            *letter == '}' && depth == 0
        });
        rest = end.map_or("", |(end, _)| &rest[at + end + 1..]);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::{is_statement, without_interpolations, without_variables};

    #[test]
    fn statements_are_told_from_sentences() {
        for text in [
            "SELECT a FROM b",
            "select * from users where id = ?",
            "  INSERT IGNORE INTO x VALUES (1)",
            "SHOW COLUMNS FROM x",
            "UPDATE a SET b=1",
            "DESCRIBE users",
            "SET FOREIGN_KEY_CHECKS=0",
        ] {
            assert!(is_statement(text), "{text}");
        }
        for text in [
            "Select a file from the list",
            "Update your profile",
            "select",
            "Show me",
            "selected",
            "Delete",
            "DESCRIBE your boat",
            "Describe users",
            "SET a new password",
        ] {
            assert!(!is_statement(text), "{text}");
        }
    }

    #[test]
    fn what_is_interpolated_is_a_name() {
        assert_eq!(
            without_variables("FROM {$p}a WHERE b = $c AND d = '$e->f' $g[0]\\n"),
            "FROM nv_holea WHERE b = nv_hole AND d = 'nv_hole' nv_hole "
        );
        assert_eq!(
            without_interpolations("FROM #{t} WHERE #{a { |x| x }}"),
            "FROM nv_hole WHERE nv_hole"
        );
    }
}
