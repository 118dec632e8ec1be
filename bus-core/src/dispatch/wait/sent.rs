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

/// The ticket of deliveries that are not done yet. Dropped, nobody asks what becomes of them any more; they go on.
pub(crate) struct Open {
    core: Arc<Core>,
    /// [`Key::NONE`] once it was taken away.
    ticket: Key,
    /// Whether somebody waits through it.
    awaited: bool,
}

impl Open {
    pub(crate) fn new(core: &Arc<Core>, ticket: Key) -> Self {
        Self { core: Arc::clone(core), ticket, awaited: false }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.awaited {
            self.core.forget(self.ticket);
        } else if self.ticket != Key::NONE {
            let gone = self.core.lock().tickets.remove(self.ticket);
            drop_each(gone);
        }
    }
}

/// An event that was sent. The event is on the bus, and its deliveries go on, whatever becomes of this.
pub struct Sent {
    pub(crate) receipt: Receipt,
    /// What is not done yet.
    pub(crate) open: Option<Open>,
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
    pub fn finished(self) -> Finished {
        Finished(Waiting { entered: false, ..Waiting::new(self) })
    }
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent").field("receipt", &self.receipt).finish_non_exhaustive()
    }
}

/// What [`Sent::finished`] gives: a future of the whole receipt.
#[must_use = "a future does nothing until it is awaited"]
pub struct Finished(Waiting);

impl Future for Finished {
    type Output = Receipt;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Receipt> {
        self.0.poll(context)
    }
}

/// Somebody who waits for the deliveries of one publish.
pub(crate) struct Waiting {
    sent: Sent,
    /// Whether the order knows who waits.
    entered: bool,
    /// The handler that it knows of, if it is one.
    by: Option<JobRef>,
}

impl Waiting {
    /// Whoever awaits an emit. The publish entered it in the step itself, and from outside any handler no ring can be closed since.
    pub(crate) fn new(mut sent: Sent) -> Self {
        sent.open.iter_mut().for_each(|open| open.awaited = true);
        Self { sent, entered: nesting() == 0, by: None }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Receipt> {
        let Self { sent: Sent { receipt, open }, entered, by } = self;
        if let Some(Open { core, ticket, .. }) = open {
            let here = current(core);
            // Whoever polls it waits for it: it may have begun elsewhere.
            let looked = if *entered && *by == here {
                look(&mut core.lock(), *ticket, context)
            } else {
                (*entered, *by) = (true, here);
                core.step(|order, after| {
                    order.note_waiter(*ticket, here);
                    order.defer_stuck(*ticket, here, after);
                    look(order, *ticket, context)
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
            *ticket = Key::NONE;
            receipt.join(done.receipt);
        }
        *open = None;
        Poll::Ready(std::mem::take(receipt))
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
