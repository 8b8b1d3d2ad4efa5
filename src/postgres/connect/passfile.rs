//! `~/.pgpass`: passwords by host, port, database and user.
//!
//! Source: `PostgreSQL` manual 32.16 "The Password File".

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::postgres::error::OptionsError;
use crate::secret::Secret;

/// A password file that may be used; an absent one has no lines.
pub(super) struct Passfile {
    text: String,
    /// Why the file that is there was not read, for the hint of a login that fails for it.
    pub(super) ignored: Option<String>,
}

/// Whom a password is asked for.
pub(super) struct Login<'a> {
    /// The host's name, its address where it has no name, or the folder of the socket.
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

impl Passfile {
    /// Reads the file, unless others than its owner may read it too: then it is ignored, as libpq
    /// ignores it.
    pub(super) fn read(path: &Path) -> Result<Self, OptionsError> {
        let unreadable = |source| OptionsError::File { path: path.to_owned(), source };
        let none = Self { text: String::new(), ignored: None };
        let metadata = match std::fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if is_absent(&error) => return Ok(none),
            Err(error) => return Err(unreadable(error)),
        };
        if !metadata.is_file() {
            return Ok(Self { ignored: Some(ignored(path, "it is not a plain file")), ..none });
        }
        let mode = metadata.permissions().mode();
        if mode & 0o077 != 0 {
            let reason = format!("others may read it (mode {:04o}); chmod 0600 it", mode & 0o7777);
            return Ok(Self { ignored: Some(ignored(path, &reason)), ..none });
        }
        Ok(Self { text: std::fs::read_to_string(path).map_err(unreadable)?, ignored: None })
    }

    /// The password of the first line that fits.
    pub(super) fn password(&self, login: &Login<'_>) -> Option<Secret> {
        let lines = self.text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(fields).find_map(|[host, port, database, user, password]| {
            let fits = |pattern: &str, value: &str| pattern == "*" || unescaped(pattern) == value;
            let host_fits =
                fits(host, login.host) || is_default_folder(login.host) && fits(host, "localhost");
            let all_fit = host_fits
                && fits(port, &login.port.to_string())
                && fits(database, login.database)
                && fits(user, login.user);
            all_fit.then(|| Secret::new(unescaped(password)))
        })
    }
}

/// Where a server's socket is unless told: the places that libpq is built with.
pub(super) const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

fn is_default_folder(host: &str) -> bool {
    SOCKET_FOLDERS.contains(&host)
}

pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn ignored(path: &Path, reason: &str) -> String {
    format!("the password file {} was ignored: {reason}", path.display())
}

/// The five fields of a line, still with their escapes. What follows a fifth colon belongs to
/// nothing, as for libpq.
fn fields(line: &str) -> Option<[&str; 5]> {
    let mut fields = Vec::with_capacity(5);
    let (mut start, mut escaped) = (0, false);
    for (at, letter) in line.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == ':' {
            fields.push(&line[start..at]);
            start = at + 1;
        }
    }
    fields.push(&line[start..]);
    fields.truncate(5);
    fields.try_into().ok()
}

/// `\:` and `\\` stand for the letter after the backslash.
fn unescaped(field: &str) -> String {
    let mut letters = field.chars();
    let mut text = String::with_capacity(field.len());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next()),
            letter => text.push(letter),
        }
    }
    text
}

/// The file to read: the one named, else the one at home.
pub(super) fn path(named: Option<&str>, home: Option<&Path>) -> Option<PathBuf> {
    named.map(PathBuf::from).or_else(|| home.map(|home| home.join(".pgpass")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{Login, Passfile};

    fn password(text: &str, host: &str) -> Option<String> {
        let passfile = Passfile { text: text.to_owned(), ignored: None };
        let login = Login { host, port: 5432, database: "shop", user: "alice" };
        passfile.password(&login).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_wins() {
        let cases = [
            ("h:5432:shop:alice:a\n*:*:*:*:b", "h", Some("a")),
            ("h:5432:shop:bob:a\n*:*:*:*:b", "h", Some("b")),
            ("# h:5432:shop:alice:a\nh:*:*:*:b", "h", Some("b")),
            ("h:5433:shop:alice:a", "h", None),
            ("g:5432:shop:alice:a", "h", None),
            ("h:5432:shop:alice:", "h", Some("")),
            ("h:5432:shop:alice", "h", None),
            (r"h:*:*:*:a\:b\\c", "h", Some(r"a:b\c")),
            (r"\:\:1:*:*:*:six", "::1", Some("six")),
            ("h:*:*:*:a:b", "h", Some("a")),
            ("localhost:*:*:*:socket", "/var/run/postgresql", Some("socket")),
            ("localhost:*:*:*:socket", "/srv/pg", None),
            ("/srv/pg:*:*:*:socket", "/srv/pg", Some("socket")),
            ("h:*:*:*:ends with spaces  \r\n", "h", Some("ends with spaces  ")),
            ("", "h", None),
        ];
        for (text, host, expected) in cases {
            assert_eq!(password(text, host).as_deref(), expected, "{text:?} for {host}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_ignored_and_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".pgpass");
        assert!(Passfile::read(&path).unwrap().ignored.is_none(), "an absent file is no news");
        std::fs::write(&path, "*:*:*:*:secret").unwrap();
        for (mode, read) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let passfile = Passfile::read(&path).unwrap();
            assert_eq!(passfile.ignored.is_none(), read, "{mode:o}");
            assert_eq!(!passfile.text.is_empty(), read, "{mode:o}");
        }
        let ignored = Passfile::read(folder.path()).unwrap().ignored.unwrap();
        assert!(ignored.contains("not a plain file"), "{ignored}");
    }
}
