//! Handlers with a state of their own.

use std::future::Future;
use std::marker::PhantomData;

use super::{IntoReply, Subscribe, Subscription};
use crate::delivery::HandlerResult;
use crate::error::SubscribeError;
use crate::event::Event;
use crate::payload::Request;

/// The state of a handler, in the type of its [`Subscribe`]: see [`Subscribe::with`].
#[derive(Debug, Clone)]
pub struct With<T>(T);

impl<S: 'static, M> Subscribe<S, (), M> {
    /// Gives the handler a state of its own: a clone of it is the first argument of each call.
    ///
    /// It is for what an async closure would capture. The compiler refuses an `async move` closure
    /// with captures as a handler, because its future borrows from the closure.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// let audit = bus.stream("audit");
    /// let _guard = bus.subscribe_any().stream("desk").with(audit).handle(async |audit, event| {
    ///     audit.emit_dynamic("seen", serde_json::json!({ "kind": event.kind() })).await;
    /// });
    /// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// assert_eq!(bus.history().kinds(["seen"]).collect().len(), 1);
    /// # }
    /// ```
    ///
    /// Several values are a tuple: `.with((store, audit)).handle(async |(store, audit), event| …)`.
    /// A value that is costly to clone is put in an `Arc`. A handler that answers gets its state in
    /// the same way, a wait and a stream take none.
    pub fn with<T: Clone + Send + Sync + 'static>(self, state: T) -> Subscribe<S, With<T>, M> {
        let Self { bus, plan, mode, .. } = self;
        Subscribe { bus, plan, state: With(state), mode, set: PhantomData }
    }
}

impl<S: 'static, T: Clone + Send + Sync + 'static> Subscribe<S, With<T>> {
    /// Calls an async handler for each event, as [`Subscribe::handle`] does, with its state.
    ///
    /// # Panics
    /// As [`Subscribe::handle`].
    ///
    /// # Cancel safety
    /// As [`Subscribe::handle`].
    #[track_caller]
    pub fn handle<F, Fut>(self, handler: F) -> Subscription
    where
        F: Fn(T, Event<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: HandlerResult,
    {
        Subscription::or_ended(self.try_handle(handler))
    }

    /// Calls an async handler for each event, as [`Subscribe::try_handle`] does, with its state.
    ///
    /// # Errors
    /// As [`Subscribe::try_handle`].
    pub fn try_handle<F, Fut>(self, handler: F) -> Result<Subscription, SubscribeError>
    where
        F: Fn(T, Event<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: HandlerResult,
    {
        let (subscribe, state) = self.part::<F>();
        subscribe.try_handle(move |event| handler(state.clone(), event))
    }

    /// Calls a closure for each event, as [`Subscribe::handle_sync`] does, with its state.
    ///
    /// # Panics
    /// As [`Subscribe::handle_sync`].
    #[track_caller]
    pub fn handle_sync<F, R>(self, handler: F) -> Subscription
    where
        F: FnMut(T, &Event<S>) -> R + Send + 'static,
        R: HandlerResult,
    {
        Subscription::or_ended(self.try_handle_sync(handler))
    }

    /// Calls a closure for each event, as [`Subscribe::try_handle_sync`] does, with its state.
    ///
    /// # Errors
    /// As [`Subscribe::try_handle_sync`].
    pub fn try_handle_sync<F, R>(self, mut handler: F) -> Result<Subscription, SubscribeError>
    where
        F: FnMut(T, &Event<S>) -> R + Send + 'static,
        R: HandlerResult,
    {
        let (subscribe, state) = self.part::<F>();
        subscribe.try_handle_sync(move |event| handler(state.clone(), event))
    }

    /// Answers each event with an async handler, as [`Subscribe::reply`] does, with its state.
    ///
    /// ```standalone_crate
    /// # use std::collections::HashMap;
    /// # use std::sync::Arc;
    /// # use bus_core::{AgentEvent, EventBus};
    /// # #[derive(AgentEvent)]
    /// # enum StoreEvents {
    /// #[event(reply = Option<u32>)]
    /// PriceAsked { item: String },
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bus_core::ReplyError> {
    /// let bus = EventBus::new();
    /// let prices = Arc::new(HashMap::from([("tea".to_owned(), 3)]));
    /// let _shop = bus
    ///     .subscribe::<PriceAsked>()
    ///     .with(prices)
    ///     .reply(async |prices, event| prices.get(&event.item).copied());
    /// assert_eq!(*bus.stream("desk").emit_price_asked("tea").first_reply().await?, Some(3));
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    /// As [`Subscribe::reply`].
    ///
    /// # Cancel safety
    /// As [`Subscribe::handle`].
    #[track_caller]
    pub fn reply<F, Fut>(self, handler: F) -> Subscription
    where
        S: Request,
        F: Fn(T, Event<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoReply<S::Reply>,
    {
        Subscription::or_ended(self.try_reply(handler))
    }

    /// Answers each event with an async handler, as [`Subscribe::try_reply`] does, with its state.
    ///
    /// # Errors
    /// As [`Subscribe::try_reply`].
    pub fn try_reply<F, Fut>(self, handler: F) -> Result<Subscription, SubscribeError>
    where
        S: Request,
        F: Fn(T, Event<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoReply<S::Reply>,
    {
        let (subscribe, state) = self.part::<F>();
        subscribe.try_reply(move |event| handler(state.clone(), event))
    }

    /// Answers each event with a closure, as [`Subscribe::reply_sync`] does, with its state.
    ///
    /// # Panics
    /// As [`Subscribe::reply_sync`].
    #[track_caller]
    pub fn reply_sync<F, R>(self, handler: F) -> Subscription
    where
        S: Request,
        F: FnMut(T, &Event<S>) -> R + Send + 'static,
        R: IntoReply<S::Reply>,
    {
        Subscription::or_ended(self.try_reply_sync(handler))
    }

    /// Answers each event with a closure, as [`Subscribe::try_reply_sync`] does, with its state.
    ///
    /// # Errors
    /// As [`Subscribe::try_reply_sync`].
    pub fn try_reply_sync<F, R>(self, mut handler: F) -> Result<Subscription, SubscribeError>
    where
        S: Request,
        F: FnMut(T, &Event<S>) -> R + Send + 'static,
        R: IntoReply<S::Reply>,
    {
        let (subscribe, state) = self.part::<F>();
        subscribe.try_reply_sync(move |event| handler(state.clone(), event))
    }
}

impl<S, T, M> Subscribe<S, With<T>, M> {
    /// Takes the state apart. The name of the subscription is that of the user's function.
    pub(super) fn part<F>(self) -> (Subscribe<S, (), M>, T) {
        let Self { bus, mut plan, state: With(state), mode, .. } = self;
        plan.name_after::<F>();
        (Subscribe { bus, plan, state: (), mode, set: PhantomData }, state)
    }
}
