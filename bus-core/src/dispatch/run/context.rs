//! What the current thread is in the middle of: the handlers on its stack.
//!
//! An emit inside a handler learns from here what caused it, how deep it is nested and who would wait for it; nobody has to pass it on.

use std::cell::Cell;
use std::sync::Arc;

use crate::dispatch::Core;
use crate::dispatch::slab::Key;
use crate::event::{AnyEvent, EventId, Kind, Link};

/// How many handlers may run inside each other on one stack. Deeper ones go through the queue: a chain of sync handlers would overflow the stack.
pub(crate) const NESTING: usize = 8;

/// One event at work in one handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct JobRef {
    pub(crate) lane: Key,
    pub(crate) job: u64,
}

/// The innermost handler on the stack of this thread, and what is below it. Small and without a destructor, so that it is a plain variable of the thread: a publish to many handlers writes it
/// once for each.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that have nothing to do with each other")]
struct Top {
    /// The bus, by address; 0 where no handler is on the stack.
    core: usize,
    job: Option<JobRef>,
    sync: bool,
    /// Whether its future waits in an emit or a wait of the bus since it was polled last.
    waits: bool,
    /// How many handlers are on the stack.
    nesting: usize,
    /// Whether one below is a sync handler.
    below_sync: bool,
    /// Whether the bus calls wakers, drops or lag callbacks of the user's.
    called_back: bool,
}

impl Top {
    const NONE: Self = Self {
        core: 0,
        job: None,
        sync: false,
        waits: false,
        nesting: 0,
        below_sync: false,
        called_back: false,
    };
}

/// The event that a handler on the stack handles.
#[derive(Clone)]
pub(crate) struct Cause {
    kind: Kind,
    id: EventId,
    depth: u32,
    parent: Option<Arc<Link>>,
}

impl Cause {
    pub(crate) fn of(event: &AnyEvent) -> Self {
        let head = event.head();
        Self {
            kind: event.kind_ref().to_owned(),
            id: event.id(),
            depth: head.depth(),
            parent: head.cause.clone(),
        }
    }
}

crate::sync::per_thread_cell!(TOP: Top = Top::NONE);
crate::sync::per_thread!(CAUSE: Option<Cause> = None);

fn top() -> Top {
    TOP.try_with(Cell::get).unwrap_or(Top::NONE)
}

fn set_top(top: Top) {
    let _ = TOP.try_with(|cell| cell.set(top));
}

/// Sets the cause of what is emitted from now on, and gives the one before. A thread at its end may have let go of its cause and publish all the same, from the drop of a thread-local of the
/// user's: then there is none.
fn swap_cause(cause: Option<Cause>) -> Option<Cause> {
    CAUSE.try_with(|cell| cell.replace(cause)).ok().flatten()
}

/// Marks, until it is dropped, that the bus calls the user's wakers, drops and lag callbacks on this thread, which may hold claims: nothing that they publish may wait for room.
pub(crate) struct CalledBack {
    before: bool,
}

impl CalledBack {
    pub(crate) fn enter() -> Self {
        let before = top().called_back;
        set_top(Top { called_back: true, ..top() });
        Self { before }
    }
}

impl Drop for CalledBack {
    fn drop(&mut self) {
        set_top(Top { called_back: self.before, ..top() });
    }
}

/// Whether this thread is outside any handler and any callback, so that it holds no claim which it could wait for.
pub(crate) fn is_outside() -> bool {
    let top = top();
    top.nesting == 0 && !top.called_back
}

/// Marks that handlers of one event run on this thread until it is dropped. It keeps what was there before.
pub(crate) struct Entered {
    top: Top,
    below: Top,
    below_cause: Option<Cause>,
}

impl Entered {
    pub(crate) fn new(core: &Core, cause: Cause) -> Self {
        let below = top();
        let (nesting, below_sync) = (below.nesting + 1, below.below_sync || below.sync);
        let top =
            Top { core: address(core), nesting, below_sync, called_back: below.called_back, ..Top::NONE };
        set_top(top);
        Self { top, below, below_cause: swap_cause(Some(cause)) }
    }

    /// The handler that runs now.
    pub(crate) fn job(&self, job: JobRef, sync: bool) {
        set_top(Top { job: Some(job), sync, ..self.top });
    }

    /// Whether the handler polled last waits in an emit or a wait of the bus.
    #[expect(clippy::unused_self, reason = "proves that a handler is there")]
    pub(crate) fn waits(&self) -> bool {
        top().waits
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        set_top(self.below);
        // An open kind or a link may be the last reference: it goes after the cell is free again.
        drop(swap_cause(self.below_cause.take()));
    }
}

fn address(core: &Core) -> usize {
    std::ptr::from_ref(core).addr()
}

/// How many handlers are on this stack.
pub(crate) fn nesting() -> usize {
    top().nesting
}

/// Whether a sync handler is on this stack: its thread cannot go on before what it calls returns.
pub(crate) fn within_sync() -> bool {
    let top = top();
    top.sync || top.below_sync
}

/// The innermost handler on the stack, if it is one of this bus.
pub(crate) fn current(core: &Core) -> Option<JobRef> {
    let top = top();
    if top.core == address(core) { top.job } else { None }
}

/// The causal chain that something emitted now continues.
pub(crate) fn cause() -> Option<Arc<Link>> {
    if top().nesting == 0 {
        return None;
    }
    let Cause { kind, id, depth, parent } = CAUSE.try_with(|cause| cause.borrow().clone()).ok()??;
    Some(Arc::new(Link { kind, id, depth, parent }))
}

/// Notes that the innermost handler waits in a bus, its own or another: either way it needs no place meanwhile.
pub(crate) fn mark_waiting() {
    set_top(Top { waits: true, ..top() });
}
