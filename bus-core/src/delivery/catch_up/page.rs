//! The steps of catching up: windows of history, pages of the store, and the way to live events.

use std::sync::Arc;

use super::read::Found;
use super::{Look, Read, Step};
use crate::delivery::context::thread;
use crate::delivery::effects::Effects;
use crate::delivery::overflow::{LagCause, Lagged};
use crate::delivery::retain::mark::Marks;
use crate::delivery::routes::Kinds;
use crate::delivery::run::Next;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::streams::takes;
use crate::delivery::subscription::{Life, Receiver, Subscription};
use crate::event::{EventId, Stored};
use crate::since::Since;

impl State {
    /// Takes the next step of a subscription whose receiver has nothing left.
    pub(super) fn step_of_past(
        &mut self,
        run: u64,
        look: Look,
        more: &mut Vec<Next>,
        effects: &mut Effects,
    ) -> Step {
        let settled = self.records.as_deref().map_or(0, |records| records.settled(self.next_seq - 1));
        let found = self.subscriptions.get_mut(look.key);
        let Some(Subscription { info, life: Life::Replaying, catch_up: Some(past), .. }) = found else {
            self.end_look(look, effects);
            return Step::Rest;
        };
        let info = Arc::clone(info);
        let write = past.consumer.as_ref().and_then(|consumer| consumer.to_write());
        let (reads_only, retries) = (past.reads_only(), past.consumer.is_some());
        let at = past.seq(run);
        if at.is_some_and(|seq| seq >= past.began) && info.awaits_live() {
            return Step::Live(info);
        }
        let is_held = |seq| self.history.lost_after(seq, info.wants_transient()).is_none();
        match at {
            Some(seq) if !reads_only && is_held(seq) => self.take_window(look, seq, run, more, effects),
            Some(seq) if seq >= settled && write.is_none() => {
                if reads_only && !look.handler && self.closed && seq + 1 >= self.next_seq {
                    self.end_recorded(look, effects);
                    return Step::Rest;
                }
                // A handler that has handled everything that is recorded has no work.
                let rests = reads_only && look.handler;
                if let Some(records) = self.records.as_deref_mut() {
                    records.readers.push((look, !rests));
                }
                if rests {
                    self.end_look(look, effects);
                }
            }
            _ => {
                let (query, decode) = (past.query(), past.decode);
                return Step::Read(Box::new(Read { info, query, decode, settled, write, retries }));
            }
        }
        Step::Rest
    }

    /// Gives a subscription the next events of history, and lets live events reach it behind the
    /// last of them.
    fn take_window(&mut self, look: Look, seq: u64, run: u64, more: &mut Vec<Next>, effects: &mut Effects) {
        let Some(found) = self.subscriptions.get_mut(look.key) else { return };
        let info = Arc::clone(&found.info);
        let (events, stands) = self.history.next_after(seq, Marks::default());
        let wanted = events.filter(|event| takes(&info, event)).map(|event| Ok(Arc::clone(event)));
        let items = wanted.collect();
        let at = EventId::new(run, stands.unwrap_or(self.next_seq - 1));
        // Live events come after the report that the past is read.
        let last = stands.is_none() && !info.awaits_live();
        if !self.take_past(look, items, at, last, more, effects) {
            // Nothing of this window is wanted.
            effects.work().past.push((look, None));
        }
    }

    /// Gives a subscription a page of the store. Returns whether it needs another one.
    pub(super) fn take_page(
        &mut self,
        run: u64,
        look: Look,
        found: Found,
        more: &mut Vec<Next>,
        effects: &mut Effects,
    ) -> bool {
        let Found { mut items, through, has_more, settled, write } = found;
        let after = through.filter(|through| through.run() == run).map_or(0, EventId::seq);
        let past = self.subscriptions.get(look.key).and_then(|found| found.catch_up.as_ref());
        let after = after.max(past.and_then(|past| past.seq(run)).unwrap_or(0));
        // Events that history holds come from there: it is not redacted, and needs no store.
        let reads_only = past.is_some_and(|past| past.reads_only());
        let held =
            if reads_only { settled } else { self.history.lost_through().into_iter().fold(0, u64::max) };
        let end = held.min(settled).max(after);
        let at = through.filter(|_| has_more).unwrap_or(EventId::new(run, end));
        if let Some(records) = self.records.as_deref().filter(|_| !has_more) {
            items.extend(records.lost_between(run, after, at.seq()).map(Err));
        }
        if let Some(gap) = self.left_out(run, look.key, at) {
            items.insert(0, Err(gap));
        }
        if let Some(consumer) = self.consumer_of(look.key) {
            if let Some(write) = write {
                consumer.wrote(&write);
            }
            consumer.read(items.is_empty().then_some(at));
        }
        !self.take_past(look, items, at, false, more, effects)
    }

    /// Puts events and gaps of the past into the queue of a subscription, which has none left, and
    /// starts its handlers. The next page begins behind `at`; behind the `last` one come live
    /// events. Returns whether there was anything.
    fn take_past(
        &mut self,
        look: Look,
        items: Vec<Result<Arc<Stored>, Lagged>>,
        at: EventId,
        last: bool,
        more: &mut Vec<Next>,
        effects: &mut Effects,
    ) -> bool {
        let key = look.key;
        let found = self.subscriptions.get_mut(key).filter(|found| found.life == Life::Replaying);
        let Some(Subscription { info, catch_up: Some(past), receiver, .. }) = found else {
            effects.drop_later(items.into_iter().filter_map(Result::ok).collect());
            self.end_look(look, effects);
            return true;
        };
        past.at = Since::After(at);
        let asks = !info.predicates.is_empty();
        let once = matches!(receiver, Receiver::Stream(stream) if stream.once) && !asks;
        let most = if once { 1 } else { usize::MAX };
        let (mut count, mut is_empty) = (0, true);
        for item in items {
            is_empty = false;
            match item {
                Ok(event) if count < most => {
                    count += 1;
                    self.queue_past(key, event, asks);
                }
                Ok(event) => effects.work().events.push(event),
                Err(gap) => {
                    if let Some(queue) = self.queue_of(key) {
                        queue.mark_gap(0, gap);
                    }
                }
            }
        }
        if is_empty && !last {
            return false;
        }
        let ends = last || (once && count > 0);
        // A handler that finds only a gap wants more at once.
        self.end_look(look, effects);
        if look.handler {
            if ends {
                self.end_replay(key);
            }
            more.extend(self.start_all(key, thread(), effects));
        } else {
            // Before it is routed: a ring would keep the waker for the next live event. On a closed
            // bus there is none, and this is the end.
            if !is_empty || self.closed {
                let waker =
                    self.subscriptions.get_mut(key).and_then(|found| found.stream_mut()?.waker.take());
                effects.wake(waker);
            }
            if ends {
                self.route_stream(key);
            }
            if once && count > 0 {
                self.close_stream(key, effects);
            }
        }
        true
    }

    /// Ends a reader of what is recorded: its bus is closed, and nothing more comes.
    fn end_recorded(&mut self, look: Look, effects: &mut Effects) {
        self.end_look(look, effects);
        if let Some(found) = self.subscriptions.get_mut(look.key) {
            found.wake_reader(effects);
        }
        self.close_stream(look.key, effects);
    }

    /// Puts one event of the past into a queue.
    pub(crate) fn queue_past(&mut self, key: Key, event: Arc<Stored>, asks: bool) {
        if let Some(queue) = self.queue_of(key) {
            queue.replay(event, asks);
        }
        match &mut self.subscriptions.get_mut(key).map(|found| &mut found.receiver) {
            Some(Receiver::Stream(stream)) => stream.counts.matched += 1,
            Some(Receiver::Handler(member)) => {
                if let Some(group) = self.groups.get_mut(member.group) {
                    let cohort = group.cohort_mut(member.cohort);
                    cohort.queued += 1;
                    cohort.counts.matched += 1;
                }
            }
            None => {}
        }
    }

    /// The gap of the kinds that the store leaves out, which a page up to `at` lacks. It stands for
    /// all events until now, so that it does not come with each page.
    fn left_out(&mut self, run: u64, key: Key, at: EventId) -> Option<Lagged> {
        let newest = self.next_seq - 1;
        let left_out = self.records.as_deref().is_some_and(|records| records.counts.left_out > 0);
        let found = self.subscriptions.get_mut(key)?;
        let wants_any = !matches!(found.info.kinds, Kinds::Declared(_));
        let past = found.catch_up.as_mut().filter(|past| !past.recorded_only)?;
        let is_reported = past.reported.is_some_and(|reported| at.run() != run || at.seq() <= reported);
        if is_reported || !(past.leaves_out || (wants_any && left_out)) {
            return None;
        }
        past.reported = Some(newest);
        Some(Lagged::new(past.next(run), EventId::new(run, newest), None, LagCause::NotRecorded))
    }
}
