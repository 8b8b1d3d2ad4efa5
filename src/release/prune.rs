//! Old releases go, but never what serves and never what a rollback would return to.

use super::board::Board;
use super::error::Error;
use super::hold::{hold_all, release_all};
use super::ledger::{Entry, Id, State};
use super::plan::prune_steps;
use super::run::{Mode, Request, Run};
use super::site::Site;
use super::step::StepKind;
use crate::event::Events;
use crate::report::{Outcome, Report};
use crate::shutdown::Shutdown;

/// Keeps the good releases that the settings say, which the command line may have changed.
pub(crate) async fn prune(request: Request, events: Events, shutdown: Shutdown) -> Report {
    let mut run = Run::new(request, events, shutdown);
    let ended = Box::pin(go(&mut run)).await;
    run.end(ended).await
}

async fn go(run: &mut Run) -> Result<Outcome, Error> {
    run.find_hosts()?;
    let sites = run.look().await?;
    let steps = prune_steps(run.settings(), &sites);
    run.report.steps.clone_from(&steps);
    if run.request.mode == Mode::Show {
        return Ok(run.planned());
    }
    let board = Board::new(&run.events, &run.env, steps);
    board.tell_skipped();
    let none = Id::new(0, "0");
    let holds = hold_all(run, &none, &board).await?;
    let sites = run.look().await?;
    run.has_written = true;
    let done = remove(run, &sites, &board).await;
    run.report.steps = board.report();
    release_all(holds).await;
    done.map(|()| run.done())
}

async fn remove(run: &Run, sites: &[Site], board: &Board) -> Result<(), Error> {
    for Site { host, seen } in sites {
        let current = seen.current();
        let keep = run.settings().keep();
        let ids = seen.ledger.to_prune(&seen.folders, current.as_ref(), keep);
        let command = run.scripts.prune(&Entry::new(&Id::new(0, "0"), State::Pruned), &ids);
        let work = async {
            let output = host.run(&command).await?;
            if output.code == 0 { Ok(()) } else { Err(Error::site(host, output.stderr.trim())) }
        };
        board.step(StepKind::Prune, Some(host.name()), work).await?;
    }
    Ok(())
}
