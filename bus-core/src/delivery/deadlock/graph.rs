//! The waits of all nodes of the wait-for graph.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::delivery::context::{JobRef, Node};
use crate::delivery::pending::Pending;
use crate::delivery::slab::Key;

/// The waits of all nodes. A node that does not wait is not in it.
#[derive(Default)]
pub(crate) struct Graph {
    pub(super) nodes: HashMap<Node, Waits, hashbrown::DefaultHashBuilder>,
    /// How many nodes wait for an event.
    pub(super) event_waiters: usize,
}

#[derive(Default)]
pub(super) struct Waits {
    pub(super) pendings: SmallVec<[Arc<Pending>; 1]>,
    /// It waits for an event: nobody can know when it goes on.
    pub(super) event: bool,
    /// It waits for the bus to be quiet.
    pub(super) closes: bool,
    /// The streams that it reads.
    pub(super) reads: SmallVec<[Key; 1]>,
    /// The async handlers whose polls may block this thread.
    pub(super) polls: SmallVec<[JobRef; 1]>,
}

impl Waits {
    pub(super) fn is_empty(&self) -> bool {
        let polls = self.polls.is_empty();
        self.pendings.is_empty() && !self.event && !self.closes && self.reads.is_empty() && polls
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
            let kept = Waits { pendings: waits.pendings, polls: waits.polls, ..Waits::default() };
            if matches!(node, Node::Thread(_)) && !kept.is_empty() {
                self.nodes.insert(node, kept);
            }
        }
    }

    pub(super) fn set_event(&mut self, node: Node, event: bool) {
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

    /// Notes that a thread goes on only when the async handler does that it polls.
    pub(super) fn link(&mut self, thread: u64, job: JobRef) {
        let polls = &mut self.nodes.entry(Node::Thread(thread)).or_default().polls;
        if !polls.contains(&job) {
            polls.push(job);
        }
    }

    pub(crate) fn unlink(&mut self, thread: u64, job: JobRef) {
        let node = Node::Thread(thread);
        if let Some(waits) = self.nodes.get_mut(&node) {
            waits.polls.retain(|known| *known != job);
            if waits.is_empty() {
                self.nodes.remove(&node);
            }
        }
    }

    /// Whether a node waits in this way, or for an async handler that does.
    fn any(&self, node: Node, way: fn(&Waits) -> bool) -> bool {
        let polls = |waits: &Waits| waits.polls.iter().any(|job| self.any(Node::Job(*job), way));
        self.nodes.get(&node).is_some_and(|waits| way(waits) || polls(waits))
    }

    /// Whether a node waits for an event.
    pub(crate) fn awaits_event(&self, node: Node) -> bool {
        self.event_waiters > 0 && self.any(node, |waits| waits.event)
    }

    /// Whether a node waits for anything.
    pub(crate) fn waits(&self, node: Node) -> bool {
        self.any(node, |waits| waits.event || waits.closes || !waits.pendings.is_empty())
    }

    pub(crate) fn closes(&self, node: Node) -> bool {
        self.any(node, |waits| waits.closes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}
