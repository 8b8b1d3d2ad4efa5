//! `<%= ENV['X'] %>` and `%env(X)%` in YAML; `${X}` in Compose files and Procfiles.

use super::{Need, Read, key, ruby};
use crate::project::read::line_of;
use crate::project::read::yaml_erb::{Kind, tokens};

pub(super) fn yaml(source: &[u8]) -> Vec<Read> {
    let mut reads = Vec::new();
    let comments: Vec<_> =
        tokens(source).all.into_iter().filter(|token| token.kind == Kind::Comment).collect();
    let is_comment = |at: usize| {
        let next = comments.partition_point(|token| token.span.end <= at);
        comments.get(next).is_some_and(|token| token.span.start <= at)
    };
    let mut at = 0;
    while let Some(next) = memchr::memmem::find(&source[at..], b"<%") {
        let start = at + next + 2;
        let Some(length) = memchr::memmem::find(&source[start..], b"%>") else { break };
        let inner = &source[start..start + length];
        at = start + length;
        let skipped = inner.iter().take_while(|byte| matches!(byte, b'=' | b'-' | b'%')).count();
        if inner.first() != Some(&b'#') && !is_comment(start - 2) {
            reads.extend(ruby::reads(&inner[skipped..], start + skipped, source));
        }
    }
    at = 0;
    while let Some(next) = memchr::memmem::find(&source[at..], b"%env(") {
        let start = at + next + 5;
        let Some(length) = memchr::memmem::find(&source[start..], b")%") else { break };
        let inner = &source[start..start + length];
        at = start + length;
        if !is_comment(start) {
            reads.push(symfony(inner, line_of(source, start)));
        }
    }
    reads.sort_by_key(|one| one.line);
    reads
}

/// `resolve:DATABASE_URL`, `default:parameter:X`
fn symfony(inner: &[u8], line: u32) -> Read {
    let name = inner.rsplit(|byte| *byte == b':').next().unwrap_or(inner);
    let need = if inner.starts_with(b"default:") { Need::Default } else { Need::Required };
    Read { key: key(name), line, need }
}

/// `${X}`, `${X:-default}`, `${X:?message}`, `$X`; `$$` is a dollar.
pub(super) fn shell(source: &[u8]) -> Vec<Read> {
    let mut reads = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive(|byte| *byte == b'\n') {
        let base = start;
        start += line.len();
        if line.trim_ascii_start().starts_with(b"#") {
            continue;
        }
        let mut at = 0;
        while let Some(next) = memchr::memchr(b'$', &line[at..]) {
            at += next + 1;
            if line.get(at) == Some(&b'$') {
                at += 1;
                continue;
            }
            let is_braced = line.get(at) == Some(&b'{');
            let rest = &line[at + usize::from(is_braced)..];
            let word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            let length = rest.iter().take_while(word).count();
            let Some(name) = key(&rest[..length]) else { continue };
            let need = match &rest[length..] {
                [b':', b'?', ..] | [b'?', ..] if is_braced => Need::Required,
                [b':', b'-' | b'=', ..] | [b'-' | b'=', ..] if is_braced => Need::Default,
                [b':', b'+', ..] | [b'+', ..] if is_braced => Need::Optional,
                _ => Need::Expected,
            };
            let line = line_of(source, base + at);
            reads.push(Read { key: Some(name), line, need });
        }
    }
    reads
}
