//! What a rule is: its card, what it can be applied to, and the function that looks.

use crate::application::{Application, Framework};
use crate::audit::context::Context;
use crate::audit::file::Kind;
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::twelve_factor::Card;

/// One line of a factor's table.
pub(super) struct Rule {
    pub(super) card: Card,
    pub(super) applies: Applies,
    pub(super) check: Check,
}

/// What a rule can be applied to. Where nothing of it is there, the rule is not applicable, which
/// is neither a pass nor a finding.
#[derive(Clone, Copy, Debug)]
pub(super) enum Applies {
    /// To any tree that has a file.
    Always,
    /// To code that runs on a server.
    Server,
    /// To applications of these frameworks.
    To(&'static [Framework]),
    /// To files of these kinds that are the application's own.
    Kinds(&'static [Kind]),
}

/// Where a rule looks.
pub(super) enum Check {
    /// At each file of these kinds, many at once.
    Files { kinds: &'static [Kind], reach: Reach, look: fn(&Reading, &mut Found) },
    /// At each application.
    Application(fn(&Context, &Application, &mut Found) -> Verdict),
    /// Once, at the whole.
    Tree(fn(&Context, &mut Found) -> Verdict),
}

/// Which files a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// What is deployed.
    Live,
    /// Tests, examples and documentation too, where a finding is a note: what is secret is secret
    /// there too.
    Everywhere,
}

/// What a look at an application or a tree came to; what it found is in [`Found`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Looked,
    NotApplicable(&'static str),
}
