//! Handlers that answer.

use std::future::Future;
use std::sync::Arc;

use super::{Subscribe, Subscription};
use crate::delivery::answer;
use crate::error::{BoxError, SubscribeError};
use crate::event::Event;
use crate::payload::Request;

/// The return type of a handler that answers with `R`: an `R`, or `Result<R, BoxError>`.
#[diagnostic::on_unimplemented(
    message = "this event is answered with `{R}`, not with `{Self}`: return a `{R}`, or `Ok(..)` of it",
    label = "this handler's answer",
    note = "`#[event(reply = ..)]` in the definition names the type of the answer"
)]
pub trait IntoReply<R>: Send + 'static {
    #[doc(hidden)]
    fn into_reply(self) -> Result<R, BoxError>;
}

impl<R: Send + 'static> IntoReply<R> for R {
    fn into_reply(self) -> Result<R, BoxError> {
        Ok(self)
    }
}

impl<R: Send + 'static> IntoReply<R> for Result<R, BoxError> {
    fn into_reply(self) -> Self {
        self
    }
}

impl<S: 'static> Subscribe<S> {
    /// Answers each event with an async handler, for events with `#[event(reply = ..)]`.
    ///
    /// It is called as [`handle`](Self::handle) calls a handler, with all settings of the
    /// subscription. It returns the answer, or `Result` of it: an error is a failure of the
    /// handler, and no answer. The emitter gets the answer from
    /// [`Emit::replies`](crate::Emit::replies) or [`Emit::first_reply`](crate::Emit::first_reply).
    /// If it waits for none, or no longer, the answer is dropped, and so are answers to events of
    /// the past and to republished events.
    ///
    /// ```standalone_crate
    /// use bus_core::{AgentEvent, EventBus};
    ///
    /// #[derive(Debug, PartialEq)]
    /// enum Decision {
    ///     Allow,
    ///     Deny,
    /// }
    ///
    /// #[derive(AgentEvent)]
    /// enum ToolEvents {
    ///     #[event(reply = Decision)]
    ///     ToolRequested { tool: String },
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bus_core::ReplyError> {
    /// let bus = EventBus::new();
    /// let _gate = bus.subscribe::<ToolRequested>().name("gate").reply(async |event| {
    ///     if event.tool == "shell" { Decision::Deny } else { Decision::Allow }
    /// });
    /// let decision = bus.stream("desk").emit_tool_requested("shell").first_reply().await?;
    /// assert_eq!((decision.name(), &*decision), ("gate", &Decision::Deny));
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    /// If [`try_reply`](Self::try_reply) returns an error, unless the bus is closed: then the guard
    /// is of a subscription that has ended, as that of [`handle`](Self::handle).
    ///
    /// # Cancel safety
    /// As that of [`handle`](Self::handle).
    #[track_caller]
    pub fn reply<F, Fut>(self, handler: F) -> Subscription
    where
        S: Request,
        F: Fn(Event<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoReply<S::Reply>,
    {
        Subscription::or_ended(self.try_reply(handler))
    }

    /// Answers each event with an async handler, as [`reply`](Self::reply) does.
    ///
    /// # Errors
    /// Those of [`try_handle`](Self::try_handle).
    pub fn try_reply<F, Fut>(self, handler: F) -> Result<Subscription, SubscribeError>
    where
        S: Request,
        F: Fn(Event<S>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoReply<S::Reply>,
    {
        let (subscribe, name) = self.answering::<F>();
        subscribe.try_handle(move |event: Event<S>| {
            let (name, reply) = (Arc::clone(&name), handler(event.clone()));
            async move {
                answer(&event, &name, reply.await.into_reply()?);
                Ok::<(), BoxError>(())
            }
        })
    }

    /// Answers each event with a closure that runs as those of [`handle_sync`](Self::handle_sync)
    /// do. Its answer is used as that of [`reply`](Self::reply).
    ///
    /// # Panics
    /// If [`try_reply_sync`](Self::try_reply_sync) returns an error, unless the bus is closed: then
    /// the guard is of a subscription that has ended, as that of [`handle`](Self::handle).
    #[track_caller]
    pub fn reply_sync<F, R>(self, handler: F) -> Subscription
    where
        S: Request,
        F: FnMut(&Event<S>) -> R + Send + 'static,
        R: IntoReply<S::Reply>,
    {
        Subscription::or_ended(self.try_reply_sync(handler))
    }

    /// Answers each event with a closure, as [`reply_sync`](Self::reply_sync) does.
    ///
    /// # Errors
    /// Those of [`try_handle_sync`](Self::try_handle_sync).
    pub fn try_reply_sync<F, R>(self, mut handler: F) -> Result<Subscription, SubscribeError>
    where
        S: Request,
        F: FnMut(&Event<S>) -> R + Send + 'static,
        R: IntoReply<S::Reply>,
    {
        let (subscribe, name) = self.answering::<F>();
        subscribe.try_handle_sync(move |event: &Event<S>| {
            answer(event, &name, handler(event).into_reply()?);
            Ok::<(), BoxError>(())
        })
    }

    /// Marks the subscription as one that answers, under the name of the user's handler.
    fn answering<F>(mut self) -> (Self, Arc<str>) {
        let name = self.plan.name_after::<F>();
        self.plan.answers = true;
        (self, name)
    }
}
