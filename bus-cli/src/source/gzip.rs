//! Unpacks gzip: one member after the other, as `gzip -dc` does.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The text of a gzip file.
///
/// A file that was written in pieces has several members. Zeros after a member belong to none of
/// them: some disks and backups fill up a block with them.
pub(crate) struct Members<R> {
    /// Absent only while one member makes way for the next.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(packed: R) -> Self {
        Self { member: Some(GzDecoder::new(packed)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let bytes = member.read(buffer)?;
            if bytes > 0 || buffer.is_empty() {
                return Ok(bytes);
            }
            self.member = match self.member.take().map(GzDecoder::into_inner) {
                Some(packed) => after_zeros(packed)?.map(GzDecoder::new),
                None => None,
            };
        }
        Ok(0)
    }
}

/// The input after zeros; `None` if it ends there.
fn after_zeros<R: BufRead>(mut packed: R) -> io::Result<Option<R>> {
    loop {
        let bytes = packed.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let (all, zeros) = (bytes.len(), bytes.iter().take_while(|byte| **byte == 0).count());
        packed.consume(zeros);
        if zeros < all {
            return Ok(Some(packed));
        }
    }
}
