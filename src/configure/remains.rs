//! What still looks like a secret in files that forms have read, and in files that none reads.
//!
//! A form knows the places of its framework. What stands elsewhere, or in a way that it does not know,
//! is told here: silence would read as if nothing were left.

use crate::finding::{Code, Finding, Place};
use crate::project::read::{Span, line_of, line_span};
use crate::project::tree::shown;
use crate::secret_shape::{is_drawn, is_secret_name, shapes};

use super::format::php::is_placeholder;
use super::language::Language;
use super::mask;
use super::project::Found;
use super::site::Site;

/// Lines that are named; a file with more of them is one of data.
const MOST: usize = 8;

pub(super) fn draft(site: &mut Site) {
    for (path, language, source, known) in site.read() {
        // Passwords of a server that CI starts are nobody's.
        if language == Language::Yaml && memchr::memmem::find(&path, b"config/").is_none() {
            continue;
        }
        let told: Vec<Option<u32>> = site
            .findings
            .iter()
            .filter(|one| one.place.name.as_deref() == Some(&shown(&path)))
            .map(|one| one.place.line)
            .collect();
        let is_new = |span: &Span| {
            let touches = |one: &Span| one.start < span.end && span.start < one.end;
            !known.iter().any(touches) && !told.contains(&Some(line_of(&source, span.start)))
        };
        let spans = mask::secrets(language, &source);
        let spans = spans.into_iter().filter(|span| is_secret(&source, *span) && is_new(span));
        tell(site, &path, lines(&source, spans), "`nirvana audit` says more of each");
    }
    for path in settings(site) {
        let Found::Bytes(source) = site.project.read(&path) else { continue };
        let mut spans = mask::secrets(Language::Words, &source);
        spans.extend(elements(&source));
        let spans = spans.into_iter().filter(|span| is_secret(&source, *span));
        let help = "the application reads this file by itself; let it read the environment instead";
        tell(site, &path, lines(&source, spans), help);
    }
}

/// Files of settings in languages that no form changes.
fn settings(site: &Site) -> Vec<Vec<u8>> {
    let is_wanted = |path: &[u8]| {
        let path = shown(path).to_ascii_lowercase();
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_setting = ["config", "setting", "database", "parameters", "credential", "secret"]
            .iter()
            .any(|word| name.contains(word));
        let is_read = [".ini", ".json", ".xml"].iter().any(|end| name.ends_with(end));
        let others =
            ["vendor/", "node_modules/", "test", "example", "sample", "tsconfig", "jsconfig"];
        is_setting && is_read && !others.iter().any(|word| path.contains(word))
    };
    let folder = site.application.folder.clone();
    let entries = site.below(&folder).filter(|entry| entry.is_file() && is_wanted(&entry.path));
    entries.map(|entry| entry.path.clone()).collect()
}

/// `<password>…</password>`
fn elements(source: &[u8]) -> Vec<Span> {
    let mut found = Vec::new();
    for end in memchr::memmem::find_iter(source, b"</") {
        let Some(start) = memchr::memrchr(b'>', &source[..end]) else { continue };
        let name = source[end + 2..].split(|byte| *byte == b'>').next().unwrap_or_default();
        if is_secret_name(&String::from_utf8_lossy(name)) && start + 1 < end {
            found.push(Span::new(start + 1, end));
        }
    }
    found
}

/// Whether a part is a secret by its shape, or a drawn word at the name of one.
fn is_secret(source: &[u8], span: Span) -> bool {
    let is_around = |byte: &u8| b"'\" ;,".contains(byte);
    let text = span.of(source);
    let start = text.iter().position(|byte| !is_around(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_around(byte)).map_or(start, |at| at + 1);
    let text = &text[start..end.max(start)];
    let is_read = text.contains(&b'<') || text.contains(&b'$') || text.contains(&b'%');
    let line = line_span(source, span.start);
    let is_shape = || {
        let mut shapes = shapes(line.of(source)).into_iter();
        shapes.any(|part| line.start + part.start == span.start)
    };
    !is_read && !is_placeholder(text) && (is_drawn(text) || is_shape())
}

fn lines(source: &[u8], spans: impl Iterator<Item = Span>) -> Vec<u32> {
    let mut lines: Vec<u32> = spans.map(|span| line_of(source, span.start)).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

fn tell(site: &mut Site, path: &[u8], lines: Vec<u32>, help: &str) {
    let Some(first) = lines.first() else { return };
    let shown_lines: Vec<String> = lines.iter().take(MOST).map(u32::to_string).collect();
    let more = if lines.len() > MOST { ", …" } else { "" };
    let what = if lines.len() == 1 { "line" } else { "lines" };
    let message =
        format!("what looks like a secret stays in {what} {}{more}", shown_lines.join(", "));
    let place = Place::file(shown(path), Some(*first));
    site.findings.push(Finding::note(Code::SettingLeft, place, message).help(help));
}
