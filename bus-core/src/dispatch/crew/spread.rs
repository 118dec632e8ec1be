//! A claim is spread: each lane of the crew gets its own entry of what runs in it and of what waits for it, as if it had been claimed alone.

use super::{Claimed, Crew};
use crate::dispatch::crew::queue::Queue;
use crate::dispatch::lane::queue::Queued;
use crate::dispatch::lane::{Lane, Running};
use crate::dispatch::order::Order;
use crate::dispatch::run::context;
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::wait::ticket::Ticket;
use crate::sync::planted;

impl Order {
    /// Spreads the claims of all crews at work, for those who look at what runs.
    pub(crate) fn spread(&mut self) {
        while let Some(crew) = self.at_work.pop() {
            if let Some(crew) = self.crews.get_mut(crew) {
                crew.spread(&mut self.lanes, &mut self.tickets);
            }
        }
    }

    /// Spreads the claims on the stack of this thread, for a handler on it that may wait. What other threads have claimed waits for nobody: who waits there has spread it.
    pub(crate) fn spread_stack(&mut self) {
        let thread = context::thread();
        let Self { lanes, crews, tickets, at_work, .. } = self;
        at_work.retain(|own| {
            let Some(crew) = crews.get_mut(*own) else { return false };
            let others = crew.claimed.is_some_and(|claimed| claimed.thread != thread);
            if !others {
                crew.spread(lanes, tickets);
            }
            others
        });
    }

    /// Spreads the claim of the crew in which a lane sits.
    pub(crate) fn spread_at(&mut self, lane: Key) {
        let Self { lanes, crews, tickets, .. } = self;
        let seat = lanes.get(lane).and_then(|lane| lane.seat);
        if let Some(crew) = seat.and_then(|seat| crews.get_mut(seat.crew)) {
            crew.spread(lanes, tickets);
        }
    }
}

impl Crew {
    /// Gives each lane its own entry of what runs in it, and its own of each event that waits.
    pub(crate) fn spread(&mut self, lanes: &mut Slab<Lane>, tickets: &mut Slab<Ticket>) {
        let Some(claimed) = self.claimed.as_mut().filter(|claimed| !claimed.spread) else { return };
        claimed.spread = true;
        let Claimed { job, batch, waiter, ticket, .. } = *claimed;
        for (at, key) in self.lanes.iter().enumerate() {
            let Some(lane) = lanes.get_mut(*key) else { continue };
            if !lane.seat.is_some_and(|seat| seat.at == at && !seat.away) {
                continue;
            }
            self.count(lane);
            // Counted as handled above, like every event of the crew; this one is not yet.
            lane.counts.handled -= 1;
            // Made in its place: what is made first and then pushed stalls the processor.
            lane.running
                .extend(std::iter::once_with(|| Running { ticket, ..Running::new(job, waiter, batch, 0) }));
            self.queue.spread_to(lane);
        }
        self.spread_tickets(ticket, lanes, tickets);
    }

    /// The tickets of what ran and waited here are those of each lane now.
    fn spread_tickets(&mut self, running: Option<Key>, lanes: &Slab<Lane>, tickets: &mut Slab<Ticket>) {
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

impl Queue {
    /// Gives a lane its own entry of each event.
    fn spread_to(&self, lane: &mut Lane) {
        lane.counts.matched += self.waits.len() as u64;
        for queued in &self.waits {
            let Queued { ticket, coalesce, critical, .. } = *queued;
            let own = Queued::plain(queued.event.clone(), critical);
            lane.backlog.append(Queued { ticket, coalesce, ..own });
        }
    }
}
