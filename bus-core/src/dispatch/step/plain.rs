//! The short way of a publish: what hears the event is at most one crew of sync handlers of its kind, one of every kind, both with nothing to do, and readers who ride on one tape.
//!
//! Most publishes are of this sort. The short way does what the long one does, in the same order, and leaves out what cannot be: no backlog, no ticket, nobody to ask, nobody to wait for.
//! Whether it can be gone is seen under the lock, before anything is changed.

use std::sync::Arc;

use crate::dispatch::Core;
use crate::dispatch::crew::shift::Shift;
use crate::dispatch::crew::team::Team;
use crate::dispatch::crew::{Claimed, Crew};
use crate::dispatch::few::Few;
use crate::dispatch::memory::mark::Mark;
use crate::dispatch::order::Order;
use crate::dispatch::route::Audience;
use crate::dispatch::run::after::{guarded, let_go};
use crate::dispatch::run::backlog;
use crate::dispatch::run::context::{self, Entered, NESTING, Stack};
use crate::dispatch::slab::Key;
use crate::dispatch::step::publish::Mode;
use crate::dispatch::step::record::Step;
use crate::dispatch::tape::lobby::Crowd;
use crate::dispatch::wait::receipt::{Own, Receipt, count};
use crate::dispatch::wait::sent::Sent;
use crate::event::{AnyEvent, EventId, KindRef, Root, Stored};
use crate::payload::Descriptor;
use crate::scope::Scope;
use crate::sync::{Guard, planted};

impl Core {
    /// Publishes an event: stamps it, keeps it, and hands it to every subscription that wants it, in one step. Then runs what the step claimed. `known` declares the type of its payload, where it has one.
    pub(crate) fn publish(
        self: &Arc<Self>,
        event: Arc<Stored>,
        known: Option<&'static Descriptor>,
        mode: Mode,
    ) -> Sent {
        let Some(known) = known else { return self.publish_at_length(None, event, mode) };
        let stack = context::stack(self);
        let mut order = self.lock();
        let Some(audience) = order.audience(known, &event.head.scope) else {
            return self.publish_at_length(Some(order), event, mode);
        };
        if !order.is_ready(&audience, &stack) {
            return self.publish_behind(order, event, known, audience, &stack, mode);
        }
        event.head.stamp(order.next_seq);
        if planted("step_in_two") {
            drop(order);
            order = self.lock();
        }
        // Two functions, though they share their beginning and end: in one, what only handlers need is carried through memory for all.
        if audience.crew.is_none() {
            return self.pass_on(order, event, known, audience.kind, audience.tape, mode);
        }
        self.call_on(order, event, known, audience, &stack, mode)
    }

    /// Publishes an event that no handler hears: keeps it, and hands it to readers.
    fn pass_on<'a>(
        self: &'a Arc<Self>,
        mut order: Guard<'a, Order>,
        event: Arc<Stored>,
        known: &'static Descriptor,
        kind: usize,
        tape: Option<Key>,
        mode: Mode,
    ) -> Sent {
        let (kept_id, mark) = (event.head.kept_id(), Mark::of(kind, &event.head));
        let (mut riders, mut crowd) = (0, Crowd::default());
        if let Some(tape) = tape {
            let Some(all) = order.ride(tape, &event, &mut crowd) else {
                return self.publish_at_length(Some(order), event, mode);
            };
            riders = all;
        }
        let (transient, mut own) = (known.policy.transient, Own::default());
        let (event, gone) = if order.number(kind, riders > 0, transient) {
            own = Own { run: self.run, seq: event.head.seq() };
            order.history.keep(mark, event, transient, false)
        } else {
            (Some(event), None)
        };
        drop(order);
        crowd.wake();
        if let Some(gone) = gone {
            let_go(gone);
        }
        if let Some(event) = event {
            let_go(event);
        }
        if kept_id.is_some() {
            return told([riders, 0, riders], own, kept_id, None);
        }
        Sent { receipt: Receipt::of(own, riders, 0, riders), open: None }
    }

    /// Publishes an event to handlers, and to readers.
    fn call_on<'a>(
        self: &'a Arc<Self>,
        mut order: Guard<'a, Order>,
        event: Arc<Stored>,
        known: &'static Descriptor,
        audience: Audience,
        stack: &Stack,
        mode: Mode,
    ) -> Sent {
        let (seq, head) = (order.next_seq, &event.head);
        let kept_id = head.kept_id();
        let root = head.as_root(known, kept_id.unwrap_or(EventId::new(self.run, seq)));
        let mark = Mark::of(audience.kind, head);
        let (mut riders, mut crowd) = (0, Crowd::default());
        if let Some(tape) = audience.tape {
            let Some(all) = order.ride(tape, &event, &mut crowd) else {
                return self.publish_at_length(Some(order), event, mode);
            };
            riders = all;
        }
        let (job, crew) = (order.next_job + 1, audience.crew.unwrap_or(Key::NONE));
        let team = audience.crew.and_then(|crew| order.claim_crew(crew, job, seq, stack));
        let mut reached = riders + team.as_ref().map_or(0, |team| count(team.size));
        let mut second = None;
        if let Some(crew) = audience.second
            && let Some(team) = order.claim_crew(crew, job, seq, stack)
        {
            reached += count(team.size);
            second = Some(Shift { crew, job, team });
        }
        let transient = known.policy.transient;
        let mut own = Own::default();
        let (event, gone) = if order.number(audience.kind, reached > 0, transient) {
            own = Own { run: self.run, seq };
            order.history.keep(mark, event, transient, team.is_some())
        } else {
            (Some(event), None)
        };
        drop(order);
        crowd.wake();
        if let Some(gone) = gone {
            let_go(gone);
        }
        let (handled, trouble) = match (team, event) {
            (Some(team), Some(event)) => self.run_crews(Shift { crew, job, team }, second, event, root),
            (_, event) => {
                event.into_iter().for_each(let_go);
                (0, None)
            }
        };
        if kept_id.is_some() || trouble.is_some() {
            return told([reached, handled, riders], own, kept_id, trouble);
        }
        // Made where it is returned: what is written in pieces and then moved whole stalls the processor.
        Sent { receipt: Receipt::of(own, reached, handled, riders), open: None }
    }

    /// Runs the handlers of crews, and brings them back. Gives how many handled the event, and what else became of it, if anything.
    #[inline]
    fn run_crews(
        self: &Arc<Self>,
        Shift { crew, job, mut team }: Shift,
        mut second: Option<Shift>,
        mut event: Arc<Stored>,
        root: Option<Root>,
    ) -> (u32, Option<Box<Receipt>>) {
        {
            let entered = Entered::at(self, &event, root);
            event = team.call(job, &entered, event);
            if let Some(second) = &mut second {
                event = second.team.call(job, &entered, event);
            }
        }
        let mut order = self.lock();
        // The last first: that is the order in which they are found.
        let second = second.map(|Shift { crew, team, .. }| (crew, order.come_back(crew, team)));
        let first = order.come_back(crew, team);
        drop(order);
        let handled = match (first, second) {
            (Ok(handled), None) => (count(handled), None),
            (first, second) => self.end_crews(job, (crew, first), second, &event),
        };
        guarded(|| drop(event));
        backlog::run_later();
        handled
    }

    /// The same for two crews, or where something came up meanwhile or went wrong.
    #[inline(never)]
    fn end_crews(
        self: &Arc<Self>,
        job: u64,
        first: (Key, Back),
        second: Option<(Key, Back)>,
        event: &Arc<Stored>,
    ) -> (u32, Option<Box<Receipt>>) {
        let (mut handled, mut left) = (0, Few::default());
        for (crew, back) in [Some(first), second].into_iter().flatten() {
            match back {
                Ok(all) => handled += count(all),
                Err(team) => left.push(Shift { crew, job, team }),
            }
        }
        if left.is_empty() {
            return (handled, None);
        }
        let event = AnyEvent::of(event);
        let mut step = Step::new(self, &event, Mode::Send);
        step.end(&event, left, &mut []);
        (handled, Some(Box::new(step.receipt)))
    }
}

/// How many handlers of a crew have handled the event, or the crew itself, if there is more to do with it.
type Back = Result<usize, Box<Team>>;

/// What became of an event that keeps the id it had, or with which something went wrong.
#[cold]
fn told(counts: [u32; 3], own: Own, kept: Option<EventId>, trouble: Option<Box<Receipt>>) -> Sent {
    let [reached, handled, queued] = counts;
    let mut receipt = Receipt::of(own, reached, handled, queued);
    receipt.place(own, kept);
    if let Some(trouble) = trouble {
        receipt.join(*trouble);
    }
    Sent { receipt, open: None }
}

impl Order {
    /// Who hears an event, where the short way can be gone.
    #[inline]
    fn audience(&mut self, known: &'static Descriptor, scope: &Scope) -> Option<Audience> {
        if self.closed && !planted("closed_unasked") {
            return None;
        }
        let kind = self.routes.place_of(KindRef::Declared(known))?;
        self.routes.audience(kind, scope)
    }

    /// Whether the handlers among them have nothing to do.
    #[inline]
    fn is_ready(&self, audience: &Audience, stack: &Stack) -> bool {
        let ready = |crew| stack.nesting < NESTING && self.crews.get(crew).is_some_and(Crew::is_ready);
        audience.crew.is_none_or(ready) && audience.second.is_none_or(ready)
    }

    /// Records an event for those who ride on a tape, if all who read from it do. Gives how many they are.
    #[inline]
    fn ride(&mut self, tape: Key, event: &Arc<Stored>, crowd: &mut Crowd) -> Option<u32> {
        self.tapes.get_mut(tape)?.record_plainly(event, crowd).map(count)
    }

    /// Claims a crew that is ready.
    #[inline]
    fn claim_crew(&mut self, own: Key, job: u64, seq: u64, stack: &Stack) -> Option<Box<Team>> {
        let Stack { here, thread, .. } = *stack;
        let claimed = Claimed { job, batch: seq, waiter: here, thread, ticket: None, spread: false };
        let team = self.crews.get_mut(own)?.claim(claimed, false, || None)?;
        self.next_job = job;
        self.at_work.push(own);
        Some(team)
    }

    /// Takes a crew back, unless there is more to do with it.
    #[inline]
    fn come_back(&mut self, crew: Key, team: Box<Team>) -> Back {
        if self.closed { Err(team) } else { self.take_back(crew, team) }
    }
}
