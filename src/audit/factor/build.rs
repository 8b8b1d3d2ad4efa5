//! V. Build, release and run are apart.

use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::factor::constant::{Switch, switch};
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::{Reading, shown};
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::finding::Severity::{Error, Note, Warning};
use crate::project::read::php;
use crate::project::tree::join;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::BuildReleaseRun;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "V-001",
            factor: FACTOR,
            level: Error,
            precision: Precision::High,
            title: "production shows errors to its visitors",
            why: "Traces have paths, queries and often passwords in them. Switch it off, and let the \
                  environment switch it on where it is wanted.",
            before: "define( 'WP_DEBUG', true );\nconfig.consider_all_requests_local = true",
            after: "define( 'WP_DEBUG', (bool) getenv( 'WP_DEBUG' ) );",
            quiet: "Files of development and test, and values that come from the environment.",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Ruby, Kind::Dotenv, Kind::Ini],
            reach: Reach::Live,
            look: debug,
        },
    },
    Rule {
        card: Card {
            id: "V-002",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "WordPress may rewrite its own code",
            why: "Whoever has an administrator's password has the server, and the next release loses \
                  what was installed. Define DISALLOW_FILE_MODS as true.",
            before: "/* That's all, stop editing! */",
            after: "define( 'DISALLOW_FILE_MODS', true );",
            quiet: "DISALLOW_FILE_EDIT alone is a note. Not applicable without a wp-config.php.",
        },
        applies: Applies::To(&[F::Wordpress, F::Bedrock]),
        check: Check::Application(file_mods),
    },
    Rule {
        card: Card {
            id: "V-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a deploy is a git pull on the server",
            why: "The server builds in place: for a while half of the old and half of the new is \
                  served, and there is no way back. Build once, and switch to the finished release: \
                  `nirvana release`.",
            before: "ssh web 'cd /srv/shop && git pull'",
            after: "nirvana release deploy",
            quiet: "Tasks of a developer's machine, and checkouts of CI.",
        },
        applies: Applies::Kinds(&[Kind::Shell, Kind::Ci, Kind::Text, Kind::Yaml, Kind::Php]),
        check: Check::Files {
            kinds: &[Kind::Shell, Kind::Ci, Kind::Yaml, Kind::Text, Kind::Php],
            reach: Reach::Live,
            look: git_pull,
        },
    },
    Rule {
        card: Card {
            id: "V-004",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "the environment of the build is baked into the image",
            why: "What the cache was made of is what every deploy runs with, whatever its own \
                  environment says. Make the cache when the release starts.",
            before: "RUN php artisan config:cache",
            after: "ENTRYPOINT [\"sh\", \"-c\", \"php artisan config:cache && exec php-fpm\"]",
            quiet: "route:cache and view:cache, which hold no settings.",
        },
        applies: Applies::Kinds(&[Kind::Dockerfile]),
        check: Check::Files { kinds: &[Kind::Dockerfile], reach: Reach::Live, look: baked },
    },
    Rule {
        card: Card {
            id: "V-005",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "dependencies are installed when the program starts",
            why: "Each start asks the registry, takes minutes, and fails when the registry does. \
                  Install them when the release is built.",
            before: "web: bundle install && bundle exec puma",
            after: "web: bundle exec puma",
            quiet: "The Compose file of a developer.",
        },
        applies: Applies::Kinds(&[Kind::Procfile, Kind::Unit, Kind::Shell, Kind::Dockerfile]),
        check: Check::Files {
            kinds: &[Kind::Procfile, Kind::Unit, Kind::Shell, Kind::Dockerfile],
            reach: Reach::Live,
            look: at_boot,
        },
    },
    Rule {
        card: Card {
            id: "V-006",
            factor: FACTOR,
            level: Warning,
            precision: Precision::VeryHigh,
            title: "what a build makes is committed beside its sources",
            why: "Nobody can tell whether it was made of these sources. Ignore it, and make it when \
                  the release is built.",
            before: "resources/js/app.js\npublic/build/manifest.json",
            after: ".gitignore: /public/build",
            quiet: "Not applicable without sources that are built.",
        },
        applies: Applies::Always,
        check: Check::Application(built),
    },
];

fn local(file: &Reading) -> bool {
    let parts = [
        "Boot/development",
        "Boot/testing",
        "environments/development",
        "environments/test",
        ".env.local",
        ".env.dev",
        ".env.test",
        ".env.ci",
        "config.dev",
        "local-config",
        "wp-config-local",
        "wp-config-ddev",
        "settings.local",
        "packages/dev",
    ];
    parts.iter().any(|part| file.inner.contains(part)) || file.scope != Scope::Live
}

fn debug(file: &Reading, found: &mut Found) {
    if local(file) {
        return;
    }
    match file.kind {
        Kind::Dotenv => {
            let variables = file.variables();
            let local = variables
                .iter()
                .any(|one| one.key == "APP_ENV" && matches!(one.value, "local" | "testing"));
            for variable in variables {
                let on = matches!(variable.value.to_ascii_lowercase().as_str(), "true" | "1");
                if matches!(variable.key, "APP_DEBUG" | "WP_DEBUG") && on && !local {
                    found.at(
                        file,
                        variable.key_at,
                        format!("{} is on in a committed file", variable.key),
                    );
                }
            }
        }
        Kind::Ruby if file.inner == "config/environments/production.rb" => {
            let code = file.ruby();
            for assignment in code.assignments() {
                let at = code.span(&assignment.target).start;
                if code.is_name(assignment.target.end - 1, b"consider_all_requests_local")
                    && assignment.value.len() == 1
                    && code.is_name(assignment.value.start, b"true")
                    && !within_condition(file, at)
                {
                    found.at(file, at, "every visitor is taken for a developer");
                }
            }
        }
        Kind::Php if file.has_any(&["WP_DEBUG", "display_errors", "'debug'", "\"debug\""]) => {
            debug_php(file, found);
        }
        Kind::Ini => {
            for (start, line) in file.code_lines() {
                let Some((key, value)) = line.split_once('=') else { continue };
                let on = matches!(
                    value.trim().trim_matches('"').to_ascii_lowercase().as_str(),
                    "1" | "on" | "true"
                );
                if key.trim() == "display_errors" && on {
                    found.at(file, start, "display_errors is on");
                }
            }
        }
        _ => {}
    }
}

fn debug_php(file: &Reading, found: &mut Found) {
    let code = file.php();
    for call in code.calls() {
        let items = code.items(call.open);
        let (Some(name), Some(value)) = (items.first(), items.get(1)) else { continue };
        let name = code.constant(name).map(|name| shown(&name).into_owned()).unwrap_or_default();
        let on = value.len() == 1
            && (code.is_name(value.start, b"true")
                || code.text(value.start) == b"1"
                || code
                    .constant(value)
                    .is_some_and(|value| matches!(&*value, b"1" | b"On" | b"on" | b"true")));
        let defined = code.is_name(call.name, b"define")
            && matches!(name.as_str(), "WP_DEBUG" | "WP_DEBUG_DISPLAY" | "YOURLS_DEBUG");
        let set = code.is_name(call.name, b"ini_set") && name == "display_errors";
        if on && (defined || set) && !guarded(code, call.name) {
            found.at(file, code.tokens[call.name].span.start, format!("{name} is on"));
        }
    }
    if file.inner.ends_with("config/app.php") {
        for entry in code.entries() {
            let is_debug = code.key(entry.key).is_some_and(|key| *key == *b"debug");
            if is_debug && entry.value.len() == 1 && code.is_name(entry.value.start, b"true") {
                found.at(
                    file,
                    code.tokens[entry.key].span.start,
                    "debug is on, whatever the environment says",
                );
            }
        }
    }
}

/// Whether a line of Ruby stands in a block that a condition opens, as its indentation has it.
fn within_condition(file: &Reading, at: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let line = file.line_of(at);
    let mut least = indent(file.line(line));
    for above in (1..line).rev().map(|above| file.line(above)) {
        let word = above.split_whitespace().next().unwrap_or_default();
        if !word.is_empty() && !word.starts_with('#') && indent(above) < least {
            least = indent(above);
            if matches!(word, "if" | "unless" | "elsif" | "else" | "case" | "when") {
                return true;
            }
        }
    }
    false
}

/// Whether a call of PHP runs only if a condition holds.
fn guarded(code: &php::Code, at: usize) -> bool {
    const WORDS: [&[u8]; 4] = [b"if", b"elseif", b"switch", b"while"];
    // `if (…) define(…)`, `if (…): define(…)`, `… && define(…)`, `else define(…)`
    let condition = |close: usize| {
        let open =
            (0..close).rev().find(|at| code.is(*at, b"(") && code.closing(*at) == Some(close));
        let word = open.and_then(|open| open.checked_sub(1));
        code.is(close, b")")
            && word.is_some_and(|word| WORDS.iter().any(|one| code.is_name(word, one)))
    };
    let opens = |before: usize| {
        condition(before)
            || code.is_name(before, b"else")
            || before > 0 && code.is(before, b":") && condition(before - 1)
    };
    let Some(before) = at.checked_sub(1) else { return false };
    let joined = [&b"&&"[..], b"?", b":"].iter().any(|sign| code.is(before, sign));
    let within = (1..at).any(|open| {
        code.is(open, b"{") && code.closing(open).is_none_or(|end| end > at) && opens(open - 1)
    });
    let until = |open: usize| {
        (open..at).any(|one| code.is_name(one, b"endif") || code.is_name(one, b"endswitch"))
    };
    let alternative =
        (1..at).any(|colon| code.is(colon, b":") && condition(colon - 1) && !until(colon));
    joined || code.is_name(before, b"and") || opens(before) || within || alternative
}

fn file_mods(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let files = [
        "wp-config.php",
        "config/application.php",
        "web/wp-config.php",
        "public_html/wp-config.php",
        "public/wp-config.php",
    ];
    let Some(file) = context.first(application, &files) else {
        return Verdict::NotApplicable("no wp-config.php is committed");
    };
    let hit = match switch(&file, "DISALLOW_FILE_MODS") {
        Switch::On => return Verdict::Looked,
        Switch::Missing => found.absent(&file.shown, "nothing defines DISALLOW_FILE_MODS"),
        Switch::Off(at) => found.at(&file, at, "DISALLOW_FILE_MODS is false"),
    };
    if switch(&file, "DISALLOW_FILE_EDIT") == Switch::On {
        hit.weighs(Note);
    }
    Verdict::Looked
}

fn git_pull(file: &Reading, found: &mut Found) {
    if !file.has("git ") || file.scope != Scope::Live || file.name().ends_with(".gitignore") {
        return;
    }
    let lower = file.inner.to_ascii_lowercase();
    let deploys =
        ["deploy", "release", "hooks/", "post-receive", "update", "envoy", "workflows", "ci.yml"];
    let named = deploys.iter().any(|word| lower.contains(word));
    for (start, line) in file.code_lines() {
        let pulls = line.contains("git pull")
            || line.contains("git reset --hard")
            || line.contains("git fetch && git checkout");
        let remote = line.contains("ssh ") || named;
        let written = line.trim_start().starts_with(['$', '\'', '"']) && file.kind == Kind::Php;
        if pulls
            && remote
            && (file.kind != Kind::Ci || file.has("ssh"))
            && (file.kind != Kind::Text || named)
            && !written
        {
            found.at(file, start, "what runs is updated in place");
        }
    }
}

fn baked(file: &Reading, found: &mut Found) {
    for (start, line) in file.code_lines() {
        for word in ["config:cache", "artisan optimize", "dump-env prod", "dump-env"] {
            let runs =
                line.trim_start().starts_with("RUN ") || !line.trim_start().starts_with(['C', 'E']);
            if line.contains(word) && runs && !line.contains("optimize:clear") {
                found.at(file, start, format!("`{word}` runs while the image is built"));
                break;
            }
        }
    }
}

fn at_boot(file: &Reading, found: &mut Found) {
    let lower = file.name().to_ascii_lowercase();
    let starts = match file.kind {
        Kind::Shell => {
            ["entrypoint", "start", "run.sh", "boot"].iter().any(|word| lower.contains(word))
                && !lower.contains("dev")
        }
        Kind::Procfile => !lower.contains("dev"),
        _ => true,
    };
    if !starts {
        return;
    }
    for (start, line) in file.code_lines() {
        let code = line.trim_start();
        let relevant = match file.kind {
            Kind::Dockerfile => code.starts_with("CMD") || code.starts_with("ENTRYPOINT"),
            Kind::Unit => code.starts_with("ExecStart"),
            Kind::Procfile => !code.starts_with("release:"),
            _ => true,
        };
        for word in ["composer install", "bundle install", "npm install", "npm ci", "yarn install"]
        {
            if relevant && code.contains(word) {
                found.at(file, start, format!("`{word}` runs at each start"));
                break;
            }
        }
    }
}

fn built(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let at = |path: &str| join(&application.folder, path.as_bytes());
    let has =
        |path: &str| context.tree.entry(at(path)).is_some() || context.tree.has_folder(at(path));
    let pairs: [(&[&str], &[&str]); 6] = [
        (
            &["public/build/manifest.json", "public/build/.vite/manifest.json"],
            &["resources/js", "resources/css", "assets", "vite.config.js"],
        ),
        (&["public/mix-manifest.json"], &["webpack.mix.js"]),
        (&["public/packs/manifest.json"], &["app/javascript"]),
        (
            &[
                "public/assets/.sprockets-manifest",
                "public/assets/.manifest.json",
                "public/assets/manifest.json",
            ],
            &["app/assets"],
        ),
        (&["_site/index.html"], &["_config.yml"]),
        (&["dist/index.html", "build/index.html"], &["src", "vite.config.js", "vite.config.ts"]),
    ];
    let mut looked = false;
    for (outputs, sources) in pairs {
        if !sources.iter().any(|source| has(source)) {
            continue;
        }
        looked = true;
        let output = outputs.iter().find(|output| has(output));
        let sprockets = context
            .tree
            .below(at("public/assets"))
            .iter()
            .find(|entry| entry.name().starts_with(b".sprockets-manifest"));
        let path = output.map(|path| crate::project::tree::shown(&at(path)));
        let path = path.or_else(|| {
            sprockets.filter(|_| outputs[0].contains("sprockets")).map(|entry| entry.shown())
        });
        if let Some(path) = path {
            found.file(&path, "the output of a build, beside what it is made of");
        }
    }
    if looked { Verdict::Looked } else { Verdict::NotApplicable("nothing here is built") }
}
