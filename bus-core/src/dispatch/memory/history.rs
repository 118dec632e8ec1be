//! The bounded memory of the bus: the newest events.
//!
//! Lifecycle events and `transient` ones (token deltas) have a ring each, so that a flood of one evicts nothing of the other.

use std::collections::VecDeque;
use std::ops::Range;

use crate::event::AnyEvent;

/// What a question can tell an event by without going to it: the place of its kind in the routing table, and half the hash of its execution.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark(u64);

impl Mark {
    fn of(kind: usize, event: &AnyEvent) -> Self {
        Self::kind(kind).join(event.scope().execution.as_ref().map_or(0, crate::scope::Id::hash))
    }

    fn kind(kind: usize) -> Self {
        Self((kind as u64) << 32)
    }

    fn join(self, execution: u64) -> Self {
        Self(self.0 | execution & u64::from(u32::MAX))
    }
}

/// The marks that a question looks for. What has such a mark may still be another event: marks only spare the way to most of the others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    wanted: Mark,
    mask: u64,
}

impl Marks {
    pub(crate) fn new(kind: Option<usize>, execution: Option<u64>) -> Self {
        let mask = kind.map_or(0, |_| u64::MAX << 32) | execution.map_or(0, |_| u64::from(u32::MAX));
        Self { wanted: Mark::kind(kind.unwrap_or(0)).join(execution.unwrap_or(0)), mask }
    }

    /// How many events may be looked at under one lock: a mark is looked at in a nanosecond or less, an event is mostly far away.
    fn window(self) -> usize {
        if self.mask == 0 { 4_096 } else { 65_536 }
    }

    fn fit(self, mark: Mark) -> bool {
        (mark.0 ^ self.wanted.0) & self.mask == 0
    }
}

/// Two rings, each in `seq` order. They live under the order lock.
pub(crate) struct History {
    main: Ring,
    transient: Ring,
}

/// The newest events of one sort.
struct Ring {
    events: VecDeque<AnyEvent>,
    /// One for each event, side by side, so that a question about a million of them does not touch each.
    marks: VecDeque<Mark>,
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
        Self {
            events: VecDeque::new(),
            marks: VecDeque::new(),
            capacity,
            evicted: 0,
            lost: 0,
            lost_through: 0,
        }
    }

    #[inline]
    fn push(&mut self, kind: usize, event: AnyEvent) -> Option<AnyEvent> {
        let oldest = if self.events.len() >= self.capacity { self.events.pop_front() } else { None };
        if let Some(oldest) = &oldest {
            self.evicted += 1;
            self.lose(oldest.seq());
            self.marks.pop_front();
        }
        self.marks.push_back(Mark::of(kind, &event));
        self.events.push_back(event);
        oldest
    }

    fn lose(&mut self, seq: u64) {
        self.lost += 1;
        self.lost_through = seq;
    }

    /// The place in the ring of the first event after `seq`.
    fn after(&self, seq: u64) -> usize {
        match self.events.back() {
            Some(newest) if newest.seq() > seq => self.events.partition_point(|event| event.seq() <= seq),
            _ => self.events.len(),
        }
    }

    /// Those of `places` with these marks, oldest first.
    fn marked(&self, places: Range<usize>, marks: Marks) -> impl DoubleEndedIterator<Item = &AnyEvent> {
        let held = self.marks.range(places.clone()).enumerate();
        let fits = held.filter(move |(_, mark)| marks.fit(**mark));
        fits.map(move |(at, _)| &self.events[places.start + at])
    }
}

impl History {
    pub(crate) fn new(capacity: usize, transient: usize) -> Self {
        Self { main: Ring::new(capacity), transient: Ring::new(transient) }
    }

    /// Whether an event of this sort is kept at all.
    #[inline]
    pub(crate) fn keeps(&self, transient: bool) -> bool {
        (if transient { &self.transient } else { &self.main }).capacity > 0
    }

    /// Keeps an event and gives back the one that had to go, to be dropped after the lock.
    #[inline]
    pub(crate) fn push(&mut self, kind: usize, event: AnyEvent, transient: bool) -> Option<AnyEvent> {
        (if transient { &mut self.transient } else { &mut self.main }).push(kind, event)
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

    /// The next events after `seq` with these marks, oldest first, and where the walk stands after them if there is more.
    pub(crate) fn next_after(
        &self,
        seq: u64,
        marks: Marks,
    ) -> (impl Iterator<Item = &AnyEvent>, Option<u64>) {
        let window = |ring: &Ring| {
            let start = ring.after(seq);
            start..(start + marks.window()).min(ring.events.len())
        };
        let (main, transient) = (window(&self.main), window(&self.transient));
        let last = |ring: &Ring, end: usize| (end < ring.events.len()).then(|| ring.events[end - 1].seq());
        let stands = last(&self.main, main.end).into_iter().chain(last(&self.transient, transient.end)).min();
        let within = move |event: &&AnyEvent| stands.is_none_or(|stands| event.seq() <= stands);
        let mut main = self.main.marked(main, marks).peekable();
        let mut transient = self.transient.marked(transient, marks).peekable();
        let merged = std::iter::from_fn(move || match (main.peek(), transient.peek()) {
            (Some(a), Some(b)) if a.seq() > b.seq() => transient.next(),
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
    ) -> (impl Iterator<Item = &AnyEvent>, Option<u64>) {
        let window = |ring: &Ring| {
            let end = ring.after(seq.saturating_sub(1));
            end.saturating_sub(marks.window())..end
        };
        let (main, transient) = (window(&self.main), window(&self.transient));
        let first = |ring: &Ring, start: usize| (start > 0).then(|| ring.events[start].seq());
        let stands =
            first(&self.main, main.start).into_iter().chain(first(&self.transient, transient.start)).max();
        let within = move |event: &&AnyEvent| stands.is_none_or(|stands| event.seq() >= stands);
        let mut main = self.main.marked(main, marks).rev().peekable();
        let mut transient = self.transient.marked(transient, marks).rev().peekable();
        let merged = std::iter::from_fn(move || match (main.peek(), transient.peek()) {
            (Some(a), Some(b)) if a.seq() < b.seq() => transient.next(),
            (Some(_), _) => main.next(),
            (None, _) => transient.next(),
        });
        (merged.take_while(within), stands)
    }

    /// Lets go of everything.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = AnyEvent> {
        self.main.marks.clear();
        self.transient.marks.clear();
        self.main.events.drain(..).chain(self.transient.events.drain(..))
    }

    /// Where an event with this id stands, if it is held: a republished event keeps an id of another run.
    pub(crate) fn find(&self, id: crate::event::EventId) -> Option<u64> {
        self.after(0).find(|event| event.id() == id).map(AnyEvent::seq)
    }
}
