//! `process.env.X`, `process.env['X']`, `import.meta.env.VITE_X`, `const { X } = process.env`.

use super::{Need, Read, key};
use crate::project::read::javascript::{Kind, code, literal};
use crate::project::read::{Token, line_of};

pub(super) fn reads(source: &[u8]) -> Vec<Read> {
    let tokens = code(source);
    let text =
        |at: usize| tokens.get(at).map_or(&b""[..], |token: &Token<Kind>| token.text(source));
    let mut reads = Vec::new();
    for at in 2..tokens.len() {
        let process = text(at - 2) == b"process" && text(at - 1) == b".";
        let meta = text(at - 2) == b"meta" && text(at - 1) == b".";
        if text(at) != b"env" || !(process || meta) {
            continue;
        }
        let line = line_of(source, tokens[at].span.start);
        let (name, end) = match text(at + 1) {
            b"." | b"?." => (key(text(at + 2)), at + 3),
            b"[" if text(at + 3) == b"]" => {
                let name = tokens.get(at + 2).and_then(|token| literal(source, token));
                (name.and_then(|name| key(&name)), at + 4)
            }
            _ => continue,
        };
        // Vite's own, and not of the environment.
        let own = name
            .as_deref()
            .is_some_and(|name| matches!(name, "DEV" | "PROD" | "MODE" | "SSR" | "BASE_URL"));
        if text(end) == b"=" || meta && own {
            continue;
        }
        let begin = if process { at - 2 } else { at.saturating_sub(4) };
        let before = begin.checked_sub(1).map_or(&b""[..], |before| text(before));
        let need = match (text(end), before) {
            (b"||" | b"??", _) => Need::Default,
            (b"?" | b"===" | b"!==" | b"==" | b"!=" | b"&&", _) | (_, b"!") => Need::Optional,
            (b")", b"(") if begin > 1 && text(begin - 2) == b"if" => Need::Optional,
            _ => Need::Expected,
        };
        reads.push(Read { key: name, line, need });
    }
    reads
}
