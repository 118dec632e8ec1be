//! The counts of a bus and of its subscriptions.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::bus::EventBus;
use crate::delivery::{Counts, Info, Key, Overflow, Records, State};
use crate::event::{EventId, SubscriptionId};
use crate::sync::Ordering;

/// How many subscriptions are read with each lock.
const WINDOW: usize = 256;

/// The counts of a bus.
///
/// For each subscription, and for all that have ended together, this holds exactly: `matched =
/// handled + failed + panicked + timed_out + overflowed + coalesced + dropped + running + waiting`.
///
/// The first 256 subscriptions and the counts of the whole bus are of one moment. Further
/// subscriptions are read in steps of 256, so that others publish meanwhile.
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
    /// Events with a `seq`: history kept them, or a subscription or a pair wanted them.
    pub published_total: u64,
    /// The same by kind, without kinds that were never published. Undeclared kinds beyond 4,096 are
    /// counted together as `(other kinds)`, or under the narrowest pattern that selects them.
    pub published: BTreeMap<String, u64>,
    /// Events that reached no subscription, whether history kept them or not.
    pub unobserved: u64,
    /// Those of them that nothing kept either: they have no `seq`.
    pub discarded: u64,
    /// Events that were refused: see [`Refused`](crate::Refused).
    pub refused: u64,
    /// Those of them that an interceptor refused, by its name.
    pub refused_by: BTreeMap<String, u64>,
    /// Events in history now.
    pub kept: usize,
    /// The estimated memory of the events in history, in bytes.
    pub kept_bytes: usize,
    /// Events that history evicted, apart from `transient` ones.
    pub evicted: u64,
    /// `transient` events that history evicted.
    pub evicted_transient: u64,
    /// Latest values of `sticky` events that are kept now.
    pub latest: usize,
    /// Latest values that were forgotten because newer ones need the memory: see
    /// [`EventBusBuilder::latest`](crate::EventBusBuilder::latest).
    pub latest_forgotten: u64,
    /// The counts of the store; `None` without one.
    pub store: Option<StoreStats>,
    /// Beginnings without an end that are kept: at most 65,536.
    pub open_pairs: usize,
    /// Ends without a beginning.
    pub unmatched_ends: u64,
    /// The subscriptions, in the order in which they were made.
    pub subscriptions: Vec<SubscriptionStats>,
    /// The counts of all subscriptions that have ended.
    pub ended: Counts,
}

/// The counts of one subscription at one moment.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SubscriptionStats {
    /// Its id.
    pub id: SubscriptionId,
    /// Its name.
    pub name: String,
    /// The location in the code where it was made, as `file:line:column`.
    pub subscribed_at: String,
    /// Its policy for events that do not fit.
    pub overflow: Overflow,
    /// The outcomes of the events that matched it.
    #[serde(flatten)]
    pub counts: Counts,
    /// Events that run in its handler.
    pub running: usize,
    /// Events that wait in its queue, or for a permit.
    pub waiting: usize,
    /// The number of events on the bus from the oldest waiting event to the newest one; 0 if none
    /// waits. Events that do not match it are included. For one that reads the past of the store,
    /// the number of events of this run that it has not read or handled.
    pub lag: u64,
    /// Whether it reads the past of the store: live events do not reach it yet, or never.
    pub catches_up: bool,
    /// Its progress, if it is a consumer.
    pub consumer: Option<ConsumerStats>,
}

/// The progress of a [consumer](crate::Subscribe::consumer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConsumerStats {
    /// The last event that it has handled; `None` for a new one that has handled none.
    pub position: Option<EventId>,
    /// How often the event behind it has failed since.
    pub failures: u32,
}

/// The counts of the store of a bus, in events. Their sum is [`Stats::published_total`], apart from
/// left-out events that nothing else wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreStats {
    /// Events that are recorded.
    pub recorded: u64,
    /// Events that are lost to the store: see [`NotRecorded`](crate::store::NotRecorded).
    pub not_recorded: u64,
    /// Events of kinds that the store leaves out.
    pub left_out: u64,
    /// Events that wait for the store, or are being written.
    pub waiting: u64,
    /// The estimated memory of those that are not being written, in bytes.
    pub waiting_bytes: usize,
}

impl StoreStats {
    fn of(records: &Records) -> Self {
        let (counts, (waiting, waiting_bytes)) = (records.counts, records.backlog());
        Self {
            recorded: counts.recorded,
            not_recorded: counts.not_recorded,
            left_out: counts.left_out,
            waiting,
            waiting_bytes,
        }
    }
}

/// The part of a subscription that is read under the lock. Texts are made after it.
struct Row {
    info: Arc<Info>,
    overflow: Overflow,
    counts: Counts,
    running: usize,
    waiting: usize,
    lag: u64,
    catches_up: bool,
    consumer: Option<ConsumerStats>,
}

impl EventBus {
    /// Returns the counts of the bus and of each subscription. It does not walk the history, and
    /// reads at most 256 subscriptions in one turn of the lock.
    pub fn stats(&self) -> Stats {
        let (mut rows, mut totals, mut from, mut more) = (Vec::new(), None, 0, true);
        while more {
            let mut state = self.core.lock();
            let (keys, rest) = state.subscriptions.window_keys(from, WINDOW);
            (more, from) = (rest, from + WINDOW);
            rows.extend(keys.into_iter().filter_map(|key| Row::of(&mut state, self.core.run, key)));
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
        let discarded = self.core.discarded.load(Ordering::Relaxed);
        let (evicted, evicted_transient) = state.history.evicted();
        let published = state.routes.published();
        Stats {
            published_total: state.totals.published,
            published: published.map(|(kind, count)| (kind.to_owned(), count)).collect(),
            unobserved: state.totals.unobserved + discarded,
            discarded: state.totals.discarded + discarded,
            refused: state.totals.refused,
            refused_by: self.refused_by(),
            kept: state.history.len(),
            kept_bytes: state.history.bytes(),
            evicted,
            evicted_transient,
            latest: state.latest.len(),
            latest_forgotten: state.latest.forgotten(),
            store: state.records.as_deref().map(StoreStats::of),
            open_pairs: state.pairs.len(),
            unmatched_ends: state.pairs.unmatched_total(),
            subscriptions: Vec::new(),
            ended: state.totals.ended,
        }
    }

    fn refused_by(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for interceptor in self.core.interceptors.iter().filter(|interceptor| interceptor.refused() > 0) {
            *counts.entry(interceptor.name.to_string()).or_default() += interceptor.refused();
        }
        counts
    }
}

impl Stats {
    /// Returns the first subscription of this name.
    pub fn subscription(&self, name: &str) -> Option<&SubscriptionStats> {
        self.subscriptions.iter().find(|subscription| subscription.name == name)
    }
}

impl Row {
    fn of(state: &mut State, run: u64, key: Key) -> Option<Self> {
        let (waiting, oldest) = state.waiting_for_reader(key);
        let account = state.account(key)?;
        let newest = state.next_seq - 1;
        let oldest = account.oldest.or(oldest);
        let past = state.progress(run, key);
        let consumer = past.as_ref().and_then(|past| past.consumer);
        Some(Self {
            info: account.info,
            overflow: account.overflow,
            counts: account.counts,
            running: account.running,
            waiting: account.waiting + waiting,
            lag: match &past {
                Some(past) => newest.saturating_sub(past.through),
                None => oldest.map_or(0, |oldest| newest.saturating_sub(oldest) + 1),
            },
            catches_up: past.is_some(),
            consumer: consumer.map(|(position, failures)| ConsumerStats { position, failures }),
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
            catches_up: row.catches_up,
            consumer: row.consumer,
        }
    }
}
