//! Writes every event of a bus to a file, as one line of JSON each in the wire format.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bus_core::{BoxError, EventBus};

/// A file with every event of a bus.
pub(crate) struct Record {
    path: PathBuf,
    file: Arc<Mutex<Writing>>,
}

struct Writing {
    out: BufWriter<File>,
    failed: Option<io::Error>,
}

impl Record {
    /// Creates the file, so that a wrong path fails before the work begins, and subscribes.
    pub(crate) fn open(bus: &EventBus, path: &Path) -> Result<Self, String> {
        let out = File::create(path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        let file = Arc::new(Mutex::new(Writing { out: BufWriter::new(out), failed: None }));
        let writing = Arc::clone(&file);
        // A sync handler has the event in the buffer before the next one is published, so closing
        // needs no drain.
        bus.subscribe_any()
            .name("record")
            .handle_sync(move |event| -> Result<(), BoxError> {
                let mut line = event.to_json();
                line.push('\n');
                let mut writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
                let written = writing.out.write_all(line.as_bytes());
                written.map_err(|error| {
                    let text = error.to_string();
                    writing.failed.get_or_insert(error);
                    text.into()
                })
            })
            .detach();
        Ok(Self { path: path.to_owned(), file })
    }

    /// Flushes the buffer and returns the error of any earlier write.
    pub(crate) fn finish(self) -> Result<(), String> {
        let mut writing = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let flushed = writing.out.flush();
        let outcome = writing.failed.take().map_or(flushed, Err);
        outcome.map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }
}
