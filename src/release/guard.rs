//! A host that has switched and returns by itself, unless it is told that the release is good.
//!
//! The host holds the other end of a session. If this process dies, if the network does, if somebody
//! ends the lock, the session reads the end of its input, and the host puts the old release back. So
//! at no moment does the undoing hang on us.

use super::error::{Error, Printed};
use super::script::{Scripts, Switch};
use crate::host::{Host, Session};
use crate::secret::Secret;

#[derive(Debug)]
pub(super) struct Guard {
    host: Host,
    session: Session,
    /// What was printed meanwhile.
    said: Vec<String>,
}

/// Why a host is to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The release is over.
    NotWell,
    /// The next run goes on with it.
    Stopped,
}

/// How a guarded host ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    Yes,
    /// The connection was lost before it said so.
    Unknown,
}

impl Guard {
    /// Switches and reloads. If that fails, the host has returned already when this does.
    pub(super) async fn switch(
        host: &Host,
        scripts: &Scripts,
        switch: &Switch<'_>,
        settings: &Secret,
    ) -> Result<Self, Error> {
        let session = host.start(&scripts.switch(switch))?;
        let mut guard = Self { host: host.clone(), session, said: Vec::new() };
        guard.session.say(settings.expose()).await?;
        if guard.hears("nirvana: switched").await? {
            return Ok(guard);
        }
        let said = guard.said.join("\n");
        let output = guard.session.end().await?;
        let command = match switch.reload {
            "" => format!("current → releases/{}", switch.id),
            reload => reload.to_owned(),
        };
        Err(Error::Command {
            step: "switch",
            at: format!(" on {host}"),
            command,
            code: output.code,
            source: Printed(said.trim().to_owned()),
        })
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// Makes the release the one to stay.
    pub(super) async fn confirm(mut self) -> Result<(), Error> {
        self.session.say("good").await?;
        if self.hears("nirvana: good").await? {
            let _ = self.session.end().await;
            return Ok(());
        }
        let said = self.said.join("\n");
        Err(Error::site(&self.host, format!("it has returned to the old release: {said}")))
    }

    /// Tells it to return, and waits until it has.
    pub(super) async fn undo(mut self, why: Why) -> Returned {
        let word = match why {
            Why::NotWell => "return",
            Why::Stopped => "stop",
        };
        let said = async {
            self.session.say(word).await?;
            self.hears("nirvana: returned").await
        };
        let returned = matches!(said.await, Ok(true));
        let _ = self.session.end().await;
        if returned { Returned::Yes } else { Returned::Unknown }
    }

    async fn hears(&mut self, word: &str) -> Result<bool, Error> {
        while let Some(line) = self.session.line().await? {
            if line == word {
                return Ok(true);
            }
            if !line.starts_with("nirvana: ") {
                self.said.push(line);
            }
        }
        Ok(false)
    }
}
