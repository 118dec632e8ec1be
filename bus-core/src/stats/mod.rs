//! What a bus can report about itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::bus::EventBus;
use crate::delivery::{Counts, Info, Key, Overflow, State};
use crate::event::SubscriptionId;
use crate::sync::Ordering;

/// How many subscriptions are looked at in one turn of the lock.
const WINDOW: usize = 256;

/// A picture of the bus.
///
/// For every subscription, and for those that have ended together, this holds exactly: `matched =
/// handled + failed + panicked + timed_out + overflowed + coalesced + dropped + running + waiting`.
/// Up to 256 subscriptions are of one moment, with the counts of the whole bus; further ones are
/// read in steps, so that the bus is never held up for long.
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
    /// Events that have a `seq`: kept, or wanted by somebody.
    pub published_total: u64,
    /// The same by kind; kinds that were never published are left out.
    pub published: BTreeMap<String, u64>,
    /// Events that nobody wanted and nothing kept.
    pub unobserved: u64,
    /// Events that did not get onto the bus: closed, chain too deep, too large.
    pub refused: u64,
    /// Events in history now.
    pub kept: usize,
    /// The estimated memory of the events in history, in bytes.
    pub kept_bytes: usize,
    /// Events that history evicted, `transient` ones apart.
    pub evicted: u64,
    /// `transient` events that history evicted.
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
    /// Events that wait in its queue, or for a permit.
    pub waiting: usize,
    /// How many events the oldest waiting event is behind the newest event of the bus; 0 if none
    /// waits.
    pub lag: u64,
}

/// What one turn of the lock reads of a subscription. Texts are made after it.
struct Row {
    info: Arc<Info>,
    overflow: Overflow,
    counts: Counts,
    running: usize,
    waiting: usize,
    lag: u64,
}

impl EventBus {
    /// A picture of the bus. It does not walk the history, and looks at no more than 256
    /// subscriptions in one turn of the lock.
    pub fn stats(&self) -> Stats {
        let (mut rows, mut totals, mut from, mut more) = (Vec::new(), None, 0, true);
        while more {
            let mut state = self.core.lock();
            let (keys, rest) = state.subscriptions.window_keys(from, WINDOW);
            (more, from) = (rest, from + WINDOW);
            rows.extend(keys.into_iter().filter_map(|key| Row::of(&mut state, key)));
            if totals.is_none() {
                totals = Some(self.totals(&state));
            }
            drop(state);
            if more {
                self.core.yield_lock();
            }
        }
        let mut subscriptions: Vec<_> = rows.into_iter().map(SubscriptionStats::from).collect();
        subscriptions.sort_by_key(|subscription| subscription.id);
        let totals = totals.unwrap_or_else(|| self.totals(&self.core.lock()));
        Stats { subscriptions, ..totals }
    }

    fn totals(&self, state: &State) -> Stats {
        let (evicted, evicted_transient) = state.history.evicted();
        let published = state.routes.published();
        Stats {
            published_total: state.totals.published,
            published: published.map(|(kind, count)| (kind.to_owned(), count)).collect(),
            unobserved: state.totals.unobserved + self.core.unobserved.load(Ordering::Relaxed),
            refused: state.totals.refused,
            kept: state.history.len(),
            kept_bytes: state.history.bytes(),
            evicted,
            evicted_transient,
            open_pairs: state.pairs.len(),
            unmatched_ends: state.pairs.unmatched_total(),
            subscriptions: Vec::new(),
            ended: state.totals.ended,
        }
    }
}

impl Stats {
    /// The first subscription of this name.
    pub fn subscription(&self, name: &str) -> Option<&SubscriptionStats> {
        self.subscriptions.iter().find(|subscription| subscription.name == name)
    }
}

impl Row {
    fn of(state: &mut State, key: Key) -> Option<Self> {
        let (waiting, oldest) = state.waiting_for_reader(key);
        let account = state.account(key)?;
        let newest = state.next_seq - 1;
        let oldest = account.oldest.or(oldest);
        Some(Self {
            info: account.info,
            overflow: account.overflow,
            counts: account.counts,
            running: account.running,
            waiting: account.waiting + waiting,
            lag: oldest.map_or(0, |oldest| newest.saturating_sub(oldest) + 1),
        })
    }
}

impl From<Row> for SubscriptionStats {
    fn from(row: Row) -> Self {
        Self {
            id: row.info.id,
            name: row.info.name.to_string(),
            subscribed_at: row.info.location.to_string(),
            overflow: row.overflow,
            counts: row.counts,
            running: row.running,
            waiting: row.waiting,
            lag: row.lag,
        }
    }
}
