//! WordPress: the constants of `wp-config.php`, and Bedrock's `config/application.php`.

use crate::application::Framework;
use crate::finding::{Code as FindingCode, Finding, Place};
use crate::project::read::php::{Callee, Code};
use crate::project::tree::shown;

use super::super::draft::{Draft, Sensitivity};
use super::super::env_files::sensitivity;
use super::super::language::Language;
use super::super::site::Site;
use super::php::{Reader, Value, is_placeholder, literal};
use crate::secret_shape::is_secret_key;

/// Constants that deploys differ in, beside all whose names are those of secrets.
const CONSTANTS: [&str; 4] = ["DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST"];

pub(super) fn draft(site: &mut Site) {
    let is_bedrock = site.application.framework == Framework::Bedrock;
    for (nth, path) in files(site, is_bedrock).into_iter().enumerate() {
        site.edit(&path, Language::Php, |draft| constants(draft, is_bedrock));
        if site.goal.is_switch() && nth == 0 {
            let message = "WordPress stays on MySQL: its core and its plugins send MySQL's SQL, and the drop-in \
                that translated it (PG4WP) has no upkeep and breaks plugins";
            let finding = Finding::error(
                FindingCode::AdapterNotSwitched,
                Place::file(shown(&path), None),
                message,
            );
            site.findings.push(
                finding.help(
                    "leave --to out for it; its settings move to the environment all the same",
                ),
            );
        }
    }
}

fn files(site: &Site, is_bedrock: bool) -> Vec<Vec<u8>> {
    let folder = &site.application.folder;
    let entries = site.below(folder);
    let is_wanted = |path: &[u8]| {
        let within =
            if folder.is_empty() { path } else { path.get(folder.len() + 1..).unwrap_or_default() };
        let depth = within.split(|byte| *byte == b'/').count() - 1;
        if is_bedrock {
            within == b"config/application.php" || within.starts_with(b"config/environments/")
        } else {
            depth <= 1 && within.rsplit(|byte| *byte == b'/').next() == Some(b"wp-config.php")
        }
    };
    entries
        .filter(|entry| entry.is_file() && is_wanted(&entry.path))
        .map(|entry| entry.path.clone())
        .collect()
}

fn constants(draft: &mut Draft, is_bedrock: bool) {
    let code = Code::new(draft.source);
    for call in code.calls_of(b"define") {
        let wanted = if is_bedrock { Callee::Static } else { Callee::Function };
        let items = code.items(call.open);
        let ([name, value] | [name, value, _]) = items.as_slice() else { continue };
        let Some(name) = code.constant(name).filter(|_| call.callee == wanted) else { continue };
        let key = String::from_utf8_lossy(&name).into_owned();
        let is_connection = CONSTANTS.contains(&key.as_str());
        if !is_connection && !is_secret_key(&key) {
            continue;
        }
        let text = literal(&code, value);
        // A salt that nobody has made yet, or a switch such as `WP_CACHE_KEY_SALT`'s empty default.
        if !is_connection
            && text.as_deref().is_none_or(is_placeholder)
            && code.constant(value).is_some()
        {
            continue;
        }
        let sensitivity = if is_connection { sensitivity(&key) } else { Sensitivity::Secret };
        let reader = if is_bedrock { Reader::Env } else { Reader::Getenv };
        Value { code: &code, range: value.clone(), key, sensitivity, reader, is_switch: false }
            .go(draft);
    }
    by_const(draft, &code);
}

/// `const NONCE_SALT = '…';`, in which PHP allows no call.
fn by_const(draft: &mut Draft, code: &Code) {
    for assignment in code.assignments() {
        let key = String::from_utf8_lossy(code.text(assignment.base)).into_owned();
        let is_const = assignment.base.checked_sub(1).is_some_and(|at| code.is_name(at, b"const"));
        let is_wanted = CONSTANTS.contains(&key.as_str()) || is_secret_key(&key);
        let value = code.constant(&assignment.value);
        if is_const && is_wanted && value.is_some_and(|value| !is_placeholder(&value)) {
            let (sensitivity, reader) = (sensitivity(&key), Reader::Getenv);
            Value { code, range: assignment.value, key, sensitivity, reader, is_switch: false }
                .go(draft);
        }
    }
}

#[cfg(any(test, fuzzing))]
pub(super) fn form(draft: &mut Draft, _goal: super::super::goal::Goal) {
    constants(draft, false);
}
