//! What the current thread is in the middle of: the handlers on its stack.
//!
//! An emit inside a handler learns from here what caused it, how deep it is nested and who would wait for it; nobody has to pass it on.

use std::cell::Cell;
use std::sync::Arc;

use crate::dispatch::Core;
use crate::dispatch::slab::Key;
use crate::event::{AnyEvent, Link, Root, Stored};

/// How many handlers may run inside each other on one stack. Deeper ones go through the queue: a chain of sync handlers would overflow the stack.
pub(crate) const NESTING: usize = 8;

/// One event at work in one handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct JobRef {
    pub(crate) lane: Key,
    pub(crate) job: u64,
}

/// The event that handlers on the stack handle, and what is below them. Copied as one, and without a destructor.
#[derive(Clone, Copy)]
struct Frame {
    /// The bus, by address; 0 where no handler is on the stack.
    core: usize,
    /// How many handlers are on the stack.
    nesting: usize,
    /// How many of those below are sync ones.
    syncs: usize,
    /// What an emit is caused by, where no event caused that in turn. Any other event is in [`CAUSE`].
    root: Option<Root>,
}

/// The handler that runs.
#[derive(Clone, Copy)]
struct Work {
    /// Which event it handles; 0 where no handler is on the stack.
    job: u64,
    sync: bool,
}

/// What a thread knows of itself: a plain variable of it.
struct Here {
    frame: Cell<Frame>,
    work: Cell<Work>,
    /// The subscription of the handler that runs. A publish to many handlers writes only this for each.
    lane: Cell<Key>,
    /// Whether the future of the innermost handler waits in an emit or a wait of the bus since it was polled last.
    waits: Cell<bool>,
    /// Whether the bus calls wakers, drops or lag callbacks of the user's.
    called_back: Cell<bool>,
}

impl Here {
    const fn new() -> Self {
        Self {
            frame: Cell::new(Frame { core: 0, nesting: 0, syncs: 0, root: None }),
            work: Cell::new(Work { job: 0, sync: false }),
            lane: Cell::new(Key::NONE),
            waits: Cell::new(false),
            called_back: Cell::new(false),
        }
    }
}

crate::sync::per_thread_plain!(HERE: Here = Here::new());
// The event that the innermost handler handles, where it has a cause itself. A thread at its end may have let go of it and publish all the same, from the drop of a thread-local of the user's: then there is no cause.
crate::sync::per_thread_plain!(CAUSE: Cell<Option<Arc<Stored>>> = Cell::new(None));

#[inline]
fn frame() -> Frame {
    HERE.with(|here| here.frame.get())
}

#[inline]
fn set_frame(frame: Frame) {
    HERE.with(|here| here.frame.set(frame));
}

#[inline]
fn work() -> Work {
    HERE.with(|here| here.work.get())
}

/// Marks, until it is dropped, that the bus calls the user's wakers, drops and lag callbacks on this thread, which may hold claims: nothing that they publish may wait for room.
pub(crate) struct CalledBack {
    before: bool,
}

impl CalledBack {
    #[inline]
    pub(crate) fn enter() -> Self {
        Self { before: HERE.with(|here| here.called_back.replace(true)) }
    }
}

impl Drop for CalledBack {
    #[inline]
    fn drop(&mut self) {
        HERE.with(|here| here.called_back.set(self.before));
    }
}

/// Whether this thread is outside any handler and any callback, so that it holds no claim which it could wait for.
#[inline]
pub(crate) fn is_outside() -> bool {
    HERE.with(|here| here.frame.get().nesting == 0 && !here.called_back.get())
}

/// Marks that handlers of one event run on this thread until it is dropped. It keeps what was there before.
pub(crate) struct Entered {
    frame: Frame,
    work: Work,
    lane: Key,
    waits: bool,
    /// What was in [`CAUSE`] before, where the event is there now.
    cause: Option<Arc<Stored>>,
}

impl Entered {
    #[inline]
    pub(crate) fn new(core: &Core, event: &AnyEvent) -> Self {
        Self::at(core, event.stored(), event.as_root())
    }

    /// The same where it is known already whether the event has a cause.
    #[inline]
    pub(crate) fn at(core: &Core, event: &Arc<Stored>, root: Option<Root>) -> Self {
        let (frame, work) = (frame(), work());
        let (lane, waits) = HERE.with(|here| (here.lane.get(), here.waits.get()));
        let syncs = frame.syncs + usize::from(work.sync);
        set_frame(Frame { core: address(core), nesting: frame.nesting + 1, syncs, root });
        let cause = if root.is_some() { None } else { swap_cause(Some(Arc::clone(event))) };
        Self { frame, work, lane, waits, cause }
    }

    /// The handler that runs now.
    #[inline]
    #[expect(clippy::unused_self, reason = "proves that its event is entered")]
    pub(crate) fn job(&self, job: JobRef, sync: bool) {
        HERE.with(|here| {
            here.work.set(Work { job: job.job, sync });
            here.lane.set(job.lane);
            here.waits.set(false);
        });
    }

    /// The sync handlers that run now, of one job: each is told by [`enter_lane`].
    #[inline]
    #[expect(clippy::unused_self, reason = "proves that their event is entered")]
    pub(crate) fn shift(&self, job: u64) {
        HERE.with(|here| here.work.set(Work { job, sync: true }));
    }

    /// Whether the handler polled last waits in an emit or a wait of the bus.
    #[expect(clippy::unused_self, reason = "proves that a handler is there")]
    pub(crate) fn waits(&self) -> bool {
        HERE.with(|here| here.waits.get())
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        let is_root = HERE.with(|here| here.frame.get().root.is_some());
        set_frame(self.frame);
        HERE.with(|here| here.work.set(self.work));
        HERE.with(|here| here.lane.set(self.lane));
        HERE.with(|here| here.waits.set(self.waits));
        if !is_root {
            // Never the last handle of the event: whoever entered has one.
            drop(swap_cause(self.cause.take()));
        }
    }
}

/// Names the subscription whose handler runs now.
#[inline]
pub(crate) fn enter_lane(lane: Key) {
    HERE.with(|here| here.lane.set(lane));
}

fn address(core: &Core) -> usize {
    std::ptr::from_ref(core).addr()
}

/// How many handlers are on this stack.
#[inline]
pub(crate) fn nesting() -> usize {
    frame().nesting
}

/// Whether a sync handler is on this stack: its thread cannot go on before what it calls returns.
pub(crate) fn within_sync() -> bool {
    work().sync || frame().syncs > 0
}

/// What a publish must know of the stack that it is on.
pub(crate) struct Stack {
    /// How many handlers are on it.
    pub(crate) nesting: usize,
    /// The innermost of them, if it is one of this bus.
    pub(crate) here: Option<JobRef>,
    /// Whose it is.
    pub(crate) thread: usize,
}

/// Names the thread, for as long as it lives.
#[inline]
pub(crate) fn thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

#[inline]
pub(crate) fn stack(core: &Core) -> Stack {
    HERE.with(|here| {
        let (frame, job) = (here.frame.get(), here.work.get().job);
        let own = frame.core == address(core) && job != 0;
        let here = own.then(|| JobRef { lane: here.lane.get(), job });
        Stack { nesting: frame.nesting, here, thread: thread() }
    })
}

/// The innermost handler on the stack, if it is one of this bus.
#[inline]
pub(crate) fn current(core: &Core) -> Option<JobRef> {
    stack(core).here
}

/// The causal chain that something emitted now continues.
#[inline]
pub(crate) fn cause() -> Option<Arc<Link>> {
    if nesting() == 0 { None } else { link() }
}

#[cold]
#[inline(never)]
fn link() -> Option<Arc<Link>> {
    if let Some(root) = frame().root {
        return Some(Arc::new(root.link()));
    }
    let event = AnyEvent::new(swap_cause(None)?);
    let link = event.link();
    swap_cause(Some(event.into_stored()));
    Some(link)
}

fn swap_cause(cause: Option<Arc<Stored>>) -> Option<Arc<Stored>> {
    CAUSE.try_with(|cell| cell.replace(cause)).ok().flatten()
}

/// Notes that the innermost handler waits in a bus, its own or another: either way it needs no place meanwhile.
pub(crate) fn mark_waiting() {
    HERE.with(|here| here.waits.set(true));
}
