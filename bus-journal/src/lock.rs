//! The lock of the one writer: a file that is locked while a journal is open, with the process in
//! it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Held while the journal is open. The system frees it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Why there is no lock.
#[derive(Debug)]
pub(crate) enum Refused {
    /// This process has it, if its number could be read.
    Held(Option<u32>),
    Io(io::Error),
}

impl Lock {
    pub(crate) fn acquire(journal: &Path) -> Result<Self, Refused> {
        let path = super::beside(journal, "-lock");
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(path).map_err(Refused::Io)?;
        // A reader that looks whether a writer is at work has the lock for a moment.
        let mut tries = 20;
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::Error(error) => return Err(Refused::Io(error)),
                TryLockError::WouldBlock if tries == 0 => return Err(Refused::Held(pid(&mut file))),
                TryLockError::WouldBlock => tries -= 1,
            }
            thread::sleep(Duration::from_millis(2));
        }
        write_pid(&mut file).map_err(Refused::Io)?;
        Ok(Self { _file: file })
    }

    /// Returns whether a writer has the lock.
    pub(crate) fn is_held(journal: &Path) -> bool {
        // Without the file, or the right to open it, there is nothing to know.
        let Ok(file) = File::open(super::beside(journal, "-lock")) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

fn pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("run.db");
        assert!(!Lock::is_held(&journal));
        let lock = Lock::acquire(&journal).unwrap();
        assert!(Lock::is_held(&journal));
        let refused = Lock::acquire(&journal).unwrap_err();
        assert!(matches!(refused, Refused::Held(Some(pid)) if pid == std::process::id()));
        drop(lock);
        assert!(!Lock::is_held(&journal));
        Lock::acquire(&journal).unwrap();
    }
}
