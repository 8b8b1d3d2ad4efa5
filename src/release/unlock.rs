//! Who holds the hosts; with force, ends what holds them.
//!
//! A lock cannot be forgotten: the kernel has it, and it ends with the last process of its run. What
//! may stay is a session of a machine that has gone from the network, until the host notices.

use super::error::Error;
use super::run::{Request, Run};
use super::site::owner;
use crate::event::Events;
use crate::report::{Outcome, Report};
use crate::shutdown::Shutdown;

pub(crate) async fn unlock(
    (request, force): (Request, bool),
    events: Events,
    shutdown: Shutdown,
) -> Report {
    let mut run = Run::new(request, events, shutdown);
    let ended = go(&mut run, force).await;
    run.end(ended).await
}

async fn go(run: &mut Run, force: bool) -> Result<Outcome, Error> {
    run.find_hosts()?;
    let hosts = run.hosts.clone();
    let mut held = None;
    for host in &hosts {
        host.connect().await?;
        let output = host.run(&run.scripts.unlock(force)).await?;
        let mut holder = None;
        for line in output.stdout.lines() {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("held", json) => holder = Some(owner(json)),
                ("ended", process) => {
                    let owner = holder.as_deref().unwrap_or("somebody");
                    let change = format!("{host}: ended process {process} of {owner}");
                    run.report.changes.push(change);
                }
                _ => {}
            }
        }
        if output.code != 0 {
            let what = format!("{host}:{}", run.scripts.root());
            held = Some((what, holder.unwrap_or_else(|| "somebody".to_owned())));
        }
    }
    match held {
        Some((what, owner)) if !force => Err(Error::Locked { what, owner }),
        Some((what, owner)) => {
            let problem = format!("{what} is still locked by {owner}: it is not ours to end");
            Err(Error::wanted("--force", problem))
        }
        None => Ok(run.done()),
    }
}
