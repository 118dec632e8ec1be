//! The queue of one receiver: events in order, bounded, with every gap marked at its position.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::delivery::gaps::Gaps;
use crate::delivery::overflow::{Lagged, Overflow};
use crate::delivery::pending::Unit;
use crate::event::Stored;
use crate::sync::failpoint;

/// An event that waits for a receiver.
#[expect(clippy::struct_excessive_bools, reason = "independent properties, read one by one")]
pub(crate) struct Queued {
    pub(crate) event: Arc<Stored>,
    /// The youngest cohort of the group's members that it is for (see [`group`](super::group)).
    pub(crate) cohort: u32,
    /// How many members of the group it is for.
    pub(crate) live: u32,
    /// The thread that published it.
    pub(crate) thread: u64,
    /// Settles the delivery for whoever waits for it.
    pub(crate) unit: Option<Unit>,
    /// The gaps between the event before and this one.
    pub(crate) gaps: Gaps,
    /// Equal for events that may replace each other; 0 for those that may not.
    pub(crate) coalesce: u64,
    pub(crate) critical: bool,
    /// It came from history, and does not count against the capacity.
    pub(crate) replay: bool,
    /// The filter is to be asked when the event is taken up.
    pub(crate) ask: bool,
    /// Somebody waits for it, so that a batch handler does not linger.
    pub(crate) awaited: bool,
}

impl Queued {
    pub(crate) fn new(event: Arc<Stored>, critical: bool) -> Self {
        Self {
            event,
            cohort: 0,
            live: 1,
            thread: 0,
            unit: None,
            gaps: Gaps::default(),
            coalesce: 0,
            critical,
            replay: false,
            ask: false,
            awaited: false,
        }
    }

    /// How much it counts against the bytes of its queue.
    #[inline]
    fn bytes(&self) -> usize {
        if self.replay { 0 } else { self.event.bytes() }
    }
}

/// The result of a push.
pub(crate) enum Pushed {
    /// It is in, and there was spare capacity.
    In,
    /// It is in, over the capacity: whoever awaits it waits for spare capacity.
    Over,
    /// It is in, and this older one was removed for it.
    InFor(Queued, Removed),
    /// It did not go in.
    Rejected(Queued),
    /// It did not go in, and the subscription ends.
    Closes(Queued),
    /// It did not go in: the subscription reads it back from the store.
    CatchesUp(Queued),
}

/// Why a queued event was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removed {
    Overflowed,
    Coalesced,
}

/// The bounds of a queue, and what happens beyond them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) capacity: usize,
    pub(crate) hard_limit: usize,
    /// The estimated memory of the events, which it never goes over, but for one large event.
    pub(crate) bytes: usize,
    pub(crate) overflow: Overflow,
}

/// Events that wait for one receiver.
pub(crate) struct Queue {
    items: VecDeque<Queued>,
    /// The gaps after the last event.
    tail: Gaps,
    replays: usize,
    /// The estimated memory of the events.
    bytes: usize,
    bounds: Bounds,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { items: VecDeque::new(), tail: Gaps::default(), replays: 0, bytes: 0, bounds }
    }

    /// A queue for a reader that gets nothing.
    pub(crate) fn empty() -> Self {
        Self::new(Bounds { capacity: 1, hard_limit: 1, bytes: usize::MAX, overflow: Overflow::DropOldest })
    }

    /// The next event, or the gap before it.
    pub(crate) fn next(&mut self) -> Option<Result<Queued, Lagged>> {
        if let Some(gap) = self.take_gap() {
            return Some(Err(gap));
        }
        let next = self.pop().map(Ok);
        next.or_else(|| self.tail.take_gap().map(Err))
    }

    /// Marks that the past ends here.
    pub(crate) fn mark_live(&mut self) {
        self.tail.mark_live();
    }

    /// Takes the mark that the past ends, if no event or gap of it is left for the reader.
    pub(crate) fn take_live(&mut self) -> bool {
        let gaps = self.items.front_mut().map_or(&mut self.tail, |next| &mut next.gaps);
        gaps.take_live()
    }

    pub(crate) fn bounds(&self) -> Bounds {
        self.bounds
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether nothing waits, not even a gap.
    #[inline]
    pub(crate) fn is_clear(&self) -> bool {
        self.items.is_empty() && self.tail.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.items.iter()
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut Queued> {
        self.items.back_mut()
    }

    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Queued> {
        self.items.iter_mut()
    }

    fn live(&self) -> usize {
        self.items.len() - self.replays
    }

    /// How many live events it can take before it is full.
    pub(crate) fn spare(&self) -> usize {
        self.bounds.capacity.saturating_sub(self.live())
    }

    /// Whether live events fill it.
    pub(crate) fn is_full(&self) -> bool {
        self.live() >= self.bounds.capacity
    }

    /// Whether events may soon not fit.
    pub(crate) fn is_tight(&self) -> bool {
        self.is_full() || self.bytes >= self.bounds.bytes / 2
    }

    pub(crate) fn pop(&mut self) -> Option<Queued> {
        let item = self.items.pop_front()?;
        self.replays -= usize::from(item.replay);
        self.bytes -= item.bytes();
        Some(item)
    }

    /// The gap before the next event of a reader.
    fn take_gap(&mut self) -> Option<Lagged> {
        self.items.front_mut()?.gaps.take_gap()
    }

    /// The gaps after the last event, for a receiver that has taken up everything before.
    pub(crate) fn take_tail(&mut self) -> Gaps {
        self.tail.take()
    }

    /// The same for a call that has not handled its events yet: the past does not end before that.
    pub(crate) fn take_tail_of_past(&mut self) -> Gaps {
        if self.tail.is_live() { Gaps::default() } else { self.tail.take() }
    }

    pub(crate) fn drain(&mut self) -> Vec<Queued> {
        (self.replays, self.bytes) = (0, 0);
        std::mem::take(&mut self.items).into()
    }

    /// Puts an event of history at the end.
    pub(crate) fn replay(&mut self, event: Arc<Stored>, ask: bool) {
        self.replays += 1;
        self.append(Queued { replay: true, ask, ..Queued::new(event, false) });
    }

    /// Marks a gap after the last event.
    pub(crate) fn mark_gap(&mut self, cohort: u32, gap: Lagged) {
        self.tail.add(cohort, gap);
    }

    /// The next event.
    pub(crate) fn front(&self) -> Option<&Queued> {
        self.items.front()
    }

    /// The estimated memory of the live events.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a new event is within the bytes. One event is, whatever its size.
    #[inline]
    fn fits(&self, item: &Queued) -> bool {
        self.bytes == 0 || self.bytes + item.event.bytes() <= self.bounds.bytes
    }

    /// Removes an event that makes way for a new one, which is not within the bytes: one large
    /// event may take the place of several.
    #[inline]
    pub(crate) fn remove_for(&mut self, item: &Queued) -> Option<(Queued, Removed)> {
        if self.fits(item) { None } else { self.remove_one_for(item) }
    }

    #[cold]
    fn remove_one_for(&mut self, item: &Queued) -> Option<(Queued, Removed)> {
        let overflow = self.bounds.overflow;
        if overflow == Overflow::Coalesce
            && let Some(at) = self.same_as(item)
        {
            return Some((self.remove(at, Removed::Coalesced)?, Removed::Coalesced));
        }
        // Nothing is removed in vain: critical events stay.
        let stay: usize = self.items.iter().filter(|old| old.critical).map(Queued::bytes).sum();
        if stay > 0 && stay + item.event.bytes() > self.bounds.bytes {
            return None;
        }
        let at = match overflow {
            Overflow::DropOldest | Overflow::Coalesce => self.oldest(),
            Overflow::Wait | Overflow::DropNewest if item.critical => self.newest(),
            Overflow::Wait | Overflow::DropNewest | Overflow::Close | Overflow::CatchUp => None,
        };
        Some((self.remove(at?, Removed::Overflowed)?, Removed::Overflowed))
    }

    pub(crate) fn push(&mut self, item: Queued) -> Pushed {
        let fits = self.fits(&item);
        if fits && !self.is_full() {
            self.append(item);
            return Pushed::In;
        }
        // The hard limit binds every policy: without it a reader that stands still would take all
        // memory, one critical event after the other.
        let Bounds { hard_limit, overflow, .. } = self.bounds;
        match overflow {
            Overflow::Close => {
                self.tail.add(item.cohort, Lagged::one(item.event.head.cursor()));
                Pushed::Closes(item)
            }
            Overflow::CatchUp => Pushed::CatchesUp(item),
            // Nothing is left that may make way for it.
            _ if !fits => self.reject(item),
            Overflow::Wait if self.live() < hard_limit => {
                self.append(item);
                Pushed::Over
            }
            Overflow::Coalesce if item.coalesce != 0 => self.replace(item),
            Overflow::DropOldest | Overflow::Coalesce => self.push_for(self.oldest(), item),
            Overflow::Wait | Overflow::DropNewest if item.critical => self.push_for(self.newest(), item),
            Overflow::Wait | Overflow::DropNewest => self.reject(item),
        }
    }

    /// Puts an event at the end, whether there is spare capacity or not.
    pub(crate) fn append(&mut self, mut item: Queued) {
        item.gaps.append(self.tail.take());
        // A wait gets one event, and there may be many waits.
        if self.items.capacity() == 0 {
            self.items.reserve_exact(1);
        }
        self.bytes += item.bytes();
        self.items.push_back(item);
    }

    fn reject(&mut self, item: Queued) -> Pushed {
        self.tail.add(item.cohort, Lagged::one(item.event.head.cursor()));
        Pushed::Rejected(item)
    }

    /// Removes the newest waiting event of equal key; the new one joins the end, so that the order
    /// stays that of `seq`.
    fn replace(&mut self, item: Queued) -> Pushed {
        match self.same_as(&item) {
            Some(at) => self.swap_for(at, item, Removed::Coalesced),
            None => self.push_for(self.oldest(), item),
        }
    }

    /// The newest waiting event that this one may replace.
    fn same_as(&self, item: &Queued) -> Option<usize> {
        let kind = item.event.body.kind().as_str();
        let same = |old: &Queued| old.coalesce == item.coalesce && old.event.body.kind().as_str() == kind;
        if item.coalesce == 0 { None } else { self.items.iter().rposition(same) }
    }

    fn oldest(&self) -> Option<usize> {
        self.items.iter().position(|old| !old.critical && !old.replay)
    }

    fn newest(&self) -> Option<usize> {
        self.items.iter().rposition(|old| !old.critical && !old.replay)
    }

    fn push_for(&mut self, at: Option<usize>, item: Queued) -> Pushed {
        match at {
            Some(at) => self.swap_for(at, item, Removed::Overflowed),
            // Only critical events wait: one more of them goes in as long as memory is bounded,
            // anything else does not.
            None if item.critical && self.live() < self.bounds.hard_limit => {
                self.append(item);
                Pushed::In
            }
            None => self.reject(item),
        }
    }

    fn swap_for(&mut self, at: usize, item: Queued, why: Removed) -> Pushed {
        let Some(removed) = self.remove(at, why) else { return self.reject(item) };
        self.append(item);
        Pushed::InFor(removed, why)
    }

    fn remove(&mut self, at: usize, why: Removed) -> Option<Queued> {
        let mut removed = self.items.remove(at)?;
        self.replays -= usize::from(removed.replay);
        self.bytes -= removed.bytes();
        let mut gaps = removed.gaps.take();
        if why == Removed::Overflowed && !failpoint("gap_unreported") {
            gaps.add(removed.cohort, Lagged::one(removed.event.head.cursor()));
        }
        // The gap stands before what now stands where the removed event stood.
        match self.items.get_mut(at) {
            Some(next) => next.gaps.append(gaps),
            None => self.tail.append(gaps),
        }
        Some(removed)
    }
}

#[cfg(test)]
mod tests;
