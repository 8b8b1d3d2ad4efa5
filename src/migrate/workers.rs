//! The workers of a run, each with a reader and a session of its own, and who sees to it that the
//! target is alive.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::event::{Event, Phase};
use crate::migrate::ending;
use crate::migrate::error::Error;
use crate::migrate::source::Reader;
use crate::migrate::work::{Board, Worker};
use crate::postgres::connect::Session;

/// Ends, with an error, when the target no longer answers: a worker that waits for it, perhaps for
/// hours while an index is built, cannot tell a busy server from one that is gone.
pub(crate) async fn watch(session: &Session, limit: Duration) -> Error {
    loop {
        tokio::time::sleep(limit / 4).await;
        match tokio::time::timeout(limit, session.execute("SELECT 1")).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.into(),
            Err(_elapsed) => {
                return session.timed_out("waiting for a sign of life", limit).into();
            }
        }
    }
}

/// Runs the workers to their end.
pub(crate) async fn work(
    board: &Arc<Board>,
    readers: Vec<Reader>,
    sessions: Vec<Session>,
) -> Result<(), Error> {
    board.events.emit(Event::PhaseStarted { phase: Phase::Copy });
    let mut workers = JoinSet::new();
    for (reader, session) in readers.into_iter().zip(sessions) {
        let board = Arc::clone(board);
        let worker = Worker { reader: Some(reader), session };
        workers.spawn(async move { worker.work(&board).await });
    }
    ending::all(workers, &board.shutdown).await
}
