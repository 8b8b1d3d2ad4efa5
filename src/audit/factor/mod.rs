//! The factors: a file or a folder each, with one table of rules.

mod admin;
mod backing;
mod build;
mod codebase;
mod concurrency;
mod config;
mod constant;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::path::Path;

    use super::rules;
    use crate::finding::Severity;
    use crate::twelve_factor::{Card, Factor};

    fn word(level: Severity) -> &'static str {
        match level {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }

    /// The page of a rule, made of its own text.
    fn page(card: &Card) -> String {
        let block = |text: &str| format!("```\n{text}\n```\n");
        format!(
            "# {}: {}\n\n{} · factor {} ({}) · precision {}\n\n{}\n\n## Before\n\n{}\n## After\n\n{}\n## When it keeps silent\n\n{}\n",
            card.id,
            card.title,
            word(card.level),
            card.factor.numeral(),
            card.factor.title(),
            card.precision.word(),
            card.why,
            block(card.before),
            block(card.after),
            card.quiet,
        )
    }

    fn index(cards: &[Card]) -> String {
        let mut text =
            "# The rules of `nirvana audit`\n\nMade from the rules themselves; a test compares.\n"
                .to_owned();
        for factor in Factor::ALL {
            write!(text, "\n## {}. {}\n\n", factor.numeral(), factor.title()).unwrap();
            for card in cards.iter().filter(|card| card.factor == factor) {
                writeln!(text, "- [{0}]({0}.md) {1}: {2}", card.id, word(card.level), card.title)
                    .unwrap();
            }
        }
        text
    }

    #[test]
    fn the_pages_are_those_of_the_rules() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
        let cards: Vec<Card> = rules().iter().map(|rule| rule.card).collect();
        let mut pages = vec![("README.md".to_owned(), index(&cards))];
        pages.extend(cards.iter().map(|card| (format!("{}.md", card.id), page(card))));
        let update = std::env::var_os("NIRVANA_UPDATE_RULES").is_some_and(|value| value == "1");
        if update {
            std::fs::create_dir_all(&folder).unwrap();
        }
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        for (name, text) in pages {
            let path = folder.join(&name);
            if update {
                std::fs::write(&path, &text).unwrap();
            }
            let published = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(published == text, "{name} is old: run this with NIRVANA_UPDATE_RULES=1");
            wanted.insert(name);
        }
        for entry in std::fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(wanted.contains(&name), "{name} is the page of no rule");
        }
    }

    #[test]
    fn every_rule_has_an_id_of_its_own_and_all_its_texts() {
        let mut ids = BTreeSet::new();
        for rule in rules() {
            let card = &rule.card;
            assert!(ids.insert(card.id), "{} is there twice", card.id);
            assert!(crate::audit::suppress::is_id(card.id), "{}", card.id);
            assert!(card.id.starts_with(&format!("{}-", card.factor.numeral())), "{}", card.id);
            for text in [card.title, card.why, card.before, card.after, card.quiet] {
                assert!(!text.is_empty() && !text.contains("  \n"), "{}", card.id);
            }
            assert!(card.why.ends_with('.') && card.advice().len() > 10, "{}", card.id);
            assert!(!card.title.ends_with('.'), "{}", card.id);
        }
        assert!(ids.len() >= 80, "{}", ids.len());
    }
}
