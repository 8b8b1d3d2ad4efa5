//! Moves a database into a directory that `psql` loads: for whoever has no target yet, or may not let
//! two servers meet.
//!
//! Up to the rows it is the journey of `run`, with what a target would be asked taken from the
//! command line. What a target would refuse is judged here (`judge`), as far as a row tells it, and
//! the rest is written so that the load says it (`script`). Every file is read back and compared;
//! `verify` proves the database that was loaded, by the manifest.

mod files;
mod proof;
mod remains;
mod restore;
mod run;
mod script;
mod text;
mod whole;
mod work;

use std::path::PathBuf;

use crate::archive::{DataForm, Extension};
use crate::migrate::pair::Pair;
use crate::migrate::run::Mode;
use crate::postgres::server::{ExtensionFacts, Extensions};

pub(crate) use proof::{binary as binary_digest, rows as stored_rows};
pub(crate) use remains::QUARANTINED;
pub(crate) use run::run;
pub(crate) use text::TextRows;

/// The oldest version that is supported, which every newer one loads, too.
pub(crate) const POSTGRES_SINCE: u16 = 13;
pub(crate) const POSTGRES_UNTIL: u16 = 18;

/// A directory to be written, and what its server is taken to be.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    /// The oldest major version that is to load it.
    pub(crate) postgres: u16,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) form: DataForm,
    pub(crate) loaders: Loaders,
}

/// What is to load it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loaders {
    /// Which `load.sh` uses, too.
    Psql,
    /// `pg_restore` as well. Rows are text then, and compressed by gzip or not at all.
    PgRestore,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) pair: Pair<Directory>,
    /// Source data that one file should hold.
    pub(crate) chunk_bytes: u64,
    pub(crate) mode: Mode,
}

impl Directory {
    pub(crate) fn address(&self) -> String {
        self.path.display().to_string()
    }

    pub(crate) fn server_version(&self) -> u32 {
        u32::from(self.postgres) * 10_000
    }

    /// Each is made where it is not yet; and hardly a server is built without ICU.
    pub(crate) fn facts(&self) -> Extensions {
        let facts = self.extensions.iter().map(|extension| {
            let schema = extension.schema.clone();
            (extension.name.clone(), ExtensionFacts { schema, is_made: false })
        });
        let icu = ExtensionFacts { schema: "pg_catalog".to_owned(), is_made: true };
        facts.chain([("icu".to_owned(), icu)]).collect()
    }
}
