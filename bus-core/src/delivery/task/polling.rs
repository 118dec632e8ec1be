//! The tasks that this thread polls: more than one where a handler runs a runtime of its own.
//!
//! A thread that blocks in the middle of a poll keeps the task, but not what others may need of it:
//! the permit of its handler, and a handler that was left in its slot.

use std::sync::Arc;

use crate::delivery::context::{self, JobRef};
use crate::delivery::core::Core;
use crate::delivery::task::{Handler, Slot};

struct Polling {
    slot: Option<Arc<Slot>>,
    /// The bus, by address.
    core: usize,
    /// The event at work, or the last one.
    job: JobRef,
    /// Whether the thread was blocked.
    blocked: bool,
}

// The innermost one last.
crate::sync::per_thread!(POLLED: Vec<Polling> = Vec::new());

fn with<T>(work: impl FnOnce(&mut Vec<Polling>) -> T) -> Option<T> {
    POLLED.try_with(|polled| work(&mut polled.borrow_mut())).ok()
}

/// Keeps the slot of a task until the [`end`] of its poll. A thread at its end gives it back.
pub(super) fn begin(mut slot: Option<Arc<Slot>>, handler: &Handler) -> Option<Arc<Slot>> {
    let core = handler.work.as_ref().map_or(0, |work| context::address(&work.core));
    with(|polled| polled.push(Polling { slot: slot.take(), core, job: handler.at(), blocked: false }));
    slot
}

pub(super) fn end() -> Option<Arc<Slot>> {
    with(Vec::pop)??.slot
}

/// Names the next event that the innermost task has taken up.
pub(super) fn go_on(job: JobRef) {
    with(|polled| polled.last_mut().map(|last| last.job = job));
}

/// Whether the thread was blocked in the middle of the innermost poll since this was asked.
pub(super) fn was_blocked() -> bool {
    let was_blocked = |polled: &mut Vec<Polling>| Some(std::mem::take(&mut polled.last_mut()?.blocked));
    with(was_blocked).flatten() == Some(true)
}

/// The events at work in tasks that this thread polls, each with its bus. A task takes no other
/// handler until its poll ends.
pub(crate) fn block() -> Vec<(usize, JobRef)> {
    let mut left = Vec::new();
    let jobs = with(|polled| {
        let jobs = polled.iter_mut().map(|polling| {
            polling.blocked = true;
            left.extend(polling.slot.as_ref().and_then(|slot| slot.abandon()));
            (polling.core, polling.job)
        });
        jobs.collect()
    });
    left.into_iter().for_each(Handler::restart);
    jobs.unwrap_or_default()
}

// Async handlers that this thread has polled in place, each with its bus. They are not done, and
// wait here until their publish hands them over.
crate::sync::per_thread!(KEPT: Vec<(usize, JobRef)> = Vec::new());

pub(crate) fn keep(core: &Core, job: JobRef) {
    let _ = KEPT.try_with(|kept| kept.borrow_mut().push((context::address(core), job)));
}

pub(crate) fn unkeep() {
    let _ = KEPT.try_with(|kept| kept.borrow_mut().pop());
}

pub(crate) fn kept() -> Vec<(usize, JobRef)> {
    KEPT.try_with(|kept| kept.borrow().clone()).unwrap_or_default()
}
