//! The publish step: everything about an event that happens before anybody's code runs.

use std::sync::Arc;

use super::Core;
use super::claim::Batch;
use super::context;
use super::deliver::Step;
use super::guarded;
use super::lane::State;
use super::order::Order;
use super::prepare::Prepared;
use super::receipt::Receipt;
use super::slab::Key;
use crate::error::Refused;
use crate::event::{AnyEvent, KindRef};
use crate::sync::{Guard, Ordering, planted};

/// Whether the publisher waits for the handlers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Await,
    Send,
}

/// What a publish gave so far: the receipt of what is done, and the ticket of what is not.
pub(crate) struct Published {
    pub(crate) receipt: Receipt,
    pub(crate) ticket: Option<Key>,
}

impl Core {
    /// Publishes an event: stamps it, keeps it, and hands it to every subscription that wants it, in one step. Then runs what the step claimed.
    pub(crate) fn publish(self: &Arc<Self>, event: AnyEvent, mode: Mode) -> Published {
        let mut step = match self.take_step(&event, mode) {
            Ok(step) => step,
            Err(refused) => return self.refuse(event.kind(), refused),
        };
        std::mem::take(&mut step.after).run(self);
        let Step { receipt, claims, ticket, full, here, .. } = step;
        let mut batch = Batch { core: self, mode, here: here.map(|(job, _)| job), receipt, ticket };
        if claims.is_empty() {
            guarded(|| drop(event));
        } else {
            batch.run(event, claims);
        }
        if mode == Mode::Send && context::is_outside() {
            for lane in full {
                self.wait_for_room(lane);
            }
        }
        Published { receipt: batch.receipt, ticket: batch.ticket }
    }

    /// The step under the order lock.
    fn take_step<'a>(&self, event: &'a AnyEvent, mode: Mode) -> Result<Step<'a>, Refused> {
        let (mut order, kind, prepared) = self.prepare(event)?;
        let seq = order.next_seq;
        event.head().stamp(seq);
        if planted("step_in_two") {
            drop(order);
            order = self.lock();
        }
        let here = context::current(self);
        let mut step = Step::new(event, mode, here, self.ticks.load(Ordering::Relaxed), prepared);
        step.deliver(&mut order, kind);
        let transient = step.policy.transient;
        let kept = order.history.keeps(transient);
        if kept || step.is_wanted() {
            order.next_seq += 1;
            order.totals.published += 1;
            order.routes.kind_mut(kind).published += 1;
            step.keep(&mut order, kept);
        } else {
            order.totals.unobserved += 1;
        }
        step.finish(&mut order);
        Ok(step)
    }

    /// Works out what must be known of the event before the step, and takes the order lock for it.
    fn prepare(&self, event: &AnyEvent) -> Result<(Guard<'_, Order>, usize, Prepared), Refused> {
        let mut prepared = Prepared::of(event);
        loop {
            let mut order = self.lock();
            if order.closed && !planted("closed_unasked") {
                return Err(Refused::Closed);
            }
            let Some(kind) = order.routes.place_of(event.kind_ref()) else {
                drop(order);
                self.declare_kind(event.kind_ref())?;
                continue;
            };
            let Some(missing) = order.missing(kind, event, &prepared) else {
                return Ok((order, kind, prepared));
            };
            drop(order);
            prepared.complete(event, missing);
        }
    }

    /// Makes the first event of its kind known to the catalogue.
    fn declare_kind(&self, kind: KindRef<'_>) -> Result<(), Refused> {
        match kind {
            KindRef::Declared(descriptor) => self.declare(descriptor).map_err(Refused::DuplicateKind),
            KindRef::Open(_) => Ok(()),
        }
    }

    /// Blocks this thread, which is outside any handler, until a sync subscription has room. Another thread runs its handler.
    fn wait_for_room(&self, lane: Key) {
        let mut order = self.lock();
        order.blocked += 1;
        while order.lanes.get(lane).is_some_and(|lane| {
            lane.state != State::Ended && !lane.running.is_empty() && lane.backlog.is_full()
        }) {
            order = self.room.wait(order);
        }
        order.blocked -= 1;
    }
}
