//! The files of a dump: read from any place, whatever they are compressed with.
//!
//! A dump of one file is read several times, and by several readers at once. One that is compressed,
//! or arrives on standard input, is therefore kept, decompressed, in a file without a name in the
//! folder for temporary files; it goes with the process. The files of a folder are read as they
//! are, each from its beginning.

use std::fs;
use std::io::{self, BufReader, Read, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use liblzma::stream::{CONCATENATED, Stream};

use super::error::Error;

/// Bytes that are read at once.
const BLOCK: usize = 256 * 1024;

/// Memory that a compressed file may ask for. What xz -9 writes takes 65 MiB, and zstd's reader has
/// a limit of its own, of 128.
const DECOMPRESSOR: u64 = 256 * 1024 * 1024;

/// One file.
#[derive(Debug)]
pub(super) struct File {
    /// As it is told.
    pub(super) path: String,
    form: Form,
    /// Bytes of the file.
    pub(super) bytes: u64,
}

#[derive(Debug)]
enum Form {
    Plain(Arc<fs::File>),
    Compressed(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Codec {
    /// By the first bytes: names of files say this and that.
    fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // Or a frame to be skipped, as pzstd writes first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::Plain,
        }
    }

    fn decode(self, from: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        let from = BufReader::with_capacity(BLOCK, from);
        Ok(match self {
            Self::Plain => Box::new(from),
            // Each may be several streams, one behind the other, as parallel compressors write.
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(from)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(from)?),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(from)),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(DECOMPRESSOR, CONCATENATED)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(from, stream))
            }
        })
    }
}

impl File {
    /// A file of a folder, which is left as it is.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let told = path.display().to_string();
        let opened = || {
            let file = fs::File::open(path)?;
            let mut start = [0; 6];
            let read = file.read_at(&mut start, 0)?;
            Ok((file, Codec::of(&start[..read])))
        };
        let (file, codec) = opened().map_err(|source| io_error(&told, source))?;
        if codec == Codec::Plain {
            return Self::plain(told, file);
        }
        let bytes = file.metadata().map_err(|source| io_error(&told, source))?.len();
        Ok(Self { path: told, form: Form::Compressed(path.to_owned()), bytes })
    }

    fn plain(path: String, file: fs::File) -> Result<Self, Error> {
        let bytes = file.metadata().map_err(|source| io_error(&path, source))?.len();
        Ok(Self { path, form: Form::Plain(Arc::new(file)), bytes })
    }

    /// The one file of a dump: what cannot be read from any place is kept where it can.
    pub(super) fn open_alone(path: &Path) -> Result<Self, Error> {
        let file = Self::open(path)?;
        let told = file.path.clone();
        // A pipe, as a shell's <(…) is one, has no length and can be read once.
        let pipe = fs::metadata(path).is_ok_and(|found| !found.is_file());
        match &file.form {
            Form::Plain(_) if !pipe => Ok(file),
            Form::Plain(_) => {
                let pipe = fs::File::open(path).map_err(|source| io_error(&told, source))?;
                Self::keep(told, pipe)
            }
            Form::Compressed(_) => {
                let text = file.text_from(0)?;
                Self::keep(told, text)
            }
        }
    }

    pub(super) fn standard_input() -> Result<Self, Error> {
        Self::keep("standard input".to_owned(), io::stdin())
    }

    /// For fuzzers and tests.
    #[cfg(any(fuzzing, test))]
    pub(super) fn of_bytes(data: &[u8]) -> Result<Self, Error> {
        Self::keep("fuzz".to_owned(), io::Cursor::new(data.to_vec()))
    }

    /// Reads it to its end, into a file without a name.
    fn keep(path: String, mut from: impl Read + Send + 'static) -> Result<Self, Error> {
        let mut start = Vec::new();
        let begun = from.by_ref().take(6).read_to_end(&mut start);
        begun.map_err(|source| io_error(&path, source))?;
        let codec = Codec::of(&start);
        let text = codec.decode(io::Cursor::new(start).chain(from));
        let mut text = text.map_err(|source| io_error(&path, source))?;
        let folder = std::env::temp_dir();
        let no_room = |source| Error::Spool { path: path.clone(), folder: folder.clone(), source };
        let mut file = tempfile::tempfile_in(&folder).map_err(no_room)?;
        let (mut block, mut at) = (vec![0; BLOCK], 0);
        loop {
            let read = match text.read(&mut block) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(failed(path, at, source)),
            };
            file.write_all(&block[..read]).map_err(no_room)?;
            at += read as u64;
        }
        Self::plain(path, file)
    }

    /// Whether it can be read from any place.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.form, Form::Plain(_))
    }

    /// What reading it came to, so far behind its beginning.
    pub(super) fn failed(&self, at: u64, source: io::Error) -> Error {
        failed(self.path.clone(), at, source)
    }

    /// The place behind the first lines, by what ends them.
    pub(super) fn behind_lines(&self, lines: u64, terminator: &[u8]) -> Result<u64, Error> {
        let mut window = Window::new(self, 0, u64::MAX)?;
        for _ in 0..lines {
            loop {
                if let Some(end) = memchr::memmem::find(window.rest(), terminator) {
                    window.consume(end + terminator.len());
                    break;
                }
                if window.ended || window.is_full() {
                    return Ok(window.held_to());
                }
                let at = window.held_to();
                window.fill().map_err(|source| self.failed(at, source))?;
            }
        }
        Ok(window.position())
    }

    /// Its text from a place on.
    pub(super) fn text_from(&self, at: u64) -> Result<Box<dyn Read + Send>, Error> {
        let opened = match &self.form {
            Form::Plain(file) => Ok(Box::new(Place { file: Arc::clone(file), at }) as Box<_>),
            Form::Compressed(path) => decompressed(path, at),
        };
        opened.map_err(|source| io_error(&self.path, source))
    }
}

fn decompressed(path: &Path, at: u64) -> io::Result<Box<dyn Read + Send>> {
    let file = fs::File::open(path)?;
    let mut start = [0; 6];
    let read = file.read_at(&mut start, 0)?;
    let mut text = Codec::of(&start[..read]).decode(file)?;
    io::copy(&mut text.by_ref().take(at), &mut io::sink())?;
    Ok(text)
}

/// What the system does not say is said by whoever decompresses.
fn failed(path: String, at: u64, source: io::Error) -> Error {
    match source.raw_os_error() {
        Some(_) => Error::Io { path, source },
        None => Error::Damaged { path, at, source },
    }
}

pub(super) fn io_error(path: &str, source: io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

/// A place in a file that others read too.
struct Place {
    file: Arc<fs::File>,
    at: u64,
}

impl Read for Place {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// As much as is held of a text to see a row whole: in hexadecimal digits, the longest that
/// PostgreSQL takes.
const LONGEST_ROW: usize = if cfg!(test) { 4 * 1024 * 1024 } else { 2 * 1024 * 1024 * 1024 };

/// The part of a text that is looked at.
pub(super) struct Window {
    text: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are done with.
    done: usize,
    /// The place of the buffer's first byte.
    base: u64,
    /// Where the text is to end.
    end: u64,
    /// Whether all of it has been read.
    pub(super) ended: bool,
}

impl Window {
    pub(super) fn new(file: &File, from: u64, to: u64) -> Result<Self, Error> {
        let text = file.text_from(from)?;
        Ok(Self { text, buffer: Vec::new(), done: 0, base: from, end: to, ended: from >= to })
    }

    #[inline]
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.done..]
    }

    #[inline]
    pub(super) fn consume(&mut self, bytes: usize) {
        self.done += bytes;
    }

    /// The place of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.base + self.done as u64
    }

    /// Whether no more may be held.
    pub(super) fn is_full(&self) -> bool {
        self.rest().len() >= LONGEST_ROW
    }

    /// The place behind the last byte that was read.
    pub(super) fn held_to(&self) -> u64 {
        self.base + self.buffer.len() as u64
    }

    /// Reads more: a block, or as much again as is held, so that what is long is looked at few times.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.done);
        self.base += self.done as u64;
        self.done = 0;
        if self.buffer.capacity() > 8 * BLOCK && self.buffer.len() < BLOCK {
            self.buffer.shrink_to(2 * BLOCK);
        }
        let held = self.buffer.len();
        let left = self.end - self.base - held as u64;
        let wanted = (BLOCK.max(held) as u64).min(left) as usize;
        self.buffer.resize(held + wanted, 0);
        let mut filled = held;
        while filled < self.buffer.len() {
            match self.text.read(&mut self.buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.ended = filled < self.buffer.len() || wanted as u64 == left;
        self.buffer.truncate(filled);
        Ok(())
    }
}
