//! How code reads the environment, and where it asks something else instead.

use std::collections::BTreeSet;
use std::ops::Range;

use super::fallback::{self, ruby_literal};
use super::{inner, text};
use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::file::{File, Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::audit::secret::{is_drawn, is_placeholder, is_secret_name, measure};
use crate::finding::Severity::{Error, Note, Warning};
use crate::project::contract::{self, Need};
use crate::project::read::php::Callee;
use crate::project::tree::join;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Config;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "III-018",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "env() is called outside of config/",
            why: "After `php artisan config:cache` .env is not read any more, and env() gives null. \
                  Read the key in a file of config/, and use config() here.",
            before: "$key = env('STRIPE_KEY');          // app/Billing.php",
            after: "'key' => env('STRIPE_KEY'),        // config/services.php\n\
                    $key = config('services.key');     // app/Billing.php",
            quiet: "bootstrap/, tests, and methods that are called env().",
        },
        applies: Applies::To(&[F::Laravel]),
        check: Check::Files { kinds: &[Kind::Php], reach: Reach::Live, look: outside_config },
    },
    Rule {
        card: Card {
            id: "III-019",
            factor: FACTOR,
            level: Error,
            precision: Precision::High,
            title: "the default of a variable is a secret",
            why: "A deploy that forgets the key runs with the one that everybody can read, and \
                  nothing tells. Leave the default out.",
            before: "ENV.fetch(\"JWT_SECRET\", \"9fK2mQx7\")",
            after: "ENV.fetch(\"JWT_SECRET\")",
            quiet: "Defaults that only stand for a secret; config/database.php, which has a rule of \
                    its own.",
        },
        applies: Applies::Kinds(&[Kind::Php, Kind::Ruby, Kind::JavaScript]),
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Ruby, Kind::JavaScript],
            reach: Reach::Everywhere,
            look: secret_default,
        },
    },
    Rule {
        card: Card {
            id: "III-021",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the name of the host decides over settings",
            why: "A new deploy needs a change of the code, and a wrong Host header chooses other \
                  settings. Read what differs from the environment.",
            before: "if ($_SERVER['HTTP_HOST'] == 'www.shop.example') { $db = 'live'; }",
            after: "$db = getenv('DB_NAME');",
            quiet: "Redirects and multisite routing, which set nothing.",
        },
        applies: Applies::Kinds(&[Kind::Php]),
        check: Check::Files { kinds: &[Kind::Php], reach: Reach::Live, look: host_switch },
    },
    Rule {
        card: Card {
            id: "III-022",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a deploy has a named environment of its own",
            why: "Groups of settings grow with every deploy: staging, qa, then joes-staging. Let all \
                  of them run as production, with the environment's own variables.",
            before: "config/environments/staging.rb",
            after: "RAILS_ENV=production with staging's own DATABASE_URL",
            quiet: "A file that only loads production's; what only tests run.",
        },
        applies: Applies::Server,
        check: Check::Application(named_groups),
    },
    Rule {
        card: Card {
            id: "III-023",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the example of the environment does not match what the code reads",
            why: "Whoever sets up a deploy by it misses a key, or sets one that nobody reads. Add \
                  what is missing to .env.example, and take out what nothing reads.",
            before: "ENV.fetch(\"S3_BUCKET\")          .env.example: DATABASE_URL=",
            after: ".env.example: DATABASE_URL=\nS3_BUCKET=",
            quiet: "Keys with a default, those that the framework or the platform sets, and those that \
                    another file of variables has. Keys that nothing reads are notes, and so are \
                    those that Laravel's env() reads, which is null without them.",
        },
        applies: Applies::Server,
        check: Check::Application(drift),
    },
];

fn outside_config(file: &Reading, found: &mut Found) {
    let inner = &file.inner;
    let exempt = ["config/", "bootstrap/", "tests/", "database/seed", "server.php", "artisan"];
    if exempt.iter().any(|start| inner.starts_with(start))
        || inner.contains("/config/")
        || !file.has("env")
    {
        return;
    }
    let code = file.php();
    for call in code.calls_of(b"env").filter(|call| call.callee == Callee::Function) {
        let name = code
            .items(call.open)
            .first()
            .and_then(|item| code.constant(item))
            .map(|name| text(&name));
        let name = name.unwrap_or_else(|| "a key".to_owned());
        found.at(file, code.tokens[call.name].span.start, format!("{name} is read here"));
    }
}

/// Whether a default is a secret: its key says so, and it is drawn or at least no word for one.
fn is_secret_default(key: &str, value: &str) -> bool {
    is_secret_name(key) && value.len() >= 6 && !is_placeholder(value) && is_drawn(value)
}

fn secret_default(file: &Reading, found: &mut Found) {
    match file.kind {
        Kind::Ruby if file.has("ENV") => ruby_default(file, found),
        Kind::Php
            if file.has_any(&["env", "_ENV", "_SERVER"])
                && !file.inner.ends_with("config/database.php") =>
        {
            php_default(file, found);
        }
        Kind::JavaScript if file.has("process.env") => script_default(file, found),
        _ => {}
    }
}

/// A default of a key.
fn tell(file: &Reading, found: &mut Found, key: &str, value: &str, span: Range<usize>) {
    if is_secret_default(key, value) {
        let message = format!("the default of {key} is a literal of {}", measure(value));
        found.secret(file, span, message);
    }
}

fn ruby_default(file: &Reading, found: &mut Found) {
    let code = file.ruby();
    for one in fallback::in_ruby(code) {
        if let Some((value, token)) = ruby_literal(code, &one.value) {
            tell(file, found, &one.key, &text(&value), inner(file, code.span(&token)));
        }
    }
}

fn php_default(file: &Reading, found: &mut Found) {
    let code = file.php();
    for one in fallback::in_php(code) {
        if let Some(value) = code.constant(&one.value) {
            tell(file, found, &one.key, &text(&value), inner(file, code.span(&one.value)));
        }
    }
}

fn script_default(file: &Reading, found: &mut Found) {
    use crate::project::read::javascript::literal;
    let tokens = file.script();
    for at in 2..tokens.len().saturating_sub(3) {
        let word = |at: usize| text(tokens[at].text(file.bytes()));
        if word(at) == "env"
            && word(at - 2) == "process"
            && word(at + 1) == "."
            && matches!(word(at + 3).as_str(), "||" | "??")
            && let Some(token) = tokens.get(at + 4)
            && let Some(value) = literal(file.bytes(), token)
        {
            tell(file, found, &word(at + 2), &text(&value), inner(file, token.span));
        }
    }
}

fn host_switch(file: &Reading, found: &mut Found) {
    let words = ["HTTP_HOST", "SERVER_NAME", "gethostname"];
    if !file.has_any(&words) {
        return;
    }
    let code = file.php();
    for at in 0..code.tokens.len() {
        if !code.is_name(at, b"if") && !code.is_name(at, b"switch") || !code.is(at + 1, b"(") {
            continue;
        }
        let Some(close) = code.closing(at + 1) else { continue };
        let condition = text(code.span(&(at + 2..close)).of(file.bytes()));
        if !words.iter().any(|word| condition.contains(word)) || !code.is(close + 1, b"{") {
            continue;
        }
        let Some(end) = code.closing(close + 1) else { continue };
        let sets = (close + 2..end).any(|at| {
            let name = text(code.text(at)).to_ascii_lowercase();
            let defines = code.is_name(at, b"define") && {
                let constant = text(code.text(at + 2)).to_ascii_uppercase();
                ["DB_", "ENV", "DEBUG", "_URL", "PASSWORD", "HOST"]
                    .iter()
                    .any(|word| constant.contains(word))
            };
            let setting = name.starts_with('$')
                && ["db", "pass", "host", "env", "debug", "config", "database", "user"]
                    .iter()
                    .any(|word| name.contains(word))
                && code.is(at + 1, b"=")
                && code.literal(at + 2).is_some();
            defines || setting
        });
        if sets {
            found.at(file, code.tokens[at].span.start, "settings are chosen by the host's name");
        }
    }
}

fn named_groups(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let usual = ["production", "development", "test", "dev", "prod"];
    if application.framework == F::Rails {
        for entry in context.tree.below(join(&application.folder, b"config/environments")) {
            let name = text(entry.name());
            let Some(name) = name.strip_suffix(".rb").filter(|name| !usual.contains(name)) else {
                continue;
            };
            // `test_pgsql`, `ci`: nobody deploys them.
            let parts: Vec<&str> = name.split(['_', '-']).collect();
            if parts.iter().any(|part| matches!(*part, "test" | "ci" | "local" | "development")) {
                continue;
            }
            let alike = context.file(&entry.path).is_some_and(|file| {
                let lines: Vec<&str> = file.code_lines().map(|(_, line)| line.trim()).collect();
                lines.len() <= 2 && lines.iter().any(|line| line.contains("production"))
            });
            if !alike {
                found.file(
                    &entry.shown(),
                    format!("the environment `{name}` is a group of settings"),
                );
            }
        }
    }
    let groups = ["staging", "qa", "uat", "preprod", "live", "demo"];
    for (_, placed) in context.own(application) {
        let name = placed.inner.rsplit('/').next().unwrap_or_default();
        let is_group = groups.iter().any(|group| {
            name == format!("config.{group}.php")
                || name == format!("config-{group}.php")
                || name == format!("settings.{group}.php")
                || name == format!("wp-config-{group}.php")
                || name == format!(".env.{group}")
                || name == format!("database.{group}.php")
        });
        if is_group {
            found.file(&placed.shown, format!("{name} is the group of settings of one deploy"));
        }
    }
    Verdict::Looked
}

/// Keys of services that Laravel's own configuration asks for, whether they are used or not.
const SKELETON: [&str; 18] = [
    "PUSHER_",
    "MAILGUN_",
    "MANDRILL_",
    "SES_",
    "STRIPE_",
    "AWS_",
    "POSTMARK_",
    "SLACK_",
    "RESEND_",
    "REDIS_",
    "ABLY_",
    "MEMCACHED_",
    "DB_",
    "MYSQL_ATTR_",
    "MAIL_",
    "SESSION_",
    "LOG_",
    "PAPERTRAIL_",
];

/// Keys with the lines that set them.
type Lines = Vec<(String, usize)>;

/// The keys that an example names, and those that it sets with their lines; none of an app.json that
/// is no JSON.
fn keys_of(example: &File) -> Option<(BTreeSet<String>, Lines)> {
    let mut listed: BTreeSet<String> = BTreeSet::new();
    let mut lines: Lines = Vec::new();
    if example.kind == Kind::Json {
        let json: serde_json::Value = serde_json::from_str(&example.text).ok()?;
        listed.extend(json["env"].as_object().into_iter().flat_map(|env| env.keys().cloned()));
    } else {
        // A key that is commented out is named all the same.
        for (number, (_, line)) in example.lines().enumerate() {
            let commented = line.trim_start().starts_with('#');
            let code = line.trim_start_matches(['#', ' ']).trim_start_matches("export ");
            if let Some((key, _)) = code.split_once('=') {
                let key = key.trim();
                if !key.is_empty() && !key.contains(' ') {
                    listed.insert(key.to_owned());
                    if !commented {
                        lines.push((key.to_owned(), number + 1));
                    }
                }
            }
        }
    }
    Some((listed, lines))
}

fn drift(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let names =
        [".env.example", ".env.sample", ".env.dist", ".env.template", "env.example", "app.json"];
    let example =
        names.iter().find_map(|name| context.file(&join(&application.folder, name.as_bytes())));
    let keys = example.as_ref().and_then(|example| keys_of(example));
    let (Some(example), Some((mut listed, lines))) = (example, keys) else {
        return Verdict::NotApplicable("no example of the environment is here");
    };
    // What Compose reads has a file of its own.
    for (entry, placed) in context.own(application) {
        if placed.kind == Kind::Dotenv
            && let Some(file) = context.file(&entry.path)
        {
            listed.extend(keys_of(&file).into_iter().flat_map(|(keys, _)| keys));
        }
    }
    let contract = contract::read(context.tree, &application.folder);
    let is_laravel = matches!(application.framework, F::Laravel | F::Lumen | F::Bedrock);
    for (key, uses) in &contract.keys {
        let wanted = matches!(contract.need(key), Some(Need::Required | Need::Expected));
        // What builds, and what only developers start, is no part of a deploy.
        let mut uses = uses.iter().filter(|one| {
            let name = one.path.rsplit('/').next().unwrap_or_default();
            name != "Gemfile" && !(name.contains("compose") && name.contains("dev"))
        });
        let skeleton = application.framework == F::Laravel
            && SKELETON.iter().any(|start| key.starts_with(start));
        if wanted
            && !skeleton
            && !listed.contains(key)
            && !contract::is_implicit(key)
            && let Some(one) = uses.next()
        {
            let line = one.line as usize;
            let file = context.file(one.path.as_bytes());
            let shown = file.as_ref().map_or(String::new(), |file| file.line(line).to_owned());
            let hit = found.line(
                &one.path,
                line,
                &shown,
                format!("{key} is read, and {} does not have it", example.name()),
            );
            // `env('SENTRY_DSN')` of a service that nobody need use is nothing without its key.
            if contract.need(key) == Some(Need::Expected) && is_laravel {
                hit.weighs(Note);
            }
        }
    }
    // What a framework reads by its own code cannot be seen here, and neither can a name that is
    // put together.
    if contract.dynamic.is_empty()
        && application.framework == F::Rails
        && example.scope == Scope::Sample
    {
        unread(&example, lines, &contract, found);
    }
    Verdict::Looked
}

/// Keys that an example sets and nothing reads.
fn unread(example: &File, lines: Lines, contract: &contract::Contract, found: &mut Found) {
    const OWN: [&str; 10] = [
        "RAILS_",
        "DATABASE_URL",
        "REDIS_URL",
        "PORT",
        "MALLOC_",
        "RUBY",
        "BUNDLE_",
        "LANG",
        "SECRET_KEY_BASE",
        "WEB_CONCURRENCY",
    ];
    for (key, line) in lines {
        if !contract.keys.contains_key(&key) && !OWN.iter().any(|start| key.starts_with(start)) {
            let message = format!("nothing reads {key}");
            found.line(&example.shown, line, example.line(line), message).weighs(Note);
        }
    }
}
