//! A file while a form decides what becomes of it.

use crate::finding::{Code, Finding, Place};
use crate::project::read::edit::Edit;
use crate::project::read::{Span, line_of};
use crate::project::tree::shown;
use crate::secret::Secret;

use super::mask::password;

/// A value that goes into the environment.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) key: String,
    pub(super) value: Secret,
    pub(super) sensitivity: Sensitivity,
    /// The deploy that it was for, if that is not production; such as `staging`.
    pub(super) deploy: Option<String>,
    /// Where it stood.
    pub(super) path: Vec<u8>,
    pub(super) line: u32,
}

impl Setting {
    pub(super) fn place(&self) -> Place {
        Place::file(shown(&self.path), Some(self.line))
    }
}

/// Whether others may see a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sensitivity {
    Secret,
    Plain,
}

/// What a form made of a file; nothing is written by it.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) path: Vec<u8>,
    pub(super) source: &'a [u8],
    pub(super) edits: Vec<Edit>,
    /// Parts of the source that nobody is shown.
    pub(super) secrets: Vec<Span>,
    pub(super) settings: Vec<Setting>,
    pub(super) findings: Vec<Finding>,
    /// Why the file stays as a whole, where it cannot be read.
    pub(super) broken: Option<Finding>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(path: &[u8], source: &'a [u8]) -> Self {
        Self {
            path: path.to_vec(),
            source,
            edits: Vec::new(),
            secrets: Vec::new(),
            settings: Vec::new(),
            findings: Vec::new(),
            broken: None,
        }
    }

    /// What begins at a place has no end, so that nothing of the file can be told.
    pub(super) fn give_up(&mut self, at: usize) {
        let message = "what begins here has no end, so the file stays as it is";
        let help = "close the quote, the tag or the merge conflict, and run the same command again";
        let finding = Finding::warning(Code::NotConfigured, self.place(at), message).help(help);
        self.broken = Some(finding.clone());
        self.findings.push(finding);
    }

    pub(super) fn replace(&mut self, span: Span, text: impl Into<Vec<u8>>) {
        self.edits.push(Edit::replace(span, text));
    }

    pub(super) fn insert(&mut self, at: usize, text: impl Into<Vec<u8>>) {
        self.edits.push(Edit::insert(at, text));
    }

    /// Takes a part away with the lines that it fills, and no more than itself where it shares them.
    pub(super) fn remove(&mut self, span: Span) {
        let filled = filled_lines(self.source, span);
        let overlaps = |edit: &Edit| edit.span.start < filled.end && filled.start < edit.span.end;
        if !self.edits.iter().any(overlaps) {
            self.edits.push(Edit::delete(filled));
        }
    }

    /// Whether no edit touches a part yet.
    pub(super) fn is_free(&self, span: Span) -> bool {
        !self.edits.iter().any(|edit| edit.span.start <= span.end && span.start <= edit.span.end)
    }

    /// Puts `expression` where a value stood and the value into the environment. A value that is no
    /// UTF-8 stays, which is a finding.
    pub(super) fn to_environment(&mut self, span: Span, value: &[u8], moved: Moved) {
        let line = line_of(self.source, span.start);
        if moved.sensitivity == Sensitivity::Secret {
            let is_address = ["URL", "DSN"].iter().any(|end| moved.key.ends_with(end));
            self.secrets.push(if is_address { password(self.source, span) } else { span });
        }
        let Ok(text) = std::str::from_utf8(value) else {
            let message = format!("the value of {} is no UTF-8, so it stays here", moved.key);
            self.refuse(span.start, message, "write it by hand where the variables are set");
            return;
        };
        self.replace(span, moved.expression);
        self.settings.push(Setting {
            key: moved.key,
            value: Secret::new(text),
            sensitivity: moved.sensitivity,
            deploy: moved.deploy,
            path: self.path.clone(),
            line,
        });
    }

    pub(super) fn place(&self, at: usize) -> Place {
        Place::file(shown(&self.path), Some(line_of(self.source, at)))
    }

    /// Something that stays as it is though it should not.
    pub(super) fn refuse(
        &mut self,
        at: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let finding = Finding::warning(Code::NotConfigured, self.place(at), message).help(help);
        self.findings.push(finding);
    }

    pub(super) fn found(&mut self, code: Code, at: usize, message: impl Into<String>) {
        self.findings.push(Finding::note(code, self.place(at), message));
    }
}

/// What takes a value's place, and what the value is called from now on.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    pub(super) key: String,
    pub(super) expression: String,
    pub(super) sensitivity: Sensitivity,
    pub(super) deploy: Option<String>,
}

/// The lines that nothing but the span fills, with their ends; the span itself if it shares them.
fn filled_lines(source: &[u8], span: Span) -> Span {
    let start = memchr::memrchr(b'\n', &source[..span.start]).map_or(0, |at| at + 1);
    let is_blank = |part: &[u8]| part.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    let line_end = memchr::memchr(b'\n', &source[span.end..]).map(|at| span.end + at + 1);
    let end = line_end.unwrap_or(source.len());
    let rest = &source[span.end..line_end.map_or(end, |end| end - 1)];
    let rest = rest.trim_ascii_start();
    let is_comment = rest.starts_with(b"#") || rest.starts_with(b"//");
    if is_blank(&source[start..span.start]) && (rest.is_empty() || is_comment) {
        Span::new(start, end)
    } else {
        span
    }
}

/// A form as a function of one file.
#[cfg(any(test, fuzzing))]
pub(super) type Form = fn(&mut Draft, super::goal::Goal);

#[cfg(test)]
mod tests {
    use super::Draft;
    use crate::project::read::Span;
    use crate::project::read::edit::apply;

    #[test]
    fn what_is_removed_takes_its_line_along_if_it_was_alone_there() {
        for (source, part, wanted) in [
            ("a\n  b # why\nc", "b", "a\nc"),
            ("a\r\n\tb\r\nc", "b", "a\r\nc"),
            ("a, b, c", " b,", "a, c"),
            ("a\nb", "b", "a\n"),
        ] {
            let at = source.find(part).unwrap();
            let mut draft = Draft::new(b"x", source.as_bytes());
            draft.remove(Span::new(at, at + part.len()));
            let text = apply(source.as_bytes(), &draft.edits).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), wanted);
        }
    }
}
