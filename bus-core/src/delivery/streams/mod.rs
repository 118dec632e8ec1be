//! Streams under the bus's lock: their rings, their own queues, and how they are read.

mod shared;

use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::delivery::context::Node;
use crate::delivery::effects::{Effects, Report};
use crate::delivery::outcome::Outcome;
use crate::delivery::overflow::{Lagged, Overflow};
use crate::delivery::pending::Settled;
use crate::delivery::queue::{Queue, Queued};
use crate::delivery::receipt::Problem;
use crate::delivery::ring::{Attached, Counted, Place, Stream};
use crate::delivery::routes::{Kinds, Target};
use crate::delivery::slab::Key;
use crate::delivery::state::{SharedRing, State};
use crate::delivery::subscription::{Info, Life, Receiver, Subscription};
use crate::event::Stored;
use crate::sync::failpoint;

/// Where a reader finds its next event.
pub(crate) enum Read {
    /// In its own queue, or at the end, or nowhere yet.
    Queue(Poll<Option<Result<Queued, Lagged>>>),
    /// On its ring: its own queue is empty.
    Ring(Attached),
}

impl Subscription {
    pub(crate) fn stream(&self) -> Option<&Stream> {
        match &self.receiver {
            Receiver::Stream(stream) => Some(stream),
            Receiver::Handler(_) => None,
        }
    }

    /// Wakes a reader that waits in its own queue, for the end of the bus.
    pub(crate) fn wake_reader(&mut self, effects: &mut Effects) {
        let waker = self.stream_mut().and_then(|stream| stream.waker.take());
        effects.wake(waker.filter(|_| !failpoint("end_unwoken")));
    }

    pub(crate) fn stream_mut(&mut self) -> Option<&mut Stream> {
        match &mut self.receiver {
            Receiver::Stream(stream) => Some(stream),
            Receiver::Handler(_) => None,
        }
    }
}

impl State {
    /// Adds a reader. One without a filter is attached to a ring, unless it reads history first.
    pub(crate) fn add_stream(&mut self, info: &Arc<Info>, stream: Stream, replays: bool) -> Key {
        self.predicates += usize::from(!info.predicates.is_empty());
        let life = if replays { Life::Replaying } else { Life::Open };
        let receiver = Receiver::Stream(Box::new(stream));
        let key = self.subscriptions.insert(Subscription {
            info: Arc::clone(info),
            life,
            receiver,
            catch_up: None,
        });
        self.ids.insert(info.id, key);
        if !replays {
            self.route_stream(key);
        }
        key
    }

    /// Lets live events reach a reader.
    pub(crate) fn route_stream(&mut self, key: Key) {
        let Some(found) = self.subscriptions.get_mut(key) else { return };
        found.life = Life::Open;
        let info = Arc::clone(&found.info);
        let Some(stream) = found.stream_mut() else { return };
        // Which event may replace which in a queue is worked out for each event before the lock: a
        // ring does not keep that.
        let coalesces = stream.queue.bounds().overflow == Overflow::Coalesce;
        if stream.once || coalesces || !info.is_unfiltered() {
            self.routes.each_index(&info.kinds, |index| index.insert(&info.wanted, Target::Stream(key)));
        } else {
            self.join_ring(key, &info);
            self.attach(key);
        }
    }

    fn join_ring(&mut self, key: Key, info: &Info) {
        let Self { rings, routes, subscriptions, .. } = self;
        let known = routes.first_index(&info.kinds).map(|index| index.rings().to_vec()).unwrap_or_default();
        let same = |ring: &Key| rings.get(*ring).is_some_and(|ring| ring.kinds.is(&info.kinds));
        let ring = known.into_iter().find(same).unwrap_or_else(|| {
            let ring = rings.insert(SharedRing {
                kinds: info.kinds.clone(),
                typed: info.is_typed(),
                detached: Vec::new(),
                attached: 0,
                ring: Arc::default(),
            });
            routes.each_index(&info.kinds, |index| index.add_ring(ring));
            ring
        });
        let (Some(found), Some(stream)) =
            (rings.get_mut(ring), subscriptions.get_mut(key).and_then(Subscription::stream_mut))
        else {
            return;
        };
        stream.ring = Some(Place { ring, at: found.detached.len(), entry: None });
        found.detached.push(key);
    }

    /// Attaches a reader that has a ring and enough spare capacity, and is read outside handlers.
    pub(crate) fn attach(&mut self, key: Key) {
        let Self { closed: false, subscriptions, rings, .. } = self else { return };
        let Some(found) = subscriptions.get_mut(key) else { return };
        let open = found.life == Life::Open;
        let Some(stream) = found.stream_mut() else { return };
        let Stream { ring: Some(place), reader: None, shared, waker, queue, waiting, .. } = stream else {
            return;
        };
        // Half of the capacity, so that a reader at the edge is not attached and detached for each
        // event.
        let spare = queue.spare();
        if place.entry.is_some() || !open || !waiting.is_empty() || spare * 2 < queue.bounds().capacity {
            return;
        }
        let Some(ring) = rings.get_mut(place.ring) else { return };
        place.entry = Some(ring.ring.lock().attach(key, shared, spare as u64, waker.take()));
        ring.attached += 1;
        let at = place.at;
        ring.forget_detached(at, subscriptions);
    }

    /// Gives a reader a queue of its own.
    pub(crate) fn detach(&mut self, key: Key, effects: &mut Effects) {
        let Self { subscriptions, rings, .. } = self;
        let attached = subscriptions.get(key).and_then(Subscription::stream).and_then(Stream::attached);
        if let Some((ring, _)) = attached
            && let Some(found) = rings.get_mut(ring)
        {
            let ring = Arc::clone(&found.ring);
            found.detach(&mut ring.lock(), key, subscriptions, effects);
        }
    }

    /// Ends a reader that is dropped: nobody is to be woken for that.
    pub(crate) fn end_read(&mut self, key: Key, effects: &mut Effects) {
        self.detach(key, effects);
        if let Some(stream) = self.subscriptions.get_mut(key).and_then(Subscription::stream_mut)
            && let Some(waker) = stream.waker.take()
        {
            effects.work().old_wakers.push(waker);
        }
        self.end(key, effects);
    }

    /// Ends a reader: what it has not read is dropped and counted.
    pub(crate) fn end_stream(&mut self, key: Key, before: Life, effects: &mut Effects) {
        self.detach(key, effects);
        self.leave_ring(key);
        let Some(found) = self.subscriptions.get_mut(key) else { return };
        let info = Arc::clone(&found.info);
        let Some(stream) = found.stream_mut() else { return };
        let unread = stream.queue.drain();
        if !failpoint("drop_uncounted") {
            stream.counts.dropped += unread.len() as u64;
        }
        effects.wake(stream.waker.take());
        effects.wake(stream.shared.leave(None));
        for unit in stream.waiting.drain(..) {
            let problems = vec![Problem::of(&info, Outcome::Dropped)];
            effects.wake(unit.settle(Settled { problems, ..Settled::default() }));
        }
        if let Some(events) = stream.loss.due(true) {
            effects.work().reports.push(Report::Lost { info: Arc::clone(&info), events });
        }
        let (reader, routed) = (stream.reader, stream.ring.take().is_none() && before == Life::Open);
        effects.work().queued.extend(unread);
        if let Some(node) = reader {
            // A wait that was given up is no wait.
            self.event_came(node);
            self.forget_reader(key, node);
        }
        if routed {
            self.unroute_stream(key, &info);
        }
        self.bury(key, effects);
    }

    /// Lets no more events reach a reader; what waits can still be read.
    pub(crate) fn close_stream(&mut self, key: Key, effects: &mut Effects) {
        self.detach(key, effects);
        self.leave_ring(key);
        let Some(found) = self.subscriptions.get_mut(key) else { return };
        let before = found.life;
        if before == Life::Closing || before == Life::Ended {
            return;
        }
        found.life = Life::Closing;
        let info = Arc::clone(&found.info);
        let routed = found.stream_mut().is_some_and(|stream| stream.ring.take().is_none());
        self.predicates -= usize::from(!info.predicates.is_empty());
        if routed && before == Life::Open {
            self.unroute_stream(key, &info);
        }
    }

    /// Lets no more live events reach a reader that catches up.
    pub(crate) fn pause_stream(&mut self, key: Key, info: &Info, effects: &mut Effects) {
        self.detach(key, effects);
        self.leave_ring(key);
        let stream = self.subscriptions.get_mut(key).and_then(Subscription::stream_mut);
        if stream.is_some_and(|stream| stream.ring.take().is_none()) {
            self.unroute_stream(key, info);
        }
    }

    /// Takes a detached reader off its ring for good.
    fn leave_ring(&mut self, key: Key) {
        let Self { subscriptions, rings, routes, .. } = self;
        let Some(place) =
            subscriptions.get(key).and_then(Subscription::stream).and_then(|stream| stream.ring)
        else {
            return;
        };
        let Some(ring) = rings.get_mut(place.ring) else { return };
        ring.forget_detached(place.at, subscriptions);
        if ring.attached == 0 && ring.detached.is_empty() {
            routes.each_index(&ring.kinds, |index| index.remove_ring(place.ring));
            routes.forget_unused(&ring.kinds);
            rings.remove(place.ring);
        }
    }

    /// The next event of a reader, or where it is found. `inside` says that a handler or a callback
    /// reads, `here` which one, and `blocks` that a wait may block the thread: the wait-for graph
    /// must know.
    pub(crate) fn read(
        &mut self,
        key: Key,
        waker: Option<&Waker>,
        inside: bool,
        here: Option<Node>,
        blocks: bool,
        effects: &mut Effects,
    ) -> Read {
        self.note_reader(key, here);
        if inside {
            self.detach(key, effects);
        }
        if let Some(node) = here {
            self.event_came(node);
        }
        let next = self.next_queued(key, effects);
        if !inside {
            self.attach(key);
        }
        if next.is_some() {
            return Read::Queue(Poll::Ready(next));
        }
        let closed = self.closed;
        let Some(found) = self.subscriptions.get_mut(key) else { return Read::Queue(Poll::Ready(None)) };
        let life = found.life;
        let catches_up = life == Life::Replaying && found.catch_up.is_some();
        let Some(stream) = found.stream_mut() else { return Read::Queue(Poll::Ready(None)) };
        if let Some((ring, entry)) = stream.attached()
            && let Some(ring) = self.rings.get(ring)
        {
            return Read::Ring(Attached::new(&ring.ring, entry));
        }
        if !catches_up && (closed || matches!(life, Life::Closing | Life::Ended)) {
            return Read::Queue(Poll::Ready(None));
        }
        if let Some(waker) = waker {
            effects.store_waker(&mut stream.waker, waker);
            self.wait_here(here, blocks, effects);
        }
        if catches_up {
            self.want_past(key, effects);
        }
        Read::Queue(Poll::Pending)
    }

    /// Takes the next event or gap out of a reader's own queue. Awaited emits that waited for spare
    /// capacity go on.
    fn next_queued(&mut self, key: Key, effects: &mut Effects) -> Option<Result<Queued, Lagged>> {
        let stream = self.subscriptions.get_mut(key)?.stream_mut()?;
        let next = stream.queue.next()?;
        let may_end_past = next.as_ref().is_ok_and(|queued| queued.replay) || next.is_err();
        if next.is_ok() {
            stream.counts.handled += 1;
            if !stream.waiting.is_empty() && !stream.queue.is_full() {
                for unit in stream.waiting.drain(..) {
                    effects.wake(unit.settle(Settled { queued: 1, ..Settled::default() }));
                }
            }
        }
        if may_end_past {
            self.leave_past_behind(key, effects);
        }
        Some(next)
    }

    /// Marks in the queue of a subscription that has taken all of history that live events follow.
    pub(crate) fn end_past(&mut self, key: Key, effects: &mut Effects) {
        let awaits_live = self.subscriptions.get(key).is_some_and(|found| found.info.awaits_live());
        if let (true, Some(queue)) = (awaits_live, self.queue_of(key)) {
            queue.mark_live();
            self.leave_past_behind(key, effects);
        }
    }

    /// Reports to a reader that it has read the past, if it has.
    pub(crate) fn leave_past_behind(&mut self, key: Key, effects: &mut Effects) {
        let Some(found) = self.subscriptions.get_mut(key) else { return };
        let info = Arc::clone(&found.info);
        if found.stream_mut().is_some_and(|stream| stream.queue.take_live()) {
            effects.work().lags.push((info, None, None));
        }
    }

    /// Counts an event that a reader took, and that its filter rejected after all.
    pub(crate) fn unmatch_read(&mut self, key: Key) {
        if let Some(stream) = self.subscriptions.get_mut(key).and_then(Subscription::stream_mut) {
            stream.counts.handled -= 1;
            stream.counts.matched -= 1;
        }
    }

    /// Brings the counts of an attached reader up to what it has read. Returns how many events wait
    /// for it on its ring, and the seq of the first.
    pub(crate) fn count_attached(&mut self, key: Key) -> (usize, Option<u64>) {
        let Self { subscriptions, rings, .. } = self;
        let Some(stream) = subscriptions.get_mut(key).and_then(Subscription::stream_mut) else {
            return (0, None);
        };
        let Some((ring, entry)) = stream.attached() else { return (0, None) };
        let counted = rings.get(ring).and_then(|ring| ring.ring.lock().account(entry));
        counted.map_or((0, None), |counted| {
            stream.add(&counted);
            (usize::try_from(counted.waiting).unwrap_or(usize::MAX), counted.oldest)
        })
    }

    /// Tells all attached readers that no more events come.
    pub(crate) fn close_rings(&mut self, effects: &mut Effects) {
        for ring in self.rings.iter_mut() {
            ring.ring.lock().close(effects);
        }
    }
}

impl Stream {
    pub(crate) fn new(queue: Queue, once: bool, shared: Arc<crate::delivery::ring::Shared>) -> Self {
        Self {
            queue,
            counts: crate::delivery::subscription::Counts::default(),
            waker: None,
            once,
            reader: None,
            shared,
            waiting: Vec::new(),
            ring: None,
            loss: crate::delivery::group::Loss::default(),
        }
    }

    /// Counts an event that the queue lost, and reports it if it is time for that.
    pub(crate) fn lose(&mut self, info: Arc<Info>, outcome: &Outcome) -> Option<Report> {
        self.counts.note(outcome);
        let is_full = *outcome == Outcome::Overflowed;
        let events = if is_full { self.loss.note() } else { None };
        events.map(|events| Report::Lost { info, events })
    }

    fn add(&mut self, counted: &Counted) {
        self.counts.matched += counted.matched;
        self.counts.handled += counted.handled;
    }
}

/// Whether a subscription takes an event by kind and equality filter.
pub(crate) fn takes(info: &Info, event: &Stored) -> bool {
    let kind = match &info.kinds {
        Kinds::Any => true,
        named @ Kinds::Named(_) => named.names(event.body.kind().as_str()),
        Kinds::Declared(declared) => {
            let held = event.body.as_any().map(std::any::Any::type_id);
            held.is_some_and(|held| declared.iter().any(|descriptor| descriptor.type_id() == held))
        }
    };
    kind && info.wanted.matches(&event.head.scope)
}
