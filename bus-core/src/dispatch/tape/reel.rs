//! What the readers of a tape share: its events, and how far each of them is.

use std::sync::Arc;
use std::task::Waker;

use crate::dispatch::lane::heir::Heir;
use crate::dispatch::run::after::{After, drop_each};
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::tape::lobby::{Crowd, Lobby, Spot};
use crate::dispatch::tape::riding::Found;
use crate::dispatch::tape::track::{Gone, Lent, Stretch, Track};
use crate::event::{AnyEvent, Stored};
use crate::sync::{AtomicU64, Ordering, planted};

/// The events on a tape and its riders, under their own lock.
pub(crate) struct Reel {
    track: Track,
    lobby: Lobby,
    riders: Slab<Rider>,
    /// No rider can be full before this place.
    check: u64,
    /// No more events come.
    pub(super) closed: bool,
    /// How often something came for which a rider that waits must look here.
    pub(super) news: Arc<AtomicU64>,
}

/// One reader on the reel.
struct Rider {
    lane: Key,
    /// Has its needle.
    heir: Arc<Heir>,
    /// How many events may wait for it here.
    room: u64,
    /// The place before which it has let go of all events.
    released: u64,
    /// The places up to which its lane's counts have the events here.
    matched: u64,
    handled: u64,
    /// Where it waits.
    spot: Option<Spot>,
}

impl Rider {
    /// The place of the next event that it reads. Its needle is set where it is lent events.
    fn place(&self) -> u64 {
        self.heir.needle.place().max(self.released)
    }
}

/// What is dropped when the lock is gone.
#[derive(Default)]
pub(super) struct Spent {
    read: Option<Arc<Stretch>>,
    gone: Gone,
    waker: Option<Waker>,
}

impl Spent {
    #[inline]
    pub(super) fn drop(self) {
        if self.waker.is_some() {
            drop_each(self.waker);
        }
    }
}

/// What a rider takes along when it alights.
pub(super) struct Leaving {
    pub(super) unread: Vec<AnyEvent>,
    pub(super) waker: Option<Waker>,
    pub(super) counted: Counted,
}

/// What a rider did since it was counted last, and what waits for it.
pub(super) struct Counted {
    pub(super) matched: u64,
    pub(super) handled: u64,
    pub(super) waiting: u64,
    /// The place in the order of the first that waits.
    pub(super) oldest: Option<u64>,
}

impl Default for Reel {
    fn default() -> Self {
        let (track, lobby, riders) = (Track::default(), Lobby::default(), Slab::new());
        let (check, closed, news) = (u64::MAX, false, Arc::default());
        Self { track, lobby, riders, check, closed, news }
    }
}

impl Reel {
    /// Whether some rider may have no room for one event more.
    #[inline]
    pub(super) fn may_be_full(&self) -> bool {
        self.track.end() >= self.check
    }

    /// The lanes of riders for whom there is no room for one event more.
    pub(super) fn find_full(&mut self) -> Vec<Key> {
        let (mut full, mut check) = (Vec::new(), u64::MAX);
        for (_, rider) in self.riders.iter() {
            let at = rider.place().saturating_add(rider.room);
            if self.track.end() < at {
                check = check.min(at);
            } else {
                full.push(rider.lane);
            }
        }
        self.check = check;
        full
    }

    /// Puts an event on the tape and wakes those who wait for it.
    #[inline]
    pub(super) fn push(&mut self, event: Arc<Stored>, crowd: &mut Crowd) {
        self.track.push(event);
        self.tell();
        self.lobby.leave_all(crowd);
    }

    /// Lets nobody wait any more.
    pub(super) fn close(&mut self, crowd: &mut Crowd) {
        self.closed = true;
        self.tell();
        self.lobby.leave_all(crowd);
    }

    fn tell(&self) {
        // Written under this lock only.
        if !planted("news_untold") {
            self.news.store(self.told() + 1, Ordering::Release);
        }
    }

    #[inline]
    pub(super) fn told(&self) -> u64 {
        self.news.load(Ordering::Relaxed)
    }

    /// Takes a rider on, who sees the events from now on, and its waker if it waits.
    pub(super) fn enter(&mut self, lane: Key, heir: &Arc<Heir>, room: u64, waker: Option<Waker>) -> Key {
        let end = self.track.enter();
        heir.needle.set(end);
        self.check = self.check.min(end.saturating_add(room));
        let heir = Arc::clone(heir);
        let rider = Rider { lane, heir, room, released: end, matched: end, handled: end, spot: None };
        let key = self.riders.insert(rider);
        if let (Some(waker), Some(rider)) = (waker, self.riders.get_mut(key)) {
            rider.spot = Some(self.lobby.enter(key, waker));
        }
        key
    }

    /// Lets a rider go, with what it has not read.
    pub(super) fn leave(&mut self, key: Key, after: &mut After) -> Option<Leaving> {
        let waker = self.withdraw(key);
        let rider = self.riders.get(key)?;
        let place = rider.heir.needle.lift().max(rider.released);
        self.tell();
        let counted = self.count(key, place)?;
        let rider = self.riders.remove(key)?;
        let unread = self.track.from(place).cloned().map(AnyEvent::new).collect();
        let mut gone = Gone::default();
        self.track.leave(rider.released, &mut gone);
        gone.for_each(|stretch| after.rare().stretches.push(stretch));
        Some(Leaving { unread, waker, counted })
    }

    /// Takes the waker of a rider away.
    pub(super) fn withdraw(&mut self, key: Key) -> Option<Waker> {
        let spot = self.riders.get_mut(key)?.spot.take()?;
        let (waker, moved) = self.lobby.leave(spot);
        if let Some(moved) = moved.and_then(|moved| self.riders.get_mut(moved)) {
            moved.spot = Some(spot);
        }
        waker
    }

    /// What a rider did since this was asked last.
    pub(super) fn account(&mut self, key: Key) -> Option<Counted> {
        let place = self.riders.get(key)?.place();
        self.count(key, place)
    }

    /// The last event, for a rider that has let go of all before it. Its waker is left for the next one, if it gives that.
    #[inline]
    pub(super) fn newest(&mut self, key: Key, waker: Option<&Waker>) -> Option<Arc<Stored>> {
        let rider = self.riders.get_mut(key)?;
        let newest = self.track.newest(&mut rider.released)?;
        if let Some(waker) = waker {
            rider.spot = Some(self.lobby.enter(key, waker.clone()));
        }
        Some(newest)
    }

    /// The next event, or what there is otherwise: events are lent, a waker is left for the next one.
    #[inline(never)]
    pub(super) fn fetch(
        &mut self,
        key: Key,
        waker: Option<&Waker>,
        lent: &mut Lent,
        spent: &mut Spent,
    ) -> (Option<Arc<Stored>>, Found) {
        let Some(rider) = self.riders.get_mut(key) else { return (None, Found::Alighted) };
        spent.read = lent.take();
        if spent.read.is_some() {
            self.track.step(&mut rider.released, rider.heir.needle.place(), &mut spent.gone);
        }
        let next = self.track.fetch(&rider.heir.needle, &mut rider.released, lent);
        if next.is_some() {
            return (next, Found::Next);
        }
        if lent.peek().is_some() {
            return (None, Found::Lent);
        }
        if self.closed {
            return (None, Found::End);
        }
        spent.waker = waker.and_then(|waker| self.lobby.wait(key, &mut rider.spot, waker));
        (None, Found::Nothing)
    }

    fn count(&mut self, key: Key, place: u64) -> Option<Counted> {
        let oldest = self.track.from(place).next().map(|event| event.head.seq());
        let (end, rider) = (self.track.end(), self.riders.get_mut(key)?);
        let matched = end - std::mem::replace(&mut rider.matched, end);
        let handled = place - std::mem::replace(&mut rider.handled, place);
        Some(Counted { matched, handled, waiting: end - place, oldest })
    }
}
