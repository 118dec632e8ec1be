//! The declared kinds that the sources emit, and those that they subscribe to by name.
//!
//! Found in the text of the sources, not in the program. It cannot see calls that a macro writes, a
//! payload that is built under another name (`use … as …`, `Self`), a kind that is put together at
//! run time, emits of a crate outside of the folders, and whether code is ever reached. Code under
//! `#[cfg(test)]`, and the folders `tests`, `benches` and `target`, do not count.

mod visit;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use syn::visit::Visit as _;

use crate::model::{Catalog, Event};

/// The uses of events in the sources.
#[derive(Debug, Default)]
pub struct Coverage {
    /// The number of files read.
    pub files: usize,
    /// Files that are not Rust, with the error.
    pub unread: Vec<String>,
    /// Kinds that are emitted.
    pub emitted: BTreeSet<String>,
    /// Kinds that are subscribed to by name: by payload type, or as a string.
    pub subscribed: BTreeSet<String>,
}

impl Coverage {
    /// The limits of the search, for readers of its numbers.
    pub const BLIND: &'static str = "found in the text of the sources: it does not see calls that a macro writes, payloads under another name, kinds put \
         together at run time, or whether code is ever reached; a definition as a whole (`subscribe::<TheEvents>()`) names \
         no kind";

    /// The events that nothing in the sources emits.
    pub fn never_emitted<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = &'a Event> {
        catalog.events.iter().filter(|event| !self.emitted.contains(&event.kind))
    }

    /// The events that nothing in the sources subscribes to by name.
    pub fn never_subscribed<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = &'a Event> {
        catalog.events.iter().filter(|event| !self.subscribed.contains(&event.kind))
    }
}

/// The names that sources use for an event: its helper, its payload, its kind.
struct Known<'a> {
    helpers: BTreeMap<&'a str, &'a str>,
    payloads: BTreeMap<&'a str, &'a str>,
    kinds: BTreeMap<&'a str, &'a str>,
}

impl<'a> Known<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        let events = || catalog.events.iter();
        let kinds = events().flat_map(|event| {
            std::iter::once(&event.kind)
                .chain(&event.aliases)
                .map(|name| (name.as_str(), event.kind.as_str()))
        });
        Self {
            helpers: events().map(|event| (event.helper.as_str(), event.kind.as_str())).collect(),
            payloads: events().map(|event| (event.name.as_str(), event.kind.as_str())).collect(),
            kinds: kinds.collect(),
        }
    }
}

/// Reads all Rust files below the folders.
///
/// # Errors
/// If a folder or file cannot be read; the error names it.
pub fn coverage(catalog: &Catalog, folders: &[PathBuf]) -> io::Result<Coverage> {
    let mut files = Vec::new();
    for folder in folders {
        sources(folder, &mut files)?;
    }
    files.sort();
    files.dedup();
    let mut found = Coverage { files: files.len(), ..Coverage::default() };
    let known = Known::of(catalog);
    for path in files {
        let text = fs::read_to_string(&path).map_err(|error| named(&path, &error))?;
        match syn::parse_file(&text) {
            Ok(file) => visit::Visitor { known: &known, found: &mut found }.visit_file(&file),
            Err(error) => found.unread.push(format!("{}: {error}", path.display())),
        }
    }
    Ok(found)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| named(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| named(folder, &error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "tests", "benches"].contains(&name.as_str()) {
                sources(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests.rs" {
            found.push(path);
        }
    }
    Ok(())
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
