//! What a shell's variables are to become: what was loaded before is taken back, and what is loaded
//! now is put over the rest.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Variables;
use super::shell::Change;
use crate::secret::Secret;

/// The variable by which a shell, and those it starts, know what is loaded.
pub(super) const STATE: &str = "NIRVANA_ENV";

/// What is loaded, and what was there before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Loaded {
    /// Of the file's path and contents.
    pub(super) digest: String,
    /// Whether the file was allowed; one that could not be read is, and yet sets nothing.
    pub(super) is_allowed: bool,
    /// By name a digest of the value that was set: a value that somebody has changed since is his.
    set: BTreeMap<String, String>,
    /// By name the value that was there, in base64; none if there was none.
    before: BTreeMap<String, Option<String>>,
}

impl Loaded {
    /// The file was seen, and nothing of it set.
    pub(super) fn seen(digest: String, is_allowed: bool) -> Self {
        Self { digest, is_allowed, ..Self::default() }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.set.keys().map(String::as_str)
    }

    /// As a shell has it in its variable; what is no such state counts as none.
    pub(super) fn of(variables: &Variables) -> Option<Self> {
        let text = variables.get(OsStr::new(STATE))?;
        let json = BASE64.decode(text.as_bytes()).ok()?;
        serde_json::from_slice(&json).ok()
    }

    fn text(&self) -> Result<OsString, serde_json::Error> {
        Ok(BASE64.encode(serde_json::to_vec(self)?).into())
    }
}

/// The variables as they were before anything was loaded, as far as nobody has changed them since.
pub(super) fn without(loaded: &Loaded, variables: &Variables) -> Variables {
    let mut variables = variables.clone();
    for (name, set) in &loaded.set {
        let key = OsStr::new(name);
        let is_ours = variables.get(key).is_some_and(|value| digest(value) == *set);
        if !is_ours {
            continue;
        }
        let before = loaded.before.get(name).and_then(Option::as_ref);
        match before.and_then(|before| BASE64.decode(before).ok()) {
            Some(value) => variables.insert(key.to_owned(), OsString::from_vec(value)),
            None => variables.remove(key),
        };
    }
    variables
}

/// What a file loads over the variables, and the state that takes it back.
pub(super) fn with(
    digest_of_file: String,
    values: &BTreeMap<String, Secret>,
    variables: &Variables,
) -> (Variables, Loaded) {
    let mut loaded = Loaded::seen(digest_of_file, true);
    let mut after = variables.clone();
    for (name, value) in values {
        let value = OsStr::new(value.expose());
        let before = after.insert(name.into(), value.to_owned());
        loaded.set.insert(name.clone(), digest(value));
        loaded.before.insert(name.clone(), before.map(|value| BASE64.encode(value.as_bytes())));
    }
    (after, loaded)
}

/// From the variables as they are to those that are wanted, the state included.
pub(super) fn changes(
    now: &Variables,
    mut wanted: Variables,
    state: Option<&Loaded>,
) -> Result<Vec<Change>, serde_json::Error> {
    match state {
        Some(state) => wanted.insert(STATE.into(), state.text()?),
        None => wanted.remove(OsStr::new(STATE)),
    };
    let unset = now.keys().filter(|name| !wanted.contains_key(*name)).cloned().map(Change::Unset);
    let set = wanted.iter().filter(|(name, value)| now.get(*name) != Some(*value));
    let set = set.map(|(name, value)| Change::Set(name.clone(), value.clone()));
    Ok(unset.chain(set).collect())
}

fn digest(value: &OsStr) -> String {
    BASE64.encode(Sha256::digest(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Loaded, STATE, Variables, changes, with, without};
    use crate::env::shell::Change;
    use crate::secret::Secret;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, Secret> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
    }

    #[test]
    fn what_is_taken_back_is_what_was_there() {
        let before = variables(&[("A", "1"), ("EMPTY", ""), ("OTHER", "o")]);
        let (inside, loaded) =
            with("d".into(), &values(&[("A", "2"), ("EMPTY", "x"), ("NEW", "n")]), &before);
        assert_eq!(inside, variables(&[("A", "2"), ("EMPTY", "x"), ("NEW", "n"), ("OTHER", "o")]));
        assert_eq!(without(&loaded, &inside), before);
    }

    #[test]
    fn what_somebody_changed_since_is_his() {
        let before = variables(&[("A", "1")]);
        let (mut inside, loaded) = with("d".into(), &values(&[("A", "2"), ("B", "b")]), &before);
        inside.insert("A".into(), "mine".into());
        inside.remove(std::ffi::OsStr::new("B"));
        assert_eq!(without(&loaded, &inside), variables(&[("A", "mine")]));
    }

    #[test]
    fn the_state_goes_through_a_variable_and_has_no_value_that_was_set() {
        let before = variables(&[("A", "1")]);
        let (inside, loaded) = with("d".into(), &values(&[("A", "hunter2")]), &before);
        let changes = changes(&before, inside, Some(&loaded)).unwrap();
        let mut now = before.clone();
        for change in &changes {
            if let Change::Set(name, value) = change {
                now.insert(name.clone(), value.clone());
            }
        }
        assert_eq!(Loaded::of(&now), Some(loaded));
        let state = now[std::ffi::OsStr::new(STATE)].clone().into_string().unwrap();
        assert!(!state.contains("hunter2"));
        now.insert(STATE.into(), "nonsense".into());
        assert_eq!(Loaded::of(&now), None);
    }
}
