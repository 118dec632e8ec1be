//! The task that runs an async handler when nobody polls it in place: it goes on with the backlog until nothing waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::dispatch::lane::{LaneInfo, State};
use crate::dispatch::order::Next;
use crate::dispatch::run::after::let_go;
use crate::dispatch::run::backlog;
use crate::dispatch::run::context::{Entered, JobRef};
use crate::dispatch::run::desk::{Desk, Hire};
use crate::dispatch::run::place::Place;
use crate::dispatch::run::runner::{AsyncRunner, Outcome, Runner, Trouble};
use crate::dispatch::slab::Key;
use crate::dispatch::{Core, Order};
use crate::event::AnyEvent;
use crate::sync::{Instant, Ordering, Sleep, sleep_until};

/// After this many events in a row a driver lets others of its runtime run.
pub(super) const TURNS: u32 = 64;

/// Runs one async handler, one event after the other.
pub(crate) struct Driver {
    pub(super) info: Arc<LaneInfo>,
    lane: Key,
    /// Between two events it has none, and so keeps no bus alive.
    pub(super) work: Option<Work>,
    pub(super) place: Place,
    turns: u32,
    /// Whether the subscription had ended when the place was taken: what has not begun then does not begin.
    ended: bool,
}

/// One event at work in an async handler.
pub(crate) struct Work {
    core: Arc<Core>,
    job: u64,
    pub(super) runner: Box<dyn AsyncRunner>,
    event: AnyEvent,
    ticket: Option<Key>,
    /// Whether the handler was called already.
    pub(super) started: bool,
    /// When it was first polled, where there is a timeout of which there is no timer yet.
    began: Option<Instant>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Driver {
    /// The driver of a handler, which stays with it between two events: the one that it has, or a new one. What it is at is written where it stays.
    #[inline]
    pub(super) fn of(
        core: &Arc<Core>,
        info: &Arc<LaneInfo>,
        at: JobRef,
        mut runner: Box<dyn AsyncRunner>,
        event: AnyEvent,
        ticket: Option<Key>,
    ) -> Box<Self> {
        let known = runner.hire().as_mut().and_then(Hire::call_up);
        let mut driver = known.unwrap_or_else(|| Self::new(info, at.lane));
        let (core, job) = (Arc::clone(core), at.job);
        driver.work =
            Some(Work { core, job, runner, event, ticket, started: false, began: None, deadline: None });
        driver.turns = 0;
        driver
    }

    fn new(info: &Arc<LaneInfo>, lane: Key) -> Box<Self> {
        let info = Arc::clone(info);
        Box::new(Self { info, lane, work: None, place: Place::None, turns: 0, ended: false })
    }

    /// Goes on with a handler that was polled already.
    pub(super) fn goes_on(&mut self, began: Option<Instant>, place: Place) {
        self.place = place;
        if let Some(work) = &mut self.work {
            (work.started, work.began) = (true, began);
        }
    }

    /// Ends the event at work, and takes up what is next: another handler that waits for its place, or this one's next event.
    fn next(mut self: Box<Self>, outcome: &Outcome) -> Option<Box<Self>> {
        let Work { core, job, mut runner, event, ticket, .. } = self.work.take()?;
        runner.clear();
        let (lane, turns) = (self.lane, self.turns);
        // Where it lets others run it holds no place, and what it has not begun may still be dropped.
        let rests = turns.is_multiple_of(TURNS);
        let mut place = std::mem::replace(&mut self.place, Place::None);
        let (mut next, mut heir) = (None, None);
        core.step(|order, after| {
            order.settle(lane, ticket, outcome, &event, after);
            if !rests {
                heir = self.heir(order, &mut place, &mut runner);
            }
            if let Some(hire) = runner.hire() {
                hire.put_back(self);
            }
            let tick = core.ticks.load(Ordering::Relaxed);
            let more = order.finish(lane, job, Runner::Async(runner), tick, after);
            // A long backlog must not keep others from their place: they take turns, event by event.
            if more.is_none() || rests || order.places.is_contended() {
                after.wakers.extend(order.places.give(&mut place));
            }
            // Mostly there is none, and to pass that on costs more than to find it.
            if let Some(more) = more {
                if let Some(running) = order.lanes.get_mut(lane).and_then(|lane| lane.running_mut(more.job)) {
                    running.begun = place == Place::Held;
                }
                next = Some(more);
            }
        });
        let_go(event);
        let mut driver = match heir {
            Some(heir) => {
                if let Some(next) = next {
                    backlog::go_on(&core, lane, next);
                }
                heir
            }
            None => Self::with(&core, lane, next?, place)?,
        };
        driver.turns = turns;
        Some(driver)
    }

    /// A handler's next event, which it begins with the place of the one before if that was not given away.
    fn with(core: &Arc<Core>, lane: Key, next: Next, place: Place) -> Option<Box<Self>> {
        let Next { runner: Runner::Async(runner), job, queued, info } = next else { return None };
        let mut driver = Self::of(core, &info, JobRef { lane, job }, runner, queued.event, queued.ticket);
        driver.place = place;
        Some(driver)
    }

    /// Who waits for a place first gets this one, and this task with it, in exchange for the task that it has: so nobody is woken.
    fn heir(
        &self,
        order: &mut Order,
        place: &mut Place,
        runner: &mut Box<dyn AsyncRunner>,
    ) -> Option<Box<Self>> {
        let mut heir = order.places.heir(place, |heir| heir.info.runs_on() == self.info.runs_on())?;
        heir.place = Place::Held;
        let work = heir.work.as_mut()?;
        if let (Some(hire), Some(own)) = (work.runner.hire(), runner.hire()) {
            hire.exchange(own);
        }
        heir.ended = order.goes_on(heir.lane, work.job, Place::Held);
        Some(heir)
    }

    /// Takes a place, or joins the queue for one.
    fn hold_place(&mut self, desk: &Arc<Desk>, context: &Context<'_>) -> bool {
        if self.place != Place::Held
            && let Some(work) = &self.work
        {
            desk.listen(context);
            let mut order = work.core.lock();
            order.places.take(&mut self.place, desk);
            self.ended = order.goes_on(self.lane, work.job, self.place);
        }
        self.place == Place::Held
    }

    fn give_place(&mut self) {
        let Self { work: Some(work), place, .. } = self else { return };
        work.core.step(|order, after| after.wakers.extend(order.places.give(place)));
    }

    /// Calls the handler if it was not called yet, and polls it.
    fn poll_handler(&mut self, context: &mut Context<'_>) -> Poll<Trouble> {
        let Some(work) = self.work.as_mut().filter(|work| work.started || !self.ended) else {
            return Poll::Ready(Some(Box::new(Outcome::Dropped)));
        };
        let entered = Entered::new(&work.core, &work.event);
        entered.job(JobRef { lane: self.lane, job: work.job }, false);
        let polled = if work.started {
            work.runner.poll(context)
        } else {
            work.started = true;
            work.began = self.info.timeout.map(|_| Instant::now());
            work.runner.begin(&work.event, self.info.id, context)
        };
        let waits = polled.is_pending() && entered.waits();
        drop(entered);
        if waits {
            self.give_place();
        }
        polled
    }

    /// Goes on until nothing is left to do, or its handler waits: then it comes back.
    pub(super) fn poll(self: Box<Self>, desk: &Arc<Desk>, context: &mut Context<'_>) -> Option<Box<Self>> {
        let mut driver = self;
        let waits = loop {
            let outcome = if driver.is_late(context) {
                Outcome::TimedOut
            } else if !driver.hold_place(desk, context) {
                break Some(driver);
            } else {
                match driver.poll_handler(context) {
                    Poll::Ready(trouble) => trouble.map_or(Outcome::Handled, |outcome| *outcome),
                    Poll::Pending if driver.is_late(context) => Outcome::TimedOut,
                    Poll::Pending => break Some(driver),
                }
            };
            driver.turns += 1;
            let rests = driver.turns.is_multiple_of(TURNS);
            match driver.next(&outcome) {
                Some(next) => driver = next,
                None => break None,
            }
            if rests {
                context.waker().wake_by_ref();
                break Some(driver);
            }
        };
        backlog::run_later();
        waits
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let Some(work) = &mut self.work else { return false };
        if let (Some(began), Some(timeout)) = (work.began.take(), self.info.timeout) {
            // A time that never comes is none.
            let deadline = began.checked_add(timeout);
            work.deadline = deadline.map(|deadline| Box::pin(sleep_until(deadline)));
        }
        work.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(context).is_ready())
    }
}

impl Order {
    /// Notes that a handler goes on, or begins, where it has its place. Gives whether it must not begin, because its subscription has ended.
    fn goes_on(&mut self, lane: Key, job: u64, place: Place) -> bool {
        let found = self.lanes.get_mut(lane);
        let over = found.as_ref().is_none_or(|lane| lane.state == State::Ended);
        let running = found.and_then(|lane| lane.running_mut(job));
        let ended = over && !running.as_ref().is_some_and(|running| running.begun);
        if place == Place::Held
            && let Some(running) = running
        {
            running.awaits_event = false;
            running.begun |= !ended;
        }
        ended
    }
}

/// A driver is dropped unfinished when its runtime is shut down: nothing can run its handler any more, so the subscription ends, and all of that is counted.
impl Drop for Driver {
    fn drop(&mut self) {
        let Some(Work { core, job, mut runner, event, ticket, .. }) = self.work.take() else { return };
        runner.clear();
        let (lane, place) = (self.lane, &mut self.place);
        core.step(|order, after| {
            after.wakers.extend(order.places.give(place));
            order.settle(lane, ticket, &Outcome::Dropped, &event, after);
            order.end(lane, after);
            order.finish(lane, job, Runner::Async(runner), 0, after);
        });
        let_go(event);
    }
}
