//! Reads a file back: what its rows come to, and that it is byte for byte what was written.

use std::path::Path;

use crate::archive::{Checked, Error, FileFact, Format};
use crate::migrate::digest::Digest;
use crate::migrate::pack::text::COPY_TEXT_END;
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

/// Sums the lines of a text file, without their line breaks, of which COPY's text has no others. The
/// last one says that it is the last.
fn text(file: &mut Checked, mut row: impl FnMut(&[u8])) -> Result<Digest, Error> {
    let (mut line, mut digest, mut ended) = (Vec::new(), Digest::default(), false);
    file.take_all(|piece| {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if line == COPY_TEXT_END && !ended {
                ended = true;
                line.clear();
            } else if !ended && let Some(whole) = line.strip_suffix(b"\n") {
                digest.add(whole);
                row(whole);
                line.clear();
            }
        }
    })?;
    if ended && line.is_empty() {
        Ok(digest)
    } else {
        Err(file.damaged("its last line is not the one that ends COPY".to_owned()))
    }
}
