//! X. Development, staging and production are as alike as can be.

use std::collections::BTreeSet;

use crate::application::{Application, Framework as F, Server};
use crate::audit::context::Context;
use crate::audit::file::Kind;
use crate::audit::found::Found;
use crate::audit::rule::{Applies, Check, Rule, Verdict};
use crate::finding::Severity::{Note, Warning};
use crate::project::tree::join;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::DevProdParity;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "X-001",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "development or tests use another database than production",
            why: "What works in SQLite fails in production: types, case, transactions, locks. Use \
                  the same server everywhere, by DATABASE_URL.",
            before: "test:\n  adapter: sqlite3\nproduction:\n  adapter: postgresql",
            after: "test:\n  adapter: postgresql",
            quiet: "An adapter that a variable chooses; files that are there to be copied.",
        },
        applies: Applies::Server,
        check: Check::Application(adapters),
    },
    Rule {
        card: Card {
            id: "X-002",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "a tool of developers is installed in production",
            why: "Consoles and debug bars run code and show data to whoever finds them. Move it to \
                  the development group, or to require-dev.",
            before: "gem \"web-console\"\n\"require\": { \"barryvdh/laravel-debugbar\": \"^3\" }",
            after: "group :development do\n  gem \"web-console\"\nend",
            quiet: "Gems within a group or with a group of their own.",
        },
        applies: Applies::Always,
        check: Check::Application(tools),
    },
    Rule {
        card: Card {
            id: "X-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "files disagree about the version of the language",
            why: "Tests run with one version and production with another. Say it in one place, and \
                  let the others read it.",
            before: ".ruby-version: 3.2.2\nDockerfile: FROM ruby:3.3",
            after: ".ruby-version: 3.3.5\nDockerfile: FROM ruby:3.3.5",
            quiet: "A less exact version that agrees. The matrix of CI is not read.",
        },
        applies: Applies::Server,
        check: Check::Application(versions),
    },
    Rule {
        card: Card {
            id: "X-004",
            factor: FACTOR,
            level: Note,
            precision: Precision::High,
            title: "the image of a service has no version",
            why: "`latest` is another server tomorrow, and another one than production's today. Name \
                  the version that production has.",
            before: "image: mysql\nimage: postgres:latest",
            after: "image: postgres:16",
            quiet: "Images of the application itself.",
        },
        applies: Applies::Kinds(&[Kind::Compose, Kind::Ci]),
        check: Check::Tree(images),
    },
];

fn adapters(_: &Context, application: &Application, found: &mut Found) -> Verdict {
    let of = |environment: &'static str| {
        application.databases.iter().filter(move |one| {
            one.environment == environment
                && one.server != Server::Unknown
                && one
                    .connection
                    .as_deref()
                    .is_none_or(|name| name == "primary" || name == environment)
        })
    };
    let Some(production) = of("production").next() else {
        return Verdict::NotApplicable("no database of production is named");
    };
    for environment in ["development", "test"] {
        for other in of(environment) {
            if other.server != production.server
                && other.variable.is_none()
                && production.variable.is_none()
            {
                let line = other.evidence.line.unwrap_or(1) as usize;
                let message = format!(
                    "{environment} has {}, and production {}",
                    other.server.name(),
                    production.server.name()
                );
                let key = message.clone();
                found.line(&other.evidence.path, line, &key, message);
            }
        }
    }
    Verdict::Looked
}

const GEMS: [&str; 10] = [
    "web-console",
    "byebug",
    "pry-byebug",
    "better_errors",
    "binding_of_caller",
    "letter_opener",
    "rack-mini-profiler",
    "bullet",
    "listen",
    "debug",
];
const PACKAGES: [&str; 8] = [
    "barryvdh/laravel-debugbar",
    "laravel/telescope",
    "symfony/web-profiler-bundle",
    "symfony/debug-bundle",
    "phpunit/phpunit",
    "fakerphp/faker",
    "drupal/devel",
    "filp/whoops",
];

fn tools(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let mut looked = false;
    if let Some((file, manifest)) = context.json(&join(&application.folder, b"composer.json")) {
        looked = true;
        for name in PACKAGES.iter().filter(|name| manifest["require"].get(**name).is_some()) {
            let at = file.text.find(&format!("\"{name}\"")).unwrap_or(0);
            found.at(&file, at, format!("{name} is required for production"));
        }
    }
    if let Some(file) = context.file(&join(&application.folder, b"Gemfile")) {
        looked = true;
        let mut groups = 0usize;
        for (start, line) in file.code_lines() {
            let code = line.trim();
            if (code.starts_with("group ")
                || code.starts_with("install_if")
                || code.starts_with("if ")
                || code.starts_with("source ")
                || code.starts_with("platforms "))
                && (code.ends_with(" do") || code.starts_with("if "))
            {
                groups += 1;
            } else if code == "end" {
                groups = groups.saturating_sub(1);
            }
            let name = code.strip_prefix("gem ").and_then(|rest| rest.split(['"', '\'']).nth(1));
            if let Some(name) = name.filter(|name| GEMS.contains(name))
                && groups == 0
                && !code.contains("group")
                && !matches!(name, "rack-mini-profiler" | "bullet" | "listen" | "letter_opener")
            {
                found.at(&file, start, format!("{name} is in no group, so production has it"));
            }
        }
    }
    if looked {
        Verdict::Looked
    } else {
        Verdict::NotApplicable("no Gemfile or composer.json is here")
    }
}

/// `3.3` and `3.3.5` agree; `3.2` and `3.3.5` do not.
fn agree(one: &str, other: &str) -> bool {
    let mut pairs = one.split('.').zip(other.split('.'));
    pairs.all(|(one, other)| one == other)
}

fn digits(text: &str) -> String {
    let text = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let end =
        text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    text[..end].trim_end_matches('.').to_owned()
}

fn versions(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let ruby = application.framework == F::Rails;
    let language = if ruby { "ruby" } else { "php" };
    let file = |name: &str| context.file(&join(&application.folder, name.as_bytes()));
    let mut named: Vec<(String, usize, String)> = Vec::new();
    let dot = if ruby { ".ruby-version" } else { ".php-version" };
    if let Some(file) = file(dot) {
        named.push((file.shown.clone(), 1, digits(&file.text)));
    }
    if ruby && let Some(file) = file("Gemfile") {
        for (number, (_, line)) in file.lines().enumerate() {
            let code = line.trim();
            let exact = code.starts_with("ruby \"") || code.starts_with("ruby '");
            let version = code.split(['"', '\'']).nth(1).unwrap_or_default();
            if exact && version.starts_with(|letter: char| letter.is_ascii_digit()) {
                named.push((file.shown.clone(), number + 1, digits(version)));
            }
        }
    }
    for (entry, placed) in
        context.own(application).filter(|(_, placed)| placed.kind == Kind::Dockerfile)
    {
        let Some(file) = context.file(&entry.path) else { continue };
        let arguments: Vec<(String, String)> = file
            .code_lines()
            .filter_map(|(_, line)| {
                let (name, value) = line.trim().strip_prefix("ARG ")?.split_once('=')?;
                Some((name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect();
        for (number, (_, line)) in file.lines().enumerate() {
            let lower = line.trim().to_ascii_lowercase();
            if !lower.starts_with("from ") {
                continue;
            }
            let mut image = line.trim()[5..].to_owned();
            for (name, value) in &arguments {
                image = image
                    .replace(&format!("${name}"), value)
                    .replace(&format!("${{{name}}}"), value);
            }
            let tag = image.split(&format!("{language}:")).nth(1).map(digits).unwrap_or_default();
            if !tag.is_empty() {
                named.push((placed.shown.clone(), number + 1, tag));
            }
        }
    }
    named.retain(|(_, _, version)| !version.is_empty());
    if named.len() < 2 {
        return Verdict::NotApplicable("fewer than two files name the version");
    }
    let (first_path, _, first) = named[0].clone();
    let mut told = BTreeSet::new();
    for (path, line, version) in &named[1..] {
        if !agree(&first, version) && told.insert(path.clone()) {
            let message = format!("{language} {version} here, and {first} in {first_path}");
            let key = message.clone();
            found.line(path, *line, &key, message);
        }
    }
    Verdict::Looked
}

fn images(context: &Context, found: &mut Found) -> Verdict {
    let services = [
        "mysql",
        "mariadb",
        "postgres",
        "redis",
        "memcached",
        "elasticsearch",
        "rabbitmq",
        "mongo",
    ];
    for entry in context.tree.entries().iter().filter(|entry| entry.is_file()) {
        let placed = context.place(&entry.path);
        if !matches!(placed.kind, Kind::Compose | Kind::Ci)
            || placed.scope > crate::audit::file::Scope::Sample
        {
            continue;
        }
        let Some(file) = context.file(&entry.path) else { continue };
        for (start, line) in file.code_lines() {
            let Some(image) = line.trim().trim_start_matches("- ").strip_prefix("image:") else {
                continue;
            };
            let image = image.split(" #").next().unwrap_or_default();
            let image = image.trim().trim_matches(['"', '\'']);
            let name = image.split(':').next().unwrap_or_default();
            let floating = !image.contains(':') || image.ends_with(":latest");
            if services.contains(&name) && floating {
                found.at(&file, start, format!("{name} has no version"));
            }
        }
    }
    Verdict::Looked
}

#[cfg(test)]
mod tests {
    use super::{agree, digits};

    #[test]
    fn versions_agree_as_far_as_they_go() {
        assert!(agree("3.3", "3.3.5") && agree("8.2.1", "8.2") && !agree("3.2", "3.3.5"));
        assert_eq!(digits("ruby-3.3.5\n"), "3.3.5");
        assert_eq!(digits("8.2-fpm-alpine"), "8.2");
    }
}
