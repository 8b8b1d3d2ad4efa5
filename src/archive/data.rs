//! Files of rows, written in one go: compressed if that is asked for, and summed on their way.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use zstd::stream::write::Encoder;

use crate::archive::error::Error;
use crate::archive::manifest::{Compression, FileFact};

/// A little slower than the disk, and a third of its size, as rows go.
const LEVEL: i32 = 3;

/// A file under way.
pub(crate) struct DataFile {
    at: PathBuf,
    path: String,
    out: Out,
    /// Bytes that were given to it.
    taken: u64,
}

enum Out {
    Plain(Summed),
    Gzip(Box<GzEncoder<Summed>>),
    Zstd(Box<Encoder<'static, Summed>>),
}

/// A file that knows what was written to it.
struct Summed {
    file: File,
    sum: Sha256,
    bytes: u64,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl DataFile {
    pub(super) fn create(
        folder: &Path,
        path: String,
        compression: Compression,
    ) -> Result<Self, Error> {
        let at = folder.join(&path);
        let create = || {
            let mut file = OpenOptions::new();
            let file = file.write(true).create_new(true).mode(0o600).open(&at)?;
            let summed = Summed { file, sum: Sha256::new(), bytes: 0 };
            Ok(match compression {
                Compression::None => Out::Plain(summed),
                // gzip's own level in stock, and pg_dump's.
                Compression::Gzip => {
                    Out::Gzip(Box::new(GzEncoder::new(summed, flate2::Compression::default())))
                }
                Compression::Zstd => {
                    let mut encoder = Encoder::new(summed, LEVEL)?;
                    encoder.include_checksum(true)?;
                    Out::Zstd(Box::new(encoder))
                }
            })
        };
        match create() {
            Ok(out) => Ok(Self { at, path, out, taken: 0 }),
            Err(source) => Err(Error::Write { path: at, source }),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.out {
            Out::Plain(file) => file.write_all(bytes),
            Out::Gzip(encoder) => encoder.write_all(bytes),
            Out::Zstd(encoder) => encoder.write_all(bytes),
        };
        self.taken += bytes.len() as u64;
        written.map_err(|source| Error::Write { path: self.at.clone(), source })
    }

    /// Bytes that were given to it.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Ends it, on the disk.
    pub(crate) fn finish(self) -> Result<FileFact, Error> {
        let Self { at, path, out, .. } = self;
        let end = || {
            let summed = match out {
                Out::Plain(summed) => summed,
                Out::Gzip(encoder) => encoder.finish()?,
                Out::Zstd(encoder) => encoder.finish()?,
            };
            summed.file.sync_all()?;
            Ok(summed)
        };
        match end() {
            Ok(summed) => Ok(FileFact { path, bytes: summed.bytes, sha256: hex(summed.sum) }),
            Err(source) => Err(Error::Write { path: at, source }),
        }
    }
}

/// The SHA-256 of a text, in hexadecimal.
pub(super) fn sum(text: &[u8]) -> String {
    hex(Sha256::new_with_prefix(text))
}

pub(super) fn hex(sum: Sha256) -> String {
    sum.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
