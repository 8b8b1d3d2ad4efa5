//! `ENV['X']`, `ENV.fetch('X')`, `ENV.key?('X')`, `Rails.application…` has none of these.

use super::{Need, Read, key};
use crate::project::read::line_of;
use crate::project::read::ruby::{Code, Kind};

/// Reads of Ruby that begins at byte `base` of `whole`, whose lines are told.
pub(super) fn reads(source: &[u8], base: usize, whole: &[u8]) -> Vec<Read> {
    let code = Code::new(source);
    let mut reads = Vec::new();
    for at in 0..code.tokens.len() {
        let nested = at > 0 && code.is(at - 1, b"::");
        if !code.is_name(at, b"ENV") || nested {
            continue;
        }
        let line = line_of(whole, base + code.tokens[at].span.start);
        reads.extend(one(&code, at).map(|(key, need)| Read { key, line, need }));
    }
    // Within strings: "#{ENV['X']}".
    for token in code.tokens.iter().filter(|token| is_dynamic(token.kind)) {
        let text = token.text(code.source);
        for (start, inner) in interpolations(text) {
            reads.extend(self::reads(inner, base + token.span.start + start, whole));
        }
    }
    reads.sort_by_key(|one| one.line);
    reads
}

fn is_dynamic(kind: Kind) -> bool {
    matches!(kind, Kind::DoubleQuoted | Kind::PercentDouble | Kind::HeredocBody | Kind::Command)
}

/// What stands in `#{…}`, with where it begins.
fn interpolations(text: &[u8]) -> Vec<(usize, &[u8])> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = memchr::memmem::find(&text[at..], b"#{") {
        let start = at + next + 2;
        let mut depth = 1;
        let mut end = start;
        while end < text.len() && depth > 0 {
            match text[end] {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            end += 1;
        }
        let inner = &text[start..end.saturating_sub(1).max(start)];
        found.push((start, inner));
        at = end.max(start);
    }
    found
}

fn one(code: &Code, at: usize) -> Option<(Option<String>, Need)> {
    if code.is(at + 1, b"[") {
        let close = code.closing(at + 1)?;
        let is_write = code.is(close + 1, b"=");
        if is_write {
            return None;
        }
        let name = code.constant(&(at + 2..close)).and_then(|name| key(&name));
        return Some((name, after(code, close + 1, at)));
    }
    if !code.is(at + 1, b".") {
        return None;
    }
    let method = code.text(at + 2);
    let arguments = if code.is(at + 3, b"(") {
        at + 4..code.closing(at + 3)?
    } else {
        at + 3..code.statement_end(at + 3)
    };
    let items = code.items(&arguments);
    let first = items.first()?;
    let name = code.constant(first).and_then(|name| key(&name));
    let end = if code.is(at + 3, b"(") { arguments.end + 1 } else { arguments.end };
    let need = match method {
        b"fetch" => {
            let block = code.is(end, b"{") || code.is_name(end, b"do") || code.is(first.end, b"{");
            match items.get(1) {
                Some(default) if default.len() == 1 && code.is_name(default.start, b"nil") => {
                    Need::Optional
                }
                Some(_) => Need::Default,
                None if block => Need::Default,
                None => Need::Required,
            }
        }
        b"key?" | b"has_key?" | b"include?" | b"delete" | b"values_at" | b"slice" => Need::Optional,
        b"dig" => after(code, end, at),
        _ => return None,
    };
    Some((name, need))
}

/// What the code does with a read that ends before `end` and begins at `start`.
fn after(code: &Code, end: usize, start: usize) -> Need {
    let word =
        |at: usize, words: &[&str]| words.iter().any(|word| code.text(at) == word.as_bytes());
    if code.is(end, b"||") || code.is_name(end, b"or") {
        let nothing = word(end + 1, &["nil", "false"]);
        return if nothing { Need::Optional } else { Need::Default };
    }
    if code.is(end, b"||=") {
        return Need::Default;
    }
    let asks = ["present?", "blank?", "nil?", "presence", "empty?", "to_s", "to_i", "try"];
    if (code.is(end, b".") || code.is(end, b"&.")) && word(end + 1, &asks) {
        let default = word(end + 1, &["presence", "to_i", "to_s"]) && code.is(end + 2, b"||");
        return if default { Need::Default } else { Need::Optional };
    }
    let compared = word(end, &["==", "!=", "=~", "?", "&&", "and", "===", "!~"]);
    let before = start.checked_sub(1);
    let asked = before.is_some_and(|at| {
        word(at, &["if", "unless", "elsif", "!", "&&", "||", "case", "while", "and", "or", "not"])
    });
    if compared || asked { Need::Optional } else { Need::Expected }
}
