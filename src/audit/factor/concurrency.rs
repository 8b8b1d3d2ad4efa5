//! VIII. The application scales by processes of named types.

use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::factor::constant::{Switch, switch};
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::finding::Severity::{Note, Warning};
use crate::project::tree::join;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Concurrency;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "VIII-001",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a worker is needed, and nothing says how it is started",
            why: "The web process enqueues jobs that nobody runs, until somebody starts the worker \
                  by hand. Declare it: in a Procfile, a systemd unit or a Compose file.",
            before: "gem \"sidekiq\"               (no Procfile)",
            after: "Procfile:\nweb: bundle exec puma\nworker: bundle exec sidekiq",
            quiet: "Not applicable without a worker's library or jobs.",
        },
        applies: Applies::Server,
        check: Check::Application(process_types),
    },
    Rule {
        card: Card {
            id: "VIII-002",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a process puts itself into the background",
            why: "Who started it does not learn that it died, and cannot restart it. Run it in the \
                  foreground, and let systemd or the platform hold it.",
            before: "daemonize true\nexec sidekiq -d",
            after: "exec sidekiq",
            quiet: "A systemd unit of Type=forking.",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Ruby, Kind::Procfile, Kind::Shell],
            reach: Reach::Live,
            look: daemon,
        },
    },
    Rule {
        card: Card {
            id: "VIII-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "scheduled work runs within requests",
            why: "WP-Cron runs when a visitor happens to come, in that visitor's request, and on \
                  every machine. Define DISABLE_WP_CRON, and run `wp cron event run --due-now` by a \
                  timer.",
            before: "/* nothing about DISABLE_WP_CRON */",
            after: "define( 'DISABLE_WP_CRON', true );",
            quiet: "Not applicable without a wp-config.php.",
        },
        applies: Applies::To(&[F::Wordpress, F::Bedrock]),
        check: Check::Application(wp_cron),
    },
    Rule {
        card: Card {
            id: "VIII-004",
            factor: FACTOR,
            level: Note,
            precision: Precision::VeryHigh,
            title: "the crontab of a machine is written by the application",
            why: "Two machines do the work twice, and a replaced one does not do it at all. Let one \
                  scheduler process or the platform's own timers start it.",
            before: "config/schedule.rb (whenever)",
            after: "clock: bundle exec clockwork clock.rb",
            quiet: "Not applicable without the gem whenever.",
        },
        applies: Applies::To(&[F::Rails]),
        check: Check::Application(whenever),
    },
];

const LIBRARIES: [&str; 8] = [
    "sidekiq",
    "solid-queue",
    "good-job",
    "delayed-job",
    "resque",
    "laravel-horizon",
    "laravel-jobs",
    "symfony-messenger",
];

fn process_types(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    // Laravel's jobs run at once unless one of them wants to wait.
    let queued = || {
        let jobs = join(&application.folder, b"app/Jobs");
        context.tree.below(jobs).iter().any(|entry| {
            context.file(&entry.path).is_some_and(|file| {
                file.text.contains("ShouldQueue") && !file.text.contains("abstract class")
            })
        })
    };
    let worker = application.processes.iter().find(|one| {
        LIBRARIES.contains(&one.evidence.rule) && (one.evidence.rule != "laravel-jobs" || queued())
    });
    let Some(worker) = worker else {
        return Verdict::NotApplicable("no worker is needed");
    };
    let words = [
        "sidekiq",
        "solid_queue",
        "bin/jobs",
        "good_job",
        "delayed_job",
        "jobs:work",
        "resque",
        "horizon",
        "queue:work",
        "queue:listen",
        "messenger:consume",
        "SOLID_QUEUE_IN_PUMA",
    ];
    let kinds = [
        Kind::Procfile,
        Kind::Unit,
        Kind::Compose,
        Kind::Dockerfile,
        Kind::Shell,
        Kind::Ruby,
        Kind::Yaml,
        Kind::Text,
    ];
    let declared = context.own(application).any(|(entry, placed)| {
        let name = placed.inner.rsplit('/').next().unwrap_or_default();
        let config = match placed.kind {
            Kind::Ruby => placed.inner.ends_with("puma.rb") || placed.inner.contains("deploy"),
            Kind::Yaml => {
                ["deploy", "render.yaml", "app.yaml", "fly", "platform.app.yaml"]
                    .iter()
                    .any(|word| name.contains(word))
                    || placed.inner.contains("k8s")
                    || placed.inner.contains("helm")
            }
            Kind::Text => {
                name.ends_with(".conf")
                    || name.ends_with(".toml")
                    || placed.inner.starts_with("bin/")
            }
            _ => true,
        };
        kinds.contains(&placed.kind)
            && config
            && context
                .file(&entry.path)
                .is_some_and(|file| words.iter().any(|word| file.text.contains(word)))
    });
    if !declared {
        let message = format!("nothing starts `{}`", worker.command);
        found.absent(&worker.evidence.path, message);
    }
    Verdict::Looked
}

fn daemon(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live {
        return;
    }
    match file.kind {
        Kind::Ruby if file.inner.ends_with("puma.rb") => {
            let code = file.ruby();
            for call in code.calls_of(b"daemonize") {
                if !code.is_name(call.arguments.start, b"false") {
                    found.at(
                        file,
                        code.tokens[call.name].span.start,
                        "puma puts itself into the background",
                    );
                }
            }
        }
        Kind::Procfile | Kind::Shell => {
            let programs =
                ["sidekiq", "puma", "unicorn", "php-fpm", "resque", "thin", "delayed_job"];
            for (start, line) in file.code_lines() {
                let starts = programs.iter().any(|program| line.contains(program));
                let away = [" -d ", " --daemon", " -D ", " --daemonize"]
                    .iter()
                    .any(|flag| line.contains(flag) || line.ends_with(flag.trim_end()));
                let other = line.contains("daemonize no")
                    || line.contains("docker")
                    || line.contains("compose");
                if starts && away && !other {
                    found.at(file, start, "the process puts itself into the background");
                }
            }
        }
        _ => {}
    }
}

fn wp_cron(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let files = [
        "wp-config.php",
        "config/application.php",
        "web/wp-config.php",
        "public_html/wp-config.php",
    ];
    let Some(file) = context.first(application, &files) else {
        return Verdict::NotApplicable("no wp-config.php is committed");
    };
    match switch(&file, "DISABLE_WP_CRON") {
        Switch::On => {}
        Switch::Missing => {
            found.absent(&file.shown, "nothing says DISABLE_WP_CRON");
        }
        Switch::Off(at) => {
            found.at(&file, at, "DISABLE_WP_CRON is false");
        }
    }
    Verdict::Looked
}

fn whenever(_: &Context, application: &Application, found: &mut Found) -> Verdict {
    let Some(one) = application.processes.iter().find(|one| one.evidence.rule == "whenever") else {
        return Verdict::NotApplicable("no crontab is written");
    };
    found.file(&one.evidence.path, "whenever writes the crontab of the machine");
    Verdict::Looked
}
