//! A commit becomes the release that serves, on all hosts, or nothing changes.
//!
//! Each release is a folder of its own, `releases/ID`; `current` is a link to one of them. What holds:
//! - The switch is one rename(2): no request finds nothing.
//! - Until every host has been seen to answer with the new release's id, each host holds the other end
//!   of a session, and returns by itself when that ends. `kill -9` of nirvana, a lost network, a closed
//!   laptop: the old release serves.
//! - The lock is the kernel's (flock), shared by every command that runs on the host: it ends with the
//!   last process of a run, and no sooner.
//! - What may be returned to, and what may be removed, is read from the ledger, never from times or names.
//! - A step that is true already is skipped, so the same command again finishes what was begun.
//!
//! What it does not cover: what the release command did to a database is not undone. A machine that
//! loses its power between the switch and the answer comes back with the new release; the ledger says
//! that it was never found good, and `check` warns. Between the confirmations of two hosts a kill leaves
//! one on each release; the next run finishes.

mod board;
mod check;
mod command_lock;
mod contract;
mod deploy;
mod env;
mod error;
mod files;
mod guard;
mod health;
mod hold;
mod hook;
mod job;
mod ledger;
mod list;
mod notice;
mod plan;
mod prepare;
mod prune;
mod rollback;
mod run;
mod script;
mod settings;
mod site;
mod step;
mod switch;
mod unlock;

pub(crate) use self::check::{Level, Status, check};
pub(crate) use self::deploy::{DeployRequest, deploy};
pub(crate) use self::list::list;
pub(crate) use self::prune::prune;
pub(crate) use self::rollback::{RollbackRequest, rollback};
pub(crate) use self::run::{Mode, Request};
pub(crate) use self::settings::Settings;
pub(crate) use self::unlock::unlock;
