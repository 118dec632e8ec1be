//! The walk through the wait-for graph.

use std::collections::HashMap;

use smallvec::SmallVec;

use crate::delivery::context::Node;
use crate::delivery::state::State;

/// Which nodes can go on although one of them waits: the least fixed point of "a node moves if it
/// does not wait, or if everything that it waits for moves".
pub(super) struct Walk<'a> {
    state: &'a State,
    waiter: Option<Node>,
    /// Whether events count as coming.
    events_come: bool,
    moving: HashMap<Node, bool>,
}

impl<'a> Walk<'a> {
    /// Nobody can know when an event comes: who waits for one does not move.
    pub(super) fn new(state: &'a State, waiter: Option<Node>, from: &[Node]) -> Self {
        Self { state, waiter, events_come: false, moving: HashMap::new() }.walk(from)
    }

    /// The same where who waits for an event moves: the end of the bus ends that wait.
    pub(super) fn of_events(state: &'a State, waiter: Option<Node>, from: &[Node]) -> Self {
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

    /// The waits of a node: for each delivery the nodes any of which brings it on, and each handler
    /// that it polls.
    fn ahead(&self, node: Node) -> Vec<SmallVec<[Node; 2]>> {
        let Some(waits) = self.state.graph.nodes.get(&node) else { return Vec::new() };
        let deliveries = waits.pendings.iter().flat_map(|pending| {
            let receivers = pending.receivers();
            receivers.into_iter().map(move |(receiver, _)| (receiver, pending))
        });
        let deliveries = deliveries.map(|(receiver, pending)| self.state.nodes_of(receiver, Some(pending)));
        let polls = waits.polls.iter().map(|job| std::iter::once(Node::Job(*job)).collect());
        deliveries.chain(polls).collect()
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

    pub(super) fn moves(&self, node: Node) -> bool {
        self.moving.get(&node).copied().unwrap_or(true)
    }

    pub(super) fn any_moves(&self, nodes: &[Node]) -> bool {
        nodes.iter().any(|node| self.moves(*node))
    }
}
