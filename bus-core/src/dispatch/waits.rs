//! Who waits for whom: finds deliveries that can only come after a handler which is itself waiting for them.
//!
//! An awaited emit inside a handler waits for the handlers that its event reaches. Two handlers that emit to each other would wait for ever, and so would longer rings, also rings whose
//! events have nothing to do with each other. The wait-for graph is not stored: it is read off the handlers at work when an emit is about to wait, which is the slow path.

use std::collections::HashSet;

use super::after::After;
use super::context::JobRef;
use super::lane::Work;
use super::order::Order;
use super::slab::Key;
use super::ticket::Settled;
use crate::sync::planted;

impl Order {
    /// Marks those pending deliveries of a ticket as deferred that cannot be waited for: they can only come after `from`, which waits for them, or after a handler that waits for an event
    /// (of which nobody can know when it comes).
    pub(crate) fn defer_stuck(&mut self, ticket: Key, from: Option<(JobRef, bool)>, after: &mut After) {
        let Some(pending) = self.tickets.get(ticket).map(|ticket| ticket.pending.clone()) else { return };
        let mut waiting = None;
        for lane in pending {
            let behind = |order: &Self, waiting: &mut Option<HashSet<JobRef>>| {
                let Some(from) = from else { return HashSet::new() };
                waiting.get_or_insert_with(|| order.waiting_for(from)).clone()
            };
            if !planted("ring_waited_for") && self.is_stuck(lane, ticket, &behind(self, &mut waiting)) {
                self.defer(lane, ticket, after);
            }
        }
    }

    /// Settles one delivery as deferred. It still happens, later.
    fn defer(&mut self, lane: Key, ticket: Key, after: &mut After) {
        if let Some(found) = self.tickets.get_mut(ticket) {
            after.wakers.extend(found.settle(lane, &Settled::Deferred));
        }
        if let Some(found) = self.lanes.get_mut(lane) {
            found.room.retain(|waits| *waits != ticket);
        }
    }

    fn is_stuck(&self, lane: Key, ticket: Key, waiting: &HashSet<JobRef>) -> bool {
        let Some(found) = self.lanes.get(lane) else { return false };
        if let Work::Pull { reader, .. } = found.work {
            return reader.is_some_and(|reader| waiting.contains(&reader));
        }
        let blocks = |running: &super::lane::Running| {
            running.awaits_event || waiting.contains(&JobRef { lane, job: running.job })
        };
        match found.running.iter().find(|running| running.ticket == Some(ticket)) {
            Some(at_work) => blocks(at_work),
            None => !found.running.is_empty() && found.running.iter().all(blocks),
        }
    }

    /// The handlers that cannot go on before `from` does, `from` among them.
    ///
    /// An async handler that waits lets go of its stack, so only those that await its delivery, or one queued behind it, wait for it. A sync handler that waits (by blocking its thread)
    /// holds up everything on its stack: the handlers below, and those claimed by the same publishes.
    pub(crate) fn waiting_for(&self, (from, sync): (JobRef, bool)) -> HashSet<JobRef> {
        let mut found = HashSet::from([from]);
        let mut work = vec![(from, sync)];
        while let Some((job, hard)) = work.pop() {
            let mut add = |job: JobRef, hard: bool| {
                if found.insert(job) {
                    work.push((job, hard));
                }
            };
            let Some(lane) = self.lanes.get(job.lane) else { continue };
            let Some(running) = lane.running(job.job) else { continue };
            let on_stack = hard && running.batch != 0;
            running.waiter.iter().for_each(|waiter| add(*waiter, on_stack));
            self.waiter_of(running.ticket).into_iter().for_each(|waiter| add(waiter, false));
            if on_stack {
                self.batch_mates(running.batch).for_each(|mate| add(mate, true));
            }
            // What is queued behind it waits as well, unless the subscription has another handler that may take it.
            if lane.running.len() == 1 {
                lane.backlog
                    .iter()
                    .filter_map(|queued| self.waiter_of(queued.ticket))
                    .for_each(|waiter| add(waiter, false));
            }
        }
        found
    }

    fn waiter_of(&self, ticket: Option<Key>) -> Option<JobRef> {
        self.tickets.get(ticket?)?.waiter
    }

    fn batch_mates(&self, batch: u64) -> impl Iterator<Item = JobRef> {
        self.lanes.iter().flat_map(move |(lane, found)| {
            let mates = found.running.iter().filter(move |running| running.batch == batch);
            mates.map(move |running| JobRef { lane, job: running.job })
        })
    }

    /// Notes that a handler waits for an event. Nobody can know when it comes, so no emit goes on waiting for this handler, nor for what is queued behind it.
    pub(crate) fn await_event(&mut self, job: JobRef, after: &mut After) {
        let Some(lane) = self.lanes.get_mut(job.lane) else { return };
        let Some(running) = lane.running_mut(job.job) else { return };
        running.awaits_event = true;
        let mut tickets: Vec<Key> = running.ticket.into_iter().collect();
        if lane.stands_still() {
            tickets.extend(lane.backlog.iter().filter_map(|queued| queued.ticket));
        }
        for ticket in tickets {
            self.defer(job.lane, ticket, after);
        }
    }
}
