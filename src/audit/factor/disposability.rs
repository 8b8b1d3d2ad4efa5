//! IX. Processes start fast and stop cleanly.

use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::{Reading, shown};
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::finding::Severity::{Note, Warning};
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Disposability;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "IX-001",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a request may run for ever",
            why: "A process that waits cannot be stopped or replaced, and a few of them take the \
                  site down. Give long work to a worker, and leave the limit.",
            before: "set_time_limit(0);",
            after: "dispatch(new BuildReport($id));",
            quiet: "Commands, installers and scripts that no web server runs.",
        },
        applies: Applies::Kinds(&[Kind::Php]),
        check: Check::Files { kinds: &[Kind::Php], reach: Reach::Live, look: unbounded },
    },
    Rule {
        card: Card {
            id: "IX-002",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the program does not get the signal to stop",
            why: "A shell stands between, takes SIGTERM and does not hand it on: after the time-out \
                  the program is killed in the middle of its work. Write CMD as a list, and `exec` \
                  the last command of an entrypoint.",
            before: "CMD bundle exec puma",
            after: "CMD [\"bundle\", \"exec\", \"puma\"]",
            quiet: "Shell forms that begin with exec, and images with tini or dumb-init; the CMD of \
                    a HEALTHCHECK.",
        },
        applies: Applies::Kinds(&[Kind::Dockerfile]),
        check: Check::Files {
            kinds: &[Kind::Dockerfile, Kind::Shell],
            reach: Reach::Live,
            look: stop,
        },
    },
    Rule {
        card: Card {
            id: "IX-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "each start migrates the database",
            why: "Two processes that start at once migrate at once, and a restart at night becomes a \
                  change of the schema. Migrate once, as a step of the release.",
            before: "web: rails db:migrate && bundle exec puma",
            after: "release: rails db:migrate\nweb: bundle exec puma",
            quiet: "The release step of a Procfile, and Compose files of development.",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Procfile, Kind::Shell, Kind::Dockerfile, Kind::Unit],
            reach: Reach::Live,
            look: migrates,
        },
    },
    Rule {
        card: Card {
            id: "IX-004",
            factor: FACTOR,
            level: Note,
            precision: Precision::Medium,
            title: "nothing answers whether the application is well",
            why: "A release cannot tell whether it works before visitors come to it. Answer at /up or \
                  /health, without the database.",
            before: "Rails.application.routes.draw do\nend",
            after: "get \"up\" => \"rails/health#show\", as: :rails_health_check",
            quiet: "Any route whose name has health, up, ping, status or alive.",
        },
        applies: Applies::To(&[F::Rails, F::Laravel, F::Lumen, F::Symfony]),
        check: Check::Application(health),
    },
];

fn unbounded(file: &Reading, found: &mut Found) {
    let tool = [
        "Console/", "Command", "bin/", "script", "install", "cli", "cron", "tools/", "migrat",
        "upgrade", "artisan",
    ];
    if file.scope != Scope::Live
        || !file.has_any(&["set_time_limit", "max_execution_time"])
        || tool.iter().any(|part| file.inner.contains(part))
    {
        return;
    }
    let code = file.php();
    let cli = file.has_any(&["PHP_SAPI", "php_sapi_name", "#!/usr/bin"]);
    for call in code.calls() {
        let items = code.items(call.open);
        let zero = |nth: usize| {
            items.get(nth).is_some_and(|item| {
                item.len() == 1
                    && (code.text(item.start) == b"0"
                        || code.constant(item).is_some_and(|value| matches!(&*value, b"0" | b"-1")))
            })
        };
        let limit = code.is_name(call.name, b"set_time_limit") && zero(0);
        let named = items
            .first()
            .and_then(|item| code.constant(item))
            .is_some_and(|name| *name == *b"max_execution_time");
        let set = code.is_name(call.name, b"ini_set") && named && zero(1);
        if (limit || set) && !cli {
            found.at(
                file,
                code.tokens[call.name].span.start,
                format!("{}() takes the limit away", shown(code.text(call.name))),
            );
        }
    }
}

fn stop(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live || file.has_any(&["tini", "dumb-init", "s6-overlay"]) {
        return;
    }
    if file.kind == Kind::Dockerfile {
        let mut goes_on = false;
        for (start, line) in file.code_lines() {
            let code = line.trim_start();
            // `HEALTHCHECK … \` has a CMD of its own.
            let is_part = std::mem::replace(&mut goes_on, line.trim_end().ends_with('\\'));
            if is_part {
                continue;
            }
            let Some(command) =
                code.strip_prefix("CMD ").or_else(|| code.strip_prefix("ENTRYPOINT "))
            else {
                continue;
            };
            let command = command.trim_start();
            if !command.starts_with('[') && !command.starts_with("exec ") {
                found.at(file, start, "a shell stands between the signal and the program");
            }
        }
        return;
    }
    let lower = file.name().to_ascii_lowercase();
    if !lower.contains("entrypoint") {
        return;
    }
    let last = file.code_lines().filter(|(_, line)| !line.trim().is_empty()).last();
    if let Some((start, line)) = last {
        let code = line.trim();
        let programs = [
            "puma",
            "php-fpm",
            "apache2-foreground",
            "nginx",
            "\"$@\"",
            "rails server",
            "rails s",
            "unicorn",
            "supervisord",
        ];
        if programs.iter().any(|program| code.contains(program))
            && !code.starts_with("exec ")
            && !code.ends_with("fi")
        {
            found.at(file, start, "the last command is started without exec");
        }
    }
}

fn migrates(file: &Reading, found: &mut Found) {
    let lower = file.name().to_ascii_lowercase();
    let starts = match file.kind {
        Kind::Shell => {
            ["entrypoint", "start", "boot", "run.sh"].iter().any(|word| lower.contains(word))
                && !lower.contains("dev")
        }
        Kind::Procfile => !lower.contains("dev"),
        _ => true,
    };
    if !starts || file.scope != Scope::Live {
        return;
    }
    let words = [
        "db:migrate",
        "db:prepare",
        "artisan migrate",
        "doctrine:migrations:migrate",
        "drush updatedb",
        "spark migrate",
    ];
    for (start, line) in file.code_lines() {
        let code = line.trim_start();
        let relevant = match file.kind {
            Kind::Dockerfile => code.starts_with("CMD") || code.starts_with("ENTRYPOINT"),
            Kind::Unit => code.starts_with("ExecStart"),
            Kind::Procfile => !code.starts_with("release"),
            _ => true,
        };
        if relevant && let Some(word) = words.iter().find(|word| code.contains(**word)) {
            found.at(file, start, format!("`{word}` runs at each start"));
        }
    }
}

fn health(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let files = [
        "config/routes.rb",
        "routes/web.php",
        "bootstrap/app.php",
        "routes/api.php",
        "app/Http/routes.php",
        "config/routes.yaml",
    ];
    let Some(first) = context.first(application, &files) else {
        return Verdict::NotApplicable("no routes are here");
    };
    let words =
        ["health", "/up", "\"up\"", "'up'", "ping", "status", "alive", "ready", "okcomputer"];
    let kinds = context.own(application).filter(|(_, placed)| {
        let inner = placed.inner.as_str();
        files.contains(&inner)
            || inner.starts_with("config/routes")
            || inner.starts_with("routes/")
            || inner.starts_with("src/Controller")
            || matches!(inner, "Gemfile" | "composer.json" | "config.ru")
    });
    let known = kinds.into_iter().any(|(entry, _)| {
        context
            .file(&entry.path)
            .is_some_and(|file| words.iter().any(|word| file.text.contains(word)))
    });
    if !known {
        found.absent(&first.shown, "no route answers whether it is well");
    }
    Verdict::Looked
}
