//! Many handlers of one event: a publish reaches all of them in one step, in whatever way they subscribed.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::sync::Arc;
use std::time::Duration;

use bus_core::{AgentEvent, AnyEvent, BoxError, Event, EventBus, Subscribe, Subscription};

#[derive(AgentEvent)]
pub(crate) enum Many {
    /// What the lists are for.
    Call { n: u64 },
    /// What handlers say meanwhile.
    Echo { n: u64 },
    /// Another event that some members of a list take too.
    Far { n: u64 },
}

/// How a member of a list subscribed. All of them take `Call`.
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

/// What lists are made of: their members take turns.
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

/// What a member is narrowed to: always something that a `Call` of `desk` fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrow {
    No,
    Stream,
    Predicate,
}

/// What a member does with an event.
pub(crate) type Deed = Arc<dyn Fn(&AnyEvent) -> Result<(), BoxError> + Send + std::marker::Sync>;

/// One member of a list, not subscribed yet.
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

    pub(crate) fn subscribe(&self, bus: &EventBus, deed: Deed) -> Subscription {
        match self.sort {
            Tuple => self.sync(bus.subscribe::<(Call, Far)>(), deed),
            Definition => self.sync(bus.subscribe::<Many>(), deed),
            Named => self.sync(bus.subscribe_any().kinds(["call", "vendor_kind"]), deed),
            Sync => self.sync(bus.subscribe::<Call>(), deed),
            Ready => self.own(bus.subscribe::<Call>(), deed, false),
            Yields => self.own(bus.subscribe::<Call>(), deed, true),
            Three => self.own(bus.subscribe::<Call>().concurrency(3), deed, true),
        }
    }

    fn sync<S: 'static>(&self, subscribe: Subscribe<S>, deed: Deed) -> Subscription {
        self.settings(subscribe).handle_sync(move |event: &Event<S>| deed(&event.clone().into_any()))
    }

    fn own<S: 'static>(&self, subscribe: Subscribe<S>, deed: Deed, yields: bool) -> Subscription {
        self.settings(subscribe).timeout(Duration::from_hours(1)).handle(move |event: Event<S>| {
            let deed = Arc::clone(&deed);
            async move {
                if yields {
                    tokio::task::yield_now().await;
                }
                deed(&event.into_any())
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

/// The first, the middle and the last place of a list.
pub(crate) fn places(len: usize) -> Vec<usize> {
    let mut places = vec![0, len / 2, len - 1];
    places.dedup();
    places
}
