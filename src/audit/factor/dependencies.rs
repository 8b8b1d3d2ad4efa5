//! II. Dependencies are declared, locked and isolated.

mod extensions;

use serde_json::Value;

use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::finding::Severity::{Note, Warning};
use crate::project::tree::join;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Dependencies;
const PHP: &[F] = &[
    F::Bedrock,
    F::Wordpress,
    F::Drupal,
    F::Lumen,
    F::Laravel,
    F::Symfony,
    F::CodeIgniter,
    F::Php,
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "II-001",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "the application has no Gemfile.lock",
            why: "Each `bundle install` may take other versions, so that what was tested is not \
                  what runs. Commit Gemfile.lock.",
            before: "Gemfile\n.gitignore: Gemfile.lock",
            after: "Gemfile\nGemfile.lock",
            quiet: "Gems and engines, which others lock, are no applications.",
        },
        applies: Applies::Always,
        check: Check::Application(gemfile_lock),
    },
    Rule {
        card: Card {
            id: "II-002",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "the application has no composer.lock",
            why: "Each `composer install` may take other versions, so that what was tested is not \
                  what runs. Commit composer.lock.",
            before: "composer.json\n.gitignore: composer.lock",
            after: "composer.json\ncomposer.lock",
            quiet: "Libraries, and a composer.json that requires only PHP and its extensions.",
        },
        applies: Applies::Always,
        check: Check::Application(composer_lock),
    },
    Rule {
        card: Card {
            id: "II-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a dependency may be any version",
            why: "A branch or a star takes what is there on the day of the installation. Name a \
                  version, a tag or a commit.",
            before: "\"acme/invoices\": \"dev-master\"\ngem 'invoices', git: 'https://…'",
            after: "\"acme/invoices\": \"^2.3\"\ngem 'invoices', git: 'https://…', tag: 'v2.3.0'",
            quiet: "A note where a lock file keeps the commit.",
        },
        applies: Applies::Always,
        check: Check::Application(unpinned),
    },
    Rule {
        card: Card {
            id: "II-004",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "installed dependencies are committed",
            why: "They are altered by hand, are never updated, and make every change unreadable. \
                  Take them out with `git rm -r --cached`, ignore the folder, and install them from \
                  the lock file at build time.",
            before: "vendor/autoload.php\nnode_modules/",
            after: ".gitignore: /vendor /node_modules",
            quiet: "Rails' vendor/assets and vendor/javascript are meant to be committed.",
        },
        applies: Applies::Always,
        check: Check::Application(vendored),
    },
    Rule {
        card: Card {
            id: "II-005",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the version of the language is not declared",
            why: "The machine decides which Ruby or PHP runs, and the next machine decides \
                  otherwise. Declare it: .ruby-version, `ruby` in the Gemfile, or \
                  `require.php` in composer.json.",
            before: "\"require\": { \"slim/slim\": \"^4.0\" }",
            after: "\"require\": { \"php\": \"^8.2\", \"slim/slim\": \"^4.0\" }",
            quiet: "A Dockerfile whose image names the version declares it too.",
        },
        applies: Applies::Server,
        check: Check::Application(runtime),
    },
    Rule {
        card: Card {
            id: "II-006",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a PHP extension is used and not declared",
            why: "Composer installs without a word where the extension is missing, and the first \
                  request that needs it fails. Require it in composer.json.",
            before: "new PDO('mysql:…')      composer.json: { \"php\": \"^8.2\" }",
            after: "\"require\": { \"php\": \"^8.2\", \"ext-pdo\": \"*\", \"ext-pdo_mysql\": \"*\" }",
            quiet: "Polyfills, and calls behind function_exists(), class_exists() or \
                    extension_loaded().",
        },
        applies: Applies::To(PHP),
        check: Check::Application(extensions::undeclared),
    },
    Rule {
        card: Card {
            id: "II-007",
            factor: FACTOR,
            level: Warning,
            precision: Precision::Medium,
            title: "a program of the system is called that nothing declares",
            why: "The machine has it or has it not; nothing says that it must. Install it in the \
                  Dockerfile or the Aptfile, or use a library.",
            before: "exec('convert in.png out.jpg');",
            after: "FROM php:8.3-fpm\nRUN apt-get update && apt-get install -y imagemagick",
            quiet: "Rake tasks, console commands, tests, and programs that a Dockerfile or an \
                    Aptfile names.",
        },
        applies: Applies::Server,
        check: Check::Application(extensions::programs),
    },
    Rule {
        card: Card {
            id: "II-008",
            factor: FACTOR,
            level: Note,
            precision: Precision::VeryHigh,
            title: "the framework's own code is committed",
            why: "An update is a change of thousands of lines, and a line that was altered by hand \
                  is lost in them. Let Composer install it: roots/wordpress, drupal/core, \
                  codeigniter/framework.",
            before: "wp-includes/version.php",
            after: "\"require\": { \"roots/wordpress\": \"^6.5\" }",
            quiet: "Not applicable where the core is installed at build time.",
        },
        applies: Applies::To(&[F::Wordpress, F::Drupal, F::CodeIgniter]),
        check: Check::Application(core),
    },
    Rule {
        card: Card {
            id: "II-009",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a page loads code of any version",
            why: "Whoever can change that address changes the page of every visitor, today. Name \
                  a version and its hash (`integrity`), or serve the file yourself.",
            before: "<script src=\"https://cdn.example.net/vue@latest/vue.js\"></script>",
            after: "<script src=\"https://cdn.example.net/vue@3.4.21/vue.js\" integrity=\"sha384-…\" \
                    crossorigin=\"anonymous\"></script>",
            quiet: "An address with a version, or a script with `integrity`.",
        },
        applies: Applies::Kinds(&[Kind::Html, Kind::Php]),
        check: Check::Files { kinds: &[Kind::Html, Kind::Php], reach: Reach::Live, look: cdn },
    },
];

fn at(application: &Application, name: &str) -> Vec<u8> {
    join(&application.folder, name.as_bytes())
}

fn shown(application: &Application, name: &str) -> String {
    crate::project::tree::shown(&at(application, name))
}

fn gemfile_lock(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let there = |name: &str| context.tree.entry(at(application, name)).is_some();
    let Some(gemfile) = ["Gemfile", "gems.rb"].into_iter().find(|name| there(name)) else {
        return Verdict::NotApplicable("no Gemfile is here");
    };
    if !there("Gemfile.lock") && !there("gems.locked") {
        let lock = if gemfile == "Gemfile" { "Gemfile.lock" } else { "gems.locked" };
        let ignored = context.tree.ignores(at(application, lock));
        let why = if ignored { " and .gitignore keeps it out" } else { "" };
        found.absent(&shown(application, gemfile), format!("no {lock} is committed{why}"));
    }
    Verdict::Looked
}

fn composer(context: &Context, application: &Application) -> Option<Value> {
    context.json(&at(application, "composer.json")).map(|(_, manifest)| manifest)
}

fn composer_lock(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let Some(manifest) = composer(context, application) else {
        return Verdict::NotApplicable("no composer.json is here");
    };
    let packages = manifest["require"]
        .as_object()
        .map_or(0, |require| require.keys().filter(|name| name.contains('/')).count());
    if packages == 0 {
        return Verdict::NotApplicable("composer.json requires no package");
    }
    if context.tree.entry(at(application, "composer.lock")).is_none() {
        let ignored = context.tree.ignores(at(application, "composer.lock"));
        let why = if ignored { " and .gitignore keeps it out" } else { "" };
        found.absent(
            &shown(application, "composer.json"),
            format!("no composer.lock is committed{why}"),
        );
    }
    Verdict::Looked
}

fn unpinned(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let mut looked = false;
    if let Some((file, manifest)) = context.json(&at(application, "composer.json")) {
        looked = true;
        let locked = context.tree.entry(at(application, "composer.lock")).is_some();
        for (name, version) in manifest["require"].as_object().into_iter().flatten() {
            let version = version.as_str().unwrap_or_default();
            let any = version == "*" || version.starts_with("dev-") || version.ends_with("@dev");
            if name.contains('/') && any && !version.contains('#') {
                let at = file.text.find(&format!("\"{name}\"")).unwrap_or(0);
                let hit = found.at(&file, at, format!("{name} is required as `{version}`"));
                if locked {
                    hit.weighs(Note);
                }
            }
        }
    }
    if let Some(file) = context.file(&at(application, "Gemfile")) {
        looked = true;
        let locked = context.tree.entry(at(application, "Gemfile.lock")).is_some();
        for (start, line) in file.code_lines() {
            let code = line.trim_start();
            let remote = ["git:", ":git =>", "github:", ":github =>"];
            let fixed = ["ref:", "tag:", ":ref", ":tag", "revision"];
            if code.starts_with("gem ")
                && remote.iter().any(|word| code.contains(word))
                && !fixed.iter().any(|word| code.contains(word))
            {
                let name = code.split(['\'', '"']).nth(1).unwrap_or("a gem");
                let hit = found.at(&file, start, format!("{name} comes from a branch"));
                if locked {
                    hit.weighs(Note);
                }
            }
        }
    }
    if looked {
        Verdict::Looked
    } else {
        Verdict::NotApplicable("no Gemfile or composer.json is here")
    }
}

fn vendored(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let known = ["composer.json", "Gemfile", "package.json"];
    if !known.iter().any(|name| context.tree.entry(at(application, name)).is_some()) {
        return Verdict::NotApplicable("nothing here declares dependencies");
    }
    let bundles =
        ["vendor/autoload.php", "vendor/composer/installed.json", "web/vendor/autoload.php"];
    if let Some(path) =
        bundles.iter().find(|path| context.tree.entry(at(application, path)).is_some())
    {
        found.file(&shown(application, path), "Composer's vendor/ is committed");
    }
    for (folder, name) in
        [("vendor/bundle", "Bundler's gems are"), ("node_modules", "npm's packages are")]
    {
        if let Some(first) = context.tree.below(at(application, folder)).first() {
            found.file(&first.shown(), format!("{name} committed below {folder}/"));
        }
    }
    Verdict::Looked
}

fn runtime(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let has = |name: &str| context.tree.entry(at(application, name)).is_some();
    let text = |name: &str| context.file(&at(application, name)).map(|file| file.text.clone());
    let image = |language: &str| {
        context.own(application).filter(|(_, placed)| placed.kind == Kind::Dockerfile).any(
            |(entry, _)| {
                context.file(&entry.path).is_some_and(|file| {
                    file.code_lines().any(|(_, line)| {
                        let lower = line.trim().to_ascii_lowercase();
                        lower.starts_with("from ")
                            && lower.contains(&format!("{language}:"))
                            && !lower.contains(":latest")
                    })
                })
            },
        )
    };
    let tools = ["mise.toml", ".mise.toml", ".tool-versions"];
    let tool = |language: &str| {
        tools.iter().any(|name| text(name).is_some_and(|text| text.contains(language)))
    };
    if application.framework == F::Rails {
        let gemfile = text("Gemfile").unwrap_or_default();
        let declared = gemfile.lines().any(|line| line.trim_start().starts_with("ruby "))
            || text("Gemfile.lock").is_some_and(|lock| lock.contains("RUBY VERSION"));
        if !declared && !has(".ruby-version") && !tool("ruby") && !image("ruby") {
            let manifest = if has("Gemfile") { "Gemfile" } else { "config/environment.rb" };
            found.absent(&shown(application, manifest), "nothing says which Ruby runs this");
        }
        return Verdict::Looked;
    }
    let Some(manifest) = composer(context, application) else {
        return Verdict::NotApplicable("no composer.json is here");
    };
    let declared = manifest["require"].get("php").is_some()
        || manifest["config"]["platform"].get("php").is_some();
    if !declared && !has(".php-version") && !tool("php") && !image("php") {
        found.absent(&shown(application, "composer.json"), "nothing says which PHP runs this");
    }
    Verdict::Looked
}

fn core(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let files = [
        "wp-includes/version.php",
        "core/lib/Drupal.php",
        "web/core/lib/Drupal.php",
        "docroot/core/lib/Drupal.php",
        "includes/bootstrap.inc",
        "system/core/CodeIgniter.php",
        "system/CodeIgniter.php",
    ];
    let core = files.iter().find(|path| context.tree.entry(at(application, path)).is_some());
    let Some(path) = core else {
        return Verdict::NotApplicable("the framework is installed and not committed");
    };
    let message = format!("{} itself is committed", application.framework.name());
    found.file(&shown(application, path), message);
    Verdict::Looked
}

fn cdn(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live {
        return;
    }
    let lower = file.text.to_ascii_lowercase();
    for (start, _) in lower.match_indices("<script") {
        let tag = lower[start..].split('>').next().unwrap_or_default();
        let Some(source) = tag.split("src=").nth(1) else { continue };
        let address = source.trim_start_matches(['"', '\'']).split(['"', '\'', ' ']).next();
        let address = address.unwrap_or_default();
        let remote = address.starts_with("https://")
            || address.starts_with("http://")
            || address.starts_with("//");
        let floating =
            address.contains("@latest") || address.contains("/latest/") || is_bare_package(address);
        if remote && floating && !tag.contains("integrity=") {
            let host = address.split("//").nth(1).and_then(|rest| rest.split('/').next());
            let message = format!("a script of {} has no version", host.unwrap_or("another host"));
            found.at(file, start, message);
        }
    }
}

/// `https://unpkg.com/vue` and `https://cdn.jsdelivr.net/npm/vue`.
fn is_bare_package(address: &str) -> bool {
    let packages = ["unpkg.com/", "cdn.jsdelivr.net/npm/"];
    packages.iter().any(|host| {
        address.split(host).nth(1).is_some_and(|rest| {
            let name = rest.trim_start_matches('@');
            !name.is_empty() && !name.contains('@')
        })
    })
}
