//! `config/secrets.yml`: what deploys keep secret comes from the environment.

use crate::finding::Code;
use crate::project::read::yaml_erb::{Pair, Yaml};
use crate::project::read::{Span, ruby};

use super::super::super::draft::{Draft, Moved, Sensitivity};
use super::{erb, is_local};
use crate::secret_shape::{has_password, is_secret_key, is_secret_name};

pub(super) fn draft(draft: &mut Draft) {
    let yaml = Yaml::new(draft.source);
    if let Some(broken) = yaml.broken {
        draft.give_up(broken);
        return;
    }
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        let path = yaml.path(nth);
        let (Some(environment), true) = (path.first(), path.len() > 1) else { continue };
        let name = String::from_utf8_lossy(yaml.key(pair)).into_owned();
        let is_named = is_secret_key(&name);
        let Some(scalar) = yaml.scalar(pair) else {
            if is_secret_name(&name) {
                left(draft, &yaml, pair, &name);
            }
            continue;
        };
        if scalar.is_dynamic {
            if is_named || has_password(&scalar.value) {
                fallbacks(draft, pair.span, &name);
            }
            continue;
        }
        let is_secret = is_named || has_password(&scalar.value);
        if !is_secret || scalar.value.is_empty() {
            continue;
        }
        draft.secrets.push(pair.span);
        if is_local(environment) {
            let message =
                format!("{name} of {} stays in the code", String::from_utf8_lossy(environment));
            draft.found(Code::SettingLeft, pair.key.span.start, message);
            continue;
        }
        // Names above the last one tell apart what is called the same.
        let names: Vec<_> = path[1..].iter().map(|key| String::from_utf8_lossy(key)).collect();
        let key = names.join("_").to_ascii_uppercase();
        let key = key.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_', "_");
        let is_hexadecimal = scalar.value.iter().all(u8::is_ascii_hexdigit);
        let json = if is_hexadecimal { "" } else { ".to_json" };
        let expression = format!("<%= ENV[\"{key}\"]{json} %>");
        let deploy = (*environment != b"production"
            && *environment != b"shared"
            && *environment != b"default")
            .then(|| String::from_utf8_lossy(environment).into_owned());
        let value = scalar.value.into_owned();
        let moved = Moved { key, expression, sensitivity: Sensitivity::Secret, deploy };
        draft.to_environment(pair.span, &value, moved);
    }
}

/// A list, or a text of several lines, at a name of secrets.
fn left(draft: &mut Draft, yaml: &Yaml, pair: &Pair, name: &str) {
    let end = yaml.pairs.iter().map(|next| next.key.span.start);
    let end = end.filter(|start| *start > pair.key.span.start).min().unwrap_or(draft.source.len());
    let value = Span::new(pair.key.span.end + 1, end.max(pair.key.span.end + 1));
    let text = draft.source.get(value.start..value.end).unwrap_or_default();
    if !pair.has_pairs && !text.trim_ascii().is_empty() {
        draft.secrets.push(value);
        let message = format!("{name} has more than one line or word, so it stays in the code");
        draft.refuse(
            pair.key.span.start,
            message,
            "write `<%= ENV[…] %>` by hand, one variable for each value",
        );
    }
}

/// `<%= ENV["X"] || "secret" %>`, and what stands beside the tag.
fn fallbacks(draft: &mut Draft, span: Span, name: &str) {
    for tag in erb::tags(draft.source, span) {
        let code = ruby::Code::new(tag.of(draft.source));
        for at in 0..code.tokens.len() {
            erb::move_fallback(draft, &code, (at, tag.start), name);
        }
    }
    let text = String::from_utf8_lossy(span.of(draft.source)).into_owned();
    let around = text.split("<%").map(|part| part.split("%>").last().unwrap_or(part));
    if around.skip(1).any(|part| part.bytes().any(|byte| byte.is_ascii_alphanumeric())) {
        draft.secrets.push(span);
        let message = format!("{name} is put together of a variable and a part that stays here");
        draft.refuse(span.start, message, "let the variable have all of it");
    }
}
