//! `[release]` of `nirvana.toml`: which machines, where on them, and what is done at each step.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Error;
use super::step::StepKind;
use crate::secret::Reference;

/// How the application gets from a commit to a running release.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The folder on each host that has `current`, `releases` and `shared` in it: from the root, or
    /// `~/…` from the home of who logs in there.
    pub(super) path: String,
    /// The repository, from this file's folder; [default: .]
    #[serde(default)]
    pub(super) repository: Option<String>,
    /// `local`, `web1`, `deploy@web1`, `ssh://deploy@web1:2222`; the first goes first. [default: local]
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    /// A configuration for ssh, instead of the user's own.
    #[serde(default)]
    pub(super) ssh_config: Option<String>,
    /// Good releases that are kept, the current one among them, and never less than two; [default: 5]
    #[serde(default)]
    pub(super) keep: Option<usize>,
    /// The file of a release that its id is written to; [default: RELEASE]
    #[serde(default)]
    pub(super) id_file: Option<String>,
    #[serde(default)]
    pub(super) shared: Shared,
    /// Settings of the application's environment, written to a file of the release.
    #[serde(default)]
    pub(super) env: Option<Env>,
    /// Files that are rendered into the release: web server, services, containers.
    #[serde(default)]
    pub(super) files: Vec<File>,
    /// Commands that make a release of the files, run on each host in the release's folder.
    #[serde(default)]
    pub(super) build: Vec<String>,
    /// The release command, such as a migration: once, on the first host.
    #[serde(default)]
    pub(super) command: Option<ReleaseCommand>,
    /// Makes running processes take up the new release, on each host, after the switch.
    #[serde(default)]
    pub(super) reload: Option<String>,
    /// How a release proves that it is the one which answers.
    #[serde(default)]
    pub(super) health: Option<Health>,
    /// Commands run here, in this file's folder: `before-STEP` and `after-STEP`.
    #[serde(default)]
    pub(super) hooks: BTreeMap<String, String>,
    /// Who is told how it ended.
    #[serde(default)]
    pub(super) notices: Vec<Notice>,
}

/// What all releases have in common; it lies in `shared`, and releases link to it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Shared {
    /// Made where they are absent; what the repository has in them is copied there once.
    #[serde(default)]
    pub(super) directories: Vec<String>,
    /// They must be there.
    #[serde(default)]
    pub(super) files: Vec<String>,
}

/// The application's environment.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Env {
    /// The file of the release that has it, as the framework reads it; [default: .env]
    #[serde(default)]
    pub(super) file: Option<String>,
    /// Its mode, in octal; [default: 0600]
    #[serde(default)]
    pub(super) mode: Option<String>,
    /// The name of each setting, and its text or where its text is.
    #[serde(default)]
    pub(super) values: BTreeMap<String, Value>,
    /// Names that the code reads and that may be absent.
    #[serde(default)]
    pub(super) optional: Vec<String>,
}

/// A text, or where it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Value {
    /// Not a secret: it is shown.
    Text(String),
    Reference(Reference),
}

/// A file that is rendered into the release, and so switches and returns with it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct File {
    /// Where in the release.
    pub(super) to: String,
    /// A template that nirvana has, such as nginx/php.conf.
    #[serde(default)]
    pub(super) template: Option<String>,
    /// A template of your own, from this file's folder; `language` says what it is written in.
    #[serde(default)]
    pub(super) source: Option<String>,
    /// nginx, systemd, php-fpm, yaml…: how values are quoted in a template of your own.
    #[serde(default)]
    pub(super) language: Option<String>,
    /// What its holes are filled with; `release` is there by itself.
    #[serde(default)]
    pub(super) values: BTreeMap<String, serde_json::Value>,
    /// A command that refuses a wrong file, run in the release with its path as $FILE.
    #[serde(default)]
    pub(super) validate: Option<String>,
}

/// What changes what all releases share: the database.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ReleaseCommand {
    pub(super) run: String,
    /// The database whose advisory lock is held meanwhile: mysql:// or postgres://.
    #[serde(default)]
    pub(super) lock: Option<Reference>,
    /// Seconds that the lock is waited for; [default: 60]
    #[serde(default)]
    pub(super) lock_wait: Option<u64>,
}

/// A question over HTTP whose answer must have the id of the release.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Health {
    /// As each host sees it, such as http://127.0.0.1:8080/up
    pub(super) url: String,
    /// Of hosts that are to be asked at another URL, by their names.
    #[serde(default)]
    pub(super) urls: BTreeMap<String, String>,
    /// The Host header, if not the URL's.
    #[serde(default)]
    pub(super) host: Option<String>,
    /// The status that is well; [default: 200]
    #[serde(default)]
    pub(super) status: Option<u16>,
    /// Where the id stands; [default: anywhere]
    #[serde(default)]
    pub(super) id_in: IdIn,
    /// The header, if `id-in` is that.
    #[serde(default)]
    pub(super) header: Option<String>,
    /// Good answers in a row that are wanted; [default: 3]
    #[serde(default)]
    pub(super) answers: Option<u32>,
    /// Seconds until it must be well; [default: 30]
    #[serde(default)]
    pub(super) within: Option<u64>,
    /// Seconds that one answer may take; [default: 5]
    #[serde(default)]
    pub(super) timeout: Option<u64>,
}

/// Where an answer has the id of the release that gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IdIn {
    /// In the body or in any header.
    #[default]
    Anywhere,
    Body,
    Header,
    /// Nowhere: then an old release that still answers passes, which is a warning each time.
    Nowhere,
}

/// Somebody who is told how a release ended.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Notice {
    /// What is sent.
    pub(super) kind: NoticeKind,
    /// Where to; it is a secret, so it is a reference.
    pub(super) url: Reference,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NoticeKind {
    /// `{"text": "…"}`, as Slack, Mattermost and others take it.
    Slack,
    /// The release, its outcome, its commit and its hosts as JSON.
    Webhook,
}

impl Settings {
    pub(super) fn id_file(&self) -> &str {
        self.id_file.as_deref().unwrap_or("RELEASE")
    }

    pub(super) fn env_file(&self) -> &str {
        self.env.as_ref().and_then(|env| env.file.as_deref()).unwrap_or(".env")
    }

    /// Two at least: what serves, and what it would return to.
    pub(super) fn keep(&self) -> usize {
        self.keep.unwrap_or(5).max(2)
    }

    /// All that can be judged without asking anybody.
    pub(super) fn check(&self) -> Result<(), Error> {
        let path = self.path.trim_end_matches('/');
        let is_rooted = path.starts_with('/') || path.starts_with("~/");
        let leads_up = path.split('/').any(|part| part == "..");
        if !is_rooted || leads_up || path.len() < 2 || path.chars().any(char::is_control) {
            let error = Error::wanted(
                "release.path",
                format!("'{}' is no folder from the root", self.path),
            );
            return Err(error.hinted("such as path = \"/srv/shop\", or ~/shop"));
        }
        self.check_paths()?;
        let hooks: Vec<String> = StepKind::ALL
            .iter()
            .filter(|kind| !matches!(kind, StepKind::Contract | StepKind::Prune))
            .flat_map(|kind| ["before", "after"].map(|when| format!("{when}-{}", kind.word())))
            .collect();
        if let Some(hook) = self.hooks.keys().find(|hook| !hooks.contains(hook)) {
            let error = Error::wanted("release.hooks", format!("'{hook}' is no hook"));
            return Err(error.hinted(format!("known: {}", hooks.join(", "))));
        }
        if self.keep == Some(0) {
            let problem = "0 would leave nothing to return to";
            return Err(Error::wanted("release.keep", problem));
        }
        self.env.as_ref().map_or(Ok(()), Env::check)?;
        self.check_health()
    }

    fn check_health(&self) -> Result<(), Error> {
        let Some(health) = &self.health else { return Ok(()) };
        if let Some(name) = health.urls.keys().find(|name| !self.hosts.contains(name)) {
            let problem = format!("'{name}' is none of release.hosts");
            return Err(Error::wanted("release.health.urls", problem));
        }
        if (health.id_in == IdIn::Header) != health.header.is_some() {
            let problem = "id-in = \"header\" and header = \"…\" belong together";
            return Err(Error::wanted("release.health", problem));
        }
        Ok(())
    }

    fn check_paths(&self) -> Result<(), Error> {
        let shared = self.shared.directories.iter().chain(&self.shared.files);
        let shared = shared.map(|path| ("release.shared", path.as_str()));
        let files = self.files.iter().map(|file| ("release.files", file.to.as_str()));
        let own = [("release.id-file", self.id_file()), ("release.env.file", self.env_file())];
        let mut seen: Vec<&str> = Vec::new();
        for (place, path) in shared.chain(files).chain(own) {
            let is_bad = |part: &str| part.is_empty() || part == "." || part == "..";
            if path.starts_with('/') || path.split('/').any(is_bad) || path.contains(['\n', '\0']) {
                let problem = format!("'{path}' is no path within a release");
                return Err(Error::wanted(place, problem).hinted(
                    "name it from the release's own folder, such as config/nginx.conf; what lies \
                     outside can be a link to current/config/nginx.conf",
                ));
            }
            let within = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}/"));
            let is_env = place == "release.env.file" && self.env.is_none();
            if let Some(other) = seen.iter().find(|it| within(it, path) || within(path, it))
                && !is_env
            {
                let problem = format!("'{path}' and '{other}' are one in the other");
                return Err(Error::wanted(place, problem));
            }
            if !is_env {
                seen.push(path);
            }
        }
        Ok(())
    }
}

impl Env {
    fn check(&self) -> Result<(), Error> {
        let is_octal = |mode: &str| {
            (1..=4).contains(&mode.len()) && mode.chars().all(|digit| digit.is_digit(8))
        };
        if let Some(mode) = self.mode.as_deref().filter(|mode| !is_octal(mode)) {
            return Err(Error::wanted("release.env.mode", format!("'{mode}' is no octal mode")));
        }
        if let Some(name) = self.values.keys().find(|name| !is_name(name)) {
            let problem = format!("'{name}' is no name that a shell could export");
            return Err(Error::wanted("release.env.values", problem));
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !name.is_empty() && name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
pub(super) mod tests {
    use super::Settings;

    /// From the text of the section.
    pub(in super::super) fn settings(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_can_be_seen_to_be_wrong_is_refused_with_its_place() {
        let mut told = String::new();
        for text in [
            "path = 'srv/shop'",
            "path = '/'",
            "path = '/srv/../etc'",
            "path = '/srv/shop'\nshared.files = ['/etc/passwd']",
            "path = '/srv/shop'\nshared.directories = ['a/../..']",
            "path = '/srv/shop'\nshared.directories = ['storage', 'storage/logs']",
            "path = '/srv/shop'\nid-file = '.env'\nenv = {}",
            "path = '/srv/shop'\nhooks.before-uplaod = 'true'",
            "path = '/srv/shop'\nhooks.after-prune = 'true'",
            "path = '/srv/shop'\nkeep = 0",
            "path = '/srv/shop'\nenv.mode = '0o600'",
            "path = '/srv/shop'\nenv.values = { 'A B' = 'x' }",
            "path = '/srv/shop'\nhealth = { url = 'http://h/', id-in = 'header' }",
        ] {
            told.push_str(&format!("{}\n", settings(text).check().unwrap_err()));
        }
        insta::assert_snapshot!(told, @r#"
        release.path: 'srv/shop' is no folder from the root
        release.path: '/' is no folder from the root
        release.path: '/srv/../etc' is no folder from the root
        release.shared: '/etc/passwd' is no path within a release
        release.shared: 'a/../..' is no path within a release
        release.shared: 'storage/logs' and 'storage' are one in the other
        release.env.file: '.env' and '.env' are one in the other
        release.hooks: 'before-uplaod' is no hook
        release.hooks: 'after-prune' is no hook
        release.keep: 0 would leave nothing to return to
        release.env.mode: '0o600' is no octal mode
        release.env.values: 'A B' is no name that a shell could export
        release.health: id-in = "header" and header = "…" belong together
        "#);
        settings("path = '/srv/shop'\nshared.files = ['.env']").check().unwrap();
    }
}
