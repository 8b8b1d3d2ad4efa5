//! The rows that a target is compared with: those of the source, or of the files of a directory.

use crate::archive::{Archive, Format, Table as PackedTable};
use crate::migrate::copy::read_source;
use crate::migrate::error::Error;
use crate::migrate::mapping::{Part, TableMapping};
use crate::migrate::source::{Reader, Selection};
use crate::name::{TableName, postgres_list};
use crate::postgres::connect::Session;
use crate::postgres::load::{Loader, Pieces, read_back};
use crate::shutdown::Shutdown;

pub(super) enum Near<'a> {
    Source(&'a mut Reader),
    Files(&'a mut Files<'a>),
}

/// The files of one table.
pub(super) struct Files<'a> {
    pub(super) archive: &'a Archive,
    pub(super) table: &'a PackedTable,
    /// Reads text, which its server knows best. It is not the session that reads the target.
    pub(super) session: &'a Session,
    pub(super) text: Text,
}

/// Whether rows of text stand in a table of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Away,
    Loaded,
}

/// Where rows of text become values.
fn loaded() -> TableName {
    TableName::new("pg_temp", "nirvana_files")
}

impl Near<'_> {
    /// Shows each row, as its fields in binary COPY.
    pub(super) async fn rows(
        &mut self,
        whole: &TableMapping,
        shutdown: &Shutdown,
        row: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        match self {
            Self::Source(reader) => {
                let all = (whole, &Selection::Whole);
                read_source(reader, all, shutdown, row).await.map(|_copied| ())
            }
            Self::Files(files) => files.rows(whole, shutdown, row).await,
        }
    }
}

impl Files<'_> {
    async fn rows(
        &mut self,
        whole: &TableMapping,
        shutdown: &Shutdown,
        mut row: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        if self.archive.manifest.data.format == Format::Text {
            if self.text == Text::Away {
                self.load(whole, shutdown).await?;
                self.text = Text::Loaded;
            }
            let loaded = TableMapping { target: loaded(), ..whole.clone() };
            return Ok(read_back(self.session, &loaded.copy_out(Part::WHOLE), row).await?);
        }
        for chunk in &self.table.chunks {
            let (mut file, mut pieces) = (self.archive.read(&chunk.file)?, Pieces::default());
            let mut buffer = vec![0; 256 * 1024];
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                let fed = pieces.feed(&buffer[..read], &mut row);
                fed.map_err(|no_copy| file.damaged(no_copy.0.to_owned()))?;
                if shutdown.is_requested() {
                    return Err(Error::Stopped);
                }
                tokio::task::yield_now().await;
            }
            file.check()?;
            pieces.end().map_err(|no_copy| file.damaged(no_copy.0.to_owned()))?;
        }
        Ok(())
    }

    /// Has the server read the text, into a table that ends with the session.
    async fn load(&self, whole: &TableMapping, shutdown: &Shutdown) -> Result<(), Error> {
        let columns = postgres_list(whole.columns.iter().map(|column| &column.target));
        let (from, into) = (whole.target.postgres(), loaded().postgres());
        let make = format!(
            "DROP TABLE IF EXISTS {into}; \
             CREATE TEMP TABLE nirvana_files AS SELECT {columns} FROM {from} LIMIT 0"
        );
        self.session.execute(&make).await?;
        let copy = format!("COPY {into} ({columns}) FROM STDIN");
        for chunk in &self.table.chunks {
            let mut file = self.archive.read(&chunk.file)?;
            let mut loader = Loader::start_bare(self.session, &copy).await?;
            let mut buffer = vec![0; 256 * 1024];
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                if shutdown.is_requested() {
                    return Err(Error::Stopped);
                }
                loader.buffer.extend_from_slice(&buffer[..read]);
                loader.flush().await?;
            }
            file.check()?;
            loader.finish_bare().await?;
        }
        Ok(())
    }
}
