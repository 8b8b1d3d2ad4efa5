//! Literals and account names for `MySQL`, in a session whose `sql_mode` is empty.
//!
//! Source: `MySQL` manual 11.1.1 "String Literals" and 8.2.4 "Specifying Account Names".

use std::fmt::Write as _;

/// `'…'`, for text that the session's charset (utf8mb4) can hold: all of it.
pub(crate) fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for letter in text.chars() {
        match letter {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            '\0' => quoted.push_str("\\0"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// `0x` and two upper-case digits a byte, no digit for no byte.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("0x");
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// `'user'@'host'` of an account such as `CURRENT_USER()` prints it: `user@host`, where the user's
/// name may hold an `@` and the host's cannot.
pub(crate) fn account(account: &str) -> String {
    match account.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", literal(user), literal(host)),
        None => literal(account),
    }
}

#[cfg(test)]
mod tests {
    use super::{account, hexadecimal, literal};

    #[test]
    fn literals() {
        assert_eq!(literal("o'neil"), "'o''neil'");
        assert_eq!(literal(r#"a\'b"\"#), r#"'a\\''b"\\'"#);
        assert_eq!(literal("a\0\n日本"), "'a\\0\n日本'");
    }

    #[test]
    fn hexadecimals() {
        assert_eq!(hexadecimal(&[0, 0xff, 0x0a]), "0x00FF0A");
        assert_eq!(hexadecimal(&[]), "0x");
    }

    #[test]
    fn accounts() {
        assert_eq!(account("cat'u@%"), "'cat''u'@'%'");
        assert_eq!(account("a@b@localhost"), "'a@b'@'localhost'");
        assert_eq!(account("@"), "''@''");
    }
}
