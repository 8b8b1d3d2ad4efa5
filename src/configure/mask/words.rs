//! Lines of no language: comments, shells, texts within strings.

use crate::project::read::Span;
use crate::secret_shape::is_secret_name;

/// What is read as words of parts of a text.
pub(super) fn within(source: &[u8], parts: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut found = Vec::new();
    for part in parts {
        for one in secrets(part.of(source)) {
            found.push(Span::new(part.start + one.start, part.start + one.end));
        }
    }
    found
}

/// In each line all that follows a secret's name and a sign, and the password of a client's command.
pub(super) fn secrets(source: &[u8]) -> Vec<Span> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        if let Some(at) = named(text) {
            found.push(Span::new(start + at, start + text.len()));
        }
        found.extend(
            options(text).into_iter().map(|(from, to)| Span::new(start + from, start + to)),
        );
        start += line.len();
    }
    found
}

/// Where the value begins of the first secret that a line names: `a_password=…`, `password: …`,
/// `'password', …`, and of an image's `ENV A_PASSWORD …`.
fn named(line: &[u8]) -> Option<usize> {
    let is_image =
        [&b"ENV "[..], b"ARG "].iter().any(|word| line.trim_ascii_start().starts_with(word));
    let mut from = 0;
    for at in 0..line.len() {
        let is_sign = match line[at] {
            b'=' | b',' => true,
            b':' => !line[at..].starts_with(b"://"),
            b' ' => is_image,
            _ => false,
        };
        if !is_sign {
            continue;
        }
        let name = String::from_utf8_lossy(&line[from..at]).into_owned();
        from = at + 1;
        let mut words = name
            .split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '-' | '.'));
        if !words.any(is_secret_name) {
            continue;
        }
        let begins = line[at..].iter().position(|byte| !b"=>:, \t\r\n".contains(byte));
        let value = begins.map(|begins| at + begins).filter(|value| !is_read(&line[*value..]));
        if value.is_some() {
            return value;
        }
    }
    None
}

/// Whether what stands at a name only says where the value is.
fn is_read(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\"").or_else(|| text.strip_prefix(b"'")).unwrap_or(text);
    [&b"$"[..], b"ENV", b"env(", b"getenv(", b"%env(", b"<%", b"#{", b"/run/secrets/"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// `mysql -uroot -pSECRET`, `--password SECRET`, `-u user:SECRET`.
fn options(line: &[u8]) -> Vec<(usize, usize)> {
    let is_client = ["mysql", "mariadb", "sshpass", "curl"]
        .iter()
        .any(|word| memchr::memmem::find(line, word.as_bytes()).is_some());
    if !is_client {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut last = &b""[..];
    let mut at = 0;
    for word in line.split(|byte| byte.is_ascii_whitespace()) {
        let start = if word.len() > 2 && word.starts_with(b"-p") && !is_read(&word[2..]) {
            Some(2)
        } else if last == b"--password" && !word.is_empty() {
            Some(0)
        } else if last == b"-u" {
            memchr::memchr(b':', word).map(|colon| colon + 1)
        } else {
            None
        };
        if let Some(start) = start {
            found.push((at + start, at + word.len()));
        }
        at += word.len() + 1;
        last = word;
    }
    found
}
