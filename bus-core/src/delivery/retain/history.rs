//! The bounded history of a bus: the newest events.
//!
//! Lifecycle events and `transient` ones (token deltas) have a log each, so that a flood of one
//! evicts nothing of the other. Both share one budget of bytes.

use std::sync::Arc;

use crate::delivery::retain::log::Log;
use crate::delivery::retain::mark::Marks;
use crate::event::{EventId, Stored};

/// How many events are looked at in one turn of the lock.
pub(crate) const WINDOW: usize = 256;

/// Two logs, each in `seq` order. They live under the bus's lock.
pub(crate) struct History {
    main: Log,
    transient: Log,
    budget: usize,
}

impl History {
    pub(crate) fn new(capacity: usize, transient: usize, budget: usize) -> Self {
        Self { main: Log::new(capacity), transient: Log::new(transient), budget }
    }

    /// Whether an event of this sort is kept at all.
    #[inline]
    pub(crate) fn keeps(&self, transient: bool) -> bool {
        (if transient { &self.transient } else { &self.main }).capacity() > 0
    }

    /// The log of one sort, for an event that is published now. Where this sort is not kept, the
    /// event counts as lost.
    #[inline]
    pub(crate) fn log(&mut self, transient: bool, seq: u64) -> Option<&mut Log> {
        let log = if transient { &mut self.transient } else { &mut self.main };
        if log.capacity() == 0 {
            log.note_lost(seq);
            return None;
        }
        Some(log)
    }

    /// Whether the budget of bytes is passed.
    #[inline]
    pub(crate) fn is_over_budget(&self) -> bool {
        self.bytes() > self.budget
    }

    /// Takes out the oldest events for as long as the budget of bytes is passed.
    #[cold]
    pub(crate) fn evict_over_budget(&mut self) -> Vec<Arc<Stored>> {
        let mut evicted = Vec::new();
        // The newest event stays, however large: somebody may be about to ask for it.
        while self.is_over_budget() && self.len() > 1 {
            let seq = |log: &Log| log.get(0).map_or(u64::MAX, |event| event.head.seq());
            let older =
                if seq(&self.main) < seq(&self.transient) { &mut self.main } else { &mut self.transient };
            let Some(event) = older.evict() else { break };
            evicted.push(event);
        }
        evicted
    }

    pub(crate) fn len(&self) -> usize {
        self.main.len() + self.transient.len()
    }

    /// The estimated size of everything that is held.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.main.bytes() + self.transient.bytes()
    }

    pub(crate) fn evicted(&self) -> (u64, u64) {
        (self.main.evicted(), self.transient.evicted())
    }

    /// How many events after `seq` are not held, and the seq of the last of them. At most: some may
    /// have been of other kinds or scopes.
    pub(crate) fn lost_after(&self, seq: u64, with_transient: bool) -> Option<(u64, u64)> {
        let main = self.main.lost_after(seq);
        let transient = if with_transient { self.transient.lost_after(seq) } else { (0, 0) };
        let (missed, last) = (main.0 + transient.0, main.1.max(transient.1));
        (missed > 0).then(|| (missed.min(last.saturating_sub(seq)), last))
    }

    /// The seq of the newest event that each log does not hold.
    pub(crate) fn lost_through(&self) -> [u64; 2] {
        [self.main.lost_through(), self.transient.lost_through()]
    }

    /// How many events after `seq` are not held, at most, apart from those up to `known` in each
    /// log, and the seqs of the first and the last of them.
    pub(crate) fn lost_since(
        &self,
        seq: u64,
        known: [u64; 2],
        with_transient: bool,
    ) -> Option<(u64, u64, u64)> {
        let transient = with_transient.then_some((&self.transient, known[1]));
        let logs = std::iter::once((&self.main, known[0])).chain(transient);
        let lost = logs.filter_map(|(log, known)| {
            let after = seq.max(known);
            let (missed, last) = log.lost_after(after);
            (missed > 0).then_some((missed, after + 1, last))
        });
        lost.reduce(|one, other| (one.0 + other.0, one.1.min(other.1), one.2.max(other.2)))
    }

    /// The seq of the oldest event that is held.
    pub(crate) fn oldest(&self) -> Option<u64> {
        let first = |log: &Log| log.get(0).map(|event| event.head.seq());
        first(&self.main).into_iter().chain(first(&self.transient)).min()
    }

    /// The next events after `seq` with these marks, oldest first, and where the walk stands after
    /// them if there is more.
    pub(crate) fn next_after(
        &self,
        seq: u64,
        marks: Marks,
    ) -> (impl Iterator<Item = &Arc<Stored>>, Option<u64>) {
        let window = |log: &Log| {
            let start = log.after(seq);
            start..(start + WINDOW).min(log.len())
        };
        let (main, transient) = (window(&self.main), window(&self.transient));
        let last = |log: &Log, end: usize| {
            let more = end < log.len();
            log.get(end.wrapping_sub(1)).filter(|_| more).map(|event| event.head.seq())
        };
        let stands = last(&self.main, main.end).into_iter().chain(last(&self.transient, transient.end)).min();
        let within = move |event: &&Arc<Stored>| stands.is_none_or(|stands| event.head.seq() <= stands);
        let mut main = self.main.marked(main, marks).peekable();
        let mut transient = self.transient.marked(transient, marks).peekable();
        let merged = std::iter::from_fn(move || match (main.peek(), transient.peek()) {
            (Some(a), Some(b)) if a.head.seq() > b.head.seq() => transient.next(),
            (Some(_), _) => main.next(),
            (None, _) => transient.next(),
        });
        (merged.take_while(within), stands)
    }

    /// The next events before `seq` with these marks, newest first, and where the walk stands after
    /// them if there is more.
    pub(crate) fn next_before(
        &self,
        seq: u64,
        marks: Marks,
    ) -> (impl Iterator<Item = &Arc<Stored>>, Option<u64>) {
        let window = |log: &Log| {
            let end = log.after(seq.saturating_sub(1));
            end.saturating_sub(WINDOW)..end
        };
        let (main, transient) = (window(&self.main), window(&self.transient));
        let first =
            |log: &Log, start: usize| log.get(start).filter(|_| start > 0).map(|event| event.head.seq());
        let stands =
            first(&self.main, main.start).into_iter().chain(first(&self.transient, transient.start)).max();
        let within = move |event: &&Arc<Stored>| stands.is_none_or(|stands| event.head.seq() >= stands);
        let mut main = self.main.marked(main, marks).rev().peekable();
        let mut transient = self.transient.marked(transient, marks).rev().peekable();
        let merged = std::iter::from_fn(move || match (main.peek(), transient.peek()) {
            (Some(a), Some(b)) if a.head.seq() < b.head.seq() => transient.next(),
            (Some(_), _) => main.next(),
            (None, _) => transient.next(),
        });
        (merged.take_while(within), stands)
    }

    /// Takes everything out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Arc<Stored>> {
        self.main.drain().chain(self.transient.drain())
    }

    /// The seq of an event with this id among the next events after `seq`, and where the walk
    /// stands if there is more: a republished event keeps an id of another run.
    pub(crate) fn find_after(&self, seq: u64, id: EventId) -> (Option<u64>, Option<u64>) {
        let (mut events, stands) = self.next_after(seq, Marks::default());
        (events.find(|event| event.head.id() == id).map(|event| event.head.seq()), stands)
    }
}
