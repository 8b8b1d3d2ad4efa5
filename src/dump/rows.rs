//! Rows of one table, in the form of the binary protocol.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Dump;
use super::counted::Counter;
use super::error::Error;
use super::fields;
use super::file::Window;
use super::literal::{self, Kind, Literal, Parsed};
use super::piece::{Piece, RowForm};
use super::slot::{Slot, Slots};
use super::value::Decoder;
use crate::mysql::wire::{Buffered, ColumnDefinition};

/// The rows of some pieces, one after the other.
pub(crate) struct Rows {
    dump: Arc<Dump>,
    pieces: VecDeque<Piece>,
    /// What is read of the first piece.
    window: Option<Window>,
    /// Where it stands: before a statement, or within one.
    within: Within,
    slots: Slots,
    decoders: Vec<Decoder>,
    /// Of a column that rows leave to the server.
    counter: Option<Counter>,
    definitions: Vec<ColumnDefinition>,
    literals: Vec<Literal>,
    row: Vec<u8>,
    scratch: Vec<u8>,
    /// Bytes of the dump that were read.
    read: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    File,
    Statement,
}

/// As `Buffered`, without the borrow.
enum Step {
    Row,
    Incomplete,
    Again,
}

impl Rows {
    pub(super) fn new(
        dump: &Arc<Dump>,
        (slots, decoders, counter): (Slots, Vec<Decoder>, Option<Counter>),
        pieces: Vec<Piece>,
    ) -> Self {
        let definitions = decoders.iter().map(|decoder| decoder.definition.clone()).collect();
        Self {
            dump: Arc::clone(dump),
            pieces: pieces.into(),
            window: None,
            within: Within::File,
            slots,
            decoders,
            counter,
            definitions,
            literals: Vec::new(),
            row: Vec::new(),
            scratch: Vec::new(),
            read: 0,
        }
    }

    /// Counts from this number, if there is something to count.
    pub(super) fn count_from(&mut self, next: u64) {
        if let Some(counter) = &mut self.counter {
            counter.next = Some(next);
        }
    }

    /// The next number behind what was read.
    pub(super) fn counted(&self) -> Option<u64> {
        self.counter.and_then(|counter| counter.next)
    }

    pub(crate) fn columns(&self) -> &[ColumnDefinition] {
        &self.definitions
    }

    /// Bytes of the dump that were read since this was asked last.
    pub(crate) fn bytes_read(&mut self) -> u64 {
        std::mem::take(&mut self.read)
    }

    /// The next row, if it lies whole in what was read.
    #[inline]
    pub(crate) fn next_buffered(&mut self) -> Result<Buffered<'_>, Error> {
        loop {
            let (Some(piece), Some(window)) = (self.pieces.front(), &self.window) else {
                let none = self.pieces.is_empty();
                return Ok(if none { Buffered::End } else { Buffered::Incomplete });
            };
            let step = match &piece.form {
                RowForm::Statements => self.statement()?,
                RowForm::Fields(format) => {
                    let parsed =
                        fields::row(window.rest(), format, window.ended, &mut self.literals);
                    let done = window.ended && window.rest().is_empty();
                    if done {
                        self.end_piece()
                    } else if window.ended && parsed == Parsed::Incomplete {
                        return Err(self.unreadable(0, "a line that has no end"));
                    } else {
                        self.parsed(parsed)?
                    }
                }
            };
            match step {
                Step::Row => return Ok(Buffered::Row(&self.row)),
                Step::Incomplete => return Ok(Buffered::Incomplete),
                Step::Again => {}
            }
        }
    }

    fn end_piece(&mut self) -> Step {
        self.pieces.pop_front();
        if let Some(next) = self.pieces.front().and_then(|piece| piece.counts_from) {
            self.count_from(next);
        }
        self.window = None;
        self.within = Within::File;
        Step::Again
    }

    /// The next row of a statement, or the way to it.
    fn statement(&mut self) -> Result<Step, Error> {
        let Some(window) = self.window.as_mut() else { return Ok(Step::Incomplete) };
        let Some(blank) = literal::blanks(window.rest()) else {
            if !window.ended {
                return Ok(Step::Incomplete);
            }
            let rest = window.rest().len();
            window.consume(rest);
            return Ok(self.end_piece());
        };
        window.consume(blank);
        let rest = window.rest();
        match (self.within, rest[0]) {
            (Within::File, b';') => {
                window.consume(1);
                Ok(Step::Again)
            }
            (Within::File, _) => match literal::head(rest) {
                Ok(Some(head)) => {
                    window.consume(head.bytes);
                    self.within = Within::Statement;
                    self.slots.columns(head.columns.as_deref());
                    Ok(Step::Again)
                }
                Ok(None) if !window.ended => Ok(Step::Incomplete),
                Ok(None) => Err(self.unreadable(0, "an INSERT that has no end")),
                Err(what) => Err(self.unreadable(0, what)),
            },
            (Within::Statement, b',') => {
                window.consume(1);
                Ok(Step::Again)
            }
            (Within::Statement, b'(') => {
                let quoting = self.pieces[0].around.quoting;
                let parsed = literal::row(rest, quoting, &mut self.literals);
                if parsed == Parsed::Incomplete && window.ended {
                    return Err(self.unreadable(0, "a row that has no end"));
                }
                self.parsed(parsed)
            }
            (Within::Statement, b';') => {
                window.consume(1);
                self.within = Within::File;
                Ok(Step::Again)
            }
            (Within::Statement, _) => {
                Err(self.unreadable(0, "something behind the rows that cannot be read"))
            }
        }
    }

    /// A row that was found, or what kept it from being found.
    fn parsed(&mut self, parsed: Parsed) -> Result<Step, Error> {
        match parsed {
            Parsed::Row(length) => {
                self.encode()?;
                if let Some(window) = &mut self.window {
                    window.consume(length);
                }
                Ok(Step::Row)
            }
            Parsed::Incomplete => Ok(Step::Incomplete),
            Parsed::Problem { at, what } => Err(self.unreadable(at, what)),
        }
    }

    /// The row's values in the order that was asked for, behind the bitmap of NULLs.
    fn encode(&mut self) -> Result<(), Error> {
        let Self { window, pieces, slots, decoders, counter, literals, row, scratch, .. } = self;
        let (Some(window), Some(piece)) = (window, pieces.front()) else { return Ok(()) };
        let problem = |column: &str, what: String| {
            let path = self.dump.files[piece.file].path.clone();
            Error::Value { path, at: window.position(), column: column.to_owned(), what }
        };
        let text = window.rest();
        if let RowForm::Fields(format) = &piece.form {
            slots.fields(format);
        }
        let slots = slots.of(literals.len()).map_err(|what| problem("*", what))?;
        if let RowForm::Fields(format) = &piece.form {
            slots.decode(format, literals);
        }
        row.clear();
        row.resize((decoders.len() + 2).div_ceil(8), 0);
        for (index, (slot, decoder)) in slots.slots.iter().zip(decoders).enumerate() {
            let counter = counter.as_mut().filter(|counter| counter.at == index);
            let begin = row.len();
            let slot = match slot {
                Slot::At(at) if literals[*at].kind == Kind::Default => &slots.unsaid[index],
                slot => slot,
            };
            let null = match slot {
                Slot::At(at) => {
                    let literal = &literals[*at];
                    if literal.kind != Kind::Null {
                        let within = (piece.around, &mut *scratch);
                        let decoded = decoder.decode(text, literal, within, row);
                        decoded.map_err(|what| problem(&decoder.definition.name, what))?;
                    }
                    literal.kind == Kind::Null
                }
                Slot::Null => true,
                Slot::Encoded(value) => {
                    row.extend_from_slice(value);
                    false
                }
                Slot::Missing(_) if counter.is_some() => true,
                Slot::Missing(what) => {
                    return Err(problem(&decoder.definition.name, what.clone()));
                }
            };
            match counter {
                Some(counter) if null => {
                    counter.give(row).map_err(|what| problem(&decoder.definition.name, what))?;
                }
                Some(counter) => counter.pass(&row[begin..]),
                None if null => row[(index + 2) / 8] |= 1 << ((index + 2) % 8),
                None => {}
            }
        }
        Ok(())
    }

    #[cold]
    fn unreadable(&self, ahead: usize, what: &str) -> Error {
        let file = self.pieces.front().map_or(0, |piece| piece.file);
        let at = self.window.as_ref().map_or(0, Window::position) + ahead as u64;
        let path = self.dump.files[file].path.clone();
        Error::Unreadable { path, at, what: what.to_owned() }
    }

    /// Reads more of the dump, on a thread that may wait for a disk.
    pub(crate) async fn fill(&mut self) -> Result<(), Error> {
        let Some(piece) = self.pieces.front().cloned() else { return Ok(()) };
        let (dump, window) = (Arc::clone(&self.dump), self.window.take());
        let filled = tokio::task::spawn_blocking(move || filled(&dump, &piece, window)).await;
        self.take(filled.map_err(|panic| Error::Panicked(panic.to_string()))??);
        Ok(())
    }

    fn take(&mut self, (window, read): (Window, u64)) {
        self.read += read;
        self.window = Some(window);
    }

    /// The same, on this thread.
    pub(super) fn fill_now(&mut self) -> Result<(), Error> {
        let Some(piece) = self.pieces.front().cloned() else { return Ok(()) };
        let window = self.window.take();
        self.take(filled(&self.dump, &piece, window)?);
        Ok(())
    }
}

/// A piece's window with more in it, opened if it is not, and how many bytes were read.
fn filled(dump: &Dump, piece: &Piece, window: Option<Window>) -> Result<(Window, u64), Error> {
    let file = &dump.files[piece.file];
    let mut window = match window {
        Some(window) => window,
        None => Window::new(file, piece.from, piece.to)?,
    };
    let before = window.held_to();
    if window.is_full() {
        let (path, at) = (file.path.clone(), window.position());
        let what = "a row that is longer than any that PostgreSQL takes".to_owned();
        return Err(Error::Unreadable { path, at, what });
    }
    window.fill().map_err(|source| file.failed(before, source))?;
    let read = window.held_to() - before;
    Ok((window, read))
}
