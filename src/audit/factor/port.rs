//! VII. The application is reached at a port that the environment names.

use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::finding::Severity::{Note, Warning};
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::PortBinding;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "VII-001",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "the port is written into the code",
            why: "Two deploys on a machine, or a platform that names the port, cannot have theirs. \
                  Read PORT from the environment.",
            before: "port 3000",
            after: "port ENV.fetch(\"PORT\", 3000)",
            quiet: "A default of PORT, and the files of development.",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Ruby, Kind::Procfile],
            reach: Reach::Live,
            look: port,
        },
    },
    Rule {
        card: Card {
            id: "VII-002",
            factor: FACTOR,
            level: Note,
            precision: Precision::High,
            title: "behaviour stands in .htaccess only",
            why: "Access rules and settings of PHP that only Apache reads are gone under nginx or \
                  php-fpm, silently. Move them into the application or into the server's own \
                  configuration.",
            before: "php_value upload_max_filesize 64M\nRequire ip 10.0.0.0/8",
            after: "upload_max_filesize = 64M         ; php.ini of the release",
            quiet: "The well-known front controllers of WordPress, Laravel, Drupal and Symfony.",
        },
        applies: Applies::To(&[
            F::Wordpress,
            F::Bedrock,
            F::Drupal,
            F::Laravel,
            F::Lumen,
            F::Symfony,
            F::CodeIgniter,
            F::Php,
        ]),
        check: Check::Application(htaccess),
    },
];

fn port(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live
        || file.inner.contains("development")
        || file.name().to_ascii_lowercase().contains("dev")
    {
        return;
    }
    if file.kind == Kind::Ruby {
        if !file.inner.ends_with("puma.rb") && !file.inner.ends_with("unicorn.rb") {
            return;
        }
        let code = file.ruby();
        for call in code.calls() {
            let name = code.text(call.name);
            let first = call.arguments.start;
            let number = code.kind(first) == Some(crate::project::read::ruby::Kind::Number);
            let lone = call.arguments.len() == 1;
            if matches!(name, b"port" | b"listen") && !call.has_receiver && number && lone {
                found.at(file, code.tokens[call.name].span.start, "the port is a number");
            }
            let bind =
                code.constant(&call.arguments).is_some_and(|value| value.starts_with(b"tcp://"));
            if name == b"bind" && bind {
                found.at(file, code.tokens[call.name].span.start, "the address is a literal");
            }
        }
        return;
    }
    for (start, line) in file.code_lines() {
        let literal = ["-p ", "--port ", "--port=", "-S 0.0.0.0:", "-S localhost:", "-b 0.0.0.0:"]
            .iter()
            .any(|flag| {
                line.split(flag)
                    .nth(1)
                    .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
            });
        if literal && line.starts_with("web") {
            found.at(file, start, "the port of `web` is a number");
        }
    }
}

fn htaccess(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let mut looked = false;
    for (entry, placed) in context.own(application) {
        if placed.kind != Kind::Htaccess || placed.scope != Scope::Live {
            continue;
        }
        looked = true;
        let Some(file) = context.file(&entry.path) else { continue };
        let alone =
            ["php_value", "php_flag", "authuserfile", "require ip", "allow from 1", "setenv "];
        let line = file.code_lines().find(|(_, line)| {
            let lower = line.trim_start().to_ascii_lowercase();
            alone.iter().any(|word| lower.starts_with(word))
                && !lower.starts_with("setenv modrewrite")
                && !lower.contains("setenv http_mod")
        });
        if let Some((start, line)) = line {
            let word = line.split_whitespace().next().unwrap_or_default().to_owned();
            found.at(&file, start, format!("{word} is read by Apache only"));
        }
    }
    if looked { Verdict::Looked } else { Verdict::NotApplicable("no .htaccess is here") }
}
