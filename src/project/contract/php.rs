//! `getenv('X')`, `$_ENV['X']`, `$_SERVER['APP_X']`, `env('X', …)`, `Env::get('X')`.

use super::{Need, Read, key};
use crate::project::read::line_of;
use crate::project::read::php::{Call, Callee, Code, Kind};

pub(super) fn reads(source: &[u8]) -> Vec<Read> {
    let code = Code::new(source);
    let mut reads: Vec<Read> = code.calls().filter_map(|call| of_call(&code, &call)).collect();
    for at in 0..code.tokens.len() {
        reads.extend(of_array(&code, at));
    }
    reads.sort_by_key(|one| one.line);
    reads
}

fn of_call(code: &Code, call: &Call) -> Option<Read> {
    let name = code.text(call.name).to_ascii_lowercase();
    let name = name.strip_prefix(b"\\").unwrap_or(&name);
    let on_env = || call.name >= 2 && code.text(call.name - 2).ends_with(b"Env");
    let fails = match (call.callee, name) {
        (Callee::Function, b"getenv" | b"env" | b"getenv_docker") => false,
        (Callee::Static, b"get") if on_env() => false,
        (Callee::Static, b"getorfail") if on_env() => true,
        _ => return None,
    };
    let arguments = code.items(call.open);
    // Without arguments getenv() gives all there are.
    let first = arguments.first()?;
    let line = line_of(code.source, code.tokens[call.name].span.start);
    let takes_default = name != b"getenv";
    let default = arguments.get(1).filter(|_| takes_default);
    let need = match default {
        _ if fails => Need::Required,
        Some(value) if value.len() == 1 && code.is_name(value.start, b"null") => Need::Optional,
        Some(_) => Need::Default,
        None => after(code, code.closing(call.open)? + 1, call.name),
    };
    let constant = code.constant(first);
    Some(Read { key: constant.and_then(|name| key(&name)), line, need })
}

/// What the code does with a read that ends before `end` and begins at `start`.
fn after(code: &Code, end: usize, start: usize) -> Need {
    if code.is(end, b"?:") || code.is(end, b"??") || code.is(end, b"?") || code.is(end, b"||") {
        // `?:` is two tokens.
        let other = end + 1 + usize::from(code.is(end + 1, b":"));
        let nothing = code.is_name(other, b"null") || code.is_name(other, b"false");
        return if nothing { Need::Optional } else { Need::Default };
    }
    // `? :` may be two tokens; a comparison asks what is there.
    let compared =
        ["===", "!==", "==", "!=", "&&"].iter().any(|sign| code.is(end, sign.as_bytes()));
    let before = start.saturating_sub(1);
    let negated = start > 0 && code.is(before, b"!");
    // `if (`, `isset(`, `empty(`; with a backslash before getenv the name has it.
    let asked = start > 1
        && code.is(before, b"(")
        && ["if", "elseif", "isset", "empty", "while"]
            .iter()
            .any(|word| code.is_name(start - 2, word.as_bytes()));
    if compared || negated || asked { Need::Optional } else { Need::Expected }
}

/// `$_ENV['X']`, which is not a write.
fn of_array(code: &Code, at: usize) -> Option<Read> {
    if code.kind(at) != Some(Kind::Variable) || !code.is(at + 1, b"[") {
        return None;
    }
    let is_server = match code.text(at) {
        b"$_ENV" => false,
        b"$_SERVER" => true,
        _ => return None,
    };
    let close = code.closing(at + 1)?;
    if code.is(close + 1, b"=") {
        return None;
    }
    let constant = code.constant(&(at + 2..close));
    let name = constant.and_then(|name| key(&name));
    // $_SERVER has what the request says, too.
    let settings = ["APP_", "DB_", "DATABASE_", "MAILER_", "SYMFONY_", "REDIS_", "SECRET_"];
    let of_request =
        !name.as_ref().is_some_and(|name| settings.iter().any(|start| name.starts_with(start)));
    if is_server && of_request {
        return None;
    }
    let line = line_of(code.source, code.tokens[at].span.start);
    let need = after(code, close + 1, at);
    Some(Read { key: name, line, need })
}
