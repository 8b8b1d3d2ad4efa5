//! Bytes that have arrived, cut into packets without being copied.
//!
//! A packet is one frame of `u24 length, u8 sequence, payload`; a payload of 2²⁴−1 bytes or more
//! goes in several frames, of which only the last is shorter than 2²⁴−1. Frames of one packet are
//! joined in place: the header between them is closed up by moving what follows it.
//!
//! The buffer is filled with zeros once, when it is made or grows, and then only overwritten:
//! tokio and rustls would otherwise zero its free part before every read.

use std::ops::Range;

use crate::mysql::error::Error;

/// The length that says "more frames follow".
pub(super) const FRAME_MAX: usize = 0xFF_FFFF;
const HEADER: usize = 4;
/// Enough that reading costs few system calls, little enough that it stays in the processor's
/// second-level cache.
const BASE: usize = 256 * 1024;
/// Reads in a row that would have done with `BASE` before a grown buffer is given back: rows
/// that are large one and all keep theirs.
const CALM_READS: u32 = 16;

#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// What has arrived and was not handed out lies in `start..end`.
    start: usize,
    end: usize,
    /// Payload bytes, from `start + HEADER` on, of a packet whose last frame has not arrived.
    joined: Option<usize>,
    /// Bytes from `start` on that the next packet is known to need.
    wanted: usize,
    /// The sequence number of the next frame, in either direction.
    pub(super) sequence: u8,
    /// Payload bytes a joined packet may have.
    limit: usize,
    calm_reads: u32,
}

/// What is wrong with the frames that arrive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    Sequence { expected: u8, got: u8 },
    TooLarge { bytes: usize, limit: usize },
}

impl FrameError {
    pub(super) fn at(self, address: &str) -> Error {
        match self {
            Self::Sequence { expected, got } => Error::Protocol {
                address: address.to_owned(),
                what: format!("packet {got} came where packet {expected} was due"),
            },
            Self::TooLarge { bytes, limit } => Error::RowTooLarge { bytes, limit },
        }
    }
}

impl Inbox {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: vec![0; BASE],
            start: 0,
            end: 0,
            joined: None,
            wanted: HEADER,
            sequence: 0,
            limit,
            calm_reads: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    #[inline]
    pub(super) fn payload(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// Where the next packet's payload lies, if it has arrived whole.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Range<usize>>, FrameError> {
        let available = &self.bytes[self.start..self.end];
        if self.joined.is_none()
            && let Some([a, b, c, sequence]) = available.first_chunk::<HEADER>()
        {
            let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
            if length < FRAME_MAX {
                if available.len() - HEADER < length {
                    self.wanted = HEADER + length;
                    return Ok(None);
                }
                let first = available.get(HEADER).copied();
                let sequence = *sequence;
                self.check_sequence(sequence, first)?;
                let payload = self.start + HEADER..self.start + HEADER + length;
                self.start = payload.end;
                return Ok(Some(payload));
            }
        }
        self.next_joined()
    }

    /// The server numbers an ERR packet it sends on its own account (shutting down, idle for too
    /// long) from zero, whenever that is; such a packet is let through.
    #[inline]
    fn check_sequence(&mut self, got: u8, first: Option<u8>) -> Result<(), FrameError> {
        if got != self.sequence && first != Some(0xFF) {
            return Err(FrameError::Sequence { expected: self.sequence, got });
        }
        self.sequence = got.wrapping_add(1);
        Ok(())
    }

    /// As `next`, for a packet of several frames.
    #[cold]
    fn next_joined(&mut self) -> Result<Option<Range<usize>>, FrameError> {
        loop {
            let joined = self.joined.unwrap_or(0);
            let header = match self.joined {
                Some(joined) => self.start + HEADER + joined,
                None => self.start,
            };
            let available = &self.bytes[header..self.end];
            let Some([a, b, c, sequence]) = available.first_chunk::<HEADER>() else {
                self.wanted = header + HEADER - self.start;
                return Ok(None);
            };
            let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
            if joined + length > self.limit {
                return Err(FrameError::TooLarge { bytes: joined + length, limit: self.limit });
            }
            if available.len() - HEADER < length {
                self.wanted = header + HEADER + length - self.start;
                return Ok(None);
            }
            let sequence = *sequence;
            self.check_sequence(sequence, None)?;
            if self.joined.is_some() {
                self.bytes.copy_within(header + HEADER..self.end, header);
                self.end -= HEADER;
            }
            if length < FRAME_MAX {
                let payload = self.start + HEADER..self.start + HEADER + joined + length;
                self.start = payload.end;
                self.joined = None;
                return Ok(Some(payload));
            }
            self.joined = Some(joined + length);
        }
    }

    /// Free space to read into, at least one byte; makes room for the packet that is arriving.
    pub(super) fn space(&mut self) -> &mut [u8] {
        // A giant row arrives in thousands of reads: moving it onto itself each time would cost
        // its length squared.
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        // The next header is worth one read less.
        let needed = self.wanted.max(self.end + 1) + HEADER;
        if needed > self.bytes.len() {
            // Doubling makes growth cheap; beyond the limit there is nothing to grow for.
            let doubled = (self.bytes.len() * 2).min(self.limit.saturating_add(BASE));
            self.bytes.resize(needed.max(doubled), 0);
        }
        if needed > BASE {
            self.calm_reads = 0;
        } else if self.bytes.len() > BASE {
            self.calm_reads += 1;
            if self.calm_reads > CALM_READS {
                self.shrink();
            }
        }
        &mut self.bytes[self.end..]
    }

    /// Says how many bytes were read into `space`.
    pub(super) fn filled(&mut self, count: usize) {
        self.end += count;
    }

    /// Gives the memory of giant rows back; called when a result has ended.
    pub(super) fn shrink(&mut self) {
        if self.is_empty() {
            self.start = 0;
            self.end = 0;
        }
        if self.bytes.len() > BASE && self.end <= BASE {
            self.bytes.truncate(BASE);
            self.bytes.shrink_to_fit();
            self.calm_reads = 0;
        }
    }
}

/// Appends `payload` to `out` as one packet, in as many frames as it needs.
pub(super) fn put_packet(out: &mut Vec<u8>, payload: &[u8], sequence: &mut u8) {
    let mut rest = payload;
    loop {
        let (frame, after) = rest.split_at(rest.len().min(FRAME_MAX));
        out.extend_from_slice(&(frame.len() as u32).to_le_bytes()[..3]);
        out.push(*sequence);
        *sequence = sequence.wrapping_add(1);
        out.extend_from_slice(frame);
        if frame.len() < FRAME_MAX {
            return;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::{BASE, CALM_READS, FRAME_MAX, FrameError, Inbox, put_packet};

    /// Feeds `bytes` in pieces and collects the packets' payloads.
    fn packets(inbox: &mut Inbox, bytes: &[u8], piece: usize) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut rest = bytes;
        loop {
            while let Some(range) = inbox.next().unwrap() {
                found.push(inbox.payload(range).to_vec());
            }
            if rest.is_empty() {
                return found;
            }
            let space = inbox.space();
            let count = space.len().min(piece).min(rest.len());
            space[..count].copy_from_slice(&rest[..count]);
            inbox.filled(count);
            rest = &rest[count..];
        }
    }

    #[test]
    fn packets_come_whole_however_the_bytes_arrive() {
        let payloads = [vec![], vec![1; 10], vec![2; 300_000], vec![3; 5]];
        let mut bytes = Vec::new();
        let mut sequence = 0;
        for payload in &payloads {
            put_packet(&mut bytes, payload, &mut sequence);
        }
        for piece in [1, 3, 7, 1000, usize::MAX] {
            let mut inbox = Inbox::new(1 << 30);
            assert_eq!(packets(&mut inbox, &bytes, piece), payloads, "{piece}");
            assert!(inbox.is_empty());
        }
    }

    #[test]
    fn frames_of_a_giant_packet_are_joined() {
        for length in [FRAME_MAX - 1, FRAME_MAX, FRAME_MAX + 1, 2 * FRAME_MAX, 2 * FRAME_MAX + 9] {
            let giant: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut bytes = Vec::new();
            let mut sequence = 0;
            for payload in [&giant[..3], &giant, &giant[..7], &giant] {
                put_packet(&mut bytes, payload, &mut sequence);
            }
            for piece in [100_003, usize::MAX] {
                let found = packets(&mut Inbox::new(1 << 30), &bytes, piece);
                assert!(found == [&giant[..3], &giant, &giant[..7], &giant], "{length}");
            }
        }
    }

    #[test]
    fn memory_of_a_giant_packet_is_given_back() {
        let mut bytes = Vec::new();
        let mut sequence = 0;
        put_packet(&mut bytes, &vec![1; 3 * BASE], &mut sequence);
        let mut inbox = Inbox::new(1 << 30);
        packets(&mut inbox, &bytes, usize::MAX);
        assert!(inbox.bytes.len() > BASE);
        for _ in 0..=CALM_READS {
            inbox.wanted = 4;
            inbox.space();
        }
        assert_eq!(inbox.bytes.len(), BASE);
    }

    #[test]
    fn a_packet_out_of_order_is_refused_unless_it_is_an_error() {
        let mut inbox = Inbox::new(1 << 30);
        inbox.sequence = 1;
        let mut bytes = Vec::new();
        put_packet(&mut bytes, b"\xFFerror", &mut 0);
        assert_eq!(packets(&mut inbox, &bytes, 99).len(), 1);
        inbox.sequence = 5;
        let bytes = [1, 0, 0, 9, b'x'];
        inbox.space()[..5].copy_from_slice(&bytes);
        inbox.filled(5);
        assert_eq!(inbox.next(), Err(FrameError::Sequence { expected: 5, got: 9 }));
    }

    #[test]
    fn a_packet_over_the_limit_is_refused_before_it_is_read() {
        let mut inbox = Inbox::new(20 << 20);
        let header = [0xFF, 0xFF, 0xFF, 0];
        let frame: Vec<u8> = header.into_iter().chain(vec![0; FRAME_MAX]).collect();
        packets(&mut inbox, &frame, usize::MAX);
        inbox.space()[..4].copy_from_slice(&[0xFF, 0xFF, 0xFF, 1]);
        inbox.filled(4);
        assert!(matches!(inbox.next(), Err(FrameError::TooLarge { .. })));
    }
}
