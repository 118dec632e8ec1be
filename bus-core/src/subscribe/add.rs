//! Enters a subscription, with what history holds for it, so that nothing is missing between the two.

use std::panic::Location;
use std::sync::Arc;

use super::Plan;
use crate::dispatch::{
    Backlog, Core, Key, Kinds, LagCause, Lagged, Lane, LaneInfo, Order, Overflow, Runner, Work, start, wants,
    watch,
};
use crate::error::SubscribeError;
use crate::event::{AnyEvent, EventId, Stored, SubscriptionId};
use crate::sync::{Ordering, planted};

/// A subscription that was entered.
pub(crate) struct Added {
    pub(crate) lane: Key,
    pub(crate) id: SubscriptionId,
    /// What history lost, for a subscription that looks back.
    pub(crate) missed: Option<Lagged>,
}

/// What history holds for a subscription that looks back.
#[derive(Default)]
struct Past {
    events: Vec<AnyEvent>,
    missed: Option<Lagged>,
}

impl Core {
    /// Enters a subscription that the bus pushes to.
    pub(crate) fn add_handler(
        self: &Arc<Self>,
        plan: Plan,
        name: String,
        runners: Vec<Runner>,
        runtime: Option<crate::sync::Handle>,
    ) -> Result<Added, SubscribeError> {
        let sync = runners.iter().all(Runner::is_sync);
        self.watched();
        let timeout = plan.timeout.or(self.settings.handler_timeout);
        let queue = plan.queue(Overflow::Wait);
        let (since, info) = (plan.since, plan.into_info(name.into(), timeout, runtime));
        // The runners are held back until the past stands before what comes meanwhile.
        let work = Work::Push { idle: Vec::new(), sync, single: runners.len() == 1 };
        let (added, _) = self.add(info, work, queue, since, usize::MAX)?;
        for runner in runners {
            start(self, added.lane, runner);
        }
        Ok(added)
    }

    /// Enters a subscription that is read from.
    pub(crate) fn add_reader(self: &Arc<Self>, plan: Plan, work: Work) -> Result<Added, SubscribeError> {
        let once = matches!(work, Work::Pull { once: true, .. });
        let queue = plan.queue(Overflow::DropOldest);
        let (since, name) = (plan.since, place(plan.location));
        let info = plan.into_info(name, None, None);
        let (added, found) = self.add(info, work, queue, since, if once { 1 } else { usize::MAX })?;
        if once && found > 0 {
            self.step(|order, after| order.close_lane(added.lane, after));
        }
        Ok(added)
    }

    /// Enters the lane, and puts up to `most` events of the past before what comes meanwhile.
    fn add(
        &self,
        mut info: LaneInfo,
        work: Work,
        backlog: Backlog,
        since: Option<EventId>,
        most: usize,
    ) -> Result<(Added, usize), SubscribeError> {
        if let Kinds::Declared(events) = &info.kinds {
            events.iter().try_for_each(|event| self.declare(event)).map_err(SubscribeError::DuplicateKind)?;
        }
        let (lane, info, past) = {
            let mut order = self.lock();
            if order.closed {
                return Err(SubscribeError::Closed);
            }
            let past = since.map(|cursor| order.past(self.run, cursor, &info)).unwrap_or_default();
            if planted("entry_in_two") {
                drop(order);
                order = self.lock();
            }
            order.next_subscription += 1;
            info.id = SubscriptionId(order.next_subscription);
            let info = Arc::new(info);
            let lane = Lane::new(Arc::clone(&info), work, backlog);
            self.subscriptions.fetch_add(1, Ordering::AcqRel);
            (order.enter(lane, since.is_none()), info, past)
        };
        let Past { events, missed } = past;
        if events.is_empty() && missed.is_none() {
            return Ok((Added { lane, id: info.id, missed }, 0));
        }
        // The user's predicates run here, outside the lock.
        let events: Vec<_> =
            events.into_iter().filter(|event| wants(&info.predicates, event)).take(most).collect();
        let found = events.len();
        if let Some(entered) = self.lock().lanes.get_mut(lane) {
            entered.counts.matched += found as u64;
            entered.backlog.replay(events);
            if let Some(missed) = missed {
                entered.backlog.mark_gap_before(missed);
            }
        }
        Ok((Added { lane, id: info.id, missed }, found))
    }

    /// Has slow handlers named, from the first handler on.
    fn watched(self: &Arc<Self>) {
        if !self.watched.swap(true, Ordering::AcqRel) {
            watch(self);
        }
    }
}

impl Order {
    /// Enters a subscription. A reader without a filter rides at once, unless the past is to stand before what it rides on.
    fn enter(&mut self, lane: Lane, now: bool) -> Key {
        let info = Arc::clone(&lane.info);
        self.predicates += usize::from(!info.predicates.is_empty());
        let rides = lane.manner.rides;
        let key = self.lanes.insert(lane);
        self.ids.insert(info.id, key);
        if !rides {
            self.routes.insert(&info.kinds, &info.wanted, key);
            return key;
        }
        self.join_tape(key);
        if now {
            self.board(key);
        }
        key
    }

    /// What history holds after a cursor, and what it no longer holds.
    fn past(&self, run: u64, cursor: EventId, info: &LaneInfo) -> Past {
        let known = if cursor.run() == run { Some(cursor.seq()) } else { self.history.find(cursor) };
        let after = known.unwrap_or(0);
        let events: Vec<_> =
            self.history.after(after).filter(|event| info.takes(event)).map(AnyEvent::of).collect();
        let missed = match known {
            None => {
                let oldest = self.history.oldest().unwrap_or(self.next_seq);
                Some(Lagged { missed: 0, from_seq: 0, to_seq: oldest, cause: LagCause::OtherRun })
            }
            Some(after) => self.history.lost_after(after, info.wants_transient()).map(|(missed, to_seq)| {
                Lagged { missed, from_seq: after + 1, to_seq, cause: LagCause::Evicted }
            }),
        };
        Past { events, missed }
    }
}

crate::sync::per_thread!(PLACE: Option<(&'static Location<'static>, Arc<str>)> = None);

/// A place in the code as a name. Where waits are made by the thousand they are mostly made at one place.
fn place(location: &'static Location<'static>) -> Arc<str> {
    let known = PLACE.try_with(|place| {
        let known = place.borrow();
        known.as_ref().filter(|(at, _)| *at == location).map(|(_, name)| Arc::clone(name))
    });
    known.ok().flatten().unwrap_or_else(|| {
        let name: Arc<str> = format!("{}:{}", location.file(), location.line()).into();
        let _ = PLACE.try_with(|place| place.replace(Some((location, Arc::clone(&name)))));
        name
    })
}

impl Plan {
    /// The queue of such a subscription.
    fn queue(&self, overflow: Overflow) -> Backlog {
        Backlog::new(self.capacity, self.hard_limit(), self.overflow.unwrap_or(overflow))
    }

    fn into_info(
        self,
        name: Arc<str>,
        timeout: Option<std::time::Duration>,
        runtime: Option<crate::sync::Handle>,
    ) -> LaneInfo {
        LaneInfo {
            id: SubscriptionId(0),
            name: self.name.unwrap_or(name),
            location: self.location,
            kinds: self.kinds,
            wanted: self.wanted,
            predicates: self.predicates,
            on_lag: self.on_lag,
            timeout,
            runtime,
        }
    }
}

impl LaneInfo {
    /// Whether kind and equality filter let an event pass.
    fn takes(&self, event: &Stored) -> bool {
        let kind = match &self.kinds {
            Kinds::Any => true,
            Kinds::Named(names) => names.iter().any(|name| **name == *event.body.kind().as_str()),
            Kinds::Declared(declared) => {
                let held = event.body.as_any().map(std::any::Any::type_id);
                held.is_some_and(|held| declared.iter().any(|descriptor| descriptor.type_id() == held))
            }
        };
        kind && self.wanted.matches(&event.head.scope)
    }

    /// Whether it may want events that history keeps in the quota of their own.
    fn wants_transient(&self) -> bool {
        match &self.kinds {
            Kinds::Any | Kinds::Named(_) => true,
            Kinds::Declared(declared) => declared.iter().any(|event| event.policy.transient),
        }
    }
}
