//! Literals of PHP that become reads of the environment, and arrays of settings.

use std::borrow::Cow;
use std::ops::Range;

use crate::project::read::Span;
use crate::project::read::php::{Code, Kind};

use crate::secret_shape::is_drawn;

use super::super::draft::{Draft, Moved, Sensitivity};

/// How code of a framework reads a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::configure) enum Reader {
    /// `getenv('KEY')`, PHP's own.
    Getenv,
    /// `env('KEY')` of Laravel and Bedrock.
    Env,
    /// Nothing: the framework puts the variable over an empty default.
    Override,
}

/// A setting: its key in the array, the end of its variable's name.
pub(in crate::configure) type Field = (&'static str, &'static str, Sensitivity);

/// Values that every machine has; as the value where no variable is set they do no harm.
fn is_local(value: &[u8]) -> bool {
    matches!(value, b"" | b"localhost" | b"127.0.0.1" | b"::1" | b"3306" | b"5432" | b"0")
}

/// Words that stand where a secret is to come, and are none.
pub(in crate::configure) fn is_placeholder(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 16] = [
        b"",
        b"forge",
        b"homestead",
        b"laravel",
        b"root",
        b"secret",
        b"password",
        b"null",
        b"changeme",
        b"SomeRandomString",
        b"username_here",
        b"password_here",
        b"put your unique phrase here",
        b"database_name_here",
        b"pass",
        b"user",
    ];
    WORDS.contains(&value) || is_to_fill_in(value)
}

/// `your-key`, `YourAPIKeyHere`, `xxxxxxxx`: what says itself that it is none.
pub(in crate::configure) fn is_to_fill_in(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    [&b"your"[..], b"put your", b"insert", b"change", b"xxxx", b"<"]
        .iter()
        .any(|start| lower.starts_with(start))
}

/// A PHP string in single quotes.
pub(in crate::configure) fn quoted(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A literal string or number.
pub(in crate::configure) fn literal<'a>(
    code: &Code<'a>,
    value: &Range<usize>,
) -> Option<Cow<'a, [u8]>> {
    if value.len() == 1 && code.kind(value.start) == Some(Kind::Number) {
        return Some(Cow::Borrowed(code.text(value.start)));
    }
    code.constant(value)
}

/// One value on its way into the environment.
pub(in crate::configure) struct Value<'a, 'b> {
    pub(in crate::configure) code: &'b Code<'a>,
    pub(in crate::configure) range: Range<usize>,
    pub(in crate::configure) key: String,
    pub(in crate::configure) sensitivity: Sensitivity,
    pub(in crate::configure) reader: Reader,
    /// The port is PostgreSQL's from now on.
    pub(in crate::configure) is_switch: bool,
}

impl Value<'_, '_> {
    /// Moves a literal; of a read with a secret that stands in for the variable, that secret.
    pub(in crate::configure) fn go(self, draft: &mut Draft) {
        if let Some(value) = literal(self.code, &self.range) {
            let value = value.into_owned();
            self.literal(draft, &value);
        } else if self.sensitivity == Sensitivity::Secret {
            self.fallback(draft);
        }
    }

    fn literal(self, draft: &mut Draft, value: &[u8]) {
        let span = self.code.span(&self.range);
        let is_port = self.key.to_ascii_lowercase().ends_with("port");
        let dsn = String::from_utf8_lossy(value).into_owned();
        let dsn = (self.is_switch && dsn.starts_with("mysql:") && !dsn.contains("://"))
            .then(|| postgres_dsn(&dsn));
        let value = match &dsn {
            Some(dsn) => dsn.as_bytes(),
            None if self.is_switch && is_port && value == b"3306" => b"5432",
            None => value,
        };
        let is_plain = self.sensitivity == Sensitivity::Plain;
        if self.reader == Reader::Override {
            // What the framework overrides need not go unless it says something.
            if value.is_empty() || (is_plain && is_local(value)) {
                return;
            }
        } else if is_constant(self.code, self.range.start) {
            if !is_plain {
                draft.secrets.push(span);
            }
            draft.refuse(
                span.start,
                format!("PHP allows no call here, so the value of {} stays", self.key),
                format!("define('{0}', getenv('{0}')) or a constructor can read it", self.key),
            );
            return;
        }
        let keeps = value.is_empty() || (is_plain && is_local(value));
        let is_number = self.code.kind(self.range.start) == Some(Kind::Number);
        let fallback =
            if is_number { String::from_utf8_lossy(value).into_owned() } else { quoted(value) };
        let key = &self.key;
        let expression = match (self.reader, keeps) {
            (Reader::Override, _) if is_number => "0".to_owned(),
            (Reader::Override, _) => "''".to_owned(),
            (Reader::Env, true) => format!("env('{key}', {fallback})"),
            (Reader::Env, false) => format!("env('{key}')"),
            (Reader::Getenv, true) => format!("getenv('{key}') ?: {fallback}"),
            (Reader::Getenv, false) => format!("getenv('{key}')"),
        };
        let (key, sensitivity) = (self.key, self.sensitivity);
        draft.to_environment(span, value, Moved { key, expression, sensitivity, deploy: None });
    }

    /// `env('KEY', 'secret')`, `getenv('KEY') ?: 'secret'`, `$_ENV['KEY'] ?? 'secret'`. Of any other
    /// expression with a secret in it that secret is told.
    fn fallback(&self, draft: &mut Draft) {
        let code = self.code;
        let start = self.range.start;
        let is_call = [&b"env"[..], b"getenv", b"getenv_docker"]
            .iter()
            .any(|name| code.is_name(start, name) && code.is(start + 1, b"("));
        let is_array =
            matches!(code.text(start), b"$_ENV" | b"$_SERVER") && code.is(start + 1, b"[");
        let close = code.closing(start + 1).filter(|_| is_call || is_array);
        let Some(close) = close else { return self.left(draft) };
        let items = if is_call { code.items(start + 1) } else { Vec::new() };
        let (key, span, value, expression) = match items.as_slice() {
            [name, second] if close + 1 == self.range.end => {
                (code.constant(name), code.span(second), code.constant(second), "''")
            }
            _ => {
                // `?:` is two tokens, and may have a space in it.
                let is_elvis = code.is(close + 1, b"?") && code.is(close + 2, b":");
                let is_either = is_elvis || code.is(close + 1, b"??");
                let from = close + if is_elvis { 3 } else { 2 };
                let behind = from..self.range.end.max(from);
                let value = code.constant(&behind).filter(|_| is_either);
                let end = code.span(&self.range).end;
                let span =
                    Span::new(code.tokens[close].span.end, end.max(code.tokens[close].span.end));
                // Without a key PHP warns, and `??` does not.
                let expression = if is_array { " ?? ''" } else { "" };
                (code.constant(&(start + 2..close)), span, value, expression)
            }
        };
        match (key, value) {
            (Some(_), Some(value)) if is_placeholder(&value) => {}
            (Some(key), Some(value)) => self.moved(draft, span, (&key, &value), expression),
            _ => self.left(draft),
        }
    }

    /// A drawn word within an expression of a form that is not known.
    fn left(&self, draft: &mut Draft) {
        let strings = self.range.clone().filter(|at| {
            self.code
                .literal(*at)
                .is_some_and(|one| is_drawn(&one.value) && !is_placeholder(&one.value))
        });
        if let Some(at) = strings.into_iter().next() {
            let span = self.code.tokens[at].span;
            draft.secrets.push(span);
            let message = format!("a secret stays in the expression of {}", self.key);
            draft.refuse(span.start, message, "take it out, so that only the environment has it");
        }
    }

    fn moved(&self, draft: &mut Draft, span: Span, (key, value): (&[u8], &[u8]), expression: &str) {
        let expression = expression.to_owned();
        let key = String::from_utf8_lossy(key).into_owned();
        let sensitivity = self.sensitivity;
        draft.to_environment(span, value, Moved { key, expression, sensitivity, deploy: None });
    }
}

/// `pgsql:` for `mysql:`, and without the charset, which this driver does not take.
pub(in crate::configure) fn postgres_dsn(dsn: &str) -> String {
    let rest = dsn.strip_prefix("mysql:").unwrap_or(dsn);
    let parts = rest.split(';').map(str::trim).filter(|part| !part.is_empty());
    let kept: Vec<String> = parts
        .filter(|part| !part.starts_with("charset=") && !part.starts_with("unix_socket="))
        .map(|part| if part == "port=3306" { "port=5432".to_owned() } else { part.to_owned() })
        .collect();
    format!("pgsql:{}", kept.join(";"))
}

/// Whether PHP wants a constant expression at a token: after `const`, or as a default in a class.
pub(in crate::configure) fn is_constant(code: &Code, at: usize) -> bool {
    let mut depth = 0_usize;
    let mut is_statement = true;
    for before in (0..at).rev() {
        let is_static =
            code.is_name(before, b"static") && code.kind(before + 1) == Some(Kind::Variable);
        if is_statement && depth == 0 && (code.is_name(before, b"const") || is_static) {
            return true;
        }
        if code.is(before, b";") && depth == 0 {
            is_statement = false;
        } else if [&b")"[..], b"]", b"}"].iter().any(|close| code.is(before, close)) {
            depth += 1;
            is_statement &= !code.is(before, b"}") || depth > 1;
        } else if [&b"("[..], b"[", b"{"].iter().any(|open| code.is(before, open)) {
            if depth > 0 {
                depth -= 1;
            } else if code.is(before, b"{") {
                return is_class(code, before);
            } else if code.is(before, b"(") && is_parameters(code, before) {
                return true;
            }
        }
    }
    false
}

/// Whether a bracket opens the parameters of a function: `function name(`, `function &(`, `fn(`.
fn is_parameters(code: &Code, bracket: usize) -> bool {
    let is_function = |at: usize| code.is_name(at, b"function") || code.is_name(at, b"fn");
    (bracket.saturating_sub(3)..bracket).rev().take_while(|at| !code.is(*at, b";")).any(is_function)
}

/// Whether a brace opens the body of a class.
fn is_class(code: &Code, brace: usize) -> bool {
    for at in (0..brace).rev() {
        if [&b";"[..], b"{", b"}", b")"].iter().any(|end| code.is(at, end)) {
            return false;
        }
        if ["class", "trait", "interface", "enum"]
            .iter()
            .any(|word| code.is_name(at, word.as_bytes()))
        {
            return true;
        }
    }
    false
}

/// An array of settings, by its opening bracket.
pub(in crate::configure) struct Array<'a, 'b> {
    pub(in crate::configure) code: &'b Code<'a>,
    pub(in crate::configure) open: usize,
}

impl Array<'_, '_> {
    pub(in crate::configure) fn value(&self, key: &str) -> Option<Range<usize>> {
        let items = self.code.items(self.open).into_iter();
        let entries = items.filter_map(|item| self.code.entry(&item));
        entries
            .filter(|entry| self.code.key(entry.key).is_some_and(|found| found == key.as_bytes()))
            .map(|entry| entry.value)
            .next_back()
    }

    /// A literal, or the one that stands in where a variable is not set, and its tokens.
    fn word(&self, key: &str) -> Option<(String, Range<usize>)> {
        let value = self.value(key)?;
        let text = |range: Range<usize>| {
            let text = literal(self.code, &range)?;
            Some((String::from_utf8_lossy(&text).into_owned(), range))
        };
        if let Some(found) = text(value.clone()) {
            return Some(found);
        }
        let code = self.code;
        let is_read = code.is_name(value.start, b"env") || code.is_name(value.start, b"getenv");
        let last = (value.start + 1..value.end).rev().find(|at| {
            code.literal(*at).is_some()
                && [&b","[..], b":", b"??"].iter().any(|sign| code.is(*at - 1, sign))
        });
        last.filter(|_| is_read).and_then(|last| text(last..last + 1))
    }

    pub(in crate::configure) fn literal(&self, key: &str) -> Option<String> {
        self.word(key).map(|(text, _)| text)
    }

    /// Moves each of the fields that is there.
    pub(in crate::configure) fn to_environment(
        &self,
        draft: &mut Draft,
        prefix: &str,
        fields: &[Field],
        how: (Reader, bool),
    ) {
        for (key, name, sensitivity) in fields {
            if let Some(range) = self.value(key) {
                let (reader, is_switch) = how;
                let key = format!("{prefix}{name}");
                let sensitivity = *sensitivity;
                Value { code: self.code, range, key, sensitivity, reader, is_switch }.go(draft);
            }
        }
    }

    /// Puts another literal in the place of one, if nothing else was decided for it.
    pub(in crate::configure) fn replace(
        &self,
        draft: &mut Draft,
        key: &str,
        new: impl Fn(&str) -> Option<String>,
    ) {
        let Some((old, range)) = self.word(key) else { return };
        let span = self.code.span(&range);
        if let Some(new) = new(&old).filter(|_| draft.is_free(span)) {
            let is_number = self.code.kind(range.start) == Some(Kind::Number);
            let first = span.of(draft.source).first();
            let text = match first {
                _ if is_number => new,
                Some(b'"') => format!("\"{new}\""),
                _ => quoted(new.as_bytes()),
            };
            draft.replace(span, text);
        }
    }

    /// Takes an entry away with its comma.
    pub(in crate::configure) fn remove(&self, draft: &mut Draft, key: &str) -> bool {
        let entries = self.code.items(self.open).into_iter();
        let wanted = entries.filter(|item| {
            let entry = self.code.entry(item);
            entry.is_some_and(|entry| {
                self.code.key(entry.key).is_some_and(|found| found == key.as_bytes())
            })
        });
        let mut is_there = false;
        for item in wanted {
            let end = if self.code.is(item.end, b",") { item.end + 1 } else { item.end };
            draft.remove(self.code.span(&(item.start..end)));
            is_there = true;
        }
        is_there
    }
}

/// The charset that PostgreSQL's drivers take in the place of MySQL's.
pub(in crate::configure) fn charset(old: &str) -> Option<String> {
    (old.starts_with("utf8mb") || old.starts_with("latin1")).then(|| "utf8".to_owned())
}

pub(in crate::configure) fn port(old: &str) -> Option<String> {
    (old == "3306").then(|| "5432".to_owned())
}

#[cfg(test)]
mod tests {
    use super::is_constant;
    use crate::project::read::php::Code;

    #[test]
    fn defaults_of_classes_are_constant() {
        for (source, wanted) in [
            ("<?php class A { public $a = ['x' => 'HERE']; }", true),
            ("<?php class A { const B = 'HERE'; }", true),
            ("<?php const B = 'HERE';", true),
            ("<?php class A { function f() { $a = 'HERE'; } }", false),
            ("<?php class A { function f() { if ($x) { $a = ['HERE']; } } }", false),
            ("<?php $a = 'HERE';", false),
            ("<?php const A = 1; $a = 'HERE';", false),
            ("<?php class A { const C = 1; function f() { return g('HERE'); } }", false),
            ("<?php if (x) { define('A', 'HERE'); }", false),
            ("<?php function f($a, $b = 'HERE') {}", true),
            ("<?php function &f(array $o = ['a' => 'HERE']) {}", true),
            ("<?php $f = fn($a = 'HERE') => 1;", true),
            ("<?php $f = function ($a = 'HERE') use ($b) {};", true),
            ("<?php class A { function __construct(private string $a = 'HERE') {} }", true),
            ("<?php function f() { static $a = 'HERE'; }", true),
            ("<?php $f = fn($a) => g('HERE');", false),
            ("<?php $f = static fn($a) => 'HERE';", false),
            ("<?php function f($a) { return g($a, 'HERE'); }", false),
        ] {
            let code = Code::new(source.as_bytes());
            let at = code
                .tokens
                .iter()
                .position(|token| token.text(source.as_bytes()) == b"'HERE'")
                .unwrap();
            assert_eq!(is_constant(&code, at), wanted, "{source}");
        }
    }
}
