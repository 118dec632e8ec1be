//! A subscription that says when it has read the past.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bus_core::{AnyEvent, AnyKind, EventBus, EventsAndGaps, Filter, Lagged, Since, Subscribe};
use futures_util::Stream;
use tokio::time::sleep;

/// An event, or where some are missing.
pub(crate) type Item = Result<AnyEvent, Lagged>;

/// Events that wait for a reader that is slower than they come.
const CAPACITY: usize = 1024;

/// How long to wait before looking again whether the past is read.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The events of a bus from some position on.
pub(crate) struct Feed {
    events: EventsAndGaps,
    bus: EventBus,
    is_live: bool,
}

/// What comes next from a [`Feed`].
pub(crate) enum Next {
    Item(Item),
    /// The past is read. It comes once.
    Live,
    /// The bus is closed.
    End,
}

impl Feed {
    /// Reads what both filters let through.
    pub(crate) fn new(bus: &EventBus, filters: [&Filter; 2], since: Since) -> Self {
        let events = subscribe(bus, filters).capacity(CAPACITY).since(since).into_stream().with_gaps();
        Self { events, bus: bus.clone(), is_live: false }
    }

    /// Waits for what comes next.
    ///
    /// # Cancel safety
    /// Safe: nothing is taken out that is not returned.
    pub(crate) async fn next(&mut self) -> Next {
        loop {
            if let Some(next) = self.now().await {
                return next;
            }
            if self.is_live {
                return self.events.recv().await.map_or(Next::End, Next::Item);
            }
            tokio::select! {
                biased;
                item = self.events.recv() => return item.map_or(Next::End, Next::Item),
                () = sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// What comes next, if it is there.
    pub(crate) async fn now(&mut self) -> Option<Next> {
        if let Poll::Ready(next) = self.poll().await {
            return Some(next);
        }
        if self.is_live || self.catches_up() {
            return None;
        }
        // It may have come before it was live.
        if let Poll::Ready(next) = self.poll().await {
            return Some(next);
        }
        self.is_live = true;
        Some(Next::Live)
    }

    async fn poll(&mut self) -> Poll<Next> {
        let mut events = pin!(&mut self.events);
        let item = std::future::poll_fn(|context| Poll::Ready(events.as_mut().poll_next(context))).await;
        item.map(|item| item.map_or(Next::End, Next::Item))
    }

    fn catches_up(&self) -> bool {
        let id = self.events.id();
        let stats = self.bus.stats();
        stats.store.is_some() && stats.subscriptions.iter().any(|found| found.id == id && found.catches_up)
    }
}

fn subscribe(bus: &EventBus, filters: [&Filter; 2]) -> Subscribe<AnyKind> {
    // Redacted fields are redacted in JSON, live or not, so it makes no difference here.
    let all = bus.subscribe_any().name("bus-web").accept_redacted();
    let filters = filters.into_iter().filter(|filter| !filter.is_empty());
    filters.fold(all, |subscribe, filter| subscribe.matching(filter.clone()))
}
