//! Objects whose members are needed, not only checked: the event itself, and its data.

use super::error::ReadError;
use super::scan::Scan;
use crate::json::{Member, Shape, Value, ordinary};

type Result<T> = std::result::Result<T, ReadError>;

impl Scan<'_, '_> {
    /// One whole value; if it is an object, the positions of its members are kept in the keys.
    #[inline]
    pub(super) fn marked(&mut self) -> Result<Value> {
        if self.next() != Some(b'{') {
            return self.value();
        }
        let start = self.at;
        self.object(|scan| {
            let name = scan.name()?;
            scan.once(name)?;
            let written = scan.keys.written.len();
            let value = if scan.next() == Some(b'"') { scan.copied()? } else { scan.value()? };
            scan.keys.mark(Member { name, value, written });
            Ok(())
        })?;
        Ok(Value { start, end: self.at, shape: Shape::Object, saved: 0 })
    }

    /// A string; its opening quote is here. If it has escapes, its characters are written into the
    /// keys.
    #[inline]
    fn copied(&mut self) -> Result<Value> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let end = ordinary(bytes, start + 1);
        if bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Value { start, end: self.at, shape: Shape::String, saved: 0 });
        }
        let mut written = std::mem::take(&mut self.keys.written);
        let saved = self.chars(&mut written);
        self.keys.written = written;
        Ok(Value { start, end: self.at, shape: Shape::String, saved: saved? })
    }

    /// An object; its opening byte is here. `member` reads a key and its value.
    #[inline]
    pub(super) fn object(&mut self, mut member: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.enter(true)?;
        if self.next() != Some(b'}') {
            loop {
                member(self)?;
                match self.next() {
                    Some(b',') => self.at += 1,
                    Some(b'}') => break,
                    _ => return self.unexpected("`,` or `}`"),
                }
            }
        }
        self.leave();
        Ok(())
    }
}
