//! A file that was edited is read again, and is what was meant or is not written.

use crate::project::read::edit::{Edit, apply};
use crate::project::read::{Code, Lexis, Span, Token, dotenv, javascript, php, ruby, yaml_erb};

use super::language::Language;

/// The edited text. An error is where in the old text it went wrong, and how.
pub(super) fn edited(
    language: Language,
    source: &[u8],
    edits: &[Edit],
) -> Result<Vec<u8>, (usize, String)> {
    let first = edits.iter().map(|edit| edit.span.start).min().unwrap_or(0);
    let text = apply(source, edits).map_err(|error| (first, error.to_string()))?;
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.span.start, edit.span.end));
    match language {
        Language::Php => {
            let code = |text| whole(php::Code::new(text));
            sound_and_same((code(source), code(&text)), &ordered, first)?;
        }
        Language::Ruby => {
            let code = |text| whole(ruby::Code::new(text));
            sound_and_same((code(source), code(&text)), &ordered, first)?;
        }
        Language::Yaml => {
            sound_and_same((yaml(source), yaml(&text)), &ordered, first)?;
        }
        Language::Dotenv => {
            let code = |text: &[u8]| {
                let tokens = dotenv::tokens(text).into_iter();
                let is_code = |kind| matches!(kind, dotenv::Kind::Key | dotenv::Kind::Value);
                tokens.filter(|token| is_code(token.kind)).collect::<Vec<_>>()
            };
            same(&code(source), &code(&text), &ordered).map_err(told)?;
        }
        Language::Json => {
            same(&javascript::code(source), &javascript::code(&text), &ordered).map_err(told)?;
            let is_json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).is_ok();
            sound(!is_json(source), !is_json(&text), first)?;
        }
        Language::Words => {}
    }
    Ok(text)
}

/// Whether a text cannot be read to its end, and its tokens that are code.
type Read<K> = (bool, Vec<Token<K>>);

fn whole<K: Lexis>(code: Code<K>) -> Read<K> {
    (code.broken.is_some() || code.unbalanced().is_some(), code.tokens)
}

fn yaml(text: &[u8]) -> Read<yaml_erb::Kind> {
    use yaml_erb::Kind::{Comment, Newline, Whitespace};
    let found = yaml_erb::tokens(text);
    let is_code =
        |token: &Token<yaml_erb::Kind>| !matches!(token.kind, Whitespace | Newline | Comment);
    (found.broken.is_some(), found.all.into_iter().filter(is_code).collect())
}

fn sound_and_same<K: Copy + PartialEq>(
    (before, after): (Read<K>, Read<K>),
    edits: &[&Edit],
    first: usize,
) -> Result<(), (usize, String)> {
    sound(before.0, after.0, first)?;
    same(&before.1, &after.1, edits).map_err(told)
}

fn told(at: usize) -> (usize, String) {
    (at, "the edited file would not read as it was meant".to_owned())
}

/// What could not be read before need not be readable now, but is nothing that we would change.
fn sound(was_broken: bool, is_broken: bool, at: usize) -> Result<(), (usize, String)> {
    match (was_broken, is_broken) {
        (true, _) => {
            Err((at, "the file cannot be read to its end, so it stays as it is".to_owned()))
        }
        (false, true) => Err((at, "the edited file could not be read to its end".to_owned())),
        (false, false) => Ok(()),
    }
}

/// Whether every token that no edit touches is there again, and every other token lies where an edit
/// put it, or where it changed a part of a token. An error is where in the old text it is not so.
fn same<K: Copy + PartialEq>(
    before: &[Token<K>],
    after: &[Token<K>],
    edits: &[&Edit],
) -> Result<(), usize> {
    let moves = Moves::new(edits);
    let mut own = moves.own.clone();
    let mut kept = after.iter().map(|_| false).collect::<Vec<_>>();
    for token in before {
        if moves.touches(token.span) {
            own.push(moves.hull(token.span));
            continue;
        }
        let span = moves.hull(token.span);
        let at = after.partition_point(|new| new.span.start < span.start);
        match after.get(at).filter(|new| new.span == span && new.kind == token.kind) {
            Some(_) => kept[at] = true,
            None => return Err(token.span.start),
        }
    }
    own.sort_unstable();
    // Parts that touch are one: what an edit joins was several tokens.
    own.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    let new = after.iter().zip(kept).filter(|(_, kept)| !kept).map(|(token, _)| token.span);
    for span in new {
        let is_own = |part: &Span| part.start <= span.start && span.end <= part.end;
        if !own.iter().any(is_own) {
            return Err(edits.first().map_or(0, |edit| edit.span.start));
        }
    }
    Ok(())
}

/// Where the places of a text are once it was edited.
struct Moves<'a> {
    /// In their order.
    edits: &'a [&'a Edit],
    /// The new texts.
    own: Vec<Span>,
}

impl<'a> Moves<'a> {
    fn new(edits: &'a [&'a Edit]) -> Self {
        let (mut added, mut taken) = (0, 0);
        let mut own = Vec::with_capacity(edits.len());
        for edit in edits {
            let start = edit.span.start + added - taken;
            own.push(Span::new(start, start + edit.text.len()));
            added += edit.text.len();
            taken += edit.span.end - edit.span.start;
        }
        Self { edits, own }
    }

    fn touches(&self, span: Span) -> bool {
        self.edits.iter().any(|edit| {
            let is_within = edit.span.start < span.end && span.start < edit.span.end;
            let is_inserted =
                edit.span.is_empty() && span.start < edit.span.start && edit.span.start < span.end;
            is_within || is_inserted
        })
    }

    /// The new place of a part, with the new texts that reach into it.
    fn hull(&self, span: Span) -> Span {
        let mut moved = Span::new(span.start, span.end);
        for (edit, own) in self.edits.iter().zip(&self.own) {
            let length = edit.span.end - edit.span.start;
            if edit.span.end <= span.start {
                moved.start = moved.start + edit.text.len() - length;
            } else if edit.span.start < span.start {
                moved.start = own.start;
            }
            if edit.span.end <= span.end && edit.span.start < span.end {
                moved.end = moved.end + edit.text.len() - length;
            } else if edit.span.start < span.end {
                moved.end = own.end;
            }
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::edited;
    use crate::configure::language::Language;
    use crate::project::read::Span;
    use crate::project::read::edit::Edit;

    fn proven(language: Language, source: &str, part: &str, text: &str) -> bool {
        let at = source.find(part).unwrap();
        let edits = [Edit::replace(Span::new(at, at + part.len()), text)];
        edited(language, source.as_bytes(), &edits).is_ok()
    }

    #[test]
    fn an_edit_that_reads_otherwise_than_meant_is_refused() {
        use Language::{Dotenv, Json, Php, Ruby, Yaml};
        for (language, source, part, text, wanted) in [
            (Php, "<?php a('x', 'y'); // z\n", "'x'", "getenv('X')", true),
            (Php, "<?php a('x', 'y'); // z\n", "'x'", "getenv('X", false),
            (Php, "<?php a('x', 'y'); // z\n", "'x'", "/* ", false),
            (Php, "<?php a('x', 'y'); // z\n", "'x'", "'x' //", false),
            (Php, "<?php a(", "a", "b", false),
            (Php, "<?php f(\"mysql:h=$h\");", "mysql", "pgsql", true),
            (Ruby, "a = { b: 'x', c: 1 }\n", "'x'", "ENV[\"X\"]", true),
            (Ruby, "a = { b: 'x', c: 1 }\n", "'x'", "ENV[\"X\"] #", false),
            (Yaml, "a:\n  b: x # c\n  d: e\n", "x", "<%= ENV[\"X\"] %>", true),
            (Yaml, "a:\n  b: x # c\n  d: e\n", "x", "<%= ENV[\"X\"]", false),
            (Yaml, "a:\n  b: x # c\n  d: e\n", "x", "'x", false),
            (Yaml, "a: [\"b\", \"c\", d]\n", "b\", \"c", "e", true),
            (Yaml, "a:\n  b: x # c\n  d: e\n", "x", "|", true),
            (Dotenv, "A=1\nB=2\n", "1", "'x y'", true),
            (Dotenv, "A=1\nB=2\n", "1", "1\nC", true),
            (Json, "{\"a\": {\"b\": 1}}", "\"b\"", "\"c\"", true),
            (Json, "{\"a\": {\"b\": 1}}", "\"b\"", "\"c", false),
        ] {
            assert_eq!(proven(language, source, part, text), wanted, "{source} {text}");
        }
    }
}
