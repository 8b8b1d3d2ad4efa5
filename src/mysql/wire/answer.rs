//! The packets that answer a command: OK, ERR, EOF and the head of a result set.
//!
//! Source: `MySQL` internals manual, "Generic Response Packets".

use mysql_common::constants::StatusFlags;

use super::inbox::FRAME_MAX;
use super::payload::PayloadReader;
use crate::mysql::error::{Error, Truncated};

pub(super) const OK: u8 = 0x00;
pub(super) const LOCAL_FILE: u8 = 0xFB;
pub(super) const EOF: u8 = 0xFE;
pub(super) const ERR: u8 = 0xFF;

/// What an OK packet says that we need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) affected_rows: u64,
    pub(super) status: StatusFlags,
}

impl Done {
    /// Of an OK packet, and of one that stands in place of EOF (0xFE, `CLIENT_DEPRECATE_EOF`).
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Truncated> {
        let mut reader = PayloadReader::new(payload);
        reader.u8()?;
        let affected_rows = reader.length()?;
        reader.length()?;
        let status = StatusFlags::from_bits_retain(reader.u16()?);
        Ok(Self { affected_rows, status })
    }

    /// Of a classic EOF packet: five bytes.
    pub(super) fn parse_eof(payload: &[u8]) -> Result<Self, Truncated> {
        let mut reader = PayloadReader::new(payload);
        reader.u8()?;
        reader.u16()?;
        let status = StatusFlags::from_bits_retain(reader.u16()?);
        Ok(Self { affected_rows: 0, status })
    }
}

/// Whether a packet in the place of a row ends the result set. A text row may begin with 0xFE
/// too, but then its first value has 2²⁴ bytes or more.
#[inline]
pub(super) fn is_end_of_rows(payload: &[u8]) -> bool {
    payload.first() == Some(&EOF) && payload.len() < FRAME_MAX
}

/// An ERR packet as an error. Before the handshake is done the SQLSTATE may be absent.
pub(super) fn server_error(payload: &[u8]) -> Error {
    match parse_error(payload) {
        Ok(error) => error,
        Err(truncated) => Error::Truncated(truncated),
    }
}

fn parse_error(payload: &[u8]) -> Result<Error, Truncated> {
    let mut reader = PayloadReader::new(payload);
    reader.u8()?;
    let code = reader.u16()?;
    let mut sqlstate = String::new();
    if reader.rest().first() == Some(&b'#') {
        let state: [u8; 6] = reader.array()?;
        sqlstate = String::from_utf8_lossy(&state[1..]).into_owned();
    }
    let message = String::from_utf8_lossy(reader.rest()).trim_end().to_owned();
    Ok(Error::Server { code, sqlstate, message })
}

#[cfg(test)]
mod tests {
    use super::{Done, is_end_of_rows, server_error};
    use crate::mysql::error::Error;

    #[test]
    fn errors_with_and_without_sqlstate() {
        let error = server_error(b"\xFF\x15\x04#28000Access denied for user 'shop'@'%'");
        assert_eq!(error.to_string(), "Access denied for user 'shop'@'%' (1045)");
        assert!(matches!(error, Error::Server { code: 1045, sqlstate, .. } if sqlstate == "28000"));
        let error = server_error(b"\xFF\x10\x04Too many connections");
        assert_eq!(error.to_string(), "Too many connections (1040)");
        assert!(matches!(server_error(b"\xFF\x10"), Error::Truncated(_)));
    }

    #[test]
    fn an_ok_packet_counts_affected_rows() {
        let done = Done::parse(&[0, 0xFC, 0x00, 0x01, 0, 2, 0, 0, 0]).unwrap();
        assert_eq!((done.affected_rows, done.status.bits()), (256, 2));
        assert!(Done::parse(&[0, 1, 0, 2]).is_err());
    }

    #[test]
    fn a_short_packet_with_fe_ends_the_rows() {
        assert!(is_end_of_rows(&[0xFE, 0, 0, 2, 0]));
        assert!(!is_end_of_rows(&[0, 0]));
        assert!(!is_end_of_rows(&[]));
    }
}
