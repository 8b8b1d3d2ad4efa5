//! The socket with its buffer: packets in, packets out, each wait bounded.

use std::io;
use std::ops::Range;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::answer;
use super::inbox::{Inbox, put_packet};
use crate::mysql::error::{Error, Wait};

/// TCP, TLS or a unix socket. One virtual call per 256 KiB read costs nothing.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for S {}

/// How long we wait for the other side.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// While opening: until an instant, which is so long after the beginning.
    Until(Instant, Duration),
    /// Afterwards: so long for each read and write.
    Each(Duration),
}

pub(super) struct Link {
    socket: Box<dyn Socket>,
    inbox: Inbox,
    outgoing: Vec<u8>,
    /// For messages.
    address: String,
    patience: Patience,
}

/// What a `Link` needs to know besides its socket.
pub(super) struct LinkOptions {
    pub(super) address: String,
    pub(super) patience: Patience,
    pub(super) max_row_bytes: usize,
}

impl Link {
    pub(super) fn new(socket: Box<dyn Socket>, options: LinkOptions) -> Self {
        Self {
            socket,
            inbox: Inbox::new(options.max_row_bytes),
            outgoing: Vec::new(),
            address: options.address,
            patience: options.patience,
        }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Puts another socket, the encrypted one, in place of this one. Bytes that came before the
    /// encryption must not count as if they had come under it (as in CVE-2021-23222 and its kin).
    pub(super) async fn replace_socket<F, R>(&mut self, replace: F) -> Result<(), Error>
    where
        F: FnOnce(Box<dyn Socket>) -> R,
        R: Future<Output = io::Result<Box<dyn Socket>>>,
    {
        if !self.inbox.is_empty() {
            return Err(self.violation("it sent something before TLS was set up"));
        }
        let (deadline, after) = self.deadline();
        let plain = std::mem::replace(&mut self.socket, Box::new(tokio::io::empty()));
        match timeout_at(deadline, replace(plain)).await {
            Ok(Ok(socket)) => {
                self.socket = socket;
                Ok(())
            }
            Ok(Err(error)) => Err(self.broken(Wait::Tls, error)),
            Err(_elapsed) => Err(self.timed_out(Wait::Tls, after)),
        }
    }

    /// Adds a packet to those that `flush` sends.
    pub(super) fn put(&mut self, payload: &[u8]) {
        put_packet(&mut self.outgoing, payload, &mut self.inbox.sequence);
    }

    /// As `put`, for a command of its own: numbered from zero, and so is what follows it.
    pub(super) fn put_command(&mut self, payload: &[u8]) {
        self.inbox.sequence = 0;
        self.put(payload);
    }

    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        let (deadline, after) = self.deadline();
        let socket = &mut self.socket;
        let outgoing = &self.outgoing;
        let write = async {
            socket.write_all(outgoing).await?;
            socket.flush().await
        };
        let written = timeout_at(deadline, write).await;
        // A statement with a giant literal does not keep its memory.
        self.outgoing.clear();
        self.outgoing.shrink_to(64 * 1024);
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(Wait::Send, error)),
            Err(_elapsed) => Err(self.timed_out(Wait::Send, after)),
        }
    }

    /// Where the next packet's payload lies, if it has arrived whole. Does not wait.
    #[inline]
    pub(super) fn next_buffered(&mut self) -> Result<Option<Range<usize>>, Error> {
        match self.inbox.next() {
            Ok(packet) => Ok(packet),
            Err(error) => Err(error.at(&self.address)),
        }
    }

    #[inline]
    pub(super) fn payload(&self, range: Range<usize>) -> &[u8] {
        self.inbox.payload(range)
    }

    /// Reads at least one more byte.
    pub(super) async fn fill(&mut self, wait: Wait) -> Result<(), Error> {
        let (deadline, after) = self.deadline();
        match timeout_at(deadline, self.socket.read(self.inbox.space())).await {
            Ok(Ok(0)) => {
                let closed = io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it");
                Err(self.broken(wait, closed))
            }
            Ok(Ok(count)) => {
                self.inbox.filled(count);
                Ok(())
            }
            Ok(Err(error)) => Err(self.broken(wait, error)),
            Err(_elapsed) => Err(self.timed_out(wait, after)),
        }
    }

    /// The next packet, whatever it is.
    pub(super) async fn packet(&mut self, wait: Wait) -> Result<&[u8], Error> {
        let range = loop {
            if let Some(range) = self.next_buffered()? {
                break range;
            }
            self.fill(wait).await?;
        };
        Ok(self.inbox.payload(range))
    }

    /// The next packet, which must not be an ERR packet; that becomes an error.
    pub(super) async fn good_packet(&mut self, wait: Wait) -> Result<&[u8], Error> {
        let payload = self.packet(wait).await?;
        if payload.first() == Some(&answer::ERR) {
            return Err(answer::server_error(payload));
        }
        Ok(payload)
    }

    /// Gives the memory of giant rows back.
    pub(super) fn shrink(&mut self) {
        self.inbox.shrink();
    }

    pub(super) fn violation(&self, what: impl Into<String>) -> Error {
        Error::Protocol { address: self.address.clone(), what: what.into() }
    }

    fn deadline(&self) -> (Instant, Duration) {
        match self.patience {
            Patience::Until(deadline, after) => (deadline, after),
            Patience::Each(after) => (Instant::now() + after, after),
        }
    }

    fn timed_out(&self, wait: Wait, after: Duration) -> Error {
        Error::TimedOut { address: self.address.clone(), wait, after }
    }

    fn broken(&self, wait: Wait, source: io::Error) -> Error {
        let address = self.address.clone();
        // With TLS 1.3 the server's refusal of a certificate arrives in place of its first answer.
        if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
        {
            return Error::Tls { address, source };
        }
        Error::Lost { address, wait, source }
    }
}
