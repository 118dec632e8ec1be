//! The wait-for graph between handlers, read off those at work: who cannot go on before whom.

use std::collections::{HashMap, HashSet};

use crate::dispatch::lane::Work;
use crate::dispatch::order::Order;
use crate::dispatch::run::context::JobRef;
use crate::dispatch::slab::Key;

/// What keeps a handler from going on.
enum Behind {
    /// The work of another one.
    Job(JobRef),
    /// What is at work in a subscription, all of it: any of its handlers would take up the delivery.
    Lane(Key),
}

/// The walk from one handler to those that cannot go on before it.
#[derive(Default)]
struct Walk {
    /// Whether its thread stands still as well, and with it all that is on its stack.
    found: HashMap<JobRef, bool>,
    why: Vec<(JobRef, Behind)>,
    work: Vec<JobRef>,
    walked: HashSet<Key>,
    /// Publishes of which all handlers were found already: those of a long list would each find all others again.
    batches: HashSet<u64>,
}

impl Walk {
    fn add(&mut self, job: JobRef, stands: bool, behind: Behind) {
        self.why.push((job, behind));
        let known = self.found.get(&job);
        if known.is_none_or(|known| stands && !known) {
            self.found.insert(job, stands);
            self.work.push(job);
        }
    }
}

impl Order {
    /// Whether a delivery of a ticket waits for nobody who could be waiting for `from`. This looks ahead, which is mostly a step or two; [`waiting_for`](Self::waiting_for) looks back, over
    /// everybody who waits.
    pub(in crate::dispatch) fn is_free(&self, lane: Key, ticket: Key, from: Option<JobRef>) -> bool {
        let mut work = vec![(lane, ticket)];
        let mut walked = HashSet::new();
        let on_stack = self.on_stack(from);
        while let Some((key, ticket)) = work.pop() {
            let Some(lane) = self.lanes.get(key) else { continue };
            if !walked.insert((key, ticket)) {
                continue;
            }
            if let Work::Pull { reader, .. } = lane.work {
                if reader.is_some() {
                    return false;
                }
                continue;
            }
            let own = lane.running.iter().find(|running| running.ticket == Some(ticket));
            let all = own.map_or(&lane.running[..], std::slice::from_ref);
            for running in all {
                // What is on the stack of a thread waits for all that is on it.
                let here = on_stack.contains(&JobRef { lane: key, job: running.job });
                if here || running.awaits_event || running.batch != 0 || running.waiter.is_some() {
                    return false;
                }
                let awaited = running.awaits.iter().filter_map(|key| Some((*key, self.tickets.get(*key)?)));
                work.extend(
                    awaited.flat_map(|(key, ticket)| ticket.pending.iter().map(move |lane| (*lane, key))),
                );
            }
        }
        true
    }

    /// A handler and those that it was called in place by: they wait for it, and hold no ticket of that yet.
    fn on_stack(&self, from: Option<JobRef>) -> Vec<JobRef> {
        let waiter = |job: &JobRef| self.lanes.get(job.lane)?.running(job.job)?.waiter;
        std::iter::successors(from, waiter).collect()
    }

    /// The handlers that cannot go on before `from` does, `from` among them.
    ///
    /// An async handler that waits lets go of its stack, so only those that await its delivery, or one queued behind it, wait for it. A sync handler that waits (by blocking its thread)
    /// holds up everything on its stack: the handlers below, and those claimed by the same publishes.
    pub(crate) fn waiting_for(&self, from: JobRef) -> HashMap<JobRef, bool> {
        let mut walk = Walk { work: vec![from], ..Walk::default() };
        walk.found.insert(from, false);
        let mut several = false;
        while let Some(job) = walk.work.pop() {
            let Some(lane) = self.lanes.get(job.lane) else { continue };
            let Some(running) = lane.running(job.job) else { continue };
            let stands = lane.is_sync() || walk.found.get(&job) == Some(&true);
            walk.found.insert(job, stands);
            if let Some(waiter) = running.waiter {
                walk.add(waiter, stands, Behind::Job(job));
            }
            if let Some(waiter) = self.waiter_of(job.lane, running.ticket) {
                walk.add(waiter, false, Behind::Job(job));
            }
            if stands && running.batch != 0 && walk.batches.insert(running.batch) {
                self.batch_mates(running.batch).for_each(|mate| walk.add(mate, true, Behind::Job(job)));
            }
            for waiter in self.room_waiters(job, &running.reads) {
                walk.add(waiter, false, Behind::Job(job));
            }
            // What is queued behind it waits as well, unless another handler of the subscription may take it: that is seen at the end.
            if walk.walked.insert(job.lane) {
                several |= lane.running.len() > 1;
                let queued = lane.backlog.iter().filter_map(|queued| self.waiter_of(job.lane, queued.ticket));
                queued.for_each(|waiter| walk.add(waiter, false, Behind::Lane(job.lane)));
            }
        }
        if several {
            self.strike_free(from, &mut walk);
        }
        walk.found
    }

    /// Takes those out again that wait for a subscription of which one handler is free to go on, and so who waits only for them.
    fn strike_free(&self, from: JobRef, walk: &mut Walk) {
        let Walk { found, why, .. } = walk;
        loop {
            let holds = |behind: &Behind| match behind {
                Behind::Job(job) => found.contains_key(job),
                Behind::Lane(key) => self.lanes.get(*key).is_some_and(|lane| {
                    lane.stands_still(|at| {
                        at.awaits_event || found.contains_key(&JobRef { lane: *key, job: at.job })
                    })
                }),
            };
            let held: HashSet<JobRef> =
                why.iter().filter(|(_, behind)| holds(behind)).map(|(job, _)| *job).collect();
            let before = found.len();
            found.retain(|job, _| *job == from || held.contains(job));
            if found.len() == before {
                return;
            }
        }
    }

    /// Who waits for room in a stream that this handler reads.
    fn room_waiters(&self, job: JobRef, reads: &[Key]) -> Vec<JobRef> {
        let read = |key: &&Key| {
            let lane = self.lanes.get(**key);
            matches!(lane.map(|lane| &lane.work), Some(Work::Pull { reader, .. }) if *reader == Some(job))
        };
        let waits = |key: &Key| {
            let room = self.lanes.get(*key).map_or(&[][..], |lane| &lane.room);
            room.iter().filter_map(|ticket| self.waiter_of(*key, Some(*ticket))).collect::<Vec<_>>()
        };
        reads.iter().filter(read).flat_map(waits).collect()
    }

    /// Who waits for a delivery to this subscription: nobody any more once it was deferred.
    fn waiter_of(&self, lane: Key, ticket: Option<Key>) -> Option<JobRef> {
        let ticket = self.tickets.get(ticket?)?;
        if ticket.pending.contains(&lane) { ticket.waiter } else { None }
    }

    fn batch_mates(&self, batch: u64) -> impl Iterator<Item = JobRef> {
        self.lanes.iter().flat_map(move |(lane, found)| {
            let mates = found.running.iter().filter(move |running| running.batch == batch);
            mates.map(move |running| JobRef { lane, job: running.job })
        })
    }
}
