//! What the current thread is in the middle of: the handlers on its stack.
//!
//! An emit inside a handler learns from here what caused it, how deep it is nested and who would wait for it; nobody has to pass it on.

use std::sync::Arc;

use super::Core;
use super::slab::Key;
use crate::event::{AnyEvent, EventId, Kind, Link};

/// How many handlers may run inside each other on one stack. Deeper ones go through the queue: a chain of sync handlers would overflow the stack.
pub(crate) const NESTING: usize = 8;

/// One event at work in one handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct JobRef {
    pub(crate) lane: Key,
    pub(crate) job: u64,
}

/// A handler on the stack of this thread.
struct Frame {
    /// The bus, by address.
    core: usize,
    job: Option<JobRef>,
    sync: bool,
    cause: Cause,
    /// Whether its future waits in an emit or a wait of the bus since it was polled last.
    waits: bool,
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

crate::sync::per_thread!(STACK: Vec<Frame> = Vec::new());
crate::sync::per_thread!(CALLED_BACK: u32 = 0);

/// The stack of this thread. A thread at its end may have let go of it and publish all the same, from the drop of a thread-local of the user's: then nothing is on it.
fn stack<T>(look: impl FnOnce(&mut Vec<Frame>) -> T) -> Option<T> {
    STACK.try_with(|stack| look(&mut stack.borrow_mut())).ok()
}

/// Marks, until it is dropped, that the bus calls the user's wakers, drops and lag callbacks on this thread, which may hold claims: nothing that they publish may wait for room.
pub(crate) struct CalledBack;

impl CalledBack {
    pub(crate) fn enter() -> Self {
        // A thread at its end has no handler on its stack either; what it publishes then may wait.
        let _ = CALLED_BACK.try_with(|depth| *depth.borrow_mut() += 1);
        Self
    }
}

impl Drop for CalledBack {
    fn drop(&mut self) {
        let _ = CALLED_BACK.try_with(|depth| *depth.borrow_mut() -= 1);
    }
}

/// Whether this thread is outside any handler and any callback, so that it holds no claim which it could wait for.
pub(crate) fn is_outside() -> bool {
    nesting() == 0 && CALLED_BACK.try_with(|depth| *depth.borrow() == 0).unwrap_or(true)
}

/// Marks that handlers of one event run on this thread until it is dropped.
pub(crate) struct Entered;

impl Entered {
    pub(crate) fn new(core: &Core, cause: Cause, sync: bool) -> Self {
        stack(|stack| stack.push(Frame { core: address(core), job: None, sync, cause, waits: false }));
        Self
    }

    /// The handler that runs now.
    #[expect(clippy::unused_self, reason = "proves that a frame is there")]
    pub(crate) fn job(&self, job: JobRef, sync: bool) {
        stack(|stack| {
            if let Some(frame) = stack.last_mut() {
                frame.job = Some(job);
                frame.sync = sync;
                frame.waits = false;
            }
        });
    }

    /// Whether the handler polled last waits in an emit or a wait of the bus.
    #[expect(clippy::unused_self, reason = "proves that a frame is there")]
    pub(crate) fn waits(&self) -> bool {
        stack(|stack| stack.last().is_some_and(|frame| frame.waits)).unwrap_or_default()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The frame holds only what the bus owns, but an open kind or a link may be the last reference: let it go after the borrow.
        let frame = stack(Vec::pop);
        drop(frame);
    }
}

fn address(core: &Core) -> usize {
    std::ptr::from_ref(core).addr()
}

/// How many handlers are on this stack.
pub(crate) fn nesting() -> usize {
    stack(|stack| stack.len()).unwrap_or_default()
}

/// Whether a sync handler is on this stack: its thread cannot go on before what it calls returns.
pub(crate) fn within_sync() -> bool {
    stack(|stack| stack.iter().any(|frame| frame.sync)).unwrap_or_default()
}

/// The innermost handler of this bus on the stack, and whether it is a sync one.
pub(crate) fn current(core: &Core) -> Option<(JobRef, bool)> {
    stack(|stack| {
        let frame = stack.last()?;
        if frame.core == address(core) { frame.job.map(|job| (job, frame.sync)) } else { None }
    })?
}

/// The causal chain that something emitted now continues.
pub(crate) fn cause() -> Option<Arc<Link>> {
    let Cause { kind, id, depth, parent } = stack(|stack| Some(stack.last()?.cause.clone()))??;
    Some(Arc::new(Link { kind, id, depth, parent }))
}

/// Notes that the innermost handler of this bus waits in the bus.
pub(crate) fn mark_waiting(core: &Core) {
    stack(|stack| {
        if let Some(frame) = stack.last_mut()
            && frame.core == address(core)
        {
            frame.waits = true;
        }
    });
}
