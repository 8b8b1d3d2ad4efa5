//! Findings as people read them: the gravest first, and what is alike in one breath.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Code, Finding, PlaceKind, Severity};
use crate::ui::Detail;
use crate::ui::figures::{counted, thousands};
use crate::ui::grid::hanging;
use crate::ui::naming::Naming;
use crate::ui::paper::{Ink, Paper, Tone, harmless, harmless_lines};

/// Names that stand for a group in brief.
const BRIEF_NAMES: usize = 6;
/// Messages that stand for a group in brief, if they are not all the same.
const BRIEF_EXAMPLES: usize = 3;
/// What hangs below the first line of a group.
const INDENT: usize = 4;

/// Lines, and how many findings they do not show or show without their words.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) lines: Vec<String>,
    pub(crate) left_out: usize,
}

/// Groups of like findings, as many as go into so many lines but at least one; in full detail all
/// of them, and of each group all that is in it.
pub(crate) fn shown(
    findings: (&[Finding], Naming),
    most: usize,
    detail: Detail,
    paper: &Paper,
) -> Shown {
    let mut shown = Shown::default();
    for group in groups(findings) {
        let next = group.shown(detail, paper);
        let fits = shown.lines.len() + next.lines.len() <= most;
        if detail == Detail::Full || fits || shown.lines.is_empty() {
            shown.lines.extend(next.lines);
            shown.left_out += next.left_out;
        } else {
            shown.left_out += group.members.len();
        }
    }
    shown
}

/// `2 errors, 7 warnings, 1 note`; none if there is nothing to count.
pub(crate) fn tallied(findings: &[Finding]) -> Option<String> {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (word(severity), count(severity) as u64))
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| counted(count, word, &format!("{word}s")))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// One finding on one line, for the talk while the work goes on.
pub(crate) fn headline(finding: &Finding, naming: Naming, ink: Ink) -> String {
    let message = harmless(finding.message.lines().next().unwrap_or_default());
    format!("{} {}: {message}", label(finding.severity, finding.code, ink), place(finding, naming))
}

/// Findings of one severity, code and kind of place.
struct Group<'a> {
    severity: Severity,
    code: Code,
    kind: PlaceKind,
    members: Vec<&'a Finding>,
    naming: Naming,
}

fn groups((findings, naming): (&[Finding], Naming)) -> Vec<Group<'_>> {
    let mut by_key: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        let key = (Reverse(finding.severity), finding.code, finding.place.kind);
        by_key.entry(key).or_default().push(finding);
    }
    let group = |((Reverse(severity), code, kind), members)| Group {
        severity,
        code,
        kind,
        members,
        naming,
    };
    by_key.into_iter().map(group).collect()
}

impl Group<'_> {
    fn shown(&self, detail: Detail, paper: &Paper) -> Shown {
        let first = self.members[0];
        if self.members.len() == 1 {
            let label = label(self.severity, self.code, paper.ink);
            let mut lines = hanging(&label, &self.sentence(first), INDENT, paper.width);
            lines.extend(help(first, INDENT, paper));
            return Shown { lines, left_out: 0 };
        }
        let same_message = self.members.iter().all(|member| member.message == first.message);
        let same_help = self.members.iter().all(|member| member.help == first.help);
        let mut shown = if same_message && same_help {
            self.names(detail, paper)
        } else {
            self.examples(detail, paper, if same_help { Help::Below } else { Help::Each })
        };
        if same_help {
            shown.lines.extend(help(first, INDENT, paper));
        }
        shown
    }

    /// All say the same: their places, then the message once.
    fn names(&self, detail: Detail, paper: &Paper) -> Shown {
        let most = if detail == Detail::Full { usize::MAX } else { BRIEF_NAMES };
        let names: Vec<String> =
            self.members.iter().take(most).map(|member| place(member, self.naming)).collect();
        let left_out = self.members.len() - names.len();
        let mut text = format!("{}: {}", self.count(), names.join(", "));
        if left_out > 0 {
            text = format!("{text} and {} more", thousands(left_out as u64));
        }
        let label = label(self.severity, self.code, paper.ink);
        let mut lines = hanging(&label, &text, INDENT, paper.width);
        let message = harmless_lines(&self.members[0].message);
        lines.extend(hanging("   ", &message, INDENT, paper.width));
        Shown { lines, left_out }
    }

    /// Each says something of its own: the first few in full.
    fn examples(&self, detail: Detail, paper: &Paper, where_help: Help) -> Shown {
        let most = if detail == Detail::Full { usize::MAX } else { BRIEF_EXAMPLES };
        let label = label(self.severity, self.code, paper.ink);
        let mut lines = hanging(&label, &self.count(), INDENT, paper.width);
        for member in self.members.iter().take(most) {
            lines.extend(hanging("   ", &self.sentence(member), INDENT + 2, paper.width));
            if where_help == Help::Each {
                lines.extend(help(member, INDENT + 2, paper));
            }
        }
        let left_out = self.members.len().saturating_sub(most);
        if left_out > 0 {
            lines.push(format!("    … and {} more", thousands(left_out as u64)));
        }
        Shown { lines, left_out }
    }

    fn sentence(&self, finding: &Finding) -> String {
        format!("{}: {}", place(finding, self.naming), harmless_lines(&finding.message))
    }

    /// `7 views`; of files `3 places in 2 files`, as one file may have several.
    fn count(&self) -> String {
        let (one, many) = nouns(self.kind);
        let number = self.members.len();
        if self.kind == PlaceKind::File {
            let names: BTreeSet<_> = self.members.iter().map(|one| &one.place.name).collect();
            if names.len() < number {
                let files = counted(names.len() as u64, one, many);
                return format!("{} in {files}", counted(number as u64, "place", "places"));
            }
        }
        counted(number as u64, one, many)
    }
}

/// Where the help of a group stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Help {
    /// It is the same for all, and stands once below them.
    Below,
    /// Each has its own.
    Each,
}

/// `warning[not-carried]`: a word to read and a word to search for.
fn label(severity: Severity, code: Code, ink: Ink) -> String {
    let tone = match severity {
        Severity::Error => Tone::Error,
        Severity::Warning => Tone::Warning,
        Severity::Note => Tone::Strong,
    };
    ink.paint(tone, &format!("{}[{}]", word(severity), code.word()))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn place(finding: &Finding, naming: Naming) -> String {
    harmless(&naming.place(&finding.place))
}

fn help(finding: &Finding, indent: usize, paper: &Paper) -> Vec<String> {
    let Some(help) = &finding.help else {
        return Vec::new();
    };
    let label = format!("{}{}", " ".repeat(indent), paper.ink.paint(Tone::Good, "help:"));
    hanging(&label, &harmless_lines(help), indent + 6, paper.width)
}

fn nouns(kind: PlaceKind) -> (&'static str, &'static str) {
    match kind {
        PlaceKind::Source => ("time in the source", "times in the source"),
        PlaceKind::Target => ("time in the target", "times in the target"),
        PlaceKind::Table => ("table", "tables"),
        PlaceKind::Column => ("column", "columns"),
        PlaceKind::Index => ("index", "indexes"),
        PlaceKind::ForeignKey => ("foreign key", "foreign keys"),
        PlaceKind::Check => ("check", "checks"),
        PlaceKind::View => ("view", "views"),
        PlaceKind::Trigger => ("trigger", "triggers"),
        PlaceKind::Routine => ("routine", "routines"),
        PlaceKind::Event => ("event", "events"),
        PlaceKind::Sequence => ("sequence", "sequences"),
        PlaceKind::Type => ("type", "types"),
        PlaceKind::Project => ("time in the project", "times in the project"),
        PlaceKind::Account => ("account", "accounts"),
        PlaceKind::Database => ("database", "databases"),
        PlaceKind::File => ("file", "files"),
    }
}
