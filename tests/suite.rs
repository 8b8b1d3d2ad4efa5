//! Tests from the outside: the program is run as a person would run it, against real servers.
//! One file per command, beside those that hold the house and the types.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops at the first surprise")]

mod support;

mod archived;
mod audit;
mod choices;
mod configure;
mod connections;
mod data_only;
mod data_rules;
mod databases;
mod detect;
mod directory;
mod dump;
mod dumpers;
mod env;
mod exports;
mod foresight;
mod grants;
mod help;
mod kept;
mod migrate;
mod moved;
mod names;
mod pains;
mod pipelines;
mod policies;
mod provision;
mod quarantine;
mod random;
mod refused;
mod release;
mod restored;
mod resume;
mod seeds;
mod several;
mod site;
mod snapshot;
mod standing;
mod tidy;
mod trouble;
mod types;
mod unfinished;
mod verify;
