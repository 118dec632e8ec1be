//! The bounded memory of the bus: the newest events.
//!
//! Lifecycle events and `transient` ones (token deltas) have a ring each, so that a flood of one evicts nothing of the other.

use std::collections::VecDeque;

use crate::event::AnyEvent;

/// Two rings, each in `seq` order. They live under the order lock.
pub(crate) struct History {
    main: Ring,
    transient: Ring,
}

/// The newest events of one sort.
struct Ring {
    events: VecDeque<AnyEvent>,
    capacity: usize,
    evicted: u64,
    /// Events that are not held: evicted, or never kept because the capacity is 0.
    lost: u64,
    /// The place of the newest of them.
    lost_through: u64,
}

impl Ring {
    fn new(capacity: usize) -> Self {
        // Memory grows with what is kept, not with what might be.
        Self { events: VecDeque::new(), capacity, evicted: 0, lost: 0, lost_through: 0 }
    }

    fn push(&mut self, event: AnyEvent) -> Option<AnyEvent> {
        let oldest = if self.events.len() >= self.capacity { self.events.pop_front() } else { None };
        if let Some(oldest) = &oldest {
            self.evicted += 1;
            self.lose(oldest.seq());
        }
        self.events.push_back(event);
        oldest
    }

    fn lose(&mut self, seq: u64) {
        self.lost += 1;
        self.lost_through = seq;
    }

    /// The place in the ring of the first event after `seq`.
    fn after(&self, seq: u64) -> usize {
        self.events.partition_point(|event| event.seq() <= seq)
    }
}

impl History {
    pub(crate) fn new(capacity: usize, transient: usize) -> Self {
        Self { main: Ring::new(capacity), transient: Ring::new(transient) }
    }

    /// Whether an event of this sort is kept at all.
    pub(crate) fn keeps(&self, transient: bool) -> bool {
        (if transient { &self.transient } else { &self.main }).capacity > 0
    }

    /// Keeps an event and gives back the one that had to go, to be dropped after the lock.
    pub(crate) fn push(&mut self, event: AnyEvent, transient: bool) -> Option<AnyEvent> {
        (if transient { &mut self.transient } else { &mut self.main }).push(event)
    }

    /// Notes an event that was published and is not kept.
    pub(crate) fn skip(&mut self, seq: u64, transient: bool) {
        (if transient { &mut self.transient } else { &mut self.main }).lose(seq);
    }

    pub(crate) fn len(&self) -> usize {
        self.main.events.len() + self.transient.events.len()
    }

    pub(crate) fn evicted(&self) -> (u64, u64) {
        (self.main.evicted, self.transient.evicted)
    }

    /// How many events after `seq` are not held, and the place of the last of them. At most: some may have been of other kinds or scopes.
    pub(crate) fn lost_after(&self, seq: u64, with_transient: bool) -> Option<(u64, u64)> {
        let lost = |ring: &Ring| {
            let span = ring.lost_through.saturating_sub(seq);
            (span.min(ring.lost), ring.lost_through)
        };
        let main = lost(&self.main);
        let transient = if with_transient { lost(&self.transient) } else { (0, 0) };
        let missed = main.0 + transient.0;
        (missed > 0)
            .then(|| (missed.min(main.1.max(transient.1).saturating_sub(seq)), main.1.max(transient.1)))
    }

    /// The place of the oldest event that is held.
    pub(crate) fn oldest(&self) -> Option<u64> {
        let first = |ring: &Ring| ring.events.front().map(AnyEvent::seq);
        first(&self.main).into_iter().chain(first(&self.transient)).min()
    }

    /// All events after `seq`, oldest first.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = &AnyEvent> {
        let mut main = self.main.events.range(self.main.after(seq)..).peekable();
        let mut transient = self.transient.events.range(self.transient.after(seq)..).peekable();
        std::iter::from_fn(move || match (main.peek(), transient.peek()) {
            (Some(a), Some(b)) if a.seq() > b.seq() => transient.next(),
            (Some(_), _) => main.next(),
            (None, _) => transient.next(),
        })
    }

    /// All events before `seq`, newest first.
    pub(crate) fn before(&self, seq: u64) -> impl Iterator<Item = &AnyEvent> {
        let until = seq.saturating_sub(1);
        let mut main = self.main.events.range(..self.main.after(until)).rev().peekable();
        let mut transient = self.transient.events.range(..self.transient.after(until)).rev().peekable();
        std::iter::from_fn(move || match (main.peek(), transient.peek()) {
            (Some(a), Some(b)) if a.seq() < b.seq() => transient.next(),
            (Some(_), _) => main.next(),
            (None, _) => transient.next(),
        })
    }

    /// Lets go of everything.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = AnyEvent> {
        self.main.events.drain(..).chain(self.transient.events.drain(..))
    }

    /// Where an event with this id stands, if it is held: a republished event keeps an id of another run.
    pub(crate) fn find(&self, id: crate::event::EventId) -> Option<u64> {
        self.after(0).find(|event| event.id() == id).map(AnyEvent::seq)
    }
}
