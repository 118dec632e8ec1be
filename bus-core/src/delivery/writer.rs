//! Writes the events that wait for the store.
//!
//! A writer is a job of a [worker](super::workers), and there is at most one for each bus. It ends
//! when nothing waits. While it writes a batch the next one gathers, so that many publishers share
//! a commit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::delivery::context::{self, Entered};
use crate::delivery::core::Core;
use crate::delivery::effects::{Effects, Report, drop_payload};
use crate::delivery::panic::{catch_panic, drop_each, drop_waker};
use crate::delivery::record::{Records, Task, events, gap_of};
use crate::delivery::run::end_of_stack;
use crate::delivery::workers;
use crate::event::KindRef;
use crate::store::{Entry, Gap, NotRecorded, Store, StoreError};
use crate::sync::rest;

/// One batch has at most so many entries, so that those who wait for the first do not wait for all.
const BATCH: usize = 4_096;

/// Several who waited for a batch have so long to publish again before the next one is taken, so
/// that they share it. A commit takes longer.
const GATHER: Duration = Duration::from_micros(50);

/// Starts a writer. The caller has noted that one is at work.
pub(crate) fn start(core: &Arc<Core>) {
    let core = Arc::clone(core);
    workers::start(move || write_all(&core));
}

/// Writes until nothing waits.
fn write_all(core: &Arc<Core>) {
    let Some(store) = &core.store else { return };
    loop {
        match core.step_of_records(|records, closed, _| records.take(closed)) {
            Some(Task::Write(waiting)) => write(core, &**store, waiting),
            Some(Task::End) => end(core, &**store),
            Some(Task::Rest) | None => return,
        }
        end_of_stack();
    }
}

/// Writes all that was taken, in batches. A gap that remains goes back.
fn write(core: &Arc<Core>, store: &dyn Store, mut waiting: VecDeque<Entry>) {
    let (mut gap, mut woken): (Option<Gap>, _) = (None, 0);
    while !waiting.is_empty() {
        let next = waiting.len().min(BATCH);
        let batch: Vec<_> = gap.take().map(Entry::Gap).into_iter().chain(waiting.drain(..next)).collect();
        let written = core.call_store(|| store.write(&batch));
        gap = written.err().and_then(|error| gap_of(&batch, error.into()));
        // Counted before the lock is taken: a batch may be long.
        let count = events(&batch);
        core.step_of_records(|records, closed, effects| {
            let waiters = match &gap {
                None => records.written(&batch, count),
                Some(gap) => records.failed(&batch, count, gap),
            };
            woken = waiters.len();
            effects.wake(waiters.into_values());
            if waiting.is_empty() {
                if !closed && let Some(gap) = gap.take() {
                    records.give_back(gap);
                }
                records.reuse(std::mem::take(&mut waiting));
            }
        });
        let _frame = Entered::callback(core, None);
        drop_each(batch);
    }
    if woken > 1 {
        rest(GATHER);
    }
}

/// Writes the end of the run.
fn end(core: &Arc<Core>, store: &dyn Store) {
    if let Err(error) = core.call_store(|| store.end()) {
        log_end(&error);
    }
    core.step_of_records(|records, _, _| records.end());
}

#[cold]
fn log_end(error: &StoreError) {
    context::log(
        || tracing::error!(target: "bus_core", %error, "the store could not record the end of the run"),
    );
}

impl Core {
    /// Takes a step on the records, and then does what had to wait for its end. Nothing happens
    /// without a store.
    fn step_of_records<T>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut Records, bool, &mut Effects) -> T,
    ) -> Option<T> {
        let mut effects = Effects::default();
        let mut close = None;
        let done = {
            let mut state = self.lock_step();
            let closed = state.closed;
            let records = state.records.as_deref_mut()?;
            let done = step(records, closed, &mut effects);
            let has_readers = !records.readers.is_empty();
            if !closed && records.counts.not_recorded > 0 {
                close = self.close_unrecorded;
                records.has_closed = close.is_some();
            }
            let unreported = records.take_unreported(closed);
            effects.work().reports.extend(unreported.map(|events| Report::NotRecorded { events }));
            if records.is_ended() {
                state.wake_closers(&mut effects);
            }
            if has_readers {
                state.wake_past(&mut effects);
            }
            done
        };
        // Before those are woken who learn that their event is not recorded.
        if let Some(close) = close {
            close(self);
        }
        effects.run(self, None);
        Some(done)
    }

    /// Whether the store keeps a kind, which is noted at the position of a declared one. The lock
    /// must not be held.
    #[cold]
    pub(crate) fn is_kept(&self, kind: KindRef<'_>, at: usize) -> bool {
        let keeps = self.store_keeps(kind);
        if let (KindRef::Declared(_), Some(records)) = (kind, &mut self.lock_step().records) {
            records.note_kept(at, keeps);
        }
        keeps
    }

    /// Asks the store whether it keeps a kind. The lock must not be held.
    pub(crate) fn store_keeps(&self, kind: KindRef<'_>) -> bool {
        // A store that panics gets the event: its `write` says what is wrong.
        let mut keeps = true;
        if let Some(store) = &self.store {
            let _frame = Entered::callback(self, None);
            catch_panic(|| keeps = store.keeps(kind.as_str(), kind.descriptor()));
        }
        keeps
    }

    /// Returns what became of an event that waits for the store. Until it is known, a waker is
    /// stored under the number.
    pub(crate) fn poll_recorded(
        self: &Arc<Self>,
        seq: u64,
        number: &mut Option<u64>,
        context: &Context<'_>,
    ) -> Poll<Result<(), NotRecorded>> {
        let waker = context.waker();
        let old = {
            let mut state = self.lock_step();
            let Some(records) = state.records.as_deref_mut() else {
                return Poll::Ready(Err(NotRecorded::NoStore));
            };
            if let Some(outcome) = records.outcome(seq) {
                return Poll::Ready(outcome);
            }
            records.wait(number, seq, waker)
        };
        drop_waker(old);
        context::mark_waiting();
        self.free_runtime(waker);
        Poll::Pending
    }

    /// Forgets one who waited for an event.
    #[cold]
    pub(crate) fn forget_recorded(&self, seq: u64, number: u64) {
        let old = self.lock_step().records.as_deref_mut().and_then(|records| records.leave(seq, number));
        drop_waker(old);
    }

    /// Writes what waits for the store, and the end of the run. The bus is closed.
    pub(crate) fn end_records(self: &Arc<Self>) {
        let begins =
            self.lock_step().records.as_deref_mut().is_some_and(|records| records.begin_writer(true));
        if begins {
            start(self);
        }
    }

    /// Ends the run of a bus that nobody has closed, with its last handle. Nothing waits: a writer
    /// would hold the bus.
    pub(super) fn end_store(&mut self) {
        let Some(store) = self.store.take() else { return };
        let ended = self.lock_step().records.as_deref().is_some_and(Records::is_ended);
        if !ended && let Err(error) = self.call_store(|| store.end()) {
            log_end(&error);
        }
        drop_payload(self, store);
    }
}
