//! What stays behind, as was accepted: counted in the snapshot that is copied.

use std::sync::{Arc, Mutex, PoisonError};

use crate::dump::Dump;
use crate::finding::{Code, Finding, Place};
use crate::migrate::error::Error;
use crate::migrate::fit::plan::{Fit, Left};
use crate::migrate::source::Reader;
use crate::mysql::wire::{Buffered, Connection, ValueCursor};
use crate::name::{TableName, mysql_quoted};

impl Left {
    fn question(&self) -> String {
        let counts: Vec<String> =
            self.columns.iter().map(|name| format!("COUNT({})", mysql_quoted(name))).collect();
        let counts = if counts.is_empty() { "COUNT(*)".to_owned() } else { counts.join(", ") };
        format!("SELECT {counts} FROM {}", self.table.mysql())
    }

    async fn ask(&self, connection: &mut Connection) -> Result<Vec<u64>, Error> {
        let rows = connection.rows(&self.question()).await?;
        let mut counts = Vec::new();
        for at in 0..self.columns.len().max(1) {
            let count = rows.first().map(|row| row.number(at)).transpose()?.flatten();
            counts.push(count.unwrap_or(0));
        }
        Ok(counts)
    }

    /// The same of a dump.
    async fn count(&self, dump: &Arc<Dump>) -> Result<Vec<u64>, Error> {
        let mut rows = dump.rows(&self.table, &self.columns, (None, None))?;
        let mut counts = vec![0; self.columns.len().max(1)];
        loop {
            match rows.next_buffered()? {
                Buffered::Row(row) if self.columns.is_empty() => {
                    counts[0] += u64::from(!row.is_empty());
                }
                Buffered::Row(row) => {
                    let cursor = ValueCursor::new(row, self.columns.len());
                    let cursor = cursor.map_err(crate::mysql::error::Error::Truncated)?;
                    for (at, count) in counts.iter_mut().enumerate() {
                        *count += u64::from(!cursor.is_null(at));
                    }
                }
                Buffered::Incomplete => rows.fill().await?,
                Buffered::End => return Ok(counts),
            }
        }
    }

    fn findings(&self, counts: &[u64]) -> Vec<Finding> {
        let place = |at: usize| match self.columns.get(at) {
            Some(column) => (Place::column(&self.table, column), "values that are not NULL"),
            None => (Place::table(&self.table), "rows"),
        };
        let counted = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let found = counted.map(|(at, count)| {
            let (place, what) = place(at);
            let message = format!("{count} {what} are left behind, as accepted");
            Finding::warning(Code::LeftBehind, place, message)
        });
        found.collect()
    }
}

impl Fit {
    pub(super) fn leave(&mut self, table: &TableName, column: Option<&String>) {
        let columns = column.cloned().into_iter().collect();
        match self.left.iter_mut().find(|left| left.table == *table) {
            Some(left) => left.columns.extend(columns),
            None => self.left.push(Left { table: table.clone(), columns }),
        }
    }

    /// Counts it, as many tables at once as there are readers.
    pub(crate) async fn count_left(
        &self,
        readers: &mut [&mut Reader],
    ) -> Result<Vec<Finding>, Error> {
        let waiting = Mutex::new(self.left.iter());
        let asking = readers.iter_mut().map(async |reader| {
            let mut found = Vec::new();
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(left) = next else { return Ok::<_, Error>(found) };
                let counts = match reader {
                    Reader::Server(connection) => left.ask(connection).await?,
                    Reader::Dump(dump) => left.count(dump).await?,
                };
                found.extend(left.findings(&counts));
            }
        });
        let parts = futures_util::future::try_join_all(asking).await?;
        Ok(parts.into_iter().flatten().collect())
    }
}
