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

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::delivery::Core;
use crate::delivery::context::{self, JobRef, Node};
use crate::delivery::effects::{self, Effects};
use crate::delivery::group::{Group, Running};
use crate::delivery::pending::{Pending, Unit};
use crate::delivery::routes::Target;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::Receiver;
use crate::sync::failpoint;

/// The waits of all nodes. A node that does not wait is not in it.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: HashMap<Node, Waits, hashbrown::DefaultHashBuilder>,
    /// How many nodes wait for an event.
    event_waiters: usize,
}

#[derive(Default)]
struct Waits {
    pendings: SmallVec<[Arc<Pending>; 1]>,
    /// It waits for an event: nobody can know when it goes on.
    event: bool,
    /// It waits for the bus to be quiet.
    closes: bool,
    /// The streams that it reads.
    reads: SmallVec<[Key; 1]>,
}

impl Waits {
    fn is_empty(&self) -> bool {
        self.pendings.is_empty() && !self.event && !self.closes && self.reads.is_empty()
    }
}

impl Graph {
    /// Takes a wait out.
    pub(crate) fn forget(&mut self, node: Node, pending: &Arc<Pending>) {
        if let Some(waits) = self.nodes.get_mut(&node) {
            waits.pendings.retain(|known| !Arc::ptr_eq(known, pending));
            if waits.is_empty() {
                self.nodes.remove(&node);
            }
        }
    }

    /// Takes a node out whose handler has returned.
    #[inline]
    pub(crate) fn end(&mut self, node: Node) {
        if !self.nodes.is_empty() {
            self.remove(node);
        }
    }

    #[cold]
    fn remove(&mut self, node: Node) {
        if let Some(waits) = self.nodes.remove(&node) {
            self.event_waiters -= usize::from(waits.event);
            // Another frame of the same thread may still wait.
            if matches!(node, Node::Thread(_)) && !waits.pendings.is_empty() {
                let kept = Waits { pendings: waits.pendings, ..Waits::default() };
                self.nodes.insert(node, kept);
            }
        }
    }

    fn set_event(&mut self, node: Node, event: bool) {
        if !event && !self.nodes.contains_key(&node) {
            return;
        }
        let waits = self.nodes.entry(node).or_default();
        if std::mem::replace(&mut waits.event, event) != event {
            self.event_waiters = if event { self.event_waiters + 1 } else { self.event_waiters - 1 };
        }
        if waits.is_empty() {
            self.nodes.remove(&node);
        }
    }

    /// Whether a node waits for an event.
    pub(crate) fn awaits_event(&self, node: Node) -> bool {
        self.event_waiters > 0 && self.nodes.get(&node).is_some_and(|waits| waits.event)
    }

    /// Whether a node waits for anything.
    pub(crate) fn waits(&self, node: Node) -> bool {
        let waits = self.nodes.get(&node);
        waits.is_some_and(|waits| waits.event || waits.closes || !waits.pendings.is_empty())
    }

    pub(crate) fn closes(&self, node: Node) -> bool {
        self.nodes.get(&node).is_some_and(|waits| waits.closes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl Core {
    /// The async handlers of this bus further down the stack that give their permit back now,
    /// because the thread is about to block above them.
    pub(crate) fn block_here(&self, here: Option<Node>) -> Vec<JobRef> {
        if matches!(here, Some(Node::Thread(_))) { context::block_polled(self) } else { Vec::new() }
    }

    /// Notes a wait for the deliveries of a publish, and defers those that cannot come.
    pub(crate) fn note_wait(
        self: &Arc<Self>,
        here: Option<Node>,
        polled: &[JobRef],
        before: Option<Node>,
        pending: &Arc<Pending>,
    ) {
        self.step(|state, effects| {
            state.hold_polled(polled, effects);
            if let Some(before) = before {
                state.graph.forget(before, pending);
            }
            if let Some(here) = here {
                state.leave_stack(here);
                state.graph.nodes.entry(here).or_default().pendings.push(Arc::clone(pending));
                state.release_runtimes(here, effects);
            }
            state.defer_stuck(here, pending, effects);
        });
    }

    /// Lets other threads of the runtime take the task that this thread was about to run next.
    ///
    /// tokio keeps the task that was woken last for the thread that woke it. Under a sync handler
    /// that blocks, that task would wait for the handler, which may wait for it.
    #[expect(clippy::unused_self, reason = "a thread of a bus waits")]
    pub(crate) fn free_runtime(&self) {
        if effects::has_later() && context::is_sync_handler() {
            effects::wake_later();
        }
        #[cfg(not(bus_loom))]
        if context::blocks_thread()
            && let Ok(runtime) = crate::sync::Handle::try_current()
        {
            drop(runtime.spawn(std::future::ready(())));
        }
    }
}

impl State {
    /// Records that a blocked thread holds these async handlers, and takes their permits.
    pub(crate) fn hold_polled(&mut self, polled: &[JobRef], effects: &mut Effects) {
        for job in polled {
            if !failpoint("permit_unreturned") {
                effects.wake(self.permits.release());
            }
            if let Some(running) = self.running_mut(*job) {
                running.thread = context::thread();
            }
        }
    }

    /// Lets senders go on that wait for a thread which waits itself.
    fn release_runtimes(&mut self, node: Node, effects: &mut Effects) {
        let Node::Thread(thread) = node else { return };
        for group in self.groups.iter_mut().filter(|group| group.is_sync()) {
            if group.running.iter().any(|running| running.thread == thread) {
                group.senders.release_runtimes(effects);
            }
        }
    }

    /// Notes that the code that runs now waits for an event. Async handlers that are polled below
    /// it give their permits back, as with any wait.
    pub(crate) fn wait_here(&mut self, core: &Core, here: Option<Node>, effects: &mut Effects) {
        self.hold_polled(&core.block_here(here), effects);
        if let Some(node) = here {
            self.await_event(node, effects);
        }
    }

    /// Records that an async handler is off the stack of every thread: it waits, or its task has it.
    pub(crate) fn leave_stack(&mut self, node: Node) {
        if let Node::Job(job) = node
            && let Some(running) = self.running_mut(job)
        {
            running.thread = 0;
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
        let reads = self.graph.nodes.get(&node).map(|waits| waits.reads.clone()).unwrap_or_default();
        for key in reads {
            if let Some(Receiver::Stream(stream)) = self.subscriptions.get(key).map(|found| &found.receiver) {
                effects.wake(stream.waiting.iter().filter_map(Unit::defer));
            }
        }
    }

    fn defer_behind(&mut self, node: Node, key: Key, effects: &mut Effects) {
        let all = self.nodes_of(Target::Group(key), None);
        let stands = !Walk::new(self, Some(node), &all).any_moves(&all);
        let Some(group) = self.groups.get_mut(key) else { return };
        let own = group.running.iter().filter(|running| running.node(key) == node);
        let units = own.filter_map(|running| running.unit.as_ref());
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

/// Which nodes can go on although one of them waits: the least fixed point of "a node moves if it
/// does not wait, or if everything that it waits for moves".
struct Walk<'a> {
    state: &'a State,
    waiter: Option<Node>,
    /// Whether events count as coming.
    events_come: bool,
    moving: HashMap<Node, bool>,
}

impl<'a> Walk<'a> {
    /// Nobody can know when an event comes: who waits for one does not move.
    fn new(state: &'a State, waiter: Option<Node>, from: &[Node]) -> Self {
        Self { state, waiter, events_come: false, moving: HashMap::new() }.walk(from)
    }

    /// The same where who waits for an event moves: the end of the bus ends that wait.
    fn of_events(state: &'a State, waiter: Option<Node>, from: &[Node]) -> Self {
        Self { state, waiter, events_come: true, moving: HashMap::new() }.walk(from)
    }

    fn walk(mut self, from: &[Node]) -> Self {
        let mut stack = from.to_vec();
        while let Some(node) = stack.pop() {
            if self.moving.contains_key(&node) {
                continue;
            }
            let free = Some(node) != self.waiter && !self.state.graph.nodes.contains_key(&node);
            self.moving.insert(node, free);
            if !free {
                stack.extend(self.ahead(node).into_iter().flatten());
            }
        }
        while self.spread() {}
        self
    }

    /// The waits of a node: for each delivery the nodes any of which brings it on.
    fn ahead(&self, node: Node) -> Vec<SmallVec<[Node; 2]>> {
        let Some(waits) = self.state.graph.nodes.get(&node) else { return Vec::new() };
        let deliveries = waits.pendings.iter().flat_map(|pending| {
            let receivers = pending.receivers();
            receivers.into_iter().map(move |(receiver, _)| (receiver, pending))
        });
        deliveries.map(|(receiver, pending)| self.state.nodes_of(receiver, Some(pending))).collect()
    }

    /// Marks nodes as moving that wait only for what moves; whether there were any.
    fn spread(&mut self) -> bool {
        let waiting: Vec<_> =
            self.moving.iter().filter(|(_, moves)| !**moves).map(|(node, _)| *node).collect();
        let mut changed = false;
        for node in waiting {
            let waits = self.state.graph.nodes.get(&node);
            let awaits = waits.is_some_and(|waits| waits.event && !self.events_come);
            let for_ever = Some(node) == self.waiter || awaits;
            if !for_ever && self.ahead(node).iter().all(|nodes| nodes.is_empty() || self.any_moves(nodes)) {
                self.moving.insert(node, true);
                changed = true;
            }
        }
        changed
    }

    fn moves(&self, node: Node) -> bool {
        self.moving.get(&node).copied().unwrap_or(true)
    }

    fn any_moves(&self, nodes: &[Node]) -> bool {
        nodes.iter().any(|node| self.moves(*node))
    }
}
