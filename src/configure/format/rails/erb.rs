//! Ruby within the tags of ERB, and Ruby that reads the environment.

use crate::project::read::{Span, ruby};

use super::super::super::draft::{Draft, Moved, Sensitivity};
use super::super::php::is_placeholder;
use super::fallback;
use crate::secret_shape::has_password;

/// The code of each tag in a part of a text.
pub(super) fn tags(source: &[u8], part: Span) -> Vec<Span> {
    let text = part.of(source);
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memmem::find(&text[at..], b"<%") {
        let start = at + open + 2;
        let Some(length) = memchr::memmem::find(&text[start..], b"%>") else { break };
        at = start + length + 2;
        let start = start + usize::from(matches!(text.get(start), Some(b'=' | b'-')));
        tags.push(Span::new(part.start + start, part.start + (at - 2).max(start)));
    }
    tags
}

/// The literal strings in the tags of a part, with their places, but for names of variables.
pub(super) fn literals(source: &[u8], part: Span) -> Vec<(Span, Vec<u8>)> {
    let mut found = Vec::new();
    for tag in tags(source, part) {
        let code = ruby::Code::new(tag.of(source));
        for (at, token) in code.tokens.iter().enumerate() {
            let is_variable = at >= 2
                && ((code.is(at - 1, b"[") && code.is_name(at - 2, b"ENV"))
                    || (code.is(at - 1, b"(") && code.is_name(at - 2, b"fetch")));
            let literal = code.literal(at).filter(|_| token.kind.is_string() && !is_variable);
            if let Some(literal) = literal.filter(|literal| !literal.is_dynamic) {
                let span = Span::new(tag.start + token.span.start, tag.start + token.span.end);
                found.push((span, literal.value.into_owned()));
            }
        }
    }
    found
}

/// Moves a secret that stands in for a variable; one of a form that is not known is told. The code
/// begins at `start` of the file; `what` is what the secret is called.
pub(super) fn move_fallback(
    draft: &mut Draft,
    code: &ruby::Code,
    (at, start): (usize, usize),
    what: &str,
) {
    let moved = |span: Span| Span::new(start + span.start, start + span.end);
    let follows = at > 0 && [&b"||"[..], b",", b"{"].iter().any(|sign| code.is(at - 1, sign));
    // An address is none without a password in it.
    let is_secret = |value: &[u8]| {
        !is_placeholder(value)
            && (memchr::memmem::find(value, b"://").is_none() || has_password(value))
    };
    let literal = code.literal(at).filter(|one| !one.is_dynamic && is_secret(&one.value));
    if !follows || !code.kind(at).is_some_and(ruby::Kind::is_string) || literal.is_none() {
        return;
    }
    let span = moved(code.tokens[at].span);
    let Some(found) = fallback::at(code, at) else {
        draft.secrets.push(span);
        draft.refuse(
            span.start,
            format!("the {what} that stands in where the variable is not set is left in the code"),
            "take it out, so that only the environment has it",
        );
        return;
    };
    let (key, expression, sensitivity) = (found.key, found.expression, Sensitivity::Secret);
    draft.to_environment(
        moved(found.span),
        &found.value,
        Moved { key, expression, sensitivity, deploy: None },
    );
}

/// A Ruby string, if nothing in it could end the tag or mean something to Ruby.
pub(super) fn string(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let is_plain = |letter: char| !letter.is_control() && !matches!(letter, '"' | '\\' | '#' | '%');
    text.chars().all(is_plain).then(|| format!("\"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::literals;
    use crate::project::read::Span;

    #[test]
    fn literals_of_a_tag_are_values_and_no_names() {
        let source = b"x: <%= ENV['A'].presence || \"mysql2\" %>-<%= ENV.fetch(\"B\") { 'b' } %>";
        let found: Vec<String> = literals(source, Span::new(3, source.len()))
            .into_iter()
            .map(|(span, value)| {
                let text = String::from_utf8_lossy(span.of(source)).into_owned();
                format!("{text} {}", String::from_utf8_lossy(&value))
            })
            .collect();
        assert_eq!(found, ["\"mysql2\" mysql2", "'b' b"]);
    }
}
