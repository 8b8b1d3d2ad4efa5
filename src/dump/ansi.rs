//! Statements written under ANSI_QUOTES, where names stand in double quotes. Pure.

/// Whether a statement that makes something is written so: its first quote begins a name.
pub(super) fn is_ansi(create: &[u8]) -> bool {
    let first = create.iter().position(|byte| matches!(byte, b'`' | b'"' | b'\''));
    let Some(at) = first.filter(|at| create[*at] == b'"') else { return false };
    let before = create[..at].trim_ascii_end().to_ascii_uppercase();
    let names: [&[u8]; 5] = [b"TABLE", b"VIEW", b"EXISTS", b"DATABASE", b"DEFINER="];
    names.iter().any(|word| before.ends_with(word))
}

/// The statement with its names in backticks.
pub(super) fn with_backticks(statement: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(statement.len());
    let mut bytes = statement.iter().copied().peekable();
    // The quote that we are in.
    let mut within = None;
    while let Some(byte) = bytes.next() {
        match (within, byte) {
            (None, b'"') => {
                within = Some(b'"');
                out.push(b'`');
            }
            (None, b'\'' | b'`') => {
                within = Some(byte);
                out.push(byte);
            }
            (Some(b'"'), b'"') if bytes.next_if_eq(&b'"').is_some() => out.push(b'"'),
            (Some(b'"'), b'"') => {
                within = None;
                out.push(b'`');
            }
            (Some(b'"'), b'`') => out.extend_from_slice(b"``"),
            (Some(b'\''), b'\\') => {
                out.push(byte);
                out.extend(bytes.next());
            }
            // A doubled quote closes the text and opens it again.
            (Some(quote), byte) if quote == byte => {
                within = None;
                out.push(byte);
            }
            (_, byte) => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{is_ansi, with_backticks};

    #[test]
    fn names_and_texts_are_told_apart() {
        let create = br#"CREATE TABLE "a""b`c" ("x" varchar(9) DEFAULT 'it''s "\'"', `y` int)"#;
        assert!(is_ansi(create));
        let expected = br#"CREATE TABLE `a"b``c` (`x` varchar(9) DEFAULT 'it''s "\'"', `y` int)"#;
        assert_eq!(with_backticks(create), expected);
        assert!(!is_ansi(b"CREATE TABLE `a` (`b` varchar(9) DEFAULT \"x\")"));
        assert!(!is_ansi(b"CREATE TABLE a (b int COMMENT 'say \"x\"')"));
        assert_eq!(with_backticks(b"\"open"), b"`open");
    }
}
