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
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::wait::ticket::Ticket;
use crate::sync::planted;

/// Events in order, as the backlog of each of the crew's lanes would hold them.
#[derive(Default)]
pub(super) struct Queue {
    waits: VecDeque<Queued>,
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

    /// Gives a lane its own entry of each event.
    pub(super) fn spread_to(&self, lane: &mut Lane) {
        lane.counts.matched += self.waits.len() as u64;
        for queued in &self.waits {
            let Queued { ticket, coalesce, critical, .. } = *queued;
            let own = Queued::plain(queued.event.clone(), critical);
            lane.backlog.append(Queued { ticket, coalesce, ..own });
        }
    }

    /// Whether every backlog is at its capacity.
    fn is_full(&self) -> bool {
        self.bounds.is_some_and(|bounds| self.waits.len() >= bounds.capacity)
    }
}

impl Crew {
    /// Whether an event of this thread can wait for all handlers as one: another thread has claimed them together, and it fits into the backlog of each.
    pub(crate) fn takes(&mut self, thread: usize, lanes: &Slab<Lane>) -> bool {
        let together = self.claimed.is_some_and(|claimed| !claimed.spread && claimed.thread != thread);
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

    /// The tickets of what ran and waited here are those of each lane now.
    pub(super) fn spread_tickets(
        &mut self,
        running: Option<Key>,
        lanes: &Slab<Lane>,
        tickets: &mut Slab<Ticket>,
    ) {
        let present =
            |key: &&Key| lanes.get(**key).is_some_and(|lane| lane.seat.is_some() && !lane.is_away());
        // The lanes have these events too: none is dropped here.
        let waited = self.queue.waits.drain(..).filter_map(|queued| queued.ticket);
        for ticket in running.into_iter().chain(waited) {
            if let Some(ticket) = tickets.get_mut(ticket).filter(|_| !planted("ticket_unspread")) {
                ticket.spread(self.lanes.iter().filter(present).copied());
            }
        }
    }
}

impl Order {
    /// Ends an event in a crew of which all have handled it and are left as they were, and gives the crew the next that waits for it. Any other crew comes back.
    pub(crate) fn take_turn(&mut self, shift: Shift, after: &mut After) -> Result<Option<Turn>, Shift> {
        let Shift { crew: own, team, .. } = shift;
        let Some(crew) = self.crews.get_mut(own) else { return Ok(None) };
        let Some(claimed) = crew.claimed.filter(|claimed| !claimed.spread && team.troubles.is_empty()) else {
            return Err(Shift { team, ..shift });
        };
        if let Some(ticket) = claimed.ticket.and_then(|ticket| self.tickets.get_mut(ticket)) {
            after.wakers.extend(ticket.settle_crew(team.size));
        }
        let Some(queued) = crew.queue.waits.pop_front() else {
            crew.claimed = None;
            crew.team = Some(team);
            self.leave_work(own);
            self.note_quiet(after);
            return Ok(None);
        };
        self.next_job += 1;
        let job = self.next_job;
        crew.claimed = Some(Claimed { job, ticket: queued.ticket, ..claimed });
        crew.events += 1;
        if !crew.queue.is_full() {
            self.note_room(after);
        }
        Ok(Some(Turn { shift: Shift { crew: own, job, team }, queued }))
    }
}
