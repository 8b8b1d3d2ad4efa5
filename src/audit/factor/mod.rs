//! The factors: a file or a folder each, with one table of rules.

mod admin;
mod backing;
mod build;
mod codebase;
mod concurrency;
mod config;
mod dependencies;
mod disposability;
mod itself;
mod logs;
pub(super) mod mysql;
mod parity;
mod port;
mod processes;

use std::sync::LazyLock;

use crate::audit::rule::Rule;

/// All rules, in the order of the factors.
static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let tables: [&'static [Rule]; 13] = [
        codebase::RULES,
        dependencies::RULES,
        backing::RULES,
        build::RULES,
        processes::RULES,
        port::RULES,
        concurrency::RULES,
        disposability::RULES,
        parity::RULES,
        logs::RULES,
        admin::RULES,
        mysql::RULES,
        itself::RULES,
    ];
    let mut rules: Vec<&'static Rule> =
        tables.into_iter().chain(config::TABLES).flatten().collect();
    rules.sort_by_key(|rule| (rule.card.factor, rule.card.id));
    rules
});

pub(super) fn rules() -> Vec<&'static Rule> {
    RULES.clone()
}

/// The rule of that id, which must be one of the table.
pub(super) fn rule(id: &str) -> &'static Rule {
    RULES.iter().find(|rule| rule.card.id == id).unwrap_or(&RULES[0])
}
