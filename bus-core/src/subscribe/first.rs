//! Waiting for one event.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::Subscribe;
use super::reader::Reader;
use crate::delivery::Lagged;
use crate::error::WaitError;
use crate::event::Event;
use crate::sync::Sleep;

/// The first matching event from the moment this was made, whenever it is polled. Several may come:
/// this is the first of them.
///
/// # Errors
/// [`WaitError::Closed`] if the bus is closed before such an event; with [`timeout`](Self::timeout)
/// also [`WaitError::TimedOut`].
///
/// # Cancel safety
/// Dropping it ends the wait.
#[must_use = "a wait does nothing until it is awaited"]
pub struct First<S> {
    reader: Reader,
    set: PhantomData<fn() -> S>,
}

impl<S: 'static> Subscribe<S> {
    /// Waits for one event. The wait begins now, not when it is polled; with [`since`](Self::since)
    /// it looks back.
    ///
    /// # Panics
    /// If two linked definitions declare the kind.
    #[track_caller]
    #[expect(clippy::panic, reason = "documented")]
    pub fn first(self) -> First<S> {
        let Self { bus, plan, .. } = self;
        let reader = Reader::new(&bus.core, plan, true).unwrap_or_else(|error| panic!("{error}"));
        First { reader, set: PhantomData }
    }
}

impl<S> First<S> {
    /// Sets the longest time to wait. With zero it checks for an event that already happened, and
    /// never waits.
    ///
    /// The time begins with the first poll.
    pub fn timeout(self, limit: Duration) -> FirstWithin<S> {
        FirstWithin { first: self, limit, sleep: None }
    }

    /// Without a context it only checks.
    fn look(&mut self, mut context: Option<&mut Context<'_>>) -> Poll<Result<Event<S>, WaitError>> {
        loop {
            match self.reader.poll(context.as_deref_mut()) {
                Poll::Ready(Some(Ok(event))) => return Poll::Ready(Ok(event)),
                // `missed` reports a gap; the event may still come.
                Poll::Ready(Some(Err(_))) => {}
                Poll::Ready(None) => return Poll::Ready(Err(WaitError::Closed)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Returns the events that history no longer held for [`since`](Subscribe::since): the awaited
    /// event may be among them.
    pub fn missed(&self) -> Option<Lagged> {
        self.reader.missed.as_deref().copied()
    }
}

impl<S> Future for First<S> {
    type Output = Result<Event<S>, WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.look(Some(context))
    }
}

impl<S> fmt::Debug for First<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("First").field("id", &self.reader.id).finish_non_exhaustive()
    }
}

/// A wait with a timeout: see [`First::timeout`].
///
/// # Panics
/// If it is polled outside a tokio runtime with time enabled, unless the timeout is zero.
#[must_use = "a wait does nothing until it is awaited"]
pub struct FirstWithin<S> {
    first: First<S>,
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<S> Future for FirstWithin<S> {
    type Output = Result<Event<S>, WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { first, limit, sleep } = &mut *self;
        // The time first: a wait whose time is over does not wait again, and does not release a
        // permit for it.
        let over = sleep.as_mut().is_some_and(|sleep| sleep.as_mut().poll(context).is_ready());
        if over || limit.is_zero() {
            return match first.look(None) {
                Poll::Pending => Poll::Ready(Err(WaitError::TimedOut)),
                found @ Poll::Ready(_) => found,
            };
        }
        if let Poll::Ready(found) = Pin::new(first).poll(context) {
            return Poll::Ready(found);
        }
        let sleep = sleep.get_or_insert_with(|| Box::pin(crate::sync::sleep(*limit)));
        sleep.as_mut().poll(context).map(|()| Err(WaitError::TimedOut))
    }
}

impl<S> fmt::Debug for FirstWithin<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstWithin")
            .field("first", &self.first)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
