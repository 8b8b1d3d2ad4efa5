//! How a file of fields is written, as its tool's options said.

/// How fields and lines are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) separator: Vec<u8>,
    pub(super) enclosed: Option<u8>,
    pub(super) escaped: Option<u8>,
    pub(super) terminator: Vec<u8>,
    /// The fields' columns, if they are told, and those whose values are encoded.
    pub(super) columns: Option<Vec<String>>,
    pub(super) encoded: Vec<(String, Encoded)>,
}

/// How bytes are written where a file holds text only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoded {
    Base64,
    Hexadecimal,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            separator: b"\t".to_vec(),
            enclosed: None,
            escaped: Some(b'\\'),
            terminator: b"\n".to_vec(),
            columns: None,
            encoded: Vec::new(),
        }
    }
}
