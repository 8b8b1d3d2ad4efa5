//! What is written on: one of the two streams, its width, and whether it takes colour.

use std::io::{self, Write};

use console::Term;

use crate::environment::Environment;
use crate::ui::UiError;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Data.
    Stdout,
    /// Talk.
    Stderr,
}

/// What stands behind a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// A terminal whose cursor moves.
    Terminal,
    /// A terminal that only prints on (`TERM=dumb`), a file, a pipe, a journal.
    Roll,
}

/// Whether escape codes for colour may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Coloured,
    Plain,
}

/// What a piece of text means; what it looks like follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warning,
    Error,
    Strong,
    Faint,
}

impl Ink {
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if self == Self::Plain || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Error => "1;31",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// A stream as it is at the start of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paper {
    pub(crate) stream: Stream,
    pub(crate) behind: Behind,
    pub(crate) ink: Ink,
    /// Columns, if it is a terminal; elsewhere lines are as long as they are.
    pub(crate) width: Option<usize>,
    /// Rows, if it is a terminal.
    pub(crate) height: Option<usize>,
}

impl Paper {
    /// `NO_COLOR` takes the colour, `TERM=dumb` also the moving cursor.
    pub(crate) fn of(stream: Stream, environment: &Environment) -> Self {
        let term = match stream {
            Stream::Stdout => Term::stdout(),
            Stream::Stderr => Term::stderr(),
        };
        let size = if term.is_term() { term.size_checked() } else { None };
        let dumb = environment.get("TERM").is_none_or(|term| term == "dumb");
        let behind = if size.is_some() && !dumb { Behind::Terminal } else { Behind::Roll };
        let ink = if behind == Behind::Terminal && environment.get("NO_COLOR").is_none() {
            Ink::Coloured
        } else {
            Ink::Plain
        };
        let (height, width) = size.map(|(rows, columns)| (rows.into(), columns.into())).unzip();
        Self { stream, behind, ink, width, height }
    }

    /// For tests: a file.
    #[cfg(test)]
    pub(crate) fn roll() -> Self {
        let (stream, behind, ink) = (Stream::Stdout, Behind::Roll, Ink::Plain);
        Self { stream, behind, ink, width: None, height: None }
    }

    /// For tests: a terminal without colour.
    #[cfg(test)]
    pub(crate) fn terminal(width: usize, height: usize) -> Self {
        let (width, height) = (Some(width), Some(height));
        Self { behind: Behind::Terminal, width, height, ..Self::roll() }
    }

    /// Writes and flushes. A reader of stdout that has seen enough (`| head`) is no error; talk
    /// that nobody can hear is none either.
    pub(crate) fn write(&self, text: &str) -> Result<(), UiError> {
        let written = match self.stream {
            Stream::Stdout => all(&mut io::stdout().lock(), text),
            Stream::Stderr => {
                // There is no third stream to say it on, and the work matters more.
                let _ = all(&mut io::stderr().lock(), text);
                return Ok(());
            }
        };
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(UiError::Stdout(error)),
            _ => Ok(()),
        }
    }
}

fn all(stream: &mut impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Text of a database, made harmless: a name or a value may hold a line break or an escape code,
/// which would tear a table apart or drive the terminal.
pub(crate) fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            safe.extend(letter.escape_default());
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// The same for text whose line breaks may stay.
pub(crate) fn harmless_lines(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}
