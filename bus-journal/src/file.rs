//! The file of a journal: where it is, and whether it is still the same.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// SQLite takes paths of 512 bytes, with the endings of the files beside the journal.
const LONGEST: usize = 500;

/// Returns where the file is, or is to be made: without links, so that the files beside it are the
/// same by whatever path it is opened, and never a name that SQLite reads as something else, such
/// as `:memory:`.
pub(crate) fn locate(path: &Path) -> io::Result<PathBuf> {
    let refused = |kind, text: String| Err(io::Error::new(kind, text));
    let located = match fs::canonicalize(path) {
        Ok(located) if located.is_dir() => {
            return refused(ErrorKind::IsADirectory, "it is a folder: name a file in it".to_owned());
        }
        Ok(located) if !located.is_file() => {
            return refused(ErrorKind::InvalidInput, "it is no regular file: choose another path".to_owned());
        }
        Ok(located) => located,
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Err(error) if fs::symlink_metadata(path).is_ok() => {
            return refused(
                error.kind(),
                "it is a link to nothing: remove it, or make its target".to_owned(),
            );
        }
        Err(error) => {
            let (Some(name), Some(folder)) = (path.file_name(), path.parent()) else {
                return refused(error.kind(), "the path names no file: choose another path".to_owned());
            };
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let Ok(located) = fs::canonicalize(folder) else {
                let text = format!("the folder {} does not exist: make it first", folder.display());
                return refused(error.kind(), text);
            };
            located.join(name)
        }
    };
    if located.as_os_str().len() > LONGEST {
        let text = format!("the path is longer than {LONGEST} bytes: choose a shorter one");
        return refused(ErrorKind::InvalidFilename, text);
    }
    Ok(located)
}

/// The file that a path led to when the journal was opened.
#[derive(Debug, Clone)]
pub(crate) struct OpenFile {
    path: PathBuf,
    identity: Identity,
}

impl OpenFile {
    pub(crate) fn new(path: PathBuf) -> io::Result<Self> {
        Ok(Self { identity: identity(&path)?, path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Fails if the path leads to another file now, or to none: what is written into the old one is
    /// lost when it is closed.
    pub(crate) fn check(&self) -> io::Result<()> {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            return Ok(());
        }
        let text = format!(
            "the file {} was replaced or removed while it was open: close the journal and open it again",
            self.path.display()
        );
        Err(io::Error::other(text))
    }
}

/// The numbers of the device and of the file.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;

    fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

/// Other systems do not let a file be replaced while it is open.
#[cfg(not(unix))]
type Identity = bool;

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|file| file.is_file())
}
