//! The newest events of one sort, in order.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::delivery::retain::mark::{Mark, Marks};
use crate::event::Stored;

/// One event that is held. Its mark, which a query reads first, is beside it, so that a query over
/// a million of them does not go to each.
struct Entry {
    mark: Mark,
    /// Its estimated memory.
    bytes: usize,
    event: Arc<Stored>,
}

/// A bounded list of events.
pub(super) struct Log {
    entries: VecDeque<Entry>,
    capacity: usize,
    /// The estimated memory of all that is held.
    bytes: usize,
    evicted: u64,
    /// Events that are not held: evicted, or never kept because the capacity is 0.
    lost: u64,
    /// The seq of the newest of them.
    lost_through: u64,
}

impl Log {
    pub(super) fn new(capacity: usize) -> Self {
        // Memory grows with what is kept, not with what might be.
        Self { entries: VecDeque::new(), capacity, bytes: 0, evicted: 0, lost: 0, lost_through: 0 }
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many events after `seq` are not held, at most, and the seq of the last of them.
    pub(super) fn lost_after(&self, seq: u64) -> (u64, u64) {
        (self.lost_through.saturating_sub(seq).min(self.lost), self.lost_through)
    }

    /// Puts an event in. The oldest one comes back where there is no capacity for both.
    #[inline]
    pub(super) fn push(&mut self, mark: Mark, event: Arc<Stored>) -> Option<Arc<Stored>> {
        let bytes = event.bytes();
        self.bytes += bytes;
        let evicted = if self.entries.len() < self.capacity { None } else { self.evict() };
        self.entries.push_back(Entry { mark, bytes, event });
        evicted
    }

    /// Takes the oldest event out.
    #[inline]
    pub(super) fn evict(&mut self) -> Option<Arc<Stored>> {
        let oldest = self.entries.pop_front()?;
        self.bytes -= oldest.bytes;
        self.evicted += 1;
        self.note_lost(oldest.event.head.seq());
        Some(oldest.event)
    }

    /// Records an event that is not held, or no longer.
    #[inline]
    pub(super) fn note_lost(&mut self, seq: u64) {
        self.lost += 1;
        self.lost_through = seq;
    }

    pub(super) fn get(&self, at: usize) -> Option<&Arc<Stored>> {
        self.entries.get(at).map(|entry| &entry.event)
    }

    /// The index of the first event after `seq`.
    pub(super) fn after(&self, seq: u64) -> usize {
        // Mostly it is asked for what is newer than all.
        match self.entries.back() {
            Some(newest) if newest.event.head.seq() > seq => {
                self.entries.partition_point(|entry| entry.event.head.seq() <= seq)
            }
            _ => self.entries.len(),
        }
    }

    /// Those of a range with these marks, oldest first.
    pub(super) fn marked(
        &self,
        range: Range<usize>,
        marks: Marks,
    ) -> impl DoubleEndedIterator<Item = &Arc<Stored>> {
        let held = self.entries.range(range).filter(move |entry| marks.fit(entry.mark));
        held.map(|entry| &entry.event)
    }

    /// Takes everything out, oldest first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Arc<Stored>> {
        self.bytes = 0;
        self.entries.drain(..).map(|entry| entry.event)
    }
}
