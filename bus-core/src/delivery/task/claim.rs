//! A claimed handler: polled in place, or handed over to its task.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::delivery::context::{Entered, JobRef};
use crate::delivery::core::Core;
use crate::delivery::effects::Effects;
use crate::delivery::group::Phase;
use crate::delivery::observe::Stopwatch;
use crate::delivery::outcome::{Failure, Outcome};
use crate::delivery::permits::Permit;
use crate::delivery::queue::Queued;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::Info;
use crate::delivery::task::{AsyncRunner, Handler, Linger, Slot, Work, polling};
use crate::event::Stored;
use crate::sync::{Handle, Id, Instant};

impl Handler {
    pub(crate) fn new(info: &Arc<Info>, runner: Box<dyn AsyncRunner>, group: Key) -> Box<Self> {
        Box::new(Self {
            info: Arc::clone(info),
            runner,
            at: JobRef { group, job: 0 },
            // A dedicated handler is never polled in place, where it would need a permit.
            runtime: info.runtime.as_ref().filter(|_| !info.dedicated).map(Handle::id),
            in_place: false,
            ask: false,
            started: false,
            polled: Poll::Pending,
            permit: Permit::None,
            began: None,
            watch: Stopwatch::default(),
            slot: None,
            work: None,
            turns: 0,
        })
    }

    #[inline]
    pub(crate) fn at(&self) -> JobRef {
        self.at
    }

    /// Claims it for an event, and returns whether it is polled in place: that happens on its own
    /// runtime.
    #[inline]
    pub(crate) fn claim(&mut self, job: u64, ask: bool, polls_on: Option<Id>) -> bool {
        self.at.job = job;
        (self.ask, self.started) = (ask, false);
        self.in_place = !ask && polls_on.is_some() && polls_on == self.runtime;
        self.in_place
    }

    /// Whether it belongs to this runtime.
    pub(crate) fn is_of(&self, runtime: Option<Id>) -> bool {
        self.runtime == runtime
    }

    /// Whether it is polled in place. One of a set that was claimed together learns here of which
    /// event.
    #[inline]
    pub(crate) fn begins_in_place(&mut self, job: u64) -> bool {
        (self.at.job, self.started) = (job, false);
        self.in_place
    }

    /// Calls the handler, and polls it once. Returns whether it has handled the event. If it is not
    /// done, it keeps the permit.
    #[inline]
    pub(crate) fn poll_in_place(
        &mut self,
        core: &Core,
        entered: &Entered,
        event: &Arc<Stored>,
        context: &mut Context<'_>,
        permit: &mut Permit,
    ) -> bool {
        entered.poll_async(self.at, context.waker());
        self.polled = self.begin(core, event, context);
        if let Poll::Ready(failure) = &self.polled {
            let outcome = failure.as_deref().unwrap_or(&Outcome::Handled);
            self.watch.handler_done(core, event, &self.info, Some(outcome));
        } else {
            polling::keep(core, self.at);
        }
        if entered.was_blocked() {
            core.lock().regain(self.at, true);
        }
        if let Poll::Ready(failure) = &self.polled {
            return failure.is_none();
        }
        if !entered.waits() {
            self.permit = std::mem::take(permit);
        }
        false
    }

    /// Calls the handler with its event, and polls its future for the first time.
    #[inline]
    pub(super) fn begin(
        &mut self,
        core: &Core,
        event: &Arc<Stored>,
        context: &mut Context<'_>,
    ) -> Poll<Failure> {
        self.started = true;
        self.began = self.info.exact_timeout().map(|_| Instant::now());
        self.watch = Stopwatch::new(core);
        self.runner.poll(Some((event, self.info.id)), context)
    }

    /// The result of polling it in place, if it is done.
    #[inline]
    pub(crate) fn take_ready(&mut self) -> Poll<Failure> {
        if self.started { std::mem::replace(&mut self.polled, Poll::Pending) } else { Poll::Pending }
    }

    /// The phase of its event when a task gets it.
    pub(crate) fn phase(&self) -> Phase {
        match (self.started, self.permit) {
            (false, _) => Phase::Queued,
            (true, Permit::Held | Permit::Exempt) => Phase::Active,
            (true, _) => Phase::Waiting,
        }
    }

    /// Puts it to work on its event in its task.
    pub(crate) fn assign(&mut self, core: &Arc<Core>, event: Arc<Stored>) {
        self.turns = 0;
        if !self.started {
            (self.began, self.watch) = (None, Stopwatch::default());
        }
        let core = Arc::clone(core);
        self.work = Some(Work {
            core,
            event,
            on_stack: false,
            ended: false,
            last: None,
            linger: Linger::default(),
            deadline: None,
            since: 0,
        });
    }

    /// Puts it to work on an event that waited for it.
    pub(crate) fn take_up(&mut self, core: &Arc<Core>, queued: Queued) {
        self.claim(queued.event.head.seq(), queued.ask, None);
        self.assign(core, queued.event);
    }

    /// Leaves itself in the slot of its task, which is woken unless it must wait for a permit.
    /// Where there is no task, or that takes no handler any more, a new one is started.
    pub(crate) fn hand_over(mut self: Box<Self>, state: &mut State, effects: &mut Effects) {
        let slot = self.slot.clone();
        let mut waits = false;
        if let Some(slot) = &slot {
            // A free permit is taken when the task comes to it: until then an end of the
            // subscription drops the event.
            if !self.started && !self.info.dedicated && !self.info.lingers() {
                state.permits.queue(&mut self.permit, self.at.group, slot);
            }
            waits = matches!(self.permit, Permit::Waits(_));
        }
        let mut handler = Some(self);
        if let Some(slot) = &slot {
            effects.wake(slot.give(&mut handler, !waits));
        }
        if let Some(left) = handler {
            left.start(state, effects);
        }
    }

    /// Starts a task for it, which stays for the events to come.
    fn start(mut self: Box<Self>, state: &mut State, effects: &mut Effects) {
        // A new task waits in a slot of its own.
        if !self.permit.allows() {
            effects.wake(state.permits.give(&mut self.permit));
        }
        let (info, runtime) = (Arc::clone(&self.info), self.info.runtime.clone());
        let slot = Slot::starting(self, runtime);
        if info.watched {
            state.parked.push(Arc::downgrade(&slot));
        }
        effects.wake([slot.into()]);
    }

    /// Starts a task anew: the thread that polls the one before is about to block.
    pub(super) fn restart(self: Box<Self>) {
        if let Some(core) = self.work.as_ref().map(|work| Arc::clone(&work.core)) {
            core.step(|state, effects| self.start(state, effects));
        }
    }
}
