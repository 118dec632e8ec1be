//! Waiting for the deliveries of an event that is already on the bus.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::dispatch::Core;
use crate::dispatch::order::Order;
use crate::dispatch::run::after::drop_each;
use crate::dispatch::run::context::{JobRef, current, mark_waiting, nesting};
use crate::dispatch::slab::Key;
use crate::dispatch::wait::receipt::Receipt;
use crate::dispatch::wait::ticket::Ticket;

/// The deliveries of one publish that are not done yet.
pub(crate) struct Waiting {
    receipt: Option<Receipt>,
    ticket: Option<Key>,
    /// Whether the order knows who waits.
    entered: bool,
    /// The handler that it knows of, if it is one.
    by: Option<JobRef>,
}

impl Waiting {
    pub(crate) fn new(mut sent: Sent) -> Self {
        let (receipt, ticket) =
            (std::mem::take(&mut sent.receipt), sent.open.take().map(|(_, ticket)| ticket));
        // An awaited publish entered its waiter in the step itself, and from outside any handler no ring can be closed since.
        Self { receipt: Some(receipt), ticket, entered: nesting() == 0, by: None }
    }

    pub(crate) fn poll(&mut self, core: &Arc<Core>, context: &mut Context<'_>) -> Poll<Receipt> {
        let Some(ticket) = self.ticket else { return Poll::Ready(self.receipt.take().unwrap_or_default()) };
        let here = current(core);
        // Whoever polls it waits for it: it may have begun elsewhere.
        let looked = if self.entered && self.by == here {
            look(&mut core.lock(), ticket, context)
        } else {
            (self.entered, self.by) = (true, here);
            core.step(|order, after| {
                order.note_waiter(ticket, here);
                order.defer_stuck(ticket, here, after);
                look(order, ticket, context)
            })
        };
        let done = match looked {
            Ok(done) => done,
            // A waker may be the last reference to a task: it goes after the lock.
            Err(old) => {
                drop_each(old);
                mark_waiting();
                return Poll::Pending;
            }
        };
        self.ticket = None;
        let mut receipt = self.receipt.take().unwrap_or_default();
        receipt.join(done.receipt);
        Poll::Ready(receipt)
    }

    /// Nobody asks any more; the deliveries go on.
    pub(crate) fn forget(&mut self, core: &Core) {
        if let Some(ticket) = self.ticket.take() {
            forget(core, ticket);
        }
    }
}

/// Takes a ticket away once all its deliveries are done. Until then a waker is left there, and the one that was there before comes back.
fn look(order: &mut Order, ticket: Key, context: &Context<'_>) -> Result<Ticket, Option<Waker>> {
    let found = order.tickets.get_mut(ticket).ok_or(None)?;
    if found.is_done() {
        return order.tickets.remove(ticket).ok_or(None);
    }
    let known = found.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
    Err(if known { None } else { found.waker.replace(context.waker().clone()) })
}

/// An event that was sent. The event is on the bus, and its deliveries go on, whatever becomes of this.
pub struct Sent {
    pub(crate) receipt: Receipt,
    /// What is not done yet, and the bus to ask.
    pub(crate) open: Option<(Arc<Core>, Key)>,
}

impl Sent {
    pub(crate) fn nothing() -> Self {
        Self { receipt: Receipt::default(), open: None }
    }

    /// What is known now: whether it was refused, its id, how many subscriptions it reached, and what the sync handlers gave.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Waits for the handlers that the event reached, as awaiting the emit would have.
    ///
    /// # Cancel safety
    /// Dropping the future only forgets the receipt.
    pub fn finished(mut self) -> Finished {
        let Self { receipt, open } = &mut self;
        let (core, ticket) = open.take().unzip();
        let receipt = Some(std::mem::take(receipt));
        Finished { core, waiting: Waiting { receipt, ticket, entered: false, by: None } }
    }
}

impl Drop for Sent {
    #[inline]
    fn drop(&mut self) {
        if let Some((core, ticket)) = self.open.take() {
            forget(&core, ticket);
        }
    }
}

/// Nobody asks for a receipt any more; the deliveries go on.
fn forget(core: &Core, ticket: Key) {
    let gone = core.lock().tickets.remove(ticket);
    drop_each(gone);
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent").field("receipt", &self.receipt).finish_non_exhaustive()
    }
}

/// What [`Sent::finished`] gives: a future of the whole receipt.
#[must_use = "a future does nothing until it is awaited"]
pub struct Finished {
    /// None where everything was done already.
    core: Option<Arc<Core>>,
    waiting: Waiting,
}

impl Future for Finished {
    type Output = Receipt;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Receipt> {
        let Self { core, waiting } = &mut *self;
        match core {
            Some(core) => waiting.poll(core, context),
            None => Poll::Ready(waiting.receipt.take().unwrap_or_default()),
        }
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        if let Some(core) = &self.core {
            self.waiting.forget(core);
        }
    }
}
