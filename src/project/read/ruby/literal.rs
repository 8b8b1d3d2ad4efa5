//! The value of a Ruby string or symbol.

use std::borrow::Cow;

use super::quoted::is_interpolated;
use super::{Kind, Token};
use crate::project::read::code::Literal;

/// The value of a string, a symbol or a label; none of any other token.
pub(crate) fn literal<'a>(source: &'a [u8], token: &Token<Kind>) -> Option<Literal<'a>> {
    let text = token.text(source);
    let plain = |value| Some(Literal { value, is_dynamic: false });
    match token.kind {
        Kind::SingleQuoted => plain(single(inner(text, 1)?, b'\'', b'\'')),
        Kind::DoubleQuoted => Some(double(inner(text, 1)?)),
        Kind::PercentSingle => {
            let (open, close) = (*text.get(2)?, *text.last()?);
            plain(single(inner(text, 3)?, open, close))
        }
        Kind::PercentDouble => {
            let prefix = if text.get(1).is_some_and(u8::is_ascii_alphabetic) { 3 } else { 2 };
            Some(double(inner(text, prefix)?))
        }
        Kind::Symbol => match text.get(1)? {
            b'"' => Some(double(inner(text, 2)?)),
            b'\'' => plain(single(inner(text, 2)?, b'\'', b'\'')),
            _ if text[0] == b':' => plain(Cow::Borrowed(&text[1..])),
            _ => plain(Cow::Borrowed(inner(text, 3)?)),
        },
        Kind::Label => plain(Cow::Borrowed(text.strip_suffix(b":")?)),
        Kind::Character if text.get(1) != Some(&b'\\') => plain(Cow::Borrowed(&text[1..])),
        _ => None,
    }
}

/// Without what opens it and the one byte that closes it, if that is there.
fn inner(text: &[u8], opening: usize) -> Option<&[u8]> {
    let last = *text.last()?;
    let opened = *text.get(opening - 1)?;
    let closes = match opened {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b'<' => b'>',
        other => other,
    };
    (last == closes).then(|| text.get(opening..text.len() - 1)).flatten()
}

fn single(text: &[u8], open: u8, close: u8) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut value = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let next = text.get(at + 1).copied();
        let escapes = |byte: u8| byte == b'\\' || byte == open || byte == close;
        if text[at] == b'\\'
            && let Some(next) = next.filter(|next| escapes(*next))
        {
            value.push(next);
            at += 2;
        } else {
            value.push(text[at]);
            at += 1;
        }
    }
    Cow::Owned(value)
}

fn double(text: &[u8]) -> Literal<'_> {
    if is_interpolated(text) {
        return Literal { value: Cow::Borrowed(text), is_dynamic: true };
    }
    Literal { value: unescaped(text), is_dynamic: false }
}

/// The escapes of double quotes; control and meta characters are left as they are written.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let Some((escape, after)) = rest.split_first().filter(|_| *first == b'\\') else {
            value.push(*first);
            continue;
        };
        rest = after;
        match *escape {
            b'n' => value.push(b'\n'),
            b't' => value.push(b'\t'),
            b'r' => value.push(b'\r'),
            b's' => value.push(b' '),
            b'e' => value.push(0x1b),
            b'a' => value.push(0x07),
            b'b' => value.push(0x08),
            b'f' => value.push(0x0c),
            b'v' => value.push(0x0b),
            b'\n' => {}
            b'0'..=b'7' => {
                let count = after.iter().take(2).take_while(|byte| matches!(byte, b'0'..=b'7'));
                let count = count.count();
                let digits = [&[*escape], &after[..count]].concat();
                value.push((number(&digits, 8) & 0xff) as u8);
                rest = &after[count..];
            }
            b'x' => {
                let count = after.iter().take(2).take_while(|byte| byte.is_ascii_hexdigit());
                let count = count.count();
                value.push((number(&after[..count], 16) & 0xff) as u8);
                rest = &after[count..];
            }
            b'u' => rest = unicode(after, &mut value),
            other => value.push(other),
        }
    }
    Cow::Owned(value)
}

/// `é` or `{1F600 1F601}`, and what is left.
fn unicode<'a>(text: &'a [u8], value: &mut Vec<u8>) -> &'a [u8] {
    let mut push = |digits: &[u8]| {
        if let Some(letter) = char::from_u32(number(digits, 16)) {
            value.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    };
    if let Some(inner) = text.strip_prefix(b"{") {
        let Some(end) = memchr::memchr(b'}', inner) else { return inner };
        for digits in inner[..end].split(u8::is_ascii_whitespace).filter(|part| !part.is_empty()) {
            push(digits);
        }
        return &inner[end + 1..];
    }
    let count = text.iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
    push(&text[..count]);
    &text[count..]
}

fn number(digits: &[u8], radix: u32) -> u32 {
    let text = std::str::from_utf8(digits).unwrap_or_default();
    u32::from_str_radix(text, radix).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::literal;
    use crate::project::read::ruby::tokens;

    #[test]
    fn strings_have_the_value_that_ruby_gives_them() {
        for (text, wanted) in [
            (r"'a\'b\\c\d'", Some(r"a'b\c\d")),
            (r#""a\"b\n\x41\101\u00e9\u{1F600}\q #x""#, Some("a\"b\nAA\u{e9}\u{1f600}q #x")),
            (r#""a#{b["c"]}d""#, None),
            (r#""a\#{b}""#, Some("a#{b}")),
            ("%q(a(b)c)", Some("a(b)c")),
            ("%Q[a\\]b]", Some("a]b")),
            ("%{x}", Some("x")),
            (":sym", Some("sym")),
            (":\"s y\"", Some("s y")),
        ] {
            let source = text.as_bytes();
            let first = tokens(source).next().unwrap();
            assert_eq!(first.span.end, source.len(), "{text}");
            let found = literal(source, &first).unwrap();
            let value = String::from_utf8(found.value.into_owned()).unwrap();
            assert_eq!((!found.is_dynamic).then_some(value.as_str()), wanted, "{text}");
        }
    }
}
