//! Adds a subscription with its events from history, without a gap between the two.

use std::panic::Location;
use std::sync::Arc;

use super::past::Past;
use super::{Begin, Plan};
use crate::delivery::{
    AsyncRunner, Core, Effects, Entered, Info, Key, Kinds, LagCause, Lagged, Life, Marks, Miss, NewMember,
    Overflow, Queue, Receiver, Shared, State, Stream, drop_each, end_of_stack, go_on, takes, thread, wants,
    watch,
};
use crate::error::SubscribeError;
use crate::event::{EventId, Stored, SubscriptionId};
use crate::sync::{Handle, Ordering, failpoint};

/// After this many rounds of asking a filter about the past, new events are queued unasked: a slow
/// filter must not delay a subscription without end.
const ROUNDS: u32 = 2;

/// A subscription that was added.
pub(crate) struct Added {
    pub(crate) key: Key,
    pub(crate) info: Arc<Info>,
    /// The gap in history, for a subscription with `since`.
    pub(crate) missed: Option<Lagged>,
}

/// The closures of a new handler.
pub(crate) enum NewHandler {
    Sync(Box<dyn NewMember>),
    /// One runner for each event that the handler may handle at once.
    Async(Vec<Box<dyn AsyncRunner>>, Handle),
}

/// The state of a replay.
struct Replay {
    /// Whether it reads the latest values, and not the history.
    latest: bool,
    /// The seq of the last event that was read.
    at: u64,
    rounds: u32,
    /// How many events it may take, and how many it took.
    most: usize,
    found: usize,
    /// The seq in each log up to which it is reported what history does not hold.
    reported: [u64; 2],
}

impl Core {
    /// Adds a subscription that the bus pushes to.
    pub(crate) fn add_handler(
        self: &Arc<Self>,
        mut plan: Plan,
        handler: NewHandler,
    ) -> Result<Added, SubscribeError> {
        plan.check_queue()?;
        plan.route(self);
        self.start_watch();
        let (bounds, begin) = (plan.bounds(Overflow::Wait), plan.begin()?);
        if plan.is_consumer() && (matches!(handler, NewHandler::Sync(_)) || plan.concurrency > 1) {
            return Err(SubscribeError::ConsumerHandler);
        }
        let past = self.past_of(&mut plan, bounds.overflow)?;
        let replays = begin.is_some() || past.as_ref().is_some_and(Past::begins);
        let runtime = match &handler {
            NewHandler::Sync(_) => None,
            NewHandler::Async(_, runtime) => Some(runtime.clone()),
        };
        let info = plan.into_info(runtime);
        let add = |state: &mut State, info: &Arc<Info>| match handler {
            NewHandler::Sync(member) => state.add_sync(info, member, bounds, replays),
            NewHandler::Async(runners, _) => state.add_async(info, runners, bounds, replays),
        };
        self.add(info, begin, past, usize::MAX, add)
    }

    /// Adds a subscription that is read from.
    pub(crate) fn add_reader(
        self: &Arc<Self>,
        mut plan: Plan,
        once: bool,
        shared: &Arc<Shared>,
    ) -> Result<Added, SubscribeError> {
        plan.check_queue()?;
        if plan.dedicated {
            return Err(SubscribeError::DedicatedReader);
        }
        plan.route(self);
        let (bounds, begin) = (plan.bounds(Overflow::DropOldest), plan.begin()?);
        if plan.is_consumer() {
            return Err(SubscribeError::ConsumerHandler);
        }
        let past = self.past_of(&mut plan, bounds.overflow)?;
        let replays = begin.is_some() || past.as_ref().is_some_and(Past::begins);
        let info = plan.into_info(None);
        let stream = Stream::new(Queue::new(bounds), once, Arc::clone(shared));
        let add = |state: &mut State, info: &Arc<Info>| state.add_stream(info, stream, replays);
        self.add(info, begin, past, if once { 1 } else { usize::MAX }, add)
    }

    fn add(
        self: &Arc<Self>,
        mut info: Info,
        begin: Option<Begin>,
        past: Option<Past>,
        most: usize,
        add: impl FnOnce(&mut State, &Arc<Info>) -> Key,
    ) -> Result<Added, SubscribeError> {
        if let Kinds::Declared(events) = &info.kinds
            && let Err(duplicate) = events.iter().try_for_each(|event| self.declare(event))
        {
            drop_each([add]);
            return Err(SubscribeError::DuplicateKind(duplicate));
        }
        let latest = matches!(begin, Some(Begin::Latest));
        let begins = past.as_ref().is_some_and(Past::begins);
        let cursor = begin.filter(|_| !begins).and_then(|begin| match begin {
            Begin::Since(since) => self.position(since),
            Begin::Latest => Some(Ok(0)),
        });
        let mut state = self.lock();
        if state.closed {
            drop(state);
            drop_each([add]);
            return Err(SubscribeError::Closed);
        }
        if let Some(name) = past.as_ref().and_then(|past| state.taken_name(past.consumer())) {
            drop(state);
            drop_each([add]);
            return Err(SubscribeError::ConsumerExists { name });
        }
        state.next_subscription += 1;
        info.id = SubscriptionId(state.next_subscription);
        let info = Arc::new(info);
        let key = add(&mut state, &info);
        self.subscriptions.fetch_add(1, Ordering::AcqRel);
        if let Some(past) = past {
            let missed = past.miss.and_then(|miss| state.missed(self.run, Err(miss), &info));
            if let (Some(missed), Some(queue)) = (missed, state.queue_of(key)) {
                queue.mark_gap(0, missed);
            }
            let mut effects = Effects::default();
            state.begin_past(key, past.into_state(&info), &mut effects);
            if begins {
                drop(state);
                effects.run(self, None);
                return Ok(Added { key, info, missed });
            }
        }
        let begins_live = cursor.is_none() && info.awaits_live();
        let missed = cursor.filter(|_| !latest).and_then(|cursor| state.missed(self.run, cursor, &info));
        let reported = state.history.lost_through();
        drop(state);
        if let Some(cursor) = cursor {
            let at = cursor.unwrap_or_else(|miss| miss.at);
            self.replay(key, &info, missed, Replay { latest, at, rounds: 0, most, found: 0, reported });
        }
        if begins_live {
            let _frame = Entered::callback(self, None);
            info.report_live();
        }
        Ok(Added { key, info, missed })
    }

    /// Puts the events of history into the queue of a subscription, in steps, and lets live events
    /// reach it behind them.
    fn replay(self: &Arc<Self>, key: Key, info: &Arc<Info>, missed: Option<Lagged>, mut replay: Replay) {
        let mut missed = missed;
        loop {
            let window = {
                let mut state = self.lock();
                let Some(found) = state.subscriptions.get_mut(key) else { return };
                if found.life != Life::Replaying {
                    return;
                }
                if let (Some(missed), Some(queue)) = (missed.take(), state.queue_of(key)) {
                    queue.mark_gap(0, missed);
                }
                state.mark_evicted(self.run, key, &mut replay, info);
                let window = state.window_after(&mut replay, info);
                if window.ends(info, &replay) {
                    window.attach(state, self, key, info, &mut replay);
                    break;
                }
                window
            };
            // Other threads get the lock in between.
            self.yield_lock();
            replay.rounds += u32::from(window.last);
            let (mut wanted, mut rest) = (Vec::new(), Vec::new());
            for event in window.events {
                let takes = replay.found < replay.most && wants(self, &info.predicates, &event);
                replay.found += usize::from(takes);
                (if takes { &mut wanted } else { &mut rest }).push(event);
            }
            rest.extend(self.lock().append_replay(key, wanted, false));
            // History may hold them no longer.
            drop_each(rest);
        }
        end_of_stack();
    }

    /// Starts the watch for slow and late handlers with the first handler.
    fn start_watch(self: &Arc<Self>) {
        if !self.watched.swap(true, Ordering::AcqRel) {
            watch(self);
        }
    }
}

/// Some events of the past.
struct Window {
    events: Vec<Arc<Stored>>,
    /// Whether history holds no newer ones.
    last: bool,
}

impl Window {
    /// Whether the replay ends with this window: no filter is left to be asked, or it was asked
    /// often enough, or all that was wanted is found.
    fn ends(&self, info: &Info, replay: &Replay) -> bool {
        let unasked = !info.predicates.is_empty() && !self.events.is_empty();
        replay.found >= replay.most || (self.last && (!unasked || replay.rounds >= ROUNDS))
    }
}

impl State {
    /// The gap in history after a cursor.
    fn missed(&self, run: u64, cursor: Result<u64, Miss>, info: &Info) -> Option<Lagged> {
        let id = |seq| EventId::new(run, seq);
        match cursor {
            Err(Miss { at, cause: LagCause::Future }) => {
                Some(Lagged::new(id(at + 1), id(at), None, LagCause::Future))
            }
            Err(Miss { cause, .. }) => {
                let oldest = self.history.oldest().unwrap_or(self.next_seq);
                Some(Lagged::new(id(0), id(oldest), None, cause))
            }
            Ok(after) => {
                let (missed, to_seq) = self.history.lost_after(after, info.wants_transient())?;
                Some(Lagged::new(id(after + 1), id(to_seq), Some(missed), LagCause::Evicted))
            }
        }
    }

    /// Marks what history has evicted since the last look and before the replay came to it.
    fn mark_evicted(&mut self, run: u64, key: Key, replay: &mut Replay, info: &Info) {
        if replay.latest {
            return;
        }
        let lost = self.history.lost_since(replay.at, replay.reported, info.wants_transient());
        replay.reported = self.history.lost_through();
        let Some((missed, from, to)) = lost else { return };
        let id = |seq| EventId::new(run, seq);
        let gap = Lagged::new(id(from), id(to), Some(missed), LagCause::Evicted);
        if let Some(queue) = self.queue_of(key) {
            queue.mark_gap(0, gap);
        }
    }

    fn window_after(&self, replay: &mut Replay, info: &Info) -> Window {
        let wanted = |event: &&Arc<Stored>| takes(info, event);
        let (events, more): (Vec<_>, _) = if replay.latest {
            // A value that is replaced meanwhile comes again at its new position.
            let (events, more) = self.latest.next_after(replay.at);
            (events.filter(wanted).map(Arc::clone).collect(), more)
        } else {
            let (events, more) = self.history.next_after(replay.at, Marks::default());
            (events.filter(wanted).map(Arc::clone).collect(), more)
        };
        replay.at = more.unwrap_or(self.next_seq - 1);
        Window { events, last: more.is_none() }
    }

    pub(crate) fn queue_of(&mut self, key: Key) -> Option<&mut Queue> {
        match &mut self.subscriptions.get_mut(key)?.receiver {
            Receiver::Stream(stream) => Some(&mut stream.queue),
            Receiver::Handler(member) => {
                let group = member.group;
                self.groups.get_mut(group).map(|group| &mut group.queue)
            }
        }
    }

    /// Puts events of the past into a queue. With `ask` its filter is asked when they are taken. If
    /// the subscription has ended meanwhile, it returns them, and they are counted as dropped.
    fn append_replay(&mut self, key: Key, events: Vec<Arc<Stored>>, ask: bool) -> Vec<Arc<Stored>> {
        let count = events.len();
        let ended = self.subscriptions.get(key).is_none_or(|found| found.life != Life::Replaying);
        if ended {
            self.totals.ended.matched += count as u64;
            self.totals.ended.dropped += count as u64;
            return events;
        }
        for event in events {
            self.queue_past(key, event, ask);
        }
        Vec::new()
    }
}

impl Window {
    /// Queues the last events of the past, and lets live events reach the subscription, in one
    /// step. Its handlers begin with the queued events.
    fn attach<'a>(
        self,
        mut state: crate::sync::Guard<'a, State>,
        core: &'a Arc<Core>,
        key: Key,
        info: &Info,
        replay: &mut Replay,
    ) {
        // A wait for one event reads all that its filter was not asked about, up to that one.
        let ask = !info.predicates.is_empty() && replay.found < replay.most;
        let most = if ask { usize::MAX } else { replay.most - replay.found };
        let events: Vec<_> = self.events.into_iter().take(most).collect();
        replay.found += if ask { 0 } else { events.len() };
        let rest = state.append_replay(key, events, ask);
        if failpoint("entry_in_two") {
            drop(state);
            state = core.lock();
        }
        let mut effects = Effects::default();
        let mut more = Vec::new();
        state.end_past(key, &mut effects);
        let is_stream =
            matches!(state.subscriptions.get(key).map(|found| &found.receiver), Some(Receiver::Stream(_)));
        if is_stream {
            state.route_stream(key);
            if replay.most == 1 && replay.found > 0 {
                state.close_stream(key, &mut effects);
            }
        } else {
            state.end_replay(key);
            more = state.start_all(key, thread(), &mut effects);
        }
        drop(state);
        effects.run(core, None);
        drop_each(rest);
        // A sync handler looks back on the thread that subscribes it.
        for next in more {
            go_on(core, next);
        }
    }
}

crate::sync::per_thread!(PLACE: Option<(&'static Location<'static>, Arc<str>)> = None);

/// Names a location in the code. Waits made by the thousand mostly come from one location.
fn place_name(location: &'static Location<'static>) -> Arc<str> {
    let known = PLACE.try_with(|place| {
        let known = place.borrow();
        known.as_ref().filter(|(at, _)| *at == location).map(|(_, name)| Arc::clone(name))
    });
    known.ok().flatten().unwrap_or_else(|| {
        let name: Arc<str> = format!("{}:{}", location.file(), location.line()).into();
        let _ = PLACE.try_with(|place| place.replace(Some((location, Arc::clone(&name)))));
        name
    })
}

impl Plan {
    fn into_info(mut self, runtime: Option<Handle>) -> Info {
        // A dedicated handler has no limit but its own.
        let unbound = self.dedicated && self.watched;
        if let Some(rest) = self.wanted.rest() {
            // The routes look one part up; the others are asked about as a filter of the user's is.
            self.predicates.push(Arc::new(move |event| rest.matches(event.scope())));
        }
        Info {
            id: SubscriptionId(0),
            name: self.name.unwrap_or_else(|| place_name(self.location)),
            location: self.location,
            kinds: self.kinds.shortest(),
            wanted: self.wanted,
            predicates: self.predicates,
            callbacks: self.callbacks,
            timeout: self.timeout.filter(|_| !unbound),
            watched: self.watched && !unbound,
            answers: self.answers,
            dedicated: self.dedicated,
            batch: self.batch,
            runtime,
        }
    }
}

impl Info {
    /// Whether it may want events that history keeps in a separate quota.
    pub(crate) fn wants_transient(&self) -> bool {
        match &self.kinds {
            Kinds::Any | Kinds::Named(_) => true,
            Kinds::Declared(declared) => declared.iter().any(|event| event.policy.transient),
        }
    }
}
