//! Which databases an application speaks to: what its configuration names, per environment, and
//! what it has installed to speak with. Only words of adapters and names of variables are taken
//! from a configuration; addresses, names and passwords are never looked at.

mod dotenv;
mod expression;
mod php;
mod rails;
mod services;
mod symfony;
mod yaml;

use crate::application::{Database, Framework, Server};
use crate::project::stack::database::expression::Word;
use crate::project::stack::found::Root;
use crate::project::stack::view::{View, evidence};

pub(super) use crate::project::stack::database::services::drivers;

/// Databases of the configuration, in the order of the files and their lines.
pub(super) fn configured(view: &View, root: &Root) -> Vec<Database> {
    let folder = root.folder.as_slice();
    match root.framework {
        Framework::Rails => rails::databases(view, folder),
        Framework::Laravel | Framework::Lumen => php::laravel(view, folder),
        Framework::Symfony => symfony::databases(view, folder),
        Framework::Drupal => php::drupal(view, root),
        Framework::CodeIgniter => php::codeigniter(view, folder),
        Framework::Wordpress | Framework::Bedrock => php::wordpress(view, root),
        _ => php::plain(view, folder),
    }
}

/// Where a database is named: a file's line, and the rule that reads it.
struct Site<'a> {
    path: &'a [u8],
    line: usize,
    rule: &'static str,
}

impl Site<'_> {
    fn database(&self, environment: &str, connection: Option<&str>, word: Word) -> Database {
        let what = match (&word.literal, &word.variable) {
            (Some(literal), Some(variable)) => format!("{literal} unless {variable} says other"),
            (Some(literal), None) => literal.clone(),
            (None, Some(variable)) => format!("{variable} says which"),
            (None, None) => "not told".to_owned(),
        };
        Database {
            environment: environment.to_owned(),
            connection: connection.map(str::to_owned),
            server: word.literal.as_deref().map_or(Server::Unknown, Server::of),
            adapter: word.literal,
            variable: word.variable,
            evidence: evidence(self.path, Some(self.line), self.rule, what),
        }
    }
}
