//! Who sits in a crew: joining, leaving the seat for a while, and leaving for good.

use std::sync::Arc;

use super::{Crew, Seat, Seen};
use crate::dispatch::crew::queue::Queue;
use crate::dispatch::crew::team::{Member, NOBODY, Team};
use crate::dispatch::lane::{Lane, LaneInfo, State};
use crate::dispatch::order::Order;
use crate::dispatch::run::after::After;
use crate::dispatch::run::runner::Runner;
use crate::dispatch::slab::{Key, Slab};
use crate::sync::{Gauge, Handle, planted};

impl Order {
    /// Seats a handler that has nothing to do. Where there is no seat for it now it comes back, to be claimed by itself.
    pub(crate) fn seat(&mut self, key: Key, runner: Runner) -> Option<Runner> {
        let Some(lane) = self.lanes.get_mut(key) else { return Some(runner) };
        if lane.state != State::Open || !lane.manner.joins {
            return Some(runner);
        }
        match lane.seat {
            Some(seat) => match self.crews.get_mut(seat.crew) {
                Some(crew) => crew.sit(key, lane, seat.at, runner),
                None => Some(runner),
            },
            None => self.join(key, runner),
        }
    }

    /// Finds a crew for a handler that has none, or founds one.
    fn join(&mut self, key: Key, mut runner: Runner) -> Option<Runner> {
        let Self { lanes, crews, routes, .. } = self;
        let Some(lane) = lanes.get_mut(key) else { return Some(runner) };
        let info = Arc::clone(&lane.info);
        let Some(index) = routes.index_mut(&info.kinds) else { return Some(runner) };
        for at in index.crews() {
            let Some(crew) = crews.get_mut(*at).filter(|crew| crew.fits(lane)) else { continue };
            if crew.team.is_none() {
                return Some(runner);
            }
            let seat = crew.lanes.len();
            match crew.enter(*at, key, lane, seat, runner) {
                None => {
                    index.leave(key);
                    return None;
                }
                Some(back) => runner = back,
            }
        }
        let at = crews.insert(Crew::founded_by(lane, &runner));
        index.found(at);
        let crew = crews.get_mut(at)?;
        let back = crew.enter(at, key, lane, 0, runner);
        if back.is_none() {
            index.leave(key);
        }
        back
    }

    /// Brings the counts of all lanes up to what their crews have done for them. An event that is at work in a crew as one counts as handled already: see [`held_for`](Self::held_for).
    pub(crate) fn count(&mut self) {
        let Self { lanes, crews, .. } = self;
        for lane in lanes.iter_mut() {
            if let Some(crew) = lane.seat.and_then(|seat| crews.get_mut(seat.crew)) {
                crew.count(lane);
            }
        }
    }

    /// Lets a lane go from its crew for good, with its handler if that is in its seat. Gives whether it was in one.
    pub(crate) fn leave_crew(&mut self, key: Key, after: &mut After) -> bool {
        let Self { lanes, crews, tickets, .. } = self;
        let Some(seat) = lanes.get(key).and_then(|lane| lane.seat) else { return false };
        let Some(crew) = crews.get_mut(seat.crew) else { return false };
        crew.spread(lanes, tickets);
        let Some(lane) = lanes.get_mut(key) else { return false };
        crew.count(lane);
        after.rare().runners.extend(crew.call_up(lane));
        crew.note_away(lane);
        lane.seat = None;
        crew.left += 1;
        crew.queue.remeasure();
        self.close_up(seat.crew);
        true
    }

    /// Closes up a crew of which the half has left, and ends one of which all have.
    pub(super) fn close_up(&mut self, at: Key) {
        let Self { lanes, crews, routes, .. } = self;
        let Some(crew) = crews.get_mut(at) else { return };
        if crew.left * 2 < crew.lanes.len() || crew.team.is_none() {
            return;
        }
        crew.close_up(at, lanes);
        if crew.lanes.is_empty() {
            if let Some(index) = routes.index_mut(&crew.kinds) {
                index.end(at);
            }
            crews.remove(at);
        }
    }
}

impl Crew {
    fn founded_by(lane: &Lane, runner: &Runner) -> Self {
        let at = Arc::new(Gauge::new(NOBODY));
        Self {
            kinds: lane.info.kinds.clone(),
            sync: runner.is_sync(),
            typed: lane.manner.typed,
            runtime: runtime_of(&lane.info, runner.is_sync()),
            team: Some(Box::new(Team::founded_by(runner, Arc::clone(&at)))),
            claimed: None,
            queue: Queue::default(),
            lanes: Vec::new(),
            present: 0,
            left: 0,
            events: 0,
            at,
            seen: Seen::default(),
        }
    }

    /// Whether handlers of that lane run as those of the crew do. Whether they take the same set of events the team knows.
    fn fits(&self, lane: &Lane) -> bool {
        let sync = lane.is_sync();
        self.sync == sync && self.typed == lane.manner.typed && self.runtime == runtime_of(&lane.info, sync)
    }

    /// Gives a lane the seat after the last.
    fn enter(&mut self, crew: Key, key: Key, lane: &mut Lane, at: usize, runner: Runner) -> Option<Runner> {
        let Some(team) = &mut self.team else { return Some(runner) };
        let back = team.handlers.put(at, Member::of(key, lane), runner);
        if back.is_none() {
            lane.seat = Some(Seat { crew, at, away: false, counted: self.events });
            self.lanes.push(key);
            self.present += 1;
            self.queue.remeasure();
        }
        back
    }

    /// Puts a handler back into its seat, unless a publish has the team.
    pub(super) fn sit(&mut self, key: Key, lane: &mut Lane, at: usize, runner: Runner) -> Option<Runner> {
        let Some(team) = &mut self.team else { return Some(runner) };
        let back = team.handlers.put(at, Member::of(key, lane), runner);
        if back.is_none() {
            if let Some(seat) = &mut lane.seat {
                (seat.away, seat.counted) = (false, self.events);
            }
            self.present += 1;
        }
        back
    }

    /// Takes a handler from its seat.
    pub(crate) fn call_up(&mut self, lane: &mut Lane) -> Option<Runner> {
        let seat = lane.seat?;
        let runner = self.team.as_mut()?.handlers.take(seat.at)?;
        self.count(lane);
        self.note_away(lane);
        Some(runner)
    }

    pub(super) fn note_away(&mut self, lane: &mut Lane) {
        if let Some(seat) = &mut lane.seat
            && !seat.away
        {
            seat.away = true;
            self.present -= 1;
        }
    }

    /// Brings the counts of a lane up to what was done for it here.
    pub(super) fn count(&self, lane: &mut Lane) {
        let Some(seat) = &mut lane.seat else { return };
        if seat.away || planted("crew_uncounted") {
            return;
        }
        let done = self.events - seat.counted;
        seat.counted = self.events;
        lane.counts.matched += done;
        lane.counts.handled += done;
    }

    /// The handlers that are in their seats, when the bus is gone.
    pub(crate) fn disband(mut self) -> Vec<Runner> {
        let seats = 0..self.lanes.len();
        seats.filter_map(|seat| self.team.as_mut()?.handlers.take(seat)).collect()
    }

    fn close_up(&mut self, crew: Key, lanes: &mut Slab<Lane>) {
        let stays = |at: usize, key: Key| {
            lanes.get(key).and_then(|lane| lane.seat).is_some_and(|seat| seat.crew == crew && seat.at == at)
        };
        let keep: Vec<bool> = self.lanes.iter().enumerate().map(|(at, key)| stays(at, *key)).collect();
        if let Some(team) = &mut self.team {
            team.handlers.retain(&keep);
        }
        let mut seats = keep.iter();
        self.lanes.retain(|_| seats.next() == Some(&true));
        self.left = 0;
        for (at, key) in self.lanes.iter().enumerate() {
            if let Some(seat) = lanes.get_mut(*key).and_then(|lane| lane.seat.as_mut()) {
                seat.at = at;
            }
        }
    }
}

fn runtime_of(info: &LaneInfo, sync: bool) -> Option<crate::sync::Id> {
    if sync { None } else { info.runtime.as_ref().map(Handle::id) }
}
