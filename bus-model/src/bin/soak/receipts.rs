//! The sums of all receipts, to compare with the stats.
//!
//! The receipt of a send is a look at the moment of its return: it counts a delivery that waits in
//! a queue and whose filter is not asked yet. Only the finished receipt knows whether that filter
//! rejected the event, so every send is followed until it is finished.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bus_core::{Finished, Receipt, Sent, Stats};

/// The totals of all finished receipts.
#[derive(Default)]
pub(crate) struct Receipts {
    /// Publishes whose receipt has the event on the bus.
    published: AtomicU64,
    /// Deliveries in the receipts of these publishes.
    reached: AtomicU64,
    /// Sends whose deliveries are not finished.
    open: Mutex<Vec<Finished>>,
}

impl Receipts {
    /// Counts the receipt of an awaited emit.
    pub(crate) fn add(&self, receipt: &Receipt) {
        if receipt.seq().is_some() {
            self.published.fetch_add(1, Ordering::Relaxed);
        }
        self.reached.fetch_add(receipt.reached() as u64, Ordering::Relaxed);
    }

    /// Counts a send outside of handlers when it is finished, which it mostly is.
    pub(crate) fn follow(&self, sent: Sent) {
        let mut finished = sent.finished();
        if !self.poll(&mut finished) {
            self.open().push(finished);
        }
    }

    /// Counts a send of a handler when it is finished. It is not polled here: that would be a wait
    /// of the handler, and would defer deliveries.
    pub(crate) fn follow_later(&self, sent: Sent) {
        self.open().push(sent.finished());
    }

    /// Counts the sends that have finished since the last look.
    pub(crate) fn look(&self) {
        // Publishers must not wait for the whole look.
        let mut open = std::mem::take(&mut *self.open());
        open.retain_mut(|finished| !self.poll(finished));
        self.open().append(&mut open);
    }

    /// Compares them with the stats of a bus that is idle.
    pub(crate) fn compare(&self, stats: &Stats) -> Result<(), String> {
        self.look();
        let open = self.open().len();
        if open > 0 {
            return Err(format!("{open} sends are not finished on an idle bus"));
        }
        let published = self.published.load(Ordering::Relaxed);
        if stats.published_total != published {
            return Err(format!(
                "{published} receipts have their event on the bus, the stats {}",
                stats.published_total
            ));
        }
        let (matched, reached) = (bus_model::matched(stats), self.reached.load(Ordering::Relaxed));
        if matched != reached {
            return Err(format!(
                "receipts spoke of {reached} deliveries, the subscriptions counted {matched}"
            ));
        }
        Ok(())
    }

    /// Counts a send if it is finished. Nobody is woken for it: the next look polls it again.
    fn poll(&self, finished: &mut Finished) -> bool {
        match Pin::new(finished).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(receipt) => {
                self.add(&receipt);
                true
            }
            Poll::Pending => false,
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<Finished>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
