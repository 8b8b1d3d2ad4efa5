//! One run at a time on each schema of the target, by advisory locks: the server lets go of them
//! when their session ends, however it ends.
//!
//! Source: `PostgreSQL` manual 9.28.10 "Advisory Lock Functions".

use std::time::Duration;

use crate::postgres::connect::Session;
use crate::postgres::error::Error;
use crate::postgres::quote::literal;

/// The first half of our locks' keys; the second is the schema's name, hashed.
const RUN: i32 = 0x6E76_0001;
/// Held, shared, by all sessions that write for a run.
const WRITERS: i32 = 0x6E76_0002;

/// A session that was killed takes the server some seconds to notice.
const PATIENCE: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(200);

/// Who is at work on the schema already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its server process, as `pg_terminate_backend` wants it.
    pub(crate) pid: String,
    pub(crate) user: String,
    /// The address it came from; empty for a local socket, or where it may not be seen.
    pub(crate) from: String,
    pub(crate) since: String,
}

/// Takes the schemas for this session, or says who has one of them. Writers of a run that was killed
/// are waited for too: what they still commit must be seen by whoever goes on. Nobody waits for
/// another for ever, since whoever does not get all of them gives up.
pub(crate) async fn take(session: &Session, schemas: &[&str]) -> Result<Option<Holder>, Error> {
    for schema in schemas {
        for class in [RUN, WRITERS] {
            if let Some(holder) = take_class(session, schema, class).await? {
                return Ok(Some(holder));
            }
        }
        let key = literal(schema);
        session.execute(&format!("SELECT pg_advisory_unlock({WRITERS}, hashtext({key}))")).await?;
    }
    Ok(None)
}

async fn take_class(session: &Session, schema: &str, class: i32) -> Result<Option<Holder>, Error> {
    let key = literal(schema);
    let sql = format!("SELECT 1 WHERE pg_try_advisory_lock({class}, hashtext({key}))");
    let mut waited = Duration::ZERO;
    while session.rows(&sql).await?.is_empty() {
        if waited >= PATIENCE {
            return holder(session, schema, class).await.map(Some);
        }
        tokio::time::sleep(PAUSE).await;
        waited += PAUSE;
    }
    Ok(None)
}

async fn holder(session: &Session, schema: &str, class: i32) -> Result<Holder, Error> {
    let sql = format!(
        "SELECT l.pid, a.usename, coalesce(host(a.client_addr), ''), date_trunc('second', a.backend_start) \
         FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid) \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid::int8 = {class} \
           AND l.objid::int8 = hashtext({})::int8 & 4294967295 \
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1",
        literal(schema)
    );
    let rows = session.rows(&sql).await?;
    let mut values = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut next = |unknown: &str| values.next().flatten().unwrap_or_else(|| unknown.to_owned());
    let pid = next("");
    Ok(Holder { pid, user: next("another user"), from: next(""), since: next("an unknown time") })
}

/// Ends what is left of sessions that were ours, by their server processes. The server may not
/// have noticed that they are gone: where the network swallows what is sent, nobody hangs up.
pub(crate) async fn end(session: &Session, schemas: &[&str], pids: &[i32]) -> Result<(), Error> {
    let keys: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    session
        .execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM (SELECT DISTINCT pid FROM pg_locks \
             WHERE locktype = 'advisory' AND classid::int8 IN ({RUN}, {WRITERS}) \
               AND objid::int8 IN (SELECT hashtext(key)::int8 & 4294967295 \
                                     FROM unnest(ARRAY[{}]::text[]) key) \
               AND pid = ANY ('{{{}}}')) ours",
            keys.join(", "),
            pids.join(",")
        ))
        .await
}

/// Marks this session as one that writes for a run into the schemas.
pub(crate) async fn join(session: &Session, schemas: &[&str]) -> Result<(), Error> {
    for schema in schemas {
        let key = literal(schema);
        let lock = format!("SELECT pg_advisory_lock_shared({WRITERS}, hashtext({key}))");
        session.execute(&lock).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{join, take};
    use crate::postgres::testing::{session, with_databases};

    #[tokio::test]
    async fn a_schema_is_taken_once_and_freed_with_its_session() {
        with_databases(async |url, first| {
            assert_eq!(take(first, &["it's", "another"]).await.unwrap(), None);
            let second = session(url).await;
            let holder = take(&second, &["free", "it's"]).await.unwrap().unwrap();
            assert_eq!(holder.user, "nirvana_admin");
            assert!(holder.since.starts_with("20"), "{holder:?}");
            assert_eq!(take(&second, &["a third"]).await.unwrap(), None);
            let third = session(url).await;
            join(first, &["third"]).await.unwrap();
            assert!(take(&third, &["third"]).await.unwrap().is_some(), "a writer is still there");
        })
        .await;
    }
}
