//! The input file, plain or gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::gzip::Members;

/// The first bytes of every gzip file, which identify it under any name.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// A recorded session.
pub(crate) struct Input {
    text: Box<dyn BufRead>,
    position: Arc<AtomicU64>,
    size: u64,
}

impl Input {
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("cannot read {}: {error}", path.display());
        let file = File::open(path).map_err(failed)?;
        let facts = file.metadata().map_err(failed)?;
        if facts.is_dir() {
            return Err(format!("{} is a folder: name a file in it", path.display()));
        }
        let position = Arc::new(AtomicU64::new(0));
        let mut raw = BufReader::with_capacity(1 << 16, Counted { file, position: Arc::clone(&position) });
        let packed = raw.fill_buf().map_err(failed)?.starts_with(GZIP);
        let text: Box<dyn BufRead> =
            if packed { Box::new(BufReader::new(Members::new(raw))) } else { Box::new(raw) };
        Ok(Self { text, position, size: facts.len() })
    }

    /// The number of bytes read so far; grows while the session is read.
    pub(crate) fn position(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.position)
    }

    /// The number of bytes in the file; 0 for a pipe.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.text.read(buffer)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.text.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.text.consume(bytes);
    }
}

struct Counted {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read(buffer)?;
        self.position.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}
