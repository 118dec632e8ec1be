//! The shared buffer of streams: one ring of events for all readers of the same kinds.
//!
//! Every stream without a filter sees all events of its kinds, so that queues of their own would
//! hold the same events once for each reader. Instead they are *attached* to one ring: a publish
//! puts its event there once, and each reader has a position. A reader takes a whole [`Segment`] of
//! up to 64 events under the ring's lock and reads it without one; its [`Cursor`] says how far it
//! is, so that what it took and has not read still counts as waiting.
//!
//! Nothing is ever dropped from a ring. Before an event would find a reader's capacity used up, the
//! reader is *detached*: its unread events become a queue of its own, with all the rules that
//! queues have. It is attached again when that queue has gone down to half of the capacity. A
//! reader inside a handler is detached too: the wait-for graph is found from queues.
//!
//! The ring has a lock of its own, so that readers stay out of the way of publishers. It is taken
//! after the bus's lock, never before it.

mod stream;
mod waiters;

pub(crate) use stream::{Place, Shared, Stream};
pub(crate) use waiters::WakeBatch;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use smallvec::SmallVec;

use crate::delivery::context::Entered;
use crate::delivery::effects::Effects;
use crate::delivery::panic::{drop_each, drop_waker};
use crate::delivery::slab::{Key, Slab};
use crate::event::Stored;
use crate::sync::{Mutex, failpoint};
use waiters::{Spot, Waiters};

/// How many events a segment holds at most.
const SEGMENT: usize = 64;

/// A reader that keeps up finds one event at a time: that one needs no allocation.
type Events = SmallVec<[Arc<Stored>; 1]>;

/// Events that follow each other, shared by all who read them. Dropped outside every lock.
pub(crate) struct Segment(Events);

impl Drop for Segment {
    fn drop(&mut self) {
        let _frame = Entered::inherit();
        drop_each(self.0.drain(..));
    }
}

struct Sealed {
    from: u64,
    segment: Arc<Segment>,
    /// How many attached readers have not taken it.
    left: usize,
}

/// The events of a ring and its readers, under the ring's own lock.
pub(crate) struct Ring {
    sealed: VecDeque<Sealed>,
    /// The events after them.
    open: Events,
    /// The position after the last event.
    end: u64,
    entries: Slab<Entry>,
    attached: usize,
    waiters: Waiters,
    /// No reader can be full before this position.
    check: u64,
    /// No more events come.
    closed: bool,
}

/// One reader that is attached.
struct Entry {
    /// Its subscription.
    key: Key,
    shared: Arc<Shared>,
    /// How many events may wait for it here.
    spare: u64,
    /// The position up to which it has taken segments.
    taken: u64,
    /// The segment that it reads, and where that begins.
    hand: Option<(u64, Arc<Segment>)>,
    /// The positions up to which the subscription's counts have the events here.
    matched: u64,
    handled: u64,
    spot: Option<Spot>,
}

/// The events that a reader has read since the last count, and those that wait for it.
pub(crate) struct Counted {
    pub(crate) matched: u64,
    pub(crate) handled: u64,
    pub(crate) waiting: u64,
    /// The seq of the first that waits.
    pub(crate) oldest: Option<u64>,
}

/// The state of a reader that is detached.
pub(crate) struct Detached {
    pub(crate) unread: Vec<Arc<Stored>>,
    pub(crate) waker: Option<Waker>,
    pub(crate) counted: Counted,
}

/// The result of a read from the ring.
pub(crate) enum Found {
    /// The next event; those behind it may have been taken with it.
    Next(Arc<Stored>),
    Nothing,
    /// No more comes.
    End,
    /// The reader is not attached any more.
    Detached,
}

/// The events that a reader has taken, and how far in them it is.
#[derive(Default)]
pub(crate) struct Hand {
    segment: Option<Arc<Segment>>,
    at: usize,
}

impl Hand {
    /// The next event. Its reader must not have lost the right to it.
    #[inline]
    pub(crate) fn peek(&self) -> Option<&Arc<Stored>> {
        self.segment.as_ref()?.0.get(self.at)
    }

    #[inline]
    pub(crate) fn advance(&mut self) {
        self.at += 1;
    }
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            sealed: VecDeque::new(),
            open: Events::new(),
            end: 0,
            entries: Slab::new(),
            attached: 0,
            waiters: Waiters::default(),
            check: u64::MAX,
            closed: false,
        }
    }
}

impl Ring {
    /// Whether some reader may have no spare capacity for one event more.
    #[inline]
    pub(crate) fn may_be_full(&self) -> bool {
        self.end >= self.check
    }

    /// The subscriptions of readers that have no spare capacity for one event more.
    pub(crate) fn find_full(&mut self) -> Vec<Key> {
        let (mut full, mut check) = (Vec::new(), u64::MAX);
        for (_, entry) in self.entries.iter() {
            let at = entry.shared.cursor.position().saturating_add(entry.spare);
            if self.end < at {
                check = check.min(at);
            } else {
                full.push(entry.key);
            }
        }
        self.check = check;
        full
    }

    /// Puts an event on the ring and takes along those who wait for it.
    #[inline]
    pub(crate) fn push(&mut self, event: Arc<Stored>, effects: &mut Effects) {
        if self.open.len() >= SEGMENT {
            self.seal();
        }
        self.open.push(event);
        self.end += 1;
        self.waiters.leave_all(effects);
    }

    /// Lets nobody wait any more.
    pub(crate) fn close(&mut self, effects: &mut Effects) {
        self.closed = !failpoint("ring_unclosed");
        self.waiters.leave_all(effects);
    }

    #[inline(never)]
    fn seal(&mut self) {
        let (from, next) = (self.open_from(), Events::with_capacity(self.open.len()));
        let segment = Arc::new(Segment(std::mem::replace(&mut self.open, next)));
        self.sealed.push_back(Sealed { from, segment, left: self.attached });
    }

    #[inline]
    fn open_from(&self) -> u64 {
        self.end - self.open.len() as u64
    }

    /// Attaches a reader that sees the events from now on, with its waker if it waits.
    pub(crate) fn attach(&mut self, key: Key, shared: &Arc<Shared>, spare: u64, waker: Option<Waker>) -> Key {
        // It begins with a segment of its own, so that every position is a beginning of one.
        if !self.open.is_empty() {
            self.seal();
        }
        let end = self.end;
        shared.cursor.set(end);
        self.check = self.check.min(end.saturating_add(spare));
        self.attached += 1;
        let shared = Arc::clone(shared);
        let entry =
            Entry { key, shared, spare, taken: end, hand: None, matched: end, handled: end, spot: None };
        let entry = self.entries.insert(entry);
        if let (Some(waker), Some(found)) = (waker, self.entries.get_mut(entry)) {
            found.spot = Some(self.waiters.enter(entry, waker));
        }
        entry
    }

    /// Detaches a reader, with what it has not read.
    pub(crate) fn detach(&mut self, entry: Key, effects: &mut Effects) -> Option<Detached> {
        let waker = self.withdraw(entry);
        let position = self.entries.get(entry)?.shared.cursor.detach();
        let counted = self.count(entry, position)?;
        let Entry { taken, hand, .. } = self.entries.remove(entry)?;
        self.attached -= 1;
        let unread: Vec<_> = self.unread(position, taken, hand.as_ref()).cloned().collect();
        let first = self.sealed.partition_point(|sealed| sealed.from < taken);
        self.sealed.range_mut(first..).for_each(|sealed| sealed.left -= 1);
        if self.attached == 0 && !self.open.is_empty() {
            self.seal();
        }
        let work = effects.work();
        work.segments.extend(hand.map(|(_, segment)| segment));
        while let Some(done) = self.pop_taken() {
            work.segments.push(done);
        }
        Some(Detached { unread, waker, counted })
    }

    /// The events from a position on: of the segment in hand, and of those that were not taken yet.
    fn unread<'a>(
        &'a self,
        position: u64,
        taken: u64,
        hand: Option<&'a (u64, Arc<Segment>)>,
    ) -> impl Iterator<Item = &'a Arc<Stored>> {
        let in_hand = hand.into_iter().flat_map(move |(from, segment)| {
            let read = usize::try_from(position.saturating_sub(*from)).unwrap_or(usize::MAX);
            segment.0.iter().skip(read)
        });
        let first = self.sealed.partition_point(|sealed| sealed.from < taken);
        in_hand.chain(self.sealed.range(first..).flat_map(|sealed| &sealed.segment.0)).chain(&self.open)
    }

    /// Takes the oldest segment off the ring, if every reader has taken it.
    fn pop_taken(&mut self) -> Option<Arc<Segment>> {
        if self.sealed.front()?.left > 0 {
            return None;
        }
        self.sealed.pop_front().map(|sealed| sealed.segment)
    }

    /// Takes the waker of a reader away.
    pub(crate) fn withdraw(&mut self, entry: Key) -> Option<Waker> {
        let spot = self.entries.get_mut(entry)?.spot.take()?;
        let (waker, moved) = self.waiters.leave(spot);
        if let Some(moved) = moved.and_then(|moved| self.entries.get_mut(moved)) {
            moved.spot = Some(spot);
        }
        waker
    }

    /// Counts the events that a reader has read since the last call.
    pub(crate) fn account(&mut self, entry: Key) -> Option<Counted> {
        let position = self.entries.get(entry)?.shared.cursor.position();
        self.count(entry, position)
    }

    fn count(&mut self, key: Key, position: u64) -> Option<Counted> {
        let entry = self.entries.get(key)?;
        let oldest = self.unread(position, entry.taken, entry.hand.as_ref()).next();
        let oldest = oldest.map(|event| event.head.seq());
        let (end, entry) = (self.end, self.entries.get_mut(key)?);
        let matched = end - std::mem::replace(&mut entry.matched, end);
        let handled = position - std::mem::replace(&mut entry.handled, position);
        Some(Counted { matched, handled, waiting: end - position, oldest })
    }

    /// Takes the next segment for a reader that has read what it had in hand. Where there is none,
    /// a waker is stored for the next event. What is to be dropped after the lock is put in `old`.
    #[inline]
    fn take(&mut self, key: Key, waker: Option<&Waker>, hand: &mut Hand, old: &mut Old) -> Found {
        let Some(entry) = self.entries.get(key) else { return Found::Detached };
        let taken = entry.taken;
        if taken == self.end {
            if self.closed {
                return Found::End;
            }
            old.waker = self.wait(key, waker);
            return Found::Nothing;
        }
        if taken >= self.open_from() {
            self.seal();
        }
        let at = if self.sealed.front().is_some_and(|first| first.from == taken) {
            0
        } else {
            self.sealed.partition_point(|sealed| sealed.from < taken)
        };
        let Some(sealed) = self.sealed.get_mut(at) else { return Found::Nothing };
        sealed.left -= 1;
        let segment = Arc::clone(&sealed.segment);
        let Some(entry) = self.entries.get_mut(key) else { return Found::Detached };
        entry.taken += segment.0.len() as u64;
        entry.shared.cursor.set(taken + 1);
        // Alone in its segment, an event is not to be found again.
        let kept = (segment.0.len() > 1).then(|| (taken, Arc::clone(&segment)));
        old.hand = std::mem::replace(&mut entry.hand, kept).map(|(_, segment)| segment);
        old.segment = hand.segment.take();
        let next = Arc::clone(&segment.0[0]);
        *hand = Hand { segment: Some(segment), at: 1 };
        if at == 0 {
            while let Some(done) = self.pop_taken() {
                old.done.push(done);
            }
        }
        Found::Next(next)
    }

    fn wait(&mut self, key: Key, waker: Option<&Waker>) -> Option<Waker> {
        let (waker, entry) = (waker?, self.entries.get_mut(key)?);
        self.waiters.wait(key, &mut entry.spot, waker)
    }
}

/// Values to drop when the ring's lock is free.
#[derive(Default)]
struct Old {
    waker: Option<Waker>,
    segment: Option<Arc<Segment>>,
    hand: Option<Arc<Segment>>,
    done: SmallVec<[Arc<Segment>; 1]>,
}

/// A reader's own way to its ring, past the bus's lock.
pub(crate) struct Attached {
    ring: Arc<Mutex<Ring>>,
    entry: Key,
}

impl Attached {
    pub(crate) fn new(ring: &Arc<Mutex<Ring>>, entry: Key) -> Self {
        Self { ring: Arc::clone(ring), entry }
    }

    /// The next event behind those in hand, or what is there otherwise.
    #[inline]
    pub(crate) fn read(&mut self, waker: Option<&Waker>, hand: &mut Hand) -> Found {
        let mut old = Old::default();
        let found = self.ring.lock().take(self.entry, waker, hand, &mut old);
        drop_waker(old.waker.take());
        found
    }

    /// Takes its waker back: who ends a stream itself is not to be woken.
    pub(crate) fn withdraw(&mut self) {
        let waker = self.ring.lock().withdraw(self.entry);
        drop_waker(waker);
    }
}
