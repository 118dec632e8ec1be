//! What the current thread is in the middle of: the handlers on its stack.
//!
//! An emit inside a handler learns from here what caused it, how deep it is nested and who would wait for it; nobody has to pass it on.

use std::cell::Cell;
use std::sync::Arc;

use crate::dispatch::Core;
use crate::dispatch::slab::Key;
use crate::event::{AnyEvent, Link};

/// How many handlers may run inside each other on one stack. Deeper ones go through the queue: a chain of sync handlers would overflow the stack.
pub(crate) const NESTING: u32 = 8;

/// One event at work in one handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct JobRef {
    pub(crate) lane: Key,
    pub(crate) job: u64,
}

/// The innermost handler on the stack of this thread, and what is below it. Small and without a destructor, so that it is a plain variable of the thread.
#[derive(Clone, Copy)]
struct Top {
    /// The bus, by address; 0 where no handler is on the stack.
    core: usize,
    /// Which event it handles; 0 where no handler is on the stack. Its lane is in [`LANE`], which a publish to many handlers writes once for each.
    job: u64,
    /// How many handlers are on the stack.
    nesting: u32,
    sync: bool,
    /// Whether one below is a sync handler.
    below_sync: bool,
}

impl Top {
    const NONE: Self = Self { core: 0, job: 0, nesting: 0, sync: false, below_sync: false };
}

crate::sync::per_thread_cell!(TOP: Top = Top::NONE);
crate::sync::per_thread_cell!(LANE: Key = Key::NONE);
// Whether the future of the innermost handler waits in an emit or a wait of the bus since it was polled last.
crate::sync::per_thread_cell!(WAITS: bool = false);
// Whether the bus calls wakers, drops or lag callbacks of the user's.
crate::sync::per_thread_cell!(CALLED_BACK: bool = false);
// The event that the innermost handler handles. A thread at its end may have let go of it and publish all the same, from the drop of a thread-local of the user's: then there is no cause.
crate::sync::per_thread_cell!(CAUSE: Option<AnyEvent> = None);

#[inline]
fn top() -> Top {
    TOP.with(Cell::get)
}

/// Marks, until it is dropped, that the bus calls the user's wakers, drops and lag callbacks on this thread, which may hold claims: nothing that they publish may wait for room.
pub(crate) struct CalledBack {
    before: bool,
}

impl CalledBack {
    #[inline]
    pub(crate) fn enter() -> Self {
        Self { before: CALLED_BACK.with(|cell| cell.replace(true)) }
    }
}

impl Drop for CalledBack {
    #[inline]
    fn drop(&mut self) {
        CALLED_BACK.with(|cell| cell.set(self.before));
    }
}

/// Whether this thread is outside any handler and any callback, so that it holds no claim which it could wait for.
#[inline]
pub(crate) fn is_outside() -> bool {
    top().nesting == 0 && !CALLED_BACK.with(Cell::get)
}

/// Marks that handlers of one event run on this thread until it is dropped. It keeps what was there before.
pub(crate) struct Entered {
    top: Top,
    below: Top,
    below_lane: Key,
    below_waits: bool,
    below_cause: Option<AnyEvent>,
}

impl Entered {
    #[inline]
    pub(crate) fn new(core: &Core, event: &AnyEvent) -> Self {
        let below = top();
        let below_sync = below.below_sync || below.sync;
        let top = Top { core: address(core), job: 0, nesting: below.nesting + 1, sync: false, below_sync };
        TOP.with(|cell| cell.set(top));
        Self {
            top,
            below,
            below_lane: LANE.with(Cell::get),
            below_waits: WAITS.with(Cell::get),
            below_cause: swap_cause(Some(event.clone())),
        }
    }

    /// The handler that runs now.
    #[inline]
    pub(crate) fn job(&self, job: JobRef, sync: bool) {
        TOP.with(|cell| cell.set(Top { job: job.job, sync, ..self.top }));
        LANE.with(|lane| lane.set(job.lane));
        WAITS.with(|waits| waits.set(false));
    }

    /// The sync handlers that run now, of one job: each sets its own lane.
    #[inline]
    pub(crate) fn shift<T>(&self, job: u64, work: impl FnOnce(&Cell<Key>) -> T) -> T {
        TOP.with(|cell| cell.set(Top { job, sync: true, ..self.top }));
        LANE.with(work)
    }

    /// Whether the handler polled last waits in an emit or a wait of the bus.
    #[expect(clippy::unused_self, reason = "proves that a handler is there")]
    pub(crate) fn waits(&self) -> bool {
        WAITS.with(Cell::get)
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        TOP.with(|cell| cell.set(self.below));
        LANE.with(|lane| lane.set(self.below_lane));
        WAITS.with(|waits| waits.set(self.below_waits));
        // Never the last handle of the event: whoever entered has one.
        drop(swap_cause(self.below_cause.take()));
    }
}

fn address(core: &Core) -> usize {
    std::ptr::from_ref(core).addr()
}

/// How many handlers are on this stack.
#[inline]
pub(crate) fn nesting() -> u32 {
    top().nesting
}

/// Whether a sync handler is on this stack: its thread cannot go on before what it calls returns.
pub(crate) fn within_sync() -> bool {
    let top = top();
    top.sync || top.below_sync
}

/// The innermost handler on the stack, if it is one of this bus.
#[inline]
pub(crate) fn current(core: &Core) -> Option<JobRef> {
    let top = top();
    let here = top.core == address(core) && top.job != 0;
    here.then(|| JobRef { lane: LANE.with(Cell::get), job: top.job })
}

/// The causal chain that something emitted now continues.
#[inline]
pub(crate) fn cause() -> Option<Arc<Link>> {
    if top().nesting == 0 { None } else { link() }
}

fn link() -> Option<Arc<Link>> {
    let event = swap_cause(None)?;
    let link = event.link();
    swap_cause(Some(event));
    Some(link)
}

fn swap_cause(cause: Option<AnyEvent>) -> Option<AnyEvent> {
    CAUSE.try_with(|cell| cell.replace(cause)).ok().flatten()
}

/// Notes that the innermost handler waits in a bus, its own or another: either way it needs no place meanwhile.
pub(crate) fn mark_waiting() {
    WAITS.with(|waits| waits.set(true));
}
