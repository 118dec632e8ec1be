//! Many handlers of one event: a publish reaches all of them in one step, however they subscribed.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::sync::Arc;
use std::time::Duration;

use bus_core::{AgentEvent, AnyEvent, BoxError, Event, EventBus, Subscribe, Subscription};

#[derive(AgentEvent)]
pub(crate) enum Many {
    /// The event for the handlers.
    Call { n: u64 },
    /// An event that handlers publish meanwhile.
    Echo { n: u64 },
    /// Another event that some members also handle.
    Far { n: u64 },
}

/// How a member subscribed. All of them handle `Call`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Sync,
    /// `Call` and `Far`.
    Tuple,
    /// Every event of the definition.
    Definition,
    /// By its name.
    Named,
    /// Async, ready at once.
    Ready,
    /// Async, not ready at once.
    Yields,
    /// Async, three at once.
    Three,
}

use Sort::{Definition, Named, Ready, Sync, Three, Tuple, Yields};

/// The ways of subscribing in a group; its members alternate between them.
pub(crate) const MIXES: [&[Sort]; 4] = [
    &[Sync],
    &[Ready],
    &[Sync, Ready, Yields],
    &[Sync, Tuple, Definition, Named, Sync, Ready, Three, Yields],
];

impl Sort {
    pub(crate) fn is_sync(self) -> bool {
        matches!(self, Sync | Tuple | Definition | Named)
    }
}

/// The filter of a member, which a `Call` of `desk` always passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrow {
    No,
    Stream,
    Predicate,
}

/// The body of a member.
pub(crate) type Action = Arc<dyn Fn(&AnyEvent) -> Result<(), BoxError> + Send + std::marker::Sync>;

/// A member that is not subscribed yet.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) sort: Sort,
    pub(crate) narrow: Narrow,
    pub(crate) name: String,
    pub(crate) capacity: usize,
    pub(crate) hard_limit: usize,
}

impl Member {
    pub(crate) fn new(at: usize, sort: Sort) -> Self {
        Self { sort, narrow: Narrow::No, name: format!("m{at}"), capacity: 1_024, hard_limit: 1_000_000 }
    }

    pub(crate) fn narrow(self, narrow: Narrow) -> Self {
        Self { narrow, ..self }
    }

    pub(crate) fn queue(self, capacity: usize, hard_limit: usize) -> Self {
        Self { capacity, hard_limit, ..self }
    }

    pub(crate) fn subscribe(&self, bus: &EventBus, action: Action) -> Subscription {
        match self.sort {
            Tuple => self.sync(bus.subscribe::<(Call, Far)>(), action),
            Definition => self.sync(bus.subscribe::<Many>(), action),
            Named => self.sync(bus.subscribe_any().kinds(["call", "vendor_kind"]), action),
            Sync => self.sync(bus.subscribe::<Call>(), action),
            Ready => self.own(bus.subscribe::<Call>(), action, false),
            Yields => self.own(bus.subscribe::<Call>(), action, true),
            Three => self.own(bus.subscribe::<Call>().concurrency(3), action, true),
        }
    }

    fn sync<S: 'static>(&self, subscribe: Subscribe<S>, action: Action) -> Subscription {
        self.settings(subscribe).handle_sync(move |event: &Event<S>| action(&event.clone().into_any()))
    }

    fn own<S: 'static>(&self, subscribe: Subscribe<S>, action: Action, yields: bool) -> Subscription {
        self.settings(subscribe).timeout(Duration::from_hours(1)).handle(move |event: Event<S>| {
            let action = Arc::clone(&action);
            async move {
                if yields {
                    tokio::task::yield_now().await;
                }
                action(&event.into_any())
            }
        })
    }

    fn settings<S: 'static>(&self, subscribe: Subscribe<S>) -> Subscribe<S> {
        let subscribe = subscribe.name(self.name.clone()).capacity(self.capacity).hard_limit(self.hard_limit);
        match self.narrow {
            Narrow::No => subscribe,
            Narrow::Stream => subscribe.stream("desk"),
            Narrow::Predicate => subscribe.filter(|event| event.stream() == "desk"),
        }
    }
}

/// The number of an event of this file.
pub(crate) fn n(event: &AnyEvent) -> u64 {
    let call = event.payload::<Call>().map(|call| call.n);
    let echo = || event.payload::<Echo>().map(|echo| echo.n);
    let far = || event.payload::<Far>().map(|far| far.n);
    call.or_else(echo).or_else(far).unwrap()
}

/// The first, the middle and the last member.
pub(crate) fn positions(len: usize) -> Vec<usize> {
    let mut positions = vec![0, len / 2, len - 1];
    positions.dedup();
    positions
}
