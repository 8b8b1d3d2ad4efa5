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

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn quotes_and_backslashes() {
        assert_eq!(literal("o'neil"), "'o''neil'");
        assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
        assert_eq!(literal(""), "''");
    }
}
