//! The first look at a file of fields: how many rows it has, where it may be cut, and whether it
//! goes on to the end of a row.

use super::error::Error;
use super::fields;
use super::file::{File, Window};
use super::format::Format;
use super::literal::{Kind, Literal, Parsed};

/// Bytes of a file that one piece should hold.
const CUT_BYTES: u64 = 4 * 1024 * 1024;

/// What a file of fields holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    /// Beginning, end and rows of each piece.
    pub(super) pieces: Vec<(u64, u64, u64)>,
    /// Where its last row begins, if that has no end, and where the file ends.
    pub(super) cut_off: Option<(u64, u64)>,
    /// The fields of its first row.
    pub(super) width: usize,
    pub(super) marks: Marks,
}

/// What is seen of marks that a file may have been written with, and that nobody tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    rows: u64,
    /// Rows that end with a carriage return.
    returns: u64,
    /// Fields in quotes, and texts that are not.
    enclosed: u64,
    bare: u64,
    /// `\N`, and what it is with another letter for escapes, or with none.
    nulls: u64,
    other_nulls: u64,
}

impl Marks {
    fn look(&mut self, row: &[u8], literals: &[Literal]) {
        self.rows += 1;
        self.returns += u64::from(row.ends_with(b"\r\n"));
        for literal in literals {
            match &row[literal.bytes.clone()] {
                _ if literal.kind == Kind::Null => self.nulls += 1,
                [b'"', .., b'"'] | [b'\'', .., b'\''] => self.enclosed += 1,
                b"NULL" => self.other_nulls += 1,
                [mark, b'N'] if mark.is_ascii_punctuation() => self.other_nulls += 1,
                field => self.bare += u64::from(field.iter().any(u8::is_ascii_alphabetic)),
            }
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.returns += other.returns;
        self.enclosed += other.enclosed;
        self.bare += other.bare;
        self.nulls += other.nulls;
        self.other_nulls += other.other_nulls;
    }

    /// Why the files are read wrong with the default marks, as far as all of their rows tell it.
    pub(super) fn suspicion(&self) -> Option<&'static str> {
        match self {
            Self { rows: rows @ 1.., returns, .. } if returns == rows => {
                Some("every line ends with a carriage return (--lines-terminated-by)")
            }
            Self { enclosed: 1.., bare: 0, .. } => {
                Some("every text stands in quotes (--fields-enclosed-by)")
            }
            Self { nulls: 0, other_nulls: 1.., .. } => {
                Some("NULLs are written with another letter than a backslash (--fields-escaped-by)")
            }
            _ => None,
        }
    }
}

/// Reads all of it, behind its header.
pub(super) fn read(file: &File, format: &Format, header: u64) -> Result<Lines, Error> {
    let begin = file.behind_lines(header, &format.terminator)?;
    let mut window = Window::new(file, begin, u64::MAX)?;
    let (mut lines, mut literals) = (Lines::default(), Vec::new());
    let (mut from, mut rows) = (begin, 0);
    loop {
        let rest = window.rest();
        if rest.is_empty() && window.ended {
            break;
        }
        match fields::row(rest, format, window.ended, &mut literals) {
            Parsed::Row(length) => {
                lines.marks.look(&rest[..length], &literals);
                if lines.width == 0 {
                    lines.width = literals.len();
                }
                window.consume(length);
                rows += 1;
                let at = window.position();
                if at - from >= CUT_BYTES && file.is_plain() {
                    lines.pieces.push((from, at, rows));
                    (from, rows) = (at, 0);
                }
            }
            Parsed::Incomplete if window.ended => {
                lines.cut_off = Some((window.position(), window.held_to()));
                break;
            }
            Parsed::Incomplete => more(&mut window, file)?,
            Parsed::Problem { at, what } => {
                let (path, at) = (file.path.clone(), window.position() + at as u64);
                return Err(Error::Unreadable { path, at, what: what.to_owned() });
            }
        }
    }
    let to = if file.is_plain() { window.position() } else { u64::MAX };
    if rows > 0 {
        lines.pieces.push((from, to, rows));
    }
    Ok(lines)
}

fn more(window: &mut Window, file: &File) -> Result<(), Error> {
    let at = window.held_to();
    if window.is_full() {
        let (path, at) = (file.path.clone(), window.position());
        let what = "a row that is longer than any that PostgreSQL takes".to_owned();
        return Err(Error::Unreadable { path, at, what });
    }
    window.fill().map_err(|source| file.failed(at, source))
}

#[cfg(test)]
mod tests {
    use super::{Format, Lines, read};
    use crate::dump::file::File;

    fn lines(text: &str, format: &Format, header: u64) -> Lines {
        read(&File::of_bytes(text.as_bytes()).unwrap(), format, header).unwrap()
    }

    fn rows(lines: &Lines) -> u64 {
        lines.pieces.iter().map(|(_, _, rows)| rows).sum()
    }

    #[test]
    fn rows_are_counted_and_an_end_is_missed() {
        let tabs = Format::default();
        let of = |text| {
            let found = lines(text, &tabs, 0);
            (rows(&found), found.cut_off)
        };
        assert_eq!(of(""), (0, None));
        assert_eq!(of("1\ta\\\nb\n2\tc\n"), (2, None));
        assert_eq!(of("1\ta\n2\tc"), (1, Some((4, 7))));
        // The end of a line that is a letter.
        assert_eq!(of("1\ta\n2\tc\\\n"), (1, Some((4, 9))));
        let quoted = Format {
            separator: b",".to_vec(),
            enclosed: Some(b'"'),
            terminator: b"\r\n".to_vec(),
            ..Format::default()
        };
        let found = lines("id,w\r\n1,\"a\r\n\"\r\n2,\"b\"\r\n", &quoted, 1);
        assert_eq!(found.pieces, [(6, 22, 2)]);
    }

    #[test]
    fn other_marks_than_the_default_ones_are_noticed() {
        for (text, what) in [
            ("1\ta\n2\t\\N\n", None),
            ("1\ta\r\n2\t\\N\r\n", Some("--lines-terminated-by")),
            ("1\ta\r\n2\tb\n", None),
            ("\"1\"\t\"a\"\n\"2\"\t\\N\n", Some("--fields-enclosed-by")),
            ("1\t\"a\"\n2\tb\n", None),
            ("1\tNULL\n", Some("--fields-escaped-by")),
            ("1\t^N\n", Some("--fields-escaped-by")),
            ("1\tNULL\n2\t\\N\n", None),
        ] {
            let found = lines(text, &Format::default(), 0).marks.suspicion();
            assert_eq!(found.is_some(), what.is_some(), "{text}");
            assert!(found.unwrap_or_default().contains(what.unwrap_or_default()), "{text}");
        }
    }

    #[test]
    fn a_long_file_is_cut_at_rows() {
        let row = format!("1\t{}\n", "x\\\n".repeat(1000));
        let text = row.repeat(3000);
        let found = lines(&text, &Format::default(), 0);
        assert_eq!((rows(&found), found.cut_off), (3000, None));
        assert!(found.pieces.len() > 1, "{:?}", found.pieces);
        let mut at = 0;
        for (from, to, rows) in found.pieces {
            assert_eq!((from, to), (at, from + rows * row.len() as u64));
            at = to;
        }
        assert_eq!(at, text.len() as u64);
    }
}
