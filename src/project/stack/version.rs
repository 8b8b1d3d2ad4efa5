//! Which versions: what is locked or installed before what is allowed.

use serde_json::Value;

use crate::application::{Framework, Language, Version};
use crate::project::stack::found::Root;
use crate::project::stack::packages;
use crate::project::stack::view::{View, evidence, line_of};
use crate::project::tree::join;

/// Where a version stands in a file: the file, a text on its line, and the rule's word.
struct Stated(&'static str, &'static str, &'static str);

const WORDPRESS: [Stated; 1] =
    [Stated("wp-includes/version.php", "$wp_version =", "wordpress-version")];
const DRUPAL: [Stated; 3] = [
    Stated("core/lib/Drupal.php", "const VERSION =", "drupal-version"),
    Stated("includes/bootstrap.inc", "define('VERSION',", "drupal-7-version"),
    Stated("modules/system/system.module", "define('VERSION',", "drupal-6-version"),
];
const CODEIGNITER: [Stated; 3] = [
    Stated("system/core/CodeIgniter.php", "CI_VERSION", "codeigniter-version"),
    Stated("system/codeigniter/CodeIgniter.php", "CI_VERSION", "codeigniter-version"),
    Stated("system/CodeIgniter.php", "CI_VERSION =", "codeigniter-version"),
];
const RAILS: [Stated; 1] =
    [Stated("config/environment.rb", "RAILS_GEM_VERSION =", "rails-2-version")];

/// The framework's version.
pub(super) fn framework(view: &View, root: &Root) -> Option<Version> {
    let gems = |names: &[&str], rule| {
        names.iter().find_map(|name| packages::gem(view, &root.folder, name)?.version(rule))
    };
    let composer = |names: &[&str], rule| {
        let locked =
            names.iter().find_map(|name| packages::locked(view, &root.folder, name)?.version(rule));
        locked.or_else(|| {
            names
                .iter()
                .find_map(|name| packages::composer(view, &root.folder, name)?.version(rule))
        })
    };
    match root.framework {
        Framework::Rails => gems(&["rails", "railties"], "rails-version")
            .or_else(|| stated(view, root, &RAILS))
            .or_else(|| defaults(view, root)),
        Framework::Wordpress | Framework::Bedrock => stated(view, root, &WORDPRESS).or_else(|| {
            composer(
                &[
                    "johnpbloch/wordpress-core",
                    "roots/wordpress-no-content",
                    "roots/wordpress",
                    "johnpbloch/wordpress",
                ],
                "wordpress-version",
            )
        }),
        Framework::Drupal => stated(view, root, &DRUPAL).or_else(|| {
            composer(&["drupal/core", "drupal/core-recommended", "drupal/drupal"], "drupal-version")
        }),
        Framework::Lumen => composer(&["laravel/lumen-framework"], "lumen-version"),
        Framework::Laravel => composer(&["laravel/framework"], "laravel-version"),
        Framework::Symfony => {
            composer(&["symfony/framework-bundle", "symfony/symfony"], "symfony-version")
        }
        Framework::CodeIgniter => stated(view, root, &CODEIGNITER).or_else(|| {
            composer(&["codeigniter4/framework", "codeigniter/framework"], "codeigniter-version")
        }),
        Framework::Jekyll => gems(&["jekyll", "github-pages"], "jekyll-version"),
        Framework::Eleventy => npm(view, root, "@11ty/eleventy"),
        Framework::Docusaurus => npm(view, root, "@docusaurus/core"),
        _ => None,
    }
}

/// What Rails was when the application took its defaults over; it may be newer by now.
fn defaults(view: &View, root: &Root) -> Option<Version> {
    let path = join(&root.folder, b"config/application.rb");
    let text = view.text(&path)?;
    let (at, line) = text
        .lines()
        .enumerate()
        .find(|(_, line)| line.trim_start().starts_with("config.load_defaults"))?;
    let value = format!(">= {}", number(line)?);
    Some(version(&path, at + 1, "rails-load-defaults", &value, false))
}

fn npm(view: &View, root: &Root, name: &str) -> Option<Version> {
    let path = join(&root.folder, b"package.json");
    let json = view.json(&path);
    let value =
        ["dependencies", "devDependencies"].iter().find_map(|part| json[*part][name].as_str())?;
    let key = format!("\"{name}\"");
    let line = line_of(&view.text(&path)?, |line| line.contains(&key));
    Some(version(&path, line.unwrap_or(1), "npm-version", value, false))
}

/// A version in the code of the core, which lies at the root or where the core is.
fn stated(view: &View, root: &Root, places: &[Stated]) -> Option<Version> {
    let folders = [Some(&root.folder), root.core.as_ref(), root.served.as_ref()];
    folders.into_iter().flatten().find_map(|folder| {
        places.iter().find_map(|Stated(file, text, rule)| {
            let path = join(folder, file.as_bytes());
            let contents = view.text(&path)?;
            let (at, line) = contents.lines().enumerate().find(|(_, line)| {
                line.contains(text) && !line.trim_start().starts_with(['*', '/', '#'])
            })?;
            let rest = &line[line.find(text)? + text.len()..];
            let value = number(rest)?;
            let evidence = evidence(&path, Some(at + 1), rule, value);
            Some(Version { value: value.to_owned(), exact: true, evidence })
        })
    })
}

/// The first thing that looks like a version.
fn number(text: &str) -> Option<&str> {
    let from = &text[text.find(|letter: char| letter.is_ascii_digit())?..];
    let end = from.find(|letter: char| !(letter.is_ascii_alphanumeric() || ".-".contains(letter)));
    Some(&from[..end.unwrap_or(from.len())])
}

/// The languages that an application is written in, with what its files say of their versions.
pub(super) fn languages(view: &View, root: &Root) -> Vec<Language> {
    let at = |name: &str| join(&root.folder, name.as_bytes());
    let node = view.has(&at("package.json"));
    let (first, version) = match root.framework {
        Framework::Rails | Framework::Jekyll => (Some("Ruby"), ruby(view, root)),
        Framework::Hugo => (Some("Go templates"), None),
        Framework::Mkdocs => (Some("Python"), tool(view, root, "python")),
        Framework::Static => (None, None),
        Framework::Eleventy | Framework::Docusaurus | Framework::SinglePage => (None, None),
        _ => (Some("PHP"), php(view, root)),
    };
    let mut languages: Vec<Language> =
        first.map(|name| Language { name, version }).into_iter().collect();
    if node {
        languages.push(Language { name: "JavaScript (Node.js)", version: javascript(view, root) });
    } else if root.framework == Framework::SinglePage {
        languages.push(Language { name: "JavaScript", version: None });
    }
    languages
}

fn ruby(view: &View, root: &Root) -> Option<Version> {
    let lock = join(&root.folder, b"Gemfile.lock");
    let locked = view.text(&lock).and_then(|text| {
        let at = text.lines().position(|line| line == "RUBY VERSION")?;
        let line = text.lines().nth(at + 1)?;
        Some(version(&lock, at + 2, "ruby-version", number(line)?, true))
    });
    locked.or_else(|| single(view, root, ".ruby-version", "ruby-version")).or_else(|| {
        tool(view, root, "ruby").or_else(|| {
            let path = join(&root.folder, b"Gemfile");
            let text = view.text(&path)?;
            let is_ruby = |line: &str| line.starts_with("ruby ") && line.contains(['"', '\'']);
            let (at, line) = text.lines().enumerate().find(|(_, line)| is_ruby(line))?;
            let value = line.split(['"', '\'']).nth(1)?;
            let exact = value.starts_with(|letter: char| letter.is_ascii_digit());
            Some(version(&path, at + 1, "ruby-version", value, exact))
        })
    })
}

fn php(view: &View, root: &Root) -> Option<Version> {
    let path = join(&root.folder, b"composer.json");
    let json = view.json(&path);
    let platform = json.pointer("/config/platform/php").and_then(Value::as_str);
    let allowed = || json.pointer("/require/php").and_then(Value::as_str);
    let manifest = platform.map(|value| (value, true)).or_else(|| Some((allowed()?, false)));
    let manifest = manifest.and_then(|(value, exact)| {
        let quoted = format!("\"{}\"", value.replace('/', "\\/"));
        let line = line_of(&view.text(&path)?, |line| {
            line.contains("\"php\"") && (line.contains(&quoted) || line.contains(value))
        });
        Some(version(&path, line.unwrap_or(1), "php-version", value, exact))
    });
    let single = single(view, root, ".php-version", "php-version");
    single.or_else(|| tool(view, root, "php")).or(manifest).or_else(|| {
        let path = join(&root.folder, b"Dockerfile");
        let text = view.text(&path)?;
        let (at, line) = text.lines().enumerate().find(|(_, line)| {
            line.starts_with("FROM ") && line.split(['/', ' ']).any(|part| part.starts_with("php:"))
        })?;
        let value = number(line.split("php:").nth(1)?)?;
        Some(version(&path, at + 1, "php-image", value, false))
    })
}

fn javascript(view: &View, root: &Root) -> Option<Version> {
    let file = [".nvmrc", ".node-version"];
    let stated = file.iter().find_map(|file| single(view, root, file, "node-version"));
    stated.or_else(|| tool(view, root, "nodejs")).or_else(|| {
        let path = join(&root.folder, b"package.json");
        let json = view.json(&path);
        let value = json.pointer("/engines/node").and_then(Value::as_str)?;
        let line = line_of(&view.text(&path)?, |line| line.contains("\"node\""));
        Some(version(&path, line.unwrap_or(1), "node-engines", value, false))
    })
}

/// A file that has only a version.
fn single(view: &View, root: &Root, file: &str, rule: &'static str) -> Option<Version> {
    let path = join(&root.folder, file.as_bytes());
    let text = view.text(&path)?;
    Some(version(&path, 1, rule, number(text.lines().next()?)?, true))
}

/// A line of `.tool-versions`, of asdf and mise.
fn tool(view: &View, root: &Root, name: &str) -> Option<Version> {
    let path = join(&root.folder, b".tool-versions");
    let text = view.text(&path)?;
    text.lines().enumerate().find_map(|(at, line)| {
        let (tool, value) = line.split_once(char::is_whitespace)?;
        (tool == name).then(|| version(&path, at + 1, "tool-versions", value.trim(), true))
    })
}

fn version(path: &[u8], line: usize, rule: &'static str, value: &str, exact: bool) -> Version {
    let value = told(value);
    let evidence = evidence(path, Some(line), rule, value);
    Version { value: value.to_owned(), exact, evidence }
}

/// A version, or nothing if it could be more than that: a URL may hold a password.
fn told(value: &str) -> &str {
    if value.contains(':') || value.len() > 60 { "…" } else { value }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_version_is_cut_out_of_a_line() {
        for (line, wanted) in [
            (" '6.4.3';", Some("6.4.3")),
            ("   ruby 3.2.2p53", Some("3.2.2p53")),
            (" '10.3.0-dev';", Some("10.3.0-dev")),
            ("ruby-3.1.0", Some("3.1.0")),
            ("lts/iron", None),
        ] {
            assert_eq!(number(line), wanted, "{line}");
        }
    }
}
