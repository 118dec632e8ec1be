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

/// Marks that handlers of one event run on this thread until it is dropped.
pub(crate) struct Entered;

impl Entered {
    pub(crate) fn new(core: &Core, cause: Cause, sync: bool) -> Self {
        STACK.with(|stack| {
            let mut stack = stack.borrow_mut();
            stack.push(Frame { core: address(core), job: None, sync, cause, waits: false });
        });
        Self
    }

    /// The handler that runs now.
    #[expect(clippy::unused_self, reason = "proves that a frame is there")]
    pub(crate) fn job(&self, job: JobRef, sync: bool) {
        STACK.with(|stack| {
            let mut stack = stack.borrow_mut();
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
        STACK.with(|stack| stack.borrow().last().is_some_and(|frame| frame.waits))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The frame holds only what the bus owns, but an open kind or a link may be the last reference: let it go after the borrow.
        let frame = STACK.with(|stack| stack.borrow_mut().pop());
        drop(frame);
    }
}

fn address(core: &Core) -> usize {
    std::ptr::from_ref(core).addr()
}

/// How many handlers are on this stack.
pub(crate) fn nesting() -> usize {
    STACK.with(|stack| stack.borrow().len())
}

/// Whether a sync handler is on this stack: its thread cannot go on before what it calls returns.
pub(crate) fn within_sync() -> bool {
    STACK.with(|stack| stack.borrow().iter().any(|frame| frame.sync))
}

/// The innermost handler of this bus on the stack, and whether it is a sync one.
pub(crate) fn current(core: &Core) -> Option<(JobRef, bool)> {
    STACK.with(|stack| {
        let stack = stack.borrow();
        let frame = stack.last()?;
        if frame.core == address(core) { frame.job.map(|job| (job, frame.sync)) } else { None }
    })
}

/// The causal chain that something emitted now continues.
pub(crate) fn cause() -> Option<Arc<Link>> {
    STACK.with(|stack| {
        let stack = stack.borrow();
        let Cause { kind, id, depth, parent } = stack.last()?.cause.clone();
        Some(Arc::new(Link { kind, id, depth, parent }))
    })
}

/// Notes that the innermost handler of this bus waits in the bus.
pub(crate) fn mark_waiting(core: &Core) {
    STACK.with(|stack| {
        let mut stack = stack.borrow_mut();
        if let Some(frame) = stack.last_mut()
            && frame.core == address(core)
        {
            frame.waits = true;
        }
    });
}
