//! The state of a group whose one member is a batch handler.

use std::sync::Arc;

use crate::delivery::batch::Batching;
use crate::delivery::effects::Effects;
use crate::delivery::pending::{Pending, Unit};
use crate::delivery::queue::Queue;
use crate::delivery::task::Slot;
use crate::sync::Instant;

/// The events of the call at work behind its first one, and the wait for more of them.
pub(crate) struct GroupBatch {
    pub(crate) batching: Arc<Batching>,
    /// The units of the events behind the first one of the call at work.
    pub(crate) units: Vec<Option<Unit>>,
    /// The task that waits for more events, and the estimated memory of its first event.
    lingers: Option<(Arc<Slot>, usize)>,
    /// When the first event of the next call came, where it had to wait.
    first: Option<Instant>,
    /// Somebody waits for the first event, which has not begun.
    awaited: bool,
}

impl GroupBatch {
    pub(crate) fn new(batching: &Arc<Batching>) -> Self {
        let batching = Arc::clone(batching);
        Self { batching, units: Vec::new(), lingers: None, first: None, awaited: false }
    }

    /// Whether its task waits for more events before it begins.
    pub(crate) fn may_linger(&self) -> bool {
        !self.batching.limits.linger.is_zero()
    }

    /// Whether somebody waits for the event that is now the first one.
    pub(crate) fn take_up(&mut self, awaited: bool) {
        self.awaited = awaited;
    }

    /// Notes that nothing waits.
    pub(crate) fn rest(&mut self) {
        (self.first, self.awaited) = (None, false);
    }

    /// Notes that an event went into the queue: the batch may be full now.
    pub(crate) fn queued(&mut self, queue: &Queue, effects: &mut Effects) {
        let limits = self.batching.limits;
        if !self.may_linger() {
            return;
        }
        self.first.get_or_insert_with(Instant::now);
        if let Some((_, bytes)) = self.lingers
            && (queue.len() + 1 >= limits.events || queue.bytes() + bytes >= limits.bytes || queue.is_tight())
        {
            self.hurry(effects);
        }
    }

    /// Notes that somebody waits for an event that has not begun, and ends the wait for more. The
    /// first event has the unit `first`.
    pub(crate) fn await_event(
        &mut self,
        pending: &Arc<Pending>,
        first: Option<&Unit>,
        queue: &mut Queue,
        effects: &mut Effects,
    ) {
        if first.is_some_and(|unit| unit.is_of(pending)) {
            self.awaited = true;
        } else {
            let is_it = |unit: &Option<Unit>| unit.as_ref().is_some_and(|unit| unit.is_of(pending));
            // Mostly it was published just now.
            let Some(queued) = queue.iter_mut().rev().find(|queued| is_it(&queued.unit)) else { return };
            queued.awaited = true;
        }
        self.hurry(effects);
    }

    /// Lets the task that waits for more events look again.
    pub(crate) fn hurry(&mut self, effects: &mut Effects) {
        effects.wake(self.lingers.take().map(|(slot, _)| slot.into()));
    }

    /// Until when the task waits for more events; `None` where it begins now. `bytes` is the
    /// estimated memory of the first event.
    pub(crate) fn linger(&mut self, queue: &Queue, bytes: usize, slot: &Arc<Slot>) -> Option<Instant> {
        let limits = self.batching.limits;
        let first = *self.first.get_or_insert_with(Instant::now);
        let until = first + limits.linger;
        let (mut events, mut all) = (1, bytes);
        let mut ends = self.awaited || queue.is_tight();
        for queued in queue.iter().take(limits.events) {
            (events, all) = (events + 1, all.saturating_add(queued.event.bytes()));
            // An event whose filter is still to be asked begins a batch of its own.
            ends |= queued.awaited || queued.ask;
        }
        if ends || events >= limits.events || all >= limits.bytes {
            self.lingers = None;
            return None;
        }
        self.lingers = Some((Arc::clone(slot), bytes));
        (until > Instant::now()).then_some(until)
    }

    /// Notes that the call begins: what waits now waits for the next one.
    pub(crate) fn begin(&mut self, units: Vec<Option<Unit>>, queue: &Queue) {
        (self.units, self.lingers, self.awaited) = (units, None, false);
        if queue.is_empty() {
            self.first = None;
        }
    }
}
