//! The backlog of one subscription: events in order, bounded, with every gap marked where it is.

use std::collections::VecDeque;

use crate::dispatch::lane::overflow::{Lagged, Overflow};
use crate::dispatch::slab::Key;
use crate::event::AnyEvent;
use crate::sync::planted;

/// An event that waits for a subscriber.
pub(crate) struct Queued {
    pub(crate) event: AnyEvent,
    /// What was dropped between the event before and this one.
    pub(crate) gap: Option<Box<Lagged>>,
    /// Who is told what became of it.
    pub(crate) ticket: Option<Key>,
    /// Equal for events that may replace each other; 0 for those that may not.
    pub(crate) coalesce: u64,
    pub(crate) critical: bool,
    /// Came from history for `.since(..)`: it does not count against the capacity.
    pub(crate) replay: bool,
}

impl Queued {
    /// An event that nobody is told of, and that was not worked out to replace others.
    pub(crate) fn plain(event: AnyEvent, critical: bool) -> Self {
        Self { event, gap: None, ticket: None, coalesce: 0, critical, replay: false }
    }
}

/// What became of a push.
pub(crate) enum Pushed {
    /// It is in, and there was room.
    In,
    /// It is in, over the capacity: whoever awaits it waits for room.
    Over,
    /// It is in, and this older one went for it.
    InFor(Queued, Gone),
    /// It did not go in.
    Refused(Queued),
    /// It did not go in, and the subscription ends.
    Closes(Queued),
}

/// Why a queued event went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    Overflowed,
    Coalesced,
}

/// Events that wait for one subscriber.
pub(crate) struct Backlog {
    items: VecDeque<Queued>,
    /// What was dropped after the last event.
    tail_gap: Option<Box<Lagged>>,
    replays: usize,
    capacity: usize,
    hard_limit: usize,
    overflow: Overflow,
}

impl Backlog {
    pub(crate) fn new(capacity: usize, hard_limit: usize, overflow: Overflow) -> Self {
        Self { items: VecDeque::new(), tail_gap: None, replays: 0, capacity, hard_limit, overflow }
    }

    /// One for a reader who gets nothing.
    pub(crate) fn empty() -> Self {
        Self::new(1, 1, Overflow::DropOldest)
    }

    /// The next event, or the gap before it.
    pub(crate) fn next(&mut self) -> Option<Result<AnyEvent, Lagged>> {
        if let Some(gap) = self.take_gap() {
            return Some(Err(gap));
        }
        let next = self.pop().map(|queued| Ok(queued.event));
        next.or_else(|| self.take_tail_gap().map(Err))
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many events it holds at most.
    pub(crate) fn hard_limit(&self) -> usize {
        self.hard_limit
    }

    /// How many events of the live flow it can take before it is full.
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.items.len() - self.replays)
    }

    pub(crate) fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// Puts what history has before what has come since.
    pub(crate) fn replay(&mut self, events: Vec<AnyEvent>) {
        self.replays += events.len();
        for event in events.into_iter().rev() {
            self.items.push_front(Queued { replay: true, ..Queued::plain(event, false) });
        }
    }

    /// Marks a gap before the first event.
    pub(crate) fn mark_gap_before(&mut self, gap: Lagged) {
        match self.items.front_mut() {
            Some(first) => join(&mut first.gap, gap),
            None => join(&mut self.tail_gap, gap),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether nothing waits, not even the news of a gap.
    pub(crate) fn is_clear(&self) -> bool {
        self.items.is_empty() && self.tail_gap.is_none()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.items.iter()
    }

    /// Whether events of the live flow fill it.
    pub(crate) fn is_full(&self) -> bool {
        self.items.len() - self.replays >= self.capacity
    }

    pub(crate) fn pop(&mut self) -> Option<Queued> {
        let item = self.items.pop_front()?;
        self.replays -= usize::from(item.replay);
        Some(item)
    }

    /// The gap before the next event.
    pub(crate) fn take_gap(&mut self) -> Option<Lagged> {
        self.items.front_mut()?.gap.take().map(|gap| *gap)
    }

    /// A gap after the last event, for a reader that has read everything before it.
    pub(crate) fn take_tail_gap(&mut self) -> Option<Lagged> {
        self.tail_gap.take().map(|gap| *gap)
    }

    pub(crate) fn drain(&mut self) -> Vec<Queued> {
        self.replays = 0;
        std::mem::take(&mut self.items).into()
    }

    pub(crate) fn push(&mut self, item: Queued) -> Pushed {
        if !self.is_full() {
            self.append(item);
            return Pushed::In;
        }
        // The hard limit binds every policy: without it a reader that stands still would take all memory, one critical event after the other.
        let live = self.items.len() - self.replays;
        match self.overflow {
            Overflow::Wait if live < self.hard_limit => {
                self.append(item);
                Pushed::Over
            }
            Overflow::Coalesce if item.coalesce != 0 => self.replace(item),
            Overflow::DropOldest | Overflow::Coalesce => self.push_for_oldest(item),
            Overflow::Wait | Overflow::DropNewest if item.critical => self.push_for_newest(item),
            Overflow::Wait | Overflow::DropNewest => self.refuse(item),
            Overflow::Close => {
                join(&mut self.tail_gap, Lagged::one(item.event.seq()));
                Pushed::Closes(item)
            }
        }
    }

    /// Puts an event at the end, room or not.
    pub(crate) fn append(&mut self, mut item: Queued) {
        item.gap = self.tail_gap.take();
        // A wait gets one event, and there may be many waits.
        if self.items.capacity() == 0 {
            self.items.reserve_exact(1);
        }
        self.items.push_back(item);
    }

    fn refuse(&mut self, item: Queued) -> Pushed {
        join(&mut self.tail_gap, Lagged::one(item.event.seq()));
        Pushed::Refused(item)
    }

    /// The newest waiting event of equal key goes; the new one joins the end, so that the order stays that of `seq`.
    fn replace(&mut self, item: Queued) -> Pushed {
        let same = |old: &Queued| old.coalesce == item.coalesce && old.event.kind() == item.event.kind();
        match self.items.iter().rposition(same) {
            Some(at) => self.swap_for(at, item, Gone::Coalesced),
            None => self.push_for_oldest(item),
        }
    }

    fn push_for_oldest(&mut self, item: Queued) -> Pushed {
        let at = self.items.iter().position(|old| !old.critical && !old.replay);
        self.push_for(at, item)
    }

    fn push_for_newest(&mut self, item: Queued) -> Pushed {
        let at = self.items.iter().rposition(|old| !old.critical && !old.replay);
        self.push_for(at, item)
    }

    fn push_for(&mut self, at: Option<usize>, item: Queued) -> Pushed {
        match at {
            Some(at) => self.swap_for(at, item, Gone::Overflowed),
            // Nothing but critical events waits: one more of them goes in as long as memory is bounded, anything else does not.
            None if item.critical && self.items.len() - self.replays < self.hard_limit => {
                self.append(item);
                Pushed::In
            }
            None => self.refuse(item),
        }
    }

    fn swap_for(&mut self, at: usize, item: Queued, why: Gone) -> Pushed {
        let Some(mut gone) = self.items.remove(at) else { return self.refuse(item) };
        self.replays -= usize::from(gone.replay);
        self.append(item);
        let mut gap = gone.gap.take();
        if why == Gone::Overflowed && !planted("gap_untold") {
            join(&mut gap, Lagged::one(gone.event.seq()));
        }
        // The gap stands before what now stands where the dropped event stood.
        if let (Some(gap), Some(next)) = (gap, self.items.get_mut(at)) {
            join(&mut next.gap, *gap);
        }
        Pushed::InFor(gone, why)
    }
}

fn join(slot: &mut Option<Box<Lagged>>, gap: Lagged) {
    *slot = Some(match slot.take() {
        Some(mut old) => {
            *old = old.join(gap);
            old
        }
        None => Box::new(gap),
    });
}

#[cfg(test)]
mod tests;
