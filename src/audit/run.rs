//! The engine: every rule that applies, shown every file it asks for; files in parallel.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::application::{Application, Detected, Framework};
use crate::audit::context::{Context, Unread};
use crate::audit::factor;
use crate::audit::file::{File, Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::audit::suppress;
use crate::finding::Finding;
use crate::project::history::History;
use crate::project::stack;
use crate::project::tree::{Entry, Tree};
use crate::twelve_factor::{Hit, Looked};

/// What one tree came to, before anything is allowed or compared.
pub(super) struct Inspected {
    pub(super) detected: Detected,
    pub(super) hits: Vec<Hit>,
    /// Rules that could not be applied, and why.
    pub(super) not_applicable: BTreeMap<&'static str, String>,
    /// Comments that allow something, by path.
    pub(super) comments: Vec<suppress::Comment>,
    pub(super) findings: Vec<Finding>,
    pub(super) looked: Looked,
}

/// Inspects a tree.
pub(super) fn inspect(tree: &Tree, repository: Option<&History>) -> Inspected {
    let (detected, findings) = stack::detect(tree);
    let context = Context::new(tree, &detected, repository);
    let rules = factor::rules();
    let mut all = Gathered { findings, ..Gathered::default() };
    let entries = tree.entries();
    all.looked.files = entries.len();
    let parts: Vec<Part> = entries
        .par_iter()
        .filter(|entry| entry.is_file())
        .map(|entry| one(&context, entry, &rules))
        .collect();
    for part in parts {
        all.add(part);
    }
    let mut not_applicable = BTreeMap::new();
    let wholes: Vec<(&Rule, Vec<Hit>, Option<String>)> =
        rules.par_iter().map(|rule| whole(&context, rule, &all.kinds)).collect();
    for (rule, hits, reason) in wholes {
        all.hits.extend(hits);
        if let Some(reason) = reason {
            not_applicable.insert(rule.card.id, reason);
        }
    }
    let Gathered { hits, comments, findings, looked, .. } = all;
    Inspected { detected, hits, not_applicable, comments, findings, looked }
}

#[derive(Default)]
struct Gathered {
    hits: Vec<Hit>,
    comments: Vec<suppress::Comment>,
    findings: Vec<Finding>,
    looked: Looked,
    /// Kinds of files that live, or are there at all.
    kinds: Vec<(Kind, Scope)>,
}

impl Gathered {
    fn add(&mut self, part: Part) {
        match part {
            Part::Read { hits, comments, kind } => {
                self.looked.read += 1;
                self.hits.extend(hits);
                self.comments.extend(comments);
                if !self.kinds.contains(&kind) {
                    self.kinds.push(kind);
                }
            }
            Part::Vendored => self.looked.vendored += 1,
            Part::Binary => self.looked.binary += 1,
            Part::Unread(finding) => {
                // Detection may have stumbled over it too.
                if !self.findings.iter().any(|known| known.place == finding.place) {
                    self.findings.push(finding);
                }
            }
        }
    }
}

enum Part {
    Read { hits: Vec<Hit>, comments: Vec<suppress::Comment>, kind: (Kind, Scope) },
    Vendored,
    Binary,
    Unread(Finding),
}

fn one(context: &Context, entry: &Entry, rules: &[&'static Rule]) -> Part {
    let placed = context.place(&entry.path);
    if placed.scope == Scope::Vendored {
        return Part::Vendored;
    }
    let file = match context.take(entry, placed) {
        Ok(file) => file,
        Err(Unread::Binary) => return Part::Binary,
        Err(Unread::Told(finding)) => return Part::Unread(*finding),
    };
    Part::Read {
        hits: look(&file, rules),
        comments: suppress::comments(&file),
        kind: (file.kind, file.scope),
    }
}

/// What the rules about files say of one.
pub(super) fn look(file: &File, rules: &[&'static Rule]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let reading = Reading::new(file);
    for rule in rules {
        let Check::Files { kinds, reach, look } = &rule.check else { continue };
        let reaches = file.scope <= Scope::Sample || *reach == Reach::Everywhere;
        if !reaches || !kinds.contains(&file.kind) || !belongs(rule.applies, file.framework) {
            continue;
        }
        let mut found = Found::new(&rule.card);
        look(&reading, &mut found);
        hits.extend(found.into_hits());
    }
    // What a rule tells by its place needs no second rule that tells it by its name.
    let weight = |rule: &str| match rule {
        "III-017" => 0,
        "III-019" => 1,
        _ => 2,
    };
    let secrets = hits.iter().filter(|hit| hit.secret.is_some());
    let told: Vec<(u32, u8)> = secrets.map(|hit| (hit.line, weight(hit.rule))).collect();
    hits.retain(|hit| {
        !told.iter().any(|(line, other)| *line == hit.line && *other > weight(hit.rule))
    });
    hits
}

fn belongs(applies: Applies, framework: Option<Framework>) -> bool {
    match applies {
        Applies::To(frameworks) => framework.is_some_and(|one| frameworks.contains(&one)),
        Applies::Always | Applies::Server | Applies::Kinds(_) => true,
    }
}

/// What a rule that looks at more than a file says, and why it does not apply if so.
fn whole<'r>(
    context: &Context,
    rule: &'r &'static Rule,
    kinds: &[(Kind, Scope)],
) -> (&'r Rule, Vec<Hit>, Option<String>) {
    let mut found = Found::new(&rule.card);
    let reason = match &rule.check {
        Check::Files { kinds: wanted, .. } => unmet(context, rule.applies, Some(wanted), kinds),
        Check::Tree(check) => match unmet(context, rule.applies, None, kinds) {
            None => reason(&check(context, &mut found)),
            unmet => unmet,
        },
        Check::Application(check) => {
            let unmet = unmet(context, rule.applies, None, kinds);
            let wanted: Vec<&Application> = context
                .detected
                .applications
                .iter()
                .filter(|one| takes(rule.applies, one.framework))
                .collect();
            let verdicts: Vec<Verdict> =
                wanted.iter().map(|one| check(context, one, &mut found)).collect();
            let looked = verdicts.contains(&Verdict::Looked);
            let first = verdicts.first().and_then(reason);
            unmet.or(if looked {
                None
            } else {
                first.or_else(|| Some("no application is here".to_owned()))
            })
        }
    };
    (rule, found.into_hits(), reason)
}

fn takes(applies: Applies, framework: Framework) -> bool {
    match applies {
        Applies::Always | Applies::Kinds(_) => true,
        Applies::Server => framework.is_server(),
        Applies::To(frameworks) => frameworks.contains(&framework),
    }
}

fn reason(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Looked => None,
        Verdict::NotApplicable(reason) => Some((*reason).to_owned()),
    }
}

/// Why a rule cannot be applied to this tree.
fn unmet(
    context: &Context,
    applies: Applies,
    files: Option<&[Kind]>,
    there: &[(Kind, Scope)],
) -> Option<String> {
    let applications = &context.detected.applications;
    match applies {
        Applies::Always if context.tree.entries().is_empty() => {
            return Some("nothing is here".to_owned());
        }
        Applies::Always => {}
        Applies::Server if applications.iter().any(|one| one.framework.is_server()) => {}
        Applies::Server => return Some("no application here runs on a server".to_owned()),
        Applies::To(frameworks) => {
            if !applications.iter().any(|one| frameworks.contains(&one.framework)) {
                let names: Vec<&str> = frameworks.iter().map(|one| one.name()).collect();
                return Some(format!("no {} application is here", names.join(", ")));
            }
        }
        Applies::Kinds(kinds) => return missing(kinds, there),
    }
    files.and_then(|kinds| missing(kinds, there))
}

fn missing(kinds: &[Kind], there: &[(Kind, Scope)]) -> Option<String> {
    if there.iter().any(|(kind, _)| kinds.contains(kind)) {
        return None;
    }
    let mut names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.truncate(4);
    Some(format!("no {} file is here", names.join(", ")))
}
