//! What may be done now: tasks that wait for others, given out by urgency. Pure; the workers of
//! `work` ask it for the next task and tell it when one is done.

use std::collections::{BinaryHeap, HashMap};

/// One piece of work on one table, given by its place in the list of mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Task {
    /// Move the rows of one chunk of a table.
    Copy { table: usize, chunk: usize },
    /// Read a part of a table back; the last part compares the table's digest.
    Verify { table: usize, part: usize },
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
    /// Nothing waits for a proof, and many workers can share it: it fills the time in which others
    /// can do but one thing at once.
    fn urgency(self) -> u8 {
        match self {
            Self::Copy { .. } => 3,
            Self::Index { .. } => 2,
            Self::Finish { .. } | Self::ForeignKeys | Self::Validate { .. } => 1,
            Self::Verify { .. } => 0,
        }
    }
}

/// What a table brings to the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableWork {
    /// Larger tables are begun first, so that none is left alone at the end.
    pub(crate) bytes: u64,
    /// Chunks that are still to be copied.
    pub(crate) chunks: usize,
    pub(crate) indexes: usize,
    /// Parts that it is read back in.
    pub(crate) parts: usize,
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
    /// Where each task stands in `nodes`.
    places: HashMap<Task, usize>,
    /// Urgency, bytes, and the task's place counted from the end, so that equals keep their order.
    ready: BinaryHeap<(u8, u64, std::cmp::Reverse<usize>)>,
    /// Tasks not done yet, those being done included.
    left: usize,
    copies_not_begun: usize,
    copies_not_done: usize,
}

impl Schedule {
    pub(crate) fn of(tables: &[TableWork]) -> Self {
        let mut schedule = Self::default();
        let keys = tables.iter().any(|table| table.foreign_keys);
        let mut finished = Vec::new();
        for (table, work) in tables.iter().enumerate() {
            let copies: Vec<usize> = (0..work.chunks)
                .map(|chunk| schedule.add(Task::Copy { table, chunk }, work.bytes, &[]))
                .collect();
            let indexes: Vec<usize> = (0..work.indexes)
                .map(|index| schedule.add(Task::Index { table, index }, work.bytes, &copies))
                .collect();
            let waited = if indexes.is_empty() { &copies } else { &indexes };
            finished.push(schedule.add(Task::Finish { table }, work.bytes, waited));
            for part in 0..work.parts {
                schedule.add(Task::Verify { table, part }, work.bytes, &copies);
            }
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
        self.places.insert(task, at);
        self.left += 1;
        let copies = usize::from(matches!(task, Task::Copy { .. }));
        self.copies_not_begun += copies;
        self.copies_not_done += copies;
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
        let Some(at) = self.places.remove(&task) else {
            return;
        };
        self.left -= 1;
        self.copies_not_done -= usize::from(matches!(task, Task::Copy { .. }));
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

    /// Whether nothing is read from the source any more.
    pub(crate) fn is_copied(&self) -> bool {
        self.copies_not_done == 0
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
        let small = TableWork { bytes: 1, chunks: 1, indexes: 1, parts: 1, foreign_keys: true };
        let large = TableWork { bytes: 9, chunks: 2, indexes: 2, parts: 2, foreign_keys: false };
        let mut schedule = Schedule::of(&[small, large]);
        let [first, second] = [0, 1].map(|chunk| Task::Copy { table: 1, chunk });
        let small = Task::Copy { table: 0, chunk: 0 };
        assert_eq!([first, second, small], [(); 3].map(|()| take(&mut schedule)));
        assert!(!schedule.has_copies_left() && !schedule.is_copied());
        assert_eq!(schedule.next(), Next::Wait);
        schedule.done(small);
        assert_eq!(take(&mut schedule), Task::Index { table: 0, index: 0 });
        // One of two chunks frees nothing of the large table.
        schedule.done(second);
        assert_eq!(take(&mut schedule), Task::Verify { table: 0, part: 0 });
        assert_eq!(schedule.next(), Next::Wait);
        schedule.done(first);
        assert!(schedule.is_copied());
        assert_eq!(take(&mut schedule), Task::Index { table: 1, index: 0 });
        assert_eq!(take(&mut schedule), Task::Index { table: 1, index: 1 });
        // What others wait for goes before a proof.
        schedule.done(Task::Index { table: 0, index: 0 });
        assert_eq!(take(&mut schedule), Task::Finish { table: 0 });
        assert_eq!(take(&mut schedule), Task::Verify { table: 1, part: 0 });
        assert_eq!(take(&mut schedule), Task::Verify { table: 1, part: 1 });
        assert_eq!(schedule.next(), Next::Wait);
    }

    #[test]
    fn foreign_keys_wait_for_every_table_and_everything_is_given_out_once() {
        let work = TableWork { bytes: 1, chunks: 2, indexes: 3, parts: 2, foreign_keys: true };
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
        assert_eq!((given.len(), total), (4 * 9 + 1, 4 * 9 + 1));
    }
}
