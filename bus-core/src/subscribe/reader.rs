//! The reading end of a subscription, whatever is read from it: a stream, or the first event alone.

use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use crate::dispatch::{
    After, Core, Found, Heir, JobRef, Key, Lagged, Lent, Order, Riding, State, Work, current, mark_waiting,
    nesting,
};
use crate::error::SubscribeError;
use crate::event::{AnyEvent, Event, Stored, SubscriptionId};

/// The reading end of a subscription.
pub(crate) struct Reader {
    // Weak: a reader does not keep the bus, so that it ends when nobody can publish any more.
    core: Weak<Core>,
    heir: Arc<Heir>,
    /// Its way to the tape, while it rides and has read what waited before.
    riding: Option<Box<Riding>>,
    lent: Lent,
    /// Where there was no event: whether there is a gap, or the end. Otherwise one may come.
    answers: bool,
    /// The gap that there is.
    gap: Option<Box<Lagged>>,
    lane: Option<Key>,
    pub(crate) id: SubscriptionId,
    /// What history lost, for a reader that looks back.
    pub(crate) missed: Option<Box<Lagged>>,
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
            answers: false,
            gap: None,
            lane: None,
            id: SubscriptionId(0),
            missed: None,
        };
        match core.add_reader(plan, work) {
            Ok(added) => {
                reader.lane = Some(added.lane);
                reader.id = added.id;
                reader.missed = added.missed.map(Box::new);
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
    #[inline]
    pub(crate) fn poll<S>(
        &mut self,
        context: Option<&mut Context<'_>>,
    ) -> Poll<Option<Result<Event<S>, Lagged>>> {
        // Inside a handler the bus must know who reads.
        let next =
            if nesting() > 0 { self.ask(context) } else { self.read_on().or_else(|| self.look(context)) };
        // An event comes here in registers, and is made where it is returned.
        match next {
            Some(event) => Poll::Ready(Some(Ok(AnyEvent::new(event).through(self.id).assume()))),
            None if self.answers => Poll::Ready(self.gap.take().map(|gap| Err(*gap))),
            None => Poll::Pending,
        }
    }

    /// The next of the events that were lent, if they are still for this reader to read.
    #[inline]
    fn read_on(&mut self) -> Option<Arc<Stored>> {
        let event = self.lent.peek()?;
        // Who has alighted reads on elsewhere.
        if !self.heir.needle.advance() {
            return None;
        }
        let event = Arc::clone(event);
        self.lent.advance();
        Some(event)
    }

    /// Looks for the next event on the tape, or in the queue of the lane. Outside handlers.
    #[inline(never)]
    fn look(&mut self, context: Option<&mut Context<'_>>) -> Option<Arc<Stored>> {
        if let (Some(riding), Some(context)) = (&mut self.riding, &context)
            && riding.still_waits(context)
        {
            self.answers = false;
            return None;
        }
        self.fetch(context)
    }

    #[inline(never)]
    fn fetch(&mut self, mut context: Option<&mut Context<'_>>) -> Option<Arc<Stored>> {
        loop {
            if let Some(riding) = &mut self.riding {
                let (next, found) = riding.read(context.as_deref(), &mut self.lent);
                match found {
                    Found::Next => return next,
                    Found::Nothing | Found::End => {
                        self.answers = found == Found::End;
                        return None;
                    }
                    Found::Lent | Found::Alighted => {}
                }
                if let Some(event) = self.read_on() {
                    return Some(event);
                }
            }
            let next = self.ask(context.as_deref_mut());
            if next.is_some() || self.riding.is_none() {
                return next;
            }
        }
    }

    /// Asks the order for the next event. If that is on the tape, it rides then.
    #[inline(never)]
    fn ask(&mut self, context: Option<&mut Context<'_>>) -> Option<Arc<Stored>> {
        self.answers = true;
        let lane = self.lane?;
        // What was lent is in the queue of the lane now, or dropped and counted.
        (self.riding, self.lent) = (None, Lent::default());
        let polled = if let Some(core) = self.core.upgrade() {
            let (inside, here, waits) = (nesting() > 0, current(&core), context.is_some());
            match core.step(|order, after| order.read(lane, context, (inside, here), after)) {
                Next::Tape(riding) => {
                    self.riding = Some(Box::new(riding));
                    return None;
                }
                Next::Queue(polled) => {
                    if polled.is_pending() && waits {
                        mark_waiting();
                    }
                    polled
                }
            }
        } else {
            self.heir.read(context)
        };
        match polled {
            Poll::Ready(Some(Ok(event))) => return Some(event.into_stored()),
            Poll::Ready(Some(Err(gap))) => self.gap = Some(Box::new(gap)),
            Poll::Ready(None) => {}
            Poll::Pending => self.answers = false,
        }
        None
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.riding.iter_mut().for_each(|riding| riding.withdraw());
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
