//! Closing a bus in order.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::EventBus;
use crate::dispatch::{Core, JobRef, Key, Lane, OpenPairs, Work, current, mark_waiting};
use crate::event::SubscriptionId;
use crate::sync::{Ordering, Sleep, planted};

/// What a closed bus left.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CloseReport {
    /// Handlers that were still at work, or had events waiting, when the time was over. What waited was dropped and counted; what was at work goes on.
    pub left: Vec<Left>,
    /// Streams with events that are not read yet. They can still be read.
    pub unread: Vec<Left>,
    /// What had begun and not ended.
    pub open_pairs: OpenPairs,
}

impl CloseReport {
    /// Whether every handler had done all its work.
    pub fn is_drained(&self) -> bool {
        self.left.is_empty()
    }
}

/// One line for a log: drained, or who was left with what.
impl fmt::Display for CloseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_drained() { "drained" } else { "not drained" })?;
        for Left { name, running, waiting, .. } in &self.left {
            write!(f, "; {name} had {running} at work and {waiting} waiting")?;
        }
        for Left { name, waiting, .. } in &self.unread {
            write!(f, "; {name} has {waiting} unread")?;
        }
        match self.open_pairs.unfinished.len() {
            0 => Ok(()),
            open => write!(f, "; {open} begun and not ended"),
        }
    }
}

/// One subscription with work left.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// Its id.
    pub id: SubscriptionId,
    /// Its name.
    pub name: String,
    /// Events at work in its handler.
    pub running: usize,
    /// Events that waited for it.
    pub waiting: usize,
}

impl EventBus {
    /// Closes the bus: refuses new events from now on, lets the handlers do what waits for them, for `timeout` at most, and reports what was left. With zero it takes stock at once.
    ///
    /// The bus is closed when this returns, even if the future is never polled. Streams can be read to their end. Closing again waits again.
    ///
    /// Inside a handler, it does not wait for that handler, nor for those that wait for it.
    ///
    /// # Panics
    /// When polled outside a tokio runtime with time enabled, unless the bus is quiet already or the timeout is zero.
    ///
    /// # Cancel safety
    /// Dropping it leaves the bus closed, and drops nothing.
    ///
    /// ```
    /// # use bus_core::EventBus;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = EventBus::new();
    /// let report = bus.close(std::time::Duration::from_secs(10)).await;
    /// assert!(report.is_drained());
    /// let receipt = bus.stream("desk").emit_dynamic("late", serde_json::json!({})).await;
    /// assert_eq!(receipt.refused(), Some(&bus_core::Refused::Closed));
    /// # }
    /// ```
    pub fn close(&self, timeout: Duration) -> Close {
        self.core.closed.store(true, Ordering::Release);
        self.core.step(|order, after| {
            order.closed = true;
            order.close_tapes(after);
            for lane in order.lanes.iter_mut() {
                if let Work::Pull { waker, .. } = &mut lane.work {
                    after.wakers.extend(waker.take().filter(|_| !planted("end_unwoken")));
                }
            }
        });
        Close { bus: self.clone(), timeout, sleep: None, closer: None }
    }
}

/// The future of [`EventBus::close`].
#[must_use = "the bus is closed already, but nothing is waited for before this is awaited"]
pub struct Close {
    bus: EventBus,
    timeout: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    /// The handler that waits in it.
    closer: Option<JobRef>,
}

impl Drop for Close {
    fn drop(&mut self) {
        if let Some(job) = self.closer {
            self.bus.core.step(|order, after| order.note_closes(job, false, after));
        }
    }
}

impl Future for Close {
    type Output = CloseReport;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<CloseReport> {
        let Self { bus, timeout, sleep, closer } = &mut *self;
        let here = current(&bus.core);
        *closer = here.or(*closer);
        let quiet = bus.core.step(|order, after| {
            order.spread();
            let excepted = here.map(|here| order.waiting_for(here)).unwrap_or_default();
            let quiet = order.is_quiet(|job| excepted.contains_key(&job));
            if !quiet {
                if let Some(job) = here {
                    order.await_event(job, after);
                    order.note_closes(job, true, after);
                }
                if !order.closers.iter().any(|waker| waker.will_wake(context.waker())) {
                    order.closers.push(context.waker().clone());
                }
            }
            quiet
        });
        if !quiet && !timeout.is_zero() {
            let sleep = sleep.get_or_insert_with(|| Box::pin(crate::sync::sleep(*timeout)));
            if sleep.as_mut().poll(context).is_pending() {
                mark_waiting();
                return Poll::Pending;
            }
        }
        let (left, unread) = leave(&bus.core, here);
        Poll::Ready(CloseReport { left, unread, open_pairs: bus.open_pairs() })
    }
}

/// Takes stock, and ends what a push subscription still has waiting, in one step: what is told is what is dropped.
fn leave(core: &Arc<Core>, here: Option<JobRef>) -> (Vec<Left>, Vec<Left>) {
    let (mut left, mut unread) = (Vec::new(), Vec::new());
    core.step(|order, after| {
        order.spread();
        order.count_riders();
        let mut ending = Vec::new();
        for (key, lane) in order.lanes.iter() {
            let Some(entry) = Left::of(key, lane, here) else { continue };
            if matches!(lane.work, Work::Pull { .. }) {
                unread.push(entry);
            } else {
                left.push(entry);
                ending.push(key);
            }
        }
        for lane in ending {
            order.end(lane, after);
        }
    });
    left.sort_by_key(|left| left.id);
    unread.sort_by_key(|left| left.id);
    (left, unread)
}

impl Left {
    /// What a subscription has left, but for the handler that closes the bus.
    fn of(key: Key, lane: &Lane, here: Option<JobRef>) -> Option<Self> {
        let own = |job| here.is_some_and(|here| here == JobRef { lane: key, job });
        let others = lane.running.iter().filter(|running| !own(running.job));
        let (begun, waits): (Vec<_>, Vec<_>) = others.partition(|running| running.begun);
        let (running, waiting) = (begun.len(), waits.len() + lane.waiting());
        let left = Self { id: lane.info.id, name: lane.info.name.to_string(), running, waiting };
        (running + waiting > 0).then_some(left)
    }
}
