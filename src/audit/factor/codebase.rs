//! I. One codebase in version control, many deploys.

use crate::audit::context::Context;
use crate::audit::file::Scope;
use crate::audit::found::Found;
use crate::audit::rule::{Applies, Check, Rule, Verdict};
use crate::finding::Severity::{Error, Note, Warning};
use crate::project::tree::Mode;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Codebase;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "I-001",
            factor: FACTOR,
            level: Note,
            precision: Precision::High,
            title: "several applications share a repository",
            why: "Each application wants its own releases, settings and history; in one repository \
                  a change to one of them deploys all. Give each a repository, or a release of its \
                  own from its folder.",
            before: "shop/ (Rails)\nblog/ (WordPress)",
            after: "github.com/acme/shop\ngithub.com/acme/blog",
            quiet: "Front ends, documentation, engines and test applications are no applications \
                    here.",
        },
        applies: Applies::Server,
        check: Check::Tree(several),
    },
    Rule {
        card: Card {
            id: "I-002",
            factor: FACTOR,
            level: Warning,
            precision: Precision::Medium,
            title: "a branch for an environment has gone its own way",
            why: "What runs in that environment is another program than the one that is tested. \
                  Merge what it has, and deploy a commit of the one branch with the environment's \
                  own settings.",
            before: "main ── production (+14 commits of its own)",
            after: "main, released as tags; settings in the environment",
            quiet: "A branch that is an ancestor of HEAD only marks what is deployed.",
        },
        applies: Applies::Always,
        check: Check::Tree(branches),
    },
    Rule {
        card: Card {
            id: "I-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a copy of a file lies beside it",
            why: "Copies are versions kept by hand; below a document root a web server gives their \
                  source to anybody. Delete it: the history has it.",
            before: "config.php\nconfig.php.bak",
            after: "config.php",
            quiet: "Tests, examples and other people's code are left out.",
        },
        applies: Applies::Always,
        check: Check::Tree(copies),
    },
    Rule {
        card: Card {
            id: "I-004",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "a submodule leads nowhere",
            why: "The repository names a commit of another one and does not say where that is, so \
                  no clone can have its files. Add it with `git submodule add`, or commit the files.",
            before: "160000 commit 2b1c… vendor/theme     (no entry in .gitmodules)",
            after: "[submodule \"vendor/theme\"]\n  path = vendor/theme\n  url = …",
            quiet: "Not applicable without submodules.",
        },
        applies: Applies::Always,
        check: Check::Tree(submodules),
    },
];

fn several(context: &Context, found: &mut Found) -> Verdict {
    let servers: Vec<_> =
        context.detected.applications.iter().filter(|one| one.framework.is_server()).collect();
    if servers.len() > 1 {
        for one in &servers[1..] {
            let path = one.evidence.first().map_or(one.root.as_str(), |first| &first.path);
            let others = servers[0].framework.name();
            let message = format!(
                "{} at {} beside {others} at {}",
                one.framework.name(),
                one.root,
                servers[0].root
            );
            found.file(path, message);
        }
    }
    Verdict::Looked
}

const ENVIRONMENTS: [&str; 8] =
    ["production", "prod", "staging", "live", "qa", "uat", "preprod", "production-server"];

fn branches(context: &Context, found: &mut Found) -> Verdict {
    let Some(history) = context.repository else {
        return Verdict::NotApplicable("no repository, or not its working folder");
    };
    let Ok(branches) = history.branches() else {
        return Verdict::NotApplicable("the branches of the repository cannot be read");
    };
    if branches.is_empty() {
        return Verdict::NotApplicable("the repository has one branch");
    }
    for branch in branches.iter().filter(|branch| branch.ahead > 0) {
        let name = branch.name.rsplit('/').next().unwrap_or(&branch.name);
        let is_environment = ENVIRONMENTS.contains(&name)
            || ["prod-", "deploy-", "live-"].iter().any(|start| name.starts_with(start));
        if is_environment {
            let commits = if branch.ahead == 1 { "commit" } else { "commits" };
            let message =
                format!("{} has {} {commits} that HEAD does not have", branch.name, branch.ahead);
            found.file(".", message);
        }
    }
    Verdict::Looked
}

fn copies(context: &Context, found: &mut Found) -> Verdict {
    for entry in context.tree.entries().iter().filter(|entry| entry.is_file()) {
        let placed = context.place(&entry.path);
        let name = placed.shown.rsplit('/').next().unwrap_or_default();
        if placed.scope <= Scope::Sample && is_copy(name) {
            found.file(&placed.shown, format!("{name} looks like a version kept by hand"));
        }
    }
    Verdict::Looked
}

fn is_copy(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ends = [".bak", ".orig", ".old", ".save", ".swp", "~", ".backup", ".php_", ".copy"];
    let begins = ["copy of ", "kopie von ", "copy_of_"];
    if ends.iter().any(|end| lower.ends_with(end) && lower.len() > end.len())
        || begins.iter().any(|begin| lower.starts_with(begin))
    {
        return true;
    }
    // `index_old.php`, `config - copy.php`, `wp-config.php.20190412`
    let (stem, ending) = lower.rsplit_once('.').unwrap_or((&lower, ""));
    let code = ["php", "rb", "inc", "html", "js", "yml"];
    let worn = ["_old", "-old", "_bak", "-bak", " - copy", " (copy)", "_orig"];
    let dated = ending.len() >= 6
        && ending.starts_with("20")
        && ending.bytes().all(|byte| byte.is_ascii_digit())
        && code.iter().any(|code| stem.ends_with(&format!(".{code}")));
    dated || code.contains(&ending) && worn.iter().any(|end| stem.ends_with(end))
}

fn submodules(context: &Context, found: &mut Found) -> Verdict {
    let modules: Vec<_> =
        context.tree.entries().iter().filter(|entry| entry.mode == Mode::Submodule).collect();
    if modules.is_empty() {
        return Verdict::NotApplicable("no submodule is here");
    }
    let named = context.file(b".gitmodules");
    for entry in modules {
        let shown = entry.shown();
        let known = named.as_ref().is_some_and(|file| {
            file.text.lines().any(|line| {
                line.split_once('=').is_some_and(|(key, path)| {
                    key.trim() == "path" && path.trim().trim_matches('"') == shown
                })
            })
        });
        if !known {
            found.file(&shown, format!(".gitmodules does not say where the commit of {shown} is"));
        }
    }
    Verdict::Looked
}

#[cfg(test)]
mod tests {
    use super::is_copy;

    #[test]
    fn copies_are_told_from_files() {
        for name in
            ["config.php.bak", "index_old.php", "a.php~", "wp-config.php.20190412", "x.orig"]
        {
            assert!(is_copy(name), "{name}");
        }
        for name in ["threshold.php", "old.php", ".bak", "v1.20190412", "user.js", "backup.rb"] {
            assert!(!is_copy(name), "{name}");
        }
    }
}
