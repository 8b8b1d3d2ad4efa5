//! The schedule, shared by workers that wait for tasks.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::migrate::schedule::{Next, Schedule, Task};
use crate::shutdown::Shutdown;

pub(crate) struct Queue {
    schedule: Mutex<Schedule>,
    /// Rung whenever a task is done.
    changed: Notify,
    shutdown: Shutdown,
}

impl Queue {
    pub(crate) fn new(schedule: Schedule, shutdown: Shutdown) -> Self {
        Self { schedule: Mutex::new(schedule), changed: Notify::new(), shutdown }
    }

    fn schedule<T>(&self, with: impl FnOnce(&mut Schedule) -> T) -> T {
        with(&mut self.schedule.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next task, or `None` when nothing is left or somebody asked to stop.
    pub(crate) async fn next(&self) -> Option<Task> {
        loop {
            // Listening begins before the look, so that no bell between the two is missed.
            let changed = self.changed.notified();
            if self.shutdown.is_requested() {
                return None;
            }
            match self.schedule(Schedule::next) {
                Next::Do(task) => return Some(task),
                Next::Done => return None,
                Next::Wait => {}
            }
            tokio::select! {
                () = changed => {}
                () = self.shutdown.requested() => {}
            }
        }
    }

    /// Waits until nothing is read from the source any more, or somebody asked to stop.
    pub(crate) async fn copied(&self) {
        loop {
            let changed = self.changed.notified();
            if self.shutdown.is_requested() || self.schedule(|schedule| schedule.is_copied()) {
                return;
            }
            tokio::select! {
                () = changed => {}
                () = self.shutdown.requested() => {}
            }
        }
    }

    pub(crate) fn done(&self, task: Task) {
        self.schedule(|schedule| schedule.done(task));
        self.changed.notify_waiters();
    }

    /// Whether the source is still needed by tasks that nobody has begun.
    pub(crate) fn has_copies_left(&self) -> bool {
        self.schedule(|schedule| schedule.has_copies_left())
    }
}
