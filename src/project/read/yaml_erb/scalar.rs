//! What a scalar says once its quotes are gone.

use std::borrow::Cow;

use super::{Kind, Token};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar<'a> {
    /// Unescaped; of a dynamic one what stands in the source between its quotes.
    pub(crate) value: Cow<'a, [u8]>,
    /// Whether ERB prints a part of it.
    pub(crate) is_dynamic: bool,
}

/// The value of a plain or a quoted scalar, or of a key; none of anything else, and none of a quoted
/// one over several lines, which YAML folds.
pub(crate) fn scalar<'a>(source: &'a [u8], token: &Token<Kind>) -> Option<Scalar<'a>> {
    let text = token.text(source);
    let (kind, inner) = match (token.kind, text.first()?) {
        (Kind::DoubleQuoted, _) | (Kind::Key, b'"') => (Kind::DoubleQuoted, inner(text)?),
        (Kind::SingleQuoted, _) | (Kind::Key, b'\'') => (Kind::SingleQuoted, inner(text)?),
        (Kind::Plain | Kind::Key, _) => (Kind::Plain, text),
        _ => return None,
    };
    let is_dynamic =
        memchr::memmem::find_iter(inner, b"<%").any(|at| inner.get(at + 2) != Some(&b'%'));
    if is_dynamic {
        return Some(Scalar { value: Cow::Borrowed(inner), is_dynamic });
    }
    let value = match kind {
        Kind::Plain => Cow::Borrowed(inner),
        _ if memchr::memchr(b'\n', inner).is_some() => return None,
        Kind::SingleQuoted => single(inner),
        _ => double(inner)?,
    };
    Some(Scalar { value, is_dynamic })
}

fn inner(text: &[u8]) -> Option<&[u8]> {
    text.get(1..text.len().checked_sub(1)?)
}

fn single(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\'', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\'', rest) {
        value.extend_from_slice(&rest[..=at]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    value.extend_from_slice(rest);
    Cow::Owned(value)
}

fn double(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr(b'\\', text).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            value.push(*first);
            continue;
        }
        let (escape, after) = rest.split_first()?;
        rest = after;
        let digits = match escape {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'0' => {
                value.push(0);
                continue;
            }
            other => {
                value.push(match other {
                    b'n' => b'\n',
                    b't' | b'\t' => b'\t',
                    b'r' => b'\r',
                    b'e' => 0x1b,
                    b'a' => 0x07,
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'v' => 0x0b,
                    b'"' | b'/' | b'\\' | b' ' => *other,
                    _ => return None,
                });
                continue;
            }
        };
        let number = std::str::from_utf8(rest.get(..digits)?).ok()?;
        let letter = char::from_u32(u32::from_str_radix(number, 16).ok()?)?;
        value.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[digits..];
    }
    Some(Cow::Owned(value))
}
