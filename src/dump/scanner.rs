//! Where statements begin and end, as the server's command line client sees it: `;` or what
//! DELIMITER says, outside of quotes and comments. Memory does not hang on a statement's length,
//! as of those that bring rows only the beginning is kept.

use std::io;

use memchr::{memchr, memchr2};

use super::charset::Pairs;
use super::file::Window;

/// Of a statement that brings rows, so much is kept: its table and its columns.
const KEPT_OF_ROWS: usize = 256 * 1024;

/// Any other statement is kept whole; one that is longer than this is nobody's.
pub(super) const KEPT: usize = 16 * 1024 * 1024;

/// What ends a statement, unless told otherwise.
pub(super) const DELIMITER: &[u8] = b";";

/// As long as the servers' client lets a delimiter be.
const LONGEST_DELIMITER: usize = 15;

/// What stands between two places of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) from: u64,
    /// Behind its delimiter.
    pub(super) to: u64,
    /// Its text, without the delimiter; of one that brings rows the beginning.
    pub(super) text: Vec<u8>,
    /// Parentheses that stand in no others.
    pub(super) groups: u64,
    /// Of what stands between and behind them, commas aside, the first letters.
    pub(super) beside: Vec<u8>,
    /// Whether `text` is all of it.
    pub(super) kept: Kept,
}

/// How much of a statement is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kept {
    #[default]
    Whole,
    Beginning,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Statement,
    /// A comment that the server would not see, without its marks.
    Comment(Vec<u8>),
    /// The text ends in the middle of the statement that begins there.
    CutOff,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Code,
    Quoted(u8),
    Line,
    Block,
}

/// How strings are written at this place of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quoting {
    /// A backslash escapes (not so under NO_BACKSLASH_ESCAPES).
    pub(super) backslash: bool,
    /// The second byte of a character may be a backslash, as in GBK and Shift JIS.
    pub(super) pairs: Option<Pairs>,
}

pub(super) struct Scanner {
    pub(super) window: Window,
    pub(super) quoting: Quoting,
    pub(super) found: Found,
    delimiter: Vec<u8>,
    /// Bytes of code that may mean something.
    special: [bool; 256],
}

impl Scanner {
    pub(super) fn new(window: Window, delimiter: &[u8]) -> Self {
        let mut scanner = Self {
            window,
            quoting: Quoting { backslash: true, pairs: None },
            found: Found::default(),
            delimiter: Vec::new(),
            special: [false; 256],
        };
        scanner.delimit(delimiter);
        scanner
    }

    fn delimit(&mut self, delimiter: &[u8]) {
        self.delimiter = delimiter[..delimiter.len().min(LONGEST_DELIMITER)].to_vec();
        self.special = [false; 256];
        for byte in b"'\"`()-#/*".iter().chain(delimiter.first()) {
            self.special[usize::from(*byte)] = true;
        }
    }

    /// Reads as much as tells what kind of text it is.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        self.look_ahead(512)
    }

    /// Goes on to the next statement or comment; a statement is in `found` then.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        loop {
            self.skip_blanks()?;
            self.look_ahead(16)?;
            let rest = self.window.rest();
            if rest.is_empty() {
                return Ok(Next::End);
            }
            if rest.starts_with(b"#") || is_dashes(rest) {
                return self.comment(b"\n", 0);
            }
            // MariaDB's sandbox mode is a command of the client within a version comment.
            let sandbox = rest.starts_with(b"/*M!999999\\") || rest.starts_with(b"/*!999999\\");
            if sandbox || (rest.starts_with(b"/*") && !is_versioned(rest)) {
                return self.comment(b"*/", 2);
            }
            if rest.get(..9).is_some_and(|word| word.eq_ignore_ascii_case(b"DELIMITER"))
                && rest.get(9).is_some_and(|byte| byte.is_ascii_whitespace())
            {
                let line = self.line()?;
                let delimiter = line[9..].trim_ascii();
                if !delimiter.is_empty() {
                    self.delimit(delimiter);
                }
                continue;
            }
            if rest.starts_with(&self.delimiter) {
                let length = self.delimiter.len();
                self.window.consume(length);
                continue;
            }
            return self.statement();
        }
    }

    fn skip_blanks(&mut self) -> io::Result<()> {
        loop {
            let rest = self.window.rest();
            // A mark of byte order, as stands at the beginning of a file that was joined to others.
            if rest.starts_with(b"\xef\xbb\xbf") {
                self.window.consume(3);
                continue;
            }
            match rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
                Some(0) => return Ok(()),
                Some(at) => {
                    self.window.consume(at);
                    self.look_ahead(3)?;
                    continue;
                }
                None => self.window.consume(rest.len()),
            }
            if self.window.ended {
                return Ok(());
            }
            self.window.fill()?;
        }
    }

    fn look_ahead(&mut self, bytes: usize) -> io::Result<()> {
        while self.window.rest().len() < bytes && !self.window.ended {
            self.window.fill()?;
        }
        Ok(())
    }

    /// A comment up to its end, of which as much is given as a header may be long.
    fn comment(&mut self, end: &[u8], mark: usize) -> io::Result<Next> {
        const SHOWN: usize = 4096;
        let mut text = Vec::new();
        loop {
            let rest = self.window.rest();
            let at = memchr::memmem::find(rest, end);
            let upto = at.map_or(rest.len(), |at| at + end.len());
            let keep = upto.min(SHOWN.saturating_sub(text.len()));
            text.extend_from_slice(&rest[..keep]);
            // The end's mark may be cut in two by the block.
            let used =
                if at.is_none() && !self.window.ended { upto.saturating_sub(1) } else { upto };
            text.truncate(text.len() - (upto - used).min(text.len()));
            self.window.consume(used);
            if at.is_some() || self.window.ended {
                return Ok(Next::Comment(text.split_off(mark.min(text.len()))));
            }
            self.window.fill()?;
        }
    }

    /// A line, or as much of it as anybody writes.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        const LONGEST: usize = 4096;
        self.look_ahead(LONGEST)?;
        let rest = self.window.rest();
        let rest = &rest[..rest.len().min(LONGEST)];
        let line = rest[..memchr(b'\n', rest).unwrap_or(rest.len())].to_vec();
        self.window.consume(line.len());
        Ok(line)
    }

    fn statement(&mut self) -> io::Result<Next> {
        self.found = Found { from: self.window.position(), ..Found::default() };
        let brings_rows = brings_rows(self.window.rest());
        let limit = if brings_rows { KEPT_OF_ROWS } else { KEPT };
        let (mut mode, mut depth) = (Mode::Code, 0_u64);
        loop {
            let step = self.step(&mut mode, &mut depth);
            let rest = self.window.rest();
            let text = match step {
                Step::Ended { at, .. } | Step::More { at } => &rest[..at],
            };
            let keep = text.len().min(limit.saturating_sub(self.found.text.len()));
            self.found.text.extend_from_slice(&text[..keep]);
            if keep < text.len() {
                self.found.kept = Kept::Beginning;
            }
            match step {
                Step::Ended { behind, .. } => {
                    self.window.consume(behind);
                    self.found.to = self.window.position();
                    return Ok(Next::Statement);
                }
                Step::More { at } => self.window.consume(at),
            }
            if self.window.ended {
                self.found.to = self.window.position();
                // The last statement of a file may go without its delimiter, as the client has it.
                let whole = mode == Mode::Code && depth == 0 && !brings_rows;
                return Ok(if whole { Next::Statement } else { Next::CutOff });
            }
            self.window.fill()?;
        }
    }

    /// Looks at what the window holds.
    fn step(&mut self, mode: &mut Mode, depth: &mut u64) -> Step {
        let (rest, ended) = (self.window.rest(), self.window.ended);
        let mut at = 0;
        while at < rest.len() {
            at = match *mode {
                Mode::Code => {
                    let special = |byte: &u8| self.special[usize::from(*byte)];
                    let next = rest[at..].iter().position(special);
                    let plain = at..next.map_or(rest.len(), |next| at + next);
                    at = plain.end;
                    if *depth == 0 && self.found.groups > 0 {
                        note(&rest[plain], &mut self.found.beside);
                    }
                    if next.is_none() {
                        break;
                    }
                    // What begins here may be longer than what is there.
                    if !ended && rest.len() - at < 16 {
                        break;
                    }
                    if rest[at..].starts_with(&self.delimiter) {
                        return Step::Ended { at, behind: at + self.delimiter.len() };
                    }
                    at + code(&rest[at..], mode, (depth, &mut self.found.groups))
                }
                Mode::Quoted(quote) => match quoted(&rest[at..], quote, self.quoting) {
                    Quoted::Closed(length) => {
                        *mode = Mode::Code;
                        at + length
                    }
                    Quoted::Open(length) if ended => at + length.max(1),
                    Quoted::Open(length) => {
                        at += length;
                        break;
                    }
                },
                Mode::Line => match memchr(b'\n', &rest[at..]) {
                    Some(end) => {
                        *mode = Mode::Code;
                        at + end
                    }
                    None => rest.len(),
                },
                Mode::Block => match memchr::memmem::find(&rest[at..], b"*/") {
                    Some(end) => {
                        *mode = Mode::Code;
                        at + end + 2
                    }
                    None if ended => rest.len(),
                    None => {
                        at = at.max(rest.len() - 1);
                        break;
                    }
                },
            };
        }
        Step::More { at: at.min(rest.len()) }
    }
}

/// Keeps the first letters of what stands beside parentheses.
fn note(text: &[u8], beside: &mut Vec<u8>) {
    const KEPT: usize = 16;
    let letters = text.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b',');
    beside.extend(letters.take(KEPT.saturating_sub(beside.len())));
}

/// How far one look at the window came.
enum Step {
    /// The delimiter stands at `at`.
    Ended {
        at: usize,
        behind: usize,
    },
    More {
        at: usize,
    },
}

/// One byte of code that may mean something; how many bytes are done with.
fn code(rest: &[u8], mode: &mut Mode, (depth, groups): (&mut u64, &mut u64)) -> usize {
    match rest[0] {
        quote @ (b'\'' | b'"' | b'`') => *mode = Mode::Quoted(quote),
        b'(' => {
            *groups += u64::from(*depth == 0);
            *depth += 1;
        }
        b')' => *depth = depth.saturating_sub(1),
        b'#' => *mode = Mode::Line,
        b'-' if is_dashes(rest) => *mode = Mode::Line,
        b'/' if rest.starts_with(b"/*") => {
            if !is_versioned(rest) {
                *mode = Mode::Block;
            }
            return 2;
        }
        _ => {}
    }
    1
}

/// How a quoted text goes on.
pub(super) enum Quoted {
    /// It ends with its closing quote, behind so many bytes.
    Closed(usize),
    /// So many bytes are looked at, and it is not at its end.
    Open(usize),
}

/// Looks for the closing quote, behind the opening one. A doubled one closes the text and opens the
/// next, which comes to the same here.
pub(super) fn quoted(text: &[u8], quote: u8, quoting: Quoting) -> Quoted {
    let backslash = quoting.backslash && quote != b'`';
    let mut at = 0;
    if let Some(pairs) = quoting.pairs {
        while let Some(byte) = text.get(at) {
            match (*byte, text.get(at + 1)) {
                (byte, _) if byte == quote => return Quoted::Closed(at + 1),
                (b'\\' | 0x80.., None) => return Quoted::Open(at),
                (b'\\', Some(_)) if backslash => at += 2,
                (first, Some(second)) if pairs.is(first, *second) => at += 2,
                _ => at += 1,
            }
        }
        return Quoted::Open(text.len());
    }
    loop {
        let rest = &text[at..];
        let next = if backslash { memchr2(quote, b'\\', rest) } else { memchr(quote, rest) };
        match next {
            None => return Quoted::Open(text.len()),
            Some(found) if rest[found] == quote => return Quoted::Closed(at + found + 1),
            Some(found) if at + found + 1 == text.len() => return Quoted::Open(at + found),
            Some(found) => at += found + 2,
        }
    }
}

/// `-- `, or `--` at a line's end.
pub(super) fn is_dashes(rest: &[u8]) -> bool {
    rest.starts_with(b"--")
        && rest.get(2).is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

/// A comment whose content the server runs: `/*!50100 …`, and `MariaDB`'s `/*M!100100 …`.
pub(super) fn is_versioned(rest: &[u8]) -> bool {
    rest.starts_with(b"/*!") || rest.starts_with(b"/*M!")
}

pub(super) fn brings_rows(rest: &[u8]) -> bool {
    let starts = |word: &[u8]| {
        rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && rest.get(word.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    starts(b"INSERT") || starts(b"REPLACE")
}

/// The statement as the server reads it: comments taken out, version comments opened. Quotes are
/// copied as they are.
pub(super) fn opened(text: &[u8], quoting: Quoting) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        match rest[0] {
            quote @ (b'\'' | b'"' | b'`') => {
                let length = 1 + match quoted(&rest[1..], quote, quoting) {
                    Quoted::Closed(length) => length,
                    Quoted::Open(_) => rest.len() - 1,
                };
                out.extend_from_slice(&rest[..length]);
                at += length;
            }
            b'/' if is_versioned(rest) => {
                let mark = if rest.starts_with(b"/*M!") { 4 } else { 3 };
                let digits = rest[mark..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                out.push(b' ');
                at += mark + digits;
            }
            b'/' if rest.starts_with(b"/*") => {
                out.push(b' ');
                at += memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2);
            }
            b'*' if rest.starts_with(b"*/") => {
                out.push(b' ');
                at += 2;
            }
            b'#' => at += memchr(b'\n', rest).unwrap_or(rest.len()),
            b'-' if is_dashes(rest) => at += memchr(b'\n', rest).unwrap_or(rest.len()),
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}
