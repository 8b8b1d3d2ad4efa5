//! Integers and strings of the protocol, read from and written to a packet's payload.
//!
//! Source: `MySQL` internals manual, "Protocol Basics" (fixed and length-encoded types).

use crate::mysql::error::Truncated;

/// Walks a payload from its beginning; every step checks that the bytes are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct PayloadReader<'a> {
    rest: &'a [u8],
}

impl<'a> PayloadReader<'a> {
    #[inline]
    pub(super) fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Truncated> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, Truncated> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16, Truncated> {
        self.array().map(u16::from_le_bytes)
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Result<u32, Truncated> {
        self.array().map(u32::from_le_bytes)
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Result<u64, Truncated> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length-encoded integer. 0xFB (NULL, text rows only) and 0xFF (an error) are no integers
    /// and read as truncated: who expects them looks before.
    #[inline]
    pub(super) fn length(&mut self) -> Result<u64, Truncated> {
        match self.u8()? {
            small @ 0..=0xFA => Ok(u64::from(small)),
            0xFC => self.u16().map(u64::from),
            0xFD => {
                let [a, b, c] = self.array()?;
                Ok(u64::from(u32::from_le_bytes([a, b, c, 0])))
            }
            0xFE => self.u64(),
            0xFB | 0xFF => Err(Truncated),
        }
    }

    /// Bytes after their length-encoded count.
    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Truncated> {
        let count = self.length()?;
        self.take(usize::try_from(count).map_err(|_too_large| Truncated)?)
    }

    /// Bytes up to a NUL, which is passed over.
    pub(super) fn until_nul(&mut self) -> Result<&'a [u8], Truncated> {
        let at = self.rest.iter().position(|byte| *byte == 0).ok_or(Truncated)?;
        let taken = self.take(at)?;
        self.take(1)?;
        Ok(taken)
    }
}

/// Appends a length-encoded integer.
pub(super) fn put_length(out: &mut Vec<u8>, value: u64) {
    match value {
        0..=0xFA => out.push(value as u8),
        0xFB..=0xFFFF => {
            out.push(0xFC);
            out.extend_from_slice(&(value as u16).to_le_bytes());
        }
        0x1_0000..=0xFF_FFFF => {
            out.push(0xFD);
            out.extend_from_slice(&value.to_le_bytes()[..3]);
        }
        _ => {
            out.push(0xFE);
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

/// Appends bytes after their length-encoded count.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{PayloadReader, put_bytes, put_length};
    use crate::mysql::error::Truncated;

    #[test]
    fn lengths_keep_their_borders() {
        for value in [0, 0xFA, 0xFB, 0xFF, 0xFFFF, 0x1_0000, 0xFF_FFFF, 0x100_0000, u64::MAX] {
            let mut out = Vec::new();
            put_length(&mut out, value);
            let mut reader = PayloadReader::new(&out);
            assert_eq!(reader.length(), Ok(value));
            assert!(reader.rest().is_empty());
        }
    }

    #[test]
    fn a_length_beyond_the_payload_is_an_error() {
        let huge = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, b'x'];
        assert_eq!(PayloadReader::new(&huge).bytes(), Err(Truncated));
        assert_eq!(PayloadReader::new(&[0xFB]).length(), Err(Truncated));
        assert_eq!(PayloadReader::new(b"no end").until_nul(), Err(Truncated));
    }

    proptest! {
        #[test]
        fn bytes_come_back_and_every_cut_is_noticed(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            cut in 0_usize..400,
        ) {
            let mut out = Vec::new();
            put_bytes(&mut out, &bytes);
            prop_assert_eq!(PayloadReader::new(&out).bytes(), Ok(bytes.as_slice()));
            if cut < out.len() {
                prop_assert_eq!(PayloadReader::new(&out[..cut]).bytes(), Err(Truncated));
            }
        }
    }
}
