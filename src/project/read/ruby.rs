//! Ruby, as far as its lexis goes without a parser.
//!
//! A string is one token with all that is interpolated in it. A heredoc is two: its start, where it
//! stands as a value, and its body with the closing line, which begins on the next line. `__END__`
//! and what follows is one token of data.
//!
//! Whether `/`, `%`, `<<` and `?` begin a value or are operators depends on what stands before, and
//! behind a name also on the spaces around, as Ruby's own warning says. `<<NAME` that nothing ends is
//! an operator.

mod literal;
mod quoted;
mod view;

use super::Token;
use super::cursor::{Cursor, is_blank, is_word, is_word_start};

pub(crate) use literal::literal;
pub(crate) use view::{Call, Code};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Spaces, tabs, and line ends that a backslash hides.
    Whitespace,
    Newline,
    Comment,
    /// `=begin` to `=end`
    BlockComment,
    /// `__END__` and all that follows.
    Data,
    /// A method, a local variable or a keyword.
    Identifier,
    Constant,
    /// `@a`, `@@a`, `$a`
    Variable,
    /// `key:`
    Label,
    /// `:key`, `:"key"`
    Symbol,
    Number,
    SingleQuoted,
    DoubleQuoted,
    /// `%q(…)`
    PercentSingle,
    /// `%Q(…)`, `%(…)`
    PercentDouble,
    /// `%w[…]`, `%i[…]`, `%W[…]`, `%I[…]`
    Words,
    /// `` `…` ``, `%x(…)`
    Command,
    /// `/…/flags`, `%r{…}flags`
    Regex,
    /// `?a`
    Character,
    HeredocStart,
    HeredocBody,
    Punctuation,
}

impl Kind {
    /// Whether Ruby runs it; line ends are code, as they end statements.
    pub(crate) fn is_code(self) -> bool {
        !matches!(self, Self::Whitespace | Self::Comment | Self::BlockComment | Self::Data)
    }

    pub(crate) fn is_comment(self) -> bool {
        matches!(self, Self::Comment | Self::BlockComment)
    }

    pub(crate) fn is_string(self) -> bool {
        matches!(
            self,
            Self::SingleQuoted | Self::DoubleQuoted | Self::PercentSingle | Self::PercentDouble
        )
    }
}

const DEEPEST: u8 = 32;
/// `<<NAME` without an end that are looked for; a text that has more is none of Ruby.
const MISSING_ENDS: u8 = 16;

/// What the last token leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// A value is expected.
    Start,
    /// A value has ended.
    Value,
    /// A name that may be a method, which may take what follows.
    Name,
    /// `def` or `.`: a name follows, whatever it looks like.
    Definition,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    label: (usize, usize),
    /// Whether the closing label may be indented.
    is_indented: bool,
}

/// The tokens of a file, in order.
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    cursor: Cursor<'a>,
    before: Before,
    /// Heredocs whose bodies begin on the next line, the first one first.
    pending: Vec<Pending>,
    /// Whether the bodies begin here.
    is_body: bool,
    depth: u8,
    missing_ends: u8,
    broken: Option<usize>,
}

pub(crate) fn tokens(source: &[u8]) -> Tokens<'_> {
    within(source, 0, 0)
}

fn within(source: &[u8], at: usize, depth: u8) -> Tokens<'_> {
    Tokens {
        cursor: Cursor::new(source, at),
        before: Before::Start,
        pending: Vec::new(),
        is_body: false,
        depth,
        missing_ends: 0,
        broken: None,
    }
}

impl Tokens<'_> {
    /// Where something begins that has no end; known once all tokens were taken.
    pub(crate) fn broken(&self) -> Option<usize> {
        self.broken
    }

    fn token(&mut self) -> Kind {
        if self.is_body {
            return self.heredoc_body();
        }
        let cursor = &mut self.cursor;
        let (first, second) = (cursor.peek(0), cursor.peek(1));
        if cursor.is_at_line_start()
            && matches!(first, b'=' | b'_')
            && let Some(kind) = self.at_line_start()
        {
            return kind;
        }
        match first {
            // A byte order mark.
            0xef if self.cursor.at == 0 && self.cursor.starts(b"\xef\xbb\xbf") => {
                self.cursor.skip(3);
                Kind::Whitespace
            }
            b' ' | b'\t' | 0x0b | 0x0c => {
                self.cursor.skip_while(|byte| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c));
                Kind::Whitespace
            }
            b'\\' if matches!(second, b'\n' | b'\r') => {
                let length = if second == b'\r' && self.cursor.peek(2) == b'\n' { 3 } else { 2 };
                self.cursor.skip(length);
                Kind::Whitespace
            }
            b'\n' | b'\r' => self.newline(),
            b'#' => {
                self.cursor.skip_line();
                Kind::Comment
            }
            b'"' => self.quoted(Kind::DoubleQuoted),
            b'\'' => self.quoted(Kind::SingleQuoted),
            b'`' if self.before != Before::Definition => self.quoted(Kind::Command),
            b':' => self.colon(),
            b'@' | b'$' => self.variable(),
            b'0'..=b'9' => self.number(),
            b'?' if self.is_character() => self.character(),
            b'%' if self.begins_percent() => self.percent(),
            b'/' if self.begins_value(true) => self.regex(),
            b'<' if second == b'<' && self.heredoc_start() => Kind::HeredocStart,
            _ if is_word_start(first) => self.word(),
            _ => self.punctuation(),
        }
    }

    fn at_line_start(&mut self) -> Option<Kind> {
        let start = self.cursor.at;
        let ends = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0);
        if self.cursor.starts(b"=begin") && ends(self.cursor.peek(6)) {
            while self.cursor.skip_past(b"\n") {
                if self.cursor.starts(b"=end") && ends(self.cursor.peek(4)) {
                    self.cursor.skip_line();
                    return Some(Kind::BlockComment);
                }
            }
            self.broken.get_or_insert(start);
            return Some(Kind::BlockComment);
        }
        if self.cursor.starts(b"__END__") && matches!(self.cursor.peek(7), b'\r' | b'\n' | 0) {
            self.cursor.at = self.cursor.source.len();
            return Some(Kind::Data);
        }
        None
    }

    fn newline(&mut self) -> Kind {
        let is_pair = self.cursor.starts(b"\r\n");
        if self.cursor.peek(0) == b'\r' && !is_pair {
            self.cursor.skip(1);
            return Kind::Whitespace;
        }
        self.cursor.skip(if is_pair { 2 } else { 1 });
        self.is_body = !self.pending.is_empty();
        self.before = Before::Start;
        Kind::Newline
    }

    fn punctuation(&mut self) -> Kind {
        let length = operator(self.cursor.rest());
        let text = &self.cursor.rest()[..length];
        self.before = match text {
            b")" | b"]" | b"}" => Before::Value,
            b"." | b"&." => Before::Definition,
            _ if self.before == Before::Definition => Before::Value,
            _ => Before::Start,
        };
        self.cursor.skip(length);
        Kind::Punctuation
    }

    /// Whether `/` begins a regex: Ruby asks the spaces if a method's argument could follow.
    fn begins_value(&self, may_be_argument: bool) -> bool {
        match self.before {
            Before::Start => true,
            Before::Value | Before::Definition => false,
            Before::Name => {
                let at = self.cursor.at;
                let space_before = at > 0 && is_blank(self.cursor.source[at - 1]);
                let next = self.cursor.peek(1);
                may_be_argument && space_before && !matches!(next, b' ' | b'\t' | b'=' | b'\n')
            }
        }
    }

    fn colon(&mut self) -> Kind {
        let next = self.cursor.peek(1);
        if next == b':' {
            self.before = Before::Start;
            self.cursor.skip(2);
            return Kind::Punctuation;
        }
        if matches!(next, b'"' | b'\'') && self.before != Before::Value {
            self.cursor.skip(1);
            let kind = if next == b'"' { Kind::DoubleQuoted } else { Kind::SingleQuoted };
            self.quoted(kind);
            return Kind::Symbol;
        }
        if is_word_start(next) || matches!(next, b'@' | b'$') {
            self.cursor.skip(2);
            self.cursor.skip_while(|byte| is_word(byte) || byte == b'@');
            if matches!(self.cursor.peek(0), b'?' | b'!')
                || (self.cursor.peek(0) == b'='
                    && !matches!(self.cursor.peek(1), b'>' | b'=' | b'~'))
            {
                self.cursor.skip(1);
            }
            self.before = Before::Value;
            return Kind::Symbol;
        }
        self.before = Before::Start;
        self.cursor.skip(1);
        Kind::Punctuation
    }

    fn variable(&mut self) -> Kind {
        let sigil = self.cursor.peek(0);
        self.cursor.skip(1);
        if sigil == b'@' && self.cursor.peek(0) == b'@' {
            self.cursor.skip(1);
        }
        if is_word(self.cursor.peek(0)) {
            self.cursor.skip_while(is_word);
        } else if sigil == b'$' && self.cursor.peek(0).is_ascii_punctuation() {
            self.cursor.skip(1);
        }
        self.before = Before::Value;
        Kind::Variable
    }

    fn number(&mut self) -> Kind {
        self.cursor.skip(1);
        self.cursor.skip_while(is_word);
        if self.cursor.peek(0) == b'.' && self.cursor.peek(1).is_ascii_digit() {
            self.cursor.skip(1);
            self.cursor.skip_while(is_word);
        }
        self.before = Before::Value;
        Kind::Number
    }

    fn is_character(&self) -> bool {
        let (next, after) = (self.cursor.peek(1), self.cursor.peek(2));
        self.begins_value(true)
            && (next > b' ' || next == b'\\')
            && (next == b'\\' || next >= 0x80 || !is_word(after))
    }

    fn character(&mut self) -> Kind {
        self.cursor.skip(1);
        if self.cursor.peek(0) == b'\\' {
            self.cursor.skip(2);
        } else {
            self.cursor.skip(1);
            self.cursor.skip_while(|byte| (0x80..0xc0).contains(&byte));
        }
        self.before = Before::Value;
        Kind::Character
    }

    fn word(&mut self) -> Kind {
        let start = self.cursor.at;
        self.cursor.skip_while(is_word);
        let (next, after) = (self.cursor.peek(0), self.cursor.peek(1));
        if matches!(next, b'?' | b'!') && after != b'=' && !(next == b'?' && after == b':') {
            self.cursor.skip(1);
        }
        let word = &self.cursor.source[start..self.cursor.at];
        let is_label = self.cursor.peek(0) == b':'
            && self.cursor.peek(1) != b':'
            && self.before != Before::Definition;
        if is_label {
            self.cursor.skip(1);
            self.before = Before::Start;
            return Kind::Label;
        }
        let is_name = self.before == Before::Definition;
        self.before = match word {
            _ if is_name => Before::Name,
            b"def" => Before::Definition,
            b"end" | b"self" | b"true" | b"false" | b"nil" | b"__FILE__" | b"__LINE__"
            | b"__dir__" | b"redo" | b"retry" => Before::Value,
            _ if is_open(word) => Before::Start,
            _ if word[0].is_ascii_uppercase() => Before::Value,
            _ => Before::Name,
        };
        if word[0].is_ascii_uppercase() { Kind::Constant } else { Kind::Identifier }
    }

    fn heredoc_start(&mut self) -> bool {
        let mut cursor = self.cursor.clone();
        cursor.skip(2);
        let is_indented = matches!(cursor.peek(0), b'~' | b'-');
        if is_indented {
            cursor.skip(1);
        }
        let quote = match cursor.peek(0) {
            quote @ (b'"' | b'\'' | b'`') => {
                cursor.skip(1);
                Some(quote)
            }
            first if first.is_ascii_uppercase() || (is_indented && is_word_start(first)) => None,
            _ => return false,
        };
        let space_before = self.cursor.at > 0 && is_blank(self.cursor.source[self.cursor.at - 1]);
        if self.before == Before::Value || (self.before == Before::Name && !space_before) {
            return false;
        }
        let start = cursor.at;
        match quote {
            None => cursor.skip_while(is_word),
            Some(quote) => cursor.skip_while(|byte| byte != quote && byte != b'\n'),
        }
        let label = (start, cursor.at);
        if let Some(quote) = quote {
            if cursor.peek(0) != quote || label.0 == label.1 {
                return false;
            }
            cursor.skip(1);
        }
        let pending = Pending { label, is_indented };
        if self.missing_ends >= MISSING_ENDS || !has_end(&cursor, pending) {
            self.missing_ends = self.missing_ends.saturating_add(1);
            return false;
        }
        self.pending.push(pending);
        self.cursor = cursor;
        self.before = Before::Value;
        true
    }

    fn heredoc_body(&mut self) -> Kind {
        let start = self.cursor.at;
        let pending = self.pending.remove(0);
        self.is_body = !self.pending.is_empty();
        if !skip_body(&mut self.cursor, pending) {
            self.broken.get_or_insert(start);
        }
        // A further body begins on the line after.
        if self.is_body && !self.cursor.skip_past(b"\n") {
            self.is_body = false;
            self.pending.clear();
        }
        Kind::HeredocBody
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token<Kind>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_over() {
            return None;
        }
        let start = self.cursor.at;
        let kind = self.token();
        // Whatever a text holds, it comes to its end.
        if self.cursor.at == start {
            self.cursor.skip(1);
        }
        Some(Token::new(kind, start, self.cursor.at))
    }
}

/// Behind the closing label; false and at the end if there is none.
fn skip_body(cursor: &mut Cursor<'_>, pending: Pending) -> bool {
    let label = &cursor.source[pending.label.0..pending.label.1];
    while !cursor.is_over() {
        let line = cursor.rest();
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        let mut text = line.strip_suffix(b"\r").unwrap_or(line);
        let length = text.len();
        if pending.is_indented {
            let blank = text.iter().take_while(|byte| is_blank(**byte)).count();
            text = &text[blank..];
        }
        if text == label {
            cursor.skip(length);
            return true;
        }
        cursor.skip(line.len() + 1);
    }
    false
}

fn has_end(cursor: &Cursor<'_>, pending: Pending) -> bool {
    let mut cursor = cursor.clone();
    cursor.skip_past(b"\n") && skip_body(&mut cursor, pending)
}

/// Keywords behind which a value is expected.
fn is_open(word: &[u8]) -> bool {
    const OPEN: [&[u8]; 22] = [
        b"if", b"unless", b"while", b"until", b"and", b"or", b"not", b"return", b"when", b"in",
        b"then", b"do", b"else", b"elsif", b"case", b"begin", b"ensure", b"rescue", b"for",
        b"yield", b"break", b"next",
    ];
    OPEN.contains(&word)
}

fn operator(rest: &[u8]) -> usize {
    const THREE: [&[u8]; 7] = [b"<=>", b"===", b"**=", b"||=", b"&&=", b"<<=", b">>="];
    const TWO: [&[u8]; 23] = [
        b"=>", b"==", b"!=", b"<=", b">=", b"=~", b"!~", b"&&", b"||", b"+=", b"-=", b"*=", b"/=",
        b"%=", b"|=", b"&=", b"^=", b"<<", b">>", b"**", b"..", b"->", b"&.",
    ];
    if THREE.iter().any(|one| rest.starts_with(one)) || rest.starts_with(b"...") {
        3
    } else if TWO.iter().any(|one| rest.starts_with(one)) {
        2
    } else {
        1
    }
}
