//! The lock of the one writer: a file that is locked while a journal is open, with the process in
//! it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How often the lock is tried, every 2 ms: a reader that looks whether a writer is at work has it
/// for a moment.
const TRIES: u32 = 20;

/// The same where this process has it: a thread of a closed bus may be closing the journal.
const OWN_TRIES: u32 = 1_000;

/// Held while the journal is open. The system frees it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    /// Its path, if this lock made the file.
    made: Option<PathBuf>,
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
        let (mut file, made) = open(path).map_err(Refused::Io)?;
        let mut tries = 0;
        while let Err(error) = file.try_lock() {
            if let TryLockError::Error(error) = error {
                return Err(Refused::Io(error));
            }
            let holder = pid(&mut file);
            let is_own = holder == Some(std::process::id());
            tries += 1;
            if tries > if is_own { OWN_TRIES } else { TRIES } {
                return Err(Refused::Held(holder));
            }
            thread::sleep(Duration::from_millis(2));
        }
        write_pid(&mut file).map_err(Refused::Io)?;
        Ok(Self { _file: file, made })
    }

    /// Gives the lock back where no journal is, and removes the file that this lock made.
    pub(crate) fn discard(self) {
        if let Some(path) = &self.made {
            // One that stays does no harm.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Returns whether a writer has the lock.
    pub(crate) fn is_held(journal: &Path) -> bool {
        // Without the file, or the right to open it, there is nothing to know.
        let Ok(file) = File::open(super::beside(journal, "-lock")) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

/// Opens the file, and returns its path if it is new.
fn open(path: PathBuf) -> io::Result<(File, Option<PathBuf>)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match options.clone().create_new(true).open(&path) {
        Ok(file) => Ok((file, Some(path))),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Somebody may have removed it since.
            Ok((options.create(true).truncate(false).open(&path)?, None))
        }
        Err(error) => Err(error),
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
    fn a_lock_that_this_process_is_about_to_free_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("run.db");
        let lock = Lock::acquire(&journal).unwrap();
        thread::scope(|scope| {
            scope.spawn(move || {
                // Longer than another process is waited for, and much shorter than this one.
                thread::sleep(Duration::from_millis(300));
                drop(lock);
            });
            Lock::acquire(&journal).unwrap();
        });
    }

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
