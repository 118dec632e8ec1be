//! Who reads from a tape: joining one, boarding, alighting, and leaving for good.

use std::sync::Arc;

use super::{Ride, Tape};
use crate::dispatch::lane::queue::Queued;
use crate::dispatch::lane::{Lane, State, Work};
use crate::dispatch::order::Order;
use crate::dispatch::run::after::After;
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::step::prepare::policy;
use crate::dispatch::tape::reel::{Counted, Leaving, Reel};
use crate::dispatch::tape::riding::Riding;

impl Order {
    /// Finds a tape for a new reader without a filter, or makes one. The reader walks.
    pub(crate) fn join_tape(&mut self, key: Key) {
        let Self { lanes, tapes, routes, .. } = self;
        let Some(info) = lanes.get(key).map(|lane| Arc::clone(&lane.info)) else { return };
        let known = routes.tapes_like(&info.kinds).iter().copied();
        let same = |tape: &Key| tapes.get(*tape).is_some_and(|tape| tape.kinds.is(&info.kinds));
        let found = known.into_iter().find(same);
        let at = found.unwrap_or_else(|| {
            let at = tapes.insert(Tape::new(&info));
            routes.each_index(&info.kinds, |index| index.add_tape(at));
            at
        });
        let (Some(tape), Some(lane)) = (tapes.get_mut(at), lanes.get_mut(key)) else { return };
        if let Work::Pull { ride, .. } = &mut lane.work {
            let place = tape.walkers.len();
            *ride = Some(Box::new(Ride { tape: at, at: place, rider: None, waiting: 0, oldest: None }));
            tape.walkers.push(key);
        }
    }

    /// Lets a reader ride that has a tape, has room, and is read outside handlers.
    pub(crate) fn board(&mut self, key: Key) {
        let Self { closed: false, lanes, tapes, .. } = self else { return };
        let Some(lane) = lanes.get_mut(key) else { return };
        let Work::Pull { ride: Some(ride), reader: None, heir, waker, .. } = &mut lane.work else { return };
        if ride.rider.is_some() || lane.state != State::Open || !lane.room.is_empty() {
            return;
        }
        // Half of the capacity, so that a reader at the edge of it does not board and alight for each event.
        let room = lane.backlog.room();
        let Some(tape) = tapes.get_mut(ride.tape) else { return };
        if room * 2 < lane.backlog.capacity() {
            return;
        }
        ride.rider = Some(tape.reel.lock().enter(key, heir, room as u64, waker.take()));
        tape.riders += 1;
        let at = ride.at;
        tape.forget_walker(at, lanes);
    }

    /// Gives a reader a queue of its own.
    pub(crate) fn alight(&mut self, key: Key, after: &mut After) {
        let Self { lanes, tapes, .. } = self;
        let tape = lanes.get(key).and_then(Lane::ride).filter(|ride| ride.rider.is_some());
        if let Some(tape) = tape.and_then(|ride| tapes.get_mut(ride.tape)) {
            let reel = Arc::clone(&tape.reel);
            tape.let_off(&mut reel.lock(), key, lanes, after);
        }
    }

    /// Takes a reader off its tape for good. Gives whether it had one.
    pub(crate) fn leave_tape(&mut self, key: Key, after: &mut After) -> bool {
        self.alight(key, after);
        let Self { lanes, tapes, routes, .. } = self;
        let Some(Work::Pull { ride, .. }) = lanes.get_mut(key).map(|lane| &mut lane.work) else {
            return false;
        };
        let Some(ride) = ride.take() else { return false };
        let Some(tape) = tapes.get_mut(ride.tape) else { return true };
        tape.forget_walker(ride.at, lanes);
        if tape.riders == 0 && tape.walkers.is_empty() {
            routes.each_index(&tape.kinds, |index| index.end_tape(ride.tape));
            tapes.remove(ride.tape);
        }
        true
    }

    /// The own way to the tape of a reader that rides.
    pub(crate) fn riding(&self, key: Key) -> Option<Riding> {
        let ride = self.lanes.get(key)?.ride()?;
        Some(Riding::new(&self.tapes.get(ride.tape)?.reel, ride.rider?))
    }

    /// Brings the counts of all riders up to what they have read.
    pub(crate) fn count_riders(&mut self) {
        let Self { lanes, tapes, .. } = self;
        for lane in lanes.iter_mut() {
            let Some((rider, tape)) = lane.ride().and_then(|ride| Some((ride.rider?, tapes.get(ride.tape)?)))
            else {
                continue;
            };
            if let Some(counted) = tape.reel.lock().account(rider) {
                lane.take_count(&counted);
            }
        }
    }
}

impl Tape {
    /// Gives a rider a queue of its own, with what it has not read.
    pub(super) fn let_off(&mut self, reel: &mut Reel, key: Key, lanes: &mut Slab<Lane>, after: &mut After) {
        let Some(lane) = lanes.get_mut(key) else { return };
        let Work::Pull { ride: Some(ride), waker: place, .. } = &mut lane.work else { return };
        let Some(left) = ride.rider.take().and_then(|rider| reel.leave(rider, after)) else { return };
        let Leaving { unread, waker, counted } = left;
        ride.at = self.walkers.len();
        self.walkers.push(key);
        self.riders -= 1;
        if let Some(replaced) = waker.and_then(|waker| place.replace(waker)) {
            after.rare().wakers_to_drop.push(replaced);
        }
        for event in unread {
            let critical = policy(event.kind_ref()).critical;
            lane.backlog.append(Queued::plain(event, critical));
        }
        // What waited is in its own queue now.
        lane.take_count(&Counted { waiting: 0, oldest: None, ..counted });
    }

    /// Closes the gap that a walker leaves.
    fn forget_walker(&mut self, at: usize, lanes: &mut Slab<Lane>) {
        self.walkers.swap_remove(at);
        if let Some(ride) = self.walkers.get(at).and_then(|moved| lanes.get_mut(*moved)?.ride_mut()) {
            ride.at = at;
        }
    }
}

impl Lane {
    fn take_count(&mut self, counted: &Counted) {
        self.counts.matched += counted.matched;
        self.counts.handled += counted.handled;
        if let Some(ride) = self.ride_mut() {
            ride.waiting = usize::try_from(counted.waiting).unwrap_or(usize::MAX);
            ride.oldest = counted.oldest;
        }
    }
}
