//! The folder that a web server serves.

use serde_json::Value;

use crate::application::Framework;
use crate::project::stack::found::Root;
use crate::project::stack::rules::DOCUMENT_ROOTS;
use crate::project::stack::view::View;
use crate::project::tree::join;

/// From the tree's root; what a generator makes need not be there yet.
pub(super) fn of(view: &View, root: &Root) -> Option<Vec<u8>> {
    let below = |name: &str| join(&root.folder, name.as_bytes());
    let has = |name: &str| view.has(&below(name));
    Some(match root.framework {
        Framework::Rails | Framework::Lumen => below("public"),
        Framework::Laravel | Framework::CodeIgniter
            if has("index.php") && !has("public/index.php") =>
        {
            root.folder.clone()
        }
        Framework::Laravel => below("public"),
        Framework::CodeIgniter => with_index(view, root),
        Framework::Bedrock => below("web"),
        Framework::Symfony if has("app/AppKernel.php") && !has("public/index.php") => below("web"),
        Framework::Symfony => below("public"),
        Framework::Drupal => scaffold(view, root)
            .or_else(|| root.served.clone())
            .unwrap_or_else(|| with_index(view, root)),
        Framework::Wordpress if has("index.php") => root.folder.clone(),
        Framework::Wordpress | Framework::Php => {
            root.served.clone().unwrap_or_else(|| with_index(view, root))
        }
        Framework::Static => root.served.clone().unwrap_or_else(|| root.folder.clone()),
        Framework::Jekyll | Framework::Eleventy => below("_site"),
        Framework::Hugo => below("public"),
        Framework::Mkdocs => below("site"),
        Framework::Docusaurus => below("build"),
        Framework::SinglePage => match root.evidence.first()?.rule {
            "built-page" => root.folder.clone(),
            "next-export" => below("out"),
            "page-builder" => built(view, root),
            _ => below("dist"),
        },
    })
}

/// The folder that has an index.php, the application's own before those below it.
fn with_index(view: &View, root: &Root) -> Vec<u8> {
    let has_index = |folder: &Vec<u8>| view.has(&join(folder, b"index.php"));
    let below = DOCUMENT_ROOTS.iter().map(|name| join(&root.folder, name.as_bytes()));
    let mut folders = std::iter::once(root.folder.clone()).chain(below);
    folders.find(has_index).unwrap_or_else(|| root.folder.clone())
}

/// Where Drupal's Composer plugin puts the files that are served.
fn scaffold(view: &View, root: &Root) -> Option<Vec<u8>> {
    let json = view.json(&join(&root.folder, b"composer.json"));
    let folder = json.pointer("/extra/drupal-scaffold/locations/web-root").and_then(Value::as_str);
    let folder = folder?.trim_start_matches("./").trim_matches('/');
    let here = folder.is_empty() || folder == ".";
    Some(if here { root.folder.clone() } else { join(&root.folder, folder.as_bytes()) })
}

fn built(view: &View, root: &Root) -> Vec<u8> {
    let json = view.json(&join(&root.folder, b"package.json"));
    let has = |name: &str| {
        ["dependencies", "devDependencies"].iter().any(|part| json[*part].get(name).is_some())
    };
    let folder = [("react-scripts", "build"), ("gatsby", "public")];
    let folder = folder.into_iter().find(|(name, _)| has(name)).map_or("dist", |(_, to)| to);
    join(&root.folder, folder.as_bytes())
}
