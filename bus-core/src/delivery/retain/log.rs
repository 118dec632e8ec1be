//! The newest events of one sort, in order.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::delivery::retain::mark::{Mark, Marks};
use crate::event::Stored;

/// A bounded list of events.
pub(super) struct Log {
    events: VecDeque<Arc<Stored>>,
    /// One for each event, side by side, so that a query over a million of them does not go to
    /// each.
    marks: VecDeque<Mark>,
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
        let (events, marks) = (VecDeque::new(), VecDeque::new());
        Self { events, marks, capacity, bytes: 0, evicted: 0, lost: 0, lost_through: 0 }
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
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

    /// The seq of the newest event that is not held.
    pub(super) fn lost_through(&self) -> u64 {
        self.lost_through
    }

    /// Puts an event in. The oldest one comes back where there is no capacity for both.
    #[inline]
    pub(super) fn push(&mut self, mark: Mark, event: Arc<Stored>) -> Option<Arc<Stored>> {
        self.bytes += event.bytes();
        let evicted = if self.events.len() < self.capacity { None } else { self.evict() };
        self.marks.push_back(mark);
        self.events.push_back(event);
        evicted
    }

    /// Takes the oldest event out.
    #[inline]
    pub(super) fn evict(&mut self) -> Option<Arc<Stored>> {
        let oldest = self.events.pop_front()?;
        self.marks.pop_front();
        self.bytes -= oldest.bytes();
        self.evicted += 1;
        self.note_lost(oldest.head.seq());
        Some(oldest)
    }

    /// Records an event that is not held, or no longer.
    #[inline]
    pub(super) fn note_lost(&mut self, seq: u64) {
        self.lost += 1;
        self.lost_through = seq;
    }

    pub(super) fn get(&self, at: usize) -> Option<&Arc<Stored>> {
        self.events.get(at)
    }

    /// The index of the first event after `seq`.
    pub(super) fn after(&self, seq: u64) -> usize {
        // Mostly it is asked for what is newer than all.
        match self.events.back() {
            Some(newest) if newest.head.seq() > seq => {
                self.events.partition_point(|event| event.head.seq() <= seq)
            }
            _ => self.events.len(),
        }
    }

    /// Those of a range with these marks, oldest first.
    pub(super) fn marked(
        &self,
        range: Range<usize>,
        marks: Marks,
    ) -> impl DoubleEndedIterator<Item = &Arc<Stored>> {
        let held = self.events.range(range.clone()).zip(self.marks.range(range));
        held.filter(move |(_, mark)| marks.fit(**mark)).map(|(event, _)| event)
    }

    /// Takes everything out, oldest first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Arc<Stored>> {
        self.bytes = 0;
        self.marks.clear();
        self.events.drain(..)
    }
}
