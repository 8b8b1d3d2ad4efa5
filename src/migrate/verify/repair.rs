//! Gives the target the source's rows where they differ: one transaction a table, so that a table
//! is mended as a whole or not at all.

use crate::migrate::error::Error;
use crate::migrate::verify::sql::Shape;
use crate::migrate::verify::subject::Subject;
use crate::postgres::connect::Session;

/// Before anything is mended: foreign keys that can wait do, and our own triggers, which would set
/// the time of a change, keep still.
pub(super) async fn begin(session: &Session, subject: &Subject) -> Result<(), Error> {
    session.execute("SET CONSTRAINTS ALL DEFERRED").await?;
    triggers(session, subject, "DISABLE").await
}

/// Mends the differing rows that were compared last.
pub(super) async fn mend(session: &Session, shape: &Shape) -> Result<(), Error> {
    for statement in shape.mend() {
        session.execute(&statement).await?;
    }
    Ok(())
}

/// What waited is checked now, so that its error is heard before the commit.
pub(super) async fn end(session: &Session, subject: &Subject) -> Result<(), Error> {
    session.execute("SET CONSTRAINTS ALL IMMEDIATE").await?;
    triggers(session, subject, "ENABLE").await
}

async fn triggers(session: &Session, subject: &Subject, word: &str) -> Result<(), Error> {
    let shape = Shape::of(&subject.mapping, &subject.key);
    for trigger in &subject.triggers {
        session.execute(&shape.trigger(word, trigger)).await?;
    }
    Ok(())
}
