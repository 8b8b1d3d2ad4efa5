//! Single sentences and answers, for commands that make no report.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};

use super::paper::harmless;
use super::{Ui, UiError};

impl Ui {
    /// Bytes that another program reads.
    pub(crate) fn data(bytes: &[u8]) -> Result<(), UiError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(UiError::Stdout(error)),
            _ => Ok(()),
        }
    }

    pub(crate) fn say(&self, sentence: &str) {
        // Talk is never refused: see `Paper::write`.
        let _ = self.stderr.write(&format!("nirvana: {}\n", harmless(sentence)));
    }

    /// Asks whoever sits at the terminal, whatever stands in the streams' place; none if nobody does.
    pub(crate) fn ask(&self, question: &str) -> Option<bool> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        // A script has a terminal, too, but nobody looks at it.
        if !io::stderr().is_terminal() {
            return None;
        }
        let _ = self.stderr.write(&format!("nirvana: {} [y/N] ", harmless(question)));
        let mut line = String::new();
        BufReader::new(terminal).read_line(&mut line).ok()?;
        Some(matches!(line.trim(), "y" | "Y" | "yes"))
    }
}
