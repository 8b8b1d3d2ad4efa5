//! Which folders are applications, and which only parts of one.
//!
//! Order of the decisions: every rule is tried where its file is; each folder becomes what the
//! surest rule says, a server's framework before a site generator; what lies among tests and
//! examples is a test application; a core below the folder that manages it becomes part of that;
//! pages and documentation within an application are components of it. What no rule names is left
//! to [`leftover`]: PHP without a framework and static files.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::application::{Component, ComponentKind, Confidence, Evidence, Framework};
use crate::finding::{Code, Finding, Place};
use crate::project::stack::folder::{
    is_document_root, is_vendored, lies_at, lies_in, name, parts, rehearsal,
};
use crate::project::stack::found::{Found, Root};
use crate::project::stack::leftover;
use crate::project::stack::rules::{RULES, Rule, Says, Signal};
use crate::project::stack::signal;
use crate::project::stack::view::{View, evidence, shown_folder};
use crate::project::tree::{Entry, Mode, parent};

/// A rule that holds in a folder.
#[derive(Debug)]
struct Hit {
    rule: &'static Rule,
    /// Its place in the table.
    order: usize,
    evidence: Vec<Evidence>,
}

pub(super) fn find(view: &View) -> Found {
    let mut found = Found::default();
    for (folder, hits) in hits(view) {
        decide(&folder, hits, &mut found);
    }
    merge(&mut found.applications);
    promote(&mut found);
    leftover::find(view, &mut found);
    set_aside(&mut found);
    let submodules = view.tree.entries().iter().filter(|entry| entry.mode == Mode::Submodule);
    found.components.extend(submodules.map(|entry| Component {
        root: entry.shown(),
        kind: ComponentKind::Submodule,
        reason: "a commit of another repository: its files are not here".to_owned(),
        evidence: evidence(&entry.path, None, "submodule", "mode 160000"),
    }));
    found.applications.sort_by(|one, other| one.folder.cmp(&other.folder));
    found.components.sort();
    found
}

/// Where rules begin: a path below a folder, or how a name ends.
enum Anchor {
    Path(&'static str),
    Ending(&'static str),
}

fn anchors(rule: &Rule) -> Vec<Anchor> {
    let first = rule.when.iter().find_map(|signal| match signal {
        Signal::File(names) | Signal::Text(names, _) => {
            Some(names.iter().map(|name| Anchor::Path(name)).collect())
        }
        Signal::Ending(ending) | Signal::Header(ending, _) => Some(vec![Anchor::Ending(ending)]),
        _ => None,
    });
    first.unwrap_or_default()
}

/// Every folder with the rules about applications and components that hold in it.
fn hits(view: &View) -> BTreeMap<Vec<u8>, Vec<Hit>> {
    let mut by_name: HashMap<&[u8], Vec<(usize, &str)>> = HashMap::new();
    let mut by_ending: Vec<(usize, &str)> = Vec::new();
    for (order, rule) in RULES.iter().enumerate() {
        if !matches!(rule.says, Says::Application(..) | Says::Component(..)) {
            continue;
        }
        for anchor in anchors(rule) {
            match anchor {
                Anchor::Path(path) => {
                    by_name.entry(name(path.as_bytes())).or_default().push((order, path));
                }
                Anchor::Ending(ending) => by_ending.push((order, ending)),
            }
        }
    }
    let mut tries: BTreeSet<(&[u8], usize)> = BTreeSet::new();
    let is_own = |entry: &&Entry| entry.mode != Mode::Submodule && !is_vendored(entry.folder());
    for entry in view.tree.entries().iter().filter(is_own) {
        for (order, path) in by_name.get(entry.name()).into_iter().flatten() {
            if lies_at(&entry.path, path.as_bytes()) {
                let folder = &entry.path[..entry.path.len() - path.len()];
                tries.insert((folder.strip_suffix(b"/").unwrap_or(folder), *order));
            }
        }
        for (order, ending) in &by_ending {
            if entry.name().ends_with(ending.as_bytes()) {
                tries.insert((entry.folder(), *order));
            }
        }
    }
    let mut hits: BTreeMap<Vec<u8>, Vec<Hit>> = BTreeMap::new();
    for (folder, order) in tries {
        let rule = &RULES[order];
        if let Some(evidence) = signal::holds(view, folder, rule) {
            hits.entry(folder.to_vec()).or_default().push(Hit { rule, order, evidence });
        }
    }
    hits
}

fn decide(folder: &[u8], hits: Vec<Hit>, found: &mut Found) {
    let (mut applications, mut components): (Vec<Hit>, Vec<Hit>) =
        hits.into_iter().partition(|hit| matches!(hit.rule.says, Says::Application(..)));
    applications.sort_by_key(|hit| match hit.rule.says {
        Says::Application(framework, confidence) => (!framework.is_server(), confidence, hit.order),
        _ => (true, Confidence::Possible, hit.order),
    });
    components.sort_by_key(|hit| hit.order);
    let said = applications.first().map(|hit| hit.rule.says);
    if let Some(Says::Application(framework, confidence)) = said {
        if let Some(name) = rehearsal(folder) {
            let known = |one: &Component| {
                one.kind == ComponentKind::TestApplication
                    && lies_in(shown_folder(folder).as_bytes(), one.root.as_bytes())
            };
            if found.components.iter().any(known) {
                return;
            }
            let what = framework.name();
            let reason = format!("a {what} application in `{name}/`: for tests or as an example");
            let evidence = applications.swap_remove(0).evidence;
            let kind = ComponentKind::TestApplication;
            found.components.extend(component(folder, kind, reason, evidence));
            return;
        }
        if framework.is_server() || components.is_empty() {
            found.findings.extend(ambiguous(folder, &applications));
            let same = |hit: &Hit| matches!(hit.rule.says, Says::Application(other, _) if other == framework);
            let kept = applications.into_iter().filter(same).flat_map(|hit| hit.evidence);
            let evidence = distinct(kept.collect());
            let folder = folder.to_vec();
            let root = Root { folder, framework, confidence, evidence, served: None, core: None };
            found.applications.push(root);
            return;
        }
    }
    if rehearsal(folder).is_none()
        && let Some(hit) = components.into_iter().next()
        && let Says::Component(kind, reason) = hit.rule.says
    {
        found.components.extend(component(folder, kind, reason.to_owned(), hit.evidence));
    }
}

/// The first evidence of each file.
fn distinct(evidence: Vec<Evidence>) -> Vec<Evidence> {
    let mut seen = BTreeSet::new();
    evidence.into_iter().filter(|one| seen.insert((one.path.clone(), one.line))).collect()
}

fn component(
    folder: &[u8],
    kind: ComponentKind,
    reason: String,
    evidence: Vec<Evidence>,
) -> Option<Component> {
    // What comes last is what the rule is about.
    let evidence = evidence.into_iter().next_back()?;
    Some(Component { root: shown_folder(folder), kind, reason, evidence })
}

/// Frameworks that are built on each other are no two answers.
fn family(framework: Framework) -> Framework {
    match framework {
        Framework::Bedrock => Framework::Wordpress,
        Framework::Lumen => Framework::Laravel,
        other => other,
    }
}

fn ambiguous(folder: &[u8], applications: &[Hit]) -> Option<Finding> {
    let mut sure: Vec<(Framework, &Hit)> = applications
        .iter()
        .filter_map(|hit| match hit.rule.says {
            Says::Application(framework, Confidence::Certain) if framework.is_server() => {
                Some((framework, hit))
            }
            _ => None,
        })
        .collect();
    sure.dedup_by_key(|(framework, _)| family(*framework));
    let (first, second) = (sure.first()?, sure.get(1)?);
    let message = format!(
        "both {} ({}) and {} ({}) speak for themselves here; it is taken for {}",
        first.0.name(),
        first.1.evidence.first()?,
        second.0.name(),
        second.1.evidence.first()?,
        first.0.name()
    );
    let place = Place::file(shown_folder(folder), None);
    Some(Finding::warning(Code::AmbiguousFramework, place, message))
}

/// Rules that see a core, which needs no other one.
const CORES: [&str; 7] = [
    "wordpress-core",
    "wordpress-settings",
    "drupal-core",
    "drupal-7-bootstrap",
    "drupal-6-system",
    "codeigniter-3-core",
    "bedrock",
];

/// A core below the folder that manages it (by Composer, or by an index.php that leads there) is
/// no application of its own.
fn merge(applications: &mut Vec<Root>) {
    let mut merged: Vec<Root> = Vec::new();
    for root in applications.drain(..) {
        let above = merged.iter_mut().rev().find(|above| {
            let has_core = above.evidence.iter().any(|one| CORES.contains(&one.rule));
            lies_in(&root.folder, &above.folder)
                && family(above.framework) == family(root.framework)
                && root.framework != Framework::Rails
                && (!has_core || above.framework == Framework::Bedrock)
        });
        match above {
            Some(above) => {
                let leads = above.evidence.iter().any(|one| one.rule == "wordpress-blog-header");
                if above.framework == root.framework && !leads {
                    above.served.get_or_insert_with(|| root.folder.clone());
                }
                above.core.get_or_insert(root.folder);
                above.confidence = above.confidence.min(root.confidence);
                above.evidence.extend(root.evidence);
            }
            None => merged.push(root),
        }
    }
    *applications = merged;
}

/// A core that lies in a folder which a web server serves: the application is what is around it.
fn promote(found: &mut Found) {
    let taken: BTreeSet<Vec<u8>> =
        found.applications.iter().map(|root| root.folder.clone()).collect();
    for root in &mut found.applications {
        let core = matches!(root.framework, Framework::Wordpress | Framework::Drupal);
        if core && is_document_root(&root.folder) && !taken.contains(parent(&root.folder)) {
            let above = parent(&root.folder).to_vec();
            root.served = Some(std::mem::replace(&mut root.folder, above));
        }
    }
}

/// Names of folders whose pages tell about the application.
const DOCUMENTATION: [&str; 6] = ["docs", "doc", "documentation", "website", "guide", "manual"];

/// Pages and documentation that belong to an application are no applications beside it.
fn set_aside(found: &mut Found) {
    let all = std::mem::take(&mut found.applications);
    let others = all.len() > 1 || !found.components.is_empty();
    for root in &all {
        let above = all.iter().find(|above| {
            above.framework.is_server()
                && above.folder != root.folder
                && lies_in(&root.folder, &above.folder)
        });
        let documents = parts(&root.folder)
            .any(|part| DOCUMENTATION.iter().any(|wanted| wanted.as_bytes() == part));
        let (kind, reason) = match (root.framework.is_server(), above) {
            (false, _) if documents && others => (
                ComponentKind::Documentation,
                format!("{}: documentation of what else is here", root.framework.name()),
            ),
            (false, Some(above)) => {
                // What a server's application serves itself is a part of it like any other.
                if matches!(root.framework, Framework::Static) || served_by(root, above) {
                    continue;
                }
                let of = format!(
                    "{}: within the {} application at {}",
                    root.framework.name(),
                    above.framework.name(),
                    shown_folder(&above.folder)
                );
                (ComponentKind::Frontend, of)
            }
            _ => {
                found.applications.push(root.clone());
                continue;
            }
        };
        let evidence = root.evidence.clone();
        found.components.extend(component(&root.folder, kind, reason, evidence));
    }
}

fn served_by(root: &Root, above: &Root) -> bool {
    let below = root.folder.strip_prefix(above.folder.as_slice()).unwrap_or_default();
    let built = root.evidence.iter().all(|one| one.rule == "built-page");
    built || parts(below).any(is_document_root)
}
