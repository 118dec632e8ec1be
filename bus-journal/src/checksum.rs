//! The checksum of a row.

use crc32fast::Hasher;

/// CRC-32 over the fields of a row, each text with its length.
pub(crate) struct Checksum(Hasher);

impl Checksum {
    pub(crate) fn new() -> Self {
        Self(Hasher::new())
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    /// As SQLite's signed integers take the fewest bytes.
    pub(crate) fn value(self) -> i32 {
        self.0.finalize().cast_signed()
    }
}
