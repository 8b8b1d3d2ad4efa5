//! Mail and secrets in the Ruby of `config/`.

use std::ops::Range;

use crate::finding::Code;
use crate::project::read::ruby;

use super::super::super::draft::{Draft, Moved, Sensitivity};
use super::super::php::is_to_fill_in;
use super::erb;
use crate::secret_shape::is_drawn;

/// Settings of SMTP that deploys differ in.
const SMTP: [(&[u8], &str, Sensitivity); 5] = [
    (b"address", "SMTP_ADDRESS", Sensitivity::Plain),
    (b"port", "SMTP_PORT", Sensitivity::Plain),
    (b"domain", "SMTP_DOMAIN", Sensitivity::Plain),
    (b"user_name", "SMTP_USERNAME", Sensitivity::Plain),
    (b"password", "SMTP_PASSWORD", Sensitivity::Secret),
];

/// Attributes that are secrets wherever they are set.
const SECRETS: [(&[u8], &str); 3] = [
    (b"secret_token", "SECRET_TOKEN"),
    (b"secret_key_base", "SECRET_KEY_BASE"),
    (b"secret_key", "SECRET_KEY"),
];

pub(super) fn draft(draft: &mut Draft) {
    let code = ruby::Code::new(draft.source);
    let mut done = Vec::new();
    for assignment in code.assignments() {
        let names = names(&code, &assignment.target);
        if names.iter().any(|name| name == b"smtp_settings") {
            let key = names.last().cloned().unwrap_or_default();
            if key == b"smtp_settings" {
                hash(draft, &code, &assignment.value, &mut done);
            } else {
                smtp(draft, &code, &key, &assignment.value, &mut done);
            }
        }
        let secret =
            SECRETS.into_iter().find(|(name, _)| names.last().is_some_and(|last| last == name));
        // A model may have a column of that name.
        if let Some((name, key)) = secret.filter(|_| names.len() > 1) {
            let key =
                if name == b"secret_key" { of_file(&draft.path, key) } else { key.to_owned() };
            if names.iter().any(|name| name == b"config") || names.len() > 2 {
                move_literal(draft, &code, &assignment.value, &key, Sensitivity::Secret);
            }
        }
        if names.last().is_some_and(|name| name == b"session" || name == b"session_store") {
            entries(&code, &assignment.value, |key, value| {
                if key == b"secret" {
                    move_literal(draft, &code, &value, "SESSION_SECRET", Sensitivity::Secret);
                }
            });
        }
    }
    for call in code.calls() {
        let is_merge =
            matches!(code.text(call.name), b"merge!" | b"update" | b"merge" | b"reverse_merge!");
        let on = call.name.checked_sub(2).map(|at| code.text(at));
        if is_merge && on == Some(b"smtp_settings") {
            hash(draft, &code, &call.arguments, &mut done);
        }
    }
}

/// `RECAPTCHA_SECRET_KEY` in `recaptcha.rb`: several gems call something a secret key.
fn of_file(path: &[u8], key: &str) -> String {
    let path = String::from_utf8_lossy(path).into_owned();
    let stem =
        path.rsplit('/').next().unwrap_or(&path).trim_end_matches(".rb").to_ascii_uppercase();
    format!("{}_{key}", stem.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"))
}

/// The names of `A::B.c[:d]`, keys among them.
fn names(code: &ruby::Code, target: &Range<usize>) -> Vec<Vec<u8>> {
    target
        .clone()
        .filter_map(|at| match code.kind(at)? {
            ruby::Kind::Identifier | ruby::Kind::Constant | ruby::Kind::Variable => {
                Some(code.text(at).to_vec())
            }
            ruby::Kind::Symbol | ruby::Kind::SingleQuoted | ruby::Kind::DoubleQuoted => {
                code.key(at).map(std::borrow::Cow::into_owned)
            }
            _ => None,
        })
        .collect()
}

/// The entries of a hash, with or without braces.
fn entries(code: &ruby::Code, value: &Range<usize>, mut each: impl FnMut(&[u8], Range<usize>)) {
    let within = if code.is(value.start, b"{") {
        value.start + 1..code.closing(value.start).unwrap_or(value.end)
    } else {
        value.clone()
    };
    for item in code.items(&within) {
        if let Some(entry) = code.entry(&item)
            && let Some(key) = code.key(entry.key)
        {
            each(&key, entry.value);
        }
    }
}

fn hash(draft: &mut Draft, code: &ruby::Code, value: &Range<usize>, done: &mut Vec<usize>) {
    entries(code, value, |key, value| smtp(draft, code, key, &value, done));
}

fn smtp(
    draft: &mut Draft,
    code: &ruby::Code,
    key: &[u8],
    value: &Range<usize>,
    done: &mut Vec<usize>,
) {
    let Some((_, name, sensitivity)) = SMTP.into_iter().find(|(known, ..)| *known == key) else {
        return;
    };
    if done.contains(&value.start) {
        return;
    }
    done.push(value.start);
    move_literal(draft, code, value, name, sensitivity);
}

fn move_literal(
    draft: &mut Draft,
    code: &ruby::Code,
    value: &Range<usize>,
    key: &str,
    sensitivity: Sensitivity,
) {
    let is_number = value.len() == 1 && code.kind(value.start) == Some(ruby::Kind::Number);
    let literal = match code.constant(value) {
        Some(text) => text.into_owned(),
        None if is_number => code.text(value.start).to_vec(),
        None => {
            // `'…'.freeze`, `'…' unless ENV['X']`
            let first = value.start..value.start + 1;
            let goes_on = code.is(first.end, b".") && code.is_name(first.end + 1, b"freeze")
                || code.is_name(first.end, b"if")
                || code.is_name(first.end, b"unless");
            if goes_on && code.constant(&first).is_some() {
                move_literal(draft, code, &first, key, sensitivity);
            } else {
                fallback(draft, code, value, sensitivity);
            }
            return;
        }
    };
    // What is to be filled in is no secret yet.
    if sensitivity == Sensitivity::Secret && is_to_fill_in(&literal) {
        return;
    }
    let path = String::from_utf8_lossy(&draft.path).into_owned();
    let is_local = ["development", "test"]
        .iter()
        .any(|word| path.ends_with(&format!("environments/{word}.rb")));
    let span = code.span(value);
    if is_local {
        if sensitivity == Sensitivity::Secret {
            draft.secrets.push(span);
            draft.found(
                Code::SettingLeft,
                span.start,
                "a secret that no deploy uses stays in the code",
            );
        }
        return;
    }
    let plain = |fallback: &str| format!("ENV.fetch(\"{key}\", {fallback})");
    let expression = match sensitivity {
        Sensitivity::Plain if is_number => {
            format!("{}.to_i", plain(&String::from_utf8_lossy(&literal)))
        }
        Sensitivity::Plain => match erb::string(&literal) {
            Some(text) => plain(&text),
            None => format!("ENV[\"{key}\"]"),
        },
        Sensitivity::Secret => format!("ENV[\"{key}\"]"),
    };
    let moved = Moved { key: key.to_owned(), expression, sensitivity, deploy: None };
    draft.to_environment(span, &literal, moved);
}

/// `ENV["X"] || "secret"` and `ENV.fetch("X", "secret")`.
fn fallback(draft: &mut Draft, code: &ruby::Code, value: &Range<usize>, sensitivity: Sensitivity) {
    if sensitivity == Sensitivity::Secret {
        let before = (draft.edits.len(), draft.findings.len());
        for at in value.clone().skip(1) {
            erb::move_fallback(draft, code, (at, 0), "secret");
        }
        let drawn = value.clone().find(|at| {
            code.kind(*at).is_some_and(ruby::Kind::is_string)
                && code.literal(*at).is_some_and(|one| is_drawn(&one.value))
        });
        if let Some(at) = drawn.filter(|_| before == (draft.edits.len(), draft.findings.len())) {
            let span = code.tokens[at].span;
            draft.secrets.push(span);
            let message = "a secret stays in this expression";
            draft.refuse(span.start, message, "take it out, so that only the environment has it");
        }
    }
}
