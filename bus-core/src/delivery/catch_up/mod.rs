//! Catching up: a subscription reads the past page by page, and then joins the live events.
//!
//! A subscription that catches up is a cursor, not a buffer. When its receiver has nothing left, a
//! [worker](super::workers) looks where the cursor stands, under the lock:
//!
//! ```text
//! at or above what history has evicted ── a window of history ──┬─ the last one: live from now on
//!                                                               └─ else: the window, then again
//! below what the store has settled ────── a page of the store, then again
//! else ────────────────────────────────── wait for the store
//! ```
//!
//! So nothing is missed and nothing comes twice, however slow the receiver is, and memory holds one
//! page. A subscription with [`Overflow::CatchUp`](super::Overflow::CatchUp) leaves the live events
//! when its queue is full, and a [consumer] reads from the store only.

mod consumer;
mod page;
mod read;

pub use consumer::Retry;
pub(crate) use consumer::{Consumer, Delay};
pub(crate) use read::start;

use std::sync::Arc;

use crate::delivery::core::Core;
use crate::delivery::effects::Effects;
use crate::delivery::overflow::{LagCause, Lagged};
use crate::delivery::routes::{Kinds, Target};
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::{Info, Life, Receiver, Subscription};
use crate::event::{EventId, Stored};
use crate::filter::{Field, Filter};
use crate::since::Since;
use crate::store::{Item, PageQuery};
use consumer::Write;

/// How many events a page of the store has at most, as a window of history, unless a batch may have
/// more, but never more than so many.
const PAGE: usize = 256;
const MOST: usize = 4_096;

/// Makes events of what a page has, of those that a subscription wants. Reading JSON lies in a
/// layer above.
pub(crate) type Decode = fn(&Arc<Core>, &Info, Vec<Item>) -> Vec<Result<Arc<Stored>, Lagged>>;

/// The state of a subscription that can catch up.
pub(crate) struct CatchUp {
    /// Behind which event the next page begins.
    at: Since,
    /// The conditions that the store can look up.
    filter: Filter,
    /// Whether the store leaves out a kind that is wanted.
    leaves_out: bool,
    /// That was reported for all events of this run up to here.
    reported: Option<u64>,
    /// Whether a worker reads a page.
    reading: bool,
    decode: Decode,
    /// How many events a page has at most.
    page: usize,
    /// It gets what the store has and nothing else.
    recorded_only: bool,
    /// The newest event when it began: behind it the past is read.
    began: u64,
    pub(crate) consumer: Option<Box<Consumer>>,
}

/// Where a subscription begins to read.
pub(crate) struct Begin {
    pub(crate) at: Since,
    /// Whether the store leaves out a kind that is wanted.
    pub(crate) leaves_out: bool,
    pub(crate) recorded_only: bool,
    pub(crate) consumer: Option<Consumer>,
}

impl CatchUp {
    pub(crate) fn new(info: &Info, begin: Begin, decode: Decode) -> Self {
        let Begin { at, leaves_out, recorded_only, consumer } = begin;
        let filter = info.wanted.narrow(narrow(&info.kinds));
        let page = info.batch.as_ref().map_or(PAGE, |batch| batch.limits.events.clamp(PAGE, MOST));
        Self {
            at,
            filter,
            leaves_out,
            reported: None,
            reading: false,
            decode,
            page,
            recorded_only,
            began: 0,
            consumer: consumer.map(Box::new),
        }
    }

    /// The first event that it has not read, as far as that is known.
    fn next(&self, run: u64) -> EventId {
        first_of(self.at, run)
    }

    /// The seq of this run behind which the next page begins, once it has come to this run.
    fn seq(&self, run: u64) -> Option<u64> {
        match self.at {
            Since::After(cursor) if cursor.run() == run => Some(cursor.seq()),
            _ => None,
        }
    }

    /// Whether it never gets live events.
    fn reads_only(&self) -> bool {
        self.recorded_only || self.consumer.is_some()
    }

    /// Whether it has no work left on a closed bus while its handler is idle. The store has what a
    /// consumer has not handled, for the next run.
    pub(crate) fn is_done(&self, run: u64, newest: u64) -> bool {
        self.consumer.is_some() || (self.recorded_only && self.seq(run).is_some_and(|seq| seq >= newest))
    }

    fn query(&self) -> PageQuery {
        PageQuery::new(self.at, self.filter.clone(), self.page)
    }
}

/// The first event behind a beginning, as far as that is known.
fn first_of(since: Since, run: u64) -> EventId {
    match since {
        Since::After(cursor) => EventId::new(cursor.run(), cursor.seq() + 1),
        _ => EventId::new(run, 1),
    }
}

/// The filter of the kinds that are wanted, if all of them have names: also under earlier ones.
fn narrow(kinds: &Kinds) -> Filter {
    let Kinds::Declared(events) = kinds else { return Filter::new() };
    let names = events.iter().flat_map(|event| std::iter::once(&event.kind).chain(event.aliases));
    names.fold(Filter::new(), |filter, name| filter.with(Field::Kind, *name))
}

/// How far a subscription is that reads the past.
pub(crate) struct Progress {
    /// The seq of the last event of this run that it has read, or handled as a consumer.
    pub(crate) through: u64,
    /// The position and the failures of a consumer.
    pub(crate) consumer: Option<(Option<EventId>, u32)>,
}

/// One look for events of the past, for a subscription that is a handler or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    key: Key,
    /// It counts as work of the bus.
    handler: bool,
}

/// The next step of a subscription that catches up.
enum Step {
    Read(Box<Read>),
    /// It has read the past, which somebody wants to know.
    Live(Arc<Info>),
    /// Nothing, until it is started again.
    Rest,
}

/// A page of the store to read.
struct Read {
    info: Arc<Info>,
    query: PageQuery,
    decode: Decode,
    /// The store has settled all events of this run up to here.
    settled: u64,
    /// To be written before, for a consumer.
    write: Option<Write>,
    /// A consumer reads it until it can be read; for others it is a gap then.
    retries: bool,
}

impl State {
    /// Lets a new subscription catch up. If it begins in the past, it was added as one that reads
    /// history.
    pub(crate) fn begin_past(&mut self, key: Key, mut past: CatchUp, effects: &mut Effects) {
        past.began = self.next_seq - 1;
        let Some(found) = self.subscriptions.get_mut(key) else { return };
        let begins = !matches!(past.at, Since::Now);
        if let (true, Receiver::Handler(member)) = (begins, &found.receiver)
            && let Some(group) = self.groups.get_mut(member.group)
        {
            // The worker counts from now on: a group that has nothing to do is not busy.
            (group.replays, group.catches_up) = (false, true);
            self.busy -= 1;
        }
        self.consumers.extend(past.consumer.as_ref().map(|consumer| Arc::clone(consumer.name())));
        found.catch_up = Some(Box::new(past));
        if begins {
            self.want_past(key, effects);
        }
    }

    /// Lets no live event reach a subscription whose queue is full: it reads on behind `last`.
    pub(crate) fn leave_live(&mut self, target: Target, last: EventId, effects: &mut Effects) {
        let key = match target {
            Target::Stream(key) => key,
            Target::Group(group) => match self.groups.get(group).and_then(|group| group.members.first()) {
                Some(key) => *key,
                None => return,
            },
        };
        let Some(found) = self.subscriptions.get_mut(key).filter(|found| found.life == Life::Open) else {
            return;
        };
        let Some(past) = &mut found.catch_up else { return };
        past.at = Since::After(last);
        found.life = Life::Replaying;
        let info = Arc::clone(&found.info);
        match target {
            Target::Group(group) => {
                self.unroute(group, &info);
                if let Some(group) = self.groups.get_mut(group) {
                    group.catches_up = true;
                }
            }
            Target::Stream(_) => self.pause_stream(key, &info, effects),
        }
    }

    /// Returns how far a subscription is, if it reads the past.
    pub(crate) fn progress(&self, run: u64, key: Key) -> Option<Progress> {
        let found = self.subscriptions.get(key)?;
        let past = found.catch_up.as_ref().filter(|_| found.life == Life::Replaying)?;
        let consumer = past.consumer.as_ref().map(|consumer| consumer.progress());
        let through = match consumer {
            Some((position, _)) => position.filter(|at| at.run() == run).map(EventId::seq),
            None => past.seq(run),
        };
        Some(Progress { through: through.unwrap_or(0), consumer })
    }

    /// Marks the events that a reader will not get of the past: its bus is being dropped.
    pub(crate) fn leave_past(&mut self, run: u64, key: Key) {
        let newest = self.next_seq - 1;
        let Some(found) = self.subscriptions.get_mut(key) else { return };
        let (Life::Replaying, Some(past)) = (found.life, &found.catch_up) else { return };
        let from = past.next(run);
        let Some(stream) = found.stream_mut().filter(|_| from != EventId::new(run, newest + 1)) else {
            return;
        };
        stream.queue.mark_gap(0, Lagged::new(from, EventId::new(run, newest), None, LagCause::Evicted));
    }

    /// Has a worker look for more events, for a subscription that has none left.
    pub(crate) fn want_past(&mut self, key: Key, effects: &mut Effects) {
        let Some(found) = self.subscriptions.get_mut(key) else { return };
        let Subscription { life: Life::Replaying, catch_up: Some(past), receiver, info } = found else {
            return;
        };
        if std::mem::replace(&mut past.reading, true) {
            return;
        }
        let handler = matches!(receiver, Receiver::Handler(_));
        let delay = past.consumer.as_ref().and_then(|consumer| consumer.delay(info));
        // A closing bus does not wait for another try.
        self.busy += usize::from(handler && delay.is_none());
        effects.work().past.push((Look { key, handler }, delay));
    }

    /// The same for the one member of a group.
    pub(crate) fn want_past_of(&mut self, group: Key, effects: &mut Effects) {
        let found = self.groups.get(group).filter(|group| group.catches_up);
        if let Some(key) = found.and_then(|group| group.members.first()) {
            self.want_past(*key, effects);
        }
    }

    /// Counts a delayed look as work from now on. Returns whether it is still wanted.
    fn end_delay(&mut self, look: Look) -> bool {
        let lives = self.subscriptions.get(look.key).is_some_and(|found| found.life == Life::Replaying);
        self.busy += usize::from(lives && look.handler);
        lives
    }

    /// Has workers look for the subscriptions that waited for the store.
    pub(crate) fn wake_past(&mut self, effects: &mut Effects) {
        let waiting = self.records.as_deref_mut().map(|records| std::mem::take(&mut records.readers));
        for (look, is_work) in waiting.into_iter().flatten() {
            if is_work {
                effects.work().past.push((look, None));
            } else {
                self.want_past(look.key, effects);
            }
        }
    }

    /// Ends a look: the worker has nothing more to do for now.
    fn end_look(&mut self, Look { key, handler }: Look, effects: &mut Effects) {
        if let Some(past) = self.subscriptions.get_mut(key).and_then(|found| found.catch_up.as_mut()) {
            past.reading = false;
        }
        self.busy -= usize::from(handler);
        self.wake_closers(effects);
    }
}
