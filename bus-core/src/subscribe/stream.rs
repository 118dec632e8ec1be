//! Subscriptions that are read from.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Subscribe;
use crate::dispatch::{
    After, Core, Found, Heir, JobRef, Key, Lagged, Lent, Order, Riding, State, Work, current, mark_waiting,
    nesting,
};
use crate::error::SubscribeError;
use crate::event::{AnyEvent, AnyKind, Event, SubscriptionId};

/// Events in order, as they come. It ends when the bus is closed or dropped and everything is read.
///
/// It is a [`Stream`] of `Result<Event<S>, Lagged>`: `Err` tells of a gap, before the event after it.
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
    /// Begins a stream: events from now on, or from [`since`](Self::since), wait in it until they are read.
    ///
    /// # Panics
    /// Where two linked definitions declare the kind. On a closed bus the stream is empty and at its end.
    #[track_caller]
    #[expect(clippy::panic, reason = "documented")]
    pub fn into_stream(self) -> EventStream<S> {
        let Self { bus, plan, .. } = self;
        let reader = Reader::new(&bus.core, plan, false).unwrap_or_else(|error| panic!("{error}"));
        EventStream { reader, set: PhantomData }
    }
}

impl<S> EventStream<S> {
    /// The next event, or the gap before it; `None` at the end.
    ///
    /// # Cancel safety
    /// Safe: an event is taken out only when it is returned.
    pub fn recv(&mut self) -> impl Future<Output = Option<Result<Event<S>, Lagged>>> {
        Recv { stream: self }
    }

    /// The next event, or the gap before it, if it is there now; `None` if not, or at the end.
    pub fn try_recv(&mut self) -> Option<Result<Event<S>, Lagged>> {
        match self.poll(None) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// The way of an event that was lent already is short, and the caller's own.
    #[inline]
    fn poll(&mut self, context: Option<&mut Context<'_>>) -> Poll<Option<Result<Event<S>, Lagged>>> {
        if let Some(event) = self.reader.read_on() {
            return Poll::Ready(Some(Ok(event.assume())));
        }
        if let Some(context) = context.as_deref()
            && self.reader.still_waits(context)
        {
            return Poll::Pending;
        }
        self.reader.look(context).map(|item| item.map(|item| item.map(Event::assume)))
    }

    /// The id of the subscription.
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
        self.stream.poll(Some(context))
    }
}

impl<S> Stream for EventStream<S> {
    type Item = Result<Event<S>, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(Some(context))
    }
}

impl<S> fmt::Debug for EventStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("id", &self.reader.id).finish_non_exhaustive()
    }
}

/// The reading end of a subscription.
pub(crate) struct Reader {
    // Weak: a reader does not keep the bus, so that it ends when nobody can publish any more.
    core: Weak<Core>,
    heir: Arc<Heir>,
    /// Its way to the tape, while it rides and has read what waited before.
    riding: Option<Riding>,
    lent: Lent,
    lane: Option<Key>,
    pub(crate) id: SubscriptionId,
    /// What history lost, for a reader that looks back.
    pub(crate) missed: Option<Lagged>,
}

impl Reader {
    #[track_caller]
    pub(crate) fn new(core: &Arc<Core>, plan: super::Plan, once: bool) -> Result<Self, SubscribeError> {
        let heir = Arc::new(Heir::default());
        let work = Work::Pull { waker: None, once, reader: None, heir: Arc::clone(&heir), ride: None };
        let mut reader = Self {
            core: Arc::downgrade(core),
            heir,
            riding: None,
            lent: Lent::default(),
            lane: None,
            id: SubscriptionId(0),
            missed: None,
        };
        match core.add_reader(plan, work) {
            Ok(added) => {
                reader.lane = Some(added.lane);
                reader.id = added.id;
                reader.missed = added.missed;
                // Until somebody else reads it, the handler that made it is who does.
                let here = current(core);
                if here.is_some() {
                    core.step(|order, after| {
                        order.alight(added.lane, after);
                        order.note_reader(added.lane, here);
                    });
                }
                Ok(reader)
            }
            Err(SubscribeError::Closed) => Ok(reader),
            Err(error) => Err(error),
        }
    }

    /// The next event or gap. Without a context nobody is woken.
    pub(crate) fn poll(
        &mut self,
        context: Option<&mut Context<'_>>,
    ) -> Poll<Option<Result<AnyEvent, Lagged>>> {
        match self.read_on() {
            Some(event) => Poll::Ready(Some(Ok(event))),
            None => self.look(context),
        }
    }

    /// The next of the events that were lent, if they are still for this reader to read.
    #[inline]
    fn read_on(&mut self) -> Option<AnyEvent> {
        let event = self.lent.peek()?;
        // Inside a handler the bus must know who reads. Who has alighted reads on elsewhere.
        if nesting() > 0 || !self.heir.needle.advance() {
            return None;
        }
        let event = AnyEvent::new(Arc::clone(event)).through(self.id);
        self.lent.advance();
        Some(event)
    }

    /// Whether nothing has come since it looked last, and its waker is still where the next event finds it.
    fn still_waits(&mut self, context: &Context<'_>) -> bool {
        self.riding.as_mut().is_some_and(|riding| riding.still_waits(context)) && nesting() == 0
    }

    /// Looks for the next event on the tape, or in the queue of the lane.
    #[inline(never)]
    fn look(&mut self, mut context: Option<&mut Context<'_>>) -> Poll<Option<Result<AnyEvent, Lagged>>> {
        loop {
            if nesting() == 0
                && let Some(riding) = &mut self.riding
            {
                let (next, found) = riding.read(context.as_deref(), &mut self.lent);
                if let Some(event) = next {
                    return Poll::Ready(Some(Ok(AnyEvent::new(event).through(self.id))));
                }
                match found {
                    Found::Nothing => return Poll::Pending,
                    Found::End => return Poll::Ready(None),
                    Found::Events | Found::Alighted => {}
                }
                if let Some(event) = self.read_on() {
                    return Poll::Ready(Some(Ok(event)));
                }
            }
            if let Some(polled) = self.ask(context.as_deref_mut()) {
                return polled;
            }
        }
    }

    /// Asks the order for the next event. `None` where that is on the tape.
    #[inline(never)]
    fn ask(&mut self, context: Option<&mut Context<'_>>) -> Option<Poll<Option<Result<AnyEvent, Lagged>>>> {
        let Some(lane) = self.lane else { return Some(Poll::Ready(None)) };
        // What was lent is in the queue of the lane now, or dropped and counted.
        (self.riding, self.lent) = (None, Lent::default());
        let through = |event: AnyEvent| event.through(self.id);
        let Some(core) = self.core.upgrade() else {
            return Some(self.heir.read(context).map(|item| item.map(|item| item.map(through))));
        };
        let (inside, here, waits) = (nesting() > 0, current(&core), context.is_some());
        let read = core.step(|order, after| order.read(lane, context, (inside, here), after));
        match read {
            Next::Tape(riding) => {
                self.riding = Some(riding);
                None
            }
            Next::Queue(polled) => {
                if polled.is_pending() && waits {
                    mark_waiting();
                }
                Some(polled.map(|item| item.map(|item| item.map(through))))
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.riding.iter_mut().for_each(Riding::withdraw);
        if let (Some(core), Some(lane)) = (self.core.upgrade(), self.lane) {
            core.end(lane);
        }
        self.heir.drain();
    }
}

/// Where a reader finds its next event.
enum Next {
    Queue(Poll<Option<Result<AnyEvent, Lagged>>>),
    /// On the tape: its own queue is empty.
    Tape(Riding),
}

impl Order {
    fn read(
        &mut self,
        lane: Key,
        context: Option<&mut Context<'_>>,
        (inside, here): (bool, Option<JobRef>),
        after: &mut After,
    ) -> Next {
        self.note_reader(lane, here);
        if inside {
            self.alight(lane, after);
        }
        if let Some(job) = here {
            self.event_came(job);
        }
        let next = self.next(lane, after);
        if !inside {
            self.board(lane);
        }
        if next.is_some() {
            return Next::Queue(Poll::Ready(next));
        }
        if let Some(riding) = self.riding(lane) {
            return Next::Tape(riding);
        }
        let closed = self.closed;
        let Some(found) = self.lanes.get_mut(lane) else { return Next::Queue(Poll::Ready(None)) };
        if closed || found.state != State::Open {
            return Next::Queue(Poll::Ready(None));
        }
        if let (Work::Pull { waker, .. }, Some(context)) = (&mut found.work, context) {
            after.leave_waker(waker, context.waker());
            if let Some(job) = here {
                self.await_event(job, after);
            }
        }
        Next::Queue(Poll::Pending)
    }

    /// The next event or gap in the queue of a lane.
    fn next(&mut self, lane: Key, after: &mut After) -> Option<Result<AnyEvent, Lagged>> {
        let found = self.lanes.get_mut(lane)?;
        if let Some(gap) = found.backlog.take_gap() {
            return Some(Err(gap));
        }
        if let Some(queued) = self.pull(lane, after) {
            return Some(Ok(queued.event));
        }
        self.lanes.get_mut(lane)?.backlog.take_tail_gap().map(Err)
    }
}
