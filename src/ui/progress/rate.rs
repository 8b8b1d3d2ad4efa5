//! How fast it goes, over the last quarter of a minute.

use std::collections::VecDeque;
use std::time::Duration;

/// Longer is calmer, shorter is more up to date.
const WINDOW: Duration = Duration::from_secs(15);
/// Less than this between two samples tells nothing.
const GRAIN: Duration = Duration::from_millis(500);
/// Nobody plans by a longer forecast, and it is mostly wrong.
const HORIZON: Duration = Duration::from_hours(100);

/// How much was done at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Done {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// In the unit of the estimates; this one tells the time left.
    pub(crate) work: f64,
}

/// Per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Speed {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    work: f64,
}

impl Speed {
    /// None while nothing moves, or if it would be too long to believe.
    pub(crate) fn time_left(&self, work: f64) -> Option<Duration> {
        let seconds = work.max(0.0) / self.work;
        Duration::try_from_secs_f64(seconds).ok().filter(|left| *left < HORIZON)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Rate {
    samples: VecDeque<(Duration, Done)>,
}

impl Rate {
    /// Takes note of what is done by now and tells the speed; none at the very start.
    pub(crate) fn speed(&mut self, done: Done, now: Duration) -> Option<Speed> {
        let age = |sample: &(Duration, Done)| now.saturating_sub(sample.0);
        while self.samples.len() > 1 && age(&self.samples[1]) >= WINDOW {
            self.samples.pop_front();
        }
        if self.samples.back().is_none_or(|last| age(last) >= GRAIN) {
            self.samples.push_back((now, done));
        }
        let oldest = self.samples.front().filter(|oldest| age(oldest) >= 2 * GRAIN)?;
        let seconds = age(oldest).as_secs_f64();
        let per_second = |now: u64, then: u64| (now.saturating_sub(then) as f64 / seconds) as u64;
        Some(Speed {
            rows: per_second(done.rows, oldest.1.rows),
            bytes: per_second(done.bytes, oldest.1.bytes),
            work: (done.work - oldest.1.work) / seconds,
        })
    }

    /// Another kind of work begins, whose speed has nothing to do with this one's.
    pub(crate) fn forget(&mut self) {
        self.samples.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Done, Rate};

    #[test]
    fn the_speed_is_that_of_the_last_seconds_and_the_time_left_follows() {
        let mut rate = Rate::default();
        let mut speed = None;
        // 100 rows a second for a minute, then 10 for another.
        for tenth in 0..1200_u64 {
            let rows = if tenth < 600 { tenth * 10 } else { 6000 + (tenth - 600) };
            let done = Done { rows, bytes: rows * 8, work: rows as f64 };
            speed = rate.speed(done, Duration::from_millis(tenth * 100));
            assert_eq!(speed.is_none(), tenth < 10, "{tenth}");
        }
        let speed = speed.unwrap();
        assert_eq!((speed.rows, speed.bytes), (10, 80));
        assert_eq!(speed.time_left(50.0).unwrap().as_secs(), 5);
    }

    #[test]
    fn what_stands_still_has_no_time_left_and_too_much_work_done_is_none_left() {
        let mut rate = Rate::default();
        rate.speed(Done::default(), Duration::ZERO);
        let still = rate.speed(Done::default(), Duration::from_secs(2)).unwrap();
        assert_eq!(still.time_left(10.0), None);
        assert_eq!(still.time_left(0.0), None);
        let done = Done { rows: 1, bytes: 1, work: 9.0 };
        let moving = rate.speed(done, Duration::from_secs(3)).unwrap();
        assert_eq!(moving.time_left(-4.0), Some(Duration::ZERO));
        assert_eq!(moving.time_left(f64::INFINITY), None);
    }
}
