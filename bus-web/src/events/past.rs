//! The past of a bus, from its store where it has one, else from its history.

use std::collections::VecDeque;
use std::time::Duration;

use bus_core::catalogue::Life;
use bus_core::{AnyEvent, AnyKind, EventBus, EventId, EventsAndGaps, Filter, Lagged, Since, Subscribe};
use tokio::time::{Instant, sleep_until};

/// An event, or where some are missing.
pub(crate) type Item = Result<AnyEvent, Lagged>;

/// A subscription that gets what both filters let through.
pub(crate) fn subscribe(bus: &EventBus, filters: [&Filter; 2]) -> Subscribe<AnyKind> {
    // Redacted fields are redacted in JSON, live or not, so it makes no difference here.
    let all = bus.subscribe_any().name("bus-web").accept_redacted();
    let filters = filters.into_iter().filter(|filter| !filter.is_empty());
    filters.fold(all, |subscribe, filter| subscribe.matching(filter.clone()))
}

/// The past from some position on, until now.
pub(crate) struct Walk {
    events: EventsAndGaps,
}

impl Walk {
    pub(crate) fn new(bus: &EventBus, filters: [&Filter; 2], since: Since) -> Self {
        Self { events: subscribe(bus, filters).since(since).into_stream().with_gaps() }
    }

    /// The next event or gap; `None` when all that was published before the walk is read.
    pub(crate) async fn next(&mut self) -> Option<Item> {
        let live = self.events.caught_up();
        tokio::select! {
            biased;
            () = live => None,
            item = self.events.recv() => item,
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
    let mut events = subscribe(bus, [seen, &wanted]).since(Since::Beginning).into_stream().with_gaps();
    let mut live = events.caught_up();
    let mut is_live = false;
    loop {
        tokio::select! {
            biased;
            item = events.recv() => match item {
                Some(Ok(event)) => return Ok(Some(event)),
                Some(Err(_)) => {}
                None => return Ok(None),
            },
            () = &mut live, if !is_live => is_live = true,
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
