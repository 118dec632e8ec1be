//! Handler calls in the model, in the order of the log.

use super::facts::{Entry, Slip};
use super::program::{Act, End, Receive};
use super::world::{Checked, Life, Stage, Sub, World};

/// Whether the publisher waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Send,
    Await,
}

impl World {
    /// Publishes, and runs everything that runs before `send` returns or before the first
    /// suspension point.
    pub(crate) fn publish(
        &mut self,
        what: &super::program::Emission,
        mode: Mode,
        by: Option<usize>,
    ) -> Checked<usize> {
        let (publish, claims) = self.deliver(what, by);
        if mode == Mode::Send {
            // No publisher waits for capacity in a stream.
            for sub in self.subs_with_capacity(publish) {
                self.settle(Some(publish), sub, "queued");
            }
        }
        self.batch(claims, mode)?;
        Ok(publish)
    }

    fn subs_with_capacity(&mut self, publish: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for (id, sub) in self.subs.iter_mut().enumerate() {
            if sub.senders.contains(&publish) {
                sub.senders.retain(|waits| *waits != publish);
                found.push(id);
            }
        }
        found
    }

    /// Runs the claims of one publish. All of them stay claimed until the last one has run.
    fn batch(&mut self, mut claims: Vec<usize>, mode: Mode) -> Checked {
        let (mut place, mut ran) = (false, Vec::new());
        loop {
            self.take_lags();
            let may = |world: &Self, call: usize| {
                world.subs[world.calls[call].sub].is_sync()
                    || (mode == Mode::Await && (place || world.free > 0))
            };
            let Some(at) = claims.iter().position(|call| may(self, *call) && self.begins(*call)) else {
                if let Some(call) = claims.iter().find(|call| may(self, **call)) {
                    let call = &self.calls[*call];
                    return Err(format!(
                        "handler {} should run event {} in place, next is {:?}",
                        call.sub,
                        call.event.n,
                        self.log.front()
                    ));
                }
                break;
            };
            let call = claims.remove(at);
            if !self.subs[self.calls[call].sub].is_sync() && !place {
                self.free -= 1;
                place = true;
            }
            match self.begin(call)? {
                Some(outcome) => ran.push((call, outcome)),
                None if self.calls[call].stage == Stage::Gate => {
                    self.calls[call].place = true;
                    place = false;
                }
                None => {}
            }
        }
        self.free += usize::from(place);
        let next: Vec<_> = ran.into_iter().filter_map(|(call, outcome)| self.finish(call, outcome)).collect();
        self.drain(next)
    }

    /// Sync handlers go on with their waiting events, on the same thread, one subscription after
    /// the other.
    fn drain(&mut self, next: Vec<usize>) -> Checked {
        let mut sync: Vec<_> =
            next.into_iter().filter(|call| self.subs[self.calls[*call].sub].is_sync()).collect();
        while !sync.is_empty() {
            self.take_lags();
            let Some(at) = sync.iter().position(|call| self.begins(*call)) else {
                return Err(format!(
                    "sync handlers should go on with {sync:?}, next is {:?}",
                    self.log.front()
                ));
            };
            let mut goes_on = Some(sync.remove(at));
            while let Some(call) = goes_on {
                let outcome = self.begin(call)?.ok_or("a sync handler cannot wait")?;
                goes_on = self.finish(call, outcome);
                self.take_lags();
            }
        }
        Ok(())
    }

    /// The handlers of a new subscription take its events from history.
    pub(crate) fn begin_replay(&mut self, sub: usize) -> Checked {
        if self.subs[sub].script().is_none() {
            return Ok(());
        }
        for _ in 0..self.subs[sub].runners {
            let next = self.next(sub);
            self.drain(next.into_iter().collect())?;
        }
        Ok(())
    }

    fn begins(&self, call: usize) -> bool {
        let call = &self.calls[call];
        matches!(self.log.front(), Some(Entry::Begin { sub, n, .. }) if *sub == call.sub && *n == call.event.n)
    }

    /// A call begins, and runs until it ends or waits.
    fn begin(&mut self, call: usize) -> Checked<Option<&'static str>> {
        let (sub, event) = (self.calls[call].sub, &self.calls[call].event);
        let wanted = Entry::Begin { sub, n: event.n, seq: event.seq, cause: event.cause };
        self.take_lags();
        if self.lags.iter().any(|(due, _)| *due == sub) {
            return Err(format!("handler {sub} was not reported of {:?} before its next event", self.lags));
        }
        self.expect(&wanted)?;
        self.calls[call].begun = true;
        self.run(call)
    }

    fn expect(&mut self, wanted: &Entry) -> Checked {
        self.take_lags();
        match self.log.pop_front() {
            Some(found) if found == *wanted => Ok(()),
            found => Err(format!("the model has {wanted:?}, the bus {found:?}")),
        }
    }

    fn run(&mut self, call: usize) -> Checked<Option<&'static str>> {
        let sub = self.calls[call].sub;
        let (n, hops) = (self.calls[call].event.n, self.calls[call].event.what.hops);
        let Some(script) = self.subs[sub].script().cloned() else {
            return Err("a stream has no handler".to_owned());
        };
        self.calls[call].stage = Stage::Runs;
        while let Some(act) = script.acts.get(self.calls[call].step) {
            self.calls[call].step += 1;
            match act {
                Act::Send(what) | Act::Await(what) if hops > 0 => {
                    let what = super::program::Emission { hops: hops - 1, ..what.clone() };
                    if matches!(act, Act::Send(_)) {
                        let publish = self.publish(&what, Mode::Send, Some(call))?;
                        let slip = self.publishes[publish].slip.at_once();
                        self.expect(&Entry::Sent { sub, n, slip })?;
                    } else if !self.awaits(call, &what)? {
                        return Ok(None);
                    }
                }
                Act::Gate if self.subs[sub].permits > 0 => {
                    self.subs[sub].permits -= 1;
                    self.expect(&Entry::Gate { sub, n })?;
                }
                Act::Gate => {
                    self.subs[sub].at_gate.push_back(call);
                    self.calls[call].stage = Stage::Gate;
                    return Ok(None);
                }
                Act::UnsubscribeSelf => {
                    self.end(sub);
                }
                Act::Subscribe(spec) if self.made < super::program::MOST => {
                    self.made += 1;
                    if !self.closed {
                        let made = self.subscribe(spec, None)?;
                        self.subs[made].reader = Some(call);
                    }
                }
                Act::Send(_) | Act::Await(_) | Act::Subscribe(_) => {}
                Act::Unsubscribe(which) => {
                    let which = which % self.subs.len();
                    if self.subs[which].wait.is_none() {
                        self.end(which);
                    }
                }
            }
        }
        self.calls[call].stage = Stage::Done;
        Ok(Some(match script.end {
            End::Handled => "handled",
            End::Failed => "failed",
            End::Panicked => "panicked",
        }))
    }

    /// Publishes and waits; returns whether the handler goes on at once.
    fn awaits(&mut self, call: usize, what: &super::program::Emission) -> Checked<bool> {
        let publish = self.publish(what, Mode::Await, Some(call))?;
        // It waits from now on: the handlers that ran in place have run before.
        self.publishes[publish].waiter = Some(call);
        self.calls[call].stage = Stage::Waits(publish);
        self.defer_stuck(call, publish);
        if !self.publishes[publish].pending.is_empty() {
            return Ok(false);
        }
        self.resumed(call, publish)?;
        Ok(true)
    }

    fn resumed(&mut self, call: usize, publish: usize) -> Checked {
        self.publishes[publish].waiter = None;
        self.calls[call].stage = Stage::Runs;
        let (sub, n) = (self.calls[call].sub, self.calls[call].event.n);
        let slip = self.slip(publish);
        self.expect(&Entry::Resumed { sub, n, slip })
    }

    pub(crate) fn slip(&self, publish: usize) -> Slip {
        let mut slip = self.publishes[publish].slip.clone();
        slip.problems.sort_unstable();
        slip
    }

    /// An async handler ran in a task of its own, until it ended or waited.
    fn after(&mut self, call: usize, step: Option<&'static str>) {
        if step.is_some() || matches!(self.calls[call].stage, Stage::Waits(_)) {
            self.give_permit(call);
        }
        if let Some(outcome) = step {
            self.finish(call, outcome);
        }
    }

    fn give_permit(&mut self, call: usize) {
        self.free += usize::from(std::mem::replace(&mut self.calls[call].place, false));
    }

    fn take_permit(&mut self, call: usize) -> bool {
        if !self.calls[call].place && self.free > 0 {
            self.free -= 1;
            self.calls[call].place = true;
        }
        self.calls[call].place
    }

    /// The calls that may go on now in tasks of their own.
    fn enabled(&self, call: usize) -> bool {
        let found = &self.calls[call];
        let place = found.place || self.free > 0;
        match found.stage {
            Stage::Ready | Stage::Opened => place,
            Stage::Waits(publish) => place && self.publishes[publish].pending.is_empty(),
            Stage::Runs | Stage::Gate | Stage::Done => false,
        }
    }

    /// How many events are at work in a handler, and how many wait: also those that wait for a permit.
    pub(crate) fn at_work(&self, sub: &Sub) -> (usize, usize) {
        let waits_for_permit = |call: &&usize| {
            let call = &self.calls[**call];
            let could_go_on =
                matches!(call.stage, Stage::Waits(publish) if self.publishes[publish].pending.is_empty());
            !call.begun || (could_go_on && !call.place)
        };
        let waiting = sub.running.iter().filter(waits_for_permit).count();
        (sub.running.len() - waiting, sub.queue.items.len() + waiting)
    }

    /// Follows the log to its end; then no call may be left that could go on.
    pub(crate) fn settle_all(&mut self) -> Checked {
        loop {
            self.take_lags();
            // A dropped call needs a permit first; with few permits, others may come before it.
            if self.log.is_empty() || self.free > usize::MAX / 4 {
                self.drop_unbegun();
            }
            let Some(entry) = self.log.front().cloned() else { break };
            let (Entry::Begin { sub, n, .. }
            | Entry::Gate { sub, n }
            | Entry::Resumed { sub, n, .. }
            | Entry::Cut { sub, n }) = entry
            else {
                return Err(format!("nothing explains {entry:?}"));
            };
            let found = self
                .subs
                .get(sub)
                .and_then(|found| found.running.iter().copied().find(|call| self.calls[*call].event.n == n));
            let call = found.ok_or_else(|| format!("nothing explains {entry:?}"))?;
            self.go_on(call, &entry)?;
        }
        if let Some(left) = (0..self.calls.len()).find(|call| self.enabled(*call) || self.calls[*call].late) {
            return Err(format!("the bus does not go on with {:?}", self.calls[left]));
        }
        if self.lags.is_empty() { Ok(()) } else { Err(format!("nobody was reported of {:?}", self.lags)) }
    }

    /// Calls that no task has begun when their subscription ends never begin.
    fn drop_unbegun(&mut self) {
        for call in 0..self.calls.len() {
            let ended = self.subs[self.calls[call].sub].life == Life::Ended;
            if ended && self.calls[call].stage == Stage::Ready && self.enabled(call) {
                self.finish(call, "dropped");
            }
        }
    }

    fn go_on(&mut self, call: usize, entry: &Entry) -> Checked {
        let late = std::mem::replace(&mut self.calls[call].late, false);
        if matches!(entry, Entry::Cut { .. }) && late {
            self.log.pop_front();
            self.cut(call);
            return Ok(());
        }
        if late || !self.enabled(call) || !self.take_permit(call) {
            return Err(format!("{entry:?} came too early: {:?}", self.calls[call]));
        }
        let step = match (entry, self.calls[call].stage) {
            (Entry::Begin { .. }, Stage::Ready) => self.begin(call),
            (Entry::Gate { .. }, Stage::Opened) => {
                self.log.pop_front();
                self.run(call)
            }
            (Entry::Resumed { .. }, Stage::Waits(publish)) => {
                self.resumed(call, publish)?;
                self.run(call)
            }
            _ => return Err(format!("{entry:?} does not fit {:?}", self.calls[call])),
        };
        self.after(call, step?);
        Ok(())
    }

    /// A handler that took too long is dropped where it waits.
    fn cut(&mut self, call: usize) {
        let sub = self.calls[call].sub;
        self.subs[sub].at_gate.retain(|waits| *waits != call);
        if let Stage::Waits(publish) = self.calls[call].stage {
            self.publishes[publish].waiter = None;
        }
        self.after(call, Some("timed out"));
    }

    pub(crate) fn open(&mut self, sub: usize) {
        match self.subs[sub].at_gate.pop_front() {
            Some(call) => self.calls[call].stage = Stage::Opened,
            None => self.subs[sub].permits += 1,
        }
    }

    /// Time moves on: every call that has begun and has a time limit is late.
    pub(crate) fn advance(&mut self) {
        for call in &mut self.calls {
            let limited = matches!(self.subs[call.sub].spec.receive, Receive::Async { timeout: true, .. });
            call.late |= limited && call.begun && call.stage != Stage::Done;
        }
    }
}
