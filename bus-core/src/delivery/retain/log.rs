//! The newest events of one sort, in order.

use std::ops::Range;
use std::sync::Arc;

use crate::delivery::retain::mark::{Mark, Marks};
use crate::event::Stored;

/// A bounded list of events.
pub(crate) struct Log {
    /// A ring. A full one takes each event in place of its oldest, which costs one index; a
    /// `VecDeque` would move both of its ends.
    events: Vec<Option<Arc<Stored>>>,
    /// One for each event, side by side, so that a query over a million of them does not go to
    /// each.
    marks: Vec<Mark>,
    /// Where the oldest event is.
    first: usize,
    len: usize,
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
        let (events, marks) = (Vec::new(), Vec::new());
        Self { events, marks, first: 0, len: 0, capacity, bytes: 0, evicted: 0, lost: 0, lost_through: 0 }
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn len(&self) -> usize {
        self.len
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
    pub(crate) fn push(&mut self, mark: Mark, event: Arc<Stored>) -> Option<Arc<Stored>> {
        let bytes = self.bytes + event.bytes();
        let is_full = self.len == self.capacity;
        if self.len == self.events.len() && !is_full {
            self.grow();
        }
        let at = self.slot(self.len);
        self.marks[at] = mark;
        let oldest = self.events[at].replace(event);
        self.bytes = bytes - oldest.as_ref().map_or(0, |oldest| oldest.bytes());
        match &oldest {
            Some(oldest) => {
                self.first = self.slot(1);
                self.evicted += 1;
                self.note_lost(oldest.head.seq());
            }
            None => self.len += 1,
        }
        oldest
    }

    /// Takes the oldest event out.
    pub(super) fn evict(&mut self) -> Option<Arc<Stored>> {
        let oldest = self.events.get_mut(self.first)?.take()?;
        self.first = self.slot(1);
        self.len -= 1;
        self.bytes -= oldest.bytes();
        self.evicted += 1;
        self.note_lost(oldest.head.seq());
        Some(oldest)
    }

    /// Where the event of this index is, or would be; an index is below the length of the ring, or
    /// equal to it.
    #[inline]
    fn slot(&self, index: usize) -> usize {
        let at = self.first + index;
        if at < self.events.len() { at } else { at - self.events.len() }
    }

    /// Doubles a ring that is full, up to the capacity.
    #[cold]
    fn grow(&mut self) {
        let wanted = (self.events.len() * 2).max(4).min(self.capacity);
        self.events.rotate_left(self.first);
        self.marks.rotate_left(self.first);
        self.first = 0;
        self.events.resize(wanted, None);
        self.marks.resize(wanted, Mark::default());
    }

    /// Records an event that is not held, or no longer.
    #[inline]
    pub(super) fn note_lost(&mut self, seq: u64) {
        self.lost += 1;
        self.lost_through = seq;
    }

    pub(super) fn get(&self, index: usize) -> Option<&Arc<Stored>> {
        if index < self.len { self.events[self.slot(index)].as_ref() } else { None }
    }

    /// The index of the first event after `seq`.
    pub(super) fn after(&self, seq: u64) -> usize {
        let is_newer = |index: usize| self.get(index).is_some_and(|event| event.head.seq() > seq);
        // Mostly it is asked for what is newer than all.
        if self.len == 0 || !is_newer(self.len - 1) {
            return self.len;
        }
        let (mut low, mut high) = (0, self.len - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_newer(middle) { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// Those of a range with these marks, oldest first.
    pub(super) fn marked(
        &self,
        range: Range<usize>,
        marks: Marks,
    ) -> impl DoubleEndedIterator<Item = &Arc<Stored>> {
        let fitting = range.map(|index| self.slot(index)).filter(move |at| marks.fit(self.marks[*at]));
        fitting.filter_map(|at| self.events[at].as_ref())
    }

    /// Takes everything out, oldest first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Arc<Stored>> {
        let mut events = std::mem::take(&mut self.events);
        events.rotate_left(self.first);
        self.marks.clear();
        (self.bytes, self.first, self.len) = (0, 0, 0);
        events.into_iter().flatten()
    }
}
