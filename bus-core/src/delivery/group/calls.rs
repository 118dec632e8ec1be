//! The closures of a group, and how its members are called in one loop.

use std::any::{Any, TypeId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::delivery::outcome::{Outcome, failure};
use crate::delivery::subscription::Info;
use crate::error::BoxError;
use crate::event::{AnyEvent, Event, Stored, SubscriptionId};
use crate::sync::{Gauge, failpoint};

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
            let outcome = failure(result);
            observe(id, &member.name, outcome.as_ref().unwrap_or(&Outcome::Handled), began);
            failures.extend(outcome.map(|outcome| (position, outcome)));
        }
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
            failure(catch_unwind(AssertUnwindSafe(|| self.call_from(from, &mut event, seq, at))))
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
