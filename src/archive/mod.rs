//! A directory that `psql` can load, as a target: the schema, the rows as COPY takes them, and a
//! manifest that says what is in it; with `toc.dat`, `pg_restore` can load it, too.
//!
//! Why an unfinished one is never taken for a finished one: a marker stands in it, and is locked,
//! from before the first file until after the last; the manifest comes last, by a rename; and every
//! file is on the disk before that; `toc.dat` has its name no sooner. A directory with the marker,
//! or without the manifest, is not finished, whatever has ended the program. Its manifest has the
//! length and the SHA-256 of every other file.

mod data;
mod error;
mod folder;
mod manifest;
mod reading;
mod toc;

pub(crate) use data::DataFile;
pub(crate) use error::Error;
pub(crate) use folder::{Before, Folder, is_archive};
pub(crate) use manifest::{
    Assumed, Chunk, Column, Compression, DataForm, Extension, FileFact, Format, Manifest, SCHEMA,
    Table,
};
pub(crate) use reading::{Archive, Checked};
pub(crate) use toc::{Entry, Head, Id, Rows, Section, Toc};
