//! One subscription: its settings, its accounts and where its events go.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::delivery::batch::Batching;
use crate::delivery::catch_up::CatchUp;
use crate::delivery::context;
use crate::delivery::group::Membership;
use crate::delivery::outcome::Outcome;
use crate::delivery::overflow::Lagged;
use crate::delivery::panic::{catch_panic, drop_each};
use crate::delivery::ring::Stream;
use crate::delivery::routes::{Kinds, Wanted};
use crate::event::{AnyEvent, SubscriptionId};
use crate::excerpt::excerpt;
use crate::sync::{Handle, Mutex};

/// A closure of the user's that decides whether an event is wanted.
pub(crate) type Predicate = Arc<dyn Fn(&AnyEvent) -> bool + Send + Sync>;
/// A closure that is called with what a subscription sees besides events.
pub(crate) enum Callback {
    /// With each gap.
    Lag(Box<dyn Fn(Lagged) + Send + Sync>),
    /// Once, when the past is read.
    Live(Mutex<Option<OnLive>>),
}

/// A closure that is called when the past is read.
pub(crate) type OnLive = Box<dyn FnOnce() + Send>;

/// Closures of the user's, which are dropped one by one, each under a guard of its own: two that
/// panic in one drop would abort the process.
pub(crate) struct Callbacks<T>(Vec<T>);

impl<T> Default for Callbacks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Callbacks<T> {
    pub(crate) fn push(&mut self, closure: T) {
        self.0.push(closure);
    }
}

impl<T> std::ops::Deref for Callbacks<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> Drop for Callbacks<T> {
    fn drop(&mut self) {
        drop_each(self.0.drain(..));
    }
}

/// The settings of a subscription. They never change, so that they are read without the lock.
pub(crate) struct Info {
    pub(crate) id: SubscriptionId,
    pub(crate) name: Arc<str>,
    /// The place in the code where `subscribe` was called.
    pub(crate) location: &'static Location<'static>,
    pub(crate) kinds: Kinds,
    pub(crate) wanted: Wanted,
    pub(crate) predicates: Callbacks<Predicate>,
    pub(crate) callbacks: Callbacks<Callback>,
    /// How long an async handler may take for one event.
    pub(crate) timeout: Option<Duration>,
    /// Whether that is the limit of the bus: by the clock of the watch, not by a timer.
    pub(crate) watched: bool,
    /// Whether its handler answers.
    pub(crate) answers: bool,
    /// Whether its async handler needs no permit.
    pub(crate) dedicated: bool,
    /// Set for a batch handler, whose closure has it too.
    pub(crate) batch: Option<Arc<Batching>>,
    /// The runtime of an async handler.
    pub(crate) runtime: Option<Handle>,
}

/// One subscription, under the lock.
pub(crate) struct Subscription {
    pub(crate) info: Arc<Info>,
    pub(crate) life: Life,
    pub(crate) receiver: Receiver,
    /// Where it can read the past from the store.
    pub(crate) catch_up: Option<Box<CatchUp>>,
}

/// The stage that a subscription is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// It is reading history; live events do not reach it yet.
    Replaying,
    Open,
    /// It takes no more events; what waits is still delivered.
    Closing,
    /// Nothing more is delivered; it is removed when what runs has run.
    Ended,
}

/// How a subscription receives.
pub(crate) enum Receiver {
    /// A handler, as a member of a group.
    Handler(Membership),
    /// A reader.
    Stream(Box<Stream>),
}

/// The outcomes of the events that matched one subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Events that matched its kinds and filters.
    pub matched: u64,
    /// Handled, or read from the stream.
    pub handled: u64,
    /// The handler returned an error.
    pub failed: u64,
    /// The handler panicked.
    pub panicked: u64,
    /// The handler took longer than its timeout.
    pub timed_out: u64,
    /// Dropped because the queue was full.
    pub overflowed: u64,
    /// Replaced by a newer one.
    pub coalesced: u64,
    /// Still waiting, or at work on a runtime that was shut down, when the subscription or the bus
    /// ended.
    pub dropped: u64,
}

impl Counts {
    fn of(&mut self, outcome: &Outcome) -> &mut u64 {
        match outcome {
            Outcome::Handled => &mut self.handled,
            Outcome::Failed(_) => &mut self.failed,
            Outcome::Panicked(_) => &mut self.panicked,
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::Overflowed => &mut self.overflowed,
            Outcome::Coalesced => &mut self.coalesced,
            Outcome::Dropped => &mut self.dropped,
        }
    }

    /// Counts one event under its outcome.
    pub(crate) fn note(&mut self, outcome: &Outcome) {
        let count = self.of(outcome);
        *count = count.wrapping_add(1);
    }

    /// Counts an event under another outcome than the one it was counted under. Corrections may go
    /// below zero on their own, and only their sum with what they correct is shown.
    pub(crate) fn correct(&mut self, from: &Outcome, to: &Outcome) {
        let count = self.of(from);
        *count = count.wrapping_sub(1);
        self.note(to);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.matched, other.matched),
            (&mut self.handled, other.handled),
            (&mut self.failed, other.failed),
            (&mut self.panicked, other.panicked),
            (&mut self.timed_out, other.timed_out),
            (&mut self.overflowed, other.overflowed),
            (&mut self.coalesced, other.coalesced),
            (&mut self.dropped, other.dropped),
        ];
        for (count, more) in pairs {
            *count = count.wrapping_add(more);
        }
    }

    /// Every event that matched and is neither at work nor waiting.
    pub fn settled(&self) -> u64 {
        self.handled
            + self.failed
            + self.panicked
            + self.timed_out
            + self.overflowed
            + self.coalesced
            + self.dropped
    }
}

impl Info {
    /// The limit of its own, which a timer keeps.
    #[inline]
    pub(crate) fn exact_timeout(&self) -> Option<Duration> {
        if self.watched { None } else { self.timeout }
    }

    /// Whether its async handler waits for more events before it begins with a batch.
    pub(crate) fn lingers(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| !batch.limits.linger.is_zero())
    }

    /// Whether its handler may share its group with others.
    pub(crate) fn shares(&self) -> bool {
        self.is_unfiltered() && self.batch.is_none() && !self.dedicated
    }

    /// Whether every event of its kinds is wanted.
    pub(crate) fn is_unfiltered(&self) -> bool {
        self.predicates.is_empty() && self.wanted.is_empty()
    }

    /// Whether it takes only payloads of its types.
    pub(crate) fn is_typed(&self) -> bool {
        matches!(self.kinds, Kinds::Declared(_))
    }

    /// The closure that is called with gaps: the last one that was set.
    pub(crate) fn on_lag(&self) -> Option<&(dyn Fn(Lagged) + Send + Sync)> {
        self.callbacks.iter().rev().find_map(|callback| match callback {
            Callback::Lag(on_lag) => Some(&**on_lag),
            Callback::Live(_) => None,
        })
    }

    fn on_live(&self) -> impl Iterator<Item = &Mutex<Option<OnLive>>> {
        self.callbacks.iter().filter_map(|callback| match callback {
            Callback::Live(on_live) => Some(on_live),
            Callback::Lag(_) => None,
        })
    }

    /// Whether somebody wants to know when the past is read, and does not yet.
    pub(crate) fn awaits_live(&self) -> bool {
        self.on_live().any(|on_live| on_live.lock().is_some())
    }

    /// Calls the closures that want to know that the past is read, once.
    pub(crate) fn report_live(&self) {
        for on_live in self.on_live() {
            let on_live = on_live.lock().take();
            on_live.into_iter().for_each(catch_panic);
        }
    }

    /// Calls the lag callback, or logs the gap where there is none.
    pub(crate) fn report_lag(&self, lag: Lagged) {
        match self.on_lag() {
            Some(on_lag) => catch_panic(|| on_lag(lag)),
            None => context::log(|| {
                tracing::warn!(target: "bus_core", subscription = %excerpt(&self.name), subscribed_at = %self.location, %lag, "a subscription missed events");
            }),
        }
    }
}

/// The path of a function; for a closure, which has none, the location where it was given.
pub(crate) fn name_of<F>(location: &Location<'_>) -> String {
    let path = std::any::type_name::<F>();
    if path.contains("{{closure}}") {
        format!("{}:{}", location.file(), location.line())
    } else {
        path.to_owned()
    }
}
