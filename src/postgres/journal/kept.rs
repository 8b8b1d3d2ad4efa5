//! What a run found standing and has kept, as `--if-exists truncate` and `append` do: a run that goes
//! on must know it from what the run itself has made.

use super::{number, text};
use crate::name::TableName;
use crate::postgres::connect::{Session, TextRow};
use crate::postgres::error::Error;
use crate::postgres::quote::literal;

/// One thing that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// `table`, or in the server's words what else it is.
    pub(crate) kind: String,
    /// Of a table its name in the source, with its database; else that in the target.
    pub(crate) name: String,
    /// The rows that were in a table before, and stay.
    pub(crate) rows: u64,
    /// The sum of their hashes, in hexadecimal.
    pub(crate) digest: String,
}

impl Kept {
    pub(crate) const TABLE: &str = "table";

    pub(crate) fn is_table(&self, source: &TableName) -> bool {
        self.kind == Self::TABLE && self.name == source.to_string()
    }
}

/// Within the transaction that begins a run.
pub(super) async fn note(session: &Session, run: i64, kept: &[Kept]) -> Result<(), Error> {
    let values = kept.iter().map(|one| {
        let (kind, name, digest) = (literal(&one.kind), literal(&one.name), literal(&one.digest));
        format!("({run}, {kind}, {name}, {}, {digest})", one.rows)
    });
    let values: Vec<String> = values.collect();
    if values.is_empty() {
        return Ok(());
    }
    session.execute(&format!("INSERT INTO nirvana.kept VALUES {}", values.join(", "))).await
}

/// All that a run has kept.
pub(crate) async fn kept(session: &Session, run: i64) -> Result<Vec<Kept>, Error> {
    let sql = format!("SELECT kind, name, rows, digest FROM nirvana.kept WHERE run = {run}");
    let rows = session.rows(&sql).await?;
    rows.iter().map(|row| one(session, row)).collect()
}

fn one(session: &Session, row: &TextRow) -> Result<Kept, Error> {
    Ok(Kept {
        kind: text(session, row, 0)?,
        name: text(session, row, 1)?,
        rows: number(session, row, 2)?,
        digest: text(session, row, 3)?,
    })
}
