//! What the publisher of an event is told: the deliveries that are not done yet, and what became of the others.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::dispatch::run::context::JobRef;
use crate::dispatch::run::runner::Outcome;
use crate::dispatch::slab::Key;
use crate::dispatch::wait::receipt::{Problem, Receipt, count};
use crate::event::SubscriptionId;
use crate::sync::planted;

/// One publish whose deliveries are not all done.
#[derive(Default)]
pub(crate) struct Ticket {
    /// The subscriptions it waits for, in the order in which they mostly end. An event goes to each at most once.
    pub(crate) pending: VecDeque<Key>,
    /// How many crews it waits for, of which none of the subscriptions is in `pending`.
    crews: u32,
    pub(crate) receipt: Receipt,
    pub(crate) waker: Option<Waker>,
    /// The handler that awaits it.
    pub(crate) waiter: Option<JobRef>,
}

/// How one delivery ended, for the receipt.
pub(crate) enum Settled<'a> {
    Done(SubscriptionId, &'a Arc<str>, &'a Outcome),
    /// In a stream's queue, with room.
    Queued,
    /// It can only come after a handler that waits for it.
    Deferred,
}

impl Receipt {
    pub(crate) fn note(&mut self, settled: &Settled<'_>) {
        match settled {
            Settled::Done(_, _, Outcome::Handled) => self.handled += 1,
            Settled::Done(subscription, name, outcome) => {
                self.problem(Problem {
                    subscription: *subscription,
                    name: Arc::clone(name),
                    outcome: (*outcome).clone(),
                });
            }
            Settled::Queued => self.queued += 1,
            Settled::Deferred => self.deferred += 1,
        }
    }
}

impl Ticket {
    /// One that waits for one crew.
    pub(crate) fn of_crew() -> Self {
        Self { crews: 1, ..Self::default() }
    }

    /// Notes one delivery. The waker is given once nothing is pending.
    pub(crate) fn settle(&mut self, lane: Key, settled: &Settled<'_>) -> Option<Waker> {
        let at = self.pending.iter().position(|pending| *pending == lane)?;
        self.pending.swap_remove_front(at);
        self.receipt.note(settled);
        self.end()
    }

    /// Notes that it waits for a crew as one.
    pub(crate) fn await_crew(&mut self) {
        self.crews += 1;
    }

    /// Notes that all of a crew have handled the event.
    pub(crate) fn settle_crew(&mut self, handled: usize) -> Option<Waker> {
        self.crews -= 1;
        self.receipt.handled += count(handled);
        self.end()
    }

    /// Notes that it waits for each of a crew's subscriptions.
    pub(crate) fn spread(&mut self, lanes: impl Iterator<Item = Key>) {
        self.crews -= 1;
        self.pending.extend(lanes);
    }

    /// Whether all deliveries are done.
    pub(crate) fn is_done(&self) -> bool {
        self.pending.is_empty() && self.crews == 0
    }

    fn end(&mut self) -> Option<Waker> {
        if self.is_done() && !planted("receipt_unwoken") { self.waker.take() } else { None }
    }
}
