//! What holds for every reader and every text: for tests, and for fuzzers.

use super::{Span, Token, dotenv, edit, javascript, php, ruby, yaml_erb};

/// Every byte is in just one token, and no token is empty.
pub(crate) fn tile<K: Copy + std::fmt::Debug>(
    source: &[u8],
    tokens: impl Iterator<Item = Token<K>>,
) {
    let mut at = 0;
    for token in tokens {
        assert_eq!(token.span.start, at, "{token:?}");
        assert!(token.span.end > at, "{token:?}");
        at = token.span.end;
    }
    assert_eq!(at, source.len());
}

/// What the readers are asked by those who use them; nothing may panic.
fn views(source: &[u8]) {
    let code = php::Code::new(source);
    let _ = (code.unbalanced(), code.entries().count());
    for call in code.calls() {
        for item in code.items(call.open) {
            let _ = (code.constant(&item), code.entry(&item), code.array(&item));
        }
    }
    for assignment in code.assignments() {
        let _ = (code.keys(&assignment), code.span(&assignment.value));
    }
    let code = ruby::Code::new(source);
    let _ = code.unbalanced();
    for call in code.calls() {
        for item in code.items(&call.arguments) {
            let _ = (code.constant(&item), code.entry(&item));
        }
    }
    for entry in code.entries() {
        let _ = (code.key(entry.key), code.span(&entry.value));
    }
    for assignment in code.assignments() {
        let _ = (code.span(&assignment.target), code.span(&assignment.value));
    }
    let yaml = yaml_erb::Yaml::new(source);
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        let _ = (yaml.path(nth), yaml.scalar(pair), pair.span.of(source));
    }
    for entry in dotenv::entries(source) {
        for dialect in dotenv::DIALECTS {
            let _ = dotenv::meaning(dialect, entry.raw.of(source));
        }
    }
}

/// All readers and their views, on any text.
pub(crate) fn check(source: &[u8]) {
    tile(source, php::tokens(source));
    tile(source, ruby::tokens(source));
    tile(source, javascript::tokens(source));
    tile(source, yaml_erb::tokens(source).all.into_iter());
    tile(source, dotenv::tokens(source).into_iter());
    views(source);
}

/// Edits as some bytes describe them: what no edit names is there again, in its order.
pub(crate) fn edits(data: &[u8]) {
    let Some((count, rest)) = data.split_first() else { return };
    let count = usize::from(*count % 8).min(rest.len() / 3);
    let (plans, source) = rest.split_at(count * 3);
    let edits: Vec<edit::Edit> = plans
        .chunks(3)
        .map(|plan| {
            let start = usize::from(plan[0]);
            let span = Span::new(start, start + usize::from(plan[1] % 16));
            edit::Edit::replace(span, vec![b'#'; usize::from(plan[2] % 16)])
        })
        .collect();
    let Ok(text) = edit::apply(source, &edits) else { return };
    let is_kept = |at: &usize| !edits.iter().any(|one| one.span.start <= *at && *at < one.span.end);
    let kept: Vec<u8> = (0..source.len()).filter(is_kept).map(|at| source[at]).collect();
    let mut rest = text.as_slice();
    for byte in &kept {
        let at = rest.iter().position(|other| other == byte);
        assert!(at.is_some(), "a byte is gone that no edit named");
        rest = &rest[at.unwrap_or(0) + 1..];
    }
    let added: usize = edits.iter().map(|one| one.text.len()).sum();
    assert_eq!(text.len(), kept.len() + added);
}

/// What a dialect writes, it reads as the same value.
pub(crate) fn render(value: &[u8]) {
    for dialect in dotenv::DIALECTS {
        if let Ok(text) = dotenv::render(dialect, value) {
            let read = dotenv::meaning(dialect, &text);
            assert_eq!(read, dotenv::Meaning::Text(value.to_vec()), "{dialect:?}");
        }
    }
}
