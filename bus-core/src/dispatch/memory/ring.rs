//! The newest events of one sort, in the order they came.

use std::ops::Range;
use std::sync::Arc;

use crate::dispatch::memory::mark::{Mark, Marks};
use crate::event::Stored;

/// A bounded list of events. Once it is full a new event takes the place of the oldest, so that keeping one moves nothing.
pub(super) struct Ring {
    events: Vec<Arc<Stored>>,
    /// One for each event, side by side, so that a question about a million of them does not touch each.
    marks: Vec<Mark>,
    /// Where the oldest is: at 0 until the ring is full.
    start: usize,
    capacity: usize,
    evicted: u64,
    /// Events that are not held: evicted, or never kept because the capacity is 0.
    lost: u64,
    /// The place of the newest of them.
    lost_through: u64,
}

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        // Memory grows with what is kept, not with what might be.
        let (events, marks) = (Vec::new(), Vec::new());
        Self { events, marks, start: 0, capacity, evicted: 0, lost: 0, lost_through: 0 }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many events after `seq` are not held, at most, and the place of the last of them.
    pub(super) fn lost_after(&self, seq: u64) -> (u64, u64) {
        (self.lost_through.saturating_sub(seq).min(self.lost), self.lost_through)
    }

    /// Puts an event in, and gives the one whose place it takes.
    #[expect(
        clippy::inline_always,
        reason = "what comes back fits into registers, and would be written to memory and read again"
    )]
    #[inline(always)]
    pub(super) fn push(&mut self, mark: Mark, event: Arc<Stored>) -> Option<Arc<Stored>> {
        if self.events.len() < self.capacity {
            self.marks.push(mark);
            self.events.push(event);
            return None;
        }
        let (Some(place), Some(kept)) = (self.events.get_mut(self.start), self.marks.get_mut(self.start))
        else {
            return Some(event);
        };
        *kept = mark;
        let oldest = std::mem::replace(place, event);
        self.start = if self.start + 1 == self.capacity { 0 } else { self.start + 1 };
        self.evicted += 1;
        self.lose(oldest.head.seq());
        Some(oldest)
    }

    /// Notes an event that is not held, or no more.
    #[inline]
    pub(super) fn lose(&mut self, seq: u64) {
        self.lost += 1;
        self.lost_through = seq;
    }

    /// The older and the newer part.
    fn parts(&self) -> (&[Arc<Stored>], &[Arc<Stored>]) {
        let (newer, older) = self.events.split_at(self.start);
        (older, newer)
    }

    /// The event at a place, counted from the oldest.
    pub(super) fn get(&self, place: usize) -> Option<&Arc<Stored>> {
        let (older, newer) = self.parts();
        older.get(place).or_else(|| newer.get(place - older.len()))
    }

    /// The place of the first event after `seq`.
    pub(super) fn after(&self, seq: u64) -> usize {
        let (older, newer) = self.parts();
        let within = |part: &[Arc<Stored>]| part.partition_point(|event| event.head.seq() <= seq);
        // Mostly it is asked for what is newer than all.
        match newer.last().or(older.last()) {
            Some(newest) if newest.head.seq() <= seq => self.len(),
            _ if older.last().is_some_and(|last| last.head.seq() > seq) => within(older),
            _ => older.len() + within(newer),
        }
    }

    /// All from a place on, oldest first.
    pub(super) fn from(&self, place: usize) -> impl Iterator<Item = &Arc<Stored>> {
        let (older, newer) = self.parts();
        older.iter().chain(newer).skip(place)
    }

    /// Those of `places` with these marks, oldest first.
    pub(super) fn marked(
        &self,
        places: Range<usize>,
        marks: Marks,
    ) -> impl DoubleEndedIterator<Item = &Arc<Stored>> {
        let older = self.events.len() - self.start;
        let held = |places: Range<usize>| self.events[places.clone()].iter().zip(&self.marks[places]);
        let first = held(self.start + places.start.min(older)..self.start + places.end.min(older));
        let rest = held(places.start.saturating_sub(older)..places.end.saturating_sub(older));
        first.chain(rest).filter(move |(_, mark)| marks.fit(**mark)).map(|(event, _)| event)
    }

    /// Lets go of everything, oldest first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Arc<Stored>> {
        self.marks.clear();
        let newer: Vec<_> = self.events.drain(..std::mem::take(&mut self.start)).collect();
        self.events.drain(..).chain(newer)
    }
}
