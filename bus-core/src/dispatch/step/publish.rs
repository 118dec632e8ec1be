//! The publish step: everything about an event that happens before anybody's code runs.

use std::sync::Arc;

use crate::dispatch::Core;
use crate::dispatch::lane::State;
use crate::dispatch::order::Order;
use crate::dispatch::run::after::let_go;
use crate::dispatch::run::context;
use crate::dispatch::slab::Key;
use crate::dispatch::step::prepare::policy;
use crate::dispatch::step::record::Step;
use crate::dispatch::wait::sent::{Open, Sent};
use crate::error::Refused;
use crate::event::{AnyEvent, KindRef, Stored};
use crate::sync::{Guard, planted};

/// Whether the publisher waits for the handlers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Await,
    Send,
}

impl Core {
    /// Publishes an event by the long way. `held` is the order lock, where it is taken already.
    #[inline(never)]
    pub(super) fn publish_at_length<'a>(
        self: &'a Arc<Self>,
        held: Option<Guard<'a, Order>>,
        event: Arc<Stored>,
        mode: Mode,
    ) -> Sent {
        let event = AnyEvent::new(event);
        // What may replace what in a queue is asked of the payload, which is the user's.
        let held = held.filter(|_| policy(event.kind_ref()).coalesce.is_none());
        let mut step = Step::new(self, &event, mode);
        if let Err(refused) = self.take_step(&mut step, held, &event) {
            return self.turn_away(event, *refused);
        }
        step.after.run(self);
        if let Some(gone) = step.gone.take() {
            let_go(gone);
        }
        if step.is_claimed() {
            step.run(event);
        } else {
            let_go(event);
        }
        if mode == Mode::Send && context::is_outside() {
            std::mem::take(&mut step.full).for_each(|lane| self.wait_while(|order| order.is_full(lane)));
            std::mem::take(&mut step.full_crews).for_each(|crew| self.wait_for_crew(crew));
        }
        Sent { receipt: step.receipt, open: step.ticket.map(|ticket| Open::new(self, ticket)) }
    }

    /// The step under the order lock.
    #[inline]
    fn take_step<'a>(
        &'a self,
        step: &mut Step<'_>,
        held: Option<Guard<'a, Order>>,
        event: &AnyEvent,
    ) -> Result<(), Box<Refused>> {
        let (mut order, kind) = self.prepare(step, held, event)?;
        event.head().stamp(order.next_seq);
        if planted("step_in_two") {
            drop(order);
            order = self.lock();
        }
        step.deliver(&mut order, kind, event);
        step.keep(&mut order, kind, event);
        step.finish(&mut order);
        Ok(())
    }

    /// Works out what must be known of the event before the step, and takes the order lock for it.
    #[inline]
    fn prepare<'a>(
        &'a self,
        step: &mut Step<'_>,
        mut held: Option<Guard<'a, Order>>,
        event: &AnyEvent,
    ) -> Result<(Guard<'a, Order>, usize), Box<Refused>> {
        loop {
            let mut order = held.take().unwrap_or_else(|| self.lock());
            if order.closed && !planted("closed_unasked") {
                return Err(Box::new(Refused::Closed));
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
    #[cold]
    fn declare_kind(&self, kind: KindRef<'_>) -> Result<(), Box<Refused>> {
        match kind {
            KindRef::Declared(descriptor) => {
                self.declare(descriptor).map_err(|known| Box::new(Refused::DuplicateKind(known)))
            }
            KindRef::Open(_) => Ok(()),
        }
    }

    /// The same until a crew has room, as one or each of its handlers.
    pub(super) fn wait_for_crew(&self, crew: Key) {
        self.wait_while(|order| {
            let Some(crew) = order.crews.get(crew) else { return false };
            crew.is_full() || crew.lanes().iter().any(|lane| order.is_full(*lane))
        });
    }

    /// Blocks this thread, which is outside any handler, until a sync subscription has room. Another thread runs its handler.
    fn wait_while(&self, full: impl Fn(&Order) -> bool) {
        let mut order = self.lock();
        while full(&order) {
            order.blocked = true;
            order = self.room.wait(order);
        }
    }
}

impl Order {
    /// Whether who sent to a subscription waits for it to have room.
    fn is_full(&self, lane: Key) -> bool {
        self.lanes.get(lane).is_some_and(|lane| {
            let moves = !lane.running.is_empty() && !lane.stands_still(|running| running.awaits_event);
            lane.state != State::Ended && moves && lane.backlog.is_full()
        })
    }
}
