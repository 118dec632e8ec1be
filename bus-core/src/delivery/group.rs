//! Handler groups: the unit of push delivery.
//!
//! All sync handlers that take the same set of events with the same queue settings and no filter
//! are members of one group: a publish claims them by taking [`Members`] out, runs them in one loop
//! and puts them back, in one step however many they are. A handler with a filter is a group of
//! one, and so is an async handler.
//!
//! Members come and go while a group is at work. A new member has the `seq` of the first event that
//! it sees, and is let in between two events; a leaving member is taken out between two events: a
//! claimed event is finished. Accounts go by *cohorts*: members with no publish between their
//! joining. An event carries its youngest cohort, so that a member's counts are those of the
//! cohorts at or above its own, and its own corrections. (One total with a base at joining is wrong
//! as soon as an event was queued before the joining and ends after it.)

use std::any::{Any, TypeId};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use smallvec::SmallVec;

use crate::delivery::context::{JobRef, Node};
use crate::delivery::effects::Effects;
use crate::delivery::outcome::{Outcome, failed, panicked};
use crate::delivery::pending::Unit;
use crate::delivery::queue::{Bounds, Queue};
use crate::delivery::routes::Kinds;
use crate::delivery::slab::Key;
use crate::delivery::subscription::{Counts, Info};
use crate::delivery::task::Handler;
use crate::error::BoxError;
use crate::event::{AnyEvent, Event, Stored, SubscriptionId};
use crate::sync::{Gauge, Instant, Signal, failpoint};

/// How many members, and how many cohorts, a group has at most: every walk over them under the
/// lock is bounded by it.
pub(crate) const MEMBERS: usize = 256;

/// One closure of the user's, to be dropped outside the lock.
pub(crate) type Closure = Box<dyn Any + Send>;

/// A closure of the user's. It returns the error if it fails.
type Call<S> = Box<dyn FnMut(&Event<S>) -> Option<BoxError> + Send>;

/// A sync handler of events of `S`, with the fields that the loop over a group reads.
pub(crate) struct Member<S> {
    call: Call<S>,
    id: SubscriptionId,
    name: Arc<str>,
    /// The first event that it sees.
    from_seq: u64,
}

impl<S: 'static> Member<S> {
    pub(crate) fn new(call: impl FnMut(&Event<S>) -> Option<BoxError> + Send + 'static) -> Self {
        let (id, name) = (SubscriptionId(0), Arc::from(""));
        Self { call: Box::new(call), id, name, from_seq: 0 }
    }
}

/// A sync handler that joins a group, its type erased.
pub(crate) trait NewMember: Send {
    /// The set of events that it takes.
    fn set(&self) -> TypeId;
    /// Names its subscription, and the first event that it sees.
    fn enter(&mut self, info: &Info, from_seq: u64);
    /// Puts it into a group of its own.
    fn into_calls(self: Box<Self>) -> Box<dyn Calls>;
    /// Puts it behind the members of a group of the same set.
    fn join(self: Box<Self>, calls: &mut dyn Calls);
    /// Its closure, to be dropped.
    fn into_closure(self: Box<Self>) -> Closure;
}

impl<S: 'static> NewMember for Member<S> {
    fn set(&self) -> TypeId {
        TypeId::of::<S>()
    }

    fn enter(&mut self, info: &Info, from_seq: u64) {
        (self.id, self.name, self.from_seq) = (info.id, Arc::clone(&info.name), from_seq);
    }

    fn into_calls(self: Box<Self>) -> Box<dyn Calls> {
        Box::new(Callees(vec![*self]))
    }

    fn join(self: Box<Self>, calls: &mut dyn Calls) {
        if let Some(callees) = calls.as_any().downcast_mut::<Callees<S>>() {
            callees.0.push(*self);
        }
    }

    fn into_closure(self: Box<Self>) -> Closure {
        Box::new(self.call)
    }
}

/// The handlers of a group, side by side.
struct Callees<S>(Vec<Member<S>>);

/// The handlers of a group, their set of events erased.
pub(crate) trait Calls: Send {
    /// Calls every member that sees the event, in order, and returns the event. Who did not handle
    /// it is noted with its position. `at` says which member is at work.
    fn call(
        &mut self,
        event: Arc<Stored>,
        at: &Gauge,
        observe: Option<&mut Observed<'_>>,
        failures: &mut Failures,
    ) -> Arc<Stored>;
    /// Takes a member out.
    fn remove(&mut self, at: usize) -> Closure;
    fn as_any(&mut self) -> &mut dyn Any;
}

/// Receives the position and the time of each member that has returned.
pub(crate) type Observed<'a> = dyn FnMut(SubscriptionId, &str, &Outcome, std::time::Instant) + 'a;

/// The members that did not handle an event, by position, and their outcomes.
pub(crate) type Failures = Vec<(usize, Outcome)>;

/// The position in `at` while no member is at work.
pub(crate) const NOBODY: u64 = u64::MAX;

impl<S: 'static> Callees<S> {
    /// Calls one member after the other, up to one that does not handle the event.
    #[inline]
    fn call_from(&mut self, from: usize, event: &mut Event<S>, seq: u64, at: &Gauge) -> Option<BoxError> {
        for (position, member) in self.0.iter_mut().enumerate().skip(from) {
            at.set(position as u64);
            if member.from_seq > seq && !failpoint("past_unskipped") {
                continue;
            }
            event.set_through(member.id);
            if let Some(error) = (member.call)(event) {
                return Some(error);
            }
        }
        None
    }

    /// The same for an observer, which sees each member.
    fn call_observed(
        &mut self,
        event: &mut Event<S>,
        seq: u64,
        at: &Gauge,
        observe: &mut Observed<'_>,
        failures: &mut Failures,
    ) {
        for position in 0..self.0.len() {
            let member = &mut self.0[position];
            if member.from_seq > seq && !failpoint("past_unskipped") {
                continue;
            }
            let (id, began) = (member.id, std::time::Instant::now());
            event.set_through(id);
            at.set(position as u64);
            let result = catch_unwind(AssertUnwindSafe(|| (member.call)(event)));
            let outcome = outcome_of(result);
            observe(id, &member.name, outcome.as_ref().unwrap_or(&Outcome::Handled), began);
            failures.extend(outcome.map(|outcome| (position, outcome)));
        }
    }
}

fn outcome_of(result: Result<Option<BoxError>, Box<dyn Any + Send>>) -> Option<Outcome> {
    match result {
        Ok(None) => None,
        Ok(Some(error)) => Some(failed(error)),
        Err(panic) => Some(panicked(panic)),
    }
}

impl<S: 'static> Calls for Callees<S> {
    fn call(
        &mut self,
        event: Arc<Stored>,
        at: &Gauge,
        observe: Option<&mut Observed<'_>>,
        failures: &mut Failures,
    ) -> Arc<Stored> {
        let seq = event.head.seq();
        let mut event: Event<S> = AnyEvent::new(event).assume();
        if let Some(observe) = observe {
            self.call_observed(&mut event, seq, at, observe, failures);
            return event.into_stored();
        }
        let mut from = 0;
        // One guard serves all members; behind one that fails the rest goes on under a new one.
        while let Some(outcome) =
            outcome_of(catch_unwind(AssertUnwindSafe(|| self.call_from(from, &mut event, seq, at))))
        {
            let position = usize::try_from(at.get()).unwrap_or(usize::MAX);
            failures.push((position, outcome));
            from = position.saturating_add(1);
        }
        event.into_stored()
    }

    fn remove(&mut self, at: usize) -> Closure {
        Box::new(self.0.remove(at).call)
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The members of a sync group. Whoever holds this has the right to run them.
pub(crate) struct Members {
    pub(crate) calls: Box<dyn Calls>,
    /// The position of the member at work, for the slow warning.
    pub(crate) at: Arc<Gauge>,
    pub(crate) failures: Failures,
}

/// The handlers of a group while no thread runs it.
pub(crate) enum Idle {
    Sync(Option<Box<Members>>),
    /// One for each event that the handler may work on at once.
    Async(SmallVec<[Box<Handler>; 1]>),
}

/// One event at work in a group.
pub(crate) struct Running {
    pub(crate) job: u64,
    pub(crate) cohort: u32,
    pub(crate) live: u32,
    pub(crate) seq: u64,
    /// The thread that holds the claim; 0 for an async handler off the stack.
    pub(crate) thread: u64,
    pub(crate) phase: Phase,
    /// The tick at which it began, for the slow warning; 0 once that was given.
    pub(crate) since: u64,
    pub(crate) unit: Option<Unit>,
}

/// How far an event at work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its async handler has not begun: it is dropped if its subscription ends.
    Queued,
    Active,
    /// Its handler waits in the bus, without a permit.
    Waiting,
    /// Its handler could go on, and waits for a permit.
    Permit,
}

impl Running {
    pub(crate) fn node(&self, group: Key) -> Node {
        match self.thread {
            0 => Node::Job(JobRef { group, job: self.job }),
            thread => Node::Thread(thread),
        }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.phase != Phase::Queued
    }
}

/// The counts of one cohort, and how many of its events wait.
#[derive(Default)]
pub(crate) struct Cohort {
    pub(crate) counts: Counts,
    pub(crate) queued: usize,
}

/// The state of a group at the last look of the slow warning: its job, and the running member.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) job: u64,
    pub(crate) at: u64,
    /// The tick of the first look; 0 once it was reported.
    pub(crate) since: u64,
}

/// The settings that sync handlers of one group have in common.
#[derive(PartialEq, Eq)]
pub(crate) struct Alike {
    pub(crate) set: TypeId,
    pub(crate) bounds: Bounds,
}

/// Handlers that are claimed together, under the lock.
#[expect(clippy::struct_excessive_bools, reason = "independent properties, read one by one")]
pub(crate) struct Group {
    pub(crate) kinds: Kinds,
    /// `None` for a group of one, which nobody joins.
    pub(crate) alike: Option<Alike>,
    /// It takes only payloads of its types.
    pub(crate) typed: bool,
    /// Whether its one member has a filter closure.
    pub(crate) asks: bool,
    /// Whether its one member reads history and is not routed yet.
    pub(crate) replays: bool,
    /// Whether it ends when its queue is empty.
    pub(crate) closing: bool,
    /// The subscription of each member, by position.
    pub(crate) members: SmallVec<[Key; 1]>,
    pub(crate) joining: Vec<(Key, Box<dyn NewMember>)>,
    /// How many members, joining ones among them, have not ended.
    pub(crate) live: u32,
    /// Whether members have ended that are still in their position.
    pub(crate) leaving: bool,
    pub(crate) idle: Idle,
    pub(crate) running: Vec<Running>,
    pub(crate) queue: Queue,
    pub(crate) senders: Senders,
    /// The youngest cohort, and those before it.
    youngest: Cohort,
    older: Vec<Cohort>,
    /// The position of the member at work.
    pub(crate) at: Arc<Gauge>,
    /// The age of its oldest member: filters are called in this order.
    pub(crate) age: u64,
    pub(crate) loss: Loss,
    /// The state at the last look of the slow warning.
    pub(crate) seen: Seen,
}

impl Group {
    pub(crate) fn new(kinds: Kinds, bounds: Bounds, idle: Idle, at: Arc<Gauge>) -> Self {
        Self {
            kinds,
            alike: None,
            typed: false,
            asks: false,
            replays: false,
            closing: false,
            members: SmallVec::new(),
            joining: Vec::new(),
            live: 0,
            leaving: false,
            idle,
            running: Vec::new(),
            queue: Queue::new(bounds),
            senders: Senders::default(),
            youngest: Cohort::default(),
            older: Vec::new(),
            at,
            age: 0,
            loss: Loss::default(),
            seen: Seen::default(),
        }
    }

    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.idle, Idle::Sync(_))
    }

    /// The youngest cohort.
    #[inline]
    pub(crate) fn cohort(&self) -> u32 {
        u32::try_from(self.older.len()).unwrap_or(u32::MAX)
    }

    /// The youngest cohort's counts.
    #[inline]
    pub(crate) fn youngest_mut(&mut self) -> &mut Cohort {
        &mut self.youngest
    }

    /// The cohorts from one on: those that a member of it shares.
    fn cohorts_from(&self, cohort: u32) -> impl Iterator<Item = &Cohort> {
        self.older.iter().skip(cohort as usize).chain(std::iter::once(&self.youngest))
    }

    pub(crate) fn cohorts(&self) -> usize {
        self.older.len() + 1
    }

    /// Leaves one cohort, of which nothing is counted.
    pub(crate) fn reset_cohorts(&mut self) {
        self.older.clear();
        self.youngest = Cohort::default();
    }

    /// Forgets what waits, where the queue was emptied.
    pub(crate) fn clear_queued(&mut self) {
        self.youngest.queued = 0;
        self.older.iter_mut().for_each(|cohort| cohort.queued = 0);
    }

    #[inline]
    pub(crate) fn cohort_mut(&mut self, cohort: u32) -> &mut Cohort {
        self.older.get_mut(cohort as usize).unwrap_or(&mut self.youngest)
    }

    /// Whether one member more can join. Cohorts are folded where nothing is counted under them.
    pub(crate) fn has_space(&mut self) -> bool {
        self.members.len() + self.joining.len() < MEMBERS && self.cohorts() < MEMBERS
    }

    /// The cohort of a member that joins now.
    pub(crate) fn join_cohort(&mut self) -> u32 {
        if self.youngest.counts.matched > 0 && !failpoint("cohort_uncounted") {
            self.older.push(std::mem::take(&mut self.youngest));
        }
        self.cohort()
    }

    /// Returns the counts of a member.
    pub(crate) fn counts_of(&self, member: &Membership) -> Counts {
        if let Some(last) = &member.last {
            return last.counts;
        }
        let mut counts = member.corrections.as_deref().copied().unwrap_or_default();
        self.cohorts_from(member.cohort).for_each(|cohort| counts.add(&cohort.counts));
        counts
    }

    /// How many events wait for a member.
    pub(crate) fn waiting_for(&self, member: &Membership) -> usize {
        self.cohorts_from(member.cohort).map(|cohort| cohort.queued).sum()
    }

    /// The members that an event of a cohort is for: those of it and of older ones.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.members.iter().copied().chain(self.joining.iter().map(|(key, _)| *key))
    }

    /// Takes an idle async handler, or the idle members.
    #[inline]
    pub(crate) fn claim(&mut self) -> Option<Claimed> {
        match &mut self.idle {
            Idle::Sync(members) => members.take().map(Claimed::Sync),
            Idle::Async(handlers) => handlers.pop().map(Claimed::Async),
        }
    }
}

/// The claimed handlers of a group.
pub(crate) enum Claimed {
    Sync(Box<Members>),
    Async(Box<Handler>),
}

/// The position of a subscription in its group, and its accounts there.
pub(crate) struct Membership {
    pub(crate) group: Key,
    pub(crate) cohort: u32,
    /// The outcomes of its events that differ from the counts of its cohort.
    pub(crate) corrections: Option<Box<Counts>>,
    /// Set when it has ended: its counts then, while its last events run.
    pub(crate) last: Option<Box<Last>>,
}

/// The accounts of a member that has ended.
pub(crate) struct Last {
    pub(crate) counts: Counts,
    /// The events that were at work in it then.
    pub(crate) jobs: SmallVec<[u64; 1]>,
}

impl Membership {
    pub(crate) fn corrections(&mut self) -> &mut Counts {
        self.corrections.get_or_insert_default()
    }
}

/// Threads that wait until a group's queue is under its capacity, first come first served.
///
/// A sender waits until the queue would be under its capacity with nothing in it but what was sent
/// up to its own event: until its event's position is below what was taken up and the capacity
/// together. So each event that is taken up wakes the one thread that now fits, instead of all.
#[derive(Default)]
pub(crate) struct Senders {
    pushed: u64,
    popped: u64,
    waiting: VecDeque<Sender>,
}

struct Sender {
    position: u64,
    signal: Arc<Signal>,
    /// Whether it blocks a thread of a runtime, which an async handler may need.
    on_runtime: bool,
}

impl Senders {
    /// Counts an event that went into the queue, and returns its position.
    #[inline]
    pub(crate) fn push(&mut self) -> u64 {
        self.pushed += 1;
        self.pushed
    }

    /// Waits at a position.
    pub(crate) fn wait(&mut self, position: u64, on_runtime: bool) -> Arc<Signal> {
        let signal = Arc::new(Signal::default());
        self.waiting.push_back(Sender { position, signal: Arc::clone(&signal), on_runtime });
        signal
    }

    /// Counts an event that left the queue; the threads that now fit go on.
    #[inline]
    pub(crate) fn pop(&mut self, capacity: usize, effects: &mut Effects) {
        self.popped += 1;
        if !self.waiting.is_empty() {
            self.release(capacity, effects);
        }
    }

    #[cold]
    fn release(&mut self, capacity: usize, effects: &mut Effects) {
        let end = self.popped.saturating_add(capacity as u64);
        while self.waiting.front().is_some_and(|sender| sender.position < end) && !failpoint("sender_unwoken")
        {
            effects.work().signals.extend(self.waiting.pop_front().map(|sender| sender.signal));
        }
    }

    /// Lets those go on that block threads of runtimes: the holder of the group waits, maybe for a
    /// handler that needs one of those.
    pub(crate) fn release_runtimes(&mut self, effects: &mut Effects) {
        if self.waiting.iter().any(|sender| sender.on_runtime) {
            let (go_on, wait) = self.waiting.drain(..).partition(|sender| sender.on_runtime);
            self.waiting = wait;
            let go_on: VecDeque<Sender> = go_on;
            effects.work().signals.extend(go_on.into_iter().map(|sender| sender.signal));
        }
    }

    /// Lets all go on: nothing of the queue may be taken up for as long as they would wait.
    pub(crate) fn release_all(&mut self, effects: &mut Effects) {
        if !self.waiting.is_empty() {
            effects.work().signals.extend(self.waiting.drain(..).map(|sender| sender.signal));
        }
    }
}

/// Events that a subscription lost to its full queue, and when that was last logged.
#[derive(Default)]
pub(crate) struct Loss {
    events: u64,
    reported: Option<Instant>,
}

/// How long losses are added up before they are logged again.
pub(crate) const LOSS_PERIOD: std::time::Duration = std::time::Duration::from_secs(10);

impl Loss {
    /// Counts a loss. The number to log comes back for the first one, and then once a period.
    pub(crate) fn note(&mut self) -> Option<u64> {
        self.events += 1;
        self.due(false)
    }

    /// The number to log, if there is one and a period is over, or in any case at the `end`.
    pub(crate) fn due(&mut self, end: bool) -> Option<u64> {
        if self.events == 0 {
            return None;
        }
        let now = Instant::now();
        let waits = self.reported.is_some_and(|at| now.duration_since(at) < LOSS_PERIOD);
        if waits && !end {
            return None;
        }
        self.reported = Some(now);
        Some(std::mem::take(&mut self.events))
    }
}
