//! The session that a dump's statements would run in, as far as it decides how they are read.

use std::collections::HashMap;

use super::charset::Charset;
use super::scanner::Quoting;
use super::value::Around;
use crate::mysql::token::{Token, Tokens, split_commas, tokens};

/// Variables of the server that matter here.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// `character_set_client`, `time_zone` and `sql_mode`, in lower case, where they were set.
    variables: HashMap<String, String>,
    /// `@…`, by which dumps put back what they have set.
    kept: HashMap<String, Option<String>>,
}

const MOST_KEPT: usize = 1000;
const LONGEST_KEPT: usize = 4096;

/// The variables' names.
const CHARSET: &str = "character_set_client";
const ZONE: &str = "time_zone";
const MODE: &str = "sql_mode";

/// What a variable is set to if only a server can tell.
const UNKNOWN: &str = "?";

impl Session {
    pub(super) fn new() -> Self {
        Self { variables: HashMap::new(), kept: HashMap::new() }
    }

    /// A value that holds from the start.
    pub(super) fn with_charset(mut self, charset: &str) -> Self {
        self.variables.insert(CHARSET.to_owned(), charset.to_owned());
        self
    }

    /// Whether the time zone of its timestamps was told.
    pub(super) fn has_zone(&self) -> bool {
        self.variables.contains_key(ZONE)
    }

    /// The charset of text, if there are letters that it does not have.
    pub(super) fn narrow(&self) -> Option<&str> {
        let charset = self.variables.get(CHARSET)?.as_str();
        let holds_all = ["utf8mb4", "binary", "utf16", "utf32", "gb18030"];
        (!holds_all.iter().any(|wide| charset.eq_ignore_ascii_case(wide))).then_some(charset)
    }

    /// Whether names stand in double quotes.
    pub(super) fn is_ansi(&self) -> bool {
        self.variables.get(MODE).is_some_and(|mode| mode.to_ascii_uppercase().contains("ANSI"))
    }

    /// How text is read; an error is the name of what we do not know.
    pub(super) fn around(&self) -> Result<Around, String> {
        let charset = self.charset()?;
        let mode = self.variables.get(MODE).map_or("", String::as_str);
        if mode == UNKNOWN || mode.parse::<u64>().is_ok_and(|bits| bits != 0) {
            return Err("the sql_mode before it is set to what only a server can tell".to_owned());
        }
        let zone = self.variables.get(ZONE).map_or("+00:00", String::as_str);
        let zone = offset(zone);
        let backslash = !mode.to_ascii_uppercase().contains("NO_BACKSLASH_ESCAPES");
        let quoting = Quoting { backslash, pairs: charset.pairs() };
        Ok(Around { charset, quoting, zone })
    }

    /// How statements are written; an error is the name of what we do not know.
    pub(super) fn charset(&self) -> Result<Charset, String> {
        let charset = self.variables.get(CHARSET).map_or("utf8mb4", String::as_str);
        if charset == UNKNOWN {
            return Err("the charset before it is set to what only a server can tell".to_owned());
        }
        Charset::of(charset).ok_or_else(|| format!("we have no table of the charset {charset}"))
    }

    /// Runs a SET, its first word read already.
    pub(super) fn set(&mut self, statement: &[u8]) {
        for assignment in split_commas(statement) {
            self.assign(&mut tokens(assignment));
        }
    }

    fn assign(&mut self, words: &mut Tokens<'_>) {
        let Some(name) = next_word(words) else { return };
        let name = match name.to_ascii_lowercase().as_str() {
            "session" | "local" => next_word(words).unwrap_or_default(),
            // Of the next sessions.
            "global" | "persist" | "persist_only" => return,
            name if name.starts_with("@@global.") || name.starts_with("@@persist") => return,
            "names" | "charset" => {
                let charset = next_word(words).unwrap_or_default();
                self.put(CHARSET, Some(charset));
                return;
            }
            "character" if words.clone().next().is_some_and(|word| word.is_word("SET")) => {
                words.next();
                let charset = next_word(words).unwrap_or_default();
                self.put(CHARSET, Some(charset));
                return;
            }
            _ => name,
        };
        let mut value = words.skip_while(|word| matches!(word, Token::Symbol(b'=' | b':')));
        let value = match (value.next(), value.next()) {
            (Some(Token::Text(text)), None) => Some(String::from_utf8_lossy(&text).into_owned()),
            (Some(Token::Word(word)), None) => self.value(&String::from_utf8_lossy(word)),
            (Some(Token::Word(function)), Some(Token::Group(arguments))) => {
                Some(self.call(function, arguments).unwrap_or_else(|| UNKNOWN.to_owned()))
            }
            (None, _) => None,
            _ => Some(UNKNOWN.to_owned()),
        };
        match name.strip_prefix('@').filter(|name| !name.starts_with('@')) {
            // Those that are put back are few and short.
            Some(kept) if self.kept.len() < MOST_KEPT => {
                let value = value.filter(|value| value.len() <= LONGEST_KEPT);
                self.kept.insert(kept.to_ascii_lowercase(), value);
            }
            Some(_) => {}
            None => self.put(&variable(&name), value),
        }
    }

    fn put(&mut self, name: &str, value: Option<String>) {
        match value {
            Some(_) if ![CHARSET, ZONE, MODE].contains(&name) => None,
            Some(value) => self.variables.insert(name.to_owned(), value),
            None => self.variables.remove(name),
        };
    }

    /// What dumps and people call: IFNULL(@kept, 'x'), CONCAT(@@sql_mode, ',x'), REPLACE(…).
    fn call(&self, function: &[u8], arguments: &[u8]) -> Option<String> {
        let argument = |part: &[u8]| {
            let mut words = tokens(part);
            let value = match words.next()? {
                Token::Text(text) => Some(String::from_utf8_lossy(&text).into_owned()),
                Token::Word(word) => self.value(&String::from_utf8_lossy(word)),
                Token::Name(_) | Token::Group(_) | Token::Symbol(_) => return None,
            };
            words.next().is_none().then_some(value)
        };
        let arguments: Option<Vec<_>> = split_commas(arguments).into_iter().map(argument).collect();
        let arguments = arguments?;
        let texts = arguments.iter().map(|text| text.clone().unwrap_or_default());
        match (function.to_ascii_uppercase().as_slice(), arguments.as_slice()) {
            (b"IFNULL" | b"COALESCE", [first, rest]) => first.clone().or_else(|| rest.clone()),
            (b"CONCAT", _) => Some(texts.collect()),
            (b"REPLACE", [Some(text), Some(from), Some(to)]) => Some(text.replace(from, to)),
            _ => None,
        }
    }

    /// `@kept`, `@@variable` or the word itself.
    fn value(&self, word: &str) -> Option<String> {
        if word.starts_with("@@") {
            return self.variables.get(&variable(word)).cloned();
        }
        match word.strip_prefix('@') {
            Some(kept) => self.kept.get(&kept.to_ascii_lowercase()).cloned().flatten(),
            None => Some(word.to_owned()),
        }
    }
}

fn next_word(words: &mut Tokens<'_>) -> Option<String> {
    match words.next()? {
        Token::Word(word) => Some(String::from_utf8_lossy(word).into_owned()),
        Token::Text(word) | Token::Name(word) => Some(String::from_utf8_lossy(&word).into_owned()),
        Token::Group(_) | Token::Symbol(_) => None,
    }
}

/// `@@SESSION.sql_mode` → `sql_mode`
fn variable(name: &str) -> String {
    let name = name.trim_start_matches('@').to_ascii_lowercase();
    name.rsplit('.').next().unwrap_or(&name).to_owned()
}

/// `+02:00` in seconds.
fn offset(zone: &str) -> Option<i32> {
    if zone.eq_ignore_ascii_case("utc") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(sign * (hours * 60 + minutes) * 60)
}

#[cfg(test)]
mod tests {
    use super::Session;
    use crate::dump::charset::Charset;

    fn run(statements: &[&str]) -> Session {
        let mut session = Session::new();
        for statement in statements {
            session.set(statement.as_bytes());
        }
        session
    }

    #[test]
    fn what_is_kept_is_put_back() {
        let session = run(&[
            " NAMES latin1 ",
            " @saved_cs_client     = @@character_set_client ",
            " character_set_client = utf8 ",
        ]);
        assert_eq!(session.around().unwrap().charset, Charset::Utf8);
        let session = run(&[
            " NAMES latin1 ",
            " @saved_cs_client     = @@character_set_client ",
            " character_set_client = utf8 ",
            " character_set_client = @saved_cs_client ",
        ]);
        assert!(matches!(session.around().unwrap().charset, Charset::Table(_)));
    }

    #[test]
    fn modes_and_zones() {
        let session = run(&[
            " @OLD_TIME_ZONE=@@TIME_ZONE ",
            " TIME_ZONE='-03:30' ",
            " @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_BACKSLASH_ESCAPES,ANSI' ",
        ]);
        let around = session.around().unwrap();
        assert_eq!((around.zone, around.quoting.backslash), (Some(-12_600), false));
        assert!(session.has_zone());
        assert!(!run(&[" @OLD_TIME_ZONE=@@TIME_ZONE "]).has_zone());
        let mode = |statement: &str| {
            let first = " @old_sql_mode=@@sql_mode, sql_mode='ANSI_QUOTES'";
            run(&[first, statement]).around().map(|around| around.quoting.backslash)
        };
        assert_eq!(mode(" sql_mode=CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')"), Ok(false));
        assert_eq!(mode(" sql_mode=IFNULL(@old_sql_mode, 'NO_BACKSLASH_ESCAPES')"), Ok(false));
        for unknown in ["(SELECT @@GLOBAL.sql_mode)", "CONCAT(@@sql_mode, now())", "1048576"] {
            assert!(mode(&format!(" sql_mode={unknown}")).is_err(), "{unknown}");
        }
        assert_eq!(mode(" sql_mode=0"), Ok(true));
        for global in [" GLOBAL sql_mode=", " @@GLOBAL.sql_mode=", " @@persist.sql_mode = "] {
            assert_eq!(mode(&format!("{global}'NO_BACKSLASH_ESCAPES'")), Ok(true), "{global}");
        }
        let unknown = run(&[" TIME_ZONE = 'Europe/Berlin'"]);
        assert_eq!(unknown.around().unwrap().zone, None);
    }
}
