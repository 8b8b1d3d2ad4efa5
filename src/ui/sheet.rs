//! How a screen is made.

use crate::ui::Detail;
use crate::ui::paper::{Paper, harmless};

/// How the screen is made: for which stream, how full, and where all of it can be read.
#[derive(Clone, Debug)]
pub(crate) struct Sheet<'a> {
    pub(crate) paper: &'a Paper,
    pub(crate) detail: Detail,
    /// The file of `--report`, if there is one.
    pub(crate) saved: Option<&'a str>,
}

impl Sheet<'_> {
    /// Where what does not fit the screen can be read.
    pub(crate) fn elsewhere(&self) -> String {
        match self.saved {
            Some(file) => format!("all are in {}", harmless(file)),
            None => "--verbose prints them, --report FILE keeps them".to_owned(),
        }
    }
}
