//! The reading end of a subscription: of a stream, or of a wait for one event.

use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use super::live::Live;
use crate::delivery::{
    Attached, Core, Found, Hand, Info, Key, LagCause, Lagged, Read, Shared, hand_over_postponed,
    mark_waiting, nesting, node, wants,
};
use crate::error::SubscribeError;
use crate::event::{AnyEvent, Event, Stored, SubscriptionId};

/// The reading end of a subscription.
pub(crate) struct Reader {
    // Weak: a reader does not keep the bus, so that it ends when no publisher is left.
    core: Weak<Core>,
    shared: Arc<Shared>,
    /// Its connection to the ring, while it is attached and has read its own queue.
    attached: Option<Attached>,
    hand: Hand,
    key: Option<Key>,
    pub(crate) id: SubscriptionId,
    info: Option<Arc<Info>>,
    /// Where somebody may wait until it has read the past.
    pub(super) live: Option<Arc<Live>>,
    /// The gap in history, for a reader with `since`.
    pub(crate) missed: Option<Box<Lagged>>,
}

type Item = Option<Result<Arc<Stored>, Lagged>>;

impl Reader {
    #[track_caller]
    pub(crate) fn new(core: &Arc<Core>, plan: super::Plan, once: bool) -> Result<Self, SubscribeError> {
        let shared = Arc::new(Shared::default());
        let mut reader = Self {
            core: Arc::downgrade(core),
            shared,
            attached: None,
            hand: Hand::default(),
            key: None,
            id: SubscriptionId(0),
            info: None,
            live: None,
            missed: None,
        };
        match core.add_reader(plan, once, &reader.shared) {
            Ok(added) => {
                reader.key = Some(added.key);
                reader.id = added.info.id;
                reader.info = Some(added.info);
                reader.missed = added.missed.map(Box::new);
                // The handler that made it is its reader, until it is polled elsewhere.
                let here = node(core);
                if here.is_some() {
                    core.step(|state, effects| {
                        state.detach(added.key, effects);
                        state.note_reader(added.key, here);
                    });
                }
                Ok(reader)
            }
            Err(SubscribeError::Closed) => Ok(reader),
            Err(error) => Err(error),
        }
    }

    /// The next event or gap. Without a waker none is stored.
    #[inline]
    pub(crate) fn poll<S>(&mut self, waker: Option<&Waker>) -> Poll<Option<Result<Event<S>, Lagged>>> {
        if let Some(event) = self.in_hand() {
            return Poll::Ready(Some(Ok(event)));
        }
        self.behind(waker)
    }

    /// The next event or gap behind those in hand, which were read.
    #[inline]
    pub(super) fn behind<S>(&mut self, waker: Option<&Waker>) -> Poll<Option<Result<Event<S>, Lagged>>> {
        match self.look(waker) {
            Poll::Ready(Some(Ok(event))) => Poll::Ready(Some(Ok(self.event(event)))),
            Poll::Ready(Some(Err(gap))) => Poll::Ready(Some(Err(gap))),
            Poll::Ready(None) => {
                self.end_past();
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Whether it was made on a closed bus.
    pub(super) fn is_at_end(&self) -> bool {
        self.key.is_none()
    }

    /// Lets nobody wait any more until the past is read: there is nothing left of it.
    #[cold]
    pub(super) fn end_past(&self) {
        self.live.iter().for_each(|live| live.set());
    }

    /// The next of the events in hand. Inside a handler the bus must know the reader.
    #[inline]
    pub(super) fn in_hand<S>(&mut self) -> Option<Event<S>> {
        if nesting() == 0 { self.read_on().map(|event| self.event(event)) } else { None }
    }

    /// Reports a gap to the closure of the subscription, or in the log. Lost events are in the log
    /// already, since their queue was full.
    #[cold]
    pub(crate) fn report(&self, gap: Lagged) {
        if let Some(info) = &self.info
            && (info.on_lag().is_some() || gap.cause != LagCause::Overflow)
        {
            info.report_lag(gap);
        }
    }

    #[inline]
    fn event<S>(&self, event: Arc<Stored>) -> Event<S> {
        AnyEvent::new(event).through(self.id).assume()
    }

    /// The next of the events in hand, if they still belong to this reader.
    #[inline]
    fn read_on(&mut self) -> Option<Arc<Stored>> {
        let event = self.hand.peek()?;
        // A detached reader goes on with its own queue.
        if !self.shared.cursor.advance() {
            return None;
        }
        let event = Arc::clone(event);
        self.hand.advance();
        Some(event)
    }

    /// Looks for the next event on the ring, or in the reader's own queue.
    #[inline(never)]
    fn look(&mut self, waker: Option<&Waker>) -> Poll<Item> {
        loop {
            if nesting() == 0
                && let Some(attached) = &mut self.attached
            {
                match attached.read(waker, &mut self.hand) {
                    Found::Next(event) => return Poll::Ready(Some(Ok(event))),
                    Found::Nothing => return Poll::Pending,
                    Found::End => return Poll::Ready(None),
                    Found::Detached => {}
                }
            }
            if let Some(found) = self.ask(waker) {
                return found;
            }
        }
    }

    /// Asks the bus for the next event. If that is on the ring, the reader is attached then.
    fn ask(&mut self, waker: Option<&Waker>) -> Option<Poll<Item>> {
        let Some(key) = self.key else { return Some(Poll::Ready(None)) };
        // The events in hand are in the reader's own queue now, or dropped and counted.
        (self.attached, self.hand) = (None, Hand::default());
        let Some(core) = self.core.upgrade() else { return Some(self.shared.read(waker)) };
        let (inside, here) = (nesting() > 0, node(&core));
        let blocks = waker.is_some_and(|waker| Core::before_wait(waker).0);
        let read = core.step(|state, effects| state.read(key, waker, inside, here, blocks, effects));
        match read {
            Read::Ring(attached) => {
                self.attached = Some(attached);
                None
            }
            Read::Queue(Poll::Pending) => {
                if let Some(waker) = waker {
                    mark_waiting();
                    hand_over_postponed(waker);
                    core.free_runtime(waker);
                }
                Some(Poll::Pending)
            }
            Read::Queue(Poll::Ready(None)) => Some(Poll::Ready(None)),
            Read::Queue(Poll::Ready(Some(Err(gap)))) => Some(Poll::Ready(Some(Err(gap)))),
            Read::Queue(Poll::Ready(Some(Ok(queued)))) => {
                if queued.ask && !wants_queued(&core, key, &queued.event) {
                    core.lock().unmatch_read(key);
                    return None;
                }
                Some(Poll::Ready(Some(Ok(queued.event))))
            }
        }
    }
}

/// Asks the filter about an event that was queued unasked.
#[cold]
fn wants_queued(core: &Core, key: Key, event: &Arc<Stored>) -> bool {
    let info = core.lock().subscriptions.get(key).map(|found| Arc::clone(&found.info));
    info.is_none_or(|info| wants(core, &info.predicates, event))
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.attached.iter_mut().for_each(Attached::withdraw);
        if let (Some(core), Some(key)) = (self.core.upgrade(), self.key) {
            core.step(|state, effects| state.end_read(key, effects));
        }
        self.end_past();
        self.shared.drain();
    }
}
