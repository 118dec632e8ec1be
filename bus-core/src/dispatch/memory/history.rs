//! The bounded memory of the bus: the newest events.
//!
//! Lifecycle events and `transient` ones (token deltas) have a ring each, so that a flood of one evicts nothing of the other.

use std::sync::Arc;

use crate::dispatch::memory::mark::{Mark, Marks};
use crate::dispatch::memory::ring::Ring;
use crate::event::{EventId, Stored};

/// Two rings, each in `seq` order. They live under the order lock.
pub(crate) struct History {
    main: Ring,
    transient: Ring,
}

impl History {
    pub(crate) fn new(capacity: usize, transient: usize) -> Self {
        Self { main: Ring::new(capacity), transient: Ring::new(transient) }
    }

    /// Whether an event of this sort is kept at all.
    #[inline]
    pub(crate) fn keeps(&self, transient: bool) -> bool {
        (if transient { &self.transient } else { &self.main }).capacity() > 0
    }

    /// Keeps an event. Gives it back where it is not kept, or is `needed` after that too, and the one that had to go, to be dropped after the lock.
    #[expect(
        clippy::inline_always,
        reason = "what comes back fits into registers, and would be written to memory and read again"
    )]
    #[inline(always)]
    pub(crate) fn keep(
        &mut self,
        mark: Mark,
        event: Arc<Stored>,
        transient: bool,
        needed: bool,
    ) -> (Option<Arc<Stored>>, Option<Arc<Stored>>) {
        let ring = if transient { &mut self.transient } else { &mut self.main };
        if ring.capacity() == 0 {
            ring.lose(event.head.seq());
            return (Some(event), None);
        }
        let again = needed.then(|| Arc::clone(&event));
        (again, ring.push(mark, event))
    }

    pub(crate) fn len(&self) -> usize {
        self.main.len() + self.transient.len()
    }

    pub(crate) fn evicted(&self) -> (u64, u64) {
        (self.main.evicted(), self.transient.evicted())
    }

    /// How many events after `seq` are not held, and the place of the last of them. At most: some may have been of other kinds or scopes.
    pub(crate) fn lost_after(&self, seq: u64, with_transient: bool) -> Option<(u64, u64)> {
        let main = self.main.lost_after(seq);
        let transient = if with_transient { self.transient.lost_after(seq) } else { (0, 0) };
        let missed = main.0 + transient.0;
        (missed > 0)
            .then(|| (missed.min(main.1.max(transient.1).saturating_sub(seq)), main.1.max(transient.1)))
    }

    /// The place of the oldest event that is held.
    pub(crate) fn oldest(&self) -> Option<u64> {
        let first = |ring: &Ring| ring.get(0).map(|event| event.head.seq());
        first(&self.main).into_iter().chain(first(&self.transient)).min()
    }

    /// All events after `seq`, oldest first.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = &Arc<Stored>> {
        let mut main = self.main.from(self.main.after(seq)).peekable();
        let mut transient = self.transient.from(self.transient.after(seq)).peekable();
        std::iter::from_fn(move || match (main.peek(), transient.peek()) {
            (Some(a), Some(b)) if a.head.seq() > b.head.seq() => transient.next(),
            (Some(_), _) => main.next(),
            (None, _) => transient.next(),
        })
    }

    /// The next events after `seq` with these marks, oldest first, and where the walk stands after them if there is more.
    pub(crate) fn next_after(
        &self,
        seq: u64,
        marks: Marks,
    ) -> (impl Iterator<Item = &Arc<Stored>>, Option<u64>) {
        let window = |ring: &Ring| {
            let start = ring.after(seq);
            start..(start + marks.window()).min(ring.len())
        };
        let (main, transient) = (window(&self.main), window(&self.transient));
        let last = |ring: &Ring, end: usize| {
            let more = end < ring.len();
            ring.get(end.wrapping_sub(1)).filter(|_| more).map(|event| event.head.seq())
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

    /// The next events before `seq` with these marks, newest first, and where the walk stands after them if there is more.
    pub(crate) fn next_before(
        &self,
        seq: u64,
        marks: Marks,
    ) -> (impl Iterator<Item = &Arc<Stored>>, Option<u64>) {
        let window = |ring: &Ring| {
            let end = ring.after(seq.saturating_sub(1));
            end.saturating_sub(marks.window())..end
        };
        let (main, transient) = (window(&self.main), window(&self.transient));
        let first =
            |ring: &Ring, start: usize| ring.get(start).filter(|_| start > 0).map(|event| event.head.seq());
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

    /// Lets go of everything.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Arc<Stored>> {
        self.main.drain().chain(self.transient.drain())
    }

    /// Where an event with this id stands, if it is held: a republished event keeps an id of another run.
    pub(crate) fn find(&self, id: EventId) -> Option<u64> {
        self.after(0).find(|event| event.head.id() == id).map(|event| event.head.seq())
    }
}
