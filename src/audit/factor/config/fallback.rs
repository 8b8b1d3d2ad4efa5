//! What code takes if a variable is not set, in each way that PHP and Ruby have for it; and literals
//! of Ruby that something small stands behind.

use std::borrow::Cow;
use std::ops::Range;

use super::text;
use crate::project::read::{php, ruby};

/// A variable, and the tokens of what stands in for it.
pub(super) struct Fallback {
    pub(super) key: String,
    pub(super) value: Range<usize>,
}

/// Functions that read a variable; the second argument of some is a default.
const READERS: [(&[u8], bool); 3] = [(b"env", true), (b"getenv_docker", true), (b"getenv", false)];

/// `env('X', …)`, `getenv('X') ?: …`, `$_ENV['X'] ?? …`
pub(super) fn in_php(code: &php::Code) -> Vec<Fallback> {
    let mut found = Vec::new();
    for call in code.calls().filter(|call| call.callee == php::Callee::Function) {
        let Some((_, has_default)) = READERS.iter().find(|(name, _)| code.is_name(call.name, name))
        else {
            continue;
        };
        let items = code.items(call.open);
        let Some(key) = items.first().and_then(|item| code.constant(item)) else { continue };
        let second = items.get(1).filter(|_| *has_default).cloned();
        let behind = code.closing(call.open).and_then(|close| otherwise(code, close + 1));
        let key = text(&key);
        let both = second.into_iter().chain(behind);
        found.extend(both.map(|value| Fallback { key: key.clone(), value }));
    }
    for at in 0..code.tokens.len() {
        let is_array = matches!(code.text(at), b"$_ENV" | b"$_SERVER") && code.is(at + 1, b"[");
        if is_array
            && code.is(at + 3, b"]")
            && let (Some(key), Some(value)) = (code.key(at + 2), otherwise(code, at + 4))
        {
            found.push(Fallback { key: text(&key), value });
        }
    }
    found
}

/// What follows `??` or `?:`.
fn otherwise(code: &php::Code, at: usize) -> Option<Range<usize>> {
    let is_spaced = code.is(at, b"?") && code.is(at + 1, b":");
    let start = at + if is_spaced { 2 } else { 1 };
    (is_spaced || code.is(at, b"??") || code.is(at, b"?:"))
        .then(|| start..code.expression_end(start))
}

/// `ENV.fetch("X", …)`, `ENV.fetch("X") { … }`, `ENV["X"] || …`, `ENV["X"].presence || …`
pub(super) fn in_ruby(code: &ruby::Code) -> Vec<Fallback> {
    let mut found = Vec::new();
    for call in code.calls_of(b"fetch") {
        if call.name < 2 || !code.is_name(call.name - 2, b"ENV") {
            continue;
        }
        let items = code.items(&call.arguments);
        let Some(key) = items.first().and_then(|item| code.constant(item)) else { continue };
        let open = call.arguments.end + 1;
        let block = code.is(open, b"{").then(|| code.closing(open)).flatten();
        let block = block.map(|close| code.skip_newlines(open + 1)..close);
        if let Some(value) = items.get(1).cloned().or(block) {
            found.push(Fallback { key: text(&key), value });
        }
    }
    for at in 0..code.tokens.len() {
        if !code.is_name(at, b"ENV") || !code.is(at + 1, b"[") || !code.is(at + 3, b"]") {
            continue;
        }
        let has_presence = code.is(at + 4, b".") && code.is_name(at + 5, b"presence");
        let or = at + if has_presence { 6 } else { 4 };
        if code.is(or, b"||")
            && let Some(key) = code.key(at + 2)
        {
            let value = code.skip_newlines(or + 1);
            found.push(Fallback { key: text(&key), value: value..code.expression_end(value) });
        }
    }
    found
}

/// A literal of Ruby with its token: alone, frozen, or with a condition behind it that does not keep
/// it out of production.
pub(super) fn ruby_literal<'a>(
    code: &ruby::Code<'a>,
    value: &Range<usize>,
) -> Option<(Cow<'a, [u8]>, Range<usize>)> {
    let own = value.start..value.start + 1;
    let literal = code.constant(&own)?;
    let mut next = own.end;
    if code.is(next, b".") && code.is_name(next + 1, b"freeze") {
        next += 2;
    }
    let is_condition = code.is_name(next, b"if") || code.is_name(next, b"unless");
    let of_desks: [&[u8]; 4] = [b"test?", b"development?", b"local?", b"production?"];
    let elsewhere = (next..value.end).any(|at| {
        of_desks.contains(&code.text(at))
            && (code.text(at) != b"production?" || code.is_name(next, b"unless"))
    });
    (next >= value.end || is_condition && !elsewhere).then_some((literal, own))
}

#[cfg(test)]
mod tests {
    use super::{in_php, in_ruby, ruby_literal};
    use crate::project::read::{php, ruby};

    #[test]
    fn every_way_to_stand_in_for_a_variable() {
        let source =
            b"<?php env('A', 'a'); getenv('B') ?: 'b'; getenv('C') ?? 'c'; env('D') ?: 'd';\n\
            $_ENV['E'] ?? 'e'; $_SERVER['F'] ?: 'f'; getenv_docker('G', 'g'); getenv('H', true);\n\
            $x->env('I', 'i'); env('J');";
        let code = php::Code::new(source);
        let found: Vec<String> = in_php(&code)
            .iter()
            .map(|one| {
                format!("{}={}", one.key, String::from_utf8_lossy(code.span(&one.value).of(source)))
            })
            .collect();
        assert_eq!(found, ["A='a'", "B='b'", "C='c'", "D='d'", "G='g'", "E='e'", "F='f'"]);
        let source = b"ENV.fetch('A', 'a')\nENV.fetch(\"B\") { 'b' }\nENV['C'] || 'c'\n\
            ENV['D'].presence || 'd'\nENV.fetch('E')\nx.fetch('F', 'f')\nENV['G'] && 'g'\n";
        let code = ruby::Code::new(source);
        let found: Vec<String> = in_ruby(&code)
            .iter()
            .filter_map(|one| {
                code.constant(&(one.value.start..one.value.start + 1))
                    .map(|v| format!("{}={}", one.key, String::from_utf8_lossy(&v)))
            })
            .collect();
        assert_eq!(found, ["A=a", "B=b", "C=c", "D=d"]);
    }

    #[test]
    fn a_literal_may_be_frozen_or_conditional() {
        for (line, wanted) in [
            ("a = 'x'", true),
            ("a = 'x'.freeze", true),
            ("a = 'x' unless ENV['A']", true),
            ("a = 'x' if Rails.env.production?", true),
            ("a = 'x' if Rails.env.test?", false),
            ("a = 'x' unless Rails.env.production?", false),
            ("a = 'x' + b", false),
            ("a = b", false),
        ] {
            let code = ruby::Code::new(line.as_bytes());
            let value = code.assignments().next().unwrap().value;
            assert_eq!(ruby_literal(&code, &value).is_some(), wanted, "{line}");
        }
    }
}
