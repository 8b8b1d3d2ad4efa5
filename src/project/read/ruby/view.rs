//! Ruby without comments and spaces: calls, entries of hashes, assignments.

use std::borrow::Cow;
use std::ops::Range;

use super::{Kind, literal, tokens};
use crate::project::read::code::{self, Bracket, Lexis, Literal};

/// The code of a file; line ends are among its tokens.
pub(crate) type Code<'a> = code::Code<'a, Kind>;

impl Lexis for Kind {
    const PUNCTUATION: Self = Self::Punctuation;
}

/// `name(arguments)` or `name arguments`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: usize,
    /// Whether it is called on something: `x.name`.
    pub(crate) has_receiver: bool,
    /// Without brackets.
    pub(crate) arguments: Range<usize>,
}

/// `key: value` or `key => value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: usize,
    pub(crate) value: Range<usize>,
}

/// `a.b[:c] = value`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) target: Range<usize>,
    pub(crate) value: Range<usize>,
}

impl<'a> code::Code<'a, Kind> {
    pub(crate) fn new(source: &'a [u8]) -> Self {
        let mut all = tokens(source);
        let mut kept = Vec::new();
        for token in all.by_ref() {
            if token.kind.is_code() {
                kept.push(token);
            }
        }
        Self { source, tokens: kept, broken: all.broken() }
    }

    /// Whether a token is this method, variable, keyword or constant.
    pub(crate) fn is_name(&self, at: usize, name: &[u8]) -> bool {
        matches!(self.kind(at), Some(Kind::Identifier | Kind::Constant)) && self.text(at) == name
    }

    pub(crate) fn literal(&self, at: usize) -> Option<Literal<'a>> {
        literal(self.source, self.tokens.get(at)?)
    }

    /// The value of an expression that is one string and nothing else.
    pub(crate) fn constant(&self, range: &Range<usize>) -> Option<Cow<'a, [u8]>> {
        if range.len() != 1 || !self.kind(range.start)?.is_string() {
            return None;
        }
        self.literal(range.start).filter(|literal| !literal.is_dynamic).map(|one| one.value)
    }

    /// What a key says: `a:`, `:a`, `'a'`.
    pub(crate) fn key(&self, at: usize) -> Option<Cow<'a, [u8]>> {
        self.literal(at).filter(|literal| !literal.is_dynamic).map(|one| one.value)
    }

    /// How much deeper a token leads.
    fn step(&self, at: usize) -> i32 {
        match self.bracket(at) {
            Some(Bracket::Open) => 1,
            Some(Bracket::Close) => -1,
            None => 0,
        }
    }

    /// Where an expression ends that begins at `from`: before a comma, a semicolon, a line end that
    /// does not go on, or the bracket that it stands in.
    pub(crate) fn expression_end(&self, from: usize) -> usize {
        self.end(from, true)
    }

    /// As [`Code::expression_end`], and commas are part of it.
    pub(crate) fn statement_end(&self, from: usize) -> usize {
        self.end(from, false)
    }

    fn end(&self, from: usize, at_comma: bool) -> usize {
        let mut depth = 0_usize;
        for at in from..self.tokens.len() {
            match self.bracket(at) {
                Some(Bracket::Open) => depth += 1,
                Some(Bracket::Close) if depth == 0 => return at,
                Some(Bracket::Close) => depth -= 1,
                _ if depth > 0 => {}
                _ if self.is(at, b";") || (at_comma && self.is(at, b",")) => return at,
                _ if self.kind(at) == Some(Kind::Newline) && !self.goes_on(at, from) => return at,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// Whether a statement goes on behind a line end: an operator before it, or a dot after it.
    fn goes_on(&self, newline: usize, from: usize) -> bool {
        let next = self.skip_newlines(newline);
        if self.is(next, b".") || self.is(next, b"&.") || newline == from {
            return true;
        }
        let last = newline - 1;
        // The body of a heredoc has lines of its own.
        let is_body = self.kind(next) == Some(Kind::HeredocBody);
        let is_operator = self.kind(last) == Some(Kind::Punctuation)
            && !matches!(self.text(last), b")" | b"]" | b"}" | b"|" | b";");
        is_operator || self.kind(last) == Some(Kind::Label) || is_body
    }

    /// The first token from `at` that is no line end.
    pub(crate) fn skip_newlines(&self, mut at: usize) -> usize {
        while self.kind(at) == Some(Kind::Newline) {
            at += 1;
        }
        at
    }

    /// What stands between `open` and the bracket that closes it, or in `range`, cut at the commas.
    pub(crate) fn items(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let mut items = Vec::new();
        let mut start = self.skip_newlines(range.start);
        while start < range.end {
            let mut end = start;
            let mut depth = 0_i32;
            while end < range.end && !(depth == 0 && self.is(end, b",")) {
                depth += self.step(end);
                end += 1;
            }
            let mut last = end;
            while last > start && self.kind(last - 1) == Some(Kind::Newline) {
                last -= 1;
            }
            if last > start {
                items.push(start..last);
            }
            start = self.skip_newlines(end + 1);
        }
        items
    }

    /// The key and the value of one item of a hash or of arguments.
    pub(crate) fn entry(&self, item: &Range<usize>) -> Option<Entry> {
        let key = item.start;
        let second = self.skip_newlines(key + 1);
        let value = if self.kind(key) == Some(Kind::Label) {
            second
        } else if self.is(second, b"=>") || (self.kind(key)?.is_string() && self.is(second, b":")) {
            self.skip_newlines(second + 1)
        } else {
            return None;
        };
        (value < item.end).then_some(Entry { key, value: value..item.end })
    }

    /// All entries of hashes and of arguments, at any depth.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        (0..self.tokens.len()).filter_map(|at| {
            let (key, value) = if self.kind(at) == Some(Kind::Label) {
                (at, at + 1)
            } else if self.is(at, b"=>") && at > 0 {
                (at - 1, at + 1)
            } else {
                return None;
            };
            let value = self.skip_newlines(value);
            Some(Entry { key, value: value..self.expression_end(value) })
        })
    }

    /// All calls that have arguments, and all that have brackets.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Call> + '_ {
        (0..self.tokens.len()).filter_map(|name| {
            let is_name = matches!(self.kind(name), Some(Kind::Identifier | Kind::Constant));
            let before = name.checked_sub(1);
            if !is_name || before.is_some_and(|at| self.is_name(at, b"def")) {
                return None;
            }
            let has_receiver = before
                .is_some_and(|at| self.is(at, b".") || self.is(at, b"&.") || self.is(at, b"::"));
            let next = self.tokens.get(name + 1)?;
            let is_adjacent = next.span.start == self.tokens[name].span.end;
            if self.is(name + 1, b"(") && is_adjacent {
                let arguments = name + 2..self.closing(name + 1).unwrap_or(self.tokens.len());
                return Some(Call { name, has_receiver, arguments });
            }
            let begins = match next.kind {
                Kind::Newline | Kind::HeredocBody => false,
                Kind::Punctuation => matches!(self.text(name + 1), b"::" | b"->") && !is_adjacent,
                _ => !is_adjacent && !super::is_open(self.text(name)),
            };
            let arguments = name + 1..self.statement_end(name + 1);
            begins.then_some(Call { name, has_receiver, arguments })
        })
    }

    /// Calls of one name.
    pub(crate) fn calls_of<'b>(&'b self, name: &'b [u8]) -> impl Iterator<Item = Call> + 'b {
        self.calls().filter(move |call| self.text(call.name) == name)
    }

    /// All assignments with `=`, `||=` or `<<`-free operators, to variables, attributes and keys.
    pub(crate) fn assignments(&self) -> impl Iterator<Item = Assignment> + '_ {
        (1..self.tokens.len()).filter(|at| self.is(*at, b"=") || self.is(*at, b"||=")).map(
            |equals| {
                let value = self.skip_newlines(equals + 1);
                Assignment {
                    target: self.target(equals)..equals,
                    value: value..self.statement_end(value),
                }
            },
        )
    }

    /// Where the chain of names, dots and keys begins that ends before `end`.
    fn target(&self, end: usize) -> usize {
        let mut start = end;
        while start > 0 {
            let before = start - 1;
            if self.is(before, b"]") {
                let Some(open) = self.opening(before) else { break };
                start = open;
                continue;
            }
            let is_part = match self.kind(before) {
                Some(Kind::Identifier | Kind::Constant | Kind::Variable) => {
                    // Two names side by side are a call and its argument.
                    start == end
                        || !matches!(self.kind(start), Some(Kind::Identifier | Kind::Constant))
                }
                Some(Kind::Punctuation) => matches!(self.text(before), b"." | b"::" | b"&."),
                _ => false,
            };
            if !is_part {
                break;
            }
            start = before;
        }
        start
    }

    fn opening(&self, close: usize) -> Option<usize> {
        let mut depth = 0_i32;
        for at in (0..=close).rev() {
            depth -= self.step(at);
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    fn text(code: &Code<'_>, range: &std::ops::Range<usize>) -> String {
        String::from_utf8_lossy(code.span(range).of(code.source)).into_owned()
    }

    #[test]
    fn calls_entries_and_assignments() {
        let source = b"gem 'pg', '~> 1.5' # gem 'x'\ngem(\"mysql2\")\n\
            config.action_mailer.smtp_settings = {\n  address: 'h', # c\n  :port => 25,\n}\n\
            A::B.c[:d] = ENV.fetch(\"X\") { 5 }\nx = y +\n  z\nputs <<~SQL\n  gem 'no'\nSQL\n\
            a /b/\nc = 1 / 2 # /\nd = %w[x y]\ne = f ? g : h\n";
        let code = Code::new(source);
        let gems: Vec<String> =
            code.calls_of(b"gem").map(|call| text(&code, &call.arguments)).collect();
        assert_eq!(gems, ["'pg', '~> 1.5'", "\"mysql2\""]);
        let entries: Vec<String> = code
            .entries()
            .map(|one| {
                let key = String::from_utf8_lossy(&code.key(one.key).unwrap()).into_owned();
                format!("{key} {}", text(&code, &one.value))
            })
            .collect();
        assert_eq!(entries, ["address 'h'", "port 25"]);
        let found: Vec<String> = code
            .assignments()
            .map(|one| format!("{} := {}", text(&code, &one.target), text(&code, &one.value)))
            .collect();
        insta::assert_snapshot!(found.join("\n"), @r#"
        config.action_mailer.smtp_settings := {
          address: 'h', # c
          :port => 25,
        }
        A::B.c[:d] := ENV.fetch("X") { 5 }
        x := y +
          z
        c := 1 / 2
        d := %w[x y]
        e := f ? g : h
        "#);
        assert_eq!((code.broken, code.unbalanced()), (None, None));
    }
}
