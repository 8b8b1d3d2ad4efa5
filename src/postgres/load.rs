//! Rows in and out by binary COPY.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt};
use tokio_postgres::CopyInSink;

use crate::postgres::connect::Session;
use crate::postgres::encode::{COPY_HEADER, COPY_TRAILER};
use crate::postgres::error::Error;

/// Bytes gathered before they are handed to the socket.
pub(crate) const BATCH_BYTES: usize = 256 * 1024;

/// A COPY … FROM STDIN under way. Dropped before `finish`, it is undone by the server.
pub(crate) struct Loader<'a> {
    session: &'a Session,
    sink: Pin<Box<CopyInSink<Bytes>>>,
    /// Rows that are encoded but not sent yet: field count, then the fields.
    pub(crate) buffer: Vec<u8>,
}

impl<'a> Loader<'a> {
    pub(crate) async fn start(session: &'a Session, copy: &str) -> Result<Self, Error> {
        let mut loader = Self::start_bare(session, copy).await?;
        loader.buffer.extend_from_slice(COPY_HEADER);
        Ok(loader)
    }

    /// For data that has its own beginning and end, or needs none.
    pub(crate) async fn start_bare(session: &'a Session, copy: &str) -> Result<Self, Error> {
        let sink = session.client().copy_in(copy).await.map_err(|error| session.explain(error))?;
        Ok(Self { session, sink: Box::pin(sink), buffer: Vec::with_capacity(BATCH_BYTES * 2) })
    }

    /// Whether enough has been gathered to be sent.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.buffer.len() >= BATCH_BYTES
    }

    /// Hands what is gathered to the socket; waits when the server is behind.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        let batch = std::mem::replace(&mut self.buffer, Vec::with_capacity(BATCH_BYTES * 2));
        self.sink.send(Bytes::from(batch)).await.map_err(|error| self.session.explain(error))
    }

    /// Ends the COPY; gives the number of rows that the server took.
    pub(crate) async fn finish(mut self) -> Result<u64, Error> {
        self.buffer.extend_from_slice(COPY_TRAILER);
        self.finish_bare().await
    }

    /// Ends a COPY that `start_bare` began.
    pub(crate) async fn finish_bare(mut self) -> Result<u64, Error> {
        self.flush().await?;
        self.sink.as_mut().finish().await.map_err(|error| self.session.explain(error))
    }
}

/// Runs a COPY … TO STDOUT (FORMAT binary) and calls `row` with the fields of each row.
pub(crate) async fn read_back(
    session: &Session,
    copy: &str,
    mut row: impl FnMut(&[u8]),
) -> Result<(), Error> {
    let stream = session.client().copy_out(copy).await.map_err(|error| session.explain(error))?;
    let mut stream = std::pin::pin!(stream);
    let mut head = COPY_HEADER.len();
    while let Some(message) = stream.try_next().await.map_err(|error| session.explain(error))? {
        // The header stands before the first row; every message holds whole rows.
        let mut rest = message.get(head..).ok_or_else(|| malformed(session))?;
        head = 0;
        while rest.len() >= 2 && rest != COPY_TRAILER {
            let length = tuple_length(rest).ok_or_else(|| malformed(session))?;
            row(&rest[2..length]);
            rest = &rest[length..];
        }
    }
    Ok(())
}

/// Reads a binary COPY that comes in pieces of any length, as from a file. What it holds is bounded by
/// a piece and a row.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// What is not a whole row yet.
    rest: Vec<u8>,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Header,
    Rows,
    Ended,
}

/// Binary COPY data that cannot be; the words say why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoCopy(pub(crate) &'static str);

impl Pieces {
    /// Calls `row` with the fields of each row that is whole now.
    pub(crate) fn feed(&mut self, piece: &[u8], mut row: impl FnMut(&[u8])) -> Result<(), NoCopy> {
        self.rest.extend_from_slice(piece);
        let mut at = 0;
        if self.place == Place::Header && self.rest.len() >= COPY_HEADER.len() {
            if !self.rest.starts_with(COPY_HEADER) {
                return Err(NoCopy("it does not begin as a binary COPY does"));
            }
            at = COPY_HEADER.len();
            self.place = Place::Rows;
        }
        while self.place == Place::Rows && self.rest.len() - at >= 2 {
            let rest = &self.rest[at..];
            if rest.starts_with(COPY_TRAILER) {
                self.place = Place::Ended;
                at += COPY_TRAILER.len();
            } else if let Some(length) = tuple_length(rest) {
                row(&rest[2..length]);
                at += length;
            } else {
                break;
            }
        }
        self.rest.drain(..at);
        if self.place == Place::Ended && !self.rest.is_empty() {
            return Err(NoCopy("something stands behind its end"));
        }
        Ok(())
    }

    /// Whether the end was there.
    pub(crate) fn end(&self) -> Result<(), NoCopy> {
        if self.place == Place::Ended { Ok(()) } else { Err(NoCopy("its end is missing")) }
    }
}

/// Calls `row` with the fields of each of the rows, which are whole.
pub(crate) fn each_row(mut rows: &[u8], mut row: impl FnMut(&[u8])) {
    while let Some(length) = tuple_length(rows).filter(|length| *length > 0) {
        row(&rows[2..length]);
        rows = &rows[length..];
    }
}

fn malformed(session: &Session) -> Error {
    Error::Unreadable {
        address: session.address().to_owned(),
        what: "binary COPY data whose rows do not add up".to_owned(),
    }
}

/// The bytes of the row that `data` starts with, its field count included.
#[inline]
fn tuple_length(data: &[u8]) -> Option<usize> {
    let (count, _) = data.split_first_chunk::<2>()?;
    let mut at = 2;
    for _ in 0..i16::from_be_bytes(*count) {
        let length = i32::from_be_bytes(*data.get(at..)?.first_chunk::<4>()?);
        at += 4 + usize::try_from(length).unwrap_or(0);
    }
    (at <= data.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::{NoCopy, Pieces, each_row, tuple_length};
    use crate::postgres::encode::{COPY_HEADER, COPY_TRAILER};

    #[test]
    fn pieces_of_any_length_give_the_same_rows() {
        let rows: [&[u8]; 3] = [&[0, 0, 0, 1, 7], &[255; 4], &[0, 0, 0, 0]];
        let tuples = rows.map(|row| [[0, 1].as_slice(), row].concat()).concat();
        let copy = [COPY_HEADER, &tuples, COPY_TRAILER].concat();
        for length in 1..=copy.len() {
            let (mut pieces, mut found) = (Pieces::default(), Vec::new());
            for piece in copy.chunks(length) {
                assert!(pieces.end().is_err());
                pieces.feed(piece, |row| found.push(row.to_vec())).unwrap();
            }
            assert_eq!(
                (pieces.end(), found.as_slice()),
                (Ok(()), rows.map(<[u8]>::to_vec).as_slice())
            );
            assert!(pieces.feed(b"x", |_row| ()).is_err());
        }
        let short = Pieces::default().feed(b"PGCOPY but not as it should be", |_row| ());
        assert_eq!(short, Err(NoCopy("it does not begin as a binary COPY does")));
        let mut found = Vec::new();
        each_row(&tuples, |row| found.push(row.to_vec()));
        assert_eq!(found, rows);
    }

    #[test]
    fn a_row_is_as_long_as_its_fields() {
        assert_eq!(tuple_length(&[0, 0]), Some(2));
        assert_eq!(tuple_length(&[0, 1, 255, 255, 255, 255, 9]), Some(6));
        assert_eq!(tuple_length(&[0, 2, 0, 0, 0, 1, 7, 255, 255, 255, 255]), Some(11));
        assert_eq!(tuple_length(&[0, 1, 0, 0, 0, 9, 7]), None);
        assert_eq!(tuple_length(&[0, 1, 0, 0]), None);
    }
}
