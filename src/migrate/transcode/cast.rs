//! Values that become another kind of value because somebody asked for it by name. What is none of
//! the kind is an error: the row is set aside, and nothing is guessed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::fitted::Digits;
use super::{ValueError, interval, malformed, out_of_range};
use crate::mysql::wire::{ValueCursor, WireType};
use crate::postgres::encode;

/// How a column's values are read and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cast {
    /// A number of seconds, or of thousandths, since 1970 → timestamp and timestamptz.
    UnixTime { from: Digits, micros: i64 },
    /// A number of seconds → interval.
    Seconds { from: Digits },
    /// A word for yes or no → boolean.
    YesNo,
    /// `INET_ATON` → inet.
    IpNumber { from: Digits },
    /// `INET6_ATON`: 4 bytes or 16 → inet.
    IpBytes,
    /// `UUID_TO_BIN(…, 1)`: the time's high, middle and low parts stand in that order → uuid.
    SwappedUuid,
}

/// Microseconds from 1970-01-01 to 2000-01-01, `PostgreSQL`'s epoch.
pub(super) const EPOCH_MICROS: i64 = 10_957 * 86_400_000_000;

/// What timestamps of `PostgreSQL` can hold: 4713 BC to 294276, in microseconds from 2000.
const TIMESTAMPS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

impl Cast {
    pub(super) fn reads(&self, wire: WireType) -> bool {
        match self {
            Self::UnixTime { from, .. } | Self::Seconds { from } | Self::IpNumber { from } => {
                from.arrives_as(wire)
            }
            Self::YesNo | Self::IpBytes | Self::SwappedUuid => wire.is_length_encoded(),
        }
    }

    pub(super) fn encode(
        &self,
        cursor: &mut ValueCursor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        match self {
            Self::UnixTime { from, micros } => {
                let value = from.read(cursor)?;
                let time = value.checked_mul(i128::from(*micros));
                let time =
                    time.and_then(|time| i64::try_from(time - i128::from(EPOCH_MICROS)).ok());
                let time = time.filter(|time| TIMESTAMPS.contains(time));
                let time = time.ok_or_else(|| out_of_range(&value, "timestamp"))?;
                encode::fixed(out, time.to_be_bytes());
            }
            Self::Seconds { from } => {
                let value = from.read(cursor)?;
                let micros = value.checked_mul(1_000_000).and_then(|all| i64::try_from(all).ok());
                interval(micros.ok_or_else(|| out_of_range(&value, "interval"))?, out);
            }
            Self::YesNo => {
                let word = cursor.bytes()?;
                let truth = truth(word).ok_or_else(|| {
                    out_of_range(&String::from_utf8_lossy(word), "the words for yes and no")
                })?;
                encode::fixed(out, [u8::from(truth)]);
            }
            Self::IpNumber { from } => {
                let value = from.read(cursor)?;
                let number = u32::try_from(value);
                let number =
                    number.map_err(|_too_large| out_of_range(&value, "an IPv4 address"))?;
                encode::inet(out, IpAddr::V4(Ipv4Addr::from(number)));
            }
            Self::IpBytes => encode::inet(out, address(cursor.bytes()?)?),
            Self::SwappedUuid => {
                let value = cursor.bytes()?;
                let swapped: [u8; 16] = value.try_into().map_err(|_| malformed("a uuid", value))?;
                let mut uuid = swapped;
                uuid[..4].copy_from_slice(&swapped[4..8]);
                uuid[4..6].copy_from_slice(&swapped[2..4]);
                uuid[6..8].copy_from_slice(&swapped[..2]);
                encode::fixed(out, uuid);
            }
        }
        Ok(())
    }
}

/// The words that `PostgreSQL` takes for a boolean, whole and by their first letter.
pub(crate) fn truth(word: &[u8]) -> Option<bool> {
    let word = word.trim_ascii().to_ascii_lowercase();
    match word.as_slice() {
        b"y" | b"yes" | b"t" | b"true" | b"on" | b"1" => Some(true),
        b"n" | b"no" | b"f" | b"false" | b"off" | b"0" => Some(false),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Result<IpAddr, ValueError> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Ok(IpAddr::V4(Ipv4Addr::from(four)));
    }
    let sixteen: [u8; 16] = bytes.try_into().map_err(|_| malformed("an address", bytes))?;
    Ok(IpAddr::V6(Ipv6Addr::from(sixteen)))
}

#[cfg(test)]
mod tests {
    use super::{Cast, truth};
    use crate::migrate::transcode::Digits;
    use crate::mysql::wire::ValueCursor;

    fn cast(cast: &Cast, value: &[u8]) -> Option<Vec<u8>> {
        let row = [&[0][..], value].concat();
        let mut cursor = ValueCursor::new(&row, 1).unwrap();
        let mut out = Vec::new();
        cast.encode(&mut cursor, &mut out).ok().map(|()| out[4..].to_vec())
    }

    #[test]
    fn seconds_since_1970_are_microseconds_since_2000() {
        let unix = Cast::UnixTime { from: Digits::LongLong { unsigned: false }, micros: 1_000_000 };
        let at = |seconds: i64| cast(&unix, &seconds.to_le_bytes());
        assert_eq!(at(946_684_800), Some(0_i64.to_be_bytes().to_vec()));
        assert_eq!(at(946_684_801), Some(1_000_000_i64.to_be_bytes().to_vec()));
        assert_eq!(at(i64::MAX), None);
        // The last second that there is, and the one behind it.
        assert!(at(9_224_318_015_999).is_some());
        assert_eq!(at(9_224_318_016_000), None);
    }

    #[test]
    fn words_for_yes_and_no() {
        for (word, expected) in
            [("Y", Some(true)), (" no ", Some(false)), ("ON", Some(true)), ("", None), ("ja", None)]
        {
            assert_eq!(truth(word.as_bytes()), expected, "{word}");
        }
    }

    #[test]
    fn addresses_and_swapped_uuids() {
        let from = Digits::Long { unsigned: true };
        let address = cast(&Cast::IpNumber { from }, &0xC0A8_0001_u32.to_le_bytes()).unwrap();
        assert_eq!(address[4..], [192, 168, 0, 1]);
        assert_eq!(cast(&Cast::IpBytes, &[4, 10, 0, 0, 1]).unwrap()[4..], [10, 0, 0, 1]);
        assert_eq!(cast(&Cast::IpBytes, &[3, 10, 0, 0]), None);
        // UUID_TO_BIN('6ccd780c-baba-1026-9564-5b8c656024db', 1), as MySQL's manual has it.
        let mut swapped = vec![16];
        swapped.extend_from_slice(&0x1026_BABA_6CCD_780C_9564_5B8C_6560_24DB_u128.to_be_bytes());
        let uuid = 0x6CCD_780C_BABA_1026_9564_5B8C_6560_24DB_u128.to_be_bytes();
        assert_eq!(cast(&Cast::SwappedUuid, &swapped), Some(uuid.to_vec()));
    }
}
