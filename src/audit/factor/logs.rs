//! XI. Logs are a stream of events that goes to standard output.

use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::{Reading, shown};
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::finding::Severity::{Note, Warning};
use crate::project::tree::join;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Logs;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "XI-001",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the log is written to a file",
            why: "The disk fills, another machine has another file, and a container's is gone with \
                  it. Write to standard error, and let the platform keep it.",
            before: "config.logger = Logger.new(\"log/production.log\")\nLOG_CHANNEL=daily",
            after: "config.logger = Logger.new($stdout)\nLOG_CHANNEL=stderr",
            quiet: "Development and test, also by when@dev and when@test, and php://stderr.",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Ruby, Kind::Php, Kind::Dotenv, Kind::Yaml, Kind::Ini],
            reach: Reach::Live,
            look: to_file,
        },
    },
    Rule {
        card: Card {
            id: "XI-002",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "Rails does not log to standard output",
            why: "Before 7.1 Rails writes log/production.log unless it is told otherwise. Log to \
                  $stdout where RAILS_LOG_TO_STDOUT is set, as newer ones generate it.",
            before: "config.log_level = :info",
            after: "config.logger = ActiveSupport::Logger.new($stdout) if ENV[\"RAILS_LOG_TO_STDOUT\"]",
            quiet: "Rails from 7.1 on, which does it by itself, and rails_12factor.",
        },
        applies: Applies::To(&[F::Rails]),
        check: Check::Application(rails_stdout),
    },
    Rule {
        card: Card {
            id: "XI-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "a log is committed",
            why: "Logs have addresses, tokens and queries of people in them. Delete it, and ignore \
                  the folder.",
            before: "log/production.log",
            after: ".gitignore: /log/*",
            quiet: "Logs of tests, and empty files that keep a folder.",
        },
        applies: Applies::Always,
        check: Check::Tree(committed),
    },
    Rule {
        card: Card {
            id: "XI-004",
            factor: FACTOR,
            level: Note,
            precision: Precision::High,
            title: "the application turns over its own logs",
            why: "It has to know where its log is kept, and for how long. Write a stream, and leave \
                  that to the platform.",
            before: "Logger.new(\"log/app.log\", \"daily\")",
            after: "Logger.new($stdout)",
            quiet: "The host's own configuration.",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Ruby, Kind::Php, Kind::Text],
            reach: Reach::Live,
            look: rotation,
        },
    },
];

fn development(file: &Reading) -> bool {
    [
        "environments/development",
        "environments/test",
        "/dev/",
        "/test/",
        "packages/dev",
        "when@dev",
        ".env.dev",
        ".env.test",
    ]
    .iter()
    .any(|part| file.inner.contains(part))
}

fn to_file(file: &Reading, found: &mut Found) {
    if development(file) || file.scope != Scope::Live {
        return;
    }
    match file.kind {
        Kind::Ruby if file.has("Logger") && file.inner.starts_with("config/") => {
            ruby_to_file(file, found);
        }
        Kind::Dotenv => {
            for variable in file.variables() {
                if matches!(
                    (variable.key, variable.value),
                    ("LOG_CHANNEL" | "LOG_STACK", "single" | "daily")
                ) {
                    found.at(
                        file,
                        variable.key_at,
                        format!("{} is {}", variable.key, variable.value),
                    );
                }
            }
        }
        Kind::Php if file.has_any(&["error_log", "WP_DEBUG_LOG"]) => php_to_file(file, found),
        Kind::Yaml if file.inner.contains("monolog") || file.inner.ends_with("config_prod.yml") => {
            let yaml = file.yaml();
            for (nth, pair) in yaml.pairs.iter().enumerate() {
                let is_local =
                    yaml.path(nth).iter().any(|key| matches!(*key, b"when@dev" | b"when@test"));
                let value = pair.span.of(file.bytes());
                if yaml.key(pair) == b"path"
                    && !is_local
                    && memchr::memmem::find(value, b"logs_dir").is_some()
                {
                    found.at(file, pair.key.span.start, "Monolog writes to a file");
                }
            }
        }
        Kind::Ini => {
            for (start, line) in file.code_lines() {
                let Some((key, value)) = line.split_once('=') else { continue };
                let value = value.trim().trim_matches('"');
                if key.trim() == "error_log"
                    && value.starts_with('/')
                    && !value.starts_with("/dev/")
                    && !value.starts_with("/proc/")
                {
                    found.at(file, start, "PHP writes its errors to a file");
                }
            }
        }
        _ => {}
    }
}

fn php_to_file(file: &Reading, found: &mut Found) {
    let code = file.php();
    for call in code.calls() {
        let items = code.items(call.open);
        let (Some(name), Some(value)) = (items.first(), items.get(1)) else { continue };
        let name = code.constant(name).map(|name| shown(&name).into_owned()).unwrap_or_default();
        let path = code.constant(value).map(|value| shown(&value).into_owned()).unwrap_or_default();
        let set = code.is_name(call.name, b"ini_set") && name == "error_log";
        let defined = code.is_name(call.name, b"define") && name == "WP_DEBUG_LOG";
        let appended = code.is_name(call.name, b"error_log") && code.text(value.start) == b"3";
        if (set || defined)
            && path.contains('/')
            && !path.starts_with("php://")
            && !path.starts_with("/dev/")
            || appended
        {
            found.at(file, code.tokens[call.name].span.start, "errors are written to a file");
        }
    }
}

fn ruby_to_file(file: &Reading, found: &mut Found) {
    let code = file.ruby();
    for call in code.calls_of(b"new") {
        let on_logger = call.name >= 2 && code.text(call.name - 2) == b"Logger";
        let first = code.items(&call.arguments).into_iter().next();
        let text = first
            .as_ref()
            .map(|item| shown(code.span(item).of(file.bytes())).into_owned())
            .unwrap_or_default();
        let is_file = text.starts_with(['"', '\''])
            || text.contains("Rails.root")
            || text.contains("log_file");
        if on_logger && is_file && !text.contains("/dev/std") {
            found.at(file, code.tokens[call.name].span.start, "a logger writes to a file");
        }
    }
}

fn rails_stdout(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let version =
        application.version.as_ref().map(|version| version.value.clone()).unwrap_or_default();
    let mut numbers = version
        .trim_start_matches(|letter: char| !letter.is_ascii_digit())
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if (major, minor) >= (7, 1) {
        return Verdict::NotApplicable("Rails 7.1 and newer do it by themselves");
    }
    let Some(file) = context.first(application, &["config/environments/production.rb"]) else {
        return Verdict::NotApplicable("no production.rb is here");
    };
    let gem = context.first(application, &["Gemfile.lock", "Gemfile"]).is_some_and(|file| {
        file.text.contains("rails_12factor") || file.text.contains("rails_stdout_logging")
    });
    let words = ["STDOUT", "$stdout", "stdout_logger"];
    let written = file.code_lines().any(|(_, line)| words.iter().any(|word| line.contains(word)));
    let elsewhere = ["config/application.rb", "config/environment.rb"].iter().any(|name| {
        context.file(&join(&application.folder, name.as_bytes())).is_some_and(|file| {
            file.code_lines().any(|(_, line)| words.iter().any(|word| line.contains(word)))
        })
    });
    if !gem && !written && !elsewhere {
        found.absent(&file.shown, "nothing sends the log to standard output");
    }
    Verdict::Looked
}

fn committed(context: &Context, found: &mut Found) -> Verdict {
    for entry in context.tree.entries().iter().filter(|entry| entry.is_file()) {
        let placed = context.place(&entry.path);
        let name = placed.shown.rsplit('/').next().unwrap_or_default();
        let is_log = name.ends_with(".log")
            || name == "error_log"
            || name.starts_with("laravel-") && name.ends_with(".log");
        let empty = || context.tree.size(entry).is_ok_and(|bytes| bytes <= 1);
        if is_log && placed.scope == Scope::Live && !empty() {
            found.file(&placed.shown, format!("{name} is a log"));
        }
    }
    Verdict::Looked
}

fn rotation(file: &Reading, found: &mut Found) {
    if development(file) {
        return;
    }
    match file.kind {
        Kind::Ruby if file.has("Logger.new") => {
            let code = file.ruby();
            for call in code.calls_of(b"new") {
                let on_logger = call.name >= 2 && code.text(call.name - 2) == b"Logger";
                let second = code.items(&call.arguments).into_iter().nth(1);
                let turns = second.is_some_and(|item| {
                    let text = code.span(&item).of(file.bytes());
                    matches!(text, b"'daily'" | b"\"daily\"" | b"'weekly'" | b"\"weekly\"")
                        || text.first().is_some_and(u8::is_ascii_digit)
                });
                if on_logger && turns {
                    found.at(
                        file,
                        code.tokens[call.name].span.start,
                        "the logger turns its file over",
                    );
                }
            }
        }
        Kind::Php
            if file.has("RotatingFileHandler") && !file.inner.ends_with("config/logging.php") =>
        {
            let code = file.php();
            for call in
                code.calls().filter(|call| code.text(call.name).ends_with(b"RotatingFileHandler"))
            {
                found.at(file, code.tokens[call.name].span.start, "the logger turns its file over");
            }
        }
        Kind::Text if file.name().contains("logrotate") => {
            found.at(file, 0, "a configuration of logrotate is in the repository");
        }
        _ => {}
    }
}
