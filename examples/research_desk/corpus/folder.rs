//! Reads a folder: its text files, its other files, and those that could not be read.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Folders with generated files.
const MACHINE_MADE: &[&str] = &["target", "node_modules", "__pycache__", "dist", "vendor"];
/// Larger files are data, not text to cite.
const MAX_BYTES: u64 = 1 << 20;

/// The result of a walk. Paths are relative to the folder, with `/` between the parts.
#[derive(Default)]
pub(crate) struct Found {
    /// Text files with their content.
    pub(crate) texts: Vec<(String, String)>,
    /// Files that are not text, or too large to cite.
    pub(crate) skipped: Vec<String>,
    /// Files and folders that the system refused, with the reason.
    pub(crate) unreadable: Vec<(String, String)>,
}

/// Reads every text file below `root`, in the order of their names. Hidden files and generated
/// folders are skipped.
///
/// `progress` gets the number of files from time to time, and ends the walk by returning `false`.
pub(crate) fn walk(root: &Path, mut progress: impl FnMut(usize) -> bool) -> io::Result<Found> {
    let (mut found, mut seen) = (Found::default(), 0_usize);
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries = match entries(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(error),
            Err(error) => {
                found.unreadable.push((name_below(root, &folder), error.to_string()));
                continue;
            }
        };
        entries.sort();
        let mut below = Vec::new();
        for path in entries {
            // A link to a folder may form a cycle; a link to a file is read like the file.
            if path.is_dir() {
                if !path.is_symlink() {
                    below.push(path);
                }
                continue;
            }
            take(root, &path, &mut found);
            seen += 1;
            if seen.is_multiple_of(256) && !progress(seen) {
                return Ok(found);
            }
        }
        folders.extend(below.into_iter().rev());
    }
    Ok(found)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with('.') && !MACHINE_MADE.contains(&&*name) {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn take(root: &Path, path: &Path, found: &mut Found) {
    let name = name_below(root, path);
    // The tools and the answers name files as text.
    if path.to_str().is_none() {
        return found.unreadable.push((name, "its name is not UTF-8".into()));
    }
    match text_of(path) {
        Ok(Some(text)) => found.texts.push((name, text)),
        Ok(None) => found.skipped.push(name),
        Err(error) => found.unreadable.push((name, error.to_string())),
    }
}

/// The text of a file; `None` if it is too large, not UTF-8 or not a plain file (a socket would
/// block).
fn text_of(path: &Path) -> io::Result<Option<String>> {
    let facts = fs::metadata(path)?;
    if !facts.is_file() || facts.len() > MAX_BYTES || path.extension().is_some_and(|e| e == "lock") {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')))
}

fn name_below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
