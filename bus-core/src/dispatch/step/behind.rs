//! The short way of a publish behind another thread's: what hears the event is one crew, and that is at work.

use std::sync::Arc;

use crate::dispatch::Core;
use crate::dispatch::lane::queue::Queued;
use crate::dispatch::memory::mark::Mark;
use crate::dispatch::order::Order;
use crate::dispatch::route::Audience;
use crate::dispatch::run::after::let_go;
use crate::dispatch::run::context::{self, Stack};
use crate::dispatch::slab::Key;
use crate::dispatch::step::publish::Mode;
use crate::dispatch::wait::receipt::{Own, Receipt, count};
use crate::dispatch::wait::sent::{Open, Sent};
use crate::dispatch::wait::ticket::Ticket;
use crate::event::{AnyEvent, Stored};
use crate::payload::Descriptor;
use crate::sync::Guard;

impl Core {
    /// Leaves an event to whoever runs its handlers, where nobody else hears it; any other goes the long way. The lock is held no longer than that takes: others wait for it.
    #[inline(never)]
    pub(super) fn publish_behind<'a>(
        self: &'a Arc<Self>,
        mut order: Guard<'a, Order>,
        event: Arc<Stored>,
        known: &'static Descriptor,
        audience: Audience,
        stack: &Stack,
        mode: Mode,
    ) -> Sent {
        let alone = audience.second.is_none() && audience.tape.is_none() && known.policy.coalesce.is_none();
        // A handler that awaits it is noted with its ticket.
        let unwatched = mode == Mode::Send || stack.here.is_none();
        let Some(crew) = audience.crew.filter(|crew| alone && unwatched && order.takes(*crew, stack.thread))
        else {
            return self.publish_at_length(Some(order), event, mode);
        };
        let (seq, head) = (order.next_seq, &event.head);
        head.stamp(seq);
        let (kept_id, mark) = (head.kept_id(), Mark::of(audience.kind, head));
        let ticket = order.tickets.insert(Ticket::of_crew());
        let queued = Queued::plain(AnyEvent::of(&event), known.policy.critical);
        let (reached, full) = order.wait(crew, Queued { ticket: Some(ticket), ..queued });
        order.number(audience.kind, true, known.policy.transient);
        let (_, gone) = order.history.keep(mark, event, known.policy.transient, false);
        drop(order);
        gone.into_iter().for_each(let_go);
        if full && mode == Mode::Send && context::is_outside() {
            self.wait_for_crew(crew);
        }
        let own = Own { run: self.run, seq };
        let mut receipt = Receipt::of(own, count(reached), 0, 0);
        receipt.place(own, kept_id);
        Sent { receipt, open: Some(Open::new(self, ticket)) }
    }
}

impl Order {
    fn takes(&mut self, crew: Key, thread: usize) -> bool {
        self.crews.get_mut(crew).is_some_and(|crew| crew.takes(thread, &self.lanes))
    }

    fn wait(&mut self, crew: Key, queued: Queued) -> (usize, bool) {
        self.crews.get_mut(crew).map_or((0, false), |crew| crew.wait(queued))
    }
}
