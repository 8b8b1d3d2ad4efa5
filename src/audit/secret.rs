//! What is a secret, and what only stands where one could stand.

/// Words that stand for a value that somebody is to fill in, or that nobody keeps secret.
const PLACEHOLDERS: [&str; 49] = [
    "change",
    "example",
    "placeholder",
    "your",
    "xxx",
    "todo",
    "fixme",
    "dummy",
    "sample",
    "redacted",
    "secret",
    "password",
    "passwd",
    "insert",
    "replace",
    "somerandom",
    "not_set",
    "notset",
    "unset",
    "username",
    "database_name",
    "db_user",
    "db_name",
    "put ",
    "here",
    "null",
    "undefined",
    "none",
    "foobar",
    "foo",
    "bar",
    "...",
    "***",
    "•",
    "…",
    "mypass",
    "s3cr3t!",
    "thisisnot",
    "insecure",
    "fake",
    "mock",
    "test",
    "default",
    "local",
    "dev",
    "demo",
    "testing",
    "development",
    "localhost",
];
/// What begins and ends many words: it stands for a value only where no letter follows.
const SHORT: [&str; 12] =
    ["todo", "here", "null", "none", "foo", "bar", "fake", "mock", "test", "local", "dev", "demo"];

/// Whether a value cannot be meant as a secret.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let brackets = [("<", ">"), ("[", "]"), ("{", "}"), ("%", "%"), ("__", "__"), ("$(", ")")];
    value.is_empty()
        || value.len() < 3
        || is_reference(value)
        || brackets.iter().any(|(open, close)| value.starts_with(open) && value.ends_with(close))
        || matches!(
            lower.as_str(),
            "root"
                | "true"
                | "false"
                | "nil"
                | "yes"
                | "admin"
                | "pass"
                | "forge"
                | "postgres"
                | "mysql"
                | "laravel"
                | "symfony"
                | "homestead"
                | "app"
                | "user"
                | "guest"
        )
        || is_one_letter(value)
        || value.contains(' ')
            && ["your", "here", "phrase", "enter"].iter().any(|word| lower.contains(word))
        || stands_for(&lower)
}

/// A word of [`PLACEHOLDERS`] is most of the value, or begins it, so that `latest-9fK2` is none.
fn stands_for(lower: &str) -> bool {
    PLACEHOLDERS.iter().any(|word| {
        // `barcelona99` is no `bar`, and `devPx83kQ92` no `dev`.
        let goes_on = |(at, _): (usize, &str)| {
            lower[at + word.len()..].starts_with(|letter: char| letter.is_ascii_alphabetic())
        };
        if SHORT.contains(word) && lower.match_indices(word).all(goes_on) {
            return false;
        }
        lower.starts_with(word) && lower.len() <= word.len() * 3 + 12 && !has_digits(lower, 5)
            || lower.contains(word) && word.len() * 2 >= lower.len()
            || word.len() >= 6 && lower.contains(word) && !has_digits(lower, 5)
    })
}

fn has_digits(value: &str, least: usize) -> bool {
    value.bytes().filter(u8::is_ascii_digit).count() >= least
}

fn is_one_letter(value: &str) -> bool {
    let first = value.chars().next();
    value.chars().all(|letter| Some(letter) == first)
}

/// Whether a value only names where another one is: a variable, a parameter, a template.
pub(super) fn is_reference(value: &str) -> bool {
    let value = value.trim();
    ["${", "%env(", "<%", "{{", "$(", "ENV[", "env(", "vault:", "op://", "arn:", "ref+", "file:"]
        .iter()
        .any(|start| value.contains(start))
        || value.len() > 2 && value.starts_with('%') && value.ends_with('%')
        || value.starts_with('$')
            && value[1..].bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// Bits of information a letter, by Shannon.
pub(super) fn entropy(value: &str) -> f64 {
    let mut counts = [0u32; 256];
    value.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let total = value.len() as f64;
    let part = |count: &u32| {
        let share = f64::from(*count) / total;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(part).sum()
}

/// What can be told of a secret: about how long it is.
pub(super) fn measure(value: &str) -> &'static str {
    match value.chars().count() {
        0..=7 => "fewer than 8 characters",
        8..=15 => "8 to 15 characters",
        16..=31 => "16 to 31 characters",
        _ => "32 characters or more",
    }
}

/// Keys that name a secret: `DB_PASSWORD`, `api_key`, `clientSecret`.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    let ends = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "secret_key",
        "api_key",
        "apikey",
        "auth_token",
        "access_token",
        "private_key",
        "secret_key_base",
        "app_key",
        "access_key",
        "secretkey",
        "_pass",
        "_pwd",
        "_token",
        "encryption_key",
        "signing_key",
        "authtoken",
        "accesstoken",
        "privatekey",
        "clientsecret",
        "smtp_pass",
        "salt",
    ];
    (ends.iter().any(|end| name.ends_with(end))
        || matches!(name.as_str(), "pass" | "pwd" | "token" | "pw"))
        && ![
            "reset_password",
            "forgot_password",
            "csrf_token",
            "confirm_password",
            "_token",
            "new_password",
            "old_password",
            "current_password",
            "hashed_password",
            "encrypted_password",
        ]
        .contains(&name.as_str())
}

/// Whether a value looks as if a machine had drawn it: no word, no sentence, no path, no name.
pub(super) fn is_drawn(value: &str) -> bool {
    let has = |test: fn(&u8) -> bool| value.bytes().any(|byte| test(&byte));
    let clean = value.bytes().all(|byte| byte.is_ascii_graphic());
    let classes = [
        has(u8::is_ascii_lowercase),
        has(u8::is_ascii_uppercase),
        has(u8::is_ascii_digit),
        has(u8::is_ascii_punctuation),
    ];
    let kinds = classes.iter().filter(|class| **class).count();
    // Sixteen digits hold less a letter.
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    // `admin123`
    let word = value.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let counted = ["1", "12", "123", "1234", "12345"].contains(&&value[word.len()..])
        && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let path = value.contains("://")
        || value.starts_with(['/', '.', '#', '$', '@', ':'])
        || value.contains("::");
    clean
        && value.len() >= 8
        && kinds >= 2
        && has(u8::is_ascii_digit)
        && entropy(value) >= if value.len() >= 16 && !is_hex { 3.5 } else { 2.8 }
        && !path
        && !counted
        && !value.contains(['(', ' ', '{', '<', '\\', '|'])
}

#[cfg(test)]
mod tests {
    use super::{is_drawn, is_placeholder, is_reference, is_secret_name};

    #[test]
    fn placeholders_are_no_secrets_and_secrets_no_placeholders() {
        for value in [
            "",
            "changeme",
            "ChangeMe!",
            "!ChangeMe!",
            "your-password-here",
            "<password>",
            "${DB_PASSWORD}",
            "xxxxxxxx",
            "put your unique phrase here",
            "database_name_here",
            "secret",
            "root",
            "********",
            "SomeRandomString",
            "%env(DB)%",
            "$PASSWORD",
            "example",
            "password123",
            "foobar",
            "foo-bar",
            "dev_password",
            "localhost",
            "testing",
            "test123",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in [
            "s3cr3t-orchard",
            "hunter2",
            "Tr0ub4dor&3",
            "9fK2mQx7Lp",
            "latest-9fK2-33x91",
            "barcelona99",
            "devPx83kQ92",
            "localPw9x",
            "hereford7",
            "footballer1",
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn names_and_values_are_told_apart() {
        for name in ["DB_PASSWORD", "api_key", "clientSecret", "stripe.secret_key", "smtp_pass"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["monkey", "keystone", "password_field", "passenger", "compass", "tokens"] {
            assert!(!is_secret_name(name), "{name}");
        }
        for value in ["9fK2mQx7LpZt", "f81d4fae7dec11d0a765", "wJalrXUtnFEMI/K7MDENG/bPx"] {
            assert!(is_drawn(value), "{value}");
        }
        for value in
            ["Enter your password", "admin123", "/run/secrets/db", "app.auth.token", "Foo::Bar1"]
        {
            assert!(!is_drawn(value), "{value}");
        }
        assert!(is_reference("<%= ENV['X'] %>") && !is_reference("5% off$"));
    }
}
