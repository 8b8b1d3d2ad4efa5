//! Values that refer to other variables: `${NAME}`, `$NAME`, `${NAME:-other}`.
//!
//! Each reference is put aside for a word that no dialect does anything with, the dialect reads the
//! rest, and the variables' values are put back: so no value is ever read as syntax.

use super::error::COMMAND;
use crate::project::read::dotenv::{Dialect, Meaning, meaning};

/// Why a value cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Reason(&'static str),
    /// A variable that is not set.
    Unset(String),
}

/// The value that a dialect gives; `look_up` finds a variable that it refers to.
pub(super) fn value(
    dialect: Dialect,
    raw: &[u8],
    look_up: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, Trouble> {
    match meaning(dialect, raw) {
        Meaning::Text(text) => return Ok(text),
        Meaning::Error(reason) => return Err(Trouble::Reason(reason)),
        Meaning::Expands => {}
    }
    let stand_in = stand_in(raw);
    let (text, references) = aside(dialect, raw, &stand_in)?;
    let Meaning::Text(text) = meaning(dialect, &text) else {
        return Err(Trouble::Reason("what it refers to cannot be told"));
    };
    let mut rest = &text[..];
    let mut value = Vec::new();
    for reference in references {
        let at = memchr::memmem::find(rest, &stand_in);
        let at = at.ok_or(Trouble::Reason("what it refers to cannot be told"))?;
        value.extend_from_slice(&rest[..at]);
        rest = &rest[at + stand_in.len()..];
        let found = look_up(&reference.name).filter(|found| {
            // `:-` stands in for what is empty, too.
            reference.otherwise.is_none() || !found.is_empty()
        });
        match (found, reference.otherwise) {
            (Some(found), _) => value.extend_from_slice(&found),
            (None, Some(other)) => value.extend_from_slice(&other),
            (None, None) => return Err(Trouble::Unset(reference.name)),
        }
    }
    value.extend_from_slice(rest);
    Ok(value)
}

struct Reference {
    name: String,
    otherwise: Option<Vec<u8>>,
}

/// A word that the value does not have, escaped or not, and no end of which is a start of it: so it
/// is found only where it was put.
fn stand_in(raw: &[u8]) -> Vec<u8> {
    let plain: Vec<u8> = raw.iter().copied().filter(|byte| *byte != b'\\').collect();
    let mut inner = b"Q".to_vec();
    loop {
        let word = [b"z", &inner[..], b"y"].concat();
        if memchr::memmem::find(&plain, &word).is_none() {
            return word;
        }
        inner.push(b'Q');
    }
}

/// The value with its references put aside, and what they are.
fn aside(
    dialect: Dialect,
    raw: &[u8],
    stand_in: &[u8],
) -> Result<(Vec<u8>, Vec<Reference>), Trouble> {
    let bare = !matches!(dialect, Dialect::Phpdotenv | Dialect::CodeIgniter);
    let mut text = Vec::with_capacity(raw.len());
    let mut references = Vec::new();
    let (mut at, mut single, mut double) = (0, false, false);
    while let Some(byte) = raw.get(at) {
        let next = raw.get(at + 1).copied().unwrap_or_default();
        match byte {
            b'\'' if !double => single = !single,
            b'"' if !single => double = !double,
            b'\\' if !single && next != 0 => {
                text.extend_from_slice(&raw[at..at + 2]);
                at += 2;
                continue;
            }
            b'$' if single && dialect != Dialect::CodeIgniter => {}
            b'$' if bare && next == b'(' => return Err(Trouble::Reason(COMMAND)),
            b'$' if next == b'{' || bare && is_name(next) && !next.is_ascii_digit() => {
                let (reference, length) = reference(dialect, &raw[at + 1..])?;
                references.push(reference);
                text.extend_from_slice(stand_in);
                at += 1 + length;
                continue;
            }
            _ => {}
        }
        text.push(*byte);
        at += 1;
    }
    Ok((text, references))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What follows a `$`, and its length.
fn reference(dialect: Dialect, rest: &[u8]) -> Result<(Reference, usize), Trouble> {
    let is_inner = |byte: &u8| is_name(*byte) || *byte == b'.';
    if rest.first() != Some(&b'{') {
        let length = rest.iter().take_while(|byte| is_name(**byte)).count();
        let name = String::from_utf8_lossy(&rest[..length]).into_owned();
        return Ok((Reference { name, otherwise: None }, length));
    }
    let end = memchr::memchr(b'}', rest).ok_or(Trouble::Reason("a ${ has no end"))?;
    let inner = &rest[1..end];
    let length = inner.iter().take_while(|byte| is_inner(byte)).count();
    let name = String::from_utf8_lossy(&inner[..length]).into_owned();
    let otherwise = match &inner[length..] {
        [] => None,
        [b':', b'-', other @ ..] if dialect == Dialect::Symfony => Some(other.to_vec()),
        _ => return Err(Trouble::Reason("its dialect does not know this form of ${…}")),
    };
    if name.is_empty() {
        return Err(Trouble::Reason("a ${} names no variable"));
    }
    Ok((Reference { name, otherwise }, end + 1))
}

#[cfg(test)]
mod tests {
    use super::{Trouble, value};
    use crate::project::read::dotenv::Dialect::{self, CodeIgniter, Phpdotenv, Ruby, Symfony};

    fn read(dialect: Dialect, raw: &str) -> Result<String, Trouble> {
        let look_up = |name: &str| match name {
            "A" => Some(b"x $B '\" \\n zQy".to_vec()),
            "EMPTY" => Some(Vec::new()),
            _ => None,
        };
        value(dialect, raw.as_bytes(), look_up).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_value_that_is_put_in_is_not_read_again() {
        let put_in = "x $B '\" \\n zQy";
        let table = [
            (Phpdotenv, "${A}/b", format!("{put_in}/b")),
            (Phpdotenv, "\"a ${A}${A} zQy\"", format!("a {put_in}{put_in} zQy")),
            (Phpdotenv, "'${A}'", "${A}".to_owned()),
            (Phpdotenv, "\"\\${A} ${A}\"", format!("${{A}} {put_in}")),
            (Phpdotenv, "$A", "$A".to_owned()),
            (Symfony, "$A", put_in.to_owned()),
            (Symfony, "a'$A'\"$A\"", format!("a$A{put_in}")),
            (Symfony, "${NONE:-b}c", "bc".to_owned()),
            (Symfony, "${EMPTY:-b}${EMPTY}", "b".to_owned()),
            (Ruby, "\"$A\"", put_in.to_owned()),
            (Ruby, "\\$A", "$A".to_owned()),
            (CodeIgniter, "\"${A}\"", put_in.to_owned()),
        ];
        for (dialect, raw, wanted) in table {
            assert_eq!(read(dialect, raw), Ok(wanted), "{dialect:?} {raw}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        assert_eq!(read(Ruby, "$NONE"), Err(Trouble::Unset("NONE".into())));
        for (dialect, raw) in [
            (Ruby, "$(rm -rf /)"),
            (Symfony, "\"$(id)\""),
            (Ruby, "\"${A:-b}\""),
            (Symfony, "${A"),
            (Phpdotenv, "${}"),
            (Symfony, "${A:=b}"),
        ] {
            assert!(matches!(read(dialect, raw), Err(Trouble::Reason(_))), "{dialect:?} {raw}");
        }
    }
}
