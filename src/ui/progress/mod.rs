//! Shows events while they happen.
//!
//! A thread of its own reads them ten times a second. A terminal can be halted (Ctrl-S) and a pipe
//! can be full; then this thread waits, and none that moves rows does.

mod bars;
mod lines;
mod rate;
mod tally;
mod words;

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;

use crate::event::Event;
use crate::ui::UiError;
use crate::ui::json::JsonLines;
use crate::ui::paper::Paper;
use crate::ui::progress::bars::Bars;
use crate::ui::progress::lines::Lines;

/// How often events are read and bars redrawn.
const TICK: Duration = Duration::from_millis(100);

/// For whom it is shown, and on what.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Face {
    /// A person at a terminal whose cursor moves.
    Bars(Paper),
    /// A person who reads a log.
    Lines(Paper),
    /// A machine.
    Json(Paper),
}

/// The thread that shows; it ends when this does.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Dropped to say that the work is over; nothing is ever sent.
    over: mpsc::Sender<()>,
    /// None if the system would not give a thread: then nothing is shown, and the work is done.
    thread: Option<JoinHandle<Result<(), UiError>>>,
}

impl Progress {
    pub(crate) fn start(face: Face, events: UnboundedReceiver<(Instant, Event)>) -> Self {
        let (over, is_over) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || show(face, events, &is_over))
            .ok();
        Self { over, thread }
    }

    /// Shows what is left and takes the bars away. The error is the first one of stdout; events
    /// after it were not written.
    pub(crate) fn end(self) -> Result<(), UiError> {
        drop(self.over);
        let Some(thread) = self.thread else {
            return Ok(());
        };
        match thread.join() {
            Ok(shown) => shown,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn show(
    face: Face,
    mut events: UnboundedReceiver<(Instant, Event)>,
    over: &mpsc::Receiver<()>,
) -> Result<(), UiError> {
    let start = Instant::now();
    let (paper, mut reader) = match face {
        Face::Bars(paper) => (paper, Reader::Bars(Bars::new(paper.ink))),
        Face::Lines(paper) => (paper, Reader::Lines(Lines::default())),
        Face::Json(paper) => (paper, Reader::Json(JsonLines::default())),
    };
    loop {
        let still = over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout);
        let mut text = String::new();
        while let Ok((at, event)) = events.try_recv() {
            text.push_str(&reader.take(&event, at.saturating_duration_since(start))?);
        }
        if !still {
            text.push_str(&reader.end(start.elapsed())?);
            return paper.write(&text);
        }
        text.push_str(&reader.tick(start.elapsed())?);
        if !text.is_empty() {
            paper.write(&text)?;
        }
    }
}

/// What turns events into text. Time is told to it, so that tests need not wait.
#[derive(Debug)]
enum Reader {
    Bars(Bars),
    Lines(Lines),
    Json(JsonLines),
}

impl Reader {
    fn take(&mut self, event: &Event, now: Duration) -> Result<String, UiError> {
        match self {
            Self::Bars(bars) => Ok(bars.take(event, now)),
            Self::Lines(lines) => Ok(lines.take(event, now)),
            Self::Json(json) => json.take(event, now),
        }
    }

    fn tick(&mut self, now: Duration) -> Result<String, UiError> {
        match self {
            Self::Bars(bars) => Ok(bars.tick(now)),
            Self::Lines(lines) => Ok(lines.tick(now)),
            Self::Json(json) => json.tick(now),
        }
    }

    fn end(&mut self, now: Duration) -> Result<String, UiError> {
        match self {
            Self::Bars(bars) => Ok(bars.end()),
            Self::Lines(_) => Ok(String::new()),
            Self::Json(json) => json.end(now),
        }
    }
}
