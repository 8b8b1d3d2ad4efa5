//! Where the rows of a chunk go to: a server's COPY, or a file.

use crate::migrate::error::Error;
use crate::postgres::load::Loader;

/// Takes rows of binary COPY, batch by batch.
pub(crate) trait Sink {
    /// Rows that are encoded and not handed on yet: field count, then the fields.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// Whether enough has been gathered to be handed on.
    fn is_full(&self) -> bool;

    /// Hands on what is gathered; waits where the other side is behind.
    async fn flush(&mut self) -> Result<(), Error>;
}

impl Sink for Loader<'_> {
    #[inline]
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    #[inline]
    fn is_full(&self) -> bool {
        Loader::is_full(self)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(Loader::flush(self).await?)
    }
}
