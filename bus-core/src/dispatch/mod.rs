//! The delivery core: one order lock decides the order of events, and nothing of the user's runs under it.
//!
//! A publish takes one step under the lock: it stamps the event, keeps it in history, and for each subscription ("lane") that wants it either *claims* the idle handler, by taking it out
//! of the lane, or puts the event into the lane's backlog. Handlers without a filter are claimed all at once ([`crew`]), and streams without one share a record of events ([`tape`]). A claim is the
//! exclusive right to run that handler, so the order of claims is the order in which a subscription sees events. After the lock the publisher runs what it claimed: sync handlers here, async ones
//! polled in place when it awaits them on their runtime, otherwise handed to their driver. What became of each is noted under the lock again, for all of them in one stroke, and whoever finishes
//! goes on with the backlog.
//!
//! Most publishes go a short way ([`step::plain`]): a crew that has nothing to do, a tape, or nobody. What may queue, wait, be asked or go wrong is published at length, and that is what is drawn here.
//!
//! ```text
//! publish ── order lock ──┬─ idle: claim ──→ Step::run ──→ Step::end ──→ next of the backlog
//!                         │                      └ pending → driver ──→ finish ──→ next …
//!                         ├─ busy: backlog
//!                         └─ stream: tape or backlog, wake the reader
//! ```

mod crew;
mod few;
mod lane;
mod memory;
mod order;
mod route;
mod run;
mod slab;
mod step;
mod tape;
mod wait;

use std::sync::Arc;
use std::time::Duration;

pub use lane::Counts;
pub use lane::overflow::{LagCause, Lagged, Overflow};
pub use memory::pairs::{OpenPair, OpenPairs};
pub use run::runner::{HandlerResult, Outcome};
pub use wait::receipt::{Problem, Receipt};

pub(crate) use lane::heir::Heir;
pub(crate) use lane::queue::{Backlog, Queued};
pub(crate) use lane::{Lane, LaneInfo, OnLag, Predicate, State, Work};
pub(crate) use memory::mark::Marks;
pub(crate) use order::Order;
pub(crate) use route::Kinds;
pub(crate) use route::wanted::Wanted;
pub(crate) use run::after::{After, guarded, let_go};
pub(crate) use run::backlog::start;
pub(crate) use run::context::{JobRef, cause, current, mark_waiting, nesting};
pub(crate) use run::runner::{AsyncHandler, Runner, SyncHandler};
pub(crate) use run::watch::watch;
pub(crate) use slab::Key;
pub(crate) use step::prepare::wants;
pub(crate) use step::publish::Mode;
pub(crate) use tape::riding::{Found, Riding};
pub(crate) use tape::track::Lent;
pub use wait::sent::Sent;
pub(crate) use wait::sent::Waiting;

use crate::registry::Catalogue;
use crate::sync::{AtomicBool, AtomicU64, Condvar, Guard, Handle, Mutex};

/// What a bus was built with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) history: usize,
    pub(crate) transient_history: usize,
    pub(crate) max_concurrent_handlers: usize,
    pub(crate) chain_limit: u32,
    pub(crate) handler_timeout: Option<Duration>,
    pub(crate) slow_after: Duration,
    pub(crate) max_event_bytes: Option<usize>,
    pub(crate) runtime: Option<Handle>,
}

/// On cache lines of its own: what one thread writes there takes nothing else from the others.
#[repr(align(128))]
struct Apart<T>(T);

/// What all handles of one bus share.
pub(crate) struct Core {
    pub(crate) run: u64,
    pub(crate) settings: Settings,
    order: Apart<Mutex<Order>>,
    /// Tickets that are to be taken away.
    forgotten: Mutex<Vec<Key>>,
    /// Where a thread waits for room in a sync subscription.
    pub(crate) room: Condvar,
    pub(crate) catalogue: Mutex<Arc<Catalogue>>,
    /// The clock of the slow warning, moved on by its thread.
    pub(crate) ticks: AtomicU64,
    /// Events that nobody wanted and nothing kept.
    pub(crate) unobserved: AtomicU64,
    /// How many subscriptions there are, for a look without the lock.
    pub(crate) subscriptions: AtomicU64,
    /// Whether a known kind begins what another ends, for a look without the lock.
    pub(crate) paired: AtomicBool,
    /// Whether slow handlers are looked for.
    pub(crate) watched: AtomicBool,
    /// Whether it is closed, for a look without the lock.
    pub(crate) closed: AtomicBool,
}

impl Core {
    pub(crate) fn new(run: u64, settings: Settings, catalogue: Catalogue) -> Self {
        let order = Order::new(&settings, &catalogue);
        let paired = catalogue.iter().any(|event| !event.ends_with.is_empty());
        Self {
            run,
            settings,
            order: Apart(Mutex::new(order)),
            forgotten: Mutex::new(Vec::new()),
            room: Condvar::new(),
            catalogue: Mutex::new(Arc::new(catalogue)),
            // From 1: a handler that began at tick 0 has had its warning.
            ticks: AtomicU64::new(1),
            unobserved: AtomicU64::new(0),
            subscriptions: AtomicU64::new(0),
            paired: AtomicBool::new(paired),
            watched: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, Order> {
        self.order.0.lock()
    }

    /// Takes one step under the order lock, and then does what had to wait for its end.
    #[inline]
    pub(crate) fn step<T>(&self, step: impl FnOnce(&mut Order, &mut After) -> T) -> T {
        let mut after = After::default();
        let done = step(&mut self.lock(), &mut after);
        after.run(self);
        done
    }
}
