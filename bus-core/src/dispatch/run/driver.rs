//! The task that runs an async handler when nobody polls it in place: it goes on with the backlog until nothing waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep};

use crate::dispatch::Core;
use crate::dispatch::lane::{LaneInfo, State};
use crate::dispatch::run::after::let_go;
use crate::dispatch::run::backlog;
use crate::dispatch::run::context::{Entered, JobRef};
use crate::dispatch::run::desk::{self, Hire};
use crate::dispatch::run::place::Place;
use crate::dispatch::run::runner::{AsyncRunner, Outcome, Runner};
use crate::dispatch::slab::Key;
use crate::event::AnyEvent;
use crate::sync::Ordering;

/// After this many events in a row a driver lets others of its runtime run.
pub(super) const TURNS: u32 = 64;

/// Runs one async handler, one event after the other.
pub(crate) struct Driver {
    core: Arc<Core>,
    info: Arc<LaneInfo>,
    lane: Key,
    work: Option<Work>,
    place: Place,
    turns: u32,
    /// Whether the subscription had ended when the place was taken: what has not begun then does not begin.
    ended: bool,
}

/// One event at work in an async handler.
pub(crate) struct Work {
    pub(crate) job: u64,
    pub(crate) runner: Box<dyn AsyncRunner>,
    pub(crate) event: AnyEvent,
    pub(crate) ticket: Option<Key>,
    /// Whether the handler was called already.
    pub(crate) started: bool,
    pub(crate) deadline: Option<Pin<Box<Sleep>>>,
}

impl Driver {
    /// Runs a handler on its own runtime: on what it is at, and then on whatever waits for it. `began` is when it was first polled.
    pub(crate) fn start(
        core: &Arc<Core>,
        info: Arc<LaneInfo>,
        lane: Key,
        mut work: Work,
        place: Place,
        began: Option<Instant>,
    ) {
        let Some(runtime) = &info.runtime else { return };
        if let (Some(began), Some(timeout)) = (began, info.timeout) {
            let _runtime = runtime.enter();
            // A publish is in the middle of its step here, so this must not panic: a time that never comes is none.
            let deadline = began.checked_add(timeout);
            work.deadline = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        }
        let desk = work.runner.hire().as_ref().map(Hire::desk);
        let driver =
            Self { core: Arc::clone(core), info, lane, work: Some(work), place, turns: 0, ended: false };
        let left = match desk {
            Some(desk) => desk.give(driver),
            None => Some(driver),
        };
        if let Some(driver) = left {
            driver.hire();
        }
    }

    /// Starts a task for its handler, which stays for the events to come.
    fn hire(mut self) {
        let Some(runtime) = self.info.runtime.clone() else { return };
        let (hire, task) = desk::hire();
        let desk = hire.desk();
        let before = self.work.as_mut().and_then(|work| work.runner.hire().replace(hire));
        drop(before);
        drop(desk.give(self));
        drop(runtime.spawn(task));
    }

    /// Ends the event at work, and takes up the next one. Gives whether there is one.
    fn next(&mut self, outcome: &Outcome) -> bool {
        let Some(Work { job, mut runner, event, ticket, .. }) = self.work.take() else { return false };
        runner.clear();
        let core = &self.core;
        // Where it lets others run it holds no place, and what it has not begun may still be dropped.
        let rests = (self.turns + 1).is_multiple_of(TURNS);
        let (lane, place) = (self.lane, &mut self.place);
        let next = core.step(|order, after| {
            order.settle(lane, ticket, outcome, event.kind(), after);
            let tick = core.ticks.load(Ordering::Relaxed);
            let next = order.finish(lane, job, Runner::Async(runner), tick, after);
            // A long backlog must not keep others from their place: they take turns, event by event.
            if next.is_none() || rests || order.places.is_contended() {
                after.wakers.extend(order.places.give(place));
            }
            if let Some(running) =
                next.as_ref().and_then(|next| order.lanes.get_mut(lane)?.running_mut(next.job))
            {
                running.begun = *place == Place::Held;
            }
            next
        });
        let_go(event);
        let Some(next) = next else { return false };
        let Runner::Async(runner) = next.runner else { return false };
        self.work = Some(Work {
            job: next.job,
            runner,
            event: next.queued.event,
            ticket: next.queued.ticket,
            started: false,
            deadline: None,
        });
        true
    }

    /// Takes a place, or joins the queue for one.
    fn hold_place(&mut self, context: &Context<'_>) -> bool {
        if self.place == Place::Held {
            return true;
        }
        let (lane, place, ended) = (self.lane, &mut self.place, &mut self.ended);
        let job = self.work.as_ref().map(|work| work.job);
        self.core.step(|order, after| {
            after.wakers.extend(order.places.take(place, context.waker()));
            let found = order.lanes.get_mut(lane);
            let over = found.as_ref().is_none_or(|lane| lane.state == State::Ended);
            let running = found.zip(job).and_then(|(lane, job)| lane.running_mut(job));
            *ended = over && !running.as_ref().is_some_and(|running| running.begun);
            if *place == Place::Held
                && let Some(running) = running
            {
                running.awaits_event = false;
                running.begun |= !*ended;
            }
        });
        self.place == Place::Held
    }

    fn give_place(&mut self) {
        let place = &mut self.place;
        self.core.step(|order, after| after.wakers.extend(order.places.give(place)));
    }

    /// Calls the handler if it was not called yet, and polls it.
    fn poll_handler(&mut self, context: &mut Context<'_>) -> Poll<Outcome> {
        let Some(work) = self.work.as_mut().filter(|work| work.started || !self.ended) else {
            return Poll::Ready(Outcome::Dropped);
        };
        let entered = Entered::new(&self.core, &work.event);
        entered.job(JobRef { lane: self.lane, job: work.job }, false);
        let polled = if work.started {
            work.runner.poll(context)
        } else {
            work.started = true;
            work.deadline = self.info.timeout.map(|timeout| Box::pin(tokio::time::sleep(timeout)));
            work.runner.begin(work.event.clone().through(self.info.id), context)
        };
        let waits = polled.is_pending() && entered.waits();
        drop(entered);
        if waits {
            self.give_place();
        }
        polled
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let deadline = self.work.as_mut().and_then(|work| work.deadline.as_mut());
        deadline.is_some_and(|deadline| deadline.as_mut().poll(context).is_ready())
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let done = loop {
            if this.is_late(context) {
                if this.next(&Outcome::TimedOut) {
                    continue;
                }
                break true;
            }
            if !this.hold_place(context) {
                break false;
            }
            match this.poll_handler(context) {
                Poll::Pending if this.is_late(context) => {
                    if !this.next(&Outcome::TimedOut) {
                        break true;
                    }
                }
                Poll::Pending => break false,
                Poll::Ready(outcome) => {
                    if !this.next(&outcome) {
                        break true;
                    }
                }
            }
            this.turns += 1;
            if this.turns.is_multiple_of(TURNS) {
                context.waker().wake_by_ref();
                break false;
            }
        };
        backlog::run_later();
        if done { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A driver is dropped unfinished when its runtime is shut down: nothing can run its handler any more, so the subscription ends, and all of that is counted.
impl Drop for Driver {
    fn drop(&mut self) {
        let Some(Work { job, mut runner, event, ticket, .. }) = self.work.take() else { return };
        runner.clear();
        let (lane, place) = (self.lane, &mut self.place);
        self.core.step(|order, after| {
            after.wakers.extend(order.places.give(place));
            order.settle(lane, ticket, &Outcome::Dropped, event.kind(), after);
            order.end(lane, after);
            order.finish(lane, job, Runner::Async(runner), 0, after);
        });
        let_go(event);
    }
}
