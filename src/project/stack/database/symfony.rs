//! Symfony: `DATABASE_URL`, `doctrine.yaml`, and `parameters.yml` of versions 2 and 3.

use crate::application::Database;
use crate::project::stack::database::expression::word;
use crate::project::stack::database::yaml::pairs;
use crate::project::stack::database::{Site, dotenv};
use crate::project::stack::view::View;
use crate::project::tree::join;

/// Where Doctrine is configured, and for which environment.
const DOCTRINE: [(&str, &str); 8] = [
    ("config/packages/doctrine.yaml", "default"),
    ("config/packages/doctrine.yml", "default"),
    ("config/packages/prod/doctrine.yaml", "prod"),
    ("config/packages/test/doctrine.yaml", "test"),
    ("config/packages/dev/doctrine.yaml", "dev"),
    ("app/config/config.yml", "default"),
    ("app/config/config_prod.yml", "prod"),
    ("app/config/config_test.yml", "test"),
];
const PARAMETERS: [(&str, &str); 4] = [
    ("app/config/parameters.yml", "default"),
    ("app/config/parameters.yml.dist", "example"),
    ("app/config/parameters.ini", "default"),
    ("app/config/parameters.ini.dist", "example"),
];

pub(super) fn databases(view: &View, folder: &[u8]) -> Vec<Database> {
    let mut found = Vec::new();
    for file in dotenv::files(view, folder) {
        if let Some((value, line)) = file.value("DATABASE_URL") {
            let site = Site { path: &file.path, line, rule: "symfony-database-url" };
            found.push(site.database(&file.environment, None, word(value)));
        }
    }
    for (name, environment) in DOCTRINE {
        let path = join(folder, name.as_bytes());
        if let Some(text) = view.text(&path) {
            found.extend(doctrine(&path, &text, environment));
        }
    }
    for (name, environment) in PARAMETERS {
        let path = join(folder, name.as_bytes());
        let Some(text) = view.text(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            let Some((key, value)) = line.split_once([':', '=']) else { continue };
            if key.trim() == "database_driver" {
                let site = Site { path: &path, line: at + 1, rule: "symfony-parameters" };
                found.push(site.database(environment, None, word(value)));
            }
        }
    }
    found
}

fn doctrine(path: &[u8], text: &str, environment: &str) -> Vec<Database> {
    let mut found = Vec::new();
    for pair in pairs(text) {
        let Some(dbal) = pair.keys.iter().position(|key| *key == "dbal") else { continue };
        if !matches!(pair.key(), "driver" | "url") {
            continue;
        }
        // `%database_driver%` is told by the parameters.
        let word = word(pair.value);
        if word.literal.is_none() && word.variable.is_none() {
            continue;
        }
        let connection =
            pair.keys.iter().skip(dbal + 1).skip_while(|key| **key != "connections").nth(1);
        let environment = pair.keys[0].strip_prefix("when@").unwrap_or(environment);
        let site = Site { path, line: pair.line, rule: "doctrine-yaml" };
        found.push(site.database(environment, connection.copied(), word));
    }
    found
}
