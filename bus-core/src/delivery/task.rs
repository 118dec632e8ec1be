//! Async handlers, and the task that runs one when nobody polls it in place.
//!
//! A handler that is not ready at once is run by a task on its own runtime. The task stays parked
//! for as long as the handler lives, so that an event need not start one. Between two events it
//! knows nothing of the bus: so it keeps no bus alive, and ends when the handler is dropped.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::delivery::Core;
use crate::delivery::context::{self, Entered, JobRef, Node};
use crate::delivery::effects::{Effects, drop_event};
use crate::delivery::group::{Claimed, Phase};
use crate::delivery::observe::Stopwatch;
use crate::delivery::outcome::{Failure, HandlerResult, Outcome, failure};
use crate::delivery::panic::{catch_panic, drop_each};
use crate::delivery::permits::Permit;
use crate::delivery::run::{self, Next};
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::Info;
use crate::event::{AnyEvent, Event, Stored, SubscriptionId};
use crate::sync::{Instant, Mutex, Sleep, failpoint, sleep_until};

/// After this many events in a row a task lets others of its runtime run.
const TURNS: u32 = 64;

/// A closure that returns a future, with a slot for that future which is used for one event after
/// the other.
pub(crate) trait AsyncRunner: Send {
    /// Calls the handler with an event that came through its subscription, and polls its future.
    fn begin(&mut self, event: &Arc<Stored>, id: SubscriptionId, context: &mut Context<'_>) -> Poll<Failure>;
    /// Polls the future that `begin` made.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Failure>;
    /// Drops that future.
    fn clear(&mut self);
}

pub(crate) struct AsyncClosure<F, Fut, S> {
    closure: Arc<F>,
    future: Pin<Box<Option<Fut>>>,
    set: std::marker::PhantomData<fn(S)>,
}

impl<F, Fut, S> AsyncClosure<F, Fut, S> {
    pub(crate) fn new(closure: Arc<F>) -> Self {
        Self { closure, future: Box::pin(None), set: std::marker::PhantomData }
    }
}

impl<F, Fut, S> AsyncClosure<F, Fut, S>
where
    F: Fn(Event<S>) -> Fut,
    Fut: Future,
    Fut::Output: HandlerResult,
{
    #[inline]
    fn run(
        &mut self,
        event: Option<(&Arc<Stored>, SubscriptionId)>,
        context: &mut Context<'_>,
    ) -> Poll<Failure> {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if let Some((event, id)) = event {
                let event = AnyEvent::of(event).through(id);
                self.future.set(Some((self.closure)(event.assume())));
            }
            self.future.as_mut().as_pin_mut().map(|future| future.poll(context))
        }));
        let result = match polled {
            Ok(Some(Poll::Pending)) => return Poll::Pending,
            Ok(None) => return Poll::Ready(Some(Box::new(Outcome::Dropped))),
            Ok(Some(Poll::Ready(result))) => Ok(result.into_result()),
            Err(panic) => Err(panic),
        };
        self.drop_future();
        Poll::Ready(failure(result))
    }

    /// The slot is empty afterwards, also where the drop panics.
    #[inline]
    fn drop_future(&mut self) {
        let slot = self.future.as_mut();
        catch_panic(move || Pin::set(&mut { slot }, None));
    }
}

impl<F, Fut, S> AsyncRunner for AsyncClosure<F, Fut, S>
where
    F: Fn(Event<S>) -> Fut + Send + Sync,
    Fut: Future + Send,
    Fut::Output: HandlerResult,
{
    fn begin(&mut self, event: &Arc<Stored>, id: SubscriptionId, context: &mut Context<'_>) -> Poll<Failure> {
        self.run(Some((event, id)), context)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        self.run(None, context)
    }

    fn clear(&mut self) {
        self.drop_future();
    }
}

/// An async handler. Whoever holds it has the right to run it.
pub(crate) struct Handler {
    pub(crate) info: Arc<Info>,
    pub(crate) runner: Box<dyn AsyncRunner>,
    group: Key,
    /// Where its parked task is found, once it has one.
    slot: Option<Arc<Slot>>,
    /// The event that a task runs it on.
    work: Option<Work>,
    turns: u32,
}

/// One event at work in an async handler that a task runs.
struct Work {
    core: Arc<Core>,
    job: u64,
    event: Arc<Stored>,
    /// The filter is to be asked before the handler is called.
    ask: bool,
    /// Whether the handler was called.
    started: bool,
    permit: Permit,
    /// Whether its thread is recorded as its holder: it took the event up and has foreign code of
    /// the event before to run.
    on_stack: bool,
    /// Whether its subscription had ended before it began.
    ended: bool,
    /// When it was first polled, while there is a timeout without a timer yet.
    began: Option<Instant>,
    deadline: Option<Pin<Box<Sleep>>>,
    watch: Stopwatch,
}

/// A handler that was polled in place and is not done.
pub(crate) struct Started {
    pub(crate) permit: Permit,
    pub(crate) began: Option<Instant>,
    pub(crate) watch: Stopwatch,
}

impl Handler {
    pub(crate) fn new(info: &Arc<Info>, runner: Box<dyn AsyncRunner>, group: Key) -> Box<Self> {
        Box::new(Self { info: Arc::clone(info), runner, group, slot: None, work: None, turns: 0 })
    }

    /// Puts it to work on an event in its task.
    pub(crate) fn assign(
        &mut self,
        core: &Arc<Core>,
        job: u64,
        event: Arc<Stored>,
        ask: bool,
        started: Option<Started>,
    ) {
        let begins = started.is_some();
        let Started { permit, began, watch } =
            started.unwrap_or(Started { permit: Permit::None, began: None, watch: Stopwatch::default() });
        let core = Arc::clone(core);
        self.turns = 0;
        self.work = Some(Work {
            core,
            job,
            event,
            ask,
            started: begins,
            permit,
            on_stack: false,
            ended: false,
            began,
            deadline: None,
            watch,
        });
    }

    /// Leaves itself in the slot of its task, which is woken unless it must wait for a permit.
    /// Where there is no task, or its runtime is gone, it is put on the list of those to be
    /// spawned.
    #[expect(clippy::vec_box, reason = "a handler stays in its box")]
    pub(crate) fn hand_over(
        mut self: Box<Self>,
        state: &mut State,
        spawn: &mut Vec<Box<Self>>,
        effects: &mut Effects,
    ) {
        let slot = self.slot.clone();
        let mut waits = false;
        if let (Some(slot), Some(work)) = (&slot, &mut self.work) {
            // A free permit is taken when the task comes to it: until then an end of the
            // subscription drops the event.
            if !work.started {
                state.permits.queue(&mut work.permit, self.group, slot);
            }
            waits = matches!(work.permit, Permit::Waits(_));
        }
        let mut handler = Some(self);
        if let Some(slot) = &slot {
            effects.wake(slot.give(&mut handler, !waits));
        }
        if let Some(mut left) = handler {
            // A new task waits in a slot of its own.
            if let Some(work) = left.work.as_mut().filter(|_| waits) {
                effects.wake(state.permits.give(&mut work.permit));
            }
            spawn.push(left);
        }
    }

    /// Starts a task for it, which stays for the events to come.
    pub(crate) fn spawn(mut self: Box<Self>) {
        let Some(runtime) = self.info.runtime.clone() else { return };
        let slot = Arc::<Slot>::default();
        let before = self.slot.replace(Arc::clone(&slot));
        drop(before);
        slot.give(&mut Some(self), true);
        drop(runtime.spawn(ParkedTask { slot, handler: None }));
    }

    fn job(&self) -> Option<JobRef> {
        Some(JobRef { group: self.group, job: self.work.as_ref()?.job })
    }

    /// Takes a permit, or joins the queue for one.
    fn take_permit(&mut self, slot: &Arc<Slot>, context: &Context<'_>) -> bool {
        let at = self.job();
        let (Some(work), Some(at)) = (&mut self.work, at) else { return true };
        if work.permit == Permit::Held {
            return true;
        }
        slot.listen(context);
        let core = Arc::clone(&work.core);
        let mut woken = None;
        {
            let mut state = core.lock();
            state.permits.take(&mut work.permit, at.group, slot);
            work.on_stack = false;
            work.ended = state.go_on(at, work.permit == Permit::Held, &core);
            if work.ended && !work.started && work.permit != Permit::Held {
                // Its event is dropped, which takes no permit.
                woken = state.permits.give(&mut work.permit);
            }
        }
        drop_each(woken);
        work.permit == Permit::Held || (work.ended && !work.started)
    }

    /// Calls the handler if it was not called yet, and polls it.
    fn poll_handler(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        let Some(at) = self.job() else { return Poll::Ready(None) };
        let Self { info, runner, work: Some(work), .. } = self else { return Poll::Ready(None) };
        if work.ended && !work.started {
            return Poll::Ready(Some(Box::new(Outcome::Dropped)));
        }
        let entered = Entered::handlers(&work.core, &work.event, context::root_of(&work.event));
        entered.poll_async(at);
        let polled = if work.started {
            runner.poll(context)
        } else {
            work.started = true;
            work.began = info.timeout.map(|_| Instant::now());
            work.watch = Stopwatch::new(&work.core);
            runner.begin(&work.event, info.id, context)
        };
        let (waits, blocked) = (polled.is_pending() && entered.waits(), entered.was_blocked());
        drop(entered);
        if blocked {
            work.core.lock().end_block(at);
        }
        if waits {
            work.core.step(|state, effects| {
                effects.wake(state.permits.give(&mut work.permit));
                state.set_phase(at, Phase::Waiting);
            });
        }
        if polled.is_pending() {
            self.leave_stack();
        }
        polled
    }

    /// Records that its thread does not hold it any more.
    fn leave_stack(&mut self) {
        let at = self.job();
        if let (Some(at), Some(work)) = (at, &mut self.work)
            && std::mem::take(&mut work.on_stack)
        {
            work.core.lock().leave_stack(Node::Job(at));
        }
    }

    /// Whether the filter of an event that was queued unasked rejects it.
    fn is_unwanted(&mut self) -> bool {
        let Some(work) = &mut self.work else { return false };
        if !std::mem::take(&mut work.ask) {
            return false;
        }
        !super::prepare::wants(&work.core, &self.info.predicates, &work.event)
    }

    /// Goes on until nothing is left to do, or the handler waits: then it comes back.
    fn poll(self: Box<Self>, slot: &Arc<Slot>, context: &mut Context<'_>) -> Option<Box<Self>> {
        let mut handler = self;
        let left = loop {
            let outcome = if handler.is_late(context) {
                Some(Outcome::TimedOut)
            } else if !handler.take_permit(slot, context) {
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
        left
    }

    /// Drops a future that is not done. What that publishes is caused by its event.
    fn clear(&mut self, core: &Core, event: &Arc<Stored>) {
        let _frame = Entered::callback(core, Some(event));
        self.runner.clear();
    }

    /// Ends the event at work, and takes up the next one that waits.
    fn finish(mut self: Box<Self>, outcome: Option<Outcome>, rests: bool) -> Option<Box<Self>> {
        let Work { core, job, event, mut permit, watch, .. } = self.work.take()?;
        // Only a handler that is late leaves a future.
        if outcome == Some(Outcome::TimedOut) {
            self.clear(&core, &event);
        }
        watch.handler_done(&core, &event, &self.info, outcome.as_ref());
        let (at, turns) = (JobRef { group: self.group, job }, self.turns);
        let mut next = None;
        core.step_of(&event, |state, effects| {
            let more = state.finish_async(&core, at, self, &event, outcome, effects);
            // A long queue must not keep others from their permit: they take turns, event by event.
            // Where it lets others run it holds no permit, and what has not begun may be dropped.
            if more.is_none() || rests || state.permits.is_contended() {
                effects.wake(state.permits.give(&mut permit));
            }
            if let Some(more) = &more
                && permit == Permit::Held
            {
                state.set_phase(JobRef { group: at.group, job: more.job }, Phase::Active);
            }
            next = more;
        });
        drop_event(&core, event);
        let Next { claimed: Claimed::Async(mut handler), job, queued, .. } = next? else { return None };
        handler.assign(&core, job, queued.event, queued.ask, None);
        handler.turns = turns;
        if let Some(work) = &mut handler.work {
            (work.permit, work.on_stack) = (permit, true);
        }
        Some(handler)
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

/// Its parked task ends. A handler that is dropped at work was on a runtime that is shut down:
/// nothing can run it any more, so its subscription ends, and all of that is counted.
impl Drop for Handler {
    fn drop(&mut self) {
        if let Some(Work { core, job, event, mut permit, watch, .. }) = self.work.take() {
            self.clear(&core, &event);
            watch.handler_done(&core, &event, &self.info, Some(&Outcome::Dropped));
            let at = JobRef { group: self.group, job };
            core.step_of(&event, |state, effects| {
                effects.wake(state.permits.give(&mut permit));
                state.lose_handler(at, &event, effects);
            });
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

    /// The thread above which a handler was polled blocks no more: the handler takes its permit
    /// back.
    pub(crate) fn end_block(&mut self, at: JobRef) {
        self.permits.take_back();
        if let Some(running) = self.running_mut(at) {
            running.thread = 0;
        }
    }
}

/// The state that a handler and its parked task share.
#[derive(Default)]
pub(crate) struct Slot(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    /// The handler, where it has something to do.
    handler: Option<Box<Handler>>,
    /// The task, where it waits for that.
    waker: Option<Waker>,
    /// The handler was dropped: nothing more to do comes.
    closed: bool,
    /// The task was dropped: its runtime is gone.
    gone: bool,
}

impl Slot {
    /// Takes a handler for the task, which is to be woken if `wake`. The handler stays where it is
    /// if the task is gone.
    fn give(&self, handler: &mut Option<Box<Handler>>, wake: bool) -> Option<Waker> {
        let mut inside = self.0.lock();
        if inside.gone {
            return None;
        }
        inside.handler = handler.take();
        if wake && !failpoint("task_unwoken") { inside.waker.take() } else { None }
    }

    /// Stores the waker of the task, for something to do or for a permit.
    fn listen(&self, context: &Context<'_>) {
        let old = self.0.lock().listen(context);
        // A waker may be the last reference to a task: it is dropped after the lock.
        drop(old);
    }

    fn close(&self) {
        let waker = {
            let mut inside = self.0.lock();
            inside.closed = true;
            inside.waker.take()
        };
        if let Some(waker) = waker {
            catch_panic(|| waker.wake());
        }
    }
}

impl Inside {
    fn listen(&mut self, context: &Context<'_>) -> Option<Waker> {
        let known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if known { None } else { self.waker.replace(context.waker().clone()) }
    }
}

/// A handler waits for a permit in its slot.
impl Wake for Slot {
    fn wake(self: Arc<Self>) {
        let waker = self.0.lock().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The task that runs a handler.
struct ParkedTask {
    slot: Arc<Slot>,
    handler: Option<Box<Handler>>,
}

impl ParkedTask {
    /// Takes a handler that has something to do; `None` once nothing more comes.
    fn take(&mut self, context: &Context<'_>) -> Poll<Option<Box<Handler>>> {
        let mut inside = self.slot.0.lock();
        if let Some(handler) = inside.handler.take() {
            return Poll::Ready(Some(handler));
        }
        if inside.closed {
            return Poll::Ready(None);
        }
        let old = inside.listen(context);
        drop(inside);
        drop(old);
        Poll::Pending
    }
}

impl Future for ParkedTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Work may come as fast as it is done: others of the runtime must run all the same.
        for _ in 0..TURNS {
            if let Some(handler) = self.handler.take() {
                self.handler = handler.poll(&self.slot, context);
                if self.handler.is_some() {
                    return Poll::Pending;
                }
            }
            match self.take(context) {
                Poll::Ready(Some(handler)) => self.handler = Some(handler),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Its runtime is shut down. A handler that is not done counts its event as dropped.
impl Drop for ParkedTask {
    fn drop(&mut self) {
        let left = {
            let mut inside = self.slot.0.lock();
            inside.gone = true;
            (inside.handler.take(), inside.waker.take())
        };
        drop(left);
    }
}
