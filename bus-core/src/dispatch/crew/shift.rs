//! A crew at work: claimed by a publish, spread where somebody must look at one of its handlers, and brought back.

use std::sync::Arc;

use super::{Claimed, Crew, Seat, Seen};
use crate::dispatch::crew::team::Team;
use crate::dispatch::lane::LaneInfo;
use crate::dispatch::order::{More, Next, Order};
use crate::dispatch::run::after::After;
use crate::dispatch::run::runner::Outcome;
use crate::dispatch::slab::Key;
use crate::sync::Id;

/// A crew that a publish has claimed, with all handlers that were in their seats.
pub(crate) struct Shift {
    pub(crate) crew: Key,
    /// Of each of its handlers.
    pub(crate) job: u64,
    pub(crate) team: Box<Team>,
}

impl Crew {
    /// Claims all handlers that are in their seats, for an event that they can take, unless a publish has them already. `polls` says on which runtime the publish polls async handlers, if it does.
    #[inline]
    pub(crate) fn claim(
        &mut self,
        claimed: Claimed,
        misfit: bool,
        polls: impl FnOnce() -> Option<Id>,
    ) -> Option<Box<Team>> {
        if self.present == 0 || (misfit && self.typed) {
            return None;
        }
        if !self.sync && polls() != self.runtime {
            return None;
        }
        let mut team = self.team.take()?;
        team.size = self.present;
        self.events += 1;
        self.claimed = Some(claimed);
        Some(team)
    }

    /// Whether its handlers are sync and all there, with nothing to do.
    #[inline]
    pub(crate) fn is_ready(&self) -> bool {
        self.sync && self.team.is_some() && self.present > 0 && self.is_whole()
    }

    /// Whether nobody has a handler of it alone. Seats of those who left for good are nobody's.
    pub(crate) fn is_whole(&self) -> bool {
        self.present + self.left == self.lanes.len()
    }
}

impl Order {
    /// Brings a crew back. What it or each handler does next is added to `more`; who of them is troubled, or gone, is left to `tell`. Gives how many handled the event.
    #[inline]
    pub(crate) fn bring_back(
        &mut self,
        shift: Shift,
        tick: u64,
        after: &mut After,
        more: &mut More,
        tell: impl FnMut(&mut Self, Key, &Outcome, &mut After),
    ) -> usize {
        let Shift { crew, job, team } = shift;
        match self.take_back(crew, team) {
            Ok(handled) => handled,
            Err(team) => self.go_on(Shift { crew, job, team }, tick, after, more, tell),
        }
    }

    /// The same where there is more to do: with what waits for the crew as one, or for each of its handlers.
    #[inline(never)]
    pub(crate) fn go_on(
        &mut self,
        shift: Shift,
        tick: u64,
        after: &mut After,
        more: &mut More,
        mut tell: impl FnMut(&mut Self, Key, &Outcome, &mut After),
    ) -> usize {
        match self.take_turn(shift, after, &mut tell) {
            Ok((handled, turn)) => {
                more.crews.extend(turn);
                handled
            }
            Err(shift) => self.bring_each_back(shift, tick, after, &mut more.lanes, tell),
        }
    }

    /// Takes a crew back of which all have handled the event and are left as they were, with nothing else to do. Gives how many that is; any other crew comes back, and is at work until it is brought back otherwise.
    #[inline]
    pub(crate) fn take_back(&mut self, own: Key, team: Box<Team>) -> Result<usize, Box<Team>> {
        let Some(crew) = self.crews.get_mut(own) else { return Err(team) };
        let alone = crew.claimed.is_some_and(|claimed| !claimed.spread && claimed.ticket.is_none());
        if !alone || !team.troubles.is_empty() || crew.queue.waits() {
            return Err(team);
        }
        crew.claimed = None;
        let handled = team.size;
        crew.team = Some(team);
        self.leave_work(own);
        Ok(handled)
    }

    /// Takes a crew off the list of those whose claims are not spread.
    #[inline]
    pub(super) fn leave_work(&mut self, own: Key) {
        match self.at_work.last() {
            Some(last) if *last == own => drop(self.at_work.pop()),
            _ => self.at_work.retain(|crew| *crew != own),
        }
    }

    /// Brings a crew back one by one.
    pub(crate) fn bring_each_back(
        &mut self,
        shift: Shift,
        tick: u64,
        after: &mut After,
        next: &mut Vec<(Key, Next)>,
        mut tell: impl FnMut(&mut Self, Key, &Outcome, &mut After),
    ) -> usize {
        let Shift { crew: own, job, mut team } = shift;
        let troubles = std::mem::take(&mut team.troubles);
        self.leave_work(own);
        let Some(crew) = self.crews.get_mut(own) else { return 0 };
        crew.spread(&mut self.lanes, &mut self.tickets);
        let ticket = crew.claimed.and_then(|claimed| claimed.ticket);
        let (mut handled, mut troubles) = (0, troubles.into_iter().peekable());
        // The seats stay as they are as long as the team is away.
        for at in 0..crew.lanes.len() {
            let Some(key) = self.crews.get(own).and_then(|crew| crew.lanes.get(at).copied()) else { break };
            let trouble = troubles.next_if(|(troubled, _)| *troubled == at);
            if !team.handlers.has(at) {
                continue;
            }
            if let Some((_, outcome)) = &trouble {
                tell(self, key, outcome, after);
            } else {
                handled += 1;
                self.tell_handled(key, ticket, after);
            }
            if self.stays(key, job, trouble.is_none()) {
                continue;
            }
            let Some(runner) = team.handlers.take(at) else { continue };
            self.note_away(key);
            next.extend(self.finish(key, job, runner, tick, after).map(|more| (key, more)));
        }
        self.seat_strays(own, team);
        handled
    }

    /// Ends an event in a lane of a spread claim. Gives whether its handler stays in its seat.
    fn stays(&mut self, key: Key, job: u64, handled: bool) -> bool {
        let Some(lane) = self.lanes.get_mut(key) else { return false };
        lane.counts.handled += u64::from(handled);
        lane.seat.is_some() && lane.is_done_with(job)
    }

    /// Notes that somebody else has a lane's handler, which a publish had claimed with the others.
    pub(crate) fn note_away(&mut self, key: Key) {
        let Self { lanes, crews, .. } = self;
        let Some(lane) = lanes.get_mut(key) else { return };
        if let Some(crew) = lane.seat.and_then(|seat| crews.get_mut(seat.crew)) {
            crew.note_away(lane);
        }
    }

    /// Takes the team back, and the handlers that came to rest meanwhile.
    fn seat_strays(&mut self, own: Key, team: Box<Team>) {
        let Self { lanes, crews, .. } = self;
        let Some(crew) = crews.get_mut(own) else { return };
        crew.team = Some(team);
        crew.claimed = None;
        for at in 0..crew.lanes.len() {
            let key = crew.lanes[at];
            let Some(lane) = lanes.get_mut(key) else { continue };
            if matches!(lane.seat, Some(Seat { at: own, away: true, .. }) if own == at)
                && let Some(runner) = lane.rested()
                && let Some(back) = crew.sit(key, lane, at, runner)
            {
                lane.put_idle(back);
            }
        }
        self.close_up(own);
    }

    /// The handlers that have been at work in a crew for more than so many ticks, each told once.
    pub(crate) fn slow_in_crews(&mut self, tick: u64, ticks: u64) -> Vec<Arc<LaneInfo>> {
        let Self { lanes, crews, .. } = self;
        let mut slow = Vec::new();
        for crew in crews.iter_mut().filter(|crew| crew.claimed.is_some()) {
            let (at, job) = (crew.at.get(), crew.claimed.map_or(0, |claimed| claimed.job));
            let Some(key) = usize::try_from(at).ok().and_then(|at| crew.lanes.get(at)) else { continue };
            let seen = &mut crew.seen;
            if (seen.job, seen.at) != (job, at) {
                *seen = Seen { job, at, since: tick };
            } else if seen.since != 0 && tick > seen.since + ticks {
                seen.since = 0;
                slow.extend(lanes.get(*key).map(|lane| Arc::clone(&lane.info)));
            }
        }
        slow
    }
}
