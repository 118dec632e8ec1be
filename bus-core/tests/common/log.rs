//! Collects the `tracing` output of the bus for tests.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static ONCE: Once = Once::new();

/// Begins to collect, for the whole program.
pub(crate) fn collect() {
    ONCE.call_once(|| tracing::subscriber::set_global_default(Each(note)).unwrap());
}

/// The lines so far that have all of these words. Tests of one program run concurrently, so search
/// for a name of your own.
pub(crate) fn lines(words: &[&str]) -> Vec<String> {
    let lines = LINES.lock().unwrap();
    lines.iter().filter(|line| words.iter().all(|word| line.contains(word))).cloned().collect()
}

fn note(event: &Event<'_>) {
    let mut line = event.metadata().level().to_string();
    event.record(&mut Line(&mut line));
    LINES.lock().unwrap().push(line);
}

/// Runs the same function for each event and span of the bus.
pub(crate) struct Each<F>(pub(crate) F);

impl<F: Fn(&Event<'_>) + 'static> Subscriber for Each<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "bus_core"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        (self.0)(event);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
