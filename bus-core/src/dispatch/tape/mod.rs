//! One record of events for all readers who want the same ones.
//!
//! Every stream without a filter sees all events of its kinds, so that queues of their own would hold the same events as often as there are readers. They *ride* on one tape instead: a publish puts
//! its event there once, and each rider has a place on it. A rider is lent a stretch of the tape and then reads that without a lock; its [`Needle`](needle::Needle) says how far it is, so that what it was
//! lent and has not read still counts as waiting. Of a single event it takes the next handle, under the lock.
//!
//! Nothing is ever dropped from a tape. Before an event would find a rider's capacity used up, the rider *alights*: what it has not read becomes a queue of its own, with all the rules that queues have. It
//! boards again when that queue has gone down. Who does not ride *walks*: its lane has a queue as a handler's has. A reader inside a handler walks: who waits for whom is found from queues.
//!
//! The [`Reel`](reel::Reel), which holds the events, has a lock of its own, so that riders stay out of the way of publishers. It comes after the order lock, never before it.

pub(super) mod lobby;
pub(super) mod needle;
pub(crate) mod reel;
mod ride;
pub(crate) mod riding;
pub(crate) mod track;

use std::sync::Arc;

use crate::dispatch::lane::{Lane, LaneInfo};
use crate::dispatch::order::Order;
use crate::dispatch::route::Kinds;
use crate::dispatch::run::after::After;
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::tape::lobby::Crowd;
use crate::dispatch::tape::reel::Reel;
use crate::event::{AnyEvent, Stored};
use crate::sync::Mutex;

/// The events of one set of kinds, for all streams that want exactly those.
pub(crate) struct Tape {
    kinds: Kinds,
    /// It takes only payloads of its types.
    pub(crate) typed: bool,
    /// The lanes of readers with queues of their own.
    walkers: Vec<Key>,
    riders: usize,
    reel: Arc<Mutex<Reel>>,
}

/// What a lane knows of its tape.
pub(crate) struct Ride {
    tape: Key,
    /// Its place among the walkers, if it walks.
    at: usize,
    /// Its name on the reel, if it rides.
    rider: Option<Key>,
    /// What waited on the reel when it was counted last.
    pub(crate) waiting: usize,
    /// The place of the first of these.
    pub(crate) oldest: Option<u64>,
}

impl Tape {
    fn new(info: &LaneInfo) -> Self {
        Self {
            kinds: info.kinds.clone(),
            typed: matches!(info.kinds, Kinds::Declared(_)),
            walkers: Vec::new(),
            riders: 0,
            reel: Arc::default(),
        }
    }

    pub(crate) fn walkers(&self) -> &[Key] {
        &self.walkers
    }

    /// Records an event for all riders, and lets those off first who have no room for it. Gives how many ride.
    #[inline]
    pub(crate) fn record(&mut self, event: &AnyEvent, lanes: &mut Slab<Lane>, after: &mut After) -> usize {
        let put = self.put(event.stored(), &mut after.crowd);
        put.unwrap_or_else(|| self.record_for_some(event.clone().into_stored(), lanes, after))
    }

    /// The same where all who read from it ride and have room. Otherwise nothing is recorded.
    #[inline]
    pub(crate) fn record_plainly(&mut self, event: &Arc<Stored>, crowd: &mut Crowd) -> Option<usize> {
        if self.walkers.is_empty() { self.put(event, crowd) } else { None }
    }

    /// Puts an event there for all riders, unless one of them may have no room for it. Gives how many ride.
    #[inline]
    fn put(&mut self, event: &Arc<Stored>, crowd: &mut Crowd) -> Option<usize> {
        if self.riders > 0 {
            let event = Arc::clone(event);
            let mut reel = self.reel.lock();
            if reel.may_be_full() {
                return None;
            }
            reel.push(event, crowd);
        }
        Some(self.riders)
    }

    fn record_for_some(&mut self, event: Arc<Stored>, lanes: &mut Slab<Lane>, after: &mut After) -> usize {
        let reel = Arc::clone(&self.reel);
        let mut reel = reel.lock();
        for lane in reel.find_full() {
            self.let_off(&mut reel, lane, lanes, after);
        }
        if self.riders > 0 {
            reel.push(event, &mut after.crowd);
        }
        self.riders
    }
}

impl Order {
    /// Tells all who ride that no more events come.
    pub(crate) fn close_tapes(&mut self, after: &mut After) {
        for tape in self.tapes.iter_mut() {
            tape.reel.lock().close(&mut after.crowd);
        }
    }
}
