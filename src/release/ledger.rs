//! The ledger of a host: a line of JSON for whatever became of a release, only ever appended to.
//!
//! What may be returned to, what may be removed and what a killed run has left is answered from
//! here, by the order of its lines. Names, times of files and clocks are never asked.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Where the ledger is, from the application's folder.
pub(super) const FILE: &str = ".nirvana/ledger.jsonl";

/// What became of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// A run has begun it.
    Begun,
    /// All of its files are there.
    Uploaded,
    Built,
    /// The release command ran.
    Commanded,
    /// It serves, and nobody has said yet that it is good.
    Switched,
    /// It answered with its id, and serves until another does.
    Good,
    /// It never served.
    Failed,
    /// It served, and was left for an older one.
    RolledBack,
    /// Its folder is gone.
    Pruned,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Uploaded => "uploaded",
            Self::Built => "built",
            Self::Commanded => "commanded",
            Self::Switched => "switched",
            Self::Good => "good",
            Self::Failed => "failed",
            Self::RolledBack => "rolled-back",
            Self::Pruned => "pruned",
        }
    }
}

/// `7-3f2a9c1b`: a number that grows, and the beginning of the commit's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Id(String);

impl Id {
    pub(super) fn new(number: u64, commit: &str) -> Self {
        Self(format!("{number}-{}", &commit[..commit.len().min(8)]))
    }

    /// A name of a folder, such as is typed; never a path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (number, commit) = text.split_once('-')?;
        let is_hexadecimal = commit.chars().all(|letter| letter.is_ascii_hexdigit());
        (number.parse::<u64>().is_ok() && !commit.is_empty() && is_hexadecimal)
            .then(|| Self(text.to_owned()))
    }

    pub(super) fn number(&self) -> u64 {
        let number = self.0.split('-').next().and_then(|number| number.parse().ok());
        number.unwrap_or(0)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A line. The host adds `at`, its own time in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(default, skip_serializing)]
    pub(super) at: String,
    pub(super) release: Id,
    pub(super) state: State,
    /// The commit's full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) commit: Option<String>,
    /// Of all that the release is made of, settings included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    /// Who, from where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

impl Entry {
    pub(super) fn new(release: &Id, state: State) -> Self {
        let release = release.clone();
        Self {
            at: String::new(),
            release,
            state,
            commit: None,
            digest: None,
            by: None,
            reason: None,
        }
    }

    pub(super) fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The inside of its object, to which the host adds the time.
    pub(super) fn inside(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        json.trim_start_matches('{').trim_end_matches('}').to_owned()
    }
}

/// A release as its lines tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) id: Id,
    pub(super) state: State,
    /// All states that it had.
    pub(super) had: Vec<State>,
    pub(super) commit: String,
    pub(super) digest: String,
    pub(super) by: String,
    /// Of its last line.
    pub(super) at: String,
    pub(super) reason: Option<String>,
}

impl Release {
    pub(super) fn had(&self, state: State) -> bool {
        self.had.contains(&state)
    }

    /// Whether a run has begun it that never said how it ended.
    pub(super) fn is_open(&self) -> bool {
        self.state < State::Good
    }

    /// Whether it may be returned to: it was good, and nobody has left it since because it was not.
    pub(super) fn is_known_good(&self) -> bool {
        self.state == State::Good
    }
}

/// All lines of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    releases: Vec<Release>,
    /// Releases in the order in which they last became good.
    good: Vec<Id>,
    /// Lines that are none: a crash has torn them, or somebody wrote them.
    pub(super) unread: usize,
}

impl Ledger {
    pub(super) fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut ledger = Self::default();
        let mut places: BTreeMap<Id, usize> = BTreeMap::new();
        for line in lines.into_iter().filter(|line| !line.trim().is_empty()) {
            match serde_json::from_str::<Entry>(line) {
                Ok(entry) => ledger.add(&mut places, entry),
                Err(_torn) => ledger.unread += 1,
            }
        }
        ledger
    }

    fn add(&mut self, places: &mut BTreeMap<Id, usize>, entry: Entry) {
        let Entry { at, release: id, state, commit, digest, by, reason } = entry;
        let place = *places.entry(id.clone()).or_insert_with(|| {
            self.releases.push(Release {
                id: id.clone(),
                state,
                had: Vec::new(),
                commit: String::new(),
                digest: String::new(),
                by: String::new(),
                at: String::new(),
                reason: None,
            });
            self.releases.len() - 1
        });
        let release = &mut self.releases[place];
        // A release that is switched to again, and was good before, stays what it was until told.
        release.state = state;
        release.had.push(state);
        release.at = at;
        release.commit = commit.unwrap_or_else(|| std::mem::take(&mut release.commit));
        release.digest = digest.unwrap_or_else(|| std::mem::take(&mut release.digest));
        release.by = by.unwrap_or_else(|| std::mem::take(&mut release.by));
        release.reason = reason;
        self.good.retain(|good| *good != id);
        if state == State::Good {
            self.good.push(id);
        }
    }

    /// In the order in which they were begun.
    pub(super) fn releases(&self) -> &[Release] {
        &self.releases
    }

    pub(super) fn get(&self, id: &Id) -> Option<&Release> {
        self.releases.iter().find(|release| release.id == *id)
    }

    pub(super) fn highest(&self) -> u64 {
        self.releases.iter().map(|release| release.id.number()).max().unwrap_or(0)
    }

    /// A release of the same digest that a run left unfinished, the newest.
    pub(super) fn open(&self, digest: &str) -> Option<&Release> {
        self.releases.iter().rev().find(|release| release.is_open() && release.digest == digest)
    }

    /// The releases that are good, the one that became so last first.
    pub(super) fn good(&self) -> impl Iterator<Item = &Release> {
        self.good.iter().rev().filter_map(|id| self.get(id))
    }

    /// What to remove so that the `keep` that became good last are left. Never `current`, never the
    /// last good one, never what a run has begun and may finish.
    pub(super) fn to_prune(
        &self,
        folders: &[String],
        current: Option<&Id>,
        keep: usize,
    ) -> Vec<Id> {
        let kept: Vec<&Id> = self.good().map(|release| &release.id).take(keep.max(1)).collect();
        let is_kept = |id: &Id| kept.contains(&id) || current == Some(id);
        let is_over = |id: &Id| self.get(id).is_none_or(|release| !release.is_open());
        folders
            .iter()
            .filter_map(|folder| Id::parse(folder))
            .filter(|id| !is_kept(id) && is_over(id) && self.get(id).is_some())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Id, Ledger, State};

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    /// `1 begun, 1 good, …`
    fn ledger(story: &str) -> Ledger {
        let lines: Vec<String> = story
            .split(", ")
            .map(|line| {
                let (number, state) = line.split_once(' ').unwrap();
                format!(
                    r#"{{"at":"t","release":"{number}-a","state":"{state}","digest":"d{number}"}}"#
                )
            })
            .collect();
        Ledger::parse(lines.iter().map(String::as_str))
    }

    fn folders(numbers: &[u64]) -> Vec<String> {
        numbers.iter().map(|number| format!("{number}-a")).collect()
    }

    #[test]
    fn a_line_comes_back_as_it_was_written() {
        let mut entry =
            Entry::new(&Id::new(7, "3f2a9c1bdead"), State::RolledBack).reason("a \"b\"");
        entry.by = Some("alice@desk".to_owned());
        let line = format!("{{\"at\":\"2026-11-28T01:02:03Z\",{}}}", entry.inside());
        entry.at = "2026-11-28T01:02:03Z".to_owned();
        assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
        assert!(line.contains("\"release\":\"7-3f2a9c1b\",\"state\":\"rolled-back\""), "{line}");
    }

    #[test]
    fn an_id_is_never_a_path() {
        for bad in ["", "7", "-a", "../7-a", "7-a/..", "x-a", "7-", "7-é"] {
            assert_eq!(Id::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_torn_line_is_counted_and_hides_no_other() {
        let text = "{\"at\":\"t\",\"release\":\"1-a\",\"state\":\"good\"}\n{\"at\":\"t\",\"rel\n";
        let ledger = Ledger::parse(text.lines());
        assert_eq!((ledger.unread, ledger.releases().len()), (1, 1));
    }

    #[test]
    fn what_is_returned_to_was_good_last_whatever_failed_since() {
        let good = |story| {
            let ledger = ledger(story);
            ledger.good().map(|release| release.id.to_string()).collect::<Vec<_>>().join(" ")
        };
        for (story, wanted) in [
            ("1 begun", ""),
            ("1 good, 2 good, 3 failed", "2-a 1-a"),
            ("1 good, 2 good, 3 switched, 3 rolled-back", "2-a 1-a"),
            // By hand back to 1, which thereby became good again.
            ("1 good, 2 good, 1 switched, 1 good, 2 rolled-back", "1-a"),
            ("1 good, 2 good, 3 good, 2 switched, 2 good, 3 rolled-back", "2-a 1-a"),
            ("1 good, 2 good, 1 pruned", "2-a"),
            ("2 good, 10 good, 9 good", "9-a 10-a 2-a"),
        ] {
            assert_eq!(good(story), wanted, "{story}");
        }
    }

    #[test]
    fn an_open_release_is_gone_on_with_only_if_it_is_the_same() {
        let ledger = ledger("1 begun, 1 good, 2 begun, 2 uploaded, 3 begun, 3 failed");
        assert_eq!(ledger.open("d2").map(|release| &release.id), Some(&id("2-a")));
        assert_eq!(ledger.open("d3"), None);
        assert_eq!(ledger.open("d1"), None);
        assert_eq!(ledger.highest(), 3);
    }

    #[test]
    fn nothing_that_serves_or_may_have_to_is_ever_removed() {
        let failed = "1 good, 2 good, 3 failed, 4 failed, 5 failed, 6 failed, 7 failed";
        let pruned = |story, numbers: &[u64], current: &str, keep| {
            let pruned = ledger(story).to_prune(&folders(numbers), Some(&id(current)), keep);
            pruned.iter().map(Id::to_string).collect::<Vec<_>>().join(" ")
        };
        for (story, numbers, current, keep, wanted) in [
            (failed, &[1, 2, 3, 4, 5, 6, 7][..], "2-a", 2, "3-a 4-a 5-a 6-a 7-a"),
            ("1 good, 2 good, 3 good", &[1, 2, 3], "3-a", 2, "1-a"),
            // Somebody switched by hand to an old one.
            ("1 good, 2 good, 3 good", &[1, 2, 3], "1-a", 2, ""),
            ("1 good, 2 good, 3 begun", &[1, 2, 3], "2-a", 2, ""),
            // What the ledger does not know is not ours to remove.
            ("1 good", &[1, 8], "1-a", 1, ""),
            ("1 good, 2 good, 3 rolled-back", &[1, 2, 3], "2-a", 5, "3-a"),
        ] {
            assert_eq!(pruned(story, numbers, current, keep), wanted, "{story}");
        }
    }
}
