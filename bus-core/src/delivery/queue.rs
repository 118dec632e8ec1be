//! The queue of one receiver: events in order, bounded, with every gap marked at its position.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::delivery::overflow::{Lagged, Overflow};
use crate::delivery::pending::Unit;
use crate::event::Stored;
use crate::sync::failpoint;

/// An event that waits for a receiver.
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
        }
    }
}

/// The gaps at one position of a queue, one for each cohort of members that they concern.
#[derive(Default)]
#[expect(clippy::box_collection, reason = "one word where there is none")]
pub(crate) struct Gaps(Option<Box<Vec<(u32, Lagged)>>>);

impl Gaps {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn add(&mut self, cohort: u32, gap: Lagged) {
        let gaps = self.0.get_or_insert_default();
        match gaps.iter_mut().find(|(known, _)| *known == cohort) {
            Some((_, known)) => *known = known.join(gap),
            None => gaps.push((cohort, gap)),
        }
    }

    fn append(&mut self, other: Self) {
        other.0.into_iter().flat_map(|gaps| *gaps).for_each(|(cohort, gap)| self.add(cohort, gap));
    }

    pub(crate) fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// The gap of a member of that cohort: it saw none of the events of younger cohorts only.
    pub(crate) fn of(&self, member: u32) -> Option<Lagged> {
        let gaps = self.0.as_ref()?.iter().filter(|(cohort, _)| *cohort >= member);
        gaps.map(|(_, gap)| *gap).reduce(Lagged::join)
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
    pub(crate) overflow: Overflow,
}

/// Events that wait for one receiver.
pub(crate) struct Queue {
    items: VecDeque<Queued>,
    /// The gaps after the last event.
    tail: Gaps,
    replays: usize,
    bounds: Bounds,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { items: VecDeque::new(), tail: Gaps::default(), replays: 0, bounds }
    }

    /// A queue for a reader that gets nothing.
    pub(crate) fn empty() -> Self {
        Self::new(Bounds { capacity: 1, hard_limit: 1, overflow: Overflow::DropOldest })
    }

    /// The next event, or the gap before it.
    pub(crate) fn next(&mut self) -> Option<Result<Queued, Lagged>> {
        if let Some(gap) = self.take_gap() {
            return Some(Err(gap));
        }
        let next = self.pop().map(Ok);
        next.or_else(|| self.tail.take().of(0).map(Err))
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

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Queued> {
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

    pub(crate) fn pop(&mut self) -> Option<Queued> {
        let item = self.items.pop_front()?;
        self.replays -= usize::from(item.replay);
        Some(item)
    }

    /// The gap before the next event of a reader.
    fn take_gap(&mut self) -> Option<Lagged> {
        self.items.front_mut()?.gaps.take().of(0)
    }

    /// The gaps after the last event, for a receiver that has taken up everything before.
    pub(crate) fn take_tail(&mut self) -> Gaps {
        self.tail.take()
    }

    pub(crate) fn drain(&mut self) -> Vec<Queued> {
        self.replays = 0;
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

    pub(crate) fn push(&mut self, item: Queued) -> Pushed {
        if !self.is_full() {
            self.append(item);
            return Pushed::In;
        }
        // The hard limit binds every policy: without it a reader that stands still would take all
        // memory, one critical event after the other.
        let Bounds { hard_limit, overflow, .. } = self.bounds;
        match overflow {
            Overflow::Wait if self.live() < hard_limit => {
                self.append(item);
                Pushed::Over
            }
            Overflow::Coalesce if item.coalesce != 0 => self.replace(item),
            Overflow::DropOldest | Overflow::Coalesce => self.push_for_oldest(item),
            Overflow::Wait | Overflow::DropNewest if item.critical => self.push_for_newest(item),
            Overflow::Wait | Overflow::DropNewest => self.reject(item),
            Overflow::Close => {
                self.tail.add(item.cohort, Lagged::one(item.event.head.seq()));
                Pushed::Closes(item)
            }
        }
    }

    /// Puts an event at the end, whether there is spare capacity or not.
    pub(crate) fn append(&mut self, mut item: Queued) {
        item.gaps.append(self.tail.take());
        // A wait gets one event, and there may be many waits.
        if self.items.capacity() == 0 {
            self.items.reserve_exact(1);
        }
        self.items.push_back(item);
    }

    fn reject(&mut self, item: Queued) -> Pushed {
        self.tail.add(item.cohort, Lagged::one(item.event.head.seq()));
        Pushed::Rejected(item)
    }

    /// Removes the newest waiting event of equal key; the new one joins the end, so that the order
    /// stays that of `seq`.
    fn replace(&mut self, item: Queued) -> Pushed {
        let kind = item.event.body.kind().as_str();
        let same = |old: &Queued| old.coalesce == item.coalesce && old.event.body.kind().as_str() == kind;
        match self.items.iter().rposition(same) {
            Some(at) => self.swap_for(at, item, Removed::Coalesced),
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
        let Some(mut removed) = self.items.remove(at) else { return self.reject(item) };
        self.replays -= usize::from(removed.replay);
        self.append(item);
        let mut gaps = removed.gaps.take();
        if why == Removed::Overflowed && !failpoint("gap_unreported") {
            gaps.add(removed.cohort, Lagged::one(removed.event.head.seq()));
        }
        // The gap stands before what now stands where the removed event stood.
        if let Some(next) = self.items.get_mut(at) {
            next.gaps.append(gaps);
        }
        Pushed::InFor(removed, why)
    }
}

#[cfg(test)]
mod tests;
