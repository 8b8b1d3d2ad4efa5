//! Moves a database from `MySQL` or `MariaDB` to `PostgreSQL`.
//!
//! Why no row is lost, doubled or changed unseen:
//!
//! 1. All readers see the source at one instant (`mysql::snapshot` holds that argument); where each
//!    table has an instant of its own, as only `--snapshot per-table` allows, it is read by one.
//! 2. A large table is cut into chunks by its key, each bound being one chunk's end and the next
//!    one's beginning (`chunk` holds that argument). A chunk's rows are read by one statement in
//!    one reader. Every row it yields is encoded and added to the source's digest in one step; an
//!    error from the source, at any row, ends the chunk, as rows are asked for with `?` and never
//!    with a pattern that skips errors.
//! 3. They enter the target by one COPY, in one transaction with the chunk's line in the journal:
//!    the chunk is there and known to be there, or neither. The server's count of rows must be the
//!    reader's. That commits do not wait for the disk takes nothing from this: a crash of the server
//!    may lose the last of them, but rows and line together, as they are one transaction; and the
//!    run is finished by a commit that does wait, for all of the log before it.
//!    A run that goes on reads the source's digest of each chunk that is done again, in its own
//!    snapshot, and copies anew what is no longer the same.
//! 4. The table is then read back from the target, hashed the same way, and the two digests (row
//!    count and sum of 128-bit hashes) must be the same.
//! 5. A value is written as it was, or the change is counted and named in a finding.
//! 6. What is no row (columns, keys, indexes, counters) is compared with the plan at the end.
//!
//! What this does not cover: digest and copy are encoded by the same code, so a value that is
//! encoded wrongly, and that the server prints back as wrongly, would be proven equal. The tests
//! therefore judge every type by a second way, the servers' own text.

mod build;
mod careful;
mod chunk;
mod conversion;
mod convert;
mod copied;
mod copy;
mod digest;
mod dumped;
mod encoder;
mod ending;
mod error;
mod fit;
mod foresee;
mod init;
mod instant;
mod jobs;
mod judge;
mod kept;
mod mapping;
mod objects;
mod pack;
mod pair;
mod plan;
mod preflight;
mod prove;
mod queue;
mod reading;
mod refused;
mod rehearse;
mod resume;
mod run;
mod scan;
mod schedule;
mod schemas;
mod settings;
mod sink;
mod source;
mod tell;
mod transcode;
mod transform;
mod verify;
mod wider;
mod work;
mod workers;

pub(crate) use chunk::CHUNK_BYTES;
pub(crate) use fit::{Accept, DataOnly, RowsThere};
pub(crate) use init::{Request as InitRequest, init};
pub(crate) use pack::{
    Directory, Loaders, POSTGRES_SINCE, POSTGRES_UNTIL, Request as PackRequest, run as pack,
};
pub(crate) use pair::{InTheWay, Pair};
pub(crate) use run::{Mode, Request, run};
pub(crate) use schemas::{Schemas, USUAL as USUAL_SCHEMA};
pub(crate) use settings::{Identifiers, Named, Settings};
pub(crate) use source::Origin;
pub(crate) use verify::{
    ArchivedRequest, Judge, Manner, PackedRequest, Repair, Request as VerifyRequest, Share,
    archived as verify_archived, packed as verify_packed, run as verify,
};
