//! The end of deliveries and subscriptions in the model.

use std::rc::Rc;

use bus_core::Lagged;

use super::facts::{Entry, Happened};
use super::queue::Gap;
use super::world::{Call, Life, Stage, Wait, World};

/// An item of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    Event { n: u64, seq: u64 },
    Gap(Lagged),
}

impl World {
    pub(crate) fn call(&mut self, sub: usize, event: &Rc<Happened>, publish: Option<usize>) -> usize {
        let id = self.calls.len();
        self.calls.push(Call {
            sub,
            event: Rc::clone(event),
            publish,
            step: 0,
            stage: Stage::Ready,
            place: false,
            begun: false,
            late: false,
        });
        self.subs[sub].running.push(id);
        id
    }

    /// Records the outcome of one delivery in its receipt.
    pub(crate) fn settle(&mut self, publish: Option<usize>, sub: usize, outcome: &'static str) {
        let Some(publish) = publish.map(|publish| &mut self.publishes[publish]) else { return };
        let Some(at) = publish.pending.iter().position(|pending| *pending == sub) else { return };
        publish.pending.swap_remove(at);
        match outcome {
            "handled" => publish.slip.handled += 1,
            "queued" => publish.slip.queued += 1,
            "deferred" => publish.slip.deferred += 1,
            problem => publish.slip.problems.push((sub, problem)),
        }
    }

    /// Ends a call, and returns the next one in the same handler.
    pub(crate) fn finish(&mut self, call: usize, outcome: &'static str) -> Option<usize> {
        let (sub, publish) = (self.calls[call].sub, self.calls[call].publish);
        self.calls[call].stage = Stage::Done;
        self.subs[sub].tally.note(outcome);
        self.settle(publish, sub, outcome);
        self.subs[sub].running.retain(|running| *running != call);
        self.next(sub)
    }

    /// The next event of a free handler.
    pub(crate) fn next(&mut self, sub: usize) -> Option<usize> {
        let found = &mut self.subs[sub];
        if matches!(found.life, Life::Ended | Life::Gone) {
            self.bury(sub);
            return None;
        }
        let Some(item) = found.queue.items.pop_front() else {
            if let Some(gap) = found.queue.tail.take() {
                self.lags.push((sub, gap));
            }
            if self.subs[sub].life == Life::Closing && self.subs[sub].running.is_empty() {
                self.subs[sub].life = Life::Ended;
                self.bury(sub);
            }
            return None;
        };
        if let Some(gap) = item.gap {
            self.lags.push((sub, gap));
        }
        Some(self.call(sub, &item.event, item.publish))
    }

    /// Ends a subscription. Returns whether it existed.
    pub(crate) fn end(&mut self, sub: usize) -> bool {
        let found = &mut self.subs[sub];
        if matches!(found.life, Life::Ended | Life::Gone) {
            return false;
        }
        found.life = Life::Ended;
        let waiting = std::mem::take(&mut found.queue.items);
        let senders = std::mem::take(&mut found.senders);
        for item in waiting {
            self.subs[sub].tally.dropped += 1;
            self.settle(item.publish, sub, "dropped");
        }
        for publish in senders {
            self.settle(Some(publish), sub, "dropped");
        }
        if let Some(wait @ Wait::Open) = &mut self.subs[sub].wait {
            *wait = Wait::Over(Err("closed"));
        }
        self.bury(sub);
        true
    }

    fn bury(&mut self, sub: usize) {
        let found = &mut self.subs[sub];
        if found.life == Life::Ended && found.running.is_empty() {
            found.life = Life::Gone;
            let tally = found.tally;
            self.ended.add_all(tally);
        }
    }

    /// Reads up to `count` items from a stream.
    pub(crate) fn read(&mut self, sub: usize, count: usize, reported: &[Read]) -> Result<(), String> {
        let mut reported = reported.iter();
        if count > 0 {
            self.subs[sub].reader = None;
        }
        for _ in 0..count {
            let found = &mut self.subs[sub];
            if found.life == Life::Gone {
                break;
            }
            let front = found.queue.items.front_mut().and_then(|item| item.gap.take());
            let item = if front.is_none() { found.queue.items.pop_front() } else { None };
            let gap = front.or_else(|| if item.is_none() { found.queue.tail.take() } else { None });
            if let Some(item) = item {
                let (n, seq) = (item.event.n, item.event.seq);
                if reported.next() != Some(&Read::Event { n, seq }) {
                    return Err(format!("stream {sub} should give event {n} (seq {seq})"));
                }
                self.taken(sub);
            } else if let Some(gap) = gap {
                match reported.next() {
                    Some(Read::Gap(lagged)) if gap.fits(lagged) => {}
                    other => return Err(format!("stream {sub} should tell of {gap:?}, not {other:?}")),
                }
            } else {
                break;
            }
        }
        reported
            .next()
            .map_or(Ok(()), |more| Err(format!("stream {sub} gave {more:?} for which there is no reason")))
    }

    fn taken(&mut self, sub: usize) {
        let found = &mut self.subs[sub];
        found.tally.handled += 1;
        if !found.queue.is_full() {
            for publish in std::mem::take(&mut found.senders) {
                self.settle(Some(publish), sub, "queued");
            }
        }
    }

    /// Closes the bus: waits without an event end.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        for sub in 0..self.subs.len() {
            if matches!(self.subs[sub].wait, Some(Wait::Open)) {
                self.wait_ends(sub, Err("closed"));
            }
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.subs
            .iter()
            .filter(|sub| sub.life != Life::Gone)
            .all(|sub| sub.running.is_empty() && (sub.script().is_none() || sub.queue.items.is_empty()))
    }

    /// Removes the gaps that the log reports next, as far as they are due.
    pub(crate) fn take_lags(&mut self) {
        while let Some(Entry::Lag { sub, lagged }) = self.log.front() {
            let fits = |(due, gap): &(usize, Gap)| due == sub && gap.fits(lagged);
            let Some(at) = self.lags.iter().position(fits) else { return };
            self.lags.remove(at);
            self.log.pop_front();
        }
    }
}
