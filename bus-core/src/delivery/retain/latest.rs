//! The newest event of each sticky kind in each scope.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::delivery::retain::history::WINDOW;
use crate::event::Stored;

/// The position of a kind in the routes, which a declared kind keeps for good, and the hash of
/// stream, node and execution.
type Place = (usize, u64);

/// The newest events of sticky kinds: one for each kind, stream, node and execution. They live
/// under the bus's lock.
pub(crate) struct Latest {
    /// By seq: the order in which they are read, and in which they are forgotten.
    events: BTreeMap<u64, (Place, Arc<Stored>)>,
    newest: HashMap<Place, u64, hashbrown::DefaultHashBuilder>,
    capacity: usize,
    budget: usize,
    /// The estimated memory of all that is held.
    bytes: usize,
    forgotten: u64,
}

impl Latest {
    pub(crate) fn new(capacity: usize, budget: usize) -> Self {
        let newest = HashMap::default();
        Self { events: BTreeMap::new(), newest, capacity, budget, bytes: 0, forgotten: 0 }
    }

    /// Keeps an event in place of the one before it of equal kind and scope. What is returned must
    /// be dropped after the lock: that one, and those for which there is no capacity.
    pub(crate) fn keep(&mut self, kind: usize, event: &Arc<Stored>) -> Vec<Arc<Stored>> {
        let place = (kind, event.head.scope.place_hash());
        let before = self.newest.get(&place).copied();
        let mut released: Vec<_> = before.and_then(|seq| self.remove(seq)).into_iter().collect();
        self.bytes += event.bytes();
        self.newest.insert(place, event.head.seq());
        self.events.insert(event.head.seq(), (place, Arc::clone(event)));
        // The newest event stays, however large: it is the current value.
        while self.events.len() > self.capacity || (self.bytes > self.budget && self.events.len() > 1) {
            let Some(oldest) = self.events.keys().next().copied() else { break };
            self.forgotten += 1;
            released.extend(self.remove(oldest));
        }
        released
    }

    /// Takes out the event with this seq.
    pub(crate) fn remove(&mut self, seq: u64) -> Option<Arc<Stored>> {
        let (place, event) = self.events.remove(&seq)?;
        self.newest.remove(&place);
        self.bytes -= event.bytes();
        Some(event)
    }

    /// The next events after `seq`, oldest first, and where the walk stands after them if there may
    /// be more.
    pub(crate) fn next_after(&self, seq: u64) -> (impl Iterator<Item = &Arc<Stored>>, Option<u64>) {
        let stands = self.events.range(seq + 1..).nth(WINDOW - 1).map(|(seq, _)| *seq);
        let events = self.events.range(seq + 1..=stands.unwrap_or(u64::MAX));
        (events.map(|(_, (_, event))| event), stands)
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// How many events were forgotten because there was no capacity for them.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Takes everything out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Arc<Stored>> {
        self.newest.clear();
        self.bytes = 0;
        std::mem::take(&mut self.events).into_values().map(|(_, event)| event)
    }
}
