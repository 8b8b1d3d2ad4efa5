//! `nirvana configure`: settings out of the code and into the environment, and from `MySQL` to
//! PostgreSQL where that is asked for.
//!
//! Why a file that was configured is what it was, but for what had to change:
//! - A form (`format`, `switch`) reads a file by its tokens and names spans with what takes their
//!   place. It never prints a file anew, so that comments, line ends, tabs, a byte order mark and a
//!   missing last line end are not its to lose.
//! - [`prove`] then reads the result: every byte outside of the spans is the same; every token
//!   outside of them is the same token; within them stand just the tokens of the intended
//!   expression. A file of which that does not hold is not changed, and the finding says where.
//! - The whole plan is made again over the result and must be empty, so that a second run has
//!   nothing to do.
//! - [`run`] writes all files or none: what was written is put back when one of them fails.
//!
//! What it does not cover: that the application works. A name that another file expects, or a value
//! that only a server has, is beyond what files can tell; what we cannot decide is a finding.

#[cfg(any(test, fuzzing))]
mod check;
mod diff;
mod draft;
mod env_files;
mod error;
mod format;
mod goal;
mod language;
mod mask;
mod plan;
mod project;
mod prove;
mod remains;
mod run;
mod site;
mod switch;
mod url;

#[cfg(any(test, fuzzing))]
pub(crate) use check::check;
pub(crate) use goal::Target;
pub(crate) use run::{Mode, Request, configure};
