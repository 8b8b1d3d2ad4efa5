//! The value of a PHP string.

use std::borrow::Cow;

use super::{Kind, Token};
use crate::project::read::code::Literal;
use crate::project::read::cursor::is_word_start;

/// The value of a string token; none of any other.
pub(crate) fn literal<'a>(source: &'a [u8], token: &Token<Kind>) -> Option<Literal<'a>> {
    let text = token.text(source);
    let plain = |value| Literal { value, is_dynamic: false };
    match token.kind {
        Kind::SingleQuoted => {
            let inner = between(text, b'\'')?;
            Some(plain(unescaped(inner, |next| matches!(next, b'\'' | b'\\').then_some(next))))
        }
        Kind::DoubleQuoted => {
            let inner = between(text, b'"')?;
            if is_interpolated(inner) {
                return Some(Literal { value: Cow::Borrowed(inner), is_dynamic: true });
            }
            Some(plain(double(inner, b'"')))
        }
        Kind::Nowdoc | Kind::Heredoc => {
            let body = body(text)?;
            if token.kind == Kind::Nowdoc {
                return Some(plain(body));
            }
            let is_dynamic = is_interpolated(&body);
            let value = match body {
                _ if is_dynamic => body,
                Cow::Borrowed(bytes) => double(bytes, 0),
                Cow::Owned(bytes) => Cow::Owned(double(&bytes, 0).into_owned()),
            };
            Some(Literal { value, is_dynamic })
        }
        _ => None,
    }
}

/// Without the quotes, and without the `b` of a binary string.
fn between(text: &[u8], quote: u8) -> Option<&[u8]> {
    let open = text.iter().position(|byte| *byte == quote)?;
    let inner = text.get(open + 1..)?;
    inner.strip_suffix(&[quote])
}

fn is_interpolated(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'$', b'\\', &text[at..]) {
        at += found;
        if text[at] == b'\\' {
            at = (at + 2).min(text.len());
            continue;
        }
        if text.get(at + 1).is_some_and(|next| is_word_start(*next) || *next == b'{') {
            return true;
        }
        at += 1;
    }
    false
}

/// Replaces `\x` where `known` says by what, and leaves any other backslash.
fn unescaped(text: &[u8], known: impl Fn(u8) -> Option<u8>) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut value = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (text[at], text.get(at + 1).and_then(|next| known(*next))) {
            (b'\\', Some(byte)) => {
                value.push(byte);
                at += 2;
            }
            (byte, _) => {
                value.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(value)
}

/// Escapes of double quotes and heredocs.
fn double(text: &[u8], quote: u8) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut value = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' || at + 1 == text.len() {
            value.push(text[at]);
            at += 1;
            continue;
        }
        let rest = &text[at + 1..];
        let (bytes, length) = escape(rest, quote);
        match bytes {
            Escaped::Byte(byte) => value.push(byte),
            Escaped::Letter(letter) => {
                value.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Escaped::None => value.push(b'\\'),
        }
        at += 1 + length;
    }
    Cow::Owned(value)
}

enum Escaped {
    Byte(u8),
    Letter(char),
    None,
}

/// What follows a backslash, and how long it is.
fn escape(rest: &[u8], quote: u8) -> (Escaped, usize) {
    let digits = |text: &[u8], most: usize, radix: u32| {
        let count = text.iter().take(most).take_while(|byte| (**byte as char).is_digit(radix));
        let count = count.count();
        let number = std::str::from_utf8(&text[..count]).ok();
        (number.and_then(|text| u32::from_str_radix(text, radix).ok()), count)
    };
    let byte = match rest[0] {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'v' => 0x0b,
        b'e' => 0x1b,
        b'f' => 0x0c,
        b'\\' => b'\\',
        b'$' => b'$',
        other if other == quote && quote != 0 => other,
        b'0'..=b'7' => {
            let (number, count) = digits(rest, 3, 8);
            return (Escaped::Byte((number.unwrap_or(0) & 0xff) as u8), count);
        }
        b'x' => {
            let (number, count) = digits(&rest[1..], 2, 16);
            return match number {
                Some(number) => (Escaped::Byte((number & 0xff) as u8), count + 1),
                None => (Escaped::None, 0),
            };
        }
        b'u' if rest.get(1) == Some(&b'{') => {
            let (number, count) = digits(&rest[2..], 8, 16);
            let closed = rest.get(2 + count) == Some(&b'}');
            return match number.and_then(char::from_u32).filter(|_| closed) {
                Some(letter) => (Escaped::Letter(letter), count + 3),
                None => (Escaped::None, 0),
            };
        }
        _ => return (Escaped::None, 0),
    };
    (Escaped::Byte(byte), 1)
}

/// What stands between the lines of the labels, without the closing label's indentation.
fn body(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let first = memchr::memchr(b'\n', text)? + 1;
    let last = memchr::memrchr(b'\n', text)? + 1;
    let indent = text[last..].iter().take_while(|byte| matches!(**byte, b' ' | b'\t')).count();
    if last <= first {
        return Some(Cow::Borrowed(&[]));
    }
    let mut lines = &text[first..last - 1];
    lines = lines.strip_suffix(b"\r").unwrap_or(lines);
    if indent == 0 {
        return Some(Cow::Borrowed(lines));
    }
    let mut value = Vec::with_capacity(lines.len());
    for (at, line) in lines.split(|byte| *byte == b'\n').enumerate() {
        if at > 0 {
            value.push(b'\n');
        }
        let blank = line.iter().take_while(|byte| matches!(**byte, b' ' | b'\t')).count();
        value.extend_from_slice(&line[blank.min(indent)..]);
    }
    Some(Cow::Owned(value))
}

#[cfg(test)]
mod tests {
    use super::literal;
    use crate::project::read::php::tokens;

    #[test]
    fn strings_have_the_value_that_php_gives_them() {
        for (text, wanted) in [
            (r"'a\'b\\c\d'", Some(r"a'b\c\d")),
            (r#""a\"b\n\x41\101\u{e9}\$x\q""#, Some("a\"b\nAA\u{e9}$x\\q")),
            (r#""a$b""#, None),
            (r#""a{$b['c']}d""#, None),
            (r#""a\$b $ 5""#, Some("a$b $ 5")),
            ("b'x'", Some("x")),
            ("<<<X\n  a\n   b\n  X", Some("a\n b")),
            ("<<<'X'\na\\n$b\nX", Some("a\\n$b")),
            ("<<<\"X\"\na\\n\\\"\nX", Some("a\n\\\"")),
            ("<<<X\nX", Some("")),
            ("'", Some("never")),
        ] {
            let source = format!("<?php {text}");
            let last = tokens(source.as_bytes()).last().unwrap();
            let found = literal(source.as_bytes(), &last);
            let Some(found) = found else {
                assert_eq!(wanted, Some("never"), "{text}");
                continue;
            };
            let value = String::from_utf8(found.value.into_owned()).unwrap();
            assert_eq!((!found.is_dynamic).then_some(value.as_str()), wanted, "{text}");
        }
    }
}
