//! The wait-for graph: finds deliveries that can only come after a handler that waits for them.
//!
//! An awaited emit inside a handler waits for the handlers that its event reaches. Two handlers
//! that emit to each other would wait for ever, and so would longer rings, also rings whose events
//! have nothing to do with each other. Whenever a wait is noted, this walks ahead from each
//! delivery it waits for; those that cannot come are deferred: they still happen, later.
//!
//! The node of a sync handler is the thread that holds its claim: a blocked thread also holds the
//! groups of the same publish that have not begun, and every frame further down its stack. An async
//! handler off the stack is a node of its own.

mod graph;
mod walk;

pub(crate) use graph::Graph;

use std::sync::Arc;

use smallvec::SmallVec;

use crate::delivery::context::{self, JobRef, Node};
use crate::delivery::core::Core;
use crate::delivery::effects::Effects;
use crate::delivery::group::{Group, Phase, Running};
use crate::delivery::pending::{Pending, Unit};
use crate::delivery::routes::Target;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::Receiver;
use crate::sync::failpoint;
use graph::Waits;
use walk::Walk;

impl Core {
    /// Notes a wait for the deliveries of a publish, and defers those that cannot come. `blocks`
    /// says that it may block the thread.
    pub(crate) fn note_wait(
        self: &Arc<Self>,
        here: Option<Node>,
        blocks: bool,
        before: Option<Node>,
        pending: &Arc<Pending>,
    ) {
        self.step(|state, effects| {
            if let Some(before) = before {
                state.graph.forget(before, pending);
            }
            state.hurry(pending, effects);
            if let Some(here) = here {
                state.leave_stack(here);
                state.stand(here, blocks);
                state.graph.nodes.entry(here).or_default().pendings.push(Arc::clone(pending));
                if blocks {
                    state.release_runtimes(context::thread(), effects);
                }
            }
            state.defer_stuck(here, pending, effects);
        });
    }
}

impl State {
    /// Records that this thread holds an event until it goes on.
    pub(crate) fn hold(&mut self, at: JobRef) {
        if let Some(running) = self.running_mut(at) {
            running.thread = context::thread();
        }
    }

    /// Takes the permit of a handler whose thread is about to block, if it has one.
    pub(crate) fn release_permit(&mut self, at: JobRef, effects: &mut Effects) {
        if let Some(running) = self.running_mut(at)
            && running.phase == Phase::Active
        {
            running.phase = Phase::Waiting;
            let holds = self.groups.get(at.group).is_some_and(|group| !group.dedicated);
            if holds && !failpoint("permit_unreturned") {
                effects.wake(self.permits.release());
            }
        }
    }

    /// Lets senders go on that wait for a thread which waits itself.
    fn release_runtimes(&mut self, thread: u64, effects: &mut Effects) {
        for group in self.groups.iter_mut().filter(|group| group.is_sync()) {
            if group.running.iter().any(|running| running.thread == thread) {
                group.senders.release_runtimes(effects);
            }
        }
    }

    /// Notes that this thread may stand still with the async handler that it polls.
    fn stand(&mut self, node: Node, blocks: bool) {
        if let (Node::Job(job), true) = (node, blocks) {
            self.graph.link(context::thread(), job);
        }
    }

    /// Notes that the code that runs now waits for an event. `blocks` says that this may block the
    /// thread.
    pub(crate) fn wait_here(&mut self, here: Option<Node>, blocks: bool, effects: &mut Effects) {
        let Some(node) = here else { return };
        self.stand(node, blocks);
        self.await_event(node, effects);
        if blocks {
            self.defer_held(Node::Thread(context::thread()), effects);
        }
    }

    /// Records that an async handler is off the stack of all threads: it waits, or its task has it.
    pub(crate) fn leave_stack(&mut self, node: Node) {
        if let Node::Job(job) = node
            && let Some(running) = self.running_mut(job)
        {
            running.thread = 0;
        }
    }

    /// The same for one that the thread may have held while others noted their waits: it waits
    /// itself, and now its own waits count.
    pub(crate) fn leave_thread(&mut self, at: JobRef, effects: &mut Effects) {
        let node = Node::Job(at);
        self.leave_stack(node);
        if !self.graph.nodes.contains_key(&node) {
            return;
        }
        self.split_idle();
        let Some(waits) = self.graph.nodes.get(&node) else { return };
        if waits.event {
            return self.await_event(node, effects);
        }
        for pending in waits.pendings.clone() {
            self.defer_stuck(Some(node), &pending, effects);
        }
    }

    pub(crate) fn running_mut(&mut self, at: JobRef) -> Option<&mut Running> {
        self.groups.get_mut(at.group)?.running.iter_mut().find(|running| running.job == at.job)
    }

    fn defer_stuck(&mut self, waiter: Option<Node>, pending: &Arc<Pending>, effects: &mut Effects) {
        if (waiter.is_none() && self.graph.event_waiters == 0) || failpoint("ring_waited_for") {
            return;
        }
        for (receiver, _) in pending.receivers() {
            let nodes = self.nodes_of(receiver, Some(pending));
            // Mostly whoever has the delivery is not waiting at all.
            let free = |node: &Node| Some(*node) != waiter && !self.graph.nodes.contains_key(node);
            if nodes.is_empty() || nodes.iter().any(free) {
                continue;
            }
            let walk = Walk::new(self, waiter, &nodes);
            if !walk.any_moves(&nodes) {
                effects.wake(pending.defer(receiver));
            }
        }
    }

    /// The nodes any of which brings a delivery on; none where it waits for nobody.
    fn nodes_of(&self, receiver: Target, pending: Option<&Arc<Pending>>) -> SmallVec<[Node; 2]> {
        match receiver {
            Target::Stream(key) => {
                let stream = self.subscriptions.get(key).and_then(|found| match &found.receiver {
                    Receiver::Stream(stream) => stream.reader,
                    Receiver::Handler(_) => None,
                });
                stream.into_iter().collect()
            }
            Target::Group(key) => {
                let Some(group) = self.groups.get(key) else { return SmallVec::new() };
                let own = pending.and_then(|pending| {
                    let of = |at: &&Running| at.unit.as_ref().is_some_and(|unit| unit.is_of(pending));
                    group.running.iter().find(of)
                });
                match own {
                    Some(own) => std::iter::once(own.node(key)).collect(),
                    None => group.running.iter().map(|running| running.node(key)).collect(),
                }
            }
        }
    }

    /// Notes that a node waits for an event. Nobody can know when it comes, so no emit goes on
    /// waiting for what the node holds, nor for what is queued behind it, nor for spare capacity in
    /// the streams it reads.
    pub(crate) fn await_event(&mut self, node: Node, effects: &mut Effects) {
        self.leave_stack(node);
        self.graph.set_event(node, true);
        self.defer_held(node, effects);
        let reads = self.graph.nodes.get(&node).map(|waits| waits.reads.clone()).unwrap_or_default();
        for key in reads {
            if let Some(Receiver::Stream(stream)) = self.subscriptions.get(key).map(|found| &found.receiver) {
                effects.wake(stream.waiting.iter().filter_map(Unit::defer));
            }
        }
    }

    /// Lets no emit go on waiting for what a node holds that waits for an event.
    fn defer_held(&mut self, node: Node, effects: &mut Effects) {
        let held: Vec<Key> = match node {
            Node::Job(job) => vec![job.group],
            // Mostly async handlers wait for events; a blocked thread is rare enough to look at
            // all.
            Node::Thread(thread) => {
                let holds = |group: &Group| group.running.iter().any(|running| running.thread == thread);
                self.groups.iter().filter(|(_, group)| holds(group)).map(|(key, _)| key).collect()
            }
        };
        for key in held {
            self.defer_behind(node, key, effects);
        }
    }

    fn defer_behind(&mut self, node: Node, key: Key, effects: &mut Effects) {
        let all = self.nodes_of(Target::Group(key), None);
        let stands = !Walk::new(self, Some(node), &all).any_moves(&all);
        let Some(group) = self.groups.get_mut(key) else { return };
        let own = group.running.iter().filter(|running| running.node(key) == node);
        let own: SmallVec<[&Running; 1]> = own.collect();
        let batch = group.batch.iter().filter(|_| !own.is_empty()).flat_map(|batch| &batch.units);
        let units = own.iter().map(|running| &running.unit).chain(batch).filter_map(Option::as_ref);
        effects.wake(units.filter_map(Unit::defer));
        if stands {
            let queued = group.queue.iter().filter_map(|queued| queued.unit.as_ref());
            effects.wake(queued.filter_map(Unit::defer));
            group.senders.release_all(effects);
        }
    }

    /// Notes that what a node waited for has come.
    #[inline]
    pub(crate) fn event_came(&mut self, node: Node) {
        if self.graph.event_waiters > 0 && !self.still_waits(node) {
            self.graph.set_event(node, false);
        }
    }

    /// Whether a node has a wait for an event that was neither answered nor given up: a handler may
    /// be polled for something else, and not poll that wait again.
    #[cold]
    fn still_waits(&self, node: Node) -> bool {
        let waits = |key: &Key| {
            let found = self.subscriptions.get(*key).map(|found| &found.receiver);
            let Some(Receiver::Stream(stream)) = found else { return false };
            stream.reader == Some(node) && stream.waker.is_some()
        };
        self.graph.nodes.get(&node).is_some_and(|known| known.reads.iter().any(waits))
    }

    /// Notes that a node waits for the bus to be quiet, or no longer does.
    pub(crate) fn note_closes(&mut self, node: Node, closes: bool, effects: &mut Effects) {
        let waits = self.graph.nodes.entry(node).or_default();
        if std::mem::replace(&mut waits.closes, closes) != closes {
            // Others that wait for the same look again.
            effects.wake(self.closers.iter().map(|(_, waker)| waker.clone()));
        }
        let empty = self.graph.nodes.get(&node).is_some_and(Waits::is_empty);
        if empty {
            self.graph.nodes.remove(&node);
        }
    }

    /// Notes which handler reads a stream, if one does.
    pub(crate) fn note_reader(&mut self, key: Key, by: Option<Node>) {
        let Some(Receiver::Stream(stream)) = self.subscriptions.get_mut(key).map(|found| &mut found.receiver)
        else {
            return;
        };
        stream.reader = by;
        if let Some(node) = by {
            let reads = &mut self.graph.nodes.entry(node).or_default().reads;
            if !reads.contains(&key) {
                reads.push(key);
            }
        }
    }

    /// Forgets that a handler reads a stream that has ended.
    pub(crate) fn forget_reader(&mut self, key: Key, node: Node) {
        if let Some(waits) = self.graph.nodes.get_mut(&node) {
            waits.reads.retain(|known| *known != key);
            if waits.is_empty() {
                self.graph.nodes.remove(&node);
            }
        }
    }

    /// How many groups are at work that cannot go on before `here` does, or wait for the bus to be
    /// quiet themselves.
    pub(crate) fn groups_behind(&self, here: Option<Node>) -> usize {
        // Nothing waits for who closes the bus outside of any handler.
        if here.is_none() {
            return 0;
        }
        let stands = |(key, group): (Key, &Group)| {
            if group.running.is_empty() {
                return false;
            }
            let nodes = self.nodes_of(Target::Group(key), None);
            let walk = Walk::of_events(self, here, &nodes);
            nodes.iter().all(|node| self.graph.closes(*node) || !walk.moves(*node))
        };
        self.groups.iter().filter(|found| stands((found.0, found.1))).count()
    }
}
