//! Files of rows, and the chance that fills them.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

/// A row a line.
pub(crate) fn write_rows(path: &Path, rows: impl Iterator<Item = impl Display>) -> Result<()> {
    let mut file = create(path)?;
    for row in rows {
        writeln!(file, "{row}")?;
    }
    file.flush()
}

pub(crate) fn create(path: &Path) -> Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

/// Appends a value that may have any bytes as LOAD DATA reads them back.
pub(crate) fn escape(value: &[u8], row: &mut Vec<u8>) {
    for &byte in value {
        match byte {
            b'\\' | b'|' => row.extend([b'\\', byte]),
            b'\n' => row.extend(b"\\n"),
            0 => row.extend(b"\\0"),
            _ => row.push(byte),
        }
    }
}

/// The same numbers for the same seed, for ever: splitmix64.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From zero up to the limit, without it.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// Text of about so many bytes, in several scripts.
    pub(crate) fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            text.push_str(WORDS[self.below(WORDS.len() as u64) as usize]);
            text.push(' ');
        }
        text
    }
}

const WORDS: [&str; 16] = [
    "the",
    "order",
    "of",
    "delivery",
    "invoice",
    "warehouse",
    "Grüße",
    "façade",
    "naïve",
    "Ελλάδα",
    "москва",
    "東京",
    "서울",
    "🚚",
    "paid",
    "returned",
];
