//! What may be done now: tasks that wait for others, given out by urgency. Pure; the workers of
//! `work` ask it for the next task and tell it when one is done.

use std::collections::BinaryHeap;

/// One piece of work on one table, given by its place in the list of mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// Move the rows of a table.
    Copy { table: usize },
    /// Read a table back and compare its digest.
    Verify { table: usize },
    /// Make one index of a table.
    Index { table: usize, index: usize },
    /// Make keys of the unique indexes, add checks, set the counter, gather statistics.
    Finish { table: usize },
    /// Add all foreign keys, not yet validated: short, and in one place, as each locks two tables.
    ForeignKeys,
    /// Validate the foreign keys of a table.
    Validate { table: usize },
}

impl Task {
    /// Copies come first, as they hold the source's snapshot open; then what the most waits for.
    fn urgency(self) -> u8 {
        match self {
            Self::Copy { .. } => 3,
            Self::Index { .. } => 2,
            Self::Verify { .. } => 1,
            Self::Finish { .. } | Self::ForeignKeys | Self::Validate { .. } => 0,
        }
    }
}

/// What a table brings to the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableWork {
    /// Larger tables are begun first, so that none is left alone at the end.
    pub(crate) bytes: u64,
    pub(crate) indexes: usize,
    /// Whether the table has foreign keys of its own.
    pub(crate) foreign_keys: bool,
}

/// The answer to a worker that asks for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Do(Task),
    /// All that is left waits for tasks that others are doing.
    Wait,
    /// Nothing is left.
    Done,
}

#[derive(Debug)]
struct Node {
    task: Task,
    bytes: u64,
    waits_for: usize,
    /// Tasks that wait for this one.
    frees: Vec<usize>,
}

/// Tasks and what they wait for.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    nodes: Vec<Node>,
    /// Urgency, bytes, and the task's place counted from the end, so that equals keep their order.
    ready: BinaryHeap<(u8, u64, std::cmp::Reverse<usize>)>,
    /// Tasks not done yet, those being done included.
    left: usize,
    copies_not_begun: usize,
}

impl Schedule {
    pub(crate) fn of(tables: &[TableWork]) -> Self {
        let mut schedule = Self::default();
        let keys = tables.iter().any(|table| table.foreign_keys);
        let mut finished = Vec::new();
        for (table, work) in tables.iter().enumerate() {
            let copy = schedule.add(Task::Copy { table }, work.bytes, &[]);
            let mut waited: Vec<usize> = (0..work.indexes)
                .map(|index| schedule.add(Task::Index { table, index }, work.bytes, &[copy]))
                .collect();
            waited.push(schedule.add(Task::Verify { table }, work.bytes, &[copy]));
            finished.push(schedule.add(Task::Finish { table }, work.bytes, &waited));
        }
        if keys {
            let added = schedule.add(Task::ForeignKeys, 0, &finished);
            for (table, work) in tables.iter().enumerate().filter(|(_, work)| work.foreign_keys) {
                schedule.add(Task::Validate { table }, work.bytes, &[added]);
            }
        }
        schedule
    }

    fn add(&mut self, task: Task, bytes: u64, waits_for: &[usize]) -> usize {
        let at = self.nodes.len();
        for earlier in waits_for {
            self.nodes[*earlier].frees.push(at);
        }
        self.nodes.push(Node { task, bytes, waits_for: waits_for.len(), frees: Vec::new() });
        self.left += 1;
        self.copies_not_begun += usize::from(matches!(task, Task::Copy { .. }));
        if waits_for.is_empty() {
            self.make_ready(at);
        }
        at
    }

    fn make_ready(&mut self, at: usize) {
        let node = &self.nodes[at];
        self.ready.push((node.task.urgency(), node.bytes, std::cmp::Reverse(at)));
    }

    /// The most urgent task that waits for nothing.
    pub(crate) fn next(&mut self) -> Next {
        match self.ready.pop() {
            Some((_, _, std::cmp::Reverse(at))) => {
                let task = self.nodes[at].task;
                self.copies_not_begun -= usize::from(matches!(task, Task::Copy { .. }));
                Next::Do(task)
            }
            None if self.left == 0 => Next::Done,
            None => Next::Wait,
        }
    }

    /// Frees what waited for the task only.
    pub(crate) fn done(&mut self, task: Task) {
        let Some(at) = self.nodes.iter().position(|node| node.task == task) else {
            return;
        };
        self.left -= 1;
        for freed in std::mem::take(&mut self.nodes[at].frees) {
            self.nodes[freed].waits_for -= 1;
            if self.nodes[freed].waits_for == 0 {
                self.make_ready(freed);
            }
        }
    }

    /// Whether the source is still needed by tasks that nobody has begun.
    pub(crate) fn has_copies_left(&self) -> bool {
        self.copies_not_begun > 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Next, Schedule, TableWork, Task};

    fn take(schedule: &mut Schedule) -> Task {
        match schedule.next() {
            Next::Do(task) => task,
            other => panic!("no task to do: {other:?}"),
        }
    }

    #[test]
    fn large_tables_first_and_indexes_as_soon_as_their_table_is_in() {
        let small = TableWork { bytes: 1, indexes: 1, foreign_keys: true };
        let large = TableWork { bytes: 9, indexes: 2, foreign_keys: false };
        let mut schedule = Schedule::of(&[small, large]);
        assert_eq!(take(&mut schedule), Task::Copy { table: 1 });
        assert_eq!(take(&mut schedule), Task::Copy { table: 0 });
        assert!(!schedule.has_copies_left());
        assert_eq!(schedule.next(), Next::Wait);
        schedule.done(Task::Copy { table: 0 });
        assert_eq!(take(&mut schedule), Task::Index { table: 0, index: 0 });
        schedule.done(Task::Copy { table: 1 });
        assert_eq!(take(&mut schedule), Task::Index { table: 1, index: 0 });
        assert_eq!(take(&mut schedule), Task::Index { table: 1, index: 1 });
        assert_eq!(take(&mut schedule), Task::Verify { table: 1 });
        assert_eq!(take(&mut schedule), Task::Verify { table: 0 });
        schedule.done(Task::Verify { table: 0 });
        assert_eq!(schedule.next(), Next::Wait);
        schedule.done(Task::Index { table: 0, index: 0 });
        assert_eq!(take(&mut schedule), Task::Finish { table: 0 });
    }

    #[test]
    fn foreign_keys_wait_for_every_table_and_everything_is_given_out_once() {
        let work = TableWork { bytes: 1, indexes: 3, foreign_keys: true };
        let mut schedule = Schedule::of(&[work; 4]);
        let mut given = Vec::new();
        while let Next::Do(task) = schedule.next() {
            if task == Task::ForeignKeys {
                let finished = given.iter().filter(|task| matches!(task, Task::Finish { .. }));
                assert_eq!(finished.count(), 4);
            }
            given.push(task);
            schedule.done(task);
        }
        assert_eq!(schedule.next(), Next::Done);
        let total = given.len();
        given.sort();
        given.dedup();
        assert_eq!((given.len(), total), (4 * 7 + 1, 4 * 7 + 1));
    }
}
