//! The part of a stream that its reader and the bus share, and its place on a ring.

use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::delivery::context::{Entered, Node};
use crate::delivery::group::Loss;
use crate::delivery::overflow::Lagged;
use crate::delivery::panic::{drop_each, drop_waker};
use crate::delivery::pending::Unit;
use crate::delivery::queue::Queue;
use crate::delivery::slab::Key;
use crate::delivery::subscription::Counts;
use crate::event::Stored;
use crate::sync::{AtomicU64, Mutex, Ordering, failpoint};

/// A subscription that is read from, under the bus's lock.
pub(crate) struct Stream {
    pub(crate) queue: Queue,
    pub(crate) counts: Counts,
    pub(crate) waker: Option<Waker>,
    /// It takes one event and ends.
    pub(crate) once: bool,
    /// The handler that reads it.
    pub(crate) reader: Option<Node>,
    pub(crate) shared: Arc<Shared>,
    /// Awaited emits that wait until the queue is under its capacity.
    pub(crate) waiting: Vec<Unit>,
    /// Its ring, if it has no filter.
    pub(crate) ring: Option<Place>,
    pub(crate) loss: Loss,
}

/// How a stream stands to its ring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) ring: Key,
    /// Its index among the detached readers, while it is one.
    pub(crate) at: usize,
    /// Its entry on the ring, while it is attached.
    pub(crate) entry: Option<Key>,
}

impl Stream {
    /// The entry of an attached stream on its ring.
    pub(crate) fn attached(&self) -> Option<(Key, Key)> {
        let place = self.ring?;
        Some((place.ring, place.entry?))
    }
}

/// The state that a reader shares with its subscription.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) cursor: Cursor,
    rest: Mutex<Rest>,
}

/// The events that a reader gets after the last handle of its bus is dropped.
#[derive(Default)]
struct Rest {
    /// Not while the bus is there, or is being dropped.
    is_left: bool,
    unread: Option<Box<Queue>>,
    waker: Option<Waker>,
}

impl Shared {
    /// Leaves the unread events to the reader. Its waker comes back, if it waits for them.
    pub(crate) fn leave(&self, unread: Option<Box<Queue>>) -> Option<Waker> {
        let mut rest = self.rest.lock();
        rest.is_left = true;
        rest.unread = unread;
        rest.waker.take()
    }

    /// The next event or gap of those that were left. It waits while another thread drops the bus.
    pub(crate) fn read(&self, waker: Option<&Waker>) -> Poll<Option<Result<Arc<Stored>, Lagged>>> {
        let mut rest = self.rest.lock();
        if rest.is_left {
            let next = rest.unread.as_mut().and_then(|unread| unread.next());
            return Poll::Ready(next.map(|next| next.map(|queued| queued.event)));
        }
        let replaced = waker.and_then(|waker| rest.waker.replace(waker.clone()));
        drop(rest);
        drop_waker(replaced);
        Poll::Pending
    }

    /// Drops what nobody will read.
    pub(crate) fn drain(&self) {
        let unread = self.rest.lock().unread.as_mut().map(|unread| unread.drain());
        if let Some(unread) = unread {
            let _frame = Entered::inherit();
            drop_each(unread);
        }
    }
}

/// The position of the next event that a reader takes from its segment.
///
/// Moving it decides: the reader moves it on without the bus's lock, a publish detaches it
/// under that lock, and either sees at once what the other did. So an event is read or goes to the
/// reader's own queue, never both.
#[derive(Debug)]
pub(crate) struct Cursor(AtomicU64);

/// Marks a cursor that is not on a ring.
const DETACHED: u64 = 1 << 63;

impl Default for Cursor {
    fn default() -> Self {
        Self(AtomicU64::new(DETACHED))
    }
}

impl Cursor {
    /// Puts it on the ring, or moves it on, under the ring's lock and while its reader is attached.
    pub(super) fn set(&self, position: u64) {
        self.0.store(position, Ordering::Release);
    }

    /// Takes the next event for the reader, if it is attached.
    #[inline]
    pub(crate) fn advance(&self) -> bool {
        self.0.fetch_add(1, Ordering::AcqRel) & DETACHED == 0 || failpoint("cursor_unasked")
    }

    pub(super) fn position(&self) -> u64 {
        self.0.load(Ordering::Acquire) & !DETACHED
    }

    /// Takes it off the ring: its reader takes no more events there. Returns where it was.
    pub(super) fn detach(&self) -> u64 {
        self.0.fetch_or(DETACHED, Ordering::AcqRel) & !DETACHED
    }
}
