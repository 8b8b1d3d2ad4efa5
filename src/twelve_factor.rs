//! What an audit says of a codebase: rules, what they found and where, and how each factor stands.
//! The factors are those of <https://12factor.net>.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::Severity;

/// The twelve factors, and what stands beside them: the dialect that ties code to MySQL, and
/// what is to be said of the audit itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Factor {
    Codebase,
    Dependencies,
    Config,
    BackingServices,
    BuildReleaseRun,
    Processes,
    PortBinding,
    Concurrency,
    Disposability,
    DevProdParity,
    Logs,
    AdminProcesses,
    /// What will not run on PostgreSQL.
    Mysql,
    /// Suppressions, and files that could not be read.
    Audit,
}

impl Factor {
    pub(crate) const ALL: [Self; 14] = [
        Self::Codebase,
        Self::Dependencies,
        Self::Config,
        Self::BackingServices,
        Self::BuildReleaseRun,
        Self::Processes,
        Self::PortBinding,
        Self::Concurrency,
        Self::Disposability,
        Self::DevProdParity,
        Self::Logs,
        Self::AdminProcesses,
        Self::Mysql,
        Self::Audit,
    ];

    /// `III`; also the part of a rule's id before the hyphen.
    pub(crate) fn numeral(self) -> &'static str {
        match self {
            Self::Codebase => "I",
            Self::Dependencies => "II",
            Self::Config => "III",
            Self::BackingServices => "IV",
            Self::BuildReleaseRun => "V",
            Self::Processes => "VI",
            Self::PortBinding => "VII",
            Self::Concurrency => "VIII",
            Self::Disposability => "IX",
            Self::DevProdParity => "X",
            Self::Logs => "XI",
            Self::AdminProcesses => "XII",
            Self::Mysql => "M",
            Self::Audit => "A",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Codebase => "Codebase",
            Self::Dependencies => "Dependencies",
            Self::Config => "Config",
            Self::BackingServices => "Backing services",
            Self::BuildReleaseRun => "Build, release, run",
            Self::Processes => "Processes",
            Self::PortBinding => "Port binding",
            Self::Concurrency => "Concurrency",
            Self::Disposability => "Disposability",
            Self::DevProdParity => "Dev/prod parity",
            Self::Logs => "Logs",
            Self::AdminProcesses => "Admin processes",
            Self::Mysql => "MySQL in the code",
            Self::Audit => "The audit itself",
        }
    }
}

/// How often a rule is right, as SARIF has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Precision {
    /// What is found is there; nothing is guessed.
    VeryHigh,
    High,
    Medium,
}

impl Precision {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::VeryHigh => "very-high",
            Self::High => "high",
            Self::Medium => "medium",
        }
    }
}

/// What a rule is, for people: its page, its help, its line in every report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    /// `III-001`; it stays the same for ever.
    pub(crate) id: &'static str,
    pub(crate) factor: Factor,
    /// The most that one of its findings weighs.
    pub(crate) level: Severity,
    pub(crate) precision: Precision,
    /// What is wrong, in a few words: `a database password stands in the code`.
    pub(crate) title: &'static str,
    /// Why that matters, and what to do.
    pub(crate) why: &'static str,
    /// What it looks like, and what it should look like.
    pub(crate) before: &'static str,
    pub(crate) after: &'static str,
    /// When it keeps silent though it may seem that it should not.
    pub(crate) quiet: &'static str,
}

impl Card {
    /// What to do, as one sentence: the last one of `why`.
    pub(crate) fn advice(&self) -> &'static str {
        let end = self.why.trim_end_matches('.');
        end.rfind(". ").map_or(self.why, |at| &self.why[at + 2..])
    }
}

/// How a finding is dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    Open,
    /// Allowed by a comment beside it, with the reason.
    AllowedInline {
        reason: String,
    },
    /// Allowed by nirvana.toml, with the reason.
    AllowedByPath {
        reason: String,
    },
    /// In the baseline: known, and not mended yet.
    Known,
}

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Hit {
    pub(crate) rule: &'static str,
    pub(crate) factor: Factor,
    pub(crate) level: Severity,
    /// From the tree's root; bytes that are no UTF-8 as `\xNN`.
    pub(crate) path: String,
    /// The first being 1; also 1 where the file as a whole, or what it lacks, is meant.
    pub(crate) line: u32,
    /// Whether something is missing, so that no line shows it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) absence: bool,
    /// Never has the value of a secret.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: String,
    pub(crate) state: State,
    /// Of the rule and the line without its secret: the same wherever the line stands in the file.
    pub(crate) fingerprint: String,
    /// Bytes of the line that must not be shown.
    #[serde(skip)]
    pub(crate) secret: Option<Range<usize>>,
}

impl Hit {
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }
}

/// How a rule ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// It looked, and found nothing.
    Pass,
    /// It found something, or what it found is allowed.
    Found { open: usize, allowed: usize },
    /// There is nothing that it could look at, and why.
    NotApplicable { reason: String },
}

/// A rule and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct RuleResult {
    pub(crate) rule: &'static str,
    pub(crate) factor: Factor,
    pub(crate) title: &'static str,
    pub(crate) standing: Standing,
}

/// How a factor stands: the rules that could be applied, and how many of them hold. What is not
/// applicable is in neither number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Score {
    pub(crate) factor: Factor,
    pub(crate) passed: usize,
    pub(crate) applicable: usize,
    pub(crate) not_applicable: usize,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    pub(crate) notes: usize,
}

/// What of the tree was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Looked {
    pub(crate) files: usize,
    /// Read, and shown to the rules.
    pub(crate) read: usize,
    /// Other people's code: only that it is there is looked at.
    pub(crate) vendored: usize,
    /// Files that hold no text.
    pub(crate) binary: usize,
    /// Blobs of the history that were read, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history: Option<usize>,
    /// Blobs of it that are other people's code, no text, or too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history_left_out: Option<usize>,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Audited {
    /// The commit that was read, in hexadecimal; absent if a folder was read as it lies on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
    /// The commit that it was compared with: only what came since is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<String>,
    /// `Rails 8.0.1 at .`, one for each application.
    pub(crate) applications: Vec<String>,
    pub(crate) looked: Looked,
    pub(crate) scores: Vec<Score>,
    pub(crate) rules: Vec<RuleResult>,
    /// The gravest first, then by path and line.
    pub(crate) hits: Vec<Hit>,
    /// The level from which on a finding makes the run fail.
    pub(crate) fail_on: Severity,
    /// The cards of all rules, for the reports that show them.
    #[serde(skip)]
    pub(crate) cards: Vec<Card>,
}

impl Audited {
    /// What counts: neither allowed nor known.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Hit> {
        self.hits.iter().filter(|hit| hit.is_open())
    }

    pub(crate) fn card(&self, rule: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == rule)
    }
}
