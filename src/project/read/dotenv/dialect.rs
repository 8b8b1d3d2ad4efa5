//! What each program makes of a value, and how a value is written for it.
//!
//! Read from these programs' own parsers: vlucas/phpdotenv 5, symfony/dotenv 5–7, bkeepers/dotenv 2
//! and 3, `docker run --env-file`, systemd's EnvironmentFile, and CodeIgniter 4's DotEnv. Where two
//! versions of one differ, [`render`] writes only what both read alike, and refuses the rest.

/// The program that reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Laravel, Bedrock and most of PHP.
    Phpdotenv,
    Symfony,
    /// The gem `dotenv`, and `foreman`.
    Ruby,
    /// `docker run --env-file`; quotes are part of the value.
    Docker,
    Systemd,
    CodeIgniter,
}

pub(crate) const DIALECTS: [Dialect; 6] = [
    Dialect::Phpdotenv,
    Dialect::Symfony,
    Dialect::Ruby,
    Dialect::Docker,
    Dialect::Systemd,
    Dialect::CodeIgniter,
];

impl Dialect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Phpdotenv => "phpdotenv",
            Self::Symfony => "symfony",
            Self::Ruby => "ruby",
            Self::Docker => "docker",
            Self::Systemd => "systemd",
            Self::CodeIgniter => "codeigniter",
        }
    }
}

/// What a program takes a value to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Text(Vec<u8>),
    /// Variables or commands are put in, so the file alone does not say.
    Expands,
    /// The program refuses the file.
    Error(&'static str),
}

/// Why a value cannot stand in a file of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} files cannot hold {what}", dialect.name())]
pub(crate) struct Refusal {
    pub(crate) dialect: Dialect,
    /// Such as "a line break".
    pub(crate) what: &'static str,
}

/// Writes a value, quoted as needed, so that the dialect's program reads just this.
pub(crate) fn render(dialect: Dialect, value: &[u8]) -> Result<Vec<u8>, Refusal> {
    let refuse = |what| Err(Refusal { dialect, what });
    let has = |byte: u8| memchr::memchr(byte, value).is_some();
    if value.iter().any(|byte| *byte < b' ' && *byte != b'\t') {
        return refuse("a line break or another control character");
    }
    if dialect == Dialect::Docker {
        let is_framed = value.first().is_some_and(u8::is_ascii_whitespace)
            || value.last().is_some_and(u8::is_ascii_whitespace);
        return if is_framed {
            refuse("a space at the start or the end")
        } else {
            Ok(value.to_vec())
        };
    }
    if dialect == Dialect::Phpdotenv && is_converted(value) {
        return refuse("a word that Laravel turns into another type, such as true or null");
    }
    if dialect == Dialect::Phpdotenv && has_frame(value) {
        return refuse("quotes around the whole value, which Laravel takes away");
    }
    let is_safe = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'.' | b'/' | b':' | b'@' | b'+' | b',' | b'-' | b'=')
    };
    if value.iter().all(is_safe) {
        return Ok(value.to_vec());
    }
    let single = || [b"'", value, b"'"].concat();
    let escaped = |special: &[u8]| quoted(value, special);
    let (quote, slash) = (has(b'\''), has(b'\\'));
    match dialect {
        Dialect::Phpdotenv if !quote => Ok(single()),
        Dialect::Phpdotenv => Ok(escaped(b"\"\\$")),
        Dialect::Symfony | Dialect::Ruby if !quote && !slash => Ok(single()),
        // What `\\n` says depends on the version.
        Dialect::Symfony | Dialect::Ruby if slash && (quote || dialect == Dialect::Ruby) => {
            refuse("a backslash, which its versions read differently")
        }
        Dialect::Symfony if !quote => Ok(single()),
        Dialect::Symfony | Dialect::Ruby => Ok(escaped(b"\"$")),
        Dialect::Systemd => Ok(escaped(b"\"\\$`")),
        Dialect::CodeIgniter if memchr::memmem::find(value, b"${").is_some() => {
            refuse("`${`, which it expands in any quotes")
        }
        Dialect::CodeIgniter => Ok(escaped(b"\"\\")),
        Dialect::Docker => Ok(value.to_vec()),
    }
}

fn quoted(value: &[u8], special: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len() + 2);
    text.push(b'"');
    for byte in value {
        if special.contains(byte) {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text.push(b'"');
    text
}

/// Words of which Laravel's `env()` makes a boolean, null or an empty string.
fn is_converted(value: &[u8]) -> bool {
    let word = value.strip_prefix(b"(").and_then(|word| word.strip_suffix(b")")).unwrap_or(value);
    [&b"true"[..], b"false", b"null", b"empty"].iter().any(|one| word.eq_ignore_ascii_case(one))
}

fn has_frame(value: &[u8]) -> bool {
    value.len() > 1 && value.first() == value.last() && matches!(value[0], b'"' | b'\'')
}

/// What the dialect's program makes of what stands behind the equals sign, to the end of its line.
pub(crate) fn meaning(dialect: Dialect, raw: &[u8]) -> Meaning {
    match dialect {
        Dialect::Docker => Meaning::Text(raw.to_vec()),
        Dialect::Systemd => systemd(raw),
        Dialect::Phpdotenv => phpdotenv(trimmed(raw)),
        Dialect::Symfony => symfony(raw),
        Dialect::Ruby => ruby(trimmed(raw)),
        Dialect::CodeIgniter => codeigniter(trimmed(raw)),
    }
}

fn trimmed(raw: &[u8]) -> &[u8] {
    raw.trim_ascii()
}

fn phpdotenv(raw: &[u8]) -> Meaning {
    const SPACES: Meaning = Meaning::Error("a value with spaces needs quotes");
    let (value, rest, is_literal) = match raw.first() {
        None | Some(b'#') => return Meaning::Text(Vec::new()),
        Some(b'\'') => match raw[1..].iter().position(|byte| *byte == b'\'') {
            Some(end) => (raw[1..=end].to_vec(), &raw[end + 2..], true),
            None => return Meaning::Error("a quote has no end"),
        },
        Some(b'"') => {
            let mut value = Vec::new();
            let mut at = 1;
            let mut expands = false;
            loop {
                match (raw.get(at), raw.get(at + 1)) {
                    (None, _) => return Meaning::Error("a quote has no end"),
                    (Some(b'"'), _) => break,
                    (Some(b'\\'), Some(escape)) => {
                        match escape {
                            b'"' | b'\\' | b'$' => value.push(*escape),
                            b'n' => value.push(b'\n'),
                            b'r' => value.push(b'\r'),
                            b't' => value.push(b'\t'),
                            b'f' => value.push(0x0c),
                            b'v' => value.push(0x0b),
                            _ => return Meaning::Error("it does not know this escape"),
                        }
                        at += 2;
                        continue;
                    }
                    (Some(byte), next) => {
                        expands |= *byte == b'$' && next == Some(&b'{');
                        value.push(*byte);
                    }
                }
                at += 1;
            }
            if expands {
                return Meaning::Expands;
            }
            (value, &raw[at + 1..], true)
        }
        Some(_) => {
            let end = raw.iter().position(|byte| *byte == b'#' || byte.is_ascii_whitespace());
            let end = end.unwrap_or(raw.len());
            (raw[..end].to_vec(), &raw[end..], false)
        }
    };
    if !is_literal && memchr::memmem::find(&value, b"${").is_some() {
        return Meaning::Expands;
    }
    match rest.trim_ascii_start().first() {
        None | Some(b'#') => Meaning::Text(value),
        Some(_) => SPACES,
    }
}

/// Quoted and unquoted parts may follow each other.
fn symfony(raw: &[u8]) -> Meaning {
    if raw.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) && !trimmed(raw).is_empty() {
        return Meaning::Error("spaces are not allowed before a value");
    }
    let raw = trimmed(raw);
    let mut value = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        match raw[at] {
            b'\'' => {
                let Some(end) = memchr::memchr(b'\'', &raw[at + 1..]) else {
                    return Meaning::Error("a quote has no end");
                };
                value.extend_from_slice(&raw[at + 1..at + 1 + end]);
                at += end + 2;
            }
            b'"' => {
                let Some((part, length)) = symfony_double(&raw[at + 1..]) else {
                    return Meaning::Error("a quote has no end");
                };
                let Some(part) = part else { return Meaning::Expands };
                value.extend_from_slice(&part);
                at += length + 1;
            }
            b'#' if at == 0 || raw[at - 1].is_ascii_whitespace() => break,
            b'$' if raw.get(at + 1).is_some_and(|next| is_variable(*next)) => {
                return Meaning::Expands;
            }
            byte if byte.is_ascii_whitespace() => {
                return match trimmed(&raw[at..]).first() {
                    Some(b'#') => Meaning::Text(value),
                    _ => Meaning::Error("a value with spaces needs quotes"),
                };
            }
            b'\\' => {
                value.push(*raw.get(at + 1).unwrap_or(&b'\\'));
                at += 2;
            }
            byte => {
                value.push(byte);
                at += 1;
            }
        }
    }
    Meaning::Text(value)
}

fn is_variable(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'{' | b'(')
}

/// The text (none if it expands) of what follows a double quote, and its length with the closing one.
fn symfony_double(rest: &[u8]) -> Option<(Option<Vec<u8>>, usize)> {
    let mut value = Vec::new();
    let mut at = 0;
    let mut expands = false;
    loop {
        match (*rest.get(at)?, rest.get(at + 1)) {
            (b'"', _) => return Some(((!expands).then_some(value), at + 1)),
            (b'\\', Some(escape @ (b'"' | b'\\' | b'$'))) => value.push(*escape),
            (b'\\', Some(b'n')) => value.push(b'\n'),
            (b'\\', Some(b'r')) => value.push(b'\r'),
            (byte, next) => {
                expands |= byte == b'$' && next.is_some_and(|next| is_variable(*next));
                value.push(byte);
                at += 1;
                continue;
            }
        }
        at += 2;
    }
}

fn ruby(raw: &[u8]) -> Meaning {
    let expands = |text: &[u8]| {
        let mut at = 0;
        while let Some(found) = memchr::memchr2(b'$', b'\\', &text[at..]) {
            at += found + 1;
            if text[at - 1] == b'\\' {
                at = (at + 1).min(text.len());
            } else if text.get(at).is_some_and(|next| is_variable(*next)) {
                return true;
            }
        }
        false
    };
    match raw.first() {
        None => Meaning::Text(Vec::new()),
        Some(quote @ (b'"' | b'\'')) => {
            let mut at = 1;
            let mut value = Vec::new();
            while at < raw.len() && raw[at] != *quote {
                let is_escape = raw[at] == b'\\' && at + 1 < raw.len();
                if is_escape && *quote == b'"' {
                    value.push(raw[at + 1]);
                } else {
                    value.extend_from_slice(
                        &raw[at..raw.len().min(at + 1 + usize::from(is_escape))],
                    );
                }
                at += 1 + usize::from(is_escape);
            }
            if at >= raw.len() {
                return Meaning::Error("a quote has no end");
            }
            if *quote == b'"' && expands(&raw[1..at]) {
                Meaning::Expands
            } else {
                Meaning::Text(value)
            }
        }
        Some(_) => {
            let end = memchr::memchr(b'#', raw).unwrap_or(raw.len());
            let text = trimmed(&raw[..end]);
            if expands(text) {
                return Meaning::Expands;
            }
            let mut value = Vec::new();
            let mut rest = text;
            while let Some((first, after)) = rest.split_first() {
                if let Some((escaped, after)) = after.split_first().filter(|_| *first == b'\\') {
                    value.push(*escaped);
                    rest = after;
                } else {
                    value.push(*first);
                    rest = after;
                }
            }
            Meaning::Text(value)
        }
    }
}

fn systemd(raw: &[u8]) -> Meaning {
    let mut value = Vec::new();
    let raw = trimmed(raw);
    let mut at = 0;
    let mut quote = None;
    while let Some(byte) = raw.get(at) {
        at += 1;
        match (quote, *byte) {
            (None, b'"' | b'\'') if at == 1 => quote = Some(*byte),
            (Some(open), close) if open == close => {
                return Meaning::Text(value);
            }
            (None, b'\\') => {
                value.extend(raw.get(at));
                at += 1;
            }
            (Some(b'"'), b'\\') => match raw.get(at) {
                Some(escaped @ (b'"' | b'\\' | b'$' | b'`')) => {
                    value.push(*escaped);
                    at += 1;
                }
                _ => value.push(b'\\'),
            },
            (_, other) => value.push(other),
        }
    }
    if quote.is_some() { Meaning::Error("a quote has no end") } else { Meaning::Text(value) }
}

fn codeigniter(raw: &[u8]) -> Meaning {
    if memchr::memmem::find(raw, b"${").is_some() {
        return Meaning::Expands;
    }
    let Some(quote @ (b'"' | b'\'')) = raw.first() else {
        let end = memchr::memmem::find(raw, b" #").unwrap_or(raw.len());
        let value = trimmed(&raw[..end]);
        return if value.iter().any(u8::is_ascii_whitespace) {
            Meaning::Error("a value with spaces needs quotes")
        } else {
            Meaning::Text(value.to_vec())
        };
    };
    let mut value = Vec::new();
    let mut at = 1;
    while let Some(byte) = raw.get(at) {
        match (*byte, raw.get(at + 1)) {
            (byte, _) if byte == *quote => return Meaning::Text(value),
            (b'\\', Some(escaped)) if escaped == quote || *escaped == b'\\' => {
                value.push(*escaped);
                at += 2;
            }
            (byte, _) => {
                value.push(byte);
                at += 1;
            }
        }
    }
    Meaning::Error("a quote has no end")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DIALECTS, Dialect, Meaning, meaning, render};

    #[test]
    fn each_program_reads_a_value_in_its_own_way() {
        let read = |raw: &str| {
            let one = |dialect| match meaning(dialect, raw.as_bytes()) {
                Meaning::Text(text) => String::from_utf8(text).unwrap(),
                Meaning::Expands => "EXPANDS".to_owned(),
                Meaning::Error(_) => "ERROR".to_owned(),
            };
            DIALECTS.map(one).join(" | ")
        };
        // phpdotenv | symfony | ruby | docker | systemd | codeigniter
        assert_eq!(read("a"), "a | a | a | a | a | a");
        assert_eq!(read("a b"), "ERROR | ERROR | a b | a b | a b | ERROR");
        assert_eq!(read("a#b"), "a | a#b | a | a#b | a#b | a#b");
        assert_eq!(read("\"a\""), "a | a | a | \"a\" | a | a");
        assert_eq!(read("'a$B'"), "a$B | a$B | a$B | 'a$B' | a$B | a$B");
        assert_eq!(read("\"a$B\""), "a$B | EXPANDS | EXPANDS | \"a$B\" | a$B | a$B");
        assert_eq!(read("$(id)"), "$(id) | EXPANDS | EXPANDS | $(id) | $(id) | $(id)");
        assert_eq!(read("${A}"), "EXPANDS | EXPANDS | EXPANDS | ${A} | ${A} | EXPANDS");
    }

    #[test]
    fn what_a_dialect_cannot_hold_is_refused() {
        for (dialect, value) in [
            (Dialect::Docker, "a\nb"),
            (Dialect::Docker, " a"),
            (Dialect::Phpdotenv, "null"),
            (Dialect::Phpdotenv, "(TRUE)"),
            (Dialect::Phpdotenv, "'a'"),
            (Dialect::Symfony, "it's\\n"),
            (Dialect::Ruby, "a\\b"),
            (Dialect::CodeIgniter, "a${b}"),
        ] {
            assert!(render(dialect, value.as_bytes()).is_err(), "{dialect:?} {value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(value in "[ -~\u{e9}]{0,12}") {
            for dialect in DIALECTS {
                if let Ok(text) = render(dialect, value.as_bytes()) {
                    prop_assert_eq!(
                        meaning(dialect, &text),
                        Meaning::Text(value.clone().into_bytes()),
                        "{:?} {}", dialect, String::from_utf8_lossy(&text)
                    );
                }
            }
        }
    }
}
