//! The closure of a user behind one type, with its future in place.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::delivery::outcome::{Failure, HandlerResult, Outcome, failed, panicked};
use crate::delivery::panic::catch_panic;
use crate::event::{AnyEvent, Event, Stored, SubscriptionId};

/// A closure that returns a future, with a slot for that future which is used for one event after
/// the other.
pub(crate) trait AsyncRunner: Send {
    /// Calls the handler, if there is an event that came through its subscription, and polls its
    /// future.
    fn poll(
        &mut self,
        event: Option<(&Arc<Stored>, SubscriptionId)>,
        context: &mut Context<'_>,
    ) -> Poll<Failure>;
    /// Drops the future.
    fn clear(&mut self);
}

pub(crate) struct AsyncClosure<F, Fut, S> {
    closure: Arc<F>,
    future: Pin<Box<Option<Fut>>>,
    set: std::marker::PhantomData<fn(S)>,
}

impl<F, Fut, S> AsyncClosure<F, Fut, S> {
    pub(crate) fn new(closure: Arc<F>) -> Self {
        Self { closure, future: Box::pin(None), set: std::marker::PhantomData }
    }
}

impl<F, Fut, S> AsyncRunner for AsyncClosure<F, Fut, S>
where
    F: Fn(Event<S>) -> Fut + Send + Sync,
    Fut: Future + Send,
    Fut::Output: HandlerResult,
{
    fn poll(
        &mut self,
        event: Option<(&Arc<Stored>, SubscriptionId)>,
        context: &mut Context<'_>,
    ) -> Poll<Failure> {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if let Some((event, id)) = event {
                let event = AnyEvent::of(event).through(id);
                self.future.set(Some((self.closure)(event.assume())));
            }
            self.future.as_mut().as_pin_mut().map(|future| future.poll(context))
        }));
        let failure = match polled {
            Ok(Some(Poll::Pending)) => return Poll::Pending,
            Ok(Some(Poll::Ready(result))) => result.into_result().err().map(failed),
            Ok(None) => Some(Outcome::Dropped),
            Err(panic) => Some(panicked(panic)),
        };
        self.clear();
        Poll::Ready(failure.map(Box::new))
    }

    /// The slot is empty afterwards, also where the drop panics.
    fn clear(&mut self) {
        let slot = self.future.as_mut();
        catch_panic(move || Pin::set(&mut { slot }, None));
    }
}
