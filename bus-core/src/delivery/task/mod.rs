//! Async handlers, and the task that runs one when nobody polls it in place.
//!
//! A handler that is not ready at once is run by a task on its own runtime. The task stays parked
//! for as long as the handler lives, so that an event need not start one. Between two events it
//! knows nothing of the bus: so it keeps no bus alive, and ends when the handler is dropped.

mod batch;
mod claim;
mod closure;
mod polling;
mod slot;

pub(crate) use closure::{AsyncClosure, AsyncRunner};
pub(crate) use polling::{block, kept, unkeep};
pub(crate) use slot::Slot;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::delivery::context::{self, Entered, JobRef, Node};
use crate::delivery::core::Core;
use crate::delivery::effects::drop_event;
use crate::delivery::group::{Claimed, Phase};
use crate::delivery::observe::Stopwatch;
use crate::delivery::outcome::{Failure, Outcome};
use crate::delivery::panic::drop_each;
use crate::delivery::permits::Permit;
use crate::delivery::run::{self, Next};
use crate::delivery::state::State;
use crate::delivery::subscription::Info;
use crate::event::Stored;
use crate::sync::{Id, Instant, Sleep, sleep_until};

/// After this many events in a row a task lets others of its runtime run.
const TURNS: u32 = 64;

/// An async handler. Whoever holds it has the right to run it.
pub(crate) struct Handler {
    pub(crate) info: Arc<Info>,
    runner: Box<dyn AsyncRunner>,
    /// Its group, and the event that it is claimed for.
    at: JobRef,
    /// The runtime that it belongs to.
    runtime: Option<Id>,
    /// Whether its event is polled in place first.
    in_place: bool,
    /// The filter is to be asked before the handler is called.
    ask: bool,
    /// Whether the handler was called.
    started: bool,
    /// The result of polling it in place.
    polled: Poll<Failure>,
    permit: Permit,
    /// When it was first polled, while there is a timeout without a timer yet.
    began: Option<Instant>,
    watch: Stopwatch,
    /// Where its parked task is found, once it has one.
    slot: Option<Arc<Slot>>,
    /// The event, where a task runs it.
    work: Option<Work>,
    turns: u32,
}

/// Async handlers, each in its own box.
pub(crate) type Handlers = Vec<Box<Handler>>;

/// One event at work in an async handler that a task runs.
struct Work {
    core: Arc<Core>,
    event: Arc<Stored>,
    /// Whether its thread is recorded as its holder: it took the event up and has foreign code of
    /// the event before to run.
    on_stack: bool,
    /// Whether its subscription had ended before it began.
    ended: bool,
    /// The last event of a batch, where that is not the first one. It is the cause of what the
    /// handler emits.
    last: Option<Arc<Stored>>,
    linger: Linger,
    deadline: Option<Pin<Box<Sleep>>>,
    /// The tick since which its handler is at work in the task, where the watch limits its time;
    /// 0 before.
    since: u64,
}

/// How far a batch handler has come that waits for more events before it begins.
#[derive(Default)]
enum Linger {
    #[default]
    Unasked,
    Until(Pin<Box<Sleep>>),
    Over,
}

impl Work {
    /// The event that causes what the handler emits.
    fn cause(&self) -> &Arc<Stored> {
        self.last.as_ref().unwrap_or(&self.event)
    }
}

impl Handler {
    /// Takes a permit, or joins the queue for one.
    fn take_permit(&mut self, context: &Context<'_>) -> bool {
        let (Some(work), Some(slot)) = (&mut self.work, &self.slot) else { return true };
        if self.permit.allows() {
            return true;
        }
        slot.listen(context);
        let core = Arc::clone(&work.core);
        let mut woken = None;
        {
            let mut state = core.lock();
            if self.info.dedicated {
                self.permit = Permit::Exempt;
            } else {
                state.permits.take(&mut self.permit, self.at.group, slot);
            }
            work.on_stack = false;
            work.ended = state.go_on(self.at, self.permit.allows(), &core);
            if work.ended && !self.started && !self.permit.allows() {
                // Its event is dropped, which takes no permit.
                woken = state.permits.give(&mut self.permit);
            }
        }
        drop_each(woken);
        self.permit.allows() || (work.ended && !self.started)
    }

    /// Calls the handler if it was not called yet, and polls it.
    fn poll_handler(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        let Some(work) = &self.work else { return Poll::Ready(None) };
        if work.ended && !self.started {
            return Poll::Ready(Some(Box::new(Outcome::Dropped)));
        }
        let (core, event) = (Arc::clone(&work.core), Arc::clone(&work.event));
        self.gather(&core, &event);
        let cause = self.work.as_ref().map_or(&event, Work::cause);
        let entered = Entered::handlers(&core, cause, context::root_of(cause));
        entered.poll_async(self.at, context.waker());
        let polled =
            if self.started { self.runner.poll(None, context) } else { self.begin(&core, &event, context) };
        let waits = polled.is_pending() && entered.waits();
        drop(entered);
        self.regain(&core);
        if waits {
            core.step(|state, effects| {
                effects.wake(state.permits.give(&mut self.permit));
                state.set_phase(self.at, Phase::Waiting);
            });
        }
        if polled.is_pending() {
            self.leave_stack();
        }
        polled
    }

    /// Takes its permit back as a debt, if the thread was blocked in the middle of this poll.
    fn regain(&self, core: &Arc<Core>) {
        if polling::was_blocked() {
            core.step(|state, effects| {
                state.regain(self.at, self.permit.allows());
                state.leave_thread(self.at, effects);
            });
        }
    }

    /// Records that its thread does not hold it any more.
    fn leave_stack(&mut self) {
        if let Some(work) = &mut self.work
            && std::mem::take(&mut work.on_stack)
        {
            work.core.lock().leave_stack(Node::Job(self.at));
        }
    }

    /// Whether the filter of an event that was queued unasked rejects it.
    fn is_unwanted(&mut self) -> bool {
        let Some(work) = self.work.as_ref().filter(|_| std::mem::take(&mut self.ask)) else { return false };
        !super::prepare::wants(&work.core, &self.info.predicates, &work.event)
    }

    /// Goes on until nothing is left to do, or the handler waits: then it comes back.
    fn poll(self: Box<Self>, context: &mut Context<'_>) -> Option<Box<Self>> {
        let mut handler = self;
        let left = loop {
            let outcome = if handler.is_late(context) {
                Some(Outcome::TimedOut)
            } else if handler.lingers(context) || !handler.take_permit(context) {
                break Some(handler);
            } else if handler.is_unwanted() {
                None
            } else {
                match handler.poll_handler(context) {
                    Poll::Ready(failure) => Some(failure.map_or(Outcome::Handled, |outcome| *outcome)),
                    Poll::Pending if handler.is_late(context) => Some(Outcome::TimedOut),
                    Poll::Pending => break Some(handler),
                }
            };
            handler.turns += 1;
            let rests = handler.turns.is_multiple_of(TURNS);
            match handler.finish(outcome, rests) {
                Some(next) => handler = next,
                None => break None,
            }
            if rests {
                handler.leave_stack();
                context.waker().wake_by_ref();
                break Some(handler);
            }
        };
        run::end_of_stack();
        if let Some((handler, work)) = left.as_ref().and_then(|left| Some((left, left.work.as_ref()?))) {
            handler.regain(&work.core);
        }
        left
    }

    /// Drops a future that is not done. What that publishes is caused by its event.
    fn clear(&mut self, core: &Core, event: &Arc<Stored>) {
        let _frame = Entered::callback(core, Some(event));
        self.runner.clear();
    }

    /// Ends the event at work, and takes up the next one that waits.
    fn finish(mut self: Box<Self>, outcome: Option<Outcome>, rests: bool) -> Option<Box<Self>> {
        let Work { core, event, last, .. } = self.work.take()?;
        // Only a handler that is late leaves a future.
        if outcome == Some(Outcome::TimedOut) {
            self.clear(&core, last.as_ref().unwrap_or(&event));
        }
        self.watch.handler_done(&core, &event, &self.info, outcome.as_ref());
        self.regain(&core);
        let (mut permit, turns) = (std::mem::take(&mut self.permit), self.turns);
        let mut next = None;
        let lingers = self.info.lingers();
        core.step_of(&event, |state, effects| {
            next = if last.is_some() {
                state.settle_async(self, &event, outcome, None, context::thread(), effects)
            } else {
                state.finish_async(self, &event, outcome, None, context::thread(), effects)
            };
            // A long queue must not keep others from their permit: they take turns, event by event.
            // Where it lets others run it holds no permit, and what has not begun may be dropped.
            if next.is_none() || rests || lingers || state.permits.is_contended() {
                effects.wake(state.permits.give(&mut permit));
            }
            let at = next.as_ref().map(Next::at);
            if let Some(at) = at {
                polling::go_on(at);
            }
            if let Some(running) = at.and_then(|at| state.running_mut(at)) {
                running.since = core.tick();
                if permit.allows() {
                    running.phase = Phase::Active;
                }
            }
        });
        drop_event(&core, event);
        let Next { claimed: Claimed::Async(mut handler), queued, .. } = next? else { return None };
        handler.take_up(&core, queued);
        (handler.permit, handler.turns) = (permit, turns);
        handler.work.iter_mut().for_each(|work| work.on_stack = true);
        Some(handler)
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let Some(work) = &mut self.work else { return false };
        if self.info.watched {
            if self.started && work.since == 0 {
                work.since = work.core.tick();
            }
            return self.started && work.core.is_late(work.since);
        }
        if let (Some(began), Some(timeout)) = (self.began.take(), self.info.timeout) {
            // A time that never comes is none.
            let deadline = began.checked_add(timeout);
            work.deadline = deadline.map(|deadline| Box::pin(sleep_until(deadline)));
        }
        work.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(context).is_ready())
    }

    /// The tick since which it is at work on an event, for the watch; 0 if that has no limit.
    fn since(&self) -> u64 {
        self.work.as_ref().map_or(0, |work| work.since)
    }
}

/// Its parked task ends. A handler that is dropped at work was on a runtime that is shut down:
/// nothing can run it any more, so its subscription ends, and all of that is counted.
impl Drop for Handler {
    fn drop(&mut self) {
        if let Some(Work { core, event, last, .. }) = self.work.take() {
            // Its drop may block this thread.
            core.step(|state, effects| {
                effects.wake(state.permits.give(&mut self.permit));
                state.hold(self.at);
            });
            self.clear(&core, last.as_ref().unwrap_or(&event));
            self.watch.handler_done(&core, &event, &self.info, Some(&Outcome::Dropped));
            core.step_of(&event, |state, effects| state.lose_handler(self.at, &event, effects));
            drop_event(&core, event);
        }
        if let Some(slot) = self.slot.take() {
            slot.close();
        }
    }
}

impl State {
    /// Notes that a handler goes on, or begins, where it has its permit. Returns whether it must
    /// not begin, because its subscription has ended.
    fn go_on(&mut self, at: JobRef, held: bool, core: &Core) -> bool {
        let tick = core.tick();
        let ended = self.groups.get(at.group).is_none_or(|group| group.live == 0);
        let Some(running) = self.running_mut(at) else { return ended };
        running.thread = 0;
        let ended = ended && !running.has_begun();
        if !held {
            if running.has_begun() {
                running.phase = Phase::Permit;
            }
            return ended;
        }
        if !ended {
            running.phase = Phase::Active;
            running.since = tick;
        }
        let node = running.node(at.group);
        self.event_came(node);
        ended
    }

    pub(crate) fn set_phase(&mut self, at: JobRef, phase: Phase) {
        if let Some(running) = self.running_mut(at) {
            running.phase = phase;
        }
    }

    /// A thread goes on that was blocked while it polled a handler: the handler takes the permit
    /// back that it held.
    pub(crate) fn regain(&mut self, at: JobRef, held: bool) {
        self.graph.unlink(context::thread(), at);
        if let Some(running) = self.running_mut(at)
            && held
            && running.phase == Phase::Waiting
        {
            running.phase = Phase::Active;
            if self.groups.get(at.group).is_some_and(|group| !group.dedicated) {
                self.permits.take_back();
            }
        }
    }
}
