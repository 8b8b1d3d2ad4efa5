//! What a result set says about its columns.
//!
//! Source: `MySQL` internals manual, "Column Definition Packet" and `enum_field_types` in
//! `field_types.h` of both servers.

use super::payload::PayloadReader;
use crate::mysql::error::Truncated;

/// One column of a result set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnDefinition {
    pub(crate) name: String,
    pub(crate) wire_type: WireType,
    /// The collation's id; 63 is `binary`. A number and not an enum: servers add new ones.
    pub(crate) collation: u16,
    /// The longest value in bytes, by the server's word.
    pub(crate) length: u32,
    /// `ColumnFlags` of the protocol, unparsed.
    pub(crate) flags: u16,
    pub(crate) decimals: u8,
}

/// The id of the `binary` collation.
pub(super) const COLLATION_BINARY: u16 = 63;

impl ColumnDefinition {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Truncated> {
        let mut reader = PayloadReader::new(payload);
        // Catalog, schema, alias and name of the table.
        for _ in 0..4 {
            reader.bytes()?;
        }
        let name = String::from_utf8_lossy(reader.bytes()?).into_owned();
        // The column's name in its table, and the length of what follows, which is fixed.
        reader.bytes()?;
        reader.length()?;
        let collation = reader.u16()?;
        let length = reader.u32()?;
        let wire_type = WireType::of(reader.u8()?);
        let flags = reader.u16()?;
        let decimals = reader.u8()?;
        Ok(Self { name, wire_type, collation, length, flags, decimals })
    }
}

/// The protocol's types: how a value lies in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WireType {
    Decimal,
    Tiny,
    Short,
    Long,
    Float,
    Double,
    Null,
    Timestamp,
    LongLong,
    Int24,
    Date,
    Time,
    DateTime,
    Year,
    NewDate,
    VarChar,
    Bit,
    Timestamp2,
    DateTime2,
    Time2,
    TypedArray,
    /// `MySQL` 9 and later.
    Vector,
    Json,
    NewDecimal,
    Enum,
    Set,
    TinyBlob,
    MediumBlob,
    LongBlob,
    Blob,
    VarString,
    String,
    Geometry,
    /// A number we do not know.
    Other(u8),
}

impl WireType {
    fn of(number: u8) -> Self {
        match number {
            0 => Self::Decimal,
            1 => Self::Tiny,
            2 => Self::Short,
            3 => Self::Long,
            4 => Self::Float,
            5 => Self::Double,
            6 => Self::Null,
            7 => Self::Timestamp,
            8 => Self::LongLong,
            9 => Self::Int24,
            10 => Self::Date,
            11 => Self::Time,
            12 => Self::DateTime,
            13 => Self::Year,
            14 => Self::NewDate,
            15 => Self::VarChar,
            16 => Self::Bit,
            17 => Self::Timestamp2,
            18 => Self::DateTime2,
            19 => Self::Time2,
            20 => Self::TypedArray,
            242 => Self::Vector,
            245 => Self::Json,
            246 => Self::NewDecimal,
            247 => Self::Enum,
            248 => Self::Set,
            249 => Self::TinyBlob,
            250 => Self::MediumBlob,
            251 => Self::LongBlob,
            252 => Self::Blob,
            253 => Self::VarString,
            254 => Self::String,
            255 => Self::Geometry,
            other => Self::Other(other),
        }
    }

    /// Whether its values are bytes behind their length.
    pub(crate) fn is_length_encoded(self) -> bool {
        match self {
            Self::Decimal
            | Self::VarChar
            | Self::Bit
            | Self::Vector
            | Self::Json
            | Self::NewDecimal
            | Self::Enum
            | Self::Set
            | Self::TinyBlob
            | Self::MediumBlob
            | Self::LongBlob
            | Self::Blob
            | Self::VarString
            | Self::String
            | Self::Geometry => true,
            Self::Tiny
            | Self::Short
            | Self::Long
            | Self::Float
            | Self::Double
            | Self::Null
            | Self::Timestamp
            | Self::LongLong
            | Self::Int24
            | Self::Date
            | Self::Time
            | Self::DateTime
            | Self::Year
            | Self::NewDate
            | Self::Timestamp2
            | Self::DateTime2
            | Self::Time2
            | Self::TypedArray
            | Self::Other(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::payload::put_bytes;
    use super::{ColumnDefinition, WireType};
    use crate::mysql::error::Truncated;

    #[test]
    fn a_definition_is_read_and_every_cut_noticed() {
        let mut payload = Vec::new();
        for text in ["def", "shop", "o", "orders", "id", "id"] {
            put_bytes(&mut payload, text.as_bytes());
        }
        payload.push(0x0C);
        // A collation beyond 255, such as those of MariaDB's UCA 14.
        payload.extend_from_slice(&2304_u16.to_le_bytes());
        payload.extend_from_slice(&20_u32.to_le_bytes());
        payload.push(8);
        payload.extend_from_slice(&0x1023_u16.to_le_bytes());
        payload.push(0);
        for cut in 0..payload.len() {
            assert_eq!(ColumnDefinition::parse(&payload[..cut]), Err(Truncated), "{cut}");
        }
        let column = ColumnDefinition::parse(&payload).unwrap();
        assert_eq!((column.name.as_str(), column.wire_type), ("id", WireType::LongLong));
        assert_eq!((column.collation, column.length, column.flags), (2304, 20, 0x1023));
    }

    #[test]
    fn types_we_do_not_know_keep_their_number() {
        assert_eq!(WireType::of(242), WireType::Vector);
        assert_eq!(WireType::of(199), WireType::Other(199));
    }
}
