//! The handlers of a crew, side by side, so that a publish runs through them without a look at anything else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::dispatch::lane::Lane;
use crate::dispatch::run::context::{Entered, enter_lane};
use crate::dispatch::run::runner::{AsyncRunner, Outcome, Runner, SyncRunner, failed, panicked};
use crate::dispatch::slab::Key;
use crate::error::BoxError;
use crate::event::{AnyEvent, Event, Stored, SubscriptionId};
use crate::sync::Gauge;

/// Which member is at work, for the slow warning. No member has this number.
pub(crate) const NOBODY: u64 = u64::MAX;

/// The handlers of one crew. Whoever holds it has the right to run them.
pub(crate) struct Team {
    pub(crate) handlers: Handlers,
    /// Which seat is at work. The slow warning looks at it too.
    pub(crate) at: Arc<Gauge>,
    /// How many handlers were in their seats when it was claimed.
    pub(crate) size: usize,
    /// How many seats of async handlers were polled since.
    pub(crate) done: usize,
    /// What did not end well, by seat.
    pub(crate) troubles: Vec<(usize, Outcome)>,
}

pub(crate) enum Handlers {
    Sync(Box<dyn Calls>),
    Async(Vec<Polled>),
}

/// Sync handlers that take the same set of events.
pub(crate) trait Calls: Send {
    /// Calls every handler that is there, in order, and gives the event back. `at` is told which is at work. What does not end well is noted with the place of the handler.
    fn call(&mut self, event: Arc<Stored>, at: &Gauge, troubles: &mut Vec<(usize, Outcome)>) -> Arc<Stored>;
    /// Puts a handler into a place, or after the last one. One that takes another set comes back.
    fn put(
        &mut self,
        seat: usize,
        member: Member,
        runner: Box<dyn SyncRunner>,
    ) -> Option<Box<dyn SyncRunner>>;
    fn take(&mut self, seat: usize) -> Option<Box<dyn SyncRunner>>;
    fn has(&self, seat: usize) -> bool;
    /// Closes up the places for which `keep` is false.
    fn retain(&mut self, keep: &[bool]);
}

/// Whose handler it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) lane: Key,
    pub(crate) subscription: SubscriptionId,
    /// Whether it has a timeout.
    pub(crate) timed: bool,
}

impl Member {
    pub(crate) fn of(key: Key, lane: &Lane) -> Self {
        Self { lane: key, subscription: lane.id, timed: lane.manner.timed }
    }
}

/// An async handler of a crew. Its place stays when somebody else has it.
pub(crate) struct Polled {
    pub(crate) member: Member,
    pub(crate) runner: Option<Box<dyn AsyncRunner>>,
}

/// A sync handler that takes events of `S`.
pub(crate) trait Call<S>: SyncRunner {
    /// Calls the handler, and gives its error where it returns one.
    fn call(&mut self, event: &Event<S>) -> Option<BoxError>;
}

struct Called<S> {
    member: Member,
    runner: Option<Box<dyn Call<S>>>,
}

/// The sync handlers of one set of events.
pub(crate) struct Callers<S>(Vec<Called<S>>);

impl<S> Default for Callers<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S: 'static> Callers<S> {
    /// Calls one handler after the other, up to one that returns an error.
    #[inline]
    fn call_from(&mut self, from: usize, event: &mut Event<S>, at: &Gauge) -> Option<BoxError> {
        for (place, called) in self.0.iter_mut().enumerate().skip(from) {
            if let Some(runner) = &mut called.runner {
                at.set(place as u64);
                enter_lane(called.member.lane);
                event.set_through(called.member.subscription);
                if let Some(error) = runner.call(event) {
                    return Some(error);
                }
            }
        }
        None
    }
}

impl<S: 'static> Calls for Callers<S> {
    fn call(&mut self, event: Arc<Stored>, at: &Gauge, troubles: &mut Vec<(usize, Outcome)>) -> Arc<Stored> {
        let mut event: Event<S> = AnyEvent::new(event).assume();
        let mut from = 0;
        // One fence for all of them costs nothing for each; after one that does not end well the rest goes on behind a new one.
        loop {
            at.set(from as u64);
            let ended = catch_unwind(AssertUnwindSafe(|| self.call_from(from, &mut event, at)));
            let outcome = match ended {
                Ok(None) => break,
                Ok(Some(error)) => failed(error),
                Err(panic) => panicked(panic),
            };
            let seat = usize::try_from(at.get()).unwrap_or(usize::MAX);
            troubles.push((seat, outcome));
            from = seat.saturating_add(1);
        }
        event.into_stored()
    }

    fn put(
        &mut self,
        seat: usize,
        member: Member,
        runner: Box<dyn SyncRunner>,
    ) -> Option<Box<dyn SyncRunner>> {
        let mut place = None::<Box<dyn Call<S>>>;
        if let Some(back) = runner.enlist(&mut place) {
            return Some(back);
        }
        match self.0.get_mut(seat) {
            Some(called) => called.runner = place,
            None => self.0.push(Called { member, runner: place }),
        }
        None
    }

    fn take(&mut self, seat: usize) -> Option<Box<dyn SyncRunner>> {
        let runner = self.0.get_mut(seat)?.runner.take()?;
        Some(runner)
    }

    fn has(&self, seat: usize) -> bool {
        self.0.get(seat).is_some_and(|called| called.runner.is_some())
    }

    fn retain(&mut self, keep: &[bool]) {
        let mut seats = keep.iter();
        self.0.retain(|_| seats.next() == Some(&true));
    }
}

impl Team {
    /// A team for handlers like this one.
    pub(crate) fn founded_by(runner: &Runner, at: Arc<Gauge>) -> Self {
        let handlers = match runner {
            Runner::Sync(runner) => Handlers::Sync(runner.team()),
            Runner::Async(_) => Handlers::Async(Vec::new()),
        };
        Self { handlers, at, size: 0, done: 0, troubles: Vec::new() }
    }

    /// Calls the handlers of a sync crew.
    #[inline]
    pub(crate) fn call(&mut self, job: u64, entered: &Entered, event: Arc<Stored>) -> Arc<Stored> {
        let Self { handlers: Handlers::Sync(calls), at, troubles, .. } = self else { return event };
        entered.shift(job);
        let event = calls.call(event, at, troubles);
        at.set(NOBODY);
        event
    }
}

impl Handlers {
    /// Puts a handler into a place, or after the last one. One that does not fit in comes back.
    pub(crate) fn put(&mut self, seat: usize, member: Member, runner: Runner) -> Option<Runner> {
        match (self, runner) {
            (Self::Sync(calls), Runner::Sync(runner)) => calls.put(seat, member, runner).map(Runner::Sync),
            (Self::Async(polled), Runner::Async(runner)) => {
                match polled.get_mut(seat) {
                    Some(place) => place.runner = Some(runner),
                    None => polled.push(Polled { member, runner: Some(runner) }),
                }
                None
            }
            (_, runner) => Some(runner),
        }
    }

    pub(crate) fn take(&mut self, seat: usize) -> Option<Runner> {
        match self {
            Self::Sync(calls) => calls.take(seat).map(Runner::Sync),
            Self::Async(polled) => polled.get_mut(seat)?.runner.take().map(Runner::Async),
        }
    }

    pub(crate) fn has(&self, seat: usize) -> bool {
        match self {
            Self::Sync(calls) => calls.has(seat),
            Self::Async(polled) => polled.get(seat).is_some_and(|polled| polled.runner.is_some()),
        }
    }

    pub(crate) fn retain(&mut self, keep: &[bool]) {
        match self {
            Self::Sync(calls) => calls.retain(keep),
            Self::Async(polled) => {
                let mut seats = keep.iter();
                polled.retain(|_| seats.next() == Some(&true));
            }
        }
    }
}
