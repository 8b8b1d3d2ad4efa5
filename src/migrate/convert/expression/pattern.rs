//! Regular expressions: the part that ICU (`MySQL` 8), PCRE (`MariaDB`) and `PostgreSQL`'s advanced
//! regular expressions read alike.
//!
//! Two of its signs differ and are rewritten: `$` also matches before the end of a line at the very
//! end in ICU and PCRE, and `.` does not match such an end there. What ends a line differs, too: a
//! line feed in PCRE as `MariaDB` has it, and in ICU some more.
//!
//! Sources: ICU's user guide, "Regular Expressions"; the manual page pcre2pattern.

use super::NotTranslated;

/// Whose regular expressions they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// `MySQL`'s, which prints them as `REGEXP_LIKE`.
    Icu,
    /// `MariaDB`'s, which prints them as REGEXP.
    Pcre,
}

/// The pattern as an advanced regular expression.
pub(crate) fn translate(pattern: &str, engine: Engine) -> Result<String, NotTranslated> {
    let refused = || NotTranslated::new(format!("REGEXP '{pattern}'"));
    let letters: Vec<char> = pattern.chars().collect();
    let mut reader = Reader { letters: &letters, engine, at: 0, depth: 0, sql: String::new() };
    reader.all().ok_or_else(refused)?;
    Ok(reader.sql)
}

struct Reader<'p> {
    letters: &'p [char],
    engine: Engine,
    at: usize,
    depth: usize,
    sql: String,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        Some(letter)
    }

    /// The whole pattern; `None` where a part may mean something else.
    fn all(&mut self) -> Option<()> {
        // A quantifier needs something before it.
        let mut repeatable = false;
        while let Some(letter) = self.next() {
            match letter {
                '^' => self.sql.push('^'),
                '$' => self.end()?,
                '.' => self.sql.push_str(match self.engine {
                    Engine::Icu => "[^\\n\\v\\f\\r\\u0085\\u2028\\u2029]",
                    Engine::Pcre => "[^\\n]",
                }),
                '[' => self.class()?,
                '(' => self.open()?,
                ')' => {
                    self.depth = self.depth.checked_sub(1)?;
                    self.sql.push(')');
                }
                '|' => self.sql.push('|'),
                '*' | '+' | '?' if repeatable => self.quantifier(letter)?,
                '{' if repeatable => self.counted()?,
                '\\' => {
                    let escape = self.next()?;
                    self.escape(escape)?;
                }
                ' '..='~' if !"*+?{}]".contains(letter) => self.sql.push(letter),
                letter if letter.is_alphanumeric() => self.sql.push(letter),
                _ => return None,
            }
            repeatable = !matches!(letter, '^' | '$' | '(' | '|' | '*' | '+' | '?' | '{');
        }
        (self.depth == 0).then_some(())
    }

    fn end(&mut self) -> Option<()> {
        if !matches!(self.peek(), None | Some(')' | '|')) {
            return None;
        }
        self.sql.push_str(match self.engine {
            Engine::Icu => "(?:\\r\\n|[\\n\\v\\f\\r\\u0085\\u2028\\u2029])?$",
            Engine::Pcre => "\\n?$",
        });
        Some(())
    }

    fn open(&mut self) -> Option<()> {
        self.depth += 1;
        self.sql.push('(');
        if self.peek() == Some('?') {
            self.next();
            if self.next()? != ':' {
                return None;
            }
            self.sql.push_str("?:");
        }
        // An empty group or alternative is not worth its differences.
        (!matches!(self.peek(), None | Some(')' | '|'))).then_some(())
    }

    /// Lazy and possessive quantifiers choose another match, not another answer, but not all know
    /// all of them.
    fn quantifier(&mut self, letter: char) -> Option<()> {
        self.sql.push(letter);
        (!matches!(self.peek(), Some('*' | '+' | '?' | '{'))).then_some(())
    }

    /// `{2}`, `{2,}` and `{2,5}`, up to `PostgreSQL`'s limit of 255.
    fn counted(&mut self) -> Option<()> {
        let close = self.letters.get(self.at..)?.iter().position(|&letter| letter == '}')?;
        let inner: String = self.letters.get(self.at..self.at + close)?.iter().collect();
        let (least, most) = match inner.split_once(',') {
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
            None => (inner.as_str(), None),
        };
        let bound = |text: &str| text.parse::<u16>().ok().filter(|&bound| bound <= 255);
        let least = bound(least)?;
        if most.is_some_and(|most| bound(most).is_none_or(|most| most < least)) {
            return None;
        }
        self.at += close + 1;
        self.sql.push_str(&format!("{{{inner}}}"));
        (!matches!(self.peek(), Some('*' | '+' | '?' | '{'))).then_some(())
    }

    /// A backslash before punctuation, and `\d` for ASCII digits.
    fn escape(&mut self, letter: char) -> Option<()> {
        match letter {
            'd' => self.sql.push_str("[0-9]"),
            letter if letter.is_ascii_punctuation() => {
                self.sql.push('\\');
                self.sql.push(letter);
            }
            _ => return None,
        }
        Some(())
    }

    /// `[a-z0-9_.-]` and `[^…]`, without set operations and collating elements.
    fn class(&mut self) -> Option<()> {
        self.sql.push('[');
        if self.peek() == Some('^') {
            self.next();
            self.sql.push('^');
        }
        let start = self.at;
        loop {
            let letter = self.next()?;
            match letter {
                ']' if self.at > start + 1 => break,
                '\\' => match self.next()? {
                    'd' => self.sql.push_str("0-9"),
                    escaped if escaped.is_ascii_punctuation() => {
                        self.sql.push('\\');
                        self.sql.push(escaped);
                    }
                    _ => return None,
                },
                // ICU has sets in sets, && and --; all have [:name:].
                '[' | ']' => return None,
                '&' | '-' if self.peek() == Some(letter) => return None,
                ' '..='~' => self.sql.push(letter),
                letter if letter.is_alphanumeric() => self.sql.push(letter),
                _ => return None,
            }
        }
        self.sql.push(']');
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Engine, translate};

    #[test]
    fn the_end_of_a_line_is_what_the_engine_takes_for_one() {
        let of = |engine| translate("^a.b$", engine).unwrap();
        assert_eq!(of(Engine::Pcre), "^a[^\\n]b\\n?$");
        let ends = "\\n\\v\\f\\r\\u0085\\u2028\\u2029";
        assert_eq!(of(Engine::Icu), format!("^a[^{ends}]b(?:\\r\\n|[{ends}])?$"));
    }
}
