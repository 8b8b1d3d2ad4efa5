//! A value as configuration files have it: a word, a URL, or code that asks the environment.

/// What a value says, so far as it may be told to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// An adapter's name, or the scheme of a URL; as it stands, or what is taken if the variable
    /// is not set.
    pub(super) literal: Option<String>,
    /// The environment variable that is asked.
    pub(super) variable: Option<String>,
}

/// Ways to ask the environment, in Ruby, PHP and YAML.
const ASKS: [&str; 6] = ["ENV", "env(", "getenv", "environment(", "_SERVER[", "env_"];

/// Reads `mysql2`, `"mysql2"`, `<%= ENV.fetch("DB_ADAPTER", "mysql2") %>`, `env('X', 'mysql')`,
/// `getenv('X') ?: 'mysql'`, `mysql2://user@host/db`, `%env(resolve:DATABASE_URL)%`.
pub(super) fn word(value: &str) -> Word {
    let value = value.trim();
    if let Some(variable) = yaml_variable(value) {
        return Word { literal: None, variable: Some(variable) };
    }
    let asks = ASKS.iter().any(|way| value.contains(way));
    let quoted = quoted(value);
    if !asks {
        let plain = quoted.first().copied().unwrap_or(value);
        return Word { literal: literal(plain), variable: None };
    }
    let variable = quoted.iter().copied().find(|part| is_variable(part));
    let other = quoted.iter().rev().copied().find(|part| Some(*part) != variable);
    Word {
        literal: other.and_then(literal),
        variable: variable.filter(|name| name.len() <= 60).map(str::to_owned),
    }
}

/// The name of an adapter, or the scheme of a URL; nothing else leaves this function.
fn literal(text: &str) -> Option<String> {
    let text = text.split("://").next()?;
    // Drupal: `Drupal\Core\Database\Driver\mysql`; Symfony: a class of a driver.
    let text = text.rsplit('\\').next()?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let ok = !text.is_empty() && text.len() <= 30 && text.chars().all(fits);
    let is_word = text.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let nothing = ["null", "nil", "true", "false"].contains(&text);
    (ok && is_word && !nothing).then(|| text.to_owned())
}

fn is_variable(text: &str) -> bool {
    text.contains(|letter: char| letter.is_ascii_uppercase())
        && text.chars().all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_')
}

/// `%env(resolve:DATABASE_URL)%`, in quotes or not.
fn yaml_variable(value: &str) -> Option<String> {
    let inner = value.split("%env(").nth(1)?.split(")%").next()?;
    let name = inner.rsplit(':').next()?;
    is_variable(name).then(|| name.to_owned())
}

/// What stands in quotes, single or double.
fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '\'']) {
        let quote = &rest[start..=start];
        let after = &rest[start + 1..];
        let Some(end) = after.find(quote) else { break };
        found.push(&after[..end]);
        rest = &after[end + 1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Word, word};

    #[test]
    fn values_of_all_kinds_are_read_and_no_secret_is_kept() {
        for (value, literal, variable) in [
            ("mysql2", Some("mysql2"), None),
            ("\"trilogy\"", Some("trilogy"), None),
            ("<%= ENV.fetch(\"DB_ADAPTER\", \"mysql2\") %>", Some("mysql2"), Some("DB_ADAPTER")),
            ("<%= ENV.fetch('DB_ADAPTER') { 'pg' } %>", Some("pg"), Some("DB_ADAPTER")),
            ("<%= ENV['DB_ADAPTER'].presence || \"mysql2\" %>", Some("mysql2"), Some("DB_ADAPTER")),
            ("<%= ENV['DATABASE_URL'] %>", None, Some("DATABASE_URL")),
            ("env('DB_CONNECTION', 'mysql')", Some("mysql"), Some("DB_CONNECTION")),
            ("getenv('DB_DRIVER') ?: 'pgsql'", Some("pgsql"), Some("DB_DRIVER")),
            ("$_SERVER['DB']", None, Some("DB")),
            ("mysql2://shop:hunter2@db/shop", Some("mysql2"), None),
            ("'%env(resolve:DATABASE_URL)%'", None, Some("DATABASE_URL")),
            ("%env(DATABASE_URL)%", None, Some("DATABASE_URL")),
            ("'Drupal\\\\mysql\\\\Driver\\\\Database\\\\mysql'", Some("mysql"), None),
            ("hunter2!", None, None),
            ("~", None, None),
            ("null", None, None),
            ("", None, None),
        ] {
            let wanted =
                Word { literal: literal.map(str::to_owned), variable: variable.map(str::to_owned) };
            assert_eq!(word(value), wanted, "{value}");
        }
    }
}
