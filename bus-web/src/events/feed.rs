//! A subscription that says when it has read the past.

use std::pin::pin;
use std::task::Poll;

use bus_core::{AnyEvent, AnyKind, CaughtUp, EventBus, EventsAndGaps, Filter, Lagged, Since, Subscribe};
use futures_util::Stream;

/// An event, or where some are missing.
pub(crate) type Item = Result<AnyEvent, Lagged>;

/// Events that wait for a reader that is slower than they come.
const CAPACITY: usize = 1024;

/// The events of a bus from some position on.
pub(crate) struct Feed {
    events: EventsAndGaps,
    /// Until the past is read.
    live: Option<CaughtUp>,
    /// An item that was taken out to see whether there is one.
    held: Option<Item>,
}

/// An item, or a turn of a [`Feed`].
pub(crate) enum Next {
    Item(Item),
    /// The past is read. It comes once.
    Live,
    /// The bus is closed.
    End,
}

impl Feed {
    /// Reads the events that both filters let through.
    pub(crate) fn new(bus: &EventBus, filters: [&Filter; 2], since: Since) -> Self {
        let events = subscribe(bus, filters).capacity(CAPACITY).since(since).into_stream().with_gaps();
        let live = Some(events.caught_up());
        Self { events, live, held: None }
    }

    /// Waits for the next item or turn.
    ///
    /// # Cancel safety
    /// Safe: nothing is taken out that is not returned.
    pub(crate) async fn next(&mut self) -> Next {
        let Self { events, live, held } = self;
        tokio::select! {
            biased;
            () = reached(live), if live.is_some() => {
                *live = None;
                Next::Live
            }
            item = next_of(held, events) => item.map_or(Next::End, Next::Item),
        }
    }

    /// Returns the next item or turn if it is there.
    pub(crate) async fn now(&mut self) -> Option<Next> {
        let is_live = self.live.is_some() && self.events.is_caught_up();
        let mut events = pin!(&mut self.events);
        let item = std::future::poll_fn(|context| Poll::Ready(events.as_mut().poll_next(context))).await;
        match item {
            Poll::Ready(None) => return Some(Next::End),
            Poll::Ready(Some(item)) if is_live => self.held = Some(item),
            Poll::Ready(Some(item)) => return Some(Next::Item(item)),
            Poll::Pending => {}
        }
        is_live.then(|| {
            self.live = None;
            Next::Live
        })
    }
}

async fn reached(live: &mut Option<CaughtUp>) {
    if let Some(live) = live {
        live.await;
    }
}

async fn next_of(held: &mut Option<Item>, events: &mut EventsAndGaps) -> Option<Item> {
    if held.is_some() {
        return held.take();
    }
    events.recv().await
}

fn subscribe(bus: &EventBus, filters: [&Filter; 2]) -> Subscribe<AnyKind> {
    // Redacted fields are redacted in JSON, live or not, so it makes no difference here.
    let all = bus.subscribe_any().name("bus-web").accept_redacted();
    let filters = filters.into_iter().filter(|filter| !filter.is_empty());
    filters.fold(all, |subscribe, filter| subscribe.matching(filter.clone()))
}
