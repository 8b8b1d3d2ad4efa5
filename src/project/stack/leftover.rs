//! What no rule names: PHP without a framework, and files that are served as they are.

use crate::application::{ComponentKind, Confidence, Evidence, Framework};
use crate::project::stack::folder::{is_document_root, is_vendored, lies_in, name, rehearsal};
use crate::project::stack::found::{Found, Root};
use crate::project::stack::rules::TOOL_FILES;
use crate::project::stack::view::{View, evidence};
use crate::project::tree::{Entry, parent};

/// Folders that hold what a generator has made, or what was made to be served.
const BUILT: [&str; 6] = ["dist", "build", "_site", "docs", "site", "out"];
/// Deeper than this in folders an index.html is a part of something.
const DEEPEST: usize = 2;

pub(super) fn find(view: &View, found: &mut Found) {
    let entries: Vec<&Entry> = view
        .tree
        .entries()
        .iter()
        .filter(|entry| entry.is_file() && !is_vendored(entry.folder()))
        .filter(|entry| rehearsal(entry.folder()).is_none())
        .collect();
    let php = entries.iter().filter(|entry| is_entry_point(entry));
    let mut roots = topmost(php.map(|entry| root_of_php(entry)).collect());
    roots.retain(|root| !covered(root, found));
    found.applications.extend(roots);

    let pages = entries.iter().filter(|entry| entry.name() == b"index.html");
    let mut roots = topmost(pages.filter_map(|entry| root_of_page(entry)).collect());
    roots.retain(|root| !covered(root, found));
    found.applications.extend(roots);
}

/// PHP that a web server may be asked for: an index.php anywhere, and whatever lies in the root or
/// in a folder that is served.
fn is_entry_point(entry: &Entry) -> bool {
    let file = entry.name();
    let at_root = entry.folder().is_empty()
        || (parent(entry.folder()).is_empty() && is_document_root(entry.folder()));
    let is_php = file.ends_with(b".php") && !file.starts_with(b".");
    let is_tool = TOOL_FILES.iter().any(|tool| tool.as_bytes() == file);
    file == b"index.php" || (at_root && is_php && !is_tool && !file.ends_with(b".config.php"))
}

fn root_of_php(entry: &Entry) -> Root {
    let folder = entry.folder();
    let served = is_document_root(folder);
    let root = if served { parent(folder) } else { folder };
    let index = entry.name() == b"index.php";
    Root {
        folder: root.to_vec(),
        framework: Framework::Php,
        confidence: if index { Confidence::Likely } else { Confidence::Possible },
        evidence: vec![entry_point(entry, "php-entry-point")],
        served: served.then(|| folder.to_vec()),
        core: None,
    }
}

fn root_of_page(entry: &Entry) -> Option<Root> {
    let folder = entry.folder();
    let depth = if folder.is_empty() { 0 } else { folder.split(|byte| *byte == b'/').count() };
    if depth > DEEPEST {
        return None;
    }
    let built = BUILT.iter().any(|wanted| wanted.as_bytes() == name(folder));
    let served = built || is_document_root(folder);
    let root = if served { parent(folder) } else { folder };
    Some(Root {
        folder: root.to_vec(),
        framework: Framework::Static,
        confidence: if depth == 0 || served { Confidence::Likely } else { Confidence::Possible },
        evidence: vec![entry_point(entry, "static-index")],
        served: served.then(|| folder.to_vec()),
        core: None,
    })
}

fn entry_point(entry: &Entry, rule: &'static str) -> Evidence {
    evidence(&entry.path, None, rule, "is there")
}

/// Of several roots above each other the highest; of one root the surest file.
fn topmost(mut roots: Vec<Root>) -> Vec<Root> {
    roots.sort_by(|one, other| {
        let key = |root: &Root| (root.folder.clone(), root.confidence, root.served.clone());
        key(one).cmp(&key(other))
    });
    let mut kept: Vec<Root> = Vec::new();
    for root in roots {
        if !kept.iter().any(|above| lies_in(&root.folder, &above.folder)) {
            kept.push(root);
        }
    }
    kept
}

/// Whether a rule has already said what the folder is a part of. PHP beside a page of the browser
/// is its server, and files below static ones are more of them.
fn covered(root: &Root, found: &Found) -> bool {
    let served = root.served.as_ref().unwrap_or(&root.folder);
    let by_application = found.applications.iter().any(|above| {
        let within = lies_in(&root.folder, &above.folder) || lies_in(served, &above.folder);
        within && covers(above, root)
    });
    let by_component = found.components.iter().any(|component| {
        let folder = component.root.as_bytes();
        let folder = if folder == b"." { b"".as_slice() } else { folder };
        let whole =
            !matches!(component.kind, ComponentKind::Frontend | ComponentKind::Documentation);
        whole && lies_in(&root.folder, folder)
    });
    by_application || by_component
}

/// Whether what lies below an application is a part of it, whatever it is.
fn covers(above: &Root, root: &Root) -> bool {
    let php = root.framework == Framework::Php;
    match above.framework {
        Framework::SinglePage => !php,
        // Rails runs no PHP: what is neither beside it nor served by it is something else.
        Framework::Rails => !php || root.folder == above.folder || has_document_root(&root.folder),
        _ => true,
    }
}

fn has_document_root(folder: &[u8]) -> bool {
    folder.split(|byte| *byte == b'/').any(is_document_root)
}
