//! How names are written in the target.

use schemars::JsonSchema;
use serde::Deserialize;

/// What becomes of every name: tables, columns, keys, indexes, sequences, types, views, checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Identifiers {
    /// As the source has it, quoted where PostgreSQL would fold it. So it is unless told.
    #[default]
    Preserve,
    /// In lower case.
    Lower,
    /// Words in lower case, joined by underscores: `OrderItems` → `order_items`.
    Snake,
}

impl Identifiers {
    pub(crate) fn name(self, name: &str) -> String {
        match self {
            Self::Preserve => name.to_owned(),
            Self::Lower => name.to_lowercase(),
            Self::Snake => snake(name),
        }
    }
}

/// A word begins where case goes up (`orderId`), at the last capital of several (`HTTPServer` →
/// `http_server`), and behind whatever is no letter, digit or underscore.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        if !(letter.is_alphanumeric() || matches!(letter, '_' | '$')) {
            snake.push('_');
            continue;
        }
        let next_is_small = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || before.is_uppercase() && next_is_small
            });
        if begins {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::Identifiers;

    #[test]
    fn names_are_folded() {
        for (name, lower, snake) in [
            ("OrderItems", "orderitems", "order_items"),
            ("orderId", "orderid", "order_id"),
            ("HTTPServer2Go", "httpserver2go", "http_server2_go"),
            ("ID", "id", "id"),
            ("_Id", "_id", "_id"),
            ("Group By", "group by", "group_by"),
            ("ÜBER.Größe", "über.größe", "über_größe"),
            ("already_fine$1", "already_fine$1", "already_fine$1"),
        ] {
            assert_eq!(Identifiers::Preserve.name(name), name);
            assert_eq!(Identifiers::Lower.name(name), lower);
            assert_eq!(Identifiers::Snake.name(name), snake);
        }
    }
}
