//! What a publish leaves for later: in the backlog of a busy handler, in the queue of a stream.

use crate::dispatch::crew::Crew;
use crate::dispatch::lane::queue::{Gone, Pushed, Queued};
use crate::dispatch::lane::{Lane, Work};
use crate::dispatch::run::context;
use crate::dispatch::run::runner::Outcome;
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::step::publish::Mode;
use crate::dispatch::step::record::Step;
use crate::dispatch::wait::receipt::count;
use crate::dispatch::wait::ticket::{Settled, Ticket};
use crate::event::AnyEvent;
use crate::sync::planted;

impl Step<'_> {
    /// Puts the event into a subscription's backlog. Not inlined: the way of a claim, which is taken once for each idle handler, stays short.
    #[inline(never)]
    pub(super) fn queue(&mut self, key: Key, lane: &mut Lane, event: &AnyEvent, tickets: &mut Slab<Ticket>) {
        let pull = matches!(lane.work, Work::Pull { .. });
        let ticket = if pull {
            None
        } else {
            Some(*self.ticket.get_or_insert_with(|| tickets.insert(Ticket::default())))
        };
        let queued = Queued {
            event: event.clone(),
            gap: None,
            ticket,
            coalesce: self.prepared.coalesce,
            critical: self.policy.critical,
            replay: false,
        };
        let pushed = lane.backlog.push(queued);
        if let Work::Pull { waker, once, reader, .. } = &mut lane.work {
            let woken = waker.take().filter(|_| !planted("reader_unwoken"));
            self.woken.extend(woken.as_ref().and(*reader));
            self.after.wakers.extend(woken);
            self.closing.extend(once.then_some(key));
        }
        let is_in = matches!(pushed, Pushed::In | Pushed::Over | Pushed::InFor(..));
        match (is_in, ticket) {
            (true, Some(ticket)) => {
                tickets.get_mut(ticket).into_iter().for_each(|ticket| ticket.pending.push_back(key));
            }
            (true, None) if !matches!(pushed, Pushed::Over) => self.receipt.queued += 1,
            _ => {}
        }
        match pushed {
            Pushed::In => {}
            Pushed::Over if pull => self.wait_for_reader(key, lane, tickets),
            Pushed::Over => self.full.extend(lane.is_sync().then_some(key)),
            Pushed::InFor(gone, why) => self.replace(key, lane, tickets, gone, why),
            Pushed::Refused(refused) => self.overflow(lane, refused),
            Pushed::Closes(refused) => {
                self.closing.push(key);
                self.overflow(lane, refused);
            }
        }
    }

    /// Leaves the event to whoever runs a crew, for all of its handlers as one. Gives whether it could.
    #[inline(never)]
    pub(super) fn waits_for_crew(
        &mut self,
        own: Key,
        crew: &mut Crew,
        event: &AnyEvent,
        misfit: bool,
        lanes: &Slab<Lane>,
        tickets: &mut Slab<Ticket>,
    ) -> bool {
        if !crew.fits_event(misfit) || !crew.takes(context::thread(), lanes) {
            return false;
        }
        let ticket = *self.ticket.get_or_insert_with(|| tickets.insert(Ticket::default()));
        tickets.get_mut(ticket).into_iter().for_each(Ticket::await_crew);
        let queued = Queued::plain(event.clone(), self.policy.critical);
        let queued = Queued { ticket: Some(ticket), coalesce: self.prepared.coalesce, ..queued };
        let (all, full) = crew.wait(queued);
        self.receipt.reached += count(all);
        self.full_crews.extend(full.then_some(own));
        true
    }

    /// An awaited emit returns when the stream's queue is under its capacity again.
    fn wait_for_reader(&mut self, key: Key, lane: &mut Lane, tickets: &mut Slab<Ticket>) {
        if self.mode == Mode::Send {
            self.receipt.queued += 1;
            return;
        }
        let ticket = *self.ticket.get_or_insert_with(|| tickets.insert(Ticket::default()));
        lane.room.push(ticket);
        tickets.get_mut(ticket).into_iter().for_each(|ticket| ticket.pending.push_back(key));
    }

    fn replace(&mut self, key: Key, lane: &mut Lane, tickets: &mut Slab<Ticket>, gone: Queued, why: Gone) {
        let outcome = if why == Gone::Coalesced { Outcome::Coalesced } else { Outcome::Overflowed };
        lane.counts.note(&outcome);
        if let Some(ticket) = gone.ticket.and_then(|ticket| tickets.get_mut(ticket)) {
            let settled = Settled::Done(lane.info.id, &lane.info.name, &outcome);
            self.after.wakers.extend(ticket.settle(key, &settled));
        }
        self.after.rare().queued.push(gone);
    }

    fn overflow(&mut self, lane: &mut Lane, refused: Queued) {
        lane.counts.note(&Outcome::Overflowed);
        self.receipt.note(&Settled::Done(lane.info.id, &lane.info.name, &Outcome::Overflowed));
        self.after.rare().queued.push(refused);
    }
}
