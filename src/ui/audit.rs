//! What an audit found, for a person: how each factor stands, then the rules that found something,
//! the gravest first, each with the places and what to do.

pub(super) mod github;
mod html;
mod sarif;

use std::collections::BTreeMap;

use crate::finding::Severity;
use crate::report::Report;
use crate::twelve_factor::{Audited, Hit, Standing};
use crate::ui::figures::{counted, span};
use crate::ui::grid::{Grid, Side, hanging};
use crate::ui::paper::{Ink, Tone, harmless};
use crate::ui::sheet::Sheet;
use crate::ui::{Detail, Format, UiError};

/// Rules that are listed in brief, the fewest and the most, and the places of each.
const BRIEF_RULES: (usize, usize) = (3, 10);
const BRIEF_PLACES: usize = 1;
/// What a screen has beside head, factors and rules: empty lines, what is left out, the verdict, and
/// the prompt.
const FRAME: usize = 8;

/// The whole of stdout for formats that are not a screen; none for those that are, or that have
/// nothing to say of this report.
pub(super) fn page(report: &Report, format: Format) -> Result<Option<String>, UiError> {
    Ok(match format {
        Format::Sarif => Some(sarif::log(report)?),
        Format::Github => report.audited.as_ref().map(github::commands),
        Format::Html => report.audited.as_ref().map(|audited| html::page(report, audited)),
        Format::Human | Format::Json => None,
    })
}

/// What GitHub shows at the lines that a change has.
pub(super) fn annotations(report: &Report) -> String {
    report.audited.as_ref().map_or_else(String::new, github::commands)
}

pub(super) fn lines(audited: Option<&Audited>, sheet: &Sheet) -> Vec<String> {
    let Some(audited) = audited else { return Vec::new() };
    let mut sections = vec![head(audited), scores(audited, sheet)];
    let above = sections.iter().map(Vec::len).sum();
    sections.push(rules(audited, above, sheet));
    if sheet.detail == Detail::Full {
        sections.push(rest(audited, sheet));
    }
    sections.retain(|section| !section.is_empty());
    sections.join(&String::new())
}

fn head(audited: &Audited) -> Vec<String> {
    let short = |id: &str| id.get(..12).unwrap_or(id).to_owned();
    let mut lines: Vec<String> = audited.applications.iter().map(|one| harmless(one)).collect();
    if let Some(commit) = &audited.commit {
        lines.push(format!("At commit {}", short(commit)));
    }
    if let Some(base) = &audited.base {
        lines.push(format!("Only what has come since commit {}", short(base)));
    }
    lines
}

/// A line for each factor that has a rule which applies.
fn scores(audited: &Audited, sheet: &Sheet) -> Vec<String> {
    let ink = sheet.paper.ink;
    let mut grid = Grid::new([
        ("", Side::Right),
        ("factor", Side::Left),
        ("rules that hold", Side::Right),
        ("errors", Side::Right),
        ("warnings", Side::Right),
        ("notes", Side::Right),
    ]);
    let full = sheet.detail == Detail::Full;
    let mut whole: Vec<&str> = Vec::new();
    let applicable = audited.scores.iter().filter(|score| score.applicable > 0).count();
    for score in &audited.scores {
        let found =
            score.errors + score.warnings + score.notes > 0 || score.passed < score.applicable;
        if score.applicable == 0 {
            continue;
        }
        if !found && !full {
            whole.push(score.factor.title());
            continue;
        }
        let tone = match (score.errors, score.warnings) {
            (0, 0) => Tone::Good,
            (0, _) => Tone::Warning,
            _ => Tone::Error,
        };
        let number = |number: usize| if number == 0 { String::new() } else { number.to_string() };
        grid.row(vec![
            score.factor.numeral().to_owned(),
            score.factor.title().to_owned(),
            ink.paint(tone, &format!("{} of {}", score.passed, score.applicable)),
            number(score.errors),
            number(score.warnings),
            number(score.notes),
        ]);
    }
    let mut lines =
        if whole.len() == applicable { Vec::new() } else { grid.lines(0, sheet.paper.width) };
    if !whole.is_empty() {
        let label = ink.paint(Tone::Good, "Nothing found:");
        // A title may have commas of its own.
        lines.extend(hanging(&label, &whole.join(" · "), 2, sheet.paper.width));
    }
    lines
}

/// What is open, by rule, the gravest first.
pub(super) fn by_rule(audited: &Audited) -> Vec<(&'static str, Vec<&Hit>)> {
    let mut rules: BTreeMap<&'static str, Vec<&Hit>> = BTreeMap::new();
    for hit in audited.open() {
        rules.entry(hit.rule).or_default().push(hit);
    }
    let mut rules: Vec<(&'static str, Vec<&Hit>)> = rules.into_iter().collect();
    let gravest = |hits: &[&Hit]| hits.iter().map(|hit| hit.level).max();
    rules.sort_by_key(|(rule, hits)| {
        let factor = hits.first().map(|hit| hit.factor);
        (std::cmp::Reverse(gravest(hits)), factor, *rule)
    });
    rules
}

/// As many as a screen has room for under the lines `above`.
fn rules(audited: &Audited, above: usize, sheet: &Sheet) -> Vec<String> {
    let rules = by_rule(audited);
    let full = sheet.detail == Detail::Full;
    let room = sheet.paper.height.map(|height| height.saturating_sub(above + FRAME));
    let mut lines = Vec::new();
    let mut shown = 0;
    for (rule, hits) in &rules {
        let next = one(audited, rule, hits, sheet);
        let fits = room.is_none_or(|room| lines.len() + next.len() <= room);
        if !full && (shown >= BRIEF_RULES.1 || shown >= BRIEF_RULES.0 && !fits) {
            break;
        }
        lines.extend(next);
        shown += 1;
    }
    let rest: usize = rules[shown..].iter().map(|(_, hits)| hits.len()).sum();
    if rest > 0 {
        let rules = counted((rules.len() - shown) as u64, "rule", "rules");
        let findings = counted(rest as u64, "finding", "findings");
        lines.push(format!("… and {findings} of {rules} more: --verbose lists them"));
    }
    lines
}

fn one(audited: &Audited, rule: &str, hits: &[&Hit], sheet: &Sheet) -> Vec<String> {
    let (ink, width) = (sheet.paper.ink, sheet.paper.width);
    let level = hits.iter().map(|hit| hit.level).max().unwrap_or(Severity::Note);
    let title = audited.card(rule).map_or("", |card| card.title);
    let label = label(level, rule, ink);
    let mut lines = hanging(&label, &format!("{title} ({})", hits.len()), 2, width);
    let most = if sheet.detail == Detail::Full { hits.len() } else { BRIEF_PLACES };
    for (nth, hit) in hits.iter().take(most).enumerate() {
        let place = ink.paint(Tone::Strong, &format!("  {}:{}", harmless(&hit.path), hit.line));
        let more = match hits.len() - most.min(hits.len()) {
            more if more > 0 && nth + 1 == most => format!(" (and {more} more)"),
            _ => String::new(),
        };
        // The head names the gravest.
        let lesser =
            if hit.level < level { format!("{}: ", word(hit.level)) } else { String::new() };
        let text = format!("{lesser}{}{more}", harmless(&hit.message));
        lines.extend(hanging(&place, &text, 6, width));
    }
    let mut helps: Vec<&str> = hits.iter().map(|hit| hit.help.as_str()).collect();
    helps.dedup();
    let helped = if sheet.detail == Detail::Full {
        helps.len()
    } else {
        usize::from(level > Severity::Note)
    };
    for help in helps.iter().take(helped) {
        let label = format!("  {}", ink.paint(Tone::Good, "help:"));
        lines.extend(hanging(&label, &harmless(help), 6, width));
    }
    lines
}

fn label(level: Severity, rule: &str, ink: Ink) -> String {
    let tone = match level {
        Severity::Error => Tone::Error,
        Severity::Warning => Tone::Warning,
        Severity::Note => Tone::Strong,
    };
    ink.paint(tone, &format!("{}[{rule}]", word(level)))
}

pub(super) fn word(level: Severity) -> &'static str {
    match level {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// What passed, what is allowed, and what does not apply.
fn rest(audited: &Audited, sheet: &Sheet) -> Vec<String> {
    let width = sheet.paper.width;
    let mut lines = Vec::new();
    let passed: Vec<&str> = audited
        .rules
        .iter()
        .filter(|one| one.standing == Standing::Pass)
        .map(|one| one.rule)
        .collect();
    if !passed.is_empty() {
        lines.extend(hanging("Passed:", &passed.join(", "), 2, width));
    }
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in &audited.rules {
        if let Standing::NotApplicable { reason } = &one.standing {
            reasons.entry(reason).or_default().push(one.rule);
        }
    }
    for (reason, rules) in reasons {
        let text = format!("{reason}: {}", rules.join(", "));
        lines.extend(hanging("Not applicable,", &text, 2, width));
    }
    for hit in audited.hits.iter().filter(|hit| !hit.is_open()) {
        let text = format!("{} {}:{}: {}", hit.rule, harmless(&hit.path), hit.line, state(hit));
        lines.extend(hanging("Not counted,", &text, 2, width));
    }
    lines
}

/// Why a finding does not count.
pub(super) fn state(hit: &Hit) -> String {
    use crate::twelve_factor::State;
    match &hit.state {
        State::Open => String::new(),
        State::AllowedInline { reason } => format!("allowed beside it: {}", harmless(reason)),
        State::AllowedByPath { reason } => format!("allowed by nirvana.toml: {}", harmless(reason)),
        State::Known => "known by the baseline".to_owned(),
    }
}

/// A head that can be seen from afar, and the rest of the sentence.
pub(super) fn sentence(report: &Report, audited: &Audited) -> (&'static str, String) {
    let number = |level: Severity| audited.open().filter(|hit| hit.level == level).count() as u64;
    let mut found = Vec::new();
    for (level, one, many) in [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Note, "note", "notes"),
    ] {
        if number(level) > 0 {
            found.push(counted(number(level), one, many));
        }
    }
    let passed: usize = audited.scores.iter().map(|score| score.passed).sum();
    let applicable: usize = audited.scores.iter().map(|score| score.applicable).sum();
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    let files = counted(audited.looked.read as u64, "file", "files");
    let exit = match report.outcome.exit_code() {
        0 => String::new(),
        code => format!(" (exit {code})"),
    };
    let head = if report.outcome.exit_code() == 0 { "Audited:" } else { "FINDINGS:" };
    let history = audited.looked.history.map_or(String::new(), |blobs| {
        let left_out = match audited.looked.history_left_out {
            Some(number) if number > 0 => format!(" ({number} more hold no text of yours)"),
            _ => String::new(),
        };
        format!(" and {} of the history{left_out}", counted(blobs as u64, "blob", "blobs"))
    });
    let time = span(report.duration_ms);
    let text = format!(
        "{found}; {passed} of {applicable} rules that apply hold, in {files}{history}, in {time}{exit}."
    );
    (head, text)
}
