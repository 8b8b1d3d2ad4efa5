//! `ENV["X"] || "secret"`: a literal that stands in where a variable is not set.

use crate::project::read::Span;
use crate::project::read::ruby::Code;

/// What goes, and what is left of it.
pub(super) struct Fallback {
    /// The variable.
    pub(super) key: String,
    pub(super) value: Vec<u8>,
    /// What the expression takes the place of.
    pub(super) span: Span,
    pub(super) expression: String,
}

/// The one that ends with a token, if its form is known: `ENV["X"] || "y"`, with `.presence` or
/// without, `ENV.fetch("X", "y")`, `ENV.fetch("X") { "y" }`. All that is left is `ENV["X"]`, which is
/// nothing where the variable is not set, and no error where only assets are built.
pub(super) fn at(code: &Code, at: usize) -> Option<Fallback> {
    let literal = code.literal(at).filter(|one| !one.is_dynamic && !one.value.is_empty())?;
    let key = |nth: usize| {
        let key = code.literal(nth).filter(|one| !one.is_dynamic)?;
        String::from_utf8(key.value.into_owned()).ok()
    };
    let is_env = |nth: Option<usize>| nth.is_some_and(|nth| code.is_name(nth, b"ENV"));
    let (key, from, expression) = if at > 0 && code.is(at - 1, b"||") {
        let is_presence = at > 4
            && code.is_name(at - 2, b"presence")
            && (code.is(at - 3, b".") || code.is(at - 3, b"&."));
        let close =
            at.checked_sub(if is_presence { 4 } else { 2 }).filter(|at| code.is(*at, b"]"))?;
        if !is_env(close.checked_sub(3)) || !code.is(close - 2, b"[") {
            return None;
        }
        (key(close - 1)?, code.tokens.get(at - 2)?.span.end, String::new())
    } else {
        let is_block = at > 1 && code.is(at - 1, b"{") && code.is(at - 2, b")");
        let is_argument = at > 0 && code.is(at - 1, b",");
        let nth =
            at.checked_sub(if is_block { 3 } else { 2 }).filter(|_| is_block || is_argument)?;
        let is_closed = code.is(at + 1, if is_block { b"}" } else { b")" });
        let start = nth.checked_sub(4).filter(|start| is_env(Some(*start)))?;
        if !is_closed || !code.is_name(nth - 2, b"fetch") || !code.is(nth - 1, b"(") {
            return None;
        }
        let key = key(nth)?;
        let expression = format!("ENV[{}]", String::from_utf8_lossy(code.text(nth)));
        (key, code.tokens[start].span.start, expression)
    };
    let end = if expression.is_empty() { at } else { at + 1 };
    Some(Fallback {
        key,
        value: literal.value.into_owned(),
        span: Span::new(from, code.tokens[end].span.end),
        expression,
    })
}

#[cfg(test)]
mod tests {
    use crate::project::read::ruby::Code;

    #[test]
    fn a_fallback_goes_and_its_variable_stays() {
        for (source, wanted) in [
            ("ENV['A'] || 'x'", Some("ENV['A']")),
            ("ENV['A'].presence || \"x\"", Some("ENV['A'].presence")),
            ("ENV.fetch('A', 'x')", Some("ENV['A']")),
            ("f(ENV.fetch(\"A\") { 'x' }, 1)", Some("f(ENV[\"A\"], 1)")),
            ("ENV['A'] || ''", None),
            ("b || 'x'", None),
            ("'x'", None),
            ("b.fetch('A', 'x')", None),
            ("ENV[\"#{a}\"] || 'x'", None),
        ] {
            let code = Code::new(source.as_bytes());
            let found = (0..code.tokens.len()).find_map(|at| super::at(&code, at)).map(|one| {
                assert_eq!((one.key.as_str(), one.value.as_slice()), ("A", &b"x"[..]));
                let (before, after) = (&source[..one.span.start], &source[one.span.end..]);
                format!("{before}{}{after}", one.expression)
            });
            assert_eq!(found.as_deref(), wanted, "{source}");
        }
    }
}
