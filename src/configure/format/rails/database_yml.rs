//! `config/database.yml`: what deploys differ in comes from the environment.
//!
//! ERB is run over the whole file whatever the environment, so an expression must not fail where its
//! variable is not set: `ENV["X"]` and not `ENV.fetch("X")`. A password is printed as JSON, which is
//! YAML for every string there is: `ENV["X"]` alone would read `a: b #c` or `0123` as something else.

use crate::finding::Code;
use crate::project::read::yaml_erb::{Kind, Pair, Yaml};
use crate::project::read::{Span, line_span, ruby};

use super::super::super::draft::{Draft, Moved, Sensitivity};
use super::super::super::goal::Goal;
use super::super::super::url;
use super::erb;
use super::stanza::{Stanza, Stanzas, is_generated};
use super::{Whose, is_local, switch};

/// A setting that deploys differ in, and the end of its variable's name.
const MOVED: [(&[u8], &str); 7] = [
    (b"host", "HOST"),
    (b"port", "PORT"),
    (b"socket", "SOCKET"),
    (b"database", "NAME"),
    (b"username", "USERNAME"),
    (b"password", "PASSWORD"),
    (b"url", "URL"),
];

pub(super) fn draft(draft: &mut Draft, goal: Goal, whose: Whose) {
    let yaml = Yaml::new(draft.source);
    if let Some(broken) = yaml.broken {
        draft.give_up(broken);
        return;
    }
    generated(draft, &yaml);
    let stanzas = Stanzas::new(&yaml);
    let mut done = Vec::new();
    if whose.is_own {
        for stanza in stanzas.deployed() {
            for (key, name) in MOVED {
                let Some(nth) = stanzas.effective(&yaml, stanza, key) else { continue };
                if !done.contains(&nth) {
                    done.push(nth);
                    let (yaml, stanzas) = (&yaml, &stanzas);
                    Field { yaml, stanzas, goal, whose, nth, name }.go(draft);
                }
            }
        }
        left(draft, &yaml, &stanzas, &done);
    }
    if goal.is_switch() {
        switch::draft(draft, &yaml, &stanzas, whose.has_both);
    }
}

/// One setting on its way.
struct Field<'a, 'b> {
    yaml: &'b Yaml<'a>,
    stanzas: &'b Stanzas<'a>,
    goal: Goal,
    whose: Whose<'b>,
    nth: usize,
    name: &'static str,
}

impl Field<'_, '_> {
    fn go(&self, draft: &mut Draft) {
        let pair = &self.yaml.pairs[self.nth];
        let Some(owner) = self.stanzas.owner(self.nth) else { return };
        let is_password = self.name == "PASSWORD";
        let is_secret = is_password || self.name == "URL";
        let Some(value) = self.value(draft, pair, is_password) else { return };
        if self.is_dropped(pair) {
            return;
        }
        let key = format!("{}{}", self.prefix(owner), self.name);
        let fallback = if is_secret { None } else { self.fallback(&value) };
        let expression = match fallback {
            Some(text) => format!("<%= ENV.fetch(\"{key}\", {text}) %>"),
            None if is_password => format!("<%= ENV[\"{key}\"].to_json %>"),
            None => format!("<%= ENV[\"{key}\"] %>"),
        };
        let (span, expression) = if pair.span.is_empty() {
            (blank(draft.source, pair.span), format!(" {expression}"))
        } else {
            (pair.span, expression)
        };
        let deploy = self.deploy(owner);
        let sensitivity = if is_secret { Sensitivity::Secret } else { Sensitivity::Plain };
        let value = self.for_target(value);
        draft.to_environment(span, &value, Moved { key, expression, sensitivity, deploy });
    }

    /// The literal; none if there is nothing to move, or it cannot be told.
    fn value(&self, draft: &mut Draft, pair: &Pair, is_password: bool) -> Option<Vec<u8>> {
        if pair.value.is_none() {
            // `password: &abc` is an anchor to YAML, whatever somebody meant by it.
            if pair.anchor.is_some() || pair.tag.is_some() {
                draft.secrets.push(pair.span);
                draft.refuse(pair.key.span.start, ODD, ODD_HELP);
                return None;
            }
            return (is_password && !pair.has_pairs).then(Vec::new);
        }
        if pair.value.is_some_and(|value| value.kind == Kind::Alias) {
            draft.secrets.push(pair.span);
            draft.refuse(pair.key.span.start, ODD, ODD_HELP);
            return None;
        }
        let Some(scalar) = self.yaml.scalar(pair) else {
            draft.secrets.push(pair.span);
            draft.refuse(
                pair.key.span.start,
                "the value is written over several lines, so it stays as it is",
                format!(
                    "write `{}: <%= ENV[…] %>` by hand",
                    String::from_utf8_lossy(self.yaml.key(pair))
                ),
            );
            return None;
        };
        if scalar.is_dynamic {
            if is_password || self.name == "URL" {
                fallback_secrets(draft, pair, self.goal);
            }
            return None;
        }
        let is_null = pair.value.is_some_and(|value| value.kind == Kind::Plain)
            && matches!(&scalar.value[..], b"~" | b"null" | b"Null" | b"NULL");
        Some(if is_null { Vec::new() } else { scalar.value.into_owned() })
    }

    /// What goes away with MySQL need not move.
    fn is_dropped(&self, pair: &Pair) -> bool {
        self.goal.is_switch() && self.yaml.key(pair) == b"socket"
    }

    /// `DATABASE_` or, of a further connection or template, `CACHE_DATABASE_`.
    fn prefix(&self, owner: &Stanza) -> String {
        let name = match owner.connection {
            Some(connection) if connection != b"primary" => Some(connection),
            Some(_) => None,
            None if self.stanzas.is_template(owner) => {
                let first = self.stanzas.templates().next();
                let is_first = first.is_some_and(|first| first.own == owner.own);
                (!is_first).then_some(owner.environment)
            }
            None if is_local(owner.environment) || self.whose.is_deploy(owner.environment) => None,
            None => Some(owner.environment),
        };
        let Some(name) = name else { return "DATABASE_".to_owned() };
        let word = String::from_utf8_lossy(name).to_ascii_uppercase();
        let word = word.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        format!("{}_DATABASE_", word.trim_matches('_'))
    }

    /// What development uses as well stays as the value where no variable is set.
    fn fallback(&self, value: &[u8]) -> Option<String> {
        let key = self.yaml.key(&self.yaml.pairs[self.nth]);
        let mut local = self.stanzas.local();
        let is_shared =
            local.any(|one| self.stanzas.effective(self.yaml, one, key) == Some(self.nth));
        let value = self.for_target(value.to_vec());
        is_shared.then(|| erb::string(&value)).flatten()
    }

    fn deploy(&self, owner: &Stanza) -> Option<String> {
        let is_other = owner.environment != b"production"
            && self.whose.is_deploy(owner.environment)
            && !self.stanzas.is_template(owner);
        is_other.then(|| String::from_utf8_lossy(owner.environment).into_owned())
    }

    /// The value as PostgreSQL would have it, as far as that can be told.
    fn for_target(&self, value: Vec<u8>) -> Vec<u8> {
        if !self.goal.is_switch() {
            return value;
        }
        match self.name {
            "PORT" if value == b"3306" => b"5432".to_vec(),
            "URL" => {
                let text = String::from_utf8_lossy(&value).into_owned();
                url::to_postgres(&text, "postgresql").map_or(value, String::into_bytes)
            }
            _ => value,
        }
    }
}

/// Environments that a loop of ERB makes: which settings each has is nothing that the text says.
fn generated(draft: &mut Draft, yaml: &Yaml) {
    let is_generated = |pair: &&Pair| is_generated(yaml.key(pair));
    if let Some(first) = yaml.pairs.iter().find(is_generated) {
        draft.refuse(
            first.key.span.start,
            "ERB makes the name of this environment, so what stands in it stays in the code",
            "write `password: <%= ENV[\"DATABASE_PASSWORD\"].to_json %>` by hand, and so the others",
        );
    }
}

/// Where a value is missing, with the spaces behind the colon if nothing else stands there.
fn blank(source: &[u8], at: Span) -> Span {
    let line = line_span(source, at.start);
    let rest = source.get(at.start..line.end).unwrap_or_default();
    if rest.trim_ascii().is_empty() { Span::new(at.start, line.end.max(at.start)) } else { at }
}

const ODD: &str = "YAML reads this value as an anchor, an alias or a tag, so it stays as it is";
const ODD_HELP: &str =
    "put it into the environment by hand: `password: <%= ENV[\"DATABASE_PASSWORD\"].to_json %>`";

/// A password that stands in for a variable is a password in the code, and goes to where the
/// variable is set.
fn fallback_secrets(draft: &mut Draft, pair: &Pair, goal: Goal) {
    for tag in erb::tags(draft.source, pair.span) {
        let code = ruby::Code::new(tag.of(draft.source));
        for at in 0..code.tokens.len() {
            erb::move_fallback(draft, &code, (at, tag.start), "password");
        }
    }
    // An address without a password stays as the value where no variable is set, and is a server's.
    if goal.is_switch() {
        for (span, value) in erb::literals(draft.source, pair.span) {
            let text = String::from_utf8_lossy(&value).into_owned();
            let new = url::to_postgres(&text, "postgresql").filter(|_| draft.is_free(span));
            if let Some(new) = new.and_then(|new| erb::string(new.as_bytes())) {
                draft.replace(span, new);
            }
        }
    }
}

/// Passwords of environments that nobody deploys.
fn left(draft: &mut Draft, yaml: &Yaml, stanzas: &Stanzas, done: &[usize]) {
    for stanza in stanzas.all.iter().filter(|one| !is_generated(one.environment)) {
        for nth in &stanza.own {
            let pair = &yaml.pairs[*nth];
            let is_secret = matches!(yaml.key(pair), b"password" | b"url");
            let literal = yaml.scalar(pair).filter(|one| !one.is_dynamic && !one.value.is_empty());
            if !is_secret || done.contains(nth) || literal.is_none() {
                continue;
            }
            draft.secrets.push(pair.span);
            let message = "a password that no deploy uses stays in the code";
            draft.found(Code::SettingLeft, pair.key.span.start, message);
        }
    }
}
