//! Subscriptions that are read from: a stream of typed events.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;

use super::Subscribe;
use super::reader::Reader;
use crate::delivery::Lagged;
use crate::event::{AnyKind, Event, SubscriptionId};

/// Events in order, to be read. It ends when the bus is closed or dropped and everything is read.
///
/// Events that did not fit are a gap. A gap does not end the stream: it is reported, and the next
/// event comes. It is reported to the closure of [`on_lag`](Subscribe::on_lag), or else in the log,
/// and counted in the stats. A reader that must see each gap at its position, such as one that
/// passes events on, uses [`with_gaps`](Self::with_gaps).
///
/// Dropping it ends the subscription; unread events are counted as dropped. It does not keep the
/// bus alive. It may be read on any thread, with any runtime or none. It is a [`Stream`] too.
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
///     text.push_str(&delta.content);
/// }
/// assert_eq!(text, "Hello");
/// # }
/// ```
#[must_use = "dropping it ends the subscription"]
pub struct EventStream<S = AnyKind> {
    pub(super) reader: Reader,
    set: PhantomData<fn() -> S>,
}

impl<S: 'static> Subscribe<S> {
    /// Begins a stream. Events from now on, or from [`since`](Self::since) on, wait in it until
    /// they are read.
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
        let Self { bus, mut plan, .. } = self;
        let live = plan.watch_past();
        let mut reader = Reader::new(&bus.core, plan, false).unwrap_or_else(|error| panic!("{error}"));
        reader.live = live;
        if reader.is_at_end() {
            reader.end_past();
        }
        EventStream { reader, set: PhantomData }
    }
}

impl<S> EventStream<S> {
    /// Waits for the next event; `None` at the end. A gap before it is reported.
    ///
    /// # Cancel safety
    /// Safe: an event is taken out only when it is returned.
    pub fn recv(&mut self) -> impl Future<Output = Option<Event<S>>> {
        std::future::poll_fn(|context| self.poll(Some(context.waker())))
    }

    /// Returns the next event without waiting; `None` if none is there, or at the end. A gap before
    /// it is reported.
    pub fn try_recv(&mut self) -> Option<Event<S>> {
        match self.poll(None) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// Returns the same stream with each gap as an item, before the event behind it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// let mut events = bus.subscribe_any().capacity(2).into_stream().with_gaps();
    /// for n in 0..5 {
    ///     bus.stream("desk").emit_dynamic("step", serde_json::json!({ "n": n })).await;
    /// }
    /// let gap = events.recv().await.unwrap().unwrap_err();
    /// assert_eq!((gap.missed, gap.from.seq(), gap.to.seq()), (Some(3), 1, 3));
    /// assert_eq!(events.recv().await.unwrap().unwrap().seq(), 4);
    /// # }
    /// ```
    pub fn with_gaps(self) -> EventsAndGaps<S> {
        EventsAndGaps { stream: self }
    }

    /// Returns the id of the subscription.
    pub fn id(&self) -> SubscriptionId {
        self.reader.id
    }

    #[inline]
    fn poll(&mut self, waker: Option<&Waker>) -> Poll<Option<Event<S>>> {
        match self.reader.in_hand() {
            Some(event) => Poll::Ready(Some(event)),
            None => self.look(waker),
        }
    }

    /// Looks for the next event behind those in hand.
    #[inline(never)]
    fn look(&mut self, waker: Option<&Waker>) -> Poll<Option<Event<S>>> {
        loop {
            match ready!(self.reader.behind(waker)) {
                Some(Ok(event)) => return Poll::Ready(Some(event)),
                Some(Err(gap)) => self.reader.report(gap),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<S> Stream for EventStream<S> {
    type Item = Event<S>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(Some(context.waker()))
    }
}

impl<S> fmt::Debug for EventStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("id", &self.reader.id).finish_non_exhaustive()
    }
}

/// A stream with each gap as an item of its own, `Err`, before the event behind the gap: for a
/// reader that passes events on, shows gaps, or reads missed events from history. See
/// [`EventStream::with_gaps`].
///
/// Every item is to be looked at: a loop over `while let Some(Ok(event))` ends at the first gap.
#[must_use = "dropping it ends the subscription"]
#[derive(Debug)]
pub struct EventsAndGaps<S = AnyKind> {
    pub(super) stream: EventStream<S>,
}

impl<S> EventsAndGaps<S> {
    /// Waits for the next event, or the gap before it; `None` at the end.
    ///
    /// # Cancel safety
    /// Safe: an event or gap is taken out only when it is returned.
    pub fn recv(&mut self) -> impl Future<Output = Option<Result<Event<S>, Lagged>>> {
        std::future::poll_fn(|context| self.stream.reader.poll(Some(context.waker())))
    }

    /// Returns the next event, or the gap before it, without waiting; `None` if none is there, or
    /// at the end.
    pub fn try_recv(&mut self) -> Option<Result<Event<S>, Lagged>> {
        match self.stream.reader.poll(None) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// Returns the id of the subscription.
    pub fn id(&self) -> SubscriptionId {
        self.stream.id()
    }
}

impl<S> Stream for EventsAndGaps<S> {
    type Item = Result<Event<S>, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.reader.poll(Some(context.waker()))
    }
}
