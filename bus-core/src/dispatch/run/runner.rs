//! The user's handlers behind one face: called with an event, they give what became of it, and no panic leaves them.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::dispatch::crew::team::{Call, Callers, Calls};
use crate::dispatch::guarded;
use crate::dispatch::run::desk::Hire;
use crate::error::BoxError;
use crate::event::{AnyEvent, Event, Stored, SubscriptionId};

/// What became of one event in one handler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The handler returned.
    Handled,
    /// The handler returned this error.
    Failed(String),
    /// The handler panicked with this message.
    Panicked(String),
    /// The handler took longer than its timeout and was dropped.
    TimedOut,
    /// The queue was full and the event did not fit.
    Overflowed,
    /// The event waited, and a newer one of its kind replaced it.
    Coalesced,
    /// The subscription ended, or its runtime was shut down, before the event was handled.
    Dropped,
}

/// What a handler may return: nothing, or `Result<(), BoxError>`.
#[diagnostic::on_unimplemented(
    message = "a handler returns `()` or `Result<(), BoxError>`, not `{Self}`",
    label = "this handler's result",
    note = "`?` turns any error into a `BoxError`; end the handler with `Ok(())`, or drop the value with `;`"
)]
pub trait HandlerResult: Send + 'static {
    #[doc(hidden)]
    fn into_result(self) -> Result<(), BoxError>;
}

impl HandlerResult for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl HandlerResult for Result<(), BoxError> {
    fn into_result(self) -> Self {
        self
    }
}

/// A handler, claimed by whoever holds it.
pub(crate) enum Runner {
    Sync(Box<dyn SyncRunner>),
    Async(Box<dyn AsyncRunner>),
}

/// A closure that is called on the publishing thread.
pub(crate) trait SyncRunner: Send {
    /// Calls the handler with an event that came through its subscription. Takes the event and gives it back, so that a publish to many handlers counts no references.
    fn run(&mut self, event: Arc<Stored>, through: SubscriptionId, trouble: &mut Trouble) -> Arc<Stored>;
    /// An empty team for handlers of the same set of events.
    fn team(&self) -> Box<dyn Calls>;
    /// Puts itself into a place for handlers of its set, an `Option<Box<dyn Call<S>>>`; comes back from any other.
    fn enlist(self: Box<Self>, place: &mut dyn Any) -> Option<Box<dyn SyncRunner>>;
}

/// How a handler ended where it has not simply handled the event. In a box, so that it is passed on in a register.
pub(crate) type Trouble = Option<Box<Outcome>>;

/// A closure that gives a future, with a place for that future which is used again for the next event.
pub(crate) trait AsyncRunner: Send {
    /// Calls the handler with an event that came through its subscription, and polls its future once. The event is copied where it is used: one that is written and then passed on stalls the processor.
    fn begin(
        &mut self,
        event: &AnyEvent,
        through: SubscriptionId,
        context: &mut Context<'_>,
    ) -> Poll<Trouble>;
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Trouble>;
    /// Drops the future that [`begin`](Self::begin) made.
    fn clear(&mut self);
    /// Its driver, if it has needed one.
    fn hire(&mut self) -> &mut Option<Hire>;
}

pub(crate) struct SyncHandler<F, S, R> {
    handler: F,
    types: PhantomData<fn(S) -> R>,
}

impl<F, S, R> SyncHandler<F, S, R> {
    pub(crate) fn new(handler: F) -> Self {
        Self { handler, types: PhantomData }
    }
}

impl<F, S, R> SyncRunner for SyncHandler<F, S, R>
where
    F: FnMut(&Event<S>) -> R + Send + 'static,
    S: 'static,
    R: HandlerResult,
{
    fn run(&mut self, event: Arc<Stored>, through: SubscriptionId, trouble: &mut Trouble) -> Arc<Stored> {
        let event: Event<S> = AnyEvent::new(event).through(through).assume();
        let result = catch_unwind(AssertUnwindSafe(|| (self.handler)(&event).into_result()));
        *trouble = ended(result);
        event.into_stored()
    }

    fn team(&self) -> Box<dyn Calls> {
        Box::new(Callers::<S>::default())
    }

    fn enlist(self: Box<Self>, place: &mut dyn Any) -> Option<Box<dyn SyncRunner>> {
        match place.downcast_mut::<Option<Box<dyn Call<S>>>>() {
            Some(place) => {
                *place = Some(self);
                None
            }
            None => Some(self),
        }
    }
}

impl<F, S, R> Call<S> for SyncHandler<F, S, R>
where
    F: FnMut(&Event<S>) -> R + Send + 'static,
    S: 'static,
    R: HandlerResult,
{
    fn call(&mut self, event: &Event<S>) -> Option<BoxError> {
        (self.handler)(event).into_result().err()
    }
}

pub(crate) struct AsyncHandler<F, Fut, S> {
    handler: Arc<F>,
    slot: Pin<Box<Option<Fut>>>,
    hire: Option<Hire>,
    set: PhantomData<fn(S)>,
}

impl<F, Fut, S> AsyncHandler<F, Fut, S> {
    pub(crate) fn new(handler: Arc<F>) -> Self {
        Self { handler, slot: Box::pin(None), hire: None, set: PhantomData }
    }
}

impl<F, Fut, S> AsyncHandler<F, Fut, S>
where
    F: Fn(Event<S>) -> Fut,
    Fut: Future,
    Fut::Output: HandlerResult,
{
    /// Calls the handler if there is an event to call it with, and polls its future.
    #[inline]
    fn run(
        &mut self,
        event: Option<(&AnyEvent, SubscriptionId)>,
        context: &mut Context<'_>,
    ) -> Poll<Trouble> {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if let Some((event, through)) = event {
                let event = event.clone().through(through);
                self.slot.set(Some((self.handler)(event.assume())));
            }
            self.slot.as_mut().as_pin_mut().map(|future| future.poll(context))
        }));
        let result = match polled {
            Ok(Some(Poll::Pending)) => return Poll::Pending,
            Ok(None) => return Poll::Ready(Some(Box::new(Outcome::Dropped))),
            Ok(Some(Poll::Ready(result))) => Ok(result.into_result()),
            Err(panic) => Err(panic),
        };
        clear(self.slot.as_mut());
        Poll::Ready(ended(result))
    }
}

/// Drops a future. What it drops may panic too; the slot is empty afterwards either way.
fn clear<Fut>(slot: Pin<&mut Option<Fut>>) {
    guarded(move || Pin::set(&mut { slot }, None));
}

impl<F, Fut, S> AsyncRunner for AsyncHandler<F, Fut, S>
where
    F: Fn(Event<S>) -> Fut + Send + Sync,
    Fut: Future + Send,
    Fut::Output: HandlerResult,
{
    fn begin(
        &mut self,
        event: &AnyEvent,
        through: SubscriptionId,
        context: &mut Context<'_>,
    ) -> Poll<Trouble> {
        self.run(Some((event, through)), context)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Trouble> {
        self.run(None, context)
    }

    fn clear(&mut self) {
        clear(self.slot.as_mut());
    }

    fn hire(&mut self) -> &mut Option<Hire> {
        &mut self.hire
    }
}

fn ended(result: Result<Result<(), BoxError>, Box<dyn Any + Send>>) -> Trouble {
    match result {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Box::new(failed(error))),
        Err(panic) => Some(Box::new(panicked(panic))),
    }
}

/// An error's own `Display` may panic, and so may its drop.
#[cold]
pub(crate) fn failed(error: BoxError) -> Outcome {
    let shown = catch_unwind(AssertUnwindSafe(|| error.to_string()));
    guarded(|| drop(error));
    shown.map_or_else(panicked, Outcome::Failed)
}

#[cold]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Outcome {
    Outcome::Panicked(message(panic))
}

/// The text of a panic, where it has one; the panic ends here.
pub(crate) fn message(panic: Box<dyn Any + Send>) -> String {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic without a text").to_owned();
    // What a panic carries may panic when it is dropped. Of that second panic nothing is dropped any more, or this would have no end.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
    text
}
