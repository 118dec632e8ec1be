//! Who waits for whom: finds deliveries that can only come after a handler which is itself waiting for them.
//!
//! An awaited emit inside a handler waits for the handlers that its event reaches. Two handlers that emit to each other would wait for ever, and so would longer rings, also rings whose
//! events have nothing to do with each other. The wait-for graph is not stored: it is read off the handlers at work when an emit is about to wait, which is the slow path.

use std::collections::HashMap;

use crate::dispatch::lane::{Lane, Work};
use crate::dispatch::order::Order;
use crate::dispatch::run::after::After;
use crate::dispatch::run::context::JobRef;
use crate::dispatch::slab::Key;
use crate::dispatch::wait::ticket::Settled;
use crate::sync::planted;

impl Order {
    /// Marks those pending deliveries of a ticket as deferred that cannot be waited for: they can only come after `from`, which waits for them, or after a handler that waits for an event
    /// (of which nobody can know when it comes). Its waiter is noted already.
    pub(crate) fn defer_stuck(&mut self, ticket: Key, from: Option<JobRef>, after: &mut After) {
        // Of those who wait for a crew as one, none is stuck.
        let Some(pending) = self.tickets.get(ticket).map(|ticket| ticket.pending.clone()) else { return };
        if pending.is_empty() || planted("ring_waited_for") {
            return;
        }
        let mut waiting = None;
        for lane in pending {
            // Nobody waits for who publishes from outside any handler.
            if from.is_some() && self.is_free(lane, ticket, from) {
                continue;
            }
            let waiting =
                waiting.get_or_insert_with(|| from.map(|from| self.waiting_for(from)).unwrap_or_default());
            if self.is_stuck(lane, ticket, waiting) {
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

    fn is_stuck(&self, key: Key, ticket: Key, waiting: &HashMap<JobRef, bool>) -> bool {
        let Some(lane) = self.lanes.get(key) else { return false };
        let stuck = |job: JobRef| waiting.contains_key(&job) || self.awaits_event(job);
        if let Work::Pull { reader, .. } = lane.work {
            return reader.is_some_and(stuck);
        }
        match lane.running.iter().find(|running| running.ticket == Some(ticket)) {
            Some(at_work) => stuck(JobRef { lane: key, job: at_work.job }),
            None => lane.stands_still(|running| stuck(JobRef { lane: key, job: running.job })),
        }
    }

    pub(in crate::dispatch) fn awaits_event(&self, job: JobRef) -> bool {
        let running = self.lanes.get(job.lane).and_then(|lane| lane.running(job.job));
        running.is_some_and(|running| running.awaits_event)
    }

    /// Notes that a handler waits for an event. Nobody can know when it comes, so no emit goes on waiting for this handler, nor for what is queued behind it, nor for room in what it reads.
    pub(crate) fn await_event(&mut self, job: JobRef, after: &mut After) {
        self.spread_stack();
        let Some(lane) = self.lanes.get_mut(job.lane) else { return };
        let Some(running) = lane.running_mut(job.job) else { return };
        running.awaits_event = true;
        self.note_room(after);
        let waiting = self.waiting_for(job);
        // Those whose thread stands still with it have no wait of their own that could be deferred.
        let standing: Vec<_> = waiting.iter().filter(|(found, stands)| **found == job || **stands).collect();
        let mut deferred: Vec<(Key, Key)> = Vec::new();
        for (found, _) in standing {
            let Some(lane) = self.lanes.get(found.lane) else { continue };
            let Some(running) = lane.running(found.job) else { continue };
            deferred.extend(running.ticket.map(|ticket| (found.lane, ticket)));
            deferred.extend(behind(found.lane, lane, &waiting));
            let read = running.reads.iter().filter_map(|key| Some((*key, self.lanes.get(*key)?)));
            deferred.extend(read.flat_map(|(key, lane)| lane.room.iter().map(move |ticket| (key, *ticket))));
        }
        for (lane, ticket) in deferred {
            self.defer(lane, ticket, after);
        }
    }

    /// Notes who awaits a publish.
    pub(crate) fn note_waiter(&mut self, ticket: Key, by: Option<JobRef>) {
        if by.is_some() {
            self.spread_stack();
        }
        let Self { lanes, tickets, .. } = self;
        let Some(found) = tickets.get_mut(ticket) else { return };
        found.waiter = by;
        let running = by.and_then(|job| lanes.get_mut(job.lane)?.running_mut(job.job));
        if let Some(running) = running.filter(|running| !running.awaits.contains(&ticket)) {
            running.awaits.retain(|known| tickets.get(*known).is_some());
            running.awaits.push(ticket);
        }
    }

    /// Notes that what a handler waited for has come.
    pub(crate) fn event_came(&mut self, job: JobRef) {
        let running = self.lanes.get_mut(job.lane).and_then(|lane| lane.running_mut(job.job));
        if let Some(running) = running {
            running.awaits_event = false;
        }
    }

    /// Notes that a handler waits for the bus to be quiet, or does so no more. Others that wait for that look again.
    pub(crate) fn note_closes(&mut self, job: JobRef, closes: bool, after: &mut After) {
        self.spread_stack();
        let running = self.lanes.get_mut(job.lane).and_then(|lane| lane.running_mut(job.job));
        if let Some(running) = running.filter(|running| running.closes != closes) {
            running.closes = closes;
            after.wakers.extend(self.closers.drain(..));
        }
    }

    /// Notes which handler reads a stream, if one does.
    pub(crate) fn note_reader(&mut self, stream: Key, by: Option<JobRef>) {
        let Some(Lane { work: Work::Pull { reader, once, .. }, .. }) = self.lanes.get_mut(stream) else {
            return;
        };
        let (known, once) = (std::mem::replace(reader, by) == by, *once);
        let Some(job) = by.filter(|_| !known && !once) else { return };
        self.spread_stack();
        let Some(running) = self.lanes.get_mut(job.lane).and_then(|lane| lane.running_mut(job.job)) else {
            return;
        };
        let mut reads = std::mem::take(&mut running.reads);
        reads.retain(|key| self.lanes.get(*key).is_some());
        reads.push(stream);
        let running = self.lanes.get_mut(job.lane).and_then(|lane| lane.running_mut(job.job));
        if let Some(running) = running {
            running.reads = reads;
        }
    }
}

/// What waits in a subscription whose handlers all stand still.
fn behind(key: Key, lane: &Lane, waiting: &HashMap<JobRef, bool>) -> Vec<(Key, Key)> {
    if !lane.stands_still(|at| at.awaits_event || waiting.contains_key(&JobRef { lane: key, job: at.job })) {
        return Vec::new();
    }
    lane.backlog.iter().filter_map(|queued| Some((key, queued.ticket?))).collect()
}
