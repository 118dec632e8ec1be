//! What the readers of a tape share: its events, and how far each of them is.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::dispatch::lane::heir::Heir;
use crate::dispatch::run::after::{After, drop_each};
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::tape::lobby::{Lobby, Spot};
use crate::dispatch::tape::needle::Needle;
use crate::dispatch::tape::track::{Lent, Track};
use crate::event::AnyEvent;
use crate::sync::Mutex;

/// The events on a tape and its riders, under their own lock.
pub(crate) struct Reel {
    track: Track,
    lobby: Lobby,
    riders: Slab<Rider>,
    /// How many these are.
    count: usize,
    /// No rider can be full before this place.
    check: u64,
    closed: bool,
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
        Self { track, lobby, riders, count: 0, check: u64::MAX, closed: false }
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
            let at = rider.heir.needle.place().saturating_add(rider.room);
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
    pub(super) fn push(&mut self, event: AnyEvent, after: &mut After) {
        self.track.push(event, self.count);
        self.lobby.wake(after);
    }

    /// Lets nobody wait any more.
    pub(super) fn close(&mut self, after: &mut After) {
        self.closed = true;
        self.lobby.wake(after);
    }

    /// Takes a rider on, who sees the events from now on, and its waker if it waits.
    pub(super) fn enter(&mut self, lane: Key, heir: &Arc<Heir>, room: u64, waker: Option<Waker>) -> Key {
        let end = self.track.end();
        heir.needle.set(end);
        self.check = self.check.min(end.saturating_add(room));
        self.count += 1;
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
        let place = self.riders.get(key)?.heir.needle.lift();
        let counted = self.count(key, place)?;
        let rider = self.riders.remove(key)?;
        self.count -= 1;
        let unread = self.track.from(place).cloned().collect();
        self.track.let_go(rider.released, self.track.end(), |event| after.rare().events.push(event));
        let (waker, moved) = rider.spot.map(|spot| self.lobby.leave(spot)).unwrap_or_default();
        if let Some(moved) = moved.and_then(|moved| self.riders.get_mut(moved)) {
            moved.spot = rider.spot;
        }
        Some(Leaving { unread, waker, counted })
    }

    /// What a rider did since this was asked last.
    pub(super) fn account(&mut self, key: Key) -> Option<Counted> {
        let place = self.riders.get(key)?.heir.needle.place();
        self.count(key, place)
    }

    fn count(&mut self, key: Key, place: u64) -> Option<Counted> {
        let oldest = self.track.from(place).next().map(AnyEvent::seq);
        let (end, rider) = (self.track.end(), self.riders.get_mut(key)?);
        let matched = end - std::mem::replace(&mut rider.matched, end);
        let handled = place - std::mem::replace(&mut rider.handled, place);
        Some(Counted { matched, handled, waiting: end - place, oldest })
    }
}

/// A reader's own way to the reel, past the order lock.
pub(crate) struct Riding {
    pub(super) reel: Arc<Mutex<Reel>>,
    pub(super) key: Key,
    pub(crate) lent: Lent,
}

impl Riding {
    /// The next event; in it, `None` at the end. Without a context nobody is woken. `None` where the reader does not ride any more.
    pub(crate) fn read(
        &mut self,
        context: Option<&mut Context<'_>>,
        needle: &Needle,
    ) -> Option<Poll<Option<AnyEvent>>> {
        let lent = &mut self.lent;
        let mut guard = self.reel.lock();
        let Reel { track, lobby, riders, count, closed, .. } = &mut *guard;
        let rider = riders.get_mut(self.key)?;
        let next = track.fetch(needle, &mut rider.released, lent);
        let ends = next.is_some() || *closed;
        let mut replaced = None;
        if let Some(context) = context.filter(|_| !ends) {
            replaced = lobby.wait(self.key, &mut rider.spot, context.waker(), *count);
        }
        drop(guard);
        if replaced.is_some() {
            drop_each(replaced);
        }
        if !lent.spent.is_empty() {
            drop_each(lent.spent.drain(..));
        }
        Some(if ends { Poll::Ready(next) } else { Poll::Pending })
    }
}
