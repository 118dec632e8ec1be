//! Handlers that take several events a call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::{Subscribe, Subscription, With};
use crate::delivery::{Batch, BatchResult, Batching, Limits};
use crate::error::SubscribeError;
use crate::event::Event;

/// In the type of a [`Subscribe`]: a handler gets one event a call.
#[derive(Debug, Clone, Copy)]
pub struct Single(pub(super) ());

/// In the type of a [`Subscribe`]: a handler gets several events a call. See [`Subscribe::batch`].
#[derive(Debug, Clone, Copy)]
pub struct Batches(Limits);

/// No batch waits for longer.
const LONGEST: Duration = Duration::from_hours(24 * 365);

impl<S, T> Subscribe<S, T> {
    /// Calls the handler with several events at once, as a [`Batch`]: with all that wait, in
    /// order, at most `events` of them and at least one. While a call runs, the next batch gathers:
    /// many publishers share one commit, and a lone one does not wait for others.
    ///
    /// One call takes one permit, and [`timeout`](Subscribe::timeout) limits the call. An awaited
    /// emit is done when the call that had its event is. The handler returns `()`, or a `Result`
    /// with a [`BatchError`](crate::BatchError), of all events or of some of them; a panic or a
    /// time-out is the outcome of each event. The last event of the batch is the cause of what the
    /// handler emits.
    ///
    /// A sync handler that runs on the publishing thread gets that one event, and what waited
    /// meanwhile in batches. [`linger`](Subscribe::linger) waits for more events,
    /// [`max_bytes`](Subscribe::max_bytes) limits the memory of a batch. A handler that takes
    /// batches takes one at a time, so that it refuses [`concurrency`](Subscribe::concurrency), and
    /// it cannot answer.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// let file = Arc::new(Mutex::new(Vec::<String>::new()));
    /// let store = bus.subscribe_any().name("store").batch(256).with(file.clone());
    /// let _guard = store.handle(async |file, events| {
    ///     file.lock().unwrap().extend(events.iter().map(|event| event.to_json()));
    /// });
    /// let receipt = bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// assert_eq!((receipt.handled(), file.lock().unwrap().len()), (1, 1));
    /// # }
    /// ```
    pub fn batch(self, events: usize) -> Subscribe<S, T, Batches> {
        let Self { bus, plan, state, set, .. } = self;
        let mode = Batches(Limits { events, bytes: usize::MAX, linger: Duration::ZERO });
        Subscribe { bus, plan, state, mode, set }
    }
}

impl<S, T> Subscribe<S, T, Batches> {
    /// Lets a batch wait for more events: until it or its queue is full, or the queue holds half of
    /// its [`capacity_bytes`](Self::capacity_bytes), until this time is over since its first event
    /// came, until somebody waits for one of its events, or until the bus is closed. An awaited
    /// emit therefore ends the wait at once. It needs no permit. Unless set, no batch waits.
    ///
    /// It is for handlers whose calls are costly. A sync handler refuses it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// let (sizes, mut calls) = tokio::sync::mpsc::unbounded_channel();
    /// let upload = bus.subscribe_any().batch(3).linger(Duration::from_secs(60)).with(sizes);
    /// let _guard = upload.handle(async |sizes, events| sizes.send(events.len()).unwrap());
    /// for n in 0..3 {
    ///     bus.stream("desk").emit_dynamic("step", serde_json::json!({ "n": n })).send();
    /// }
    /// assert_eq!(calls.recv().await, Some(3));
    /// # }
    /// ```
    pub fn linger(mut self, limit: Duration) -> Self {
        self.mode.0.linger = limit.min(LONGEST);
        self
    }

    /// Limits the memory of the events of one batch, by estimate. The first event is taken
    /// whatever its size. Unless set, only the number of events is limited.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.mode.0.bytes = bytes;
        self
    }
}

impl<S: 'static> Subscribe<S, (), Batches> {
    /// Calls an async handler with batches of events, as [`Subscribe::handle`] calls one with each
    /// event.
    ///
    /// # Panics
    /// If [`try_handle`](Self::try_handle) returns an error, unless the bus is closed: then the
    /// guard is of a subscription that has ended.
    ///
    /// # Cancel safety
    /// As [`Subscribe::handle`].
    #[track_caller]
    pub fn handle<F, Fut>(self, handler: F) -> Subscription
    where
        F: Fn(Batch<S>) -> Fut + Send + Sync + 'static, // captured values: `.with(value).handle(async |value, events| ..)`
        Fut: Future + Send + 'static,                   // without `async`: `.handle_sync(|events| ..)`
        Fut::Output: BatchResult,
    {
        Subscription::or_ended(self.try_handle(handler))
    }

    /// Calls an async handler with batches of events, as [`handle`](Self::handle) does.
    ///
    /// # Errors
    /// Those of [`Subscribe::try_handle`], and for a batch of 0 events, for
    /// [`concurrency`](Subscribe::concurrency), or for [`linger`](Self::linger) on a runtime
    /// without timers.
    pub fn try_handle<F, Fut>(self, handler: F) -> Result<Subscription, SubscribeError>
    where
        F: Fn(Batch<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: BatchResult,
    {
        let (subscribe, batching) = self.batching::<F>()?;
        subscribe.try_handle(move |event: Event<S>| {
            let (called, batching) = (handler(batching.begin(&event)), Arc::clone(&batching));
            async move { batching.end(called.await.into_result()) }
        })
    }

    /// Calls a closure with batches of events, as [`Subscribe::handle_sync`] calls one with each
    /// event.
    ///
    /// # Panics
    /// If [`try_handle_sync`](Self::try_handle_sync) returns an error, unless the bus is closed:
    /// then the guard is of a subscription that has ended.
    #[track_caller]
    pub fn handle_sync<F, R>(self, handler: F) -> Subscription
    where
        F: FnMut(&Batch<S>) -> R + Send + 'static,
        R: BatchResult,
    {
        Subscription::or_ended(self.try_handle_sync(handler))
    }

    /// Calls a closure with batches of events, as [`handle_sync`](Self::handle_sync) does.
    ///
    /// # Errors
    /// Those of [`Subscribe::try_handle_sync`], and for a batch of 0 events or for
    /// [`linger`](Self::linger).
    pub fn try_handle_sync<F, R>(self, mut handler: F) -> Result<Subscription, SubscribeError>
    where
        F: FnMut(&Batch<S>) -> R + Send + 'static,
        R: BatchResult,
    {
        if !self.mode.0.linger.is_zero() {
            return Err(SubscribeError::SyncLinger);
        }
        let (subscribe, batching) = self.batching::<F>()?;
        subscribe.try_handle_sync(move |event: &Event<S>| {
            batching.end(handler(&batching.begin(event)).into_result())
        })
    }

    /// The subscription to single events of which batches are made, under the name of the user's
    /// handler.
    fn batching<F>(self) -> Result<(Subscribe<S>, Arc<Batching>), SubscribeError> {
        let Self { bus, mut plan, mode: Batches(limits), set, .. } = self;
        if limits.events == 0 {
            return Err(SubscribeError::ZeroBatch);
        }
        if plan.concurrency > 1 {
            return Err(SubscribeError::BatchConcurrency);
        }
        plan.name_after::<F>();
        let batching = Arc::new(Batching::new(limits));
        plan.batch = Some(Arc::clone(&batching));
        Ok((Subscribe { bus, plan, state: (), mode: Single(()), set }, batching))
    }
}

impl<S: 'static, T: Clone + Send + Sync + 'static> Subscribe<S, With<T>, Batches> {
    /// Calls an async handler with its state and batches of events.
    ///
    /// # Panics
    /// As without a state.
    ///
    /// # Cancel safety
    /// As [`Subscribe::handle`].
    #[track_caller]
    pub fn handle<F, Fut>(self, handler: F) -> Subscription
    where
        F: Fn(T, Batch<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: BatchResult,
    {
        Subscription::or_ended(self.try_handle(handler))
    }

    /// Calls an async handler with its state and batches of events.
    ///
    /// # Errors
    /// As without a state.
    pub fn try_handle<F, Fut>(self, handler: F) -> Result<Subscription, SubscribeError>
    where
        F: Fn(T, Batch<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: BatchResult,
    {
        let (subscribe, state) = self.part::<F>();
        subscribe.try_handle(move |events| handler(state.clone(), events))
    }

    /// Calls a closure with its state and batches of events.
    ///
    /// # Panics
    /// As without a state.
    #[track_caller]
    pub fn handle_sync<F, R>(self, handler: F) -> Subscription
    where
        F: FnMut(T, &Batch<S>) -> R + Send + 'static,
        R: BatchResult,
    {
        Subscription::or_ended(self.try_handle_sync(handler))
    }

    /// Calls a closure with its state and batches of events.
    ///
    /// # Errors
    /// As without a state.
    pub fn try_handle_sync<F, R>(self, mut handler: F) -> Result<Subscription, SubscribeError>
    where
        F: FnMut(T, &Batch<S>) -> R + Send + 'static,
        R: BatchResult,
    {
        let (subscribe, state) = self.part::<F>();
        subscribe.try_handle_sync(move |events| handler(state.clone(), events))
    }
}
