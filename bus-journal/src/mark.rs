//! The mark: the last acknowledged position, in a small file beside the database.
//!
//! SQLite drops commits without a word where the write-ahead log is damaged or was left behind. The
//! mark is outside of that log. A database that ends before it has lost something, and the range is
//! known.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Each slot is in a sector of its own, so that a write torn by a power cut spoils one of the two.
const SLOT: usize = 512;
const USED: usize = 44;

/// The position that was acknowledged last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Counts the writes. The slot with the higher number is the newer one.
    turn: u64,
    pub(crate) position: u64,
    pub(crate) run: u64,
    pub(crate) seq: u64,
    /// The boot of the machine in which a sync of the journal failed; 0 if none did.
    pub(crate) failed_boot: u64,
}

/// The content of a file of marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) mark: Option<Mark>,
    /// A slot was written and does not match its checksum.
    pub(crate) is_damaged: bool,
}

/// The file, open for writing.
#[derive(Debug)]
pub(crate) struct MarkFile {
    file: File,
    last: Mark,
}

pub(crate) fn path(journal: &Path) -> PathBuf {
    super::beside(journal, "-mark")
}

/// Reads the mark again and again.
#[derive(Debug)]
pub(crate) struct MarkReader {
    path: PathBuf,
    /// Open once it is there.
    file: Option<File>,
}

impl MarkReader {
    pub(crate) fn new(journal: &Path) -> Self {
        Self { path: path(journal), file: None }
    }

    /// Reads the newest mark; nothing if there is no file.
    pub(crate) fn read(&mut self) -> io::Result<Found> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::default()),
                Err(error) => return Err(error),
            }
        }
        self.file.as_mut().map_or_else(|| Ok(Found::default()), found)
    }
}

fn found(file: &mut File) -> io::Result<Found> {
    let mut bytes = Vec::with_capacity(2 * SLOT);
    file.seek(SeekFrom::Start(0))?;
    file.take(2 * SLOT as u64).read_to_end(&mut bytes)?;
    let mut found = Found::default();
    for slot in bytes.chunks(SLOT) {
        let mark = Mark::decode(slot);
        found.is_damaged |= mark.is_none() && slot.iter().any(|byte| *byte != 0);
        found.mark = [found.mark, mark].into_iter().flatten().max_by_key(|mark| mark.turn);
    }
    Ok(found)
}

impl MarkFile {
    /// Opens the file, and makes it with its full length, so that a full disk cannot refuse a mark.
    pub(crate) fn open(journal: &Path) -> io::Result<(Self, Found)> {
        let path = path(journal);
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let found = found(&mut file)?;
        let length = file.metadata()?.len();
        if length < 2 * SLOT as u64 {
            file.seek(SeekFrom::Start(length))?;
            file.write_all(&vec![0; 2 * SLOT - usize::try_from(length).unwrap_or(0)])?;
            file.sync_all()?;
        }
        Ok((Self { file, last: found.mark.unwrap_or_default() }, found))
    }

    pub(crate) fn last(&self) -> Mark {
        self.last
    }

    /// Writes a position over the older slot.
    pub(crate) fn write(&mut self, position: u64, run: u64, seq: u64) -> io::Result<()> {
        self.put(Mark { position, run, seq, ..self.last })
    }

    /// Notes that a sync failed in this boot of the machine.
    pub(crate) fn write_failed_boot(&mut self, boot: u64) -> io::Result<()> {
        self.put(Mark { failed_boot: boot, ..self.last })
    }

    fn put(&mut self, mark: Mark) -> io::Result<()> {
        let mark = Mark { turn: self.last.turn + 1, ..mark };
        self.file.seek(SeekFrom::Start(mark.turn % 2 * SLOT as u64))?;
        self.file.write_all(&mark.encode())?;
        self.last = mark;
        Ok(())
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

impl Mark {
    fn encode(self) -> [u8; USED] {
        let mut bytes = [0; USED];
        let fields = [self.turn, self.position, self.run, self.seq, self.failed_boot];
        for (to, field) in bytes.chunks_exact_mut(8).zip(fields) {
            to.copy_from_slice(&field.to_le_bytes());
        }
        let checksum = crc32fast::hash(&bytes[..USED - 4]);
        bytes[USED - 4..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let (fields, _) = slot.get(..USED)?.as_chunks();
        let fields: [[u8; 8]; 5] = fields.try_into().ok()?;
        let [turn, position, run, seq, failed_boot] = fields.map(u64::from_le_bytes);
        let mark = Self { turn, position, run, seq, failed_boot };
        // A slot of zeros was never written.
        (mark.turn > 0 && mark.encode() == slot[..USED]).then_some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn read(journal: &Path) -> Found {
        MarkReader::new(journal).read().unwrap()
    }

    #[test]
    fn the_newest_mark_is_read_back() {
        let folder = folder();
        let journal = folder.path().join("run.db");
        assert_eq!(read(&journal), Found::default());
        let (mut file, found) = MarkFile::open(&journal).unwrap();
        assert_eq!(found, Found::default());
        for position in 1..=5 {
            file.write(position, 7, position).unwrap();
            let found = read(&journal);
            assert_eq!(found.mark.map(|mark| (mark.position, mark.run)), Some((position, 7)));
            assert!(!found.is_damaged);
        }
    }

    #[test]
    fn any_damaged_bit_is_noticed_and_the_other_slot_is_used() {
        let folder = folder();
        let journal = folder.path().join("run.db");
        let (mut file, _) = MarkFile::open(&journal).unwrap();
        file.write(41, 7, 41).unwrap();
        file.write(42, 7, 42).unwrap();
        let good = std::fs::read(path(&journal)).unwrap();
        for bit in 0..USED * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(path(&journal), &bytes).unwrap();
            let found = read(&journal);
            assert!(found.is_damaged, "bit {bit}");
            assert_eq!(found.mark.unwrap().position, 41, "bit {bit}");
        }
    }
}
