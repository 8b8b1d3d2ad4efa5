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

/// PHP: its tokens tile the text, and nothing that is asked of it panics.
pub(crate) fn php(source: &[u8]) {
    tile(source, php::tokens(source));
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
}

/// The same of Ruby.
pub(crate) fn ruby(source: &[u8]) {
    tile(source, ruby::tokens(source));
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
}

/// The same of YAML that ERB makes.
pub(crate) fn yaml_erb(source: &[u8]) {
    tile(source, yaml_erb::tokens(source).all.into_iter());
    let yaml = yaml_erb::Yaml::new(source);
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        let _ = (yaml.path(nth), yaml.scalar(pair), pair.span.of(source));
    }
}

/// The same of a file of variables, in every dialect.
pub(crate) fn dotenv(source: &[u8]) {
    tile(source, dotenv::tokens(source).into_iter());
    for entry in dotenv::entries(source) {
        for dialect in dotenv::DIALECTS {
            let _ = dotenv::meaning(dialect, entry.raw.of(source));
        }
    }
}

/// The same of JavaScript.
pub(crate) fn javascript(source: &[u8]) {
    tile(source, javascript::tokens(source));
    let _ = javascript::code(source);
}

/// All readers and their views, on any text.
#[cfg(test)]
pub(super) fn check(source: &[u8]) {
    for reader in [php, ruby, yaml_erb, dotenv, javascript] {
        reader(source);
    }
}

/// Whether `after` is `before` with the edits done and not another byte: the texts are walked side
/// by side, which is another way than the one by which [`edit::apply`] makes them.
pub(crate) fn outside(before: &[u8], after: &[u8], edits: &[edit::Edit]) {
    let mut ordered: Vec<&edit::Edit> = edits.iter().collect();
    ordered.sort_by_key(|one| (one.span.start, one.span.end));
    let (mut old, mut new) = (0, 0);
    for one in ordered {
        let kept = one.span.start - old;
        assert_eq!(before[old..one.span.start], after[new..new + kept], "before {one:?}");
        new += kept;
        assert_eq!(one.text, after[new..new + one.text.len()], "at {one:?}");
        new += one.text.len();
        old = one.span.end;
    }
    assert_eq!(before[old..], after[new..], "behind all edits");
}

/// Edits as some bytes describe them: they are done and nothing else is, or they cannot be, for a
/// reason that is true.
pub(crate) fn edits(data: &[u8]) {
    let Some((count, rest)) = data.split_first() else { return };
    let count = usize::from(*count % 8).min(rest.len() / 4);
    let (plans, source) = rest.split_at(count * 4);
    let edits: Vec<edit::Edit> = plans
        .chunks_exact(4)
        .map(|plan| {
            let start = usize::from(plan[0]) % (source.len() + 2);
            let span = Span::new(start, start + usize::from(plan[1] % 16));
            // Text that is in the source too, so that a byte may be mistaken for another.
            let text = source.iter().chain(&plan[3..]).take(usize::from(plan[2] % 16));
            edit::Edit::replace(span, text.copied().collect::<Vec<u8>>())
        })
        .collect();
    match edit::apply(source, &edits) {
        Ok(after) => outside(source, &after, &edits),
        Err(edit::EditError::OutOfBounds { .. }) => {
            assert!(edits.iter().any(|one| one.span.end > source.len()));
        }
        Err(edit::EditError::Overlap { at }) => {
            let reaches = |one: &edit::Edit| one.span.start <= at && at <= one.span.end;
            assert!(edits.iter().filter(|one| reaches(one)).count() > 1);
        }
        Err(edit::EditError::OutsideChanged) => unreachable!("a byte outside of all edits changed"),
    }
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
