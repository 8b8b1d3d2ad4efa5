//! A machine: this one, or one that is reached by the system's `ssh`.
//!
//! Whatever is done there is a script of POSIX sh with arguments ([`Command`]), the same here as
//! there, so nothing has to be installed. Scripts and arguments can be seen by everybody on either
//! machine; what is secret goes by standard input.

pub(crate) mod command;
pub(crate) mod error;
pub(crate) mod http;
mod run;
mod ssh;

use std::fmt;

pub(crate) use self::command::Command;
pub(crate) use self::error::Error;
pub(crate) use self::run::{Feed, Session};
use self::ssh::Link;

/// A machine that commands run on.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    name: String,
    reach: Reach,
}

#[derive(Clone, Debug)]
enum Reach {
    Here,
    Ssh(Link),
}

impl Host {
    /// `local`, or what `ssh` takes: `web1`, `deploy@web1`, `ssh://deploy@web1:2222`, an alias of its
    /// configuration. `config` is a file for `ssh -F`.
    pub(crate) fn parse(name: &str, config: Option<&str>) -> Result<Self, Error> {
        let reach = match name {
            "local" => Reach::Here,
            _ => Reach::Ssh(Link::parse(name, config)?),
        };
        Ok(Self { name: name.to_owned(), reach })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
