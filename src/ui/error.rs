//! An error as people read it: what failed, what that is due to, and what to try.

use crate::report::ErrorReport;
use crate::ui::grid::labelled;
use crate::ui::paper::{Paper, Tone, harmless_lines};

/// The one place that prints a chain of causes.
pub(crate) fn block(error: &ErrorReport, paper: &Paper) -> String {
    let message = paper.ink.paint(Tone::Error, "error:");
    let mut lines = labelled(&message, &harmless_lines(&error.message), paper.width);
    for cause in &error.causes {
        lines.extend(labelled("  cause:", &harmless_lines(cause), paper.width));
    }
    if let Some(hint) = &error.hint {
        let label = format!("  {}", paper.ink.paint(Tone::Good, "hint:"));
        lines.extend(labelled(&label, &harmless_lines(hint), paper.width));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::block;
    use crate::fault::{Blame, Fault};
    use crate::report::ErrorReport;
    use crate::ui::paper::Paper;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read table shop.orders")]
    struct Sample(#[source] Wordy);

    /// As some libraries do it: the text of the cause is part of its own.
    #[derive(Debug, thiserror::Error)]
    #[error("io error: {0}")]
    struct Wordy(#[source] io::Error);

    impl Blame for Sample {
        fn fault(&self) -> Fault {
            Fault::Transient
        }

        fn hint(&self) -> Option<String> {
            Some("run the same command again with --resume".to_owned())
        }
    }

    #[test]
    fn a_chain_is_printed_once_and_the_hint_stands_apart() {
        let error = Sample(Wordy(io::Error::other("connection reset\nby \u{1b}[31mpeer")));
        let text = block(&ErrorReport::of(&error), &Paper::roll());
        insta::assert_snapshot!(text, @r"
        error: cannot read table shop.orders
          cause: io error: connection reset
                 by \u{1b}[31mpeer
          hint: run the same command again with --resume
        ");
    }
}
