//! What a bus can tell about itself, in one consistent picture.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bus::EventBus;
use crate::dispatch::{Counts, Lane, Order, Overflow};
use crate::event::SubscriptionId;
use crate::sync::Ordering;

/// A picture of the bus at one moment.
///
/// For every subscription, and for those that have ended together, this holds exactly: `matched = handled + failed + panicked + timed_out + overflowed + coalesced + dropped + running + waiting`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = bus_core::EventBus::new();
/// bus.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({})).await;
/// let stats = bus.stats();
/// assert_eq!((stats.published_total, stats.kept), (1, 1));
/// println!("{}", serde_json::to_string_pretty(&stats).unwrap());
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Events that got a place: kept, or wanted by somebody.
    pub published_total: u64,
    /// The same by kind; kinds that were never published are left out.
    pub published: BTreeMap<String, u64>,
    /// Events that nobody wanted and nothing kept.
    pub unobserved: u64,
    /// Events that did not get onto the bus: closed, chain too deep, too large.
    pub refused: u64,
    /// Events in history now.
    pub kept: usize,
    /// Events that history had to let go, `transient` ones apart.
    pub evicted: u64,
    /// `transient` events that history had to let go.
    pub evicted_transient: u64,
    /// Beginnings without an end so far.
    pub open_pairs: usize,
    /// Ends without a beginning.
    pub unmatched_ends: u64,
    /// Each subscription, in the order they were made.
    pub subscriptions: Vec<SubscriptionStats>,
    /// All subscriptions that have ended, together.
    pub ended: Counts,
}

/// One subscription at one moment.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SubscriptionStats {
    /// Its id.
    pub id: SubscriptionId,
    /// Its name.
    pub name: String,
    /// Where it was made, as <file:line:column>.
    pub subscribed_at: String,
    /// What it does with events that do not fit.
    pub overflow: Overflow,
    /// What became of the events that matched it.
    #[serde(flatten)]
    pub counts: Counts,
    /// Events at work in its handler.
    pub running: usize,
    /// Events that wait in its queue.
    pub waiting: usize,
    /// How many places the oldest waiting event is behind the newest event of the bus; 0 if none waits.
    pub lag: u64,
}

impl EventBus {
    /// A picture of the bus at this moment. It takes the order lock once, and does not walk the history.
    pub fn stats(&self) -> Stats {
        let mut order = self.core.lock();
        order.count();
        order.count_riders();
        let newest = order.next_seq - 1;
        let mut subscriptions: Vec<_> =
            order.lanes.iter().map(|(_, lane)| SubscriptionStats::of(lane, &order, newest)).collect();
        let kinds = order.routes.kinds().iter().filter(|kind| kind.published > 0);
        let (evicted, evicted_transient) = order.history.evicted();
        let stats = Stats {
            published_total: order.totals.published,
            published: kinds.map(|kind| (kind.kind.as_ref().as_str().to_owned(), kind.published)).collect(),
            unobserved: order.totals.unobserved + self.core.unobserved.load(Ordering::Relaxed),
            refused: order.totals.refused,
            kept: order.history.len(),
            evicted,
            evicted_transient,
            open_pairs: order.pairs.open().count(),
            unmatched_ends: order.pairs.unmatched_total(),
            subscriptions: Vec::new(),
            ended: order.totals.ended,
        };
        drop(order);
        subscriptions.sort_by_key(|subscription| subscription.id);
        Stats { subscriptions, ..stats }
    }
}

impl Stats {
    /// The first subscription of this name.
    pub fn subscription(&self, name: &str) -> Option<&SubscriptionStats> {
        self.subscriptions.iter().find(|subscription| subscription.name == name)
    }
}

impl SubscriptionStats {
    fn of(lane: &Lane, order: &Order, newest: u64) -> Self {
        let (mut oldest, mut counts) = (lane.oldest(), lane.counts);
        let (mut running, mut waiting) = (lane.running.len(), lane.waiting());
        if let Some(held) = order.held_for(lane) {
            counts.handled -= 1;
            counts.matched += held.waiting as u64;
            running += 1;
            waiting += held.waiting;
            oldest = oldest.or(held.oldest);
        }
        Self {
            id: lane.info.id,
            name: lane.info.name.to_string(),
            subscribed_at: lane.info.location.to_string(),
            overflow: lane.backlog.overflow(),
            counts,
            running,
            waiting,
            lag: oldest.map_or(0, |oldest| newest.saturating_sub(oldest) + 1),
        }
    }
}
