//! Waiting until an event is in the store.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::delivery::core::Core;
use crate::delivery::receipt::Receipt;
use crate::delivery::record::Record;
use crate::event::EventId;
use crate::store::NotRecorded;

/// The future that [`Sent::recorded`](crate::Sent::recorded) returns: the id of the event, or why
/// it is not in the store.
#[must_use = "a future does nothing until it is awaited"]
pub struct Recorded(pub(super) Recording);

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorded").field("receipt", &self.0.receipt).finish_non_exhaustive()
    }
}

impl Future for Recorded {
    type Output = Result<EventId, NotRecorded>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context).map(|receipt| receipt.recorded())
    }
}

/// Somebody who waits for the store to have one event. The receipt says when.
pub(super) struct Recording {
    pub(super) receipt: Receipt,
    /// The bus, while the event waits for the store.
    core: Option<Arc<Core>>,
    /// The number of its waker.
    number: Option<u64>,
}

impl Recording {
    pub(super) fn new(receipt: Receipt, core: Option<&Arc<Core>>) -> Self {
        let core = core.filter(|_| receipt.record == Record::Waiting).map(Arc::clone);
        Self { receipt, core, number: None }
    }

    pub(super) fn poll(&mut self, context: &Context<'_>) -> Poll<Receipt> {
        if let Some(core) = &self.core {
            Core::before_wait(context.waker());
            let outcome = ready!(core.poll_recorded(self.receipt.own.seq, &mut self.number, context));
            self.receipt.set_record(outcome);
            self.core = None;
        }
        Poll::Ready(std::mem::take(&mut self.receipt))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let (Some(core), Some(number)) = (&self.core, self.number.take()) {
            core.forget_recorded(self.receipt.own.seq, number);
        }
    }
}
