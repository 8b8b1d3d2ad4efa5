//! Strings of PHP and Ruby that are called as secrets are, whatever gives them the name: a key, a
//! variable, an argument before them, the function that they are given to.

use crate::project::read::{Code, Lexis, Span, php, ruby};
use crate::secret_shape::{has_password, is_secret_name};

use super::{password, words};

/// Tokens that are looked at before a string for what it is called.
const FARTHEST: usize = 64;

/// Functions whose first argument is the name of something.
const READS: [&[u8]; 12] = [
    b"env",
    b"getenv",
    b"getenv_docker",
    b"define",
    b"defined",
    b"constant",
    b"config",
    b"fetch",
    b"key",
    b"has",
    b"key?",
    b"require_env",
];

fn is_secret(name: &[u8]) -> bool {
    is_secret_name(String::from_utf8_lossy(name).trim_start_matches(['$', '@', ':']))
}

pub(super) fn of_php(source: &[u8]) -> Vec<Span> {
    let code = php::Code::new(source);
    let mut found = Vec::new();
    for at in 0..code.tokens.len() {
        let is_string =
            code.kind(at).is_some_and(|kind| kind.is_string() || kind == php::Kind::Backticks);
        if !is_string || code.is(at + 1, b"=>") || is_name(&code, at) {
            continue;
        }
        let span = code.tokens[at].span;
        let is_named = php_name(&code, at) || is_of_connection(&code, at);
        take(&mut found, source, span, is_named);
    }
    let comments = php::tokens(source)
        .filter(|token| token.kind.is_comment() || token.kind == php::Kind::InlineHtml);
    found.extend(words::within(source, comments.map(|token| token.span)));
    found
}

/// All of a string that is called a secret; of others what they say of one themselves.
fn take(found: &mut Vec<Span>, source: &[u8], span: Span, is_named: bool) {
    let text = span.of(source);
    if is_named && text.len() > 2 {
        found.push(if has_password(text) { password(source, span) } else { span });
    } else {
        found.extend(words::within(source, std::iter::once(span)));
    }
}

/// Whether a string only names something: what `$_ENV['…']` and `getenv('…')` read.
fn is_name<K: Lexis>(code: &Code<K>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let callee = before.checked_sub(1).map(|at| code.text(at)).unwrap_or_default();
    let is_word =
        callee.last().is_some_and(|last| last.is_ascii_alphanumeric() || b"_])?".contains(last));
    if code.is(before, b"[") {
        // An index, and no list of one.
        return code.is(at + 1, b"]") && is_word;
    }
    let callee = callee.strip_prefix(b"\\").unwrap_or(callee);
    code.is(before, b"(") && READS.iter().any(|read| callee.eq_ignore_ascii_case(read))
}

/// Whether what gives a string its name says that it is a secret.
fn php_name(code: &php::Code, at: usize) -> bool {
    let mut depth = 0_usize;
    let key = |at: usize| code.key(at).is_some_and(|name| is_secret(&name));
    for before in (at.saturating_sub(FARTHEST)..at).rev() {
        let is = |sign: &[u8]| code.is(before, sign);
        let name = before.checked_sub(1);
        if is(b")") || is(b"]") || is(b"}") {
            depth += 1;
        } else if is(b"(") || is(b"[") || is(b"{") {
            if depth == 0 && is(b"{") {
                return false;
            }
            depth = depth.saturating_sub(1);
        } else if depth == 0 && (is(b";") || is(b"=>") || (is(b":") && is_argument(code, before))) {
            return !is(b";") && name.is_some_and(key);
        } else if depth == 0 && [&b"="[..], b".=", b"??="].iter().any(|sign| is(sign)) {
            return target(code, before);
        } else if matches!(code.kind(before), Some(php::Kind::Name))
            && (code.is(before + 1, b"(") && is_secret(code.text(before)))
            || code.kind(before).is_some_and(php::Kind::is_string) && is_variable(code, before)
        {
            return true;
        }
    }
    false
}

/// `f(name: …)`, and no `? … : …`.
fn is_argument(code: &php::Code, colon: usize) -> bool {
    colon >= 2
        && code.kind(colon - 1) == Some(php::Kind::Name)
        && (code.is(colon - 2, b"(") || code.is(colon - 2, b","))
}

/// Whether a string is the name of a variable or a constant that holds a secret: `'DB_PASSWORD'`.
fn is_variable(code: &php::Code, at: usize) -> bool {
    code.literal(at).is_some_and(|literal| {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
        literal.value.iter().all(is_plain) && is_secret(&literal.value)
    }) && (is_name(code, at) || code.is(at + 1, b","))
}

/// Whether the variable, or the last key of it, that is assigned to is called a secret.
fn target(code: &php::Code, equals: usize) -> bool {
    let from = equals.saturating_sub(12);
    let mut names =
        (from..equals).rev().take_while(|at| !code.is(*at, b";") && !code.is(*at, b","));
    names.any(|at| {
        let is_name = matches!(code.kind(at), Some(php::Kind::Variable | php::Kind::Name));
        is_name && is_secret(code.text(at)) || code.key(at).is_some_and(|key| is_secret(&key))
    })
}

/// The arguments of a connection have no names: the third is the password, or the second.
fn is_of_connection(code: &php::Code, at: usize) -> bool {
    let mut commas = 0;
    for before in (at.saturating_sub(FARTHEST)..at).rev() {
        if code.is(before, b",") {
            commas += 1;
        } else if code.is(before, b";") || code.is(before, b"{") {
            return false;
        } else if code.is(before, b"(") && commas > 0 {
            let callee = code.text(before.saturating_sub(1)).to_ascii_lowercase();
            let callee = callee.strip_prefix(b"\\").unwrap_or(&callee);
            return (2..4).contains(&commas)
                && (callee.ends_with(b"connect") || callee == b"pdo" || callee == b"mysqli");
        }
    }
    false
}

pub(super) fn of_ruby(source: &[u8]) -> Vec<Span> {
    let mut found = ruby_strings(source, Span::new(0, source.len()), false);
    let comments = ruby::tokens(source)
        .filter(|token| token.kind.is_comment() || token.kind == ruby::Kind::Data);
    found.extend(words::within(source, comments.map(|token| token.span)));
    found
}

/// The strings in the tags of a value that is called a secret, and what stands around the tags.
pub(super) fn of_erb(source: &[u8], span: Span) -> Vec<Span> {
    let mut found = Vec::new();
    let (mut at, text) = (0, span.of(source));
    while at < text.len() {
        let open = memchr::memmem::find(&text[at..], b"<%").map_or(text.len(), |open| at + open);
        let around = &text[at..open];
        if around.iter().any(u8::is_ascii_alphanumeric) {
            found.push(Span::new(span.start + at, span.start + open));
        }
        let end =
            memchr::memmem::find(&text[open..], b"%>").map_or(text.len(), |end| open + end + 2);
        let tag = Span::new(
            span.start + (open + 2).min(end),
            span.start + end.saturating_sub(2).max((open + 2).min(end)),
        );
        found.extend(ruby_strings(source, tag, true));
        at = end;
    }
    found
}

fn ruby_strings(source: &[u8], part: Span, is_named: bool) -> Vec<Span> {
    let code = ruby::Code::new(part.of(source));
    let mut found = Vec::new();
    for at in 0..code.tokens.len() {
        use ruby::Kind::{Command, HeredocBody, Words};
        let is_text = code
            .kind(at)
            .is_some_and(|kind| kind.is_string() || matches!(kind, Words | HeredocBody | Command));
        if !is_text || code.is(at + 1, b"=>") || is_name(&code, at) {
            continue;
        }
        let span = code.tokens[at].span;
        let span = Span::new(part.start + span.start, part.start + span.end);
        take(&mut found, source, span, is_named || ruby_name(&code, at));
    }
    found
}

fn ruby_name(code: &ruby::Code, at: usize) -> bool {
    use ruby::Kind::{Constant, HeredocBody, HeredocStart, Identifier, Newline, Symbol, Variable};
    let mut depth = 0_usize;
    let key = |at: usize| code.key(at).is_some_and(|name| is_secret(&name));
    for before in (at.saturating_sub(FARTHEST)..at).rev() {
        let is = |sign: &[u8]| code.is(before, sign);
        let kind = code.kind(before);
        if is(b")") || is(b"]") || is(b"}") {
            depth += 1;
        } else if is(b"(") || is(b"[") || is(b"{") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && is(b"=>") {
            return before > 0 && key(before - 1);
        } else if depth == 0 && kind == Some(ruby::Kind::Label) {
            return key(before);
        } else if depth == 0 && (is(b";") || kind == Some(Newline)) {
            let is_body = code.kind(at) == Some(HeredocBody) && before + 1 == at;
            let goes_on = before > 0
                && [&b","[..], b"=", b"||", b"(", b"\\"]
                    .iter()
                    .any(|sign| code.is(before - 1, sign));
            if !is_body && !goes_on {
                return false;
            }
        } else if matches!(kind, Some(Identifier | Constant | Variable)) {
            if is_secret(code.text(before)) || code.is_name(before, b"omniauth") {
                return true;
            }
        } else if kind != Some(HeredocStart)
            && (kind == Some(Symbol)
                || kind.is_some_and(ruby::Kind::is_string) && is_name(code, before))
            && key(before)
        {
            return true;
        }
    }
    false
}
