//! Reads a file back: what its rows come to, and that it is byte for byte what was written.

use std::path::Path;

use crate::archive::{Checked, Error, FileFact, Format};
use crate::migrate::digest::Digest;
use crate::postgres::load::Pieces;

/// The digest of the rows of a file. Blocks.
pub(super) fn digest(folder: &Path, fact: &FileFact, format: Format) -> Result<Digest, Error> {
    rows(&mut Checked::open(folder, fact)?, format, |_row| ())
}

/// Shows each row of a file, as its fields or as its line, and sums them.
pub(crate) fn rows(
    file: &mut Checked,
    format: Format,
    row: impl FnMut(&[u8]),
) -> Result<Digest, Error> {
    match format {
        Format::Binary => binary(file, row),
        Format::Text => text(file, row),
    }
}

/// Shows each row of a binary file, as its fields, and sums them.
pub(crate) fn binary(file: &mut Checked, mut row: impl FnMut(&[u8])) -> Result<Digest, Error> {
    let (mut pieces, mut digest, mut broken) = (Pieces::default(), Digest::default(), None);
    file.take_all(|piece| {
        if broken.is_none() {
            let fed = pieces.feed(piece, |fields| {
                digest.add(fields);
                row(fields);
            });
            broken = fed.err();
        }
    })?;
    match broken.map_or_else(|| pieces.end(), Err) {
        Ok(()) => Ok(digest),
        Err(no_copy) => Err(file.damaged(no_copy.0.to_owned())),
    }
}

/// Sums the lines of a text file, without their line breaks, of which COPY's text has no others.
fn text(file: &mut Checked, mut row: impl FnMut(&[u8])) -> Result<Digest, Error> {
    let (mut line, mut digest) = (Vec::new(), Digest::default());
    file.take_all(|piece| {
        let mut parts = piece.split(|byte| *byte == b'\n');
        line.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            digest.add(&line);
            row(&line);
            line.clear();
            line.extend_from_slice(part);
        }
    })?;
    if line.is_empty() {
        Ok(digest)
    } else {
        Err(file.damaged("its last line has no end".to_owned()))
    }
}
