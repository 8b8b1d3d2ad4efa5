//! Secrets that no framework has a place for: keys that their makers can be told by, and literals
//! at names that say what they are.

use std::ops::Range;

use super::fallback::ruby_literal;
use super::{inner, text};
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::Reading;
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::audit::secret::{is_drawn, is_placeholder, is_reference, is_secret_name, measure};
use crate::finding::Severity::{Error, Note, Warning};
use crate::project::read::php;
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::Config;

/// Any text.
const ALL: &[Kind] = &[
    Kind::Php,
    Kind::Ruby,
    Kind::Yaml,
    Kind::Dotenv,
    Kind::JavaScript,
    Kind::Html,
    Kind::Shell,
    Kind::Dockerfile,
    Kind::Compose,
    Kind::Procfile,
    Kind::Ci,
    Kind::Unit,
    Kind::Htaccess,
    Kind::Ini,
    Kind::Json,
    Kind::Sql,
    Kind::Text,
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "III-016",
            factor: FACTOR,
            level: Error,
            precision: Precision::VeryHigh,
            title: "a provider's key is in the code",
            why: "It is searched for by programs within minutes of a push. Revoke it, and read the \
                  new one from the environment.",
            before: "Stripe::setApiKey('sk_live_…');",
            after: "Stripe::setApiKey(getenv('STRIPE_SECRET_KEY'));",
            quiet: "Keys for tests, keys that documentation shows, and keys that browsers see \
                    anyway (a note).",
        },
        applies: Applies::Always,
        check: Check::Files { kinds: ALL, reach: Reach::Everywhere, look: provider },
    },
    Rule {
        card: Card {
            id: "III-017",
            factor: FACTOR,
            level: Warning,
            precision: Precision::Medium,
            title: "a literal looks like a secret",
            why: "Its name says that it is secret, and it looks as if it had been drawn. Read it \
                  from the environment.",
            before: "private $apiToken = '9fK2mQx7LpZtR4vW';",
            after: "$this->apiToken = getenv('API_TOKEN');",
            quiet: "Words, also with a row of digits behind them, hashed passwords, sentences, paths, \
                    class names, names of form fields, and values at places that have a rule of \
                    their own.",
        },
        applies: Applies::Kinds(&[
            Kind::Php,
            Kind::Ruby,
            Kind::JavaScript,
            Kind::Yaml,
            Kind::Compose,
        ]),
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Ruby, Kind::JavaScript, Kind::Yaml, Kind::Compose],
            reach: Reach::Live,
            look: assigned,
        },
    },
    Rule {
        card: Card {
            id: "III-025",
            factor: FACTOR,
            level: Error,
            precision: Precision::High,
            title: "a secret is in the history",
            why: "It was taken out of the files, and every clone has it. Revoke it; whether to write \
                  the history anew is then a question of taste.",
            before: "commit 4f1c…: DB_PASSWORD=hunter2\ncommit 77ab…: DB_PASSWORD=",
            after: "a new password, in the environment",
            quiet: "What is in the files now has its own rule. Put what was revoked into the baseline.",
        },
        applies: Applies::Always,
        check: Check::Tree(|_, _| Verdict::Looked),
    },
];

/// Keys that can be told by how they begin.
struct Provider {
    name: &'static str,
    prefix: &'static str,
    /// Letters that follow, at least.
    length: usize,
    of: fn(u8) -> bool,
    /// A key that browsers have anyway.
    is_public: bool,
}

const fn provider_of(
    name: &'static str,
    prefix: &'static str,
    length: usize,
    of: fn(u8) -> bool,
) -> Provider {
    Provider { name, prefix, length, of, is_public: false }
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn wide(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

const PROVIDERS: [Provider; 21] = [
    provider_of("AWS", "AKIA", 16, upper),
    provider_of("Stripe", "sk_live_", 16, word),
    provider_of("Stripe", "rk_live_", 16, word),
    provider_of("Stripe (webhook)", "whsec_", 24, word),
    provider_of("GitHub", "ghp_", 36, word),
    provider_of("GitHub", "gho_", 36, word),
    provider_of("GitHub", "ghs_", 36, word),
    provider_of("GitHub", "github_pat_", 60, wide),
    provider_of("GitLab", "glpat-", 20, wide),
    provider_of("Slack", "xoxb-", 20, wide),
    provider_of("Slack", "xoxp-", 20, wide),
    provider_of("SendGrid", "SG.", 40, sendgrid),
    provider_of("Mailgun", "key-", 32, hex),
    provider_of("Twilio", "SK", 32, hex),
    provider_of("npm", "npm_", 36, word),
    provider_of("PyPI", "pypi-AgEIcHlwaS5vcmc", 50, wide),
    provider_of("Shopify", "shpat_", 32, hex),
    provider_of("DigitalOcean", "dop_v1_", 64, hex),
    provider_of("Telegram", "bot_token=", 40, telegram),
    Provider { name: "Google", prefix: "AIza", length: 35, of: wide, is_public: true },
    provider_of("OpenAI", "sk-proj-", 40, wide),
];

fn sendgrid(byte: u8) -> bool {
    wide(byte) || byte == b'.'
}

fn telegram(byte: u8) -> bool {
    wide(byte) || byte == b':'
}

fn provider(file: &Reading, found: &mut Found) {
    if file.kind == Kind::Sql
        || file.kind == Kind::Text && file.scope == Scope::Rehearsal && file.name().ends_with(".po")
    {
        return;
    }
    let source = file.bytes();
    for one in &PROVIDERS {
        for start in memchr::memmem::find_iter(source, one.prefix.as_bytes()) {
            let body = start + one.prefix.len();
            let length = source[body..].iter().take_while(|byte| (one.of)(**byte)).count();
            let before = start.checked_sub(1).map(|at| source[at]);
            let exact = matches!(one.name, "AWS" | "Twilio" | "Mailgun" | "Google");
            let fits = if exact { length == one.length } else { length >= one.length };
            if !fits || before.is_some_and(wide) {
                continue;
            }
            let value = text(&source[start..body + length]);
            if is_shown(&value) {
                continue;
            }
            let message = format!("a key of {} is here", one.name);
            let hit = found.secret(file, start..body + length, message);
            if one.is_public {
                hit.weighs(Note)
                    .helped("a browser shows it anyway: limit it to your own addresses");
            }
        }
    }
    private_key(file, found);
}

/// Keys that documentation shows, and those in which nothing was drawn.
fn is_shown(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let body = &value[value.len().saturating_sub(12)..];
    let few = body.bytes().collect::<std::collections::BTreeSet<u8>>().len() < 5;
    lower.contains("example")
        || lower.contains("xxxx")
        || lower.contains("your")
        || few
        || value.contains("1234567890")
}

/// A private key in PEM, with a body.
fn private_key(file: &Reading, found: &mut Found) {
    for start in memchr::memmem::find_iter(file.bytes(), b"-----BEGIN ") {
        let rest = &file.text[start..];
        let head = rest.lines().next().unwrap_or_default();
        let Some(end) = rest.find("-----END ") else { continue };
        let is_private = head.contains("PRIVATE KEY-----") && end > 200;
        let body = rest.get(head.len()..end).unwrap_or_default();
        let is_real = body.bytes().filter(|byte| byte.is_ascii_alphanumeric()).count() > 100
            && !body.contains("...");
        if is_private && is_real {
            found.secret(file, start..start + head.len(), "a private key is here");
        }
    }
}

/// Whether another rule tells of such literals in this file.
fn has_own_rule(file: &Reading) -> bool {
    let inner = file.inner.as_str();
    let files = [
        "config/database",
        "config/secrets",
        "wp-config",
        "config/app.php",
        "Config/Database.php",
        "parameters",
    ];
    files.iter().any(|name| inner.contains(name))
        || file.name().starts_with("settings") && file.name().ends_with(".php")
}

fn is_secret(name: &str, value: &str) -> bool {
    is_secret_name(name)
        && is_drawn(value)
        && value.len() <= 200
        && !is_placeholder(value)
        && !is_reference(value)
        && !name.eq_ignore_ascii_case(value)
}

fn assigned(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live || has_own_rule(file) {
        return;
    }
    let lang = [
        "/lang/",
        "/locale",
        "/i18n/",
        "/translations/",
        "lang/",
        "locales/",
        "Language/",
        "language/",
    ];
    if lang.iter().any(|part| file.inner.contains(part)) {
        return;
    }
    match file.kind {
        Kind::Php => php_assigned(file, found),
        Kind::Ruby => ruby_assigned(file, found),
        Kind::JavaScript => script_assigned(file, found),
        _ => yaml_assigned(file, found),
    }
}

/// A literal at a name.
fn tell(file: &Reading, found: &mut Found, name: &str, value: &str, span: Range<usize>) {
    if is_secret(name, value) {
        let name = name.trim_start_matches('$');
        found.secret(file, span, format!("{name} is a literal of {}", measure(value)));
    }
}

fn php_assigned(file: &Reading, found: &mut Found) {
    let code = file.php();
    for assignment in code.assignments() {
        let keys = code.keys(&assignment).unwrap_or_default();
        let name = keys.last().map_or_else(|| text(code.text(assignment.base)), |key| text(key));
        if let Some(value) = code.constant(&assignment.value) {
            tell(file, found, &name, &text(&value), inner(file, code.span(&assignment.value)));
        }
    }
    for entry in code.entries() {
        if let (Some(key), Some(value)) = (code.key(entry.key), code.constant(&entry.value)) {
            tell(file, found, &text(&key), &text(&value), inner(file, code.span(&entry.value)));
        }
    }
    for call in code.calls_of(b"define").filter(|call| call.callee == php::Callee::Function) {
        let items = code.items(call.open);
        if let (Some(name), Some(value)) = (items.first(), items.get(1))
            && let (Some(name), Some(literal)) = (code.constant(name), code.constant(value))
        {
            tell(file, found, &text(&name), &text(&literal), inner(file, code.span(value)));
        }
    }
}

fn ruby_assigned(file: &Reading, found: &mut Found) {
    let code = file.ruby();
    for assignment in code.assignments() {
        let name = text(code.text(assignment.target.end - 1));
        if let Some((value, token)) = ruby_literal(code, &assignment.value) {
            tell(file, found, &name, &text(&value), inner(file, code.span(&token)));
        }
    }
    for entry in code.entries() {
        if let (Some(key), Some(value)) = (code.key(entry.key), code.constant(&entry.value)) {
            tell(file, found, &text(&key), &text(&value), inner(file, code.span(&entry.value)));
        }
    }
}

fn script_assigned(file: &Reading, found: &mut Found) {
    use crate::project::read::javascript::literal;
    let tokens = file.script();
    for window in tokens.windows(3) {
        let sign = window[1].text(file.bytes());
        let name = text(window[0].text(file.bytes()));
        if (sign == b"=" || sign == b":")
            && let Some(value) = literal(file.bytes(), &window[2])
        {
            tell(
                file,
                found,
                name.trim_matches(['"', '\'']),
                &text(&value),
                inner(file, window[2].span),
            );
        }
    }
}

fn yaml_assigned(file: &Reading, found: &mut Found) {
    let yaml = file.yaml();
    for pair in &yaml.pairs {
        let Some(span) = pair.value.map(|token| token.span) else { continue };
        if let Some(scalar) = yaml.scalar(pair).filter(|scalar| !scalar.is_dynamic) {
            tell(file, found, &text(yaml.key(pair)), &text(&scalar.value), inner(file, span));
        }
    }
}
