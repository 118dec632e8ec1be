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

    /// Numbers that are there for each row, at once.
    pub(crate) fn numbers<const N: usize>(&mut self, numbers: [[u64; 3]; N]) {
        let bytes = numbers.map(|three| three.map(u64::to_le_bytes));
        self.0.update(bytes.as_flattened().as_flattened());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.raw(text.as_bytes());
    }

    /// Bytes whose number was added before.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.number(u64::MAX),
        }
    }

    /// As SQLite's signed integers take the fewest bytes.
    pub(crate) fn value(self) -> i32 {
        self.0.finalize().cast_signed()
    }
}
