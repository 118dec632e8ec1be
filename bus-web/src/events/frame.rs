//! Frames of server-sent events, each made once for all readers.

use std::sync::{Mutex, PoisonError};

use bus_core::{AnyEvent, EventId, Lagged};
use bytes::Bytes;
use serde_json::json;

use super::asked::View;
use super::row::row;

/// How many events the frames are kept of. Readers that keep up are at most this far apart.
const SLOTS: usize = 512;

/// The longest frame that is kept.
const LONGEST: usize = 1 << 20;

/// The frames of the newest events, so that each is made once, however many readers get it. A
/// reader that is far behind makes its own.
pub(crate) struct Frames {
    slots: Box<[Mutex<Slot>]>,
}

#[derive(Default)]
struct Slot {
    /// The event that the frames are of.
    cursor: Option<EventId>,
    full: Option<Bytes>,
    row: Option<Bytes>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::default()).collect() }
    }
}

impl std::fmt::Debug for Frames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frames").finish_non_exhaustive()
    }
}

impl Frames {
    /// Returns the frame of an event. While one reader makes it, others that want the same wait.
    pub(crate) fn of(&self, event: &AnyEvent, view: View) -> Bytes {
        let cursor = event.cursor();
        let at = usize::try_from(cursor.seq() % SLOTS as u64).unwrap_or_default();
        let mut slot = self.slots[at].lock().unwrap_or_else(PoisonError::into_inner);
        if slot.cursor != Some(cursor) {
            *slot = Slot { cursor: Some(cursor), ..Slot::default() };
        }
        let kept = match view {
            View::Full => &mut slot.full,
            View::Row => &mut slot.row,
        };
        if let Some(frame) = kept {
            return frame.clone();
        }
        let frame = make(event, view);
        *kept = Some(frame.clone()).filter(|frame| frame.len() <= LONGEST);
        frame
    }
}

fn make(event: &AnyEvent, view: View) -> Bytes {
    let data = match view {
        View::Full => event.to_json(),
        View::Row => row(event),
    };
    Bytes::from(format!("id: {}\ndata: {data}\n\n", event.cursor()))
}

/// The frame of a gap. It has no id, so a reader that connects again asks for the missing events.
pub(crate) fn gap(gap: &Lagged) -> Bytes {
    named("gap", None, &json!(gap))
}

/// A frame that is no event of the bus.
pub(crate) fn named(name: &str, id: Option<&str>, data: &serde_json::Value) -> Bytes {
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    Bytes::from(format!("event: {name}\n{id}data: {data}\n\n"))
}

/// The frame for a reader that comes back to a closed bus.
pub(crate) fn closing() -> Bytes {
    named("closing", None, &json!({}))
}
