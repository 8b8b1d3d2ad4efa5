//! GitHub's workflow commands: an annotation for each finding, the gravest first, as GitHub shows
//! only ten of a kind for a step.
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>

use crate::finding::Severity;
use crate::twelve_factor::Audited;

pub(super) fn commands(audited: &Audited) -> String {
    let mut text = String::new();
    for hit in audited.open() {
        let command = match hit.level {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let title = audited.card(hit.rule).map_or("", |card| card.title);
        text.push_str(&format!(
            "::{command} file={},line={},title={}::{}\n",
            property(&hit.path),
            hit.line,
            property(&format!("{} {title}", hit.rule)),
            data(&format!("{}\n{}", hit.message, hit.help)),
        ));
    }
    text
}

pub(in crate::ui) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
        assert_eq!(data("100%\r\nx: y"), "100%25%0D%0Ax: y");
    }
}
