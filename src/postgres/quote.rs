//! String literals that mean the same whatever `standard_conforming_strings` says.
//!
//! Source: `PostgreSQL` manual 4.1.2 "Constants".

/// `'…'`, or `E'…'` where the text has a backslash.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// `$word$…$word$`, for text that is code.
pub(crate) fn dollar_quoted(word: &str, text: &str) -> String {
    let mut fence = format!("${word}$");
    while text.contains(&fence) {
        fence.insert(1, '_');
    }
    format!("{fence}{text}{fence}")
}

#[cfg(test)]
mod tests {
    use super::{dollar_quoted, literal};

    #[test]
    fn code_cannot_end_its_own_quotes() {
        assert_eq!(dollar_quoted("do", "BEGIN END"), "$do$BEGIN END$do$");
        assert_eq!(dollar_quoted("do", "a $do$ b"), "$_do$a $do$ b$_do$");
    }

    #[test]
    fn quotes_and_backslashes() {
        assert_eq!(literal("o'neil"), "'o''neil'");
        assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
        assert_eq!(literal(""), "''");
    }
}
