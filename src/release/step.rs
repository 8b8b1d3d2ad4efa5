//! The steps of a release, in their order.

/// A step; hooks, `--dry-run` and the ledger use its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StepKind {
    /// What the code reads from its environment is there.
    Contract,
    Lock,
    Upload,
    Share,
    Render,
    Build,
    Validate,
    /// The release command.
    Command,
    Switch,
    /// The new release answers, with its id.
    Health,
    /// The ledger says that it is good; until then its host returns by itself.
    Confirm,
    Prune,
}

impl StepKind {
    pub(super) const ALL: [Self; 12] = [
        Self::Contract,
        Self::Lock,
        Self::Upload,
        Self::Share,
        Self::Render,
        Self::Build,
        Self::Validate,
        Self::Command,
        Self::Switch,
        Self::Health,
        Self::Confirm,
        Self::Prune,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Contract => "contract",
            Self::Lock => "lock",
            Self::Upload => "upload",
            Self::Share => "share",
            Self::Render => "render",
            Self::Build => "build",
            Self::Validate => "validate",
            Self::Command => "command",
            Self::Switch => "switch",
            Self::Health => "health",
            Self::Confirm => "confirm",
            Self::Prune => "prune",
        }
    }
}
