//! The observer of a bus: the one place where metrics, spans and a log of deliveries attach.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::delivery::batch::Batching;
use crate::delivery::context::Entered;
use crate::delivery::core::Core;
use crate::delivery::outcome::Outcome;
use crate::delivery::panic::catch_panic;
use crate::delivery::receipt::Receipt;
use crate::delivery::subscription::Info;
use crate::event::{AnyEvent, Stored, SubscriptionId};

/// Sees every publish of a bus, and every call of a handler.
///
/// The bus calls it outside its locks, on the thread that publishes or runs the handler. It may do
/// what a handler may do. A panic in it is logged and reaches nobody. A bus without an observer
/// pays nothing for it.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use bus_core::{EventBus, HandlerDone, Observer};
///
/// #[derive(Default)]
/// struct Calls(AtomicU64);
///
/// impl Observer for Calls {
///     fn handler_done(&self, done: &HandlerDone<'_>) {
///         println!("{} took {:?} for {}", done.name, done.duration, done.event.kind());
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bus_core::BuildError> {
/// let calls = Arc::new(Calls::default());
/// let bus = EventBus::builder().observe(calls.clone()).build()?;
/// bus.subscribe_any().handle_sync(|_| {}).detach();
/// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
/// assert_eq!(calls.0.load(Ordering::Relaxed), 1);
/// # Ok(()) }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// An event is about to be published. It has no position yet: its `seq` is 0.
    fn publish_begun(&self, event: &AnyEvent) {
        let _ = event;
    }

    /// A handler that was called with an event has ended, in whatever way.
    fn handler_done(&self, done: &HandlerDone<'_>) {
        let _ = done;
    }

    /// A publish has returned. The receipt holds what is known then: deliveries that go on are
    /// seen by [`handler_done`](Self::handler_done).
    fn publish_done(&self, event: &AnyEvent, receipt: &Receipt) {
        let _ = (event, receipt);
    }
}

/// One call of a handler that has ended; for a batch handler each event of the call.
#[derive(Debug)]
#[non_exhaustive]
pub struct HandlerDone<'a> {
    /// The event that it was called with.
    pub event: &'a AnyEvent,
    /// Its subscription.
    pub subscription: SubscriptionId,
    /// The name of its subscription.
    pub name: &'a str,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// The time from the call to the end. For an async handler this includes its waits.
    pub duration: Duration,
}

/// Measures one call of an async handler, where there is an observer.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stopwatch(Option<Instant>);

impl Stopwatch {
    #[inline]
    pub(crate) fn new(core: &Core) -> Self {
        Self(core.observer.as_ref().map(|_| Instant::now()))
    }

    /// Reports the end of the call. Without an outcome, or before it was started, there was none.
    #[inline]
    pub(crate) fn handler_done(
        self,
        core: &Core,
        event: &Arc<Stored>,
        info: &Info,
        outcome: Option<&Outcome>,
    ) {
        if let (Some(began), Some(outcome)) = (self.0, outcome) {
            core.call_done(event, info.id, &info.name, info.batch.as_deref(), outcome, began);
        }
    }
}

impl Core {
    #[cold]
    fn handler_done(
        &self,
        event: &Arc<Stored>,
        subscription: SubscriptionId,
        name: &str,
        outcome: &Outcome,
        began: Instant,
    ) {
        let Some(observer) = &self.observer else { return };
        let duration = began.elapsed();
        let _frame = Entered::callback(self, Some(event));
        let event = &AnyEvent::of(event);
        let done = HandlerDone { event, subscription, name, outcome, duration };
        catch_panic(|| observer.handler_done(&done));
    }

    /// The same for each event of a call, which has several in a batch.
    #[cold]
    pub(crate) fn call_done(
        &self,
        event: &Arc<Stored>,
        subscription: SubscriptionId,
        name: &str,
        batch: Option<&Batching>,
        outcome: &Outcome,
        began: Instant,
    ) {
        let Some(batch) = batch else { return self.handler_done(event, subscription, name, outcome, began) };
        for (event, outcome) in batch.each(event, outcome) {
            self.handler_done(&event, subscription, name, &outcome, began);
        }
    }

    #[cold]
    pub(crate) fn publish_begun(&self, event: &Arc<Stored>) {
        let Some(observer) = &self.observer else { return };
        let _frame = Entered::callback(self, Some(event));
        catch_panic(|| observer.publish_begun(&AnyEvent::of(event)));
    }

    #[cold]
    pub(crate) fn publish_done(&self, event: &Arc<Stored>, receipt: &Receipt) {
        let Some(observer) = &self.observer else { return };
        let _frame = Entered::callback(self, Some(event));
        catch_panic(|| observer.publish_done(&AnyEvent::of(event), receipt));
    }
}
