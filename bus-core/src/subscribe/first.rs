//! Waiting for one event.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::Subscribe;
use super::reader::Reader;
use crate::delivery::Lagged;
use crate::error::WaitError;
use crate::event::Event;
use crate::sync::Sleep;

/// A future of the first event that fits. It counts from the moment this value was made, not from
/// its first poll.
///
/// # Errors
/// Yields [`WaitError::Closed`] if the bus is closed, or its last handle is dropped, before such an
/// event. With [`timeout`](Self::timeout) it may also yield [`WaitError::TimedOut`].
///
/// # Cancel safety
/// Dropping it ends the wait.
///
/// ```standalone_crate
/// # use bus_core::{AgentEvent, EventBus};
/// # #[derive(AgentEvent)]
/// # enum BuildEvents { BuildFinished { ok: bool } }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), bus_core::WaitError> {
/// let bus = EventBus::new();
/// let done = bus.subscribe::<BuildFinished>().filter(|event| event.ok).first();
/// bus.stream("desk").emit_build_finished(false).await;
/// bus.stream("desk").emit_build_finished(true).await;
/// assert!(done.await?.ok);
/// # Ok(()) }
/// ```
#[must_use = "a wait does nothing until it is awaited"]
pub struct First<S> {
    reader: Reader,
    set: PhantomData<fn() -> S>,
}

impl<S: 'static> Subscribe<S> {
    /// Waits for one event. The wait begins now, not when it is polled. With [`since`](Self::since)
    /// it takes the oldest event of the past that fits.
    ///
    /// Inside a handler, the bus knows that the handler waits: emits that could only go on behind
    /// this wait are deferred.
    ///
    /// # Panics
    /// If two linked definitions declare the kind, or for a wrong use of
    /// [`with_latest`](Self::with_latest).
    #[track_caller]
    #[expect(clippy::panic, reason = "documented")]
    pub fn first(self) -> First<S> {
        let Self { bus, plan, .. } = self;
        let reader = Reader::new(&bus.core, plan, true).unwrap_or_else(|error| panic!("{error}"));
        First { reader, set: PhantomData }
    }
}

impl<S> First<S> {
    /// Limits the wait to this time, which begins with the first poll. Zero never waits: it finds
    /// an event that has already come.
    pub fn timeout(self, limit: Duration) -> FirstWithin<S> {
        FirstWithin { first: self, limit, sleep: None }
    }

    /// Looks for the event. Without a waker none is stored.
    fn look(&mut self, waker: Option<&Waker>) -> Poll<Result<Event<S>, WaitError>> {
        loop {
            match self.reader.poll(waker) {
                Poll::Ready(Some(Ok(event))) => return Poll::Ready(Ok(event)),
                // `missed` reports a gap; the event may still come.
                Poll::Ready(Some(Err(_))) => {}
                Poll::Ready(None) => return Poll::Ready(Err(WaitError::Closed)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Returns the gap if history no longer held all events behind the cursor of
    /// [`since`](Subscribe::since): the event may have been among them.
    pub fn missed(&self) -> Option<Lagged> {
        self.reader.missed.as_deref().copied()
    }
}

impl<S> Future for First<S> {
    type Output = Result<Event<S>, WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.look(Some(context.waker()))
    }
}

impl<S> fmt::Debug for First<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("First").field("id", &self.reader.id).finish_non_exhaustive()
    }
}

/// A [`First`] with a time limit: see [`First::timeout`].
///
/// # Errors
/// Yields [`WaitError::TimedOut`] when the time is over, and [`WaitError::Closed`] as [`First`]
/// does. Yields [`WaitError::NoTimers`] when polled outside a tokio runtime with time enabled,
/// unless the limit is zero or the event has come.
///
/// # Cancel safety
/// Dropping it ends the wait.
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
        // The time first: a wait that is over must not give a permit back by waiting once more.
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
        if sleep.is_none() {
            let Some(made) = crate::sync::try_sleep(*limit) else {
                return Poll::Ready(Err(WaitError::NoTimers));
            };
            *sleep = Some(Box::pin(made));
        }
        let sleep = sleep.as_mut().map(|sleep| sleep.as_mut().poll(context));
        sleep.map_or(Poll::Pending, |over| over.map(|()| Err(WaitError::TimedOut)))
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
