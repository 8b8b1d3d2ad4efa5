//! What is to be said of the audit: comments and settings that allow what they should not.

use crate::audit::rule::{Applies, Check, Rule, Verdict};
use crate::finding::Severity::Warning;
use crate::twelve_factor::{Card, Factor, Precision};

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "A-001",
            factor: Factor::Audit,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "a finding is allowed without a reason",
            why: "Who reads the code in a year has to know whether the allowance still holds. \
                  Write the reason behind the rules.",
            before: "$key = load(); // nirvana:allow III-016",
            after: "$key = load(); // nirvana:allow III-016 the key that browsers see anyway",
            quiet: "The comment counts only behind the mark of a comment.",
        },
        applies: Applies::Always,
        check: Check::Tree(|_, _| Verdict::Looked),
    },
    Rule {
        card: Card {
            id: "A-002",
            factor: Factor::Audit,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "an allowance allows nothing",
            why: "What was allowed is mended, or has moved: the next finding in its place would be \
                  hidden unseen. Take the allowance away.",
            before: "$key = getenv('KEY'); // nirvana:allow III-016 a demo",
            after: "$key = getenv('KEY');",
            quiet: "A comment is used if a finding of its rule is on its line or on the next one.",
        },
        applies: Applies::Always,
        check: Check::Tree(|_, _| Verdict::Looked),
    },
];
