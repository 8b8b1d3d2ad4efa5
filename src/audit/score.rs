//! How each rule and each factor stands.

use std::collections::BTreeMap;

use crate::audit::rule::Rule;
use crate::finding::Severity;
use crate::twelve_factor::{Factor, Hit, RuleResult, Score, Standing, State};

pub(super) fn results(
    rules: &[&'static Rule],
    hits: &[Hit],
    not_applicable: &BTreeMap<&'static str, String>,
) -> Vec<RuleResult> {
    let result = |rule: &&'static Rule| {
        let own = hits.iter().filter(|hit| hit.rule == rule.card.id);
        let (open, allowed): (Vec<&Hit>, Vec<&Hit>) =
            own.partition(|hit| matches!(hit.state, State::Open | State::Known));
        let standing = match not_applicable.get(rule.card.id) {
            _ if !open.is_empty() || !allowed.is_empty() => {
                Standing::Found { open: open.len(), allowed: allowed.len() }
            }
            Some(reason) => Standing::NotApplicable { reason: reason.clone() },
            None => Standing::Pass,
        };
        let card = &rule.card;
        RuleResult { rule: card.id, factor: card.factor, title: card.title, standing }
    };
    rules.iter().map(result).collect()
}

/// A rule holds if nothing is open that weighs more than a note; what is only known counts as
/// open, as nobody has mended it.
pub(super) fn scores(results: &[RuleResult], hits: &[Hit]) -> Vec<Score> {
    let fails = |rule: &str| {
        hits.iter().any(|hit| {
            hit.rule == rule
                && hit.level > Severity::Note
                && matches!(hit.state, State::Open | State::Known)
        })
    };
    let score = |factor: Factor| {
        let own: Vec<&RuleResult> = results.iter().filter(|one| one.factor == factor).collect();
        let out = own.iter().filter(|one| matches!(one.standing, Standing::NotApplicable { .. }));
        let not_applicable = out.count();
        let applicable = own.len() - not_applicable;
        let failed = own.iter().filter(|one| fails(one.rule)).count();
        let level = |level: Severity| {
            let own = hits.iter().filter(|hit| hit.factor == factor && hit.is_open());
            own.filter(|hit| hit.level == level).count()
        };
        Score {
            factor,
            passed: applicable - failed,
            applicable,
            not_applicable,
            errors: level(Severity::Error),
            warnings: level(Severity::Warning),
            notes: level(Severity::Note),
        }
    };
    Factor::ALL.into_iter().map(score).collect()
}
