//! Everything that the bus's lock protects.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::task::Waker;

use crate::delivery::deadlock::Graph;
use crate::delivery::effects::Effects;
use crate::delivery::group::{Group, IdleSets};
use crate::delivery::permits::Permits;
use crate::delivery::record::Records;
use crate::delivery::retain::history::History;
use crate::delivery::retain::latest::Latest;
use crate::delivery::retain::pairs::Pairs;
use crate::delivery::ring::Ring;
use crate::delivery::routes::{Kinds, Routes};
use crate::delivery::settings::Settings;
use crate::delivery::slab::{Key, Slab};
use crate::delivery::subscription::{Counts, Subscription};
use crate::delivery::task::Slot;
use crate::event::SubscriptionId;
use crate::registry::Catalogue;
use crate::sync::Mutex;

/// Counts that belong to no subscription.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    pub(crate) published: u64,
    pub(crate) unobserved: u64,
    pub(crate) discarded: u64,
    pub(crate) refused: u64,
    /// The counts of all subscriptions that have ended.
    pub(crate) ended: Counts,
}

/// The ring of one set of kinds, and who reads from it.
pub(crate) struct SharedRing {
    pub(crate) kinds: Kinds,
    /// It takes only payloads of its types.
    pub(crate) typed: bool,
    /// The subscriptions of readers with queues of their own.
    pub(crate) detached: Vec<Key>,
    pub(crate) attached: usize,
    pub(crate) ring: Arc<Mutex<Ring>>,
}

/// The state under the lock. The lock decides the order of events; no foreign code runs under it.
pub(crate) struct State {
    pub(crate) closed: bool,
    pub(crate) next_seq: u64,
    pub(crate) next_subscription: u64,
    pub(crate) routes: Routes,
    pub(crate) subscriptions: Slab<Subscription>,
    pub(crate) groups: Slab<Group>,
    pub(crate) idle: IdleSets,
    pub(crate) rings: Slab<SharedRing>,
    pub(crate) ids: HashMap<SubscriptionId, Key, hashbrown::DefaultHashBuilder>,
    pub(crate) permits: Permits,
    /// The tasks of async handlers whose time the watch limits.
    pub(crate) parked: Vec<Weak<Slot>>,
    pub(crate) graph: Graph,
    pub(crate) history: History,
    pub(crate) latest: Latest,
    pub(crate) pairs: Pairs,
    pub(crate) totals: Totals,
    /// The names of the consumers.
    pub(crate) consumers: Vec<Arc<str>>,
    /// The events that wait for the store, where there is one.
    pub(crate) records: Option<Box<Records>>,
    /// How many subscriptions have a predicate, which must be asked before the step.
    pub(crate) predicates: usize,
    /// How many groups wait for more events before they begin with a batch.
    pub(crate) lingering: usize,
    /// How many groups are at work, or read history.
    pub(crate) busy: usize,
    /// Closers that wait for the bus to be idle.
    pub(crate) closers: Slab<Waker>,
}

impl State {
    pub(crate) fn new(settings: &Settings, catalogue: &Catalogue) -> Self {
        let mut routes = Routes::default();
        catalogue.iter().for_each(|event| {
            routes.declare(event);
        });
        Self {
            closed: false,
            next_seq: 1,
            next_subscription: 0,
            routes,
            subscriptions: Slab::new(),
            groups: Slab::new(),
            idle: IdleSets::default(),
            rings: Slab::new(),
            ids: HashMap::default(),
            permits: Permits::new(settings.max_concurrent_handlers),
            parked: Vec::new(),
            graph: Graph::default(),
            history: History::new(settings.history, settings.transient_history, settings.history_bytes),
            latest: Latest::new(settings.latest, settings.history_bytes),
            pairs: Pairs::default(),
            totals: Totals::default(),
            consumers: Vec::new(),
            records: settings.stores.then(|| Box::new(Records::new(settings.store_queue_bytes))),
            predicates: 0,
            lingering: 0,
            busy: 0,
            closers: Slab::new(),
        }
    }

    /// Counts an event that is kept or wanted, and takes the next `seq` for it. An event that is
    /// neither gets none. `reached` says whether it reached a subscription.
    #[inline]
    pub(crate) fn count_publish(
        &mut self,
        kind: usize,
        reached: bool,
        wanted: bool,
        transient: bool,
    ) -> bool {
        self.totals.unobserved += u64::from(!reached);
        if !(wanted || self.history.keeps(transient)) {
            self.totals.discarded += 1;
            return false;
        }
        self.next_seq += 1;
        self.totals.published += 1;
        self.routes.kind_mut(kind).published += 1;
        true
    }

    /// Gives each handler of the idle sets back to its group, and each event at work in them.
    #[inline]
    pub(crate) fn split_idle(&mut self) {
        if !self.idle.is_empty() {
            self.busy += self.idle.split_all(&mut self.groups);
        }
    }

    /// Whether nothing is at work or queued for a handler, apart from what cannot end before the
    /// handler that asks.
    pub(crate) fn is_quiet(&self, here: Option<crate::delivery::context::Node>) -> bool {
        self.busy == 0 || self.busy <= self.groups_behind(here)
    }

    /// Wakes those who wait for the bus to be quiet, so that they look again.
    #[inline]
    pub(crate) fn wake_closers(&mut self, effects: &mut Effects) {
        if self.closed {
            effects.wake(self.closers.iter().map(|(_, waker)| waker.clone()));
        }
    }
}
