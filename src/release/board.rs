//! The steps of a run while it runs: each is told when it begins and when it is over, and stands in
//! the report as it ended.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::env::Env;
use super::error::Error;
use super::health::told;
use super::step::StepKind;
use crate::event::{Event, Events};
use crate::report::{StepReport, StepState};

pub(super) struct Board {
    events: Events,
    /// What it must not tell.
    env: Env,
    steps: Mutex<Vec<StepReport>>,
}

impl Board {
    pub(super) fn new(events: &Events, env: &Env, steps: Vec<StepReport>) -> Self {
        Self { events: events.clone(), env: env.clone(), steps: Mutex::new(steps) }
    }

    /// As they stand now.
    pub(super) fn report(&self) -> Vec<StepReport> {
        self.steps().clone()
    }

    /// Whether anything of that kind is to be done on any host.
    pub(super) fn wants(&self, kind: StepKind) -> bool {
        self.steps().iter().any(|step| step.step == kind.word() && step.state == StepState::Planned)
    }

    /// Does the next step of that kind on a host, unless it is true already.
    pub(super) async fn step(
        &self,
        kind: StepKind,
        host: Option<&str>,
        work: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let found = self.next(kind, host);
        let Some(at) = found else { return Ok(()) };
        let StepReport { step, host, what, .. } = self.steps()[at].clone();
        let (name, place, label) = (step.clone(), host.clone(), what.clone());
        self.events.emit(Event::StepStarted { step, host, what });
        let begun = Instant::now();
        let done = work.await;
        let milliseconds = begun.elapsed().as_millis() as u64;
        let state = if done.is_ok() { StepState::Done } else { StepState::Failed };
        {
            let mut steps = self.steps();
            steps[at].state = state;
            steps[at].milliseconds = Some(milliseconds);
            steps[at].why = done.as_ref().err().map(|error| self.env.hide(&told(error)));
        }
        let (step, host, what) = (name, place, label);
        self.events.emit(Event::StepFinished { step, host, what, state, milliseconds });
        done
    }

    /// What was done of these kinds is done no more.
    pub(super) fn undone(&self, kinds: &[StepKind]) {
        for step in self.steps().iter_mut() {
            let is_meant = kinds.iter().any(|kind| step.step == kind.word());
            if is_meant && step.state == StepState::Done {
                step.state = StepState::Undone;
            }
        }
    }

    /// Tells of those that are true already.
    pub(super) fn tell_skipped(&self) {
        let steps = self.steps().clone();
        for step in steps.into_iter().filter(|step| step.state == StepState::Skipped) {
            let StepReport { step, host, what, state, .. } = step;
            self.events.emit(Event::StepFinished { step, host, what, state, milliseconds: 0 });
        }
    }

    fn next(&self, kind: StepKind, host: Option<&str>) -> Option<usize> {
        self.steps().iter().position(|step| {
            step.step == kind.word()
                && step.host.as_deref() == host
                && step.state == StepState::Planned
        })
    }

    fn steps(&self) -> MutexGuard<'_, Vec<StepReport>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
