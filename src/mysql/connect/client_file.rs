//! `~/.my.cnf`, as `MySQL`'s and `MariaDB`'s own clients read it.
//!
//! Source: `MySQL` manual "Using Option Files" and `mysys/my_default.c`: quotes are taken off only
//! around a whole value, `#` starts a comment anywhere outside quotes, and `\s` is a space.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::OptionsError;
use crate::environment::Environment;

/// The groups that speak of a connection as ours; of an option set twice the later one counts.
const GROUPS: [&str; 4] = ["client", "client-server", "client-mariadb", "mysql"];
/// As deep as the real clients follow `!include`.
const MAX_DEPTH: usize = 10;

/// Options of the groups we heed. There is no `Debug`: values are passwords.
#[derive(Default)]
pub(super) struct ClientFile {
    options: Vec<(String, Option<String>)>,
}

impl ClientFile {
    /// `~/.my.cnf`; none at all is as good as an empty one.
    pub(super) fn of_home(environment: &Environment) -> Result<Self, OptionsError> {
        let mut file = Self::default();
        if let Some(home) = environment.home() {
            let path = home.join(".my.cnf");
            if path.exists() {
                file.read(&path, 0)?;
            }
        }
        Ok(file)
    }

    /// An option's value; names are compared without regard to `-` and `_`.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let option = self.options.iter().rev().find(|(known, _)| known == name)?;
        option.1.clone().filter(|value| !value.is_empty())
    }

    /// A switch: `ssl`, `ssl=1`, `skip-ssl`, `disable-ssl`.
    pub(super) fn switch(&self, name: &str) -> Option<bool> {
        self.options.iter().rev().find_map(|(known, value)| {
            if known == name {
                let off = value.as_deref().is_some_and(|value| {
                    matches!(value.to_ascii_lowercase().as_str(), "0" | "off" | "false" | "no")
                });
                return Some(!off);
            }
            let negated = known.strip_prefix("skip-").or_else(|| known.strip_prefix("disable-"))?;
            (negated == name).then_some(false)
        })
    }

    fn read(&mut self, path: &Path, depth: usize) -> Result<(), OptionsError> {
        let failed = |source| OptionsError::File { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o002 != 0 {
            return Err(OptionsError::FileWritable { path: path.to_owned() });
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let mut heeded = false;
        for (at, line) in text.lines().enumerate() {
            let problem =
                |problem| OptionsError::FileLine { path: path.to_owned(), line: at + 1, problem };
            match Line::parse(line) {
                Line::Group(group) => heeded = GROUPS.contains(&group),
                Line::Option(name, value) if heeded => self.options.push((name, value)),
                Line::Nothing | Line::Option(..) => {}
                Line::Include(_) | Line::IncludeDir(_) if depth >= MAX_DEPTH => {
                    return Err(problem("files include each other without end"));
                }
                Line::Include(file) => self.read(&beside(path, file), depth + 1)?,
                Line::IncludeDir(folder) => {
                    for file in files_of(&beside(path, folder))? {
                        self.read(&file, depth + 1)?;
                    }
                }
                Line::Broken(what) => return Err(problem(what)),
            }
        }
        Ok(())
    }
}

/// A relative path is one beside the file that names it.
fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(name)
}

/// The `.cnf` files of a folder, in the order of their names.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, OptionsError> {
    let failed = |source| OptionsError::File { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(failed)?.collect::<io::Result<Vec<_>>>();
    let mut files: Vec<PathBuf> =
        entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "cnf"));
    files.sort();
    Ok(files)
}

/// What one line of the file says.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Nothing,
    Group(&'a str),
    /// The name with `-` for `_`, and the value unquoted.
    Option(String, Option<String>),
    Include(&'a str),
    IncludeDir(&'a str),
    Broken(&'static str),
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Self {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            return Self::Nothing;
        }
        if let Some(directive) = line.strip_prefix('!') {
            return match directive.split_once(char::is_whitespace) {
                Some(("include", file)) => Self::Include(file.trim()),
                Some(("includedir", folder)) => Self::IncludeDir(folder.trim()),
                _ => Self::Broken("only !include and !includedir may follow a !"),
            };
        }
        if let Some(group) = line.strip_prefix('[') {
            return match group.split_once(']') {
                Some((name, _)) => Self::Group(name.trim()),
                None => Self::Broken("no ] after the name of a group"),
            };
        }
        let line = without_comment(line);
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(unquoted(value.trim()))),
            None => (line, None),
        };
        let name = name.trim().replace('_', "-");
        let name = name.strip_prefix("loose-").unwrap_or(&name).to_owned();
        Self::Option(name, value)
    }
}

/// Cuts a `#` comment off; within quotes it is none, and there `\` protects a quote.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in line.char_indices() {
        if matches!(letter, '\'' | '"') && !escaped {
            match quote {
                None => quote = Some(letter),
                Some(open) if open == letter => quote = None,
                Some(_) => {}
            }
        }
        if letter == '#' && quote.is_none() {
            return line[..at].trim_end();
        }
        escaped = quote.is_some() && letter == '\\' && !escaped;
    }
    line
}

/// Takes the quotes off a value that begins and ends with the same one, and resolves escapes,
/// which count outside quotes as well. A `\` before any other letter stays.
fn unquoted(value: &str) -> String {
    let mut inner = value;
    for quote in ['\'', '"'] {
        if let Some(rest) = value.strip_prefix(quote)
            && let Some(rest) = rest.strip_suffix(quote)
        {
            inner = rest;
        }
    }
    let mut out = String::with_capacity(inner.len());
    let mut letters = inner.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' || letters.peek().is_none() {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('s') => out.push(' '),
            Some(kept @ ('\'' | '"' | '\\')) => out.push(kept),
            Some(other) => out.extend(['\\', other]),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{ClientFile, Line};
    use crate::environment::Environment;

    fn home(files: &[(&str, &str)]) -> (tempfile::TempDir, Environment) {
        let home = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let environment = Environment::of(&[("HOME", home.path().to_str().unwrap())]);
        (home, environment)
    }

    fn of(text: &str) -> ClientFile {
        let (_home, environment) = home(&[(".my.cnf", text)]);
        ClientFile::of_home(&environment).unwrap()
    }

    #[test]
    fn values_follow_the_rules_of_the_real_clients() {
        for (line, value) in [
            ("password=secret", "secret"),
            ("  password  =  secret  ", "secret"),
            ("password = a b", "a b"),
            ("password='a # b'", "a # b"),
            ("password=\"a # b\" # c", "a # b"),
            ("password=a#b", "a"),
            (r"password=a\sb\\c\t", "a b\\c\t"),
            (r"password='it\'s'", "it's"),
            (r"password=C:\new\x", "C:\new\\x"),
            (r"password=end\", "end\\"),
            ("password='half", "'half"),
            ("password=a=b;c", "a=b;c"),
            ("password='", "'"),
            ("password=\"x'", "\"x'"),
            ("loose_password=x", "x"),
        ] {
            let wanted = Line::Option("password".to_owned(), Some(value.to_owned()));
            assert_eq!(Line::parse(line), wanted, "{line}");
        }
        for nothing in ["", "   ", "# password=x", "; password=x"] {
            assert_eq!(Line::parse(nothing), Line::Nothing);
        }
        assert_eq!(Line::parse("[ client ] # here"), Line::Group("client"));
        assert!(matches!(Line::parse("[client"), Line::Broken(_)));
        assert!(matches!(Line::parse("!eval x"), Line::Broken(_)));
    }

    #[test]
    fn only_client_groups_count_and_the_last_word_wins() {
        let file = of("user=nobody\n[mysqld]\nuser=mysql\n[client]\nuser=one\nssl_ca=/ca.pem\n\
                       [mysql]\nuser=two\n[mysqldump]\nuser=three\n");
        assert_eq!(file.value("user").as_deref(), Some("two"));
        assert_eq!(file.value("ssl-ca").as_deref(), Some("/ca.pem"));
        assert_eq!(file.value("host"), None);
    }

    #[test]
    fn switches_have_many_spellings() {
        assert_eq!(of("[client]\nssl").switch("ssl"), Some(true));
        assert_eq!(of("[client]\nssl=OFF").switch("ssl"), Some(false));
        assert_eq!(of("[client]\nssl\nskip_ssl").switch("ssl"), Some(false));
        assert_eq!(of("[client]\nuser=x").switch("ssl"), None);
    }

    #[test]
    fn included_files_are_read_in_their_place() {
        let (_home, environment) = home(&[
            (".my.cnf", "[client]\nuser=one\n!include extra.conf\n!includedir conf.d\nport=1\n"),
            ("extra.conf", "[client]\nuser=two\nhost=h\n"),
            ("conf.d/b.cnf", "[client]\nuser=four\n"),
            ("conf.d/a.cnf", "[client]\nuser=three\n"),
            ("conf.d/c.txt", "[client]\nuser=five\n"),
        ]);
        let file = ClientFile::of_home(&environment).unwrap();
        assert_eq!(file.value("user").as_deref(), Some("four"));
        assert_eq!(file.value("host").as_deref(), Some("h"));
        assert_eq!(file.value("port").as_deref(), Some("1"));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let message = |files: &[(&str, &str)]| {
            let (home, environment) = home(files);
            let error = ClientFile::of_home(&environment).err().unwrap().to_string();
            error.replace(home.path().to_str().unwrap(), "~")
        };
        assert_eq!(
            message(&[(".my.cnf", "!include .my.cnf")]),
            "~/.my.cnf:1: files include each other without end"
        );
        assert_eq!(message(&[(".my.cnf", "!include gone")]), "cannot read ~/gone");
        assert_eq!(
            message(&[(".my.cnf", "\n[client")]),
            "~/.my.cnf:2: no ] after the name of a group"
        );
        let (home, environment) = home(&[(".my.cnf", "")]);
        let path = home.path().join(".my.cnf");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(ClientFile::of_home(&environment).is_err());
    }
}
