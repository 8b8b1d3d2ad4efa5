//! Comments that allow a finding: `nirvana:allow III-017 the key of the public demo`, on the line
//! of the finding, or alone on the one before it. A comment without a reason allows nothing, and one that
//! allows nothing is a finding too.

use crate::audit::file::{File, Kind, Scope};
use crate::twelve_factor::{Hit, State};

/// What a comment has to begin with, after the comment's own mark.
const WORD: &str = "nirvana:allow";

/// What the marks of comments are made of.
const MARKS: &str = "#/*-;<!{%";

/// A comment that allows rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) path: String,
    pub(super) line: u32,
    /// Whether nothing else is on its line, so that it speaks of the next one too.
    pub(super) is_alone: bool,
    pub(super) rules: Vec<String>,
    /// Empty if there is none.
    pub(super) reason: String,
}

/// What the comments of a file allow.
pub(super) fn comments(file: &File) -> Vec<Comment> {
    if file.kind == Kind::Json
        || file.scope == Scope::Rehearsal && file.kind == Kind::Text
        || memchr::memmem::find(file.text.as_bytes(), WORD.as_bytes()).is_none()
    {
        return Vec::new();
    }
    let lines = file.lines().enumerate();
    lines.filter_map(|(at, (_, line))| read(line, at + 1, &file.shown)).collect()
}

fn read(line: &str, number: usize, path: &str) -> Option<Comment> {
    let (before, rest) = line.split_once(WORD)?;
    let before = before.trim_end();
    let marks = ["#", "//", "/*", "*", "--", ";", "<!--", "{{--", "{#", "<%#"];
    if !marks.iter().any(|mark| before.ends_with(mark)) {
        return None;
    }
    let is_alone = before.chars().all(|letter| letter.is_whitespace() || MARKS.contains(letter));
    let ends = ["*/", "-->", "--}}", "#}", "%>"];
    let rest = ends.iter().fold(rest.trim(), |rest, end| rest.trim_end_matches(end).trim_end());
    let mut rules = Vec::new();
    let mut reason = rest.trim_start_matches([' ', ':']);
    while let Some((word, after)) =
        Some(reason.split_once(char::is_whitespace).unwrap_or((reason, "")))
    {
        let ids: Vec<&str> =
            word.trim_end_matches(':').split(',').filter(|id| !id.is_empty()).collect();
        if ids.is_empty() || !ids.iter().all(|id| is_id(id)) {
            break;
        }
        rules.extend(ids.iter().map(|id| (*id).to_owned()));
        reason = after.trim_start();
    }
    let reason = reason.trim_start_matches(['-', ':', ' ', '—']).trim().to_owned();
    let line = u32::try_from(number).unwrap_or(u32::MAX);
    Some(Comment { path: path.to_owned(), line, is_alone, rules, reason })
}

/// `III-017`
pub(super) fn is_id(word: &str) -> bool {
    word.split_once('-').is_some_and(|(factor, number)| {
        !factor.is_empty()
            && factor.chars().all(|letter| letter.is_ascii_uppercase())
            && number.len() == 3
            && number.chars().all(|digit| digit.is_ascii_digit())
    })
}

/// Marks what comments allow, and gives back the comments that allow nothing.
pub(super) fn apply(comments: &[Comment], hits: &mut [Hit]) -> Vec<Comment> {
    let mut unused = Vec::new();
    for comment in comments {
        if comment.reason.is_empty() || comment.rules.is_empty() {
            continue;
        }
        let mut used = Vec::new();
        for hit in hits.iter_mut() {
            let near = hit.line == comment.line || comment.is_alone && hit.line == comment.line + 1;
            if hit.path == comment.path && near && comment.rules.iter().any(|rule| rule == hit.rule)
            {
                hit.state = State::AllowedInline { reason: comment.reason.clone() };
                used.push(hit.rule);
            }
        }
        let rules: Vec<String> =
            comment.rules.iter().filter(|rule| !used.contains(&rule.as_str())).cloned().collect();
        if !rules.is_empty() {
            unused.push(Comment { rules, ..comment.clone() });
        }
    }
    unused
}

#[cfg(test)]
mod tests {
    use super::{Comment, read};

    #[test]
    fn a_comment_names_rules_and_a_reason() {
        for (line, rules, reason) in [
            ("x = 1 # nirvana:allow III-017 the demo's key", "III-017", "the demo's key"),
            ("// nirvana:allow III-017,M-004: old report", "III-017 M-004", "old report"),
            ("/* nirvana:allow M-001 M-002 - both kept */", "M-001 M-002", "both kept"),
            ("<!-- nirvana:allow S-001 -->", "S-001", ""),
            ("# nirvana:allow", "", ""),
            ("# nirvana:allow everything", "", "everything"),
        ] {
            let found = read(line, 3, "a.rb").map(|one| (one.rules.join(" "), one.reason));
            assert_eq!(found, Some((rules.to_owned(), reason.to_owned())), "{line}");
        }
        let alone = |line| read(line, 1, "a").is_some_and(|one| one.is_alone);
        for line in
            ["  // nirvana:allow M-001 x", "<!-- nirvana:allow M-001 x -->", " * nirvana:allow"]
        {
            assert!(alone(line), "{line}");
        }
        assert!(!alone("f(1); // nirvana:allow M-001 x"));
        assert_eq!(read("$help = 'write nirvana:allow III-001 x';", 1, "a"), None::<Comment>);
    }
}
