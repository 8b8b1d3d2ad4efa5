//! A host, and what is on it.

use futures_util::future::try_join_all;

use super::error::Error;
use super::ledger::{Id, Ledger};
use super::script::Scripts;
use super::settings::Settings;
use crate::host::Host;

/// A host with the application's folder as it was when we looked.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) host: Host,
    pub(super) seen: Seen,
}

/// What is in the application's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Where `current` leads, as the link has it; empty where there is none.
    pub(super) current: String,
    /// `current` is there and is no link.
    pub(super) is_occupied: bool,
    /// Names in `releases`.
    pub(super) folders: Vec<String>,
    pub(super) ledger: Ledger,
    /// Names of settings in a shared file that was asked for.
    pub(super) keys: Vec<String>,
    /// Shared files that are not there.
    pub(super) absent: Vec<String>,
    /// Programs that are not there.
    pub(super) missing: Vec<String>,
    /// Who has the lock, if somebody does.
    pub(super) held: Option<Owner>,
}

/// Who is at work on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A run that lives.
    Alive(String),
    /// A run that has died, of which a command is still at work.
    Busy(String),
}

impl Seen {
    pub(super) fn parse(text: &str) -> Self {
        let mut seen = Self::default();
        let mut ledger = Vec::new();
        for line in text.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "current" => rest.clone_into(&mut seen.current),
                "occupied" => seen.is_occupied = true,
                "folder" => seen.folders.push(rest.to_owned()),
                "key" => seen.keys.push(rest.to_owned()),
                "absent" => seen.absent.push(rest.to_owned()),
                "missing" => seen.missing.push(rest.to_owned()),
                "held" => seen.held = Some(Owner::Alive(owner(rest))),
                "busy" => seen.held = Some(Owner::Busy(owner(rest))),
                "ledger" => ledger.push(rest),
                _ => {}
            }
        }
        seen.ledger = Ledger::parse(ledger);
        seen
    }

    /// The release that `current` leads to, if it is one of ours.
    pub(super) fn current(&self) -> Option<Id> {
        Id::parse(self.current.strip_prefix("releases/")?)
    }

    pub(super) fn has(&self, id: &Id) -> bool {
        self.folders.iter().any(|folder| folder == id.as_str())
    }

    /// Where to return to if the next release is not well: to what serves now, or, if that is known
    /// not to be good, to what was good last.
    pub(super) fn back(&self) -> String {
        let serving = self.current().and_then(|id| self.ledger.get(&id).cloned());
        if serving.is_none_or(|release| release.is_known_good()) {
            return self.current.clone();
        }
        let good = self.ledger.good().find(|release| self.has(&release.id));
        good.map_or_else(|| self.current.clone(), |release| format!("releases/{}", release.id))
    }
}

/// `alice@desk since 2026-11-28T07:12:00Z`, from the lock's own words.
pub(super) fn owner(json: &str) -> String {
    let told: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let word = |name: &str| told[name].as_str().map(str::to_owned);
    match (word("by"), word("since")) {
        (Some(by), Some(since)) => {
            let what = word("release").map_or(String::new(), |it| format!(", for release {it}"));
            format!("{by} since {since}{what}")
        }
        _ => "a run that has not said who it is".to_owned(),
    }
}

/// Connects to all hosts and looks at them, side by side.
pub(super) async fn look(
    settings: &Settings,
    scripts: &Scripts,
    hosts: &[Host],
) -> Result<Vec<Site>, Error> {
    let one = async |host: &Host| {
        host.connect().await?;
        let seen = look_at(settings, scripts, host).await?;
        Ok::<Site, Error>(Site { host: host.clone(), seen })
    };
    try_join_all(hosts.iter().map(one)).await
}

pub(super) async fn look_at(
    settings: &Settings,
    scripts: &Scripts,
    host: &Host,
) -> Result<Seen, Error> {
    let env = settings.env_file();
    let asks = settings.env.is_none() && settings.shared.files.iter().any(|file| file == env);
    let command = scripts.look(asks.then_some(env), &settings.shared.files);
    let output = host.run(&command).await?;
    if output.code != 0 {
        return Err(Error::site(
            host,
            format!("cannot look at {}: {}", scripts.root(), output.stderr.trim()),
        ));
    }
    Ok(Seen::parse(&output.stdout))
}

/// The hosts of the file.
pub(super) fn hosts(settings: &Settings, folder: &std::path::Path) -> Result<Vec<Host>, Error> {
    let config = settings.ssh_config.as_ref();
    let config = config.map(|path| folder.join(path).display().to_string());
    let mut names = settings.hosts.clone();
    if names.is_empty() {
        names.push("local".to_owned());
    }
    let mut hosts: Vec<Host> = Vec::new();
    for name in names {
        if hosts.iter().any(|host| host.name() == name) {
            return Err(Error::wanted("release.hosts", format!("'{name}' is there twice")));
        }
        hosts.push(Host::parse(&name, config.as_deref())?);
    }
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use super::{Owner, Seen};

    #[test]
    fn what_a_host_says_is_read_back() {
        let seen = Seen::parse(concat!(
            "missing flock\nabsent .env\nkey A\nkey B\ncurrent releases/2-b\nfolder 1-a\nfolder 2-b\n",
            "held {\"pid\":7,\"since\":\"2026-11-28T01:02:03Z\",\"by\":\"alice@desk\",\"release\":\"3-c\"}\n",
            "ledger {\"at\":\"t\",\"release\":\"1-a\",\"state\":\"good\"}\n",
            "ledger {\"at\":\"t\",\"release\":\"2-b\",\"state\":\"switched\"}\n",
        ));
        assert_eq!(seen.current().unwrap().as_str(), "2-b");
        let owner = "alice@desk since 2026-11-28T01:02:03Z, for release 3-c";
        assert_eq!(seen.held, Some(Owner::Alive(owner.to_owned())));
        // What serves was never found good: to what was.
        assert_eq!(seen.back(), "releases/1-a");
        // What another tool has put there is returned to.
        assert_eq!(
            Seen::parse("current /srv/shop/releases/2024").back(),
            "/srv/shop/releases/2024"
        );
    }
}
