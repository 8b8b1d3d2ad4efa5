//! A finished directory, read: every file is summed again while it is read.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;

use crate::archive::data::hex;
use crate::archive::error::Error;
use crate::archive::folder::{MANIFEST, is_archive};
use crate::archive::manifest::{Compression, FileFact, Manifest, SCHEMA};

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;

/// A finished directory.
#[derive(Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    pub(crate) manifest: Manifest,
}

impl Archive {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let at = path.join(MANIFEST);
        let unfinished = path.join("UNFINISHED").exists();
        if unfinished || (is_archive(path) && !at.is_file()) {
            return Err(Error::Unfinished { path: path.to_owned() });
        }
        let text = match std::fs::read(&at) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::NoManifest(path.to_owned()));
            }
            Err(source) => return Err(Error::Read { path: at, source }),
        };
        let json: serde_json::Value = serde_json::from_slice(&text)
            .map_err(|source| Error::Manifest { path: at.clone(), source })?;
        let found = json["schema"].as_str().unwrap_or("none").to_owned();
        if found != SCHEMA {
            return Err(Error::UnknownForm { path: at, found, known: SCHEMA });
        }
        let manifest =
            serde_json::from_value(json).map_err(|source| Error::Manifest { path: at, source })?;
        Ok(Self { path: path.to_owned(), manifest })
    }

    /// Opens a file that the manifest knows, as it was before it was compressed.
    pub(crate) fn read(&self, name: &str) -> Result<Checked, Error> {
        let Some(fact) = self.manifest.file(name) else {
            let path = self.path.join(name);
            return Err(Error::Damaged { path, what: "the manifest has no such file".to_owned() });
        };
        Checked::open(&self.path, fact)
    }

    /// A small file, whole.
    pub(crate) fn text(&self, name: &str) -> Result<Vec<u8>, Error> {
        let mut file = self.read(name)?;
        let mut text = Vec::new();
        file.take_all(|bytes| text.extend_from_slice(bytes))?;
        Ok(text)
    }
}

/// A file that is read to its end, and is what was written or an error.
pub(crate) struct Checked {
    at: PathBuf,
    fact: FileFact,
    input: Input,
}

enum Input {
    Plain(Summing),
    Gzip(Box<MultiGzDecoder<BufReader<Summing>>>),
    Zstd(Box<Decoder<'static, BufReader<Summing>>>),
}

/// A file that sums what is read of it.
struct Summing {
    file: File,
    sum: Sha256,
    bytes: u64,
}

impl Read for Summing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.sum.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

impl Checked {
    pub(crate) fn open(folder: &Path, fact: &FileFact) -> Result<Self, Error> {
        let at = folder.join(&fact.path);
        let open = || {
            let summing = Summing { file: File::open(&at)?, sum: Sha256::new(), bytes: 0 };
            Ok(match Compression::of(&fact.path) {
                Compression::None => Input::Plain(summing),
                Compression::Gzip => {
                    let file = BufReader::with_capacity(BUFFER, summing);
                    Input::Gzip(Box::new(MultiGzDecoder::new(file)))
                }
                Compression::Zstd => Input::Zstd(Box::new(Decoder::new(summing)?)),
            })
        };
        match open() {
            Ok(input) => Ok(Self { at, fact: fact.clone(), input }),
            Err(source) => Err(Error::Read { path: at, source }),
        }
    }

    /// Fills the buffer as far as there is something; 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let read = match &mut self.input {
            Input::Plain(file) => file.read(buffer),
            Input::Gzip(decoder) => decoder.read(buffer),
            Input::Zstd(decoder) => decoder.read(buffer),
        };
        read.map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::Other
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput => self.damaged(source.to_string()),
            _ => Error::Read { path: self.at.clone(), source },
        })
    }

    /// Reads what is left, and compares the whole with what was written.
    pub(crate) fn take_all(&mut self, mut bytes: impl FnMut(&[u8])) -> Result<(), Error> {
        let mut buffer = vec![0; BUFFER];
        loop {
            match self.read(&mut buffer)? {
                0 => return self.check(),
                read => bytes(&buffer[..read]),
            }
        }
    }

    /// Whether the file is what was written, for when its end was read.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        let summing = match &mut self.input {
            Input::Plain(file) => file,
            Input::Gzip(decoder) => decoder.get_mut().get_mut(),
            Input::Zstd(decoder) => decoder.get_mut().get_mut(),
        };
        let (bytes, sum) = (summing.bytes, hex(summing.sum.clone()));
        if bytes != self.fact.bytes {
            return Err(self.damaged(format!("{bytes} bytes, where {} were", self.fact.bytes)));
        }
        if sum != self.fact.sha256 {
            return Err(self.damaged(format!("its SHA-256 is {sum}, not {}", self.fact.sha256)));
        }
        Ok(())
    }

    /// That what is in it cannot be.
    pub(crate) fn damaged(&self, what: String) -> Error {
        Error::Damaged { path: self.at.clone(), what }
    }
}

impl Compression {
    /// What follows the name of a file.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    fn of(path: &str) -> Self {
        let ends = |form: &Self| path.ends_with(form.ending());
        [Self::Gzip, Self::Zstd].into_iter().find(ends).unwrap_or(Self::None)
    }
}
