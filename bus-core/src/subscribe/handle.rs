//! Subscriptions that the bus pushes to.

use std::future::Future;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Duration;

use super::add::NewHandler;
use super::{Subscribe, Subscription};
use crate::delivery::{AsyncClosure, AsyncRunner, HandlerResult, Member};
use crate::error::SubscribeError;
use crate::event::Event;
use crate::sync::{Handle, sleep};

impl<S: 'static> Subscribe<S> {
    /// Has an async handler called for every event, one at a time unless [`concurrency`](Self::concurrency) says otherwise.
    ///
    /// It runs on the runtime that this is called in, or the builder's. It returns `()` or `Result<(), BoxError>`; an error or a panic is in the receipt, the stats and the log, and harms nobody else.
    ///
    /// A handler that needs something of its own gives each call a clone of it. An `async move` closure lends what it captured to one call at a time, so the compiler refuses it here.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// let audit = bus.stream("audit");
    /// let _guard = bus.subscribe_any().stream("desk").handle(move |event| {
    ///     let audit = audit.clone();
    ///     async move {
    ///         audit.emit_dynamic("seen", serde_json::json!({ "kind": event.kind() })).await;
    ///     }
    /// });
    /// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// assert_eq!(bus.history().kinds(["seen"]).collect().len(), 1);
    /// # }
    /// ```
    ///
    /// # Panics
    /// Where there is no tokio runtime, or none with timers for a handler with a timeout, the bus is closed, or two linked definitions declare the kind: see [`try_handle`](Self::try_handle).
    #[track_caller]
    #[expect(clippy::panic, reason = "documented; `try_handle` returns it")]
    pub fn handle<F, Fut>(self, handler: F) -> Subscription
    where
        F: Fn(Event<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: HandlerResult,
    {
        self.try_handle(handler).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Has an async handler called for every event.
    ///
    /// # Errors
    /// Where there is no tokio runtime, or none with timers for a handler with a timeout, the bus is closed, or two linked definitions declare the kind.
    pub fn try_handle<F, Fut>(self, handler: F) -> Result<Subscription, SubscribeError>
    where
        F: Fn(Event<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: HandlerResult,
    {
        let Self { bus, plan, .. } = self;
        // The builder's choice first: it was made for all handlers of the bus.
        let runtime = bus.core.settings.runtime.clone().or_else(|| Handle::try_current().ok());
        let runtime = runtime.ok_or(SubscribeError::NoRuntime)?;
        let timed = plan.timeout.or(bus.core.settings.handler_timeout).is_some();
        if timed && !has_timers(&runtime) {
            return Err(SubscribeError::NoTimers);
        }
        let handler = Arc::new(handler);
        let runner =
            || Box::new(AsyncClosure::<F, Fut, S>::new(Arc::clone(&handler))) as Box<dyn AsyncRunner>;
        let runners = (0..plan.concurrency).map(|_| runner()).collect();
        let name = name_of::<F>(plan.location);
        let added = bus.core.add_handler(plan, name, NewHandler::Async(runners, runtime))?;
        Ok(Subscription::new(&bus.core, &added))
    }

    /// Has a closure called for every event, on the publishing thread and before `send` returns, unless it is busy: then right after, on the thread that runs it.
    ///
    /// It runs one event at a time, so it may be `FnMut`. It returns `()` or `Result<(), BoxError>`; an error or a panic is in the receipt, the stats and the log, and harms nobody else.
    ///
    /// # Panics
    /// Where the bus is closed, two linked definitions declare the kind, or [`concurrency`](Self::concurrency) was asked for: see [`try_handle_sync`](Self::try_handle_sync).
    #[track_caller]
    #[expect(clippy::panic, reason = "documented; `try_handle_sync` returns it")]
    pub fn handle_sync<F, R>(self, handler: F) -> Subscription
    where
        F: FnMut(&Event<S>) -> R + Send + 'static,
        R: HandlerResult,
    {
        self.try_handle_sync(handler).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Has a closure called for every event, on the publishing thread.
    ///
    /// # Errors
    /// Where the bus is closed, two linked definitions declare the kind, or [`concurrency`](Self::concurrency) was asked for.
    pub fn try_handle_sync<F, R>(self, mut handler: F) -> Result<Subscription, SubscribeError>
    where
        F: FnMut(&Event<S>) -> R + Send + 'static,
        R: HandlerResult,
    {
        let Self { bus, plan, .. } = self;
        if plan.concurrency > 1 {
            return Err(SubscribeError::SyncConcurrency);
        }
        let member = Member::<S>::new(move |event| handler(event).into_result().err());
        let name = name_of::<F>(plan.location);
        let added = bus.core.add_handler(plan, name, NewHandler::Sync(Box::new(member)))?;
        Ok(Subscription::new(&bus.core, &added))
    }
}

/// Whether a timer can be made on a runtime. tokio tells only by a panic, and must not tell that in the middle of a publish.
fn has_timers(runtime: &Handle) -> bool {
    let _runtime = runtime.enter();
    catch_unwind(|| drop(sleep(Duration::ZERO))).is_ok()
}

/// The path of a function; for a closure, which has none, the place where it was subscribed.
fn name_of<F>(location: &std::panic::Location<'_>) -> String {
    let path = std::any::type_name::<F>();
    if path.contains("{{closure}}") {
        format!("{}:{}", location.file(), location.line())
    } else {
        path.to_owned()
    }
}
