//! The reference model: a bus as plain lists. It gets the order in which handlers began (the log of
//! the real bus), because that is not promised, and computes everything else.

use std::collections::VecDeque;
use std::rc::Rc;

use bus_core::{LagCause, Overflow};

use super::facts::{Entry, Happened, Slip, Tally};
use super::program::{Emission, Program, Receive, Script, Set, Since, Spec};
use super::queue::{Gap, Item, Pushed, Queue};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Open,
    Closing,
    Ended,
    Gone,
}

/// A wait for one event, and its result.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wait {
    Open,
    Over(Result<u64, &'static str>),
}

#[derive(Debug)]
pub(crate) struct Sub {
    pub(crate) spec: Spec,
    pub(crate) life: Life,
    pub(crate) queue: Queue,
    /// Running events, by invocation.
    pub(crate) running: Vec<usize>,
    pub(crate) runners: usize,
    pub(crate) tally: Tally,
    /// Awaited emits that wait for capacity in this stream.
    pub(crate) senders: Vec<usize>,
    /// The invocation that made this stream: it reads it, until other code does.
    pub(crate) reader: Option<usize>,
    /// A wait, and its result.
    pub(crate) wait: Option<Wait>,
    pub(crate) permits: usize,
    pub(crate) at_gate: VecDeque<usize>,
}

impl Sub {
    pub(crate) fn script(&self) -> Option<&Script> {
        match &self.spec.receive {
            Receive::Sync(script) | Receive::Async { script, .. } => Some(script),
            Receive::Stream => None,
        }
    }

    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.spec.receive, Receive::Sync(_))
    }

    fn takes(&self, event: &Happened) -> bool {
        let (spec, what) = (&self.spec, &event.what);
        spec.set.holds(what.kind)
            && spec.stream.is_none_or(|stream| stream == what.stream)
            && spec.node.is_none_or(|node| what.node == Some(node))
            && spec.execution.is_none_or(|execution| what.execution == Some(execution))
            && (!spec.even || event.n.is_multiple_of(2))
    }
}

/// One publish, until all its deliveries are settled.
#[derive(Debug, Default)]
pub(crate) struct Publish {
    pub(crate) pending: Vec<usize>,
    pub(crate) slip: Slip,
    /// The invocation that awaits it.
    pub(crate) waiter: Option<usize>,
}

/// The state of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Ready,
    Runs,
    Gate,
    Opened,
    Waits(usize),
    Done,
}

/// One running event in one handler.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) sub: usize,
    pub(crate) event: Rc<Happened>,
    pub(crate) publish: Option<usize>,
    pub(crate) step: usize,
    pub(crate) stage: Stage,
    pub(crate) place: bool,
    pub(crate) begun: bool,
    pub(crate) late: bool,
}

/// History of one kind of retention.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    pub(crate) events: VecDeque<Rc<Happened>>,
    pub(crate) capacity: usize,
    pub(crate) evicted: u64,
    pub(crate) lost: Vec<u64>,
}

pub(crate) type Checked<T = ()> = Result<T, String>;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) chain_limit: u32,
    pub(crate) closed: bool,
    pub(crate) n: u64,
    pub(crate) seq: u64,
    /// The number of subscriptions that handlers have made, or tried to.
    pub(crate) made: usize,
    pub(crate) free: usize,
    pub(crate) subs: Vec<Sub>,
    pub(crate) calls: Vec<Call>,
    pub(crate) publishes: Vec<Publish>,
    pub(crate) rings: [Ring; 2],
    pub(crate) by_kind: [u64; super::program::KINDS as usize],
    pub(crate) unobserved: u64,
    pub(crate) refused: u64,
    pub(crate) ended: Tally,
    pub(crate) log: VecDeque<Entry>,
    /// Gaps that must be reported to handlers.
    pub(crate) lags: Vec<(usize, Gap)>,
}

impl World {
    pub(crate) fn new(program: &Program) -> Self {
        let ring = |capacity| Ring { capacity, ..Ring::default() };
        Self {
            chain_limit: program.chain_limit,
            closed: false,
            n: 0,
            seq: 0,
            made: 0,
            free: program.places.unwrap_or(usize::MAX / 2),
            subs: Vec::new(),
            calls: Vec::new(),
            publishes: Vec::new(),
            rings: [ring(program.history), ring(program.transient)],
            by_kind: [0; 5],
            unobserved: 0,
            refused: 0,
            ended: Tally::default(),
            log: VecDeque::new(),
            lags: Vec::new(),
        }
    }

    /// The position of a cursor: that many events back.
    pub(crate) fn cursor(&self, back: u64) -> Option<u64> {
        let known = self.seq > 0;
        known.then(|| self.seq.saturating_sub(back).max(1))
    }

    /// The events in history, oldest first.
    pub(crate) fn kept(&self) -> Vec<Rc<Happened>> {
        let mut all: Vec<_> = self.rings.iter().flat_map(|ring| ring.events.iter().cloned()).collect();
        all.sort_by_key(|event| event.seq);
        all
    }

    fn past(&self, set: Set, since: Since) -> (Vec<Rc<Happened>>, Option<Gap>) {
        match since {
            Since::OtherRun => {
                let kept = self.kept();
                let to = kept.first().map_or(self.seq + 1, |event| event.seq);
                (kept, Some(Gap { known: false, least: 0, most: 0, from: 0, to, cause: LagCause::OtherRun }))
            }
            Since::Back(back) => {
                let Some(after) = self.cursor(back) else { return (Vec::new(), None) };
                let rings = if set.wants_transient() { &self.rings[..] } else { &self.rings[..1] };
                let lost: Vec<_> = rings
                    .iter()
                    .flat_map(|ring| ring.lost.iter().copied())
                    .filter(|seq| *seq > after)
                    .collect();
                let gap = lost.iter().max().map(|to| Gap {
                    known: true,
                    least: lost.len() as u64,
                    most: to - after,
                    from: after + 1,
                    to: *to,
                    cause: LagCause::Evicted,
                });
                (self.kept().into_iter().filter(|event| event.seq > after).collect(), gap)
            }
        }
    }

    /// Adds a subscription; `wait` for one that takes a single event.
    pub(crate) fn subscribe(&mut self, spec: &Spec, wait: Option<bool>) -> Checked<usize> {
        let overflow =
            spec.overflow.unwrap_or(if matches!(spec.receive, Receive::Stream) || wait.is_some() {
                Overflow::DropOldest
            } else {
                Overflow::Wait
            });
        let runners = match spec.receive {
            Receive::Async { concurrency, .. } => concurrency,
            _ => 1,
        };
        let queue = Queue {
            items: VecDeque::new(),
            tail: None,
            capacity: spec.capacity,
            hard_limit: spec.hard_limit,
            overflow,
        };
        let id = self.subs.len();
        self.subs.push(Sub {
            spec: spec.clone(),
            life: Life::Open,
            queue,
            running: Vec::new(),
            runners,
            tally: Tally::default(),
            senders: Vec::new(),
            reader: None,
            wait: wait.map(|_| Wait::Open),
            permits: 0,
            at_gate: VecDeque::new(),
        });
        let (events, gap) = spec.since.map_or((Vec::new(), None), |since| self.past(spec.set, since));
        let sub = &mut self.subs[id];
        let fitting: Vec<_> = events.into_iter().filter(|event| sub.takes(event)).collect();
        if let Some(now) = wait {
            if let Some(first) = fitting.first() {
                sub.tally.matched += 1;
                let n = first.n;
                self.wait_ends(id, Ok(n));
            } else if now {
                self.wait_ends(id, Err("timed out"));
            }
            return Ok(id);
        }
        sub.tally.matched += fitting.len() as u64;
        sub.queue.items.extend(fitting.into_iter().map(|event| Item {
            event,
            gap: None,
            publish: None,
            replay: true,
        }));
        if let Some(gap) = gap {
            sub.queue.mark_before(gap);
        }
        self.begin_replay(id)?;
        Ok(id)
    }

    pub(crate) fn wait_ends(&mut self, id: usize, result: Result<u64, &'static str>) {
        if result.is_ok() {
            self.subs[id].tally.handled += 1;
        }
        self.subs[id].wait = Some(Wait::Over(result));
        self.end(id);
    }

    /// Publishes: returns the publish with its deliveries, and the claims to run at once.
    pub(crate) fn deliver(&mut self, what: &Emission, by: Option<usize>) -> (usize, Vec<usize>) {
        self.n += 1;
        let cause = by.map(|by| Rc::clone(&self.calls[by].event));
        let depth = cause.as_ref().map_or(0, |cause| cause.depth + 1);
        let publish = self.publishes.len();
        self.publishes.push(Publish::default());
        let refused = if depth > self.chain_limit { Some("chain") } else { self.closed.then_some("closed") };
        if let Some(refused) = refused {
            self.refused += 1;
            self.publishes[publish].slip.refused = Some(refused);
            return (publish, Vec::new());
        }
        let event = Rc::new(Happened {
            n: self.n,
            seq: self.seq + 1,
            cause: cause.map(|cause| cause.seq),
            depth,
            what: what.clone(),
        });
        let (mut claims, mut closing) = (Vec::new(), Vec::new());
        for id in 0..self.subs.len() {
            if self.subs[id].life != Life::Open || !self.subs[id].takes(&event) {
                continue;
            }
            self.subs[id].tally.matched += 1;
            self.publishes[publish].slip.reached += 1;
            self.hand(id, &event, publish, &mut claims, &mut closing);
        }
        let reached = self.publishes[publish].slip.reached > 0;
        self.keep(&event, publish, reached);
        for id in closing {
            if self.subs[id].life == Life::Open {
                self.subs[id].life = Life::Closing;
            }
        }
        (publish, claims)
    }

    fn hand(
        &mut self,
        id: usize,
        event: &Rc<Happened>,
        publish: usize,
        claims: &mut Vec<usize>,
        closing: &mut Vec<usize>,
    ) {
        let sub = &mut self.subs[id];
        if sub.wait.is_some() {
            self.publishes[publish].slip.queued += 1;
            let n = event.n;
            return self.wait_ends(id, Ok(n));
        }
        let is_stream = sub.script().is_none();
        if !is_stream && sub.running.len() < sub.runners && sub.queue.items.is_empty() {
            let call = self.call(id, event, Some(publish));
            self.publishes[publish].pending.push(id);
            return claims.push(call);
        }
        let pushed = sub.queue.push(event, (!is_stream).then_some(publish));
        let is_in = matches!(pushed, Pushed::In | Pushed::Over | Pushed::For(..));
        if is_in && is_stream {
            if matches!(pushed, Pushed::Over) {
                sub.senders.push(publish);
                self.publishes[publish].pending.push(id);
            } else {
                self.publishes[publish].slip.queued += 1;
            }
        } else if is_in {
            self.publishes[publish].pending.push(id);
        }
        match pushed {
            Pushed::In | Pushed::Over => {}
            Pushed::For(gone, why) => {
                self.subs[id].tally.note(why);
                self.settle(gone.publish, id, why);
            }
            Pushed::Overflowed | Pushed::Closes => {
                self.subs[id].tally.overflowed += 1;
                self.publishes[publish].slip.problems.push((id, "overflowed"));
                closing.extend(matches!(pushed, Pushed::Closes).then_some(id));
            }
        }
    }

    fn keep(&mut self, event: &Rc<Happened>, publish: usize, reached: bool) {
        let ring = &mut self.rings[usize::from(event.transient())];
        if ring.capacity == 0 && !reached {
            self.unobserved += 1;
            return;
        }
        self.seq = event.seq;
        self.by_kind[event.what.kind as usize] += 1;
        self.publishes[publish].slip.seq = Some(event.seq);
        if ring.capacity == 0 {
            return ring.lost.push(event.seq);
        }
        ring.events.push_back(Rc::clone(event));
        if ring.events.len() > ring.capacity
            && let Some(oldest) = ring.events.pop_front()
        {
            ring.evicted += 1;
            ring.lost.push(oldest.seq);
        }
    }
}
