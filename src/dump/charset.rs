//! Text of a dump into UTF-8.
//!
//! Source: `MySQL` manual 12.10 "Supported Character Sets and Collations"; its latin1 is cp1252, with
//! the five bytes that cp1252 leaves out as the control characters of their numbers, as encoding_rs
//! has them too.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, IBM866, ISO_8859_2, ISO_8859_7, ISO_8859_8,
    ISO_8859_13, KOI8_R, KOI8_U, MACINTOSH, SHIFT_JIS, WINDOWS_874, WINDOWS_1250, WINDOWS_1251,
    WINDOWS_1252, WINDOWS_1254, WINDOWS_1256, WINDOWS_1257,
};

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    /// No charset: bytes are what the column's own charset makes of them.
    Binary,
    Table(&'static Encoding),
    /// Big endian, as both servers keep them.
    Utf16,
    Utf32,
}

impl Charset {
    /// By the servers' name; `None` for one that we have no table of.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(Self::Table(match name.to_ascii_lowercase().as_str() {
            "utf8" | "utf8mb3" | "utf8mb4" | "ascii" => return Some(Self::Utf8),
            "binary" => return Some(Self::Binary),
            "ucs2" | "utf16" => return Some(Self::Utf16),
            "utf32" => return Some(Self::Utf32),
            "latin1" => WINDOWS_1252,
            "latin2" => ISO_8859_2,
            "latin5" => WINDOWS_1254,
            "latin7" => ISO_8859_13,
            "greek" => ISO_8859_7,
            "hebrew" => ISO_8859_8,
            "cp1250" => WINDOWS_1250,
            "cp1251" => WINDOWS_1251,
            "cp1256" => WINDOWS_1256,
            "cp1257" => WINDOWS_1257,
            "cp866" => IBM866,
            "koi8r" => KOI8_R,
            "koi8u" => KOI8_U,
            "macroman" => MACINTOSH,
            "tis620" => WINDOWS_874,
            "big5" => BIG5,
            "gb2312" | "gbk" => GBK,
            "gb18030" => GB18030,
            "sjis" | "cp932" => SHIFT_JIS,
            "ujis" | "eucjpms" => EUC_JP,
            "euckr" => EUC_KR,
            _ => return None,
        }))
    }

    /// Which bytes are pairs, if the second one of a character may look like a backslash.
    pub(super) fn pairs(self) -> Option<Pairs> {
        let Self::Table(encoding) = self else { return None };
        match encoding {
            _ if [GBK, GB18030].contains(&encoding) => Some(Pairs::Gbk),
            _ if encoding == BIG5 => Some(Pairs::Big5),
            _ if encoding == SHIFT_JIS => Some(Pairs::ShiftJis),
            _ => None,
        }
    }

    /// The text in UTF-8, where it is not already: what is no text in this charset is an error.
    pub(super) fn convert(self, text: &[u8]) -> Result<Option<Vec<u8>>, NoText> {
        match self {
            Self::Utf8 | Self::Binary => Ok(None),
            _ if text.is_ascii() && !self.is_wide() => Ok(None),
            Self::Table(encoding) => {
                let converted = encoding.decode_without_bom_handling_and_without_replacement(text);
                Ok(Some(converted.ok_or(NoText)?.into_owned().into_bytes()))
            }
            Self::Utf16 => {
                let (pairs, []) = text.as_chunks::<2>() else { return Err(NoText) };
                let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
                let text: Result<String, _> = char::decode_utf16(units).collect();
                Ok(Some(text.map_err(|_unpaired| NoText)?.into_bytes()))
            }
            Self::Utf32 => {
                let (words, []) = text.as_chunks::<4>() else { return Err(NoText) };
                let letters = words.iter().map(|word| char::from_u32(u32::from_be_bytes(*word)));
                let text: Option<String> = letters.collect();
                Ok(Some(text.ok_or(NoText)?.into_bytes()))
            }
        }
    }

    fn is_wide(self) -> bool {
        matches!(self, Self::Utf16 | Self::Utf32)
    }
}

/// How characters of two bytes are told from two characters, as both servers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairs {
    Gbk,
    Big5,
    ShiftJis,
}

impl Pairs {
    /// Whether these two bytes are one character.
    pub(super) fn is(self, first: u8, second: u8) -> bool {
        match self {
            Self::Gbk => {
                matches!(first, 0x81..=0xfe) && matches!(second, 0x40..=0x7e | 0x80..=0xfe)
            }
            Self::Big5 => {
                matches!(first, 0xa1..=0xf9) && matches!(second, 0x40..=0x7e | 0xa1..=0xfe)
            }
            Self::ShiftJis => {
                matches!(first, 0x81..=0x9f | 0xe0..=0xfc)
                    && matches!(second, 0x40..=0x7e | 0x80..=0xfc)
            }
        }
    }
}

/// Bytes that are no text in their charset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoText;

#[cfg(test)]
mod tests {
    use super::Charset;
    use crate::dump::literal::{Parsed, row, unescape};
    use crate::dump::scanner::Quoting;

    /// A backslash or quote behind a byte beyond ASCII is one where the two are no pair.
    #[test]
    fn pairs_of_bytes_are_those_of_the_server() {
        for (charset, text, expected) in [
            ("gbk", b"('\x81\\')".as_slice(), b"\x81\\".as_slice()),
            ("gbk", b"('\xff')", b"\xff"),
            ("gbk", b"('\x81')", b"\x81"),
            ("gbk", b"('\\\x81\\\\')", b"\x81\\"),
            ("cp932", b"('\xb1')", b"\xb1"),
            ("cp932", b"('\xb1\\n')", b"\xb1\n"),
            ("cp932", b"('\x83\\')", b"\x83\\"),
            ("cp932", b"('\xe0\\''')", b"\xe0\\'"),
            ("big5", b"('\xa4\\')", b"\xa4\\"),
            ("big5", b"('\x81\\n')", b"\x81\n"),
            ("latin1", b"('\x81\\n')", b"\x81\n"),
        ] {
            let pairs = Charset::of(charset).unwrap().pairs();
            let quoting = Quoting { backslash: true, pairs };
            let mut literals = Vec::new();
            let parsed = row(text, quoting, &mut literals);
            assert_eq!(parsed, Parsed::Row(text.len()), "{charset} {text:?}");
            let mut out = Vec::new();
            unescape(&text[literals[0].bytes.clone()], Some(b'\''), quoting, &mut out);
            assert_eq!(out, expected, "{charset} {text:?}");
        }
    }
}
