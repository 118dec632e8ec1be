//! What waits for a crew as one.
//!
//! An event that finds a crew claimed, with all its handlers there, is for all of them, and comes after the same event for each. So it is put here once, however many they are, and whoever runs the crew runs it again with
//! that, until nothing waits. It is a short cut, as the claim is: to spread the claim gives each lane its own entry of what waits.

use std::collections::VecDeque;

use super::{Claimed, Crew};
use crate::dispatch::crew::shift::Shift;
use crate::dispatch::lane::Lane;
use crate::dispatch::lane::overflow::Overflow;
use crate::dispatch::lane::queue::Queued;
use crate::dispatch::order::Order;
use crate::dispatch::run::after::After;
use crate::dispatch::run::runner::Outcome;
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::wait::ticket::Settled;
use crate::event::AnyEvent;
use crate::sync::planted;

/// Events in order, as the backlog of each of the crew's lanes would hold them.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) waits: VecDeque<Queued>,
    bounds: Option<Bounds>,
}

/// What fits into the backlog of every lane. Looked up when the first event waits after somebody came or went.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// From here on who sends waits for room.
    capacity: usize,
    /// From here on each lane decides for itself.
    limit: usize,
}

/// The next event for a crew that has just finished one.
pub(crate) struct Turn {
    pub(crate) shift: Shift,
    pub(crate) queued: Queued,
}

/// What a crew that is claimed as one holds for each of its lanes, beside the event at work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) waiting: usize,
    pub(crate) oldest: Option<u64>,
}

impl Queue {
    /// Has the bounds looked up again.
    pub(super) fn remeasure(&mut self) {
        self.bounds = None;
    }

    /// Whether whoever brings the crew back must go on with it.
    #[inline]
    pub(super) fn waits(&self) -> bool {
        !self.waits.is_empty() && !planted("turn_lost")
    }

    /// Whether every backlog is at its capacity.
    fn is_full(&self) -> bool {
        self.bounds.is_some_and(|bounds| self.waits.len() >= bounds.capacity)
    }
}

impl Crew {
    /// Its claim, unless that is spread.
    pub(super) fn claimed_as_one(&self) -> Option<Claimed> {
        self.claimed.filter(|claimed| !claimed.spread)
    }

    /// Whether an event of this thread can wait for all handlers as one: another thread has claimed them together, and it fits into the backlog of each.
    pub(crate) fn takes(&mut self, thread: usize, lanes: &Slab<Lane>) -> bool {
        let together = self.claimed_as_one().is_some_and(|claimed| claimed.thread != thread);
        if !self.sync || !together || !self.is_whole() {
            return false;
        }
        let bounds = match self.queue.bounds {
            Some(bounds) => bounds,
            None => self.measure(lanes),
        };
        self.queue.waits.len() < bounds.limit
    }

    #[cold]
    fn measure(&mut self, lanes: &Slab<Lane>) -> Bounds {
        let mut bounds = Bounds { capacity: usize::MAX, limit: usize::MAX };
        for lane in self.lanes.iter().filter_map(|key| lanes.get(*key)) {
            let (capacity, backlog) = (lane.backlog.capacity(), &lane.backlog);
            let limit = if backlog.overflow() == Overflow::Wait { backlog.hard_limit() } else { capacity };
            bounds = Bounds { capacity: bounds.capacity.min(capacity), limit: bounds.limit.min(limit) };
        }
        *self.queue.bounds.insert(bounds)
    }

    /// Lets an event wait for all handlers, which [take](Self::takes) it. Gives how many they are, and whether who sent it waits for room.
    pub(crate) fn wait(&mut self, queued: Queued) -> (usize, bool) {
        let full = self.queue.is_full();
        self.queue.waits.push_back(queued);
        (self.present, full)
    }

    /// Whether more waits for the crew than its capacity.
    pub(crate) fn is_full(&self) -> bool {
        self.queue.is_full()
    }
}

impl Order {
    /// What a crew holds for one of its lanes, if it is claimed as one.
    pub(crate) fn held_for(&self, lane: &Lane) -> Option<Held> {
        let seat = lane.seat.filter(|seat| !seat.is_away())?;
        let crew = self.crews.get(seat.crew)?;
        crew.claimed_as_one()?;
        let waits = &crew.queue.waits;
        Some(Held { waiting: waits.len(), oldest: waits.front().map(|queued| queued.event.seq()) })
    }

    /// Ends an event in a crew that is not spread, and gives the crew the next that waits for it. Gives also how many have handled the event; who is troubled is left to `tell`. A crew that is spread comes back.
    pub(crate) fn take_turn(
        &mut self,
        shift: Shift,
        after: &mut After,
        mut tell: impl FnMut(&mut Self, Key, &Outcome, &mut After),
    ) -> Result<(usize, Option<Turn>), Shift> {
        let Some(claimed) = self.crews.get(shift.crew).and_then(Crew::claimed_as_one) else {
            return Err(shift);
        };
        let Shift { crew: own, mut team, .. } = shift;
        let handled = team.size - team.troubles.len();
        for (seat, outcome) in team.troubles.drain(..) {
            if let Some(lane) = self.note_trouble(own, seat) {
                tell(self, lane, &outcome, after);
            }
        }
        if let Some(ticket) = claimed.ticket.and_then(|ticket| self.tickets.get_mut(ticket)) {
            after.wakers.extend(ticket.settle_crew(handled));
        }
        let Some(crew) = self.crews.get_mut(own) else { return Ok((handled, None)) };
        let Some(queued) = crew.queue.waits.pop_front() else {
            crew.claimed = None;
            crew.team = Some(team);
            self.leave_work(own);
            return Ok((handled, None));
        };
        self.next_job += 1;
        let job = self.next_job;
        crew.claimed = Some(Claimed { job, ticket: queued.ticket, ..claimed });
        crew.events += 1;
        if !crew.queue.is_full() {
            self.note_room(after);
        }
        Ok((handled, Some(Turn { shift: Shift { crew: own, job, team }, queued })))
    }

    /// Takes back that a handler of a crew has handled the event that it has just had. Gives its lane.
    fn note_trouble(&mut self, crew: Key, seat: usize) -> Option<Key> {
        let crew = self.crews.get(crew)?;
        let key = *crew.lanes.get(seat)?;
        let lane = self.lanes.get_mut(key)?;
        crew.count(lane);
        lane.counts.handled -= 1;
        Some(key)
    }

    /// Notes what became of an event that waited for a crew as one, in one of its handlers.
    pub(crate) fn settle_in_crew(
        &mut self,
        lane: Key,
        ticket: Option<Key>,
        outcome: &Outcome,
        event: &AnyEvent,
        after: &mut After,
    ) {
        self.settle(lane, None, outcome, event, after);
        let found = ticket.and_then(|ticket| self.tickets.get_mut(ticket));
        if let (Some(found), Some(lane)) = (found, self.lanes.get(lane)) {
            found.receipt.note(&Settled::Done(lane.info.id, &lane.info.name, outcome));
        }
    }
}
