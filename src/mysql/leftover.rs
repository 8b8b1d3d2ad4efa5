//! Connections of ours that the server goes on serving though the way to them is lost: until the
//! operating system gives them up, which can take hours, their transactions hold table definitions
//! and old row versions.

use std::time::Instant;

use super::error::Error;
use super::wire::Connection;

/// `ER_NO_SUCH_THREAD`: it went by itself.
const NO_SUCH_THREAD: u16 = 1094;

/// Connections to one server, and when they were open.
#[derive(Clone, Debug)]
pub(crate) struct Leftover {
    ids: Vec<u32>,
    seen: Instant,
}

impl Leftover {
    pub(crate) fn of<'a>(connections: impl Iterator<Item = &'a Connection>) -> Self {
        let ids = connections.map(|connection| connection.greeting().connection_id).collect();
        Self { ids, seen: Instant::now() }
    }

    /// Ends those that are still there. Needs no privilege: an account may end its own connections
    /// (`MySQL` manual, "KILL Statement").
    pub(crate) async fn end(self, control: &mut Connection) -> Result<(), Error> {
        let rows = control.rows("SHOW GLOBAL STATUS LIKE 'Uptime'").await?;
        let uptime = rows.first().map(|row| row.number(1)).transpose()?.flatten().unwrap_or(0);
        // A server that was started anew counts from the start: the numbers are others' now.
        if uptime < self.seen.elapsed().as_secs() {
            return Ok(());
        }
        // A name may lead to another server now, where the numbers are others'.
        let user = control.rows("SELECT USER()").await?;
        let user = user.first().and_then(|row| row.text(0)).unwrap_or_default().to_owned();
        let user = user.rsplit_once('@').map_or(user.as_str(), |(user, _)| user);
        let there = control.rows("SHOW PROCESSLIST").await?;
        let ours = there.iter().filter(|row| row.text(1) == Some(user));
        let mut numbers = Vec::new();
        for row in ours {
            numbers.extend(row.number(0)?);
        }
        for id in self.ids.into_iter().filter(|id| numbers.contains(&u64::from(*id))) {
            match control.execute(&format!("KILL CONNECTION {id}")).await {
                Err(error) if error.code() == Some(NO_SUCH_THREAD) => {}
                ended => drop(ended?),
            }
        }
        Ok(())
    }
}
