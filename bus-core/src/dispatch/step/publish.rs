//! The publish step: everything about an event that happens before anybody's code runs.

use std::sync::Arc;

use crate::dispatch::Core;
use crate::dispatch::guarded;
use crate::dispatch::lane::State;
use crate::dispatch::order::Order;
use crate::dispatch::run::claim::{self, Batch};
use crate::dispatch::run::context;
use crate::dispatch::slab::Key;
use crate::dispatch::step::deliver::Step;
use crate::dispatch::wait::receipt::Receipt;
use crate::error::Refused;
use crate::event::{AnyEvent, KindRef};
use crate::sync::{Guard, planted};

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
        let mut step = Step::new(self, &event, mode);
        if let Err(refused) = self.take_step(&mut step) {
            return self.refuse(event.kind(), refused);
        }
        let Step { mut receipt, claims, place, mut ticket, full, here, after, .. } = step;
        after.run(self);
        if claims.is_empty() {
            claim::give_back(claims);
            guarded(|| drop(event));
        } else {
            let (receipt, ticket) = (&mut receipt, &mut ticket);
            Batch { core: self, mode, here, place, receipt, ticket, troubles: Vec::new() }.run(event, claims);
        }
        if mode == Mode::Send && !full.is_empty() && context::is_outside() {
            for lane in full {
                self.wait_for_room(lane);
            }
        }
        Published { receipt, ticket }
    }

    /// The step under the order lock.
    fn take_step(&self, step: &mut Step<'_>) -> Result<(), Refused> {
        let (mut order, kind) = self.prepare(step)?;
        let seq = order.next_seq;
        step.event.head().stamp(seq);
        if planted("step_in_two") {
            drop(order);
            order = self.lock();
        }
        let order = &mut *order;
        step.deliver(order, kind);
        let transient = step.policy.transient;
        let kept = order.history.keeps(transient);
        if kept || step.is_wanted() {
            order.next_seq += 1;
            order.totals.published += 1;
            order.routes.kind_mut(kind).published += 1;
            step.keep(order, kind, kept);
        } else {
            order.totals.unobserved += 1;
        }
        step.finish(order);
        Ok(())
    }

    /// Works out what must be known of the event before the step, and takes the order lock for it.
    fn prepare(&self, step: &mut Step<'_>) -> Result<(Guard<'_, Order>, usize), Refused> {
        let event = step.event;
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
            let Some(missing) = order.missing(kind, event, &step.prepared) else {
                return Ok((order, kind));
            };
            drop(order);
            step.prepared.complete(event, missing);
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
            let moves = !lane.running.is_empty() && !lane.stands_still(|running| running.awaits_event);
            lane.state != State::Ended && moves && lane.backlog.is_full()
        }) {
            order = self.room.wait(order);
        }
        order.blocked -= 1;
    }
}
