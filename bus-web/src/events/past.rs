//! The past of a bus, from its store where it has one, else from its history.

use std::collections::VecDeque;
use std::time::Duration;

use bus_core::catalogue::Life;
use bus_core::{AnyEvent, EventBus, EventId, Filter, Since};
use tokio::time::{Instant, sleep_until};

use super::feed::{Feed, Item, Next};

/// The past from some position on, until now.
pub(crate) struct Walk {
    feed: Feed,
}

impl Walk {
    pub(crate) fn new(bus: &EventBus, filters: [&Filter; 2], since: Since) -> Self {
        Self { feed: Feed::new(bus, filters, since) }
    }

    /// The next event or gap; `None` when all that was published before the walk is read.
    pub(crate) async fn next(&mut self) -> Option<Item> {
        match self.feed.next().await {
            Next::Item(item) => Some(item),
            Next::Live | Next::End => None,
        }
    }
}

/// Waits for the first event of an execution. `Err` if there is none in this time; `None` if the
/// bus is closed.
pub(crate) async fn first_of(
    bus: &EventBus,
    seen: &Filter,
    execution: &str,
    wait: Duration,
) -> Result<Option<AnyEvent>, Unknown> {
    let until = Instant::now() + wait;
    let wanted = Filter::new().execution(execution);
    let mut feed = Feed::new(bus, [seen, &wanted], Since::Beginning);
    let mut is_live = false;
    loop {
        tokio::select! {
            biased;
            next = feed.next() => match next {
                Next::Item(Ok(event)) => return Ok(Some(event)),
                Next::Item(Err(_)) => {}
                Next::Live => is_live = true,
                Next::End => return Ok(None),
            },
            () = sleep_until(until), if is_live => return Err(Unknown),
        }
    }
}

/// No event of an execution was seen.
#[derive(Debug)]
pub(crate) struct Unknown;

/// Returns the end of an execution, if its last step was one.
pub(crate) async fn end_of(bus: &EventBus, seen: &Filter, execution: &str) -> Option<AnyEvent> {
    let steps: Vec<_> = bus.catalogue().iter().filter(|event| event.life.is_some()).collect();
    if steps.is_empty() {
        return None;
    }
    let mut wanted = Filter::new().execution(execution);
    for event in steps {
        wanted = event.aliases.iter().fold(wanted.kind(event.kind), |wanted, alias| wanted.kind(*alias));
    }
    let mut walk = Walk::new(bus, [seen, &wanted], Since::Beginning);
    let mut last = None;
    while let Some(item) = walk.next().await {
        last = item.ok().or(last);
    }
    last.filter(|event| step_of(event).is_some_and(Life::is_end))
}

/// The step in the life of its execution that an event reports.
pub(crate) fn step_of(event: &AnyEvent) -> Option<Life> {
    event.descriptor().and_then(|event| event.life)
}

/// Some of the past, and where it goes on.
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// There is more behind this; before it, where the newest come first.
    pub(crate) next: Option<EventId>,
    newest_first: bool,
}

impl Page {
    /// Where a page goes on that ends with this item.
    pub(crate) fn place_of(&self, item: &Item) -> EventId {
        if self.newest_first { first(item) } else { last(item) }
    }
}

/// Reads oldest first.
pub(crate) async fn oldest(bus: &EventBus, filters: [&Filter; 2], since: Since, limit: usize) -> Page {
    let mut walk = Walk::new(bus, filters, since);
    let (mut items, mut next) = (Vec::new(), None);
    while let Some(item) = walk.next().await {
        if items.len() == limit {
            next = items.last().map(last);
            break;
        }
        items.push(item);
    }
    Page { items, next, newest_first: false }
}

/// Reads newest first, before a position or from the end.
pub(crate) async fn newest(
    bus: &EventBus,
    filters: [&Filter; 2],
    since: Since,
    before: Option<EventId>,
    limit: usize,
) -> Page {
    let mut walk = Walk::new(bus, filters, since);
    let mut items: VecDeque<Item> = VecDeque::new();
    let mut is_more = false;
    while let Some(item) = walk.next().await {
        if before.is_some_and(|before| is_at(&item, before)) {
            break;
        }
        if items.len() == limit {
            items.pop_front();
            is_more = true;
        }
        items.push_back(item);
    }
    let next = items.front().filter(|_| is_more).map(first);
    Page { items: items.into_iter().rev().collect(), next, newest_first: true }
}

/// Whether an item is at a position, or behind it in its run.
fn is_at(item: &Item, before: EventId) -> bool {
    let first = first(item);
    first.run() == before.run() && first.seq() >= before.seq()
}

fn first(item: &Item) -> EventId {
    item.as_ref().map_or_else(|gap| gap.from, AnyEvent::cursor)
}

fn last(item: &Item) -> EventId {
    item.as_ref().map_or_else(|gap| gap.to, AnyEvent::cursor)
}
