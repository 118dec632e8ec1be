//! Subscriptions that the bus pushes to.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::add::NewHandler;
use super::{Subscribe, Subscription};
use crate::delivery::{AsyncClosure, AsyncRunner, HandlerResult, Member};
use crate::error::SubscribeError;
use crate::event::Event;
use crate::sync::{Handle, try_sleep};

impl<S: 'static> Subscribe<S> {
    /// Calls an async handler for each event, in order, one at a time unless
    /// [`concurrency`](Self::concurrency) is set.
    ///
    /// The handler runs on the runtime in which this is called, or on that of the builder. An emit
    /// that is awaited on this runtime polls the handler in place first. Otherwise a task runs it,
    /// which stays with the handler. The handler needs one of the
    /// [`max_concurrent_handlers`](crate::EventBusBuilder::max_concurrent_handlers) permits while
    /// it is at work, but not while it waits in an emit or a wait of the bus.
    ///
    /// It returns `()` or `Result<(), BoxError>`. An error or a panic is in the receipt, the stats
    /// and the log. The subscription goes on, and other handlers are not affected.
    ///
    /// A handler that needs captured values gets them from [`with`](Self::with), as its first
    /// argument: `.with(store).handle(async |store, event| ..)`. The compiler refuses an `async
    /// move` closure that captures, because its futures borrow from the closure.
    ///
    /// # Panics
    /// If [`try_handle`](Self::try_handle) returns an error, unless the bus is closed: then the
    /// guard is of a subscription that has ended, as a stream of a closed bus is at its end.
    ///
    /// # Cancel safety
    /// A handler's future is dropped when its [`timeout`](Self::timeout) is over or its runtime is
    /// shut down, but not when its subscription ends.
    #[track_caller]
    pub fn handle<F, Fut>(self, handler: F) -> Subscription
    where
        F: Fn(Event<S>) -> Fut + Send + Sync + 'static, // captured values: `.with(value).handle(async |value, event| ..)`
        Fut: Future + Send + 'static,                   // without `async`: `.handle_sync(|event| ..)`
        Fut::Output: HandlerResult,
    {
        Subscription::or_ended(self.try_handle(handler))
    }

    /// Calls an async handler for each event, as [`handle`](Self::handle) does.
    ///
    /// # Errors
    /// If there is no tokio runtime, or none with timers for a handler with a
    /// [`timeout`](Self::timeout) of its own, if the bus is closed, if two linked definitions
    /// declare the kind, or for a wrong use of [`with_latest`](Self::with_latest).
    pub fn try_handle<F, Fut>(self, handler: F) -> Result<Subscription, SubscribeError>
    where
        F: Fn(Event<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: HandlerResult,
    {
        let Self { bus, mut plan, .. } = self;
        // The builder's choice first: it is for all handlers of the bus.
        let runtime = bus.core.settings.runtime.clone().or_else(|| Handle::try_current().ok());
        let runtime = runtime.ok_or(SubscribeError::NoRuntime)?;
        let lingers = plan.batch.as_ref().is_some_and(|batch| !batch.limits.linger.is_zero());
        let timed = plan.timeout.is_some() && !plan.watched;
        if (timed || lingers || plan.is_consumer()) && !has_timers(&runtime) {
            return Err(SubscribeError::NoTimers);
        }
        let handler = Arc::new(handler);
        let runner =
            || Box::new(AsyncClosure::<F, Fut, S>::new(Arc::clone(&handler))) as Box<dyn AsyncRunner>;
        let runners = (0..plan.concurrency).map(|_| runner()).collect();
        plan.name_after::<F>();
        let added = bus.core.add_handler(plan, NewHandler::Async(runners, runtime))?;
        Ok(Subscription::new(&bus.core, &added))
    }

    /// Calls a closure for each event, in order, one at a time, so it may be `FnMut`.
    ///
    /// An idle handler runs on the publishing thread before `send` returns. A busy one gets the
    /// event right after, on the thread that runs it. Such a thread runs at most 64 events of other
    /// publishers, or 1 ms of them, for each outermost publish. Then a thread of the bus goes on,
    /// inside the runtime of the thread that handed over. So under load the closure may run on a
    /// thread of the bus. More than 8 handlers deep, it runs when the outermost one has returned.
    ///
    /// Sync handlers of the same events with the same queue settings and without a filter share one
    /// queue and run one after the other. A handler that joins while they are at work waits with
    /// them. One that ends may be called once more, by another thread, after
    /// [`unsubscribe`](crate::EventBus::unsubscribe) has returned.
    ///
    /// Unless [`overflow`](Self::overflow) is set, a sender outside of handlers and callbacks waits
    /// while the queue is over its capacity; senders go on in the order of their events.
    ///
    /// The closure returns `()` or `Result<(), BoxError>`. An error or a panic is in the receipt,
    /// the stats and the log. The subscription goes on, and other handlers are not affected.
    ///
    /// ```standalone_crate
    /// # use bus_core::{AgentEvent, EventBus};
    /// # #[derive(AgentEvent)]
    /// # enum BuildEvents { TargetStarted { target: String } }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = EventBus::new();
    /// let mut count = 0;
    /// let _guard = bus.subscribe::<TargetStarted>().handle_sync(move |event| {
    ///     count += 1;
    ///     println!("{} is target {count}", event.target);
    /// });
    /// let sent = bus.stream("desk").emit_target_started("app").send();
    /// assert_eq!(sent.receipt().handled(), 1);
    /// # }
    /// ```
    ///
    /// # Panics
    /// If [`try_handle_sync`](Self::try_handle_sync) returns an error, unless the bus is closed:
    /// then the guard is of a subscription that has ended, as a stream of a closed bus is at its
    /// end.
    #[track_caller]
    pub fn handle_sync<F, R>(self, handler: F) -> Subscription
    where
        F: FnMut(&Event<S>) -> R + Send + 'static,
        R: HandlerResult,
    {
        Subscription::or_ended(self.try_handle_sync(handler))
    }

    /// Calls a closure for each event, as [`handle_sync`](Self::handle_sync) does.
    ///
    /// # Errors
    /// If the bus is closed, if two linked definitions declare the kind, if
    /// [`concurrency`](Self::concurrency) is more than 1, or for a wrong use of
    /// [`with_latest`](Self::with_latest).
    pub fn try_handle_sync<F, R>(self, mut handler: F) -> Result<Subscription, SubscribeError>
    where
        F: FnMut(&Event<S>) -> R + Send + 'static,
        R: HandlerResult,
    {
        let Self { bus, mut plan, .. } = self;
        if plan.concurrency > 1 {
            return Err(SubscribeError::SyncConcurrency);
        }
        let member = Member::<S>::new(move |event| handler(event).into_result().err());
        plan.name_after::<F>();
        let added = bus.core.add_handler(plan, NewHandler::Sync(Box::new(member)))?;
        Ok(Subscription::new(&bus.core, &added))
    }
}

/// Whether a timer can be made on a runtime: that must not be found out in the middle of a publish.
fn has_timers(runtime: &Handle) -> bool {
    let _runtime = runtime.enter();
    try_sleep(Duration::ZERO).is_some()
}
