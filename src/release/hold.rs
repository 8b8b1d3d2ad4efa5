//! Holding a host for a run. The kernel has the lock (flock), so that it ends with the process that
//! holds it, and that ends when this one does, however it does.

use futures_util::future::join_all;

use super::board::Board;
use super::error::{Error, Printed};
use super::ledger::Id;
use super::run::Run;
use super::script::Scripts;
use super::site::owner;
use super::step::StepKind;
use crate::host::{Host, Session};

/// Who a run is, for those who find its lock.
#[derive(Clone, Debug)]
pub(super) struct Who {
    /// `alice@desk`
    pub(super) by: String,
    pub(super) release: Option<String>,
}

impl Who {
    /// The inside of a JSON object.
    fn inside(&self) -> String {
        let by = serde_json::Value::from(self.by.as_str());
        let release = self.release.as_deref().map_or(String::new(), |release| {
            format!(",\"release\":{}", serde_json::Value::from(release))
        });
        format!("\"by\":{by}{release}")
    }
}

/// The lock of one host.
#[derive(Debug)]
pub(super) struct Hold {
    session: Session,
}

impl Hold {
    /// Waits for `patience` seconds at most.
    pub(super) async fn take(
        host: &Host,
        scripts: &Scripts,
        who: &Who,
        patience: u64,
    ) -> Result<Self, Error> {
        let mut session = host.start(&scripts.lock(patience, &who.inside()))?;
        let mut holder = None;
        while let Some(line) = session.line().await? {
            match line.split_once(' ').unwrap_or((line.as_str(), "")) {
                ("locked", _) => return Ok(Self { session }),
                ("held", json) => holder = Some(owner(json)),
                ("busy", json) => {
                    let who = owner(json);
                    holder =
                        Some(format!("{who}; that run has died, but a command of it still runs"));
                }
                _ => {}
            }
        }
        let output = session.end().await?;
        match holder {
            Some(owner) => Err(Error::Locked { what: format!("{host}:{}", scripts.root()), owner }),
            None => Err(Error::Command {
                step: "lock",
                at: format!(" on {host}"),
                command: format!("flock {}/.nirvana/lock", scripts.root()),
                code: output.code,
                source: Printed(output.stderr.trim().to_owned()),
            }),
        }
    }

    /// Whether it is still held: the connection may be gone, or somebody may have taken it away.
    pub(super) fn is_held(&mut self) -> bool {
        self.session.is_alive()
    }

    pub(super) async fn release(self) {
        // Whatever ended it before, it is free.
        let _ = self.session.end().await;
    }
}

/// Takes every host's lock, in the order of the file: two runs cannot wait for each other.
pub(super) async fn hold_all(run: &Run, id: &Id, board: &Board) -> Result<Vec<Hold>, Error> {
    let who = Who { by: run.by.clone(), release: Some(id.to_string()) };
    let mut holds = Vec::new();
    for host in &run.hosts {
        let take = async {
            holds.push(Hold::take(host, &run.scripts, &who, run.request.patience).await?);
            Ok(())
        };
        if let Err(error) = board.step(StepKind::Lock, Some(host.name()), take).await {
            release_all(holds).await;
            return Err(error);
        }
    }
    Ok(holds)
}

pub(super) async fn release_all(holds: Vec<Hold>) {
    join_all(holds.into_iter().map(Hold::release)).await;
}
