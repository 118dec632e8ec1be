//! The deliveries of a publish that are not finished when it returns, and who waits for them.
//!
//! A [`Pending`] is made only where something is unfinished. Each receiver that has the event
//! queued or at work holds one [`Unit`] of it, and settles that once. All of it changes under the
//! bus's lock, except that a waiter looks at it under its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use smallvec::SmallVec;

use crate::delivery::context::{self, Node};
use crate::delivery::core::Core;
use crate::delivery::panic::drop_waker;
use crate::delivery::receipt::{Problem, Receipt};
use crate::delivery::recorded::{Recorded, Recording};
use crate::delivery::routes::Target;
use crate::event::SubscriptionId;
use crate::sync::{Mutex, failpoint};

/// The unfinished deliveries of one publish.
#[derive(Default)]
pub(crate) struct Pending(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// The receivers, each with its number of deliveries; none where it is finished.
    receivers: SmallVec<[Option<(Target, u32)>; 2]>,
    /// How many of them are not finished.
    left: usize,
    /// All that became known since the publish returned. Its `reached` is to be taken off: the
    /// deliveries that were rejected after all.
    receipt: Receipt,
    waker: Option<Waker>,
}

/// The part of a [`Pending`] that one receiver settles.
pub(crate) struct Unit {
    pending: Option<Arc<Pending>>,
    /// The position of the receiver.
    at: usize,
}

/// How the deliveries of one unit ended.
#[derive(Default)]
pub(crate) struct Settled {
    pub(crate) handled: u32,
    /// In a stream's queue, within its capacity.
    pub(crate) queued: u32,
    pub(crate) problems: Vec<Problem>,
}

impl Pending {
    /// Makes the unit of one receiver.
    pub(crate) fn unit(self: &Arc<Self>, receiver: Target, deliveries: u32) -> Unit {
        let mut inner = self.0.lock();
        inner.receivers.push(Some((receiver, deliveries)));
        inner.left += 1;
        Unit { pending: Some(Arc::clone(self)), at: inner.receivers.len() - 1 }
    }

    /// The receivers that are not finished.
    pub(crate) fn receivers(&self) -> SmallVec<[(Target, u32); 2]> {
        self.0.lock().receivers.iter().copied().flatten().collect()
    }

    /// Waits no longer for a receiver: its deliveries still happen, later.
    pub(crate) fn defer(&self, receiver: Target) -> Option<Waker> {
        let mut inner = self.0.lock();
        let is_it = |known: &Option<(Target, u32)>| known.is_some_and(|(known, _)| known == receiver);
        let at = inner.receivers.iter().position(is_it)?;
        inner.defer(at)
    }

    /// The receipt if everything is settled. Until then a waker is stored, and the one that was
    /// stored before comes back.
    fn poll(&self, context: &Context<'_>) -> Result<Receipt, Option<Waker>> {
        let mut inner = self.0.lock();
        if inner.left == 0 {
            return Ok(std::mem::take(&mut inner.receipt));
        }
        let known = inner.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        Err(if known { None } else { inner.waker.replace(context.waker().clone()) })
    }

    /// The receipt, if everything is settled.
    pub(crate) fn take_done(&self) -> Option<Receipt> {
        let mut inner = self.0.lock();
        if inner.left == 0 { Some(std::mem::take(&mut inner.receipt)) } else { None }
    }

    fn is_done(&self) -> bool {
        self.0.lock().left == 0
    }
}

impl Inner {
    /// Ends the deliveries of one receiver, unless they have ended.
    #[inline]
    fn take(&mut self, at: usize) -> Option<u32> {
        let (_, deliveries) = self.receivers.get_mut(at)?.take()?;
        self.left -= 1;
        Some(deliveries)
    }

    fn defer(&mut self, at: usize) -> Option<Waker> {
        self.receipt.deferred += self.take(at)?;
        self.waker_if_done()
    }

    #[inline]
    fn waker_if_done(&mut self) -> Option<Waker> {
        let done = self.left == 0 && !failpoint("receipt_unwoken");
        if done { self.waker.take() } else { None }
    }
}

impl Unit {
    /// Whether it is a unit of that publish.
    pub(crate) fn is_of(&self, pending: &Arc<Pending>) -> bool {
        self.pending.as_ref().is_some_and(|own| Arc::ptr_eq(own, pending))
    }

    /// Ends the deliveries, and notes how. The waker comes back where they were the last ones.
    #[inline]
    fn end(&mut self, note: impl FnOnce(&mut Receipt, u32)) -> Option<Waker> {
        let pending = self.pending.take()?;
        let mut inner = pending.0.lock();
        let deliveries = inner.take(self.at)?;
        note(&mut inner.receipt, deliveries);
        inner.waker_if_done()
    }

    /// Settles the deliveries.
    pub(crate) fn settle(mut self, settled: Settled) -> Option<Waker> {
        self.end(|receipt, _| {
            receipt.handled += settled.handled;
            receipt.queued += settled.queued;
            settled.problems.into_iter().for_each(|problem| receipt.problem(problem));
        })
    }

    /// Settles deliveries which have all been handled.
    #[inline]
    pub(crate) fn settle_handled(mut self) -> Option<Waker> {
        self.end(|receipt, deliveries| receipt.handled += deliveries)
    }

    /// Records how one of several deliveries ended; the others are still to come.
    pub(crate) fn settle_one(&self, problem: Problem) {
        let Some(pending) = &self.pending else { return };
        let mut inner = pending.0.lock();
        if let Some(Some((_, deliveries))) = inner.receivers.get_mut(self.at) {
            *deliveries -= 1;
            inner.receipt.problem(problem);
        }
    }

    /// Records that the deliveries did not match after all: the publish has not reached them.
    pub(crate) fn unmatch(mut self) -> Option<Waker> {
        self.end(|receipt, deliveries| receipt.reached += deliveries)
    }

    /// Waits no longer for these deliveries.
    pub(crate) fn defer(&self) -> Option<Waker> {
        self.pending.as_ref()?.0.lock().defer(self.at)
    }
}

/// Nobody may wait for ever for a unit that was lost, whatever became of its receiver.
impl Drop for Unit {
    fn drop(&mut self) {
        if let Some(waker) = self.end(|_, _| {}) {
            super::panic::catch_panic(|| waker.wake());
        }
    }
}

/// The unfinished part of a publish: deliveries, and the write to the store, which its receipt has.
pub(crate) struct Open {
    core: Arc<Core>,
    pending: Option<Arc<Pending>>,
}

impl Open {
    pub(crate) fn new(core: &Arc<Core>, pending: Option<Arc<Pending>>) -> Self {
        Self { core: Arc::clone(core), pending }
    }

    fn deliveries(&self) -> Option<(&Arc<Core>, &Arc<Pending>)> {
        self.pending.as_ref().map(|pending| (&self.core, pending))
    }
}

/// An event that was sent. The event is on the bus, and its deliveries go on, whatever becomes of
/// this value.
pub struct Sent {
    pub(crate) receipt: Receipt,
    pub(crate) open: Option<Open>,
}

impl Sent {
    pub(crate) fn nothing() -> Self {
        Self { receipt: Receipt::default(), open: None }
    }

    /// Returns the result so far: whether it was refused, its id, how many subscriptions it
    /// reached, and the results of the sync handlers that have run. A delivery whose filter was not
    /// asked yet counts as reached.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Waits until the event is in the store of the bus, and for no handler. It yields the id of
    /// the event after the commit.
    ///
    /// # Errors
    /// The future yields why the event is not in the store: see
    /// [`NotRecorded`](crate::store::NotRecorded).
    ///
    /// # Cancel safety
    /// Dropping the future loses only the answer.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use bus_core::{EventBus, store::NotRecorded, testing::MemoryStore};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), NotRecorded> {
    /// let store = Arc::new(MemoryStore::new());
    /// let bus = EventBus::builder().store(store.clone()).build().unwrap();
    /// let order = bus.stream("desk").emit_dynamic("order_placed", serde_json::json!({ "n": 7 }));
    /// let id = order.send().recorded().await?;
    /// assert_eq!(store.events()[0].id(), id);
    /// # Ok(()) }
    /// ```
    pub fn recorded(self) -> Recorded {
        Recorded(Recording::new(self.receipt, self.open.as_ref().map(|open| &open.core)))
    }

    /// Waits for the handlers that the event reached, and for the store, as awaiting the emit would
    /// have.
    ///
    /// # Cancel safety
    /// Dropping the future only loses the receipt.
    pub fn finished(self) -> Finished {
        Finished(Waiting::new(self))
    }
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pending = self.open.as_ref().and_then(|open| open.pending.as_ref());
        let finished = pending.is_none_or(|pending| pending.is_done());
        f.debug_struct("Sent").field("receipt", &self.receipt).field("finished", &finished).finish()
    }
}

/// The future that [`Sent::finished`] returns: it yields the whole receipt.
#[must_use = "a future does nothing until it is awaited"]
pub struct Finished(Waiting);

impl std::fmt::Debug for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finished").field("receipt", &self.0.recording.receipt).finish_non_exhaustive()
    }
}

impl Future for Finished {
    type Output = Receipt;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Receipt> {
        self.0.poll(context)
    }
}

/// Somebody who waits for all that a publish left unfinished: first for the deliveries.
pub(crate) struct Waiting {
    recording: Recording,
    open: Option<Open>,
    /// The node that the wait-for graph has this wait of; the outer option is set once it was
    /// noted.
    #[expect(clippy::option_option, reason = "a wait outside of handlers is noted without a node")]
    noted: Option<Option<Node>>,
}

impl Waiting {
    pub(crate) fn new(sent: Sent) -> Self {
        let Sent { receipt, open } = sent;
        Self { recording: Recording::new(receipt, open.as_ref().map(|open| &open.core)), open, noted: None }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Receipt> {
        ready!(self.poll_deliveries(context));
        self.recording.poll(context)
    }

    fn poll_deliveries(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some((core, pending)) = self.open.as_ref().and_then(Open::deliveries) else {
            return Poll::Ready(());
        };
        if !pending.is_done() {
            // The poller waits for it: it may have begun elsewhere.
            let here = context::node(core);
            let (blocks, holds) = Core::before_wait(context.waker());
            if self.noted != Some(here) || holds {
                let before = self.noted.replace(here).flatten();
                core.note_wait(here, blocks, before, pending);
            }
        }
        match pending.poll(context) {
            Ok(later) => {
                self.forget();
                self.open = None;
                self.recording.receipt.join(later);
                Poll::Ready(())
            }
            Err(old) => {
                drop_waker(old);
                context::mark_waiting();
                core.free_runtime(context.waker());
                Poll::Pending
            }
        }
    }

    /// The handlers that answer and have not ended.
    pub(crate) fn answering(&self) -> Vec<(SubscriptionId, Arc<str>)> {
        let Some((core, pending)) = self.open.as_ref().and_then(Open::deliveries) else {
            return Vec::new();
        };
        let receivers = pending.receivers();
        let state = core.lock();
        let mut found = Vec::new();
        for (receiver, _) in receivers {
            let Target::Group(key) = receiver else { continue };
            let Some(group) = state.groups.get(key) else { continue };
            let infos = group.keys().filter_map(|key| Some(&state.subscriptions.get(key)?.info));
            let answering = infos.filter(|info| info.answers);
            found.extend(answering.map(|info| (info.id, Arc::clone(&info.name))));
        }
        found
    }

    /// Takes the wait out of the wait-for graph.
    fn forget(&mut self) {
        let deliveries = self.open.as_ref().and_then(Open::deliveries);
        if let (Some((core, pending)), Some(Some(node))) = (deliveries, self.noted.take()) {
            core.lock().graph.forget(node, pending);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.forget();
    }
}
