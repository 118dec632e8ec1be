//! The log of the program is foreign code too: it reads each line, and may publish.

use std::fmt::Write;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use super::act::act;
use super::world::{Frame, Site, World};

struct Log;

/// Returns how many events led to the event of a handler, which a line about it contains.
fn hops(text: &str) -> u32 {
    let after = text.rsplit_once(" after ").and_then(|(_, after)| after.split(' ').next());
    after.and_then(|hops| hops.parse().ok()).unwrap_or_default()
}

/// Makes it the log of this process.
pub(crate) fn install() {
    let installed = tracing::subscriber::set_global_default(Log);
    drop(installed);
}

/// Writes each field, which calls the user's `Display`.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Log {
    // shuttle has spans of its own.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("bus_core") && metadata.is_event()
    }

    fn event(&self, event: &Event<'_>) {
        let Some(world) = World::current() else { return };
        let mut text = Text(String::new());
        event.record(&mut text);
        world.trace(|| format!("log:{}", text.0));
        drop(world);
        let mut frame = Frame::inherit(Site::Log);
        frame.hops = frame.hops.max(hops(&text.0));
        let frame = frame.enter();
        act(Site::Log, true);
        drop(frame);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
