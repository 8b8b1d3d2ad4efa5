//! `[audit]` of nirvana.toml.

use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use crate::twelve_factor::{Hit, State};

/// What an audit allows, and from which level on it fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The level from which on a finding makes the run fail; `--fail-on` outweighs it.
    pub(crate) fail_on: Option<LevelWord>,
    /// The file of known findings, from the folder of nirvana.toml; `--baseline` outweighs it.
    pub(crate) baseline: Option<String>,
    /// What is allowed, and why.
    pub(crate) allow: Vec<Allow>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LevelWord {
    Note,
    Warning,
    Error,
}

/// Findings that are allowed by the path of their file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Allow {
    /// A path from the root of the tree, with * for any letters, slashes too, and ? for one.
    pub(crate) path: String,
    /// The rules that it speaks of, such as III-017; all of them if none is named.
    #[serde(default)]
    pub(crate) rules: Vec<String>,
    /// Why.
    pub(crate) reason: String,
}

impl Settings {
    /// Marks what is allowed, and gives back the allowances that nothing needs.
    pub(super) fn apply<'a>(&'a self, hits: &mut [Hit]) -> Vec<&'a Allow> {
        let mut unused = Vec::new();
        for allow in self.allow.iter().filter(|allow| !allow.reason.trim().is_empty()) {
            let path = WildMatch::new(&allow.path);
            let mut used = false;
            for hit in hits.iter_mut().filter(|hit| path.matches(&hit.path)) {
                if allow.rules.is_empty() || allow.rules.iter().any(|rule| rule == hit.rule) {
                    used = true;
                    if hit.is_open() {
                        hit.state = State::AllowedByPath { reason: allow.reason.clone() };
                    }
                }
            }
            if !used {
                unused.push(allow);
            }
        }
        unused
    }
}
