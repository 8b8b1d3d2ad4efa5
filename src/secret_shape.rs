//! How secrets look, whatever the language of the file they stand in: what they are called, and what
//! gives itself away by its shape.

use std::ops::Range;

/// Whether a name is that of something secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 15] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "salt",
        "pepper",
        "apikey",
        "api_key",
        "access_key",
        "private_key",
        "encryption_key",
        "auth_key",
        "app_key",
        "credential",
    ];
    let name = plain(name);
    let is_short = |word: &str| name == word || name.ends_with(&format!("_{word}"));
    WORDS.iter().any(|word| name.contains(word))
        || ["pass", "pwd", "pw", "key", "auth"].iter().any(|word| is_short(word))
        || name.ends_with("pass")
}

/// Whether what stands at a name is the secret itself, and not something about it: no lifetime of a
/// token, and no table of passwords.
pub(crate) fn is_secret_key(name: &str) -> bool {
    const ENDS: [&str; 14] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "salt",
        "pepper",
        "apikey",
        "credential",
        "credentials",
        "pass",
        "pwd",
        "key",
        "key_base",
    ];
    let name = plain(name);
    is_secret_name(&name) && ENDS.iter().any(|end| name.ends_with(end))
}

/// `api-key` and `api.key` are `api_key` to other files.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', '.'], "_")
}

/// Keys that can be told by how they begin: the prefix, how many letters follow at least, and whether
/// those may be more than letters and digits.
const PREFIXES: [(&[u8], usize, bool); 25] = [
    (b"AKIA", 16, false),
    (b"ASIA", 16, false),
    (b"sk_live_", 10, false),
    (b"rk_live_", 10, false),
    (b"sk_test_", 10, false),
    (b"whsec_", 10, true),
    (b"ghp_", 20, false),
    (b"gho_", 20, false),
    (b"ghs_", 20, false),
    (b"ghu_", 20, false),
    (b"github_pat_", 20, true),
    (b"glpat-", 16, true),
    (b"xoxb-", 10, true),
    (b"xoxp-", 10, true),
    (b"SG.", 30, true),
    (b"key-", 32, false),
    (b"npm_", 30, false),
    (b"pypi-", 30, true),
    (b"shpat_", 30, false),
    (b"dop_v1_", 40, false),
    (b"AIza", 30, true),
    (b"sk-proj-", 20, true),
    (b"base64:", 30, true),
    (b"hooks.slack.com/services/", 6, true),
    (b"/api/webhooks/", 6, true),
];

/// Whether a value looks drawn and is no word: letters and digits in it, and no path or sentence.
pub(crate) fn is_drawn(value: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let is_path = value.first().is_some_and(|first| b"/.#$@:".contains(first));
    !shapes(value).is_empty()
        || value.len() >= 8
            && value.iter().all(u8::is_ascii_graphic)
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_alphabetic)
            && !is_path
}

/// Every part of a text that its shape makes a secret: keys of providers, the body of a private key,
/// the password of an address.
pub(crate) fn shapes(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = passwords(text);
    for (prefix, least, is_wide) in PREFIXES {
        let is_body =
            |byte: &&u8| byte.is_ascii_alphanumeric() || (is_wide && b"_-./+=:".contains(*byte));
        for start in memchr::memmem::find_iter(text, prefix) {
            let body = start + prefix.len();
            let length = text[body..].iter().take_while(is_body).count();
            let begins = prefix.contains(&b'/')
                || start.checked_sub(1).is_none_or(|at| !text[at].is_ascii_alphanumeric());
            if begins && length >= least {
                // What a webhook's address begins with is no secret, and says what was hidden.
                found.push(if prefix.contains(&b'/') { body } else { start }..body + length);
            }
        }
    }
    for start in memchr::memmem::find_iter(text, b"PRIVATE KEY-----") {
        let body = start + b"PRIVATE KEY-----".len();
        let rest = &text[body..];
        let end = memchr::memmem::find(rest, b"-----END").unwrap_or(rest.len());
        if !rest[..end].trim_ascii().is_empty() {
            found.push(body..body + end);
        }
    }
    found
}

/// The passwords of all addresses of a text: `scheme://user:password@host`.
pub(crate) fn passwords(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text, b"://") {
        let start = at + 3;
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"'\"`<>|".contains(byte);
        let length = text[start..].iter().position(is_end).unwrap_or(text.len() - start);
        let address = &text[start..start + length];
        let Some(end) = memchr::memrchr(b'@', address) else { continue };
        let Some(colon) = memchr::memchr(b':', &address[..end]) else { continue };
        let password = &address[colon + 1..end];
        // What another place fills in, and what the recipes put where a password is to come.
        let stands_between = |open: &[u8], close: &[u8]| {
            password.starts_with(open) && password.ends_with(close) && password.len() > 1
        };
        // `%40…` is an @ of the password itself.
        let is_read = password.starts_with(b"$")
            || stands_between(b"#{", b"}")
            || stands_between(b"%", b"%")
            || stands_between(b"{", b"}");
        let is_placeholder = [&b"!ChangeMe!"[..], b"db_password", b"guest"].contains(&password);
        if !password.is_empty() && !is_read && !is_placeholder {
            found.push(start + colon + 1..start + end);
        }
    }
    found
}

/// Whether a text has an address with a password in it.
pub(crate) fn has_password(text: &[u8]) -> bool {
    !passwords(text).is_empty()
}

#[cfg(test)]
mod tests {
    use super::{is_secret_key, is_secret_name, shapes};

    #[test]
    fn what_gives_itself_away_is_found() {
        for (text, wanted) in [
            (
                "a ghp_abcdefghijklmnopqrstuvwxyz0123456789 b",
                Some("ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
            ),
            ("'sk_live_abcdefghijklmnop1234567'", Some("sk_live_abcdefghijklmnop1234567")),
            (
                "SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwx",
                Some("SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwx"),
            ),
            ("https://hooks.slack.com/services/T0/B0/abcdef", Some("T0/B0/abcdef")),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
                Some("\nMIIE\n"),
            ),
            ("source \"https://deploy:T0p@gems.example.com\"", Some("T0p")),
            ("redis://:p99@redis:6379 x@y", Some("p99")),
            ("mysql://a:p@w@h/x", Some("p@w")),
            ("mysql://a:${P}@h/x https://h/a", None),
            ("mysql://a:%40bc%3A@h/x", Some("%40bc%3A")),
            ("mysql://a:%db_password%@h/x", None),
            ("mysql://a:{brace@h/x", Some("{brace")),
            ("my-key-abc ghp_short monkey-01234567890123456789012345678901", None),
            ("mysql://app:!ChangeMe!@h/x", None),
        ] {
            let found = shapes(text.as_bytes());
            let found: Vec<&str> = found.into_iter().map(|part| &text[part]).collect();
            assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_told_from_what_is_about_it() {
        for name in
            ["DB_PASSWORD", "api-key", "api.key", "clientSecret", "dbpass", "secret_key_base"]
        {
            assert!(is_secret_name(name) && is_secret_key(name), "{name}");
        }
        for name in ["token_lifetime", "password_field", "secret_file"] {
            assert!(is_secret_name(name) && !is_secret_key(name), "{name}");
        }
        for name in ["host", "monkey", "compass_url"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
