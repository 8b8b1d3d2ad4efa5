//! Moves a database from `MySQL` or `MariaDB` to `PostgreSQL`.
//!
//! Why no row is lost, doubled or changed unseen:
//!
//! 1. All readers see the source at one instant (`mysql::snapshot` holds that argument).
//! 2. A table's rows are read by one statement in one reader. Every row it yields is encoded and
//!    added to the source's digest in one step; an error from the source, at any row, ends the
//!    table, as rows are asked for with `?` and never with a pattern that skips errors.
//! 3. They enter the target by one COPY in one transaction that first empties the table: the
//!    table has all of them or none. The server's count of rows must be the reader's.
//! 4. The table is then read back from the target, hashed the same way, and the two digests (row
//!    count and sum of 128-bit hashes) must be the same.
//! 5. A value is written as it was, or the change is counted and named in a finding.
//! 6. What is no row (columns, keys, indexes, counters) is compared with the plan at the end.
//!
//! What this does not cover: digest and copy are encoded by the same code, so a value that is
//! encoded wrongly, and that the server prints back as wrongly, would be proven equal. The tests
//! therefore judge every type by a second way, the servers' own text.

mod build;
mod convert;
mod copy;
mod digest;
mod error;
mod mapping;
mod plan;
mod preflight;
mod prove;
mod run;
mod scan;
mod schedule;
mod transcode;
mod verify;
mod work;

pub(crate) use run::{Mode, Request, run};
