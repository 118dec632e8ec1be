//! Senders that wait for capacity, and the losses that are logged.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::delivery::effects::Effects;
use crate::delivery::group::Sender;
use crate::sync::{Instant, Signal, failpoint};

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
            let (free, wait): (VecDeque<Sender>, _) =
                self.waiting.drain(..).partition(|sender| sender.on_runtime);
            self.waiting = wait;
            effects.work().signals.extend(free.into_iter().map(|sender| sender.signal));
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
