//! Whether a file goes on to its end, as far as its tool writes something first and something last.
//! Pure.

use std::collections::BTreeSet;

/// What was seen of that.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// mysqldump's header, and its last line.
    begun: bool,
    ended: bool,
    /// `@OLD_…` that were kept and not put back.
    kept: BTreeSet<String>,
    /// Whether anything of the kind stands in the file.
    is_told: bool,
}

/// What is not there.
pub(super) const LINE: &str = "the line «Dump completed» of its tool";
pub(super) const BACK: &str =
    "the statements that put back what the first ones keep (SET … = @OLD_…)";

impl Ending {
    /// A header: what the dump before it lacks.
    pub(super) fn header(&mut self) -> Option<&'static str> {
        let lacks = self.lacks();
        *self = Self { begun: true, is_told: true, ..Self::default() };
        lacks
    }

    pub(super) fn footer(&mut self) {
        (self.ended, self.is_told) = (true, true);
    }

    /// A SET, in which `@OLD_…` is kept or put back: what the dump before it lacks.
    pub(super) fn set(&mut self, text: &[u8]) -> Option<&'static str> {
        const MARK: &str = "@OLD_";
        let text = String::from_utf8_lossy(text).to_ascii_uppercase();
        let mut lacks = None;
        for (at, _) in text.match_indices(MARK) {
            let before = text[..at].trim_end();
            if before.ends_with(['=', '(']) {
                self.kept.clear();
                continue;
            }
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let name = &text[at + MARK.len()..];
            let end = name.find(|letter| !is_name(letter)).unwrap_or(name.len());
            self.is_told = true;
            if !self.kept.insert(name[..end].to_owned()) {
                lacks = Some(BACK);
                self.kept.clear();
                self.kept.insert(name[..end].to_owned());
            }
        }
        lacks
    }

    /// What is missing, if this is the end.
    pub(super) fn lacks(&self) -> Option<&'static str> {
        match self {
            Self { begun: true, ended, .. } => (!ended).then_some(LINE),
            _ => (!self.kept.is_empty()).then_some(BACK),
        }
    }

    /// Whether the file has anything that would be missing.
    pub(super) fn is_told(&self) -> bool {
        self.is_told
    }
}

#[cfg(test)]
mod tests {
    use super::{BACK, Ending, LINE};

    const HEAD: &str = " @OLD_TIME_ZONE=@@TIME_ZONE, @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0";

    #[test]
    fn a_line_at_the_end_is_missed() {
        let mut ending = Ending::default();
        assert_eq!((ending.lacks(), ending.is_told()), (None, false));
        assert_eq!(ending.header(), None);
        assert_eq!(ending.lacks(), Some(LINE));
        // The next one begins before this one is at its end, and ends itself.
        assert_eq!(ending.header(), Some(LINE));
        ending.footer();
        assert_eq!(ending.lacks(), None);
        assert_eq!(ending.header(), None);
    }

    #[test]
    fn what_is_kept_is_put_back() {
        for back in ["TIME_ZONE=@OLD_TIME_ZONE ", " SQL_NOTES = IFNULL(@OLD_SQL_NOTES, 1)"] {
            let mut ending = Ending::default();
            assert_eq!(ending.set(HEAD.as_bytes()), None);
            assert_eq!((ending.lacks(), ending.is_told()), (Some(BACK), true));
            assert_eq!(ending.set(back.as_bytes()), None, "{back}");
            assert_eq!(ending.lacks(), None, "{back}");
            // Another one behind it.
            assert_eq!(ending.set(HEAD.as_bytes()), None);
            assert_eq!(ending.set(HEAD.as_bytes()), Some(BACK));
        }
    }
}
