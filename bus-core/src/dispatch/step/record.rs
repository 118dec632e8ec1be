//! What is known of one publish, from its first look at the event to the receipt.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::dispatch::Core;
use crate::dispatch::crew::shift::Shift;
use crate::dispatch::few::Few;
use crate::dispatch::memory::mark::Mark;
use crate::dispatch::order::Order;
use crate::dispatch::run::after::After;
use crate::dispatch::run::claim::Claim;
use crate::dispatch::run::context::{self, JobRef};
use crate::dispatch::run::place::Place;
use crate::dispatch::run::runner::Outcome;
use crate::dispatch::slab::Key;
use crate::dispatch::step::prepare::{Prepared, policy};
use crate::dispatch::step::publish::Mode;
use crate::dispatch::wait::receipt::{Own, Receipt};
use crate::event::{AnyEvent, Stored};
use crate::payload::Policy;
use crate::sync::{Id, Ordering};

/// One publish, from its first look at the event to the receipt. It is made once and stays where it is: to take it apart and pass on the parts costs more than most steps.
pub(in crate::dispatch) struct Step<'a> {
    pub(in crate::dispatch) core: &'a Arc<Core>,
    pub(in crate::dispatch) mode: Mode,
    /// The handler that publishes.
    pub(in crate::dispatch) here: Option<JobRef>,
    pub(in crate::dispatch) policy: &'static Policy,
    pub(in crate::dispatch) nesting: usize,
    pub(in crate::dispatch) tick: u64,
    /// The runtime that this is called in, looked up when the first async handler asks.
    pub(in crate::dispatch) runtime: OnceCell<Option<Id>>,
    pub(in crate::dispatch) prepared: Prepared,
    pub(in crate::dispatch) receipt: Receipt,
    pub(in crate::dispatch) shifts: Few<Shift>,
    pub(in crate::dispatch) claims: Vec<Claim>,
    /// Whether sync handlers are among the claims.
    pub(in crate::dispatch) calls: bool,
    /// Whether async handlers are, to be polled in place.
    pub(in crate::dispatch) polls: bool,
    /// Whether some of what was claimed may have to be handed over.
    pub(in crate::dispatch) leaves: bool,
    /// The place for those, taken in the step already unless sync handlers come first: they must not hold one.
    pub(in crate::dispatch) place: Place,
    pub(in crate::dispatch) ticket: Option<Key>,
    /// Sync subscriptions that are over their capacity.
    pub(in crate::dispatch) full: Few<Key>,
    /// The same of crews.
    pub(in crate::dispatch) full_crews: Few<Key>,
    pub(in crate::dispatch) closing: Few<Key>,
    /// Handlers that waited for this event.
    pub(in crate::dispatch) woken: Few<JobRef>,
    pub(in crate::dispatch) after: After,
    /// What history let go of for this event.
    pub(in crate::dispatch) gone: Option<Arc<Stored>>,
    /// What became of the claims that did not end well, in their order.
    pub(in crate::dispatch) troubles: Vec<(JobRef, Outcome)>,
}

impl<'a> Step<'a> {
    #[inline]
    pub(in crate::dispatch) fn new(core: &'a Arc<Core>, event: &AnyEvent, mode: Mode) -> Self {
        let policy = policy(event.kind_ref());
        Self {
            core,
            mode,
            here: context::current(core),
            policy,
            nesting: context::nesting(),
            tick: core.ticks.load(Ordering::Relaxed),
            runtime: OnceCell::new(),
            prepared: Prepared::of(event, policy),
            receipt: Receipt::default(),
            shifts: Few::default(),
            claims: Vec::new(),
            calls: false,
            polls: false,
            leaves: false,
            place: Place::None,
            ticket: None,
            full: Few::default(),
            full_crews: Few::default(),
            closing: Few::default(),
            woken: Few::default(),
            after: After::default(),
            gone: None,
            troubles: Vec::new(),
        }
    }

    /// Whether the publish has handlers to run.
    #[inline]
    pub(in crate::dispatch) fn is_claimed(&self) -> bool {
        !(self.shifts.is_empty() && self.claims.is_empty())
    }

    /// Whether anybody gets the event: a subscription, or the table of open pairs.
    pub(in crate::dispatch) fn is_wanted(&self) -> bool {
        self.receipt.reached > 0 || self.prepared.is_paired()
    }

    /// Puts the event where it can be asked for later.
    #[inline]
    pub(in crate::dispatch) fn keep(&mut self, order: &mut Order, kind: usize, event: &AnyEvent) {
        let transient = self.policy.transient;
        if !order.number(kind, self.is_wanted(), transient) {
            return;
        }
        let head = event.head();
        let seq = head.seq();
        self.receipt.place(Own { run: head.run, seq }, head.kept_id());
        if let Some(pairs) = self.prepared.take_pairs() {
            let released = order.pairs.note(pairs, event);
            if !released.is_empty() {
                self.after.rare().events.extend(released);
            }
        }
        // What is not kept comes back, and is not the last handle.
        let again = Arc::clone(event.stored());
        (_, self.gone) = order.history.keep(Mark::of(kind, head), again, transient, false);
    }

    /// Ends the subscriptions that this event ended, and defers what an awaited emit could wait for in vain.
    #[inline]
    pub(in crate::dispatch) fn finish(&mut self, order: &mut Order) {
        if !(self.closing.is_empty() && self.woken.is_empty() && self.ticket.is_none()) {
            self.finish_rest(order);
        }
    }

    #[inline(never)]
    fn finish_rest(&mut self, order: &mut Order) {
        std::mem::take(&mut self.closing).for_each(|lane| order.close_lane(lane, &mut self.after));
        std::mem::take(&mut self.woken).for_each(|job| order.event_came(job));
        let Some(ticket) = self.ticket else { return };
        if self.mode == Mode::Await {
            order.note_waiter(ticket, self.here);
            order.defer_stuck(ticket, self.here, &mut self.after);
        }
    }
}
