//! Files of fields, as SELECT … INTO OUTFILE writes them: one row a line, escaped or enclosed.
//!
//! Source: `MySQL` manual 15.2.9 "LOAD DATA Statement", "Field and Line Handling".

use super::format::Format;
use super::literal::{Kind, Literal, Parsed};

/// Reads one row at the beginning of `text`, which goes on unless it has `ended`.
pub(super) fn row(text: &[u8], format: &Format, ended: bool, into: &mut Vec<Literal>) -> Parsed {
    into.clear();
    let mut at = 0;
    loop {
        let Some((literal, behind)) = field(text, at, format, ended) else {
            return Parsed::Incomplete;
        };
        into.push(literal);
        let rest = &text[behind..];
        if rest.starts_with(&format.separator) {
            at = behind + format.separator.len();
        } else if rest.starts_with(&format.terminator) {
            return Parsed::Row(behind + format.terminator.len());
        } else if rest.is_empty() && ended {
            // Each tool ends each line.
            return Parsed::Incomplete;
        } else {
            return Parsed::Problem { at: behind, what: "neither a field's end nor a line's" };
        }
    }
}

/// The field that begins there, and where it ends; `None` if more bytes are needed.
fn field(text: &[u8], start: usize, format: &Format, ended: bool) -> Option<(Literal, usize)> {
    let text_kind = |quote, escaped| {
        if escaped {
            Kind::Field { quote, escape: format.escaped }
        } else {
            Kind::Text { quote, escaped }
        }
    };
    let of = |kind, from, to| Literal { kind, bytes: from..to, charset: None };
    if let Some(quote) = format.enclosed
        && text.get(start) == Some(&quote)
    {
        let (mut at, mut escaped) = (start + 1, false);
        loop {
            let byte = *text.get(at)?;
            if Some(byte) == format.escaped {
                escaped = true;
                at += 2;
            } else if byte == quote {
                match text.get(at + 1) {
                    Some(next) if *next == quote => {
                        escaped = true;
                        at += 2;
                    }
                    None if !ended => return None,
                    _ => return Some((of(text_kind(Some(quote), escaped), start + 1, at), at + 1)),
                }
            } else {
                at += 1;
            }
        }
    }
    let (mut at, mut escaped) = (start, false);
    let marks = [format.separator.first(), format.terminator.first(), format.escaped.as_ref()];
    let [Some(separator), terminator, escape] = marks.map(|mark| mark.copied()) else {
        return None;
    };
    let (terminator, escape) = (terminator.unwrap_or(separator), escape.unwrap_or(separator));
    loop {
        let Some(next) = memchr::memchr3(separator, terminator, escape, &text[at..]) else {
            if !ended {
                return None;
            }
            at = text.len();
            break;
        };
        at += next;
        if Some(text[at]) == format.escaped {
            if at + 1 >= text.len() && !ended {
                return None;
            }
            escaped = true;
            at = (at + 2).min(text.len());
            continue;
        }
        let longest = format.separator.len().max(format.terminator.len());
        if text.len() - at < longest && !ended {
            return None;
        }
        if text[at..].starts_with(&format.separator) || text[at..].starts_with(&format.terminator) {
            break;
        }
        at += 1;
    }
    let raw = &text[start..at];
    let null = match format.escaped {
        Some(escape) => raw == [escape, b'N'] || (format.enclosed.is_some() && raw == b"NULL"),
        None => raw == b"NULL",
    };
    let kind = if null { Kind::Null } else { text_kind(None, escaped) };
    Some((of(kind, start, at), at))
}

#[cfg(test)]
mod tests {
    use super::{Format, row};
    use crate::dump::literal::{Kind, Parsed, unescape_field};

    fn texts(text: &str, format: &Format) -> (Vec<Option<String>>, Parsed) {
        let mut literals = Vec::new();
        let parsed = row(text.as_bytes(), format, false, &mut literals);
        let texts = literals.iter().map(|literal| match literal.kind {
            Kind::Null => None,
            _ => Some(text[literal.bytes.clone()].to_owned()),
        });
        (texts.collect(), parsed)
    }

    #[test]
    fn tabs_and_lines() {
        let (fields, parsed) = texts("1\t\\N\ta\\\tb\\\\\n2\t", &Format::default());
        assert_eq!(fields, [Some("1".to_owned()), None, Some("a\\\tb\\\\".to_owned())]);
        assert_eq!(parsed, Parsed::Row(12));
        assert_eq!(texts("1\tab", &Format::default()).1, Parsed::Incomplete);
    }

    #[test]
    fn escapes_of_every_kind_are_resolved() {
        let of = |text: &str, quote, escape| {
            let mut out = Vec::new();
            unescape_field(text.as_bytes(), (quote, escape), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(of("a#nb##c#\"", None, Some(b'#')), "a\nb#c\"");
        assert_eq!(of("say \"\"C:\\new\"\"", Some(b'"'), None), "say \"C:\\new\"");
        assert_eq!(of("50\\% \\_", Some(b'"'), Some(b'\\')), "50% _");
    }

    #[test]
    fn enclosed_fields() {
        let format = Format {
            separator: b",".to_vec(),
            enclosed: Some(b'"'),
            terminator: b"\r\n".to_vec(),
            ..Format::default()
        };
        let (fields, parsed) = texts("\"a,\"\"b\",NULL,\"\"\r\n", &format);
        assert_eq!(fields, [Some("a,\"\"b".to_owned()), None, Some(String::new())]);
        assert_eq!(parsed, Parsed::Row(17));
    }
}
