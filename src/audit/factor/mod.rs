//! The factors: a file or a folder each, with one table of rules.

mod codebase;
mod dependencies;
mod itself;

use std::sync::LazyLock;

use crate::audit::rule::Rule;

/// All rules, in the order of the factors.
static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let tables: [&'static [Rule]; 3] = [codebase::RULES, dependencies::RULES, itself::RULES];
    tables.into_iter().flatten().collect()
});

pub(super) fn rules() -> Vec<&'static Rule> {
    RULES.clone()
}

/// The rule of that id, which must be one of the table.
pub(super) fn rule(id: &str) -> &'static Rule {
    RULES.iter().find(|rule| rule.card.id == id).unwrap_or(&RULES[0])
}
