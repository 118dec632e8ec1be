//! Subscriptions that are read from: a stream of typed events.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Subscribe;
use super::reader::Reader;
use crate::delivery::Lagged;
use crate::event::{AnyKind, Event, SubscriptionId};

/// Events in order, to be read. It ends when the bus is closed or dropped and everything is read.
///
/// It is a [`Stream`] of `Result<Event<S>, Lagged>`: `Err` is a gap, and comes before the event
/// behind the gap. A loop over `while let Some(Ok(event))` would end at the first gap.
///
/// Dropping it ends the subscription; unread events are counted as dropped. It does not keep the
/// bus alive. It may be read on any thread, with any runtime or none.
///
/// ```standalone_crate
/// # use bus_core::{AgentEvent, EventBus};
/// # #[derive(AgentEvent)]
/// # enum ModelEvents { LlmTextDelta { content: String } }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// let mut deltas = bus.subscribe::<LlmTextDelta>().into_stream();
/// bus.stream("desk").emit_llm_text_delta("Hel").await;
/// bus.stream("desk").emit_llm_text_delta("lo").await;
/// bus.close(std::time::Duration::ZERO).await;
/// let mut text = String::new();
/// while let Some(delta) = deltas.recv().await {
///     match delta {
///         Ok(event) => text.push_str(&event.content),
///         Err(lagged) => text.push_str(&format!("[{} missing]", lagged.missed)),
///     }
/// }
/// assert_eq!(text, "Hello");
/// # }
/// ```
#[must_use = "dropping it ends the subscription"]
pub struct EventStream<S = AnyKind> {
    reader: Reader,
    set: PhantomData<fn() -> S>,
}

impl<S: 'static> Subscribe<S> {
    /// Begins a stream. Events from now on, or behind the cursor of [`since`](Self::since), wait in
    /// it until they are read.
    ///
    /// Unless [`overflow`](Self::overflow) is set, the oldest event is dropped for a new one when
    /// [`capacity`](Self::capacity) events wait, and the gap is reported. On a closed bus the
    /// stream is at its end.
    ///
    /// # Panics
    /// If two linked definitions declare the kind, or for a wrong use of
    /// [`with_latest`](Self::with_latest).
    #[track_caller]
    #[expect(clippy::panic, reason = "documented")]
    pub fn into_stream(self) -> EventStream<S> {
        let Self { bus, plan, .. } = self;
        let reader = Reader::new(&bus.core, plan, false).unwrap_or_else(|error| panic!("{error}"));
        EventStream { reader, set: PhantomData }
    }
}

impl<S> EventStream<S> {
    /// Waits for the next event, or the gap before it; `None` at the end.
    ///
    /// # Cancel safety
    /// Safe: an event is taken out only when it is returned.
    pub fn recv(&mut self) -> impl Future<Output = Option<Result<Event<S>, Lagged>>> {
        Recv { stream: self }
    }

    /// Returns the next event, or the gap before it, without waiting; `None` if none is there, or
    /// at the end.
    pub fn try_recv(&mut self) -> Option<Result<Event<S>, Lagged>> {
        match self.reader.poll(None) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// Returns the id of the subscription.
    pub fn id(&self) -> SubscriptionId {
        self.reader.id
    }
}

/// The next event of a stream.
struct Recv<'a, S> {
    stream: &'a mut EventStream<S>,
}

impl<S> Future for Recv<'_, S> {
    type Output = Option<Result<Event<S>, Lagged>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.stream.reader.poll(Some(context))
    }
}

impl<S> Stream for EventStream<S> {
    type Item = Result<Event<S>, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.reader.poll(Some(context))
    }
}

impl<S> fmt::Debug for EventStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("id", &self.reader.id).finish_non_exhaustive()
    }
}
