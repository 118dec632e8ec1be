//! Runs what a publish claimed, and lets go of it in one stroke.

use std::cell::Cell;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::dispatch::crew::shift::Shift;
use crate::dispatch::crew::team::{Handlers, Member, NOBODY, Polled, Team};
use crate::dispatch::few::Few;
use crate::dispatch::order::{More, Next};
use crate::dispatch::run::after::After;
use crate::dispatch::run::backlog;
use crate::dispatch::run::context::{Entered, JobRef};
use crate::dispatch::run::handover::{Pending, note};
use crate::dispatch::run::place::Place;
use crate::dispatch::run::runner::{AsyncRunner, Outcome, Runner, Trouble};
use crate::dispatch::slab::Key;
use crate::dispatch::step::record::Step;
use crate::dispatch::wait::receipt::count;
use crate::dispatch::wait::ticket::Settled;
use crate::dispatch::{Order, guarded};
use crate::event::{AnyEvent, Stored, SubscriptionId};
use crate::sync::{Instant, Ordering};

/// The exclusive right to run one handler on one event.
pub(crate) struct Claim {
    pub(crate) at: JobRef,
    pub(crate) subscription: SubscriptionId,
    /// Gone once somebody else has the claim.
    pub(crate) runner: Option<Runner>,
    /// Whether it may run on this stack.
    pub(crate) in_place: bool,
    /// Whether the handler has a timeout.
    pub(crate) timed: bool,
    /// Whether it ended well, once it has run. What became of it otherwise is told in the step.
    pub(crate) handled: Option<bool>,
}

/// Claims, and pending handlers, that a thread keeps room for.
pub(super) const SCRATCH: usize = 1_024;

// An empty list with room in it, so that a publish need not ask for memory.
crate::sync::per_thread_plain!(CLAIMS: Cell<Vec<Claim>> = Cell::new(Vec::new()));

/// A list to put claims into.
pub(crate) fn scratch() -> Vec<Claim> {
    CLAIMS.try_with(Cell::take).unwrap_or_default()
}

impl Step<'_> {
    /// Runs what was claimed: in place what may run here, the rest is handed over.
    pub(in crate::dispatch) fn run(&mut self, mut event: AnyEvent) {
        let mut claims = std::mem::take(&mut self.claims);
        let mut shifts = std::mem::take(&mut self.shifts);
        {
            let entered = Entered::new(self.core, &event);
            if self.calls {
                let called =
                    call(&entered, event.into_stored(), &mut shifts, &mut claims, &mut self.troubles);
                event = AnyEvent::new(called);
            }
            if self.polls {
                self.poll(&entered, &event, &mut shifts, &mut claims);
            }
        }
        if self.leaves {
            self.hand_over(&event, &mut shifts, &mut claims);
        }
        self.end(&event, shifts, &mut claims);
        if claims.capacity() > 0 {
            give_back(claims);
        }
        // Here rather than with the event handle that the caller keeps: the last one drops the payload.
        guarded(|| drop(event));
        backlog::run_later();
    }

    /// Polls the async handlers, after the sync ones: those must not hold a place.
    fn poll(&mut self, entered: &Entered, event: &AnyEvent, shifts: &mut Few<Shift>, claims: &mut [Claim]) {
        let mut pending = Vec::new();
        shifts.each(|shift| self.poll_shift(entered, event, shift, &mut pending));
        let polled = |claim: &&mut Claim| claim.in_place && matches!(claim.runner, Some(Runner::Async(_)));
        for claim in claims.iter_mut().filter(polled) {
            if !self.takes_place() {
                break;
            }
            let Some(Runner::Async(mut runner)) = claim.runner.take() else { continue };
            let member = Member { lane: claim.at.lane, subscription: claim.subscription, timed: claim.timed };
            let began = member.timed.then(Instant::now);
            match begin(entered, event, claim.at.job, member, &mut runner) {
                Poll::Ready(trouble) => {
                    claim.runner = Some(Runner::Async(runner));
                    claim.note(trouble.map_or(Outcome::Handled, |outcome| *outcome), &mut self.troubles);
                }
                Poll::Pending => {
                    let place = self.place_along(entered);
                    note(&mut pending, || Pending::polled(claim.at, runner, began, place));
                }
            }
        }
        self.drive(event, pending);
    }

    /// Polls the async handlers of a crew, as long as there is a place.
    fn poll_shift(
        &mut self,
        entered: &Entered,
        event: &AnyEvent,
        shift: &mut Shift,
        pending: &mut Vec<Pending>,
    ) {
        let Shift { job, team, .. } = shift;
        let Team { handlers: Handlers::Async(polled), at, troubles, done, .. } = &mut **team else { return };
        *done = 0;
        for (seat, Polled { member, runner: slot }) in polled.iter_mut().enumerate() {
            let Some(runner) = slot.as_mut() else { continue };
            if !self.takes_place() {
                break;
            }
            at.set(seat as u64);
            *done = seat + 1;
            let began = member.timed.then(Instant::now);
            match begin(entered, event, *job, *member, runner) {
                Poll::Ready(None) => {}
                Poll::Ready(Some(outcome)) => troubles.push((seat, *outcome)),
                Poll::Pending => {
                    let Some(runner) = slot.take() else { continue };
                    let at = JobRef { lane: member.lane, job: *job };
                    let place = self.place_along(entered);
                    note(pending, || Pending::polled(at, runner, began, place));
                }
            }
        }
        at.set(NOBODY);
    }

    /// The place that a pending handler takes along. One that waits in the bus needs none.
    fn place_along(&mut self, entered: &Entered) -> Place {
        if entered.waits() { Place::None } else { std::mem::replace(&mut self.place, Place::None) }
    }

    /// Takes a place for a poll in place, unless it has one.
    #[inline]
    fn takes_place(&mut self) -> bool {
        self.place == Place::Held || self.takes_another()
    }

    fn takes_another(&mut self) -> bool {
        let takes = self.place == Place::None && self.core.lock().places.try_take();
        if takes {
            self.place = Place::Held;
        }
        takes
    }

    /// Notes what became of what ran here, in one stroke. The handlers go on with what waits for them.
    #[inline]
    pub(in crate::dispatch) fn end(&mut self, event: &AnyEvent, shifts: Few<Shift>, claims: &mut [Claim]) {
        let core = self.core;
        let mut more = More::default();
        core.step(|order, after| {
            after.wakers.extend(order.places.give(&mut self.place));
            let tick = core.ticks.load(Ordering::Relaxed);
            shifts.for_each(|shift| {
                let handled =
                    order.bring_back(shift, tick, after, &mut more, |order, lane, outcome, after| {
                        self.tell(order, lane, outcome, event, after);
                    });
                self.receipt.handled += count(handled);
            });
            for claim in claims.iter_mut() {
                self.end_claim(order, claim, event, tick, after, &mut more.lanes);
            }
            order.note_end(after);
        });
        backlog::go_on_all(core, more);
    }

    fn end_claim(
        &mut self,
        order: &mut Order,
        claim: &mut Claim,
        event: &AnyEvent,
        tick: u64,
        after: &mut After,
        next: &mut Vec<(Key, Next)>,
    ) {
        let at @ JobRef { lane, job } = claim.at;
        let (Some(handled), Some(runner)) = (claim.handled, claim.runner.take()) else { return };
        let left = if handled {
            self.receipt.handled += 1;
            match order.lanes.get_mut(lane) {
                Some(found) => found.rest(job, runner),
                None => Some(runner),
            }
        } else {
            if let Some(trouble) = self.troubles.iter().position(|(job, _)| *job == at) {
                let (_, outcome) = self.troubles.remove(trouble);
                self.tell(order, lane, &outcome, event, after);
            }
            Some(runner)
        };
        let more = left.and_then(|runner| order.finish(lane, job, runner, tick, after));
        next.extend(more.map(|more| (lane, more)));
    }

    /// Notes a claim that did not end well.
    #[cold]
    fn tell(&mut self, order: &mut Order, lane: Key, outcome: &Outcome, event: &AnyEvent, after: &mut After) {
        if let Some(info) = order.lanes.get(lane).map(|found| Arc::clone(&found.info)) {
            self.receipt.note(&Settled::Done(info.id, &info.name, outcome));
            order.settle(lane, None, outcome, event, after);
        }
    }
}

/// Calls an async handler and polls it once.
#[inline]
fn begin(
    entered: &Entered,
    event: &AnyEvent,
    job: u64,
    member: Member,
    runner: &mut Box<dyn AsyncRunner>,
) -> Poll<Trouble> {
    entered.job(JobRef { lane: member.lane, job }, false);
    // The driver polls again at once and leaves its own waker, so that this one is never needed.
    let context = &mut Context::from_waker(Waker::noop());
    runner.begin(event, member.subscription, context)
}

/// Calls the sync handlers.
fn call(
    entered: &Entered,
    event: Arc<Stored>,
    shifts: &mut Few<Shift>,
    claims: &mut [Claim],
    troubles: &mut Vec<(JobRef, Outcome)>,
) -> Arc<Stored> {
    let mut event = shifts.fold(event, |event, shift| shift.team.call(shift.job, entered, event));
    for claim in claims.iter_mut().filter(|claim| claim.in_place) {
        if let Some(Runner::Sync(runner)) = &mut claim.runner {
            entered.job(claim.at, true);
            let mut trouble = None;
            event = runner.run(event, claim.subscription, &mut trouble);
            claim.note(trouble.map_or(Outcome::Handled, |outcome| *outcome), troubles);
        }
    }
    event
}

impl Claim {
    /// Notes how it ended.
    fn note(&mut self, outcome: Outcome, troubles: &mut Vec<(JobRef, Outcome)>) {
        let handled = matches!(outcome, Outcome::Handled);
        self.handled = Some(handled);
        if !handled {
            troubles.push((self.at, outcome));
        }
    }
}

/// Keeps the memory of a list of claims for the next publish of this thread.
fn give_back(mut claims: Vec<Claim>) {
    claims.clear();
    if (1..=SCRATCH).contains(&claims.capacity()) {
        let _ = CLAIMS.try_with(|kept| kept.set(claims));
    }
}

impl Runner {
    pub(crate) fn is_sync(&self) -> bool {
        matches!(self, Self::Sync(_))
    }
}
