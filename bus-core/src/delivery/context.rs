//! The context of the current thread: the handlers and callbacks on its stack.
//!
//! An emit inside a handler reads from here what caused it, how deep it is nested and which node
//! of the wait-for graph would wait for it; nobody has to pass that on.
//!
//! Every call of foreign code has a frame: a handler, and a callback just as well (filter, lag
//! callback, waker, drop, log line), so that the limits on nesting and on chains hold in each.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use crate::delivery::core::Core;
use crate::delivery::slab::Key;
use crate::event::{AnyEvent, KindRef, Link, Root, Stored};

/// How many frames may stand on one stack before a handler is postponed: a chain of sync handlers
/// would overflow the stack.
pub(crate) const NESTING: usize = 8;

/// How many frames a thread records. Callbacks may nest deeper than handlers, up to the chain
/// limit.
const RECORDED: usize = 16;

/// One event at work in one group of handlers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct JobRef {
    pub(crate) group: Key,
    /// The `seq` of the event.
    pub(crate) job: u64,
}

impl JobRef {
    #[inline]
    pub(crate) fn new(group: Key, event: &Stored) -> Self {
        Self { group, job: event.head.seq() }
    }
}

/// A node of the wait-for graph: a thread that may hold claims, or an async handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Thread(u64),
    Job(JobRef),
}

/// The code that a frame runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    Sync,
    Async,
    Callback,
    /// A filter, or fields that events are compared by.
    Filter,
}

#[derive(Clone, Copy)]
struct Frame {
    /// The bus, by address.
    core: usize,
    runs: Runs,
    job: JobRef,
    /// The cause of an emit, where that event has no cause itself. Any other is in [`CAUSE`].
    root: Option<Root>,
    /// Whether the async handler waits in an emit or a wait of a bus since its poll began.
    waits: bool,
    /// Whether the thread was blocked above this async handler, which gave its permit back.
    blocked: bool,
    /// The waker that the async handler is polled with, by address.
    waker: (usize, usize),
}

const NO_JOB: JobRef = JobRef { group: Key::NONE, job: 0 };
const NO_FRAME: Frame = Frame {
    core: 0,
    runs: Runs::Callback,
    job: NO_JOB,
    root: None,
    waits: false,
    blocked: false,
    waker: (0, 0),
};

struct Here {
    depth: Cell<usize>,
    frames: [Cell<Frame>; RECORDED],
    /// The number of the thread; 0 until it is needed.
    thread: Cell<u64>,
    /// Whether a log call of the bus is on the stack.
    logs: Cell<bool>,
}

impl Here {
    const fn new() -> Self {
        Self {
            depth: Cell::new(0),
            frames: [const { Cell::new(NO_FRAME) }; RECORDED],
            thread: Cell::new(0),
            logs: Cell::new(false),
        }
    }

    #[inline]
    fn top(&self) -> Option<&Cell<Frame>> {
        match self.depth.get() {
            0 => None,
            depth => Some(&self.frames[depth.min(RECORDED) - 1]),
        }
    }

    fn recorded(&self) -> &[Cell<Frame>] {
        &self.frames[..self.depth.get().min(RECORDED)]
    }
}

crate::sync::per_thread_plain!(HERE: Here = Here::new());
// The event of the innermost frame, where it has a cause itself. A thread at its end may have
// dropped this and publish all the same, from the drop of a thread-local: then there is no cause.
crate::sync::per_thread_plain!(CAUSE: Cell<Option<Arc<Stored>>> = Cell::new(None));

/// A frame on this thread's stack, until it is dropped.
pub(crate) struct Entered {
    /// The former value of [`CAUSE`], if the event of this frame is there now.
    #[expect(clippy::option_option, reason = "the former value may be none")]
    cause: Option<Option<Arc<Stored>>>,
    /// The recorded frame that this one has overwritten.
    lost: Option<Box<Frame>>,
}

impl Entered {
    /// Enters a frame for the handlers of an event. `root` is set where the event has no cause.
    #[inline]
    pub(crate) fn handlers(core: &Core, event: &Arc<Stored>, root: Option<Root>) -> Self {
        let lost = push(Frame { core: address(core), root, ..NO_FRAME });
        let cause = root.is_none().then(|| swap_cause(Some(Arc::clone(event))));
        Self { cause, lost }
    }

    /// Enters a frame for foreign code that is no handler. It publishes what `event` causes, or the
    /// event of the frame below.
    #[inline]
    pub(crate) fn callback(core: &Core, event: Option<&Arc<Stored>>) -> Self {
        match event {
            Some(event) => Self::caused(core, event),
            None => Self::rooted(core, HERE.with(|here| here.top()?.get().root)),
        }
    }

    #[inline(never)]
    fn caused(core: &Core, event: &Arc<Stored>) -> Self {
        Self::handlers(core, event, root_of(event))
    }

    /// Enters a frame for what the event of this root causes, or the one in [`CAUSE`].
    #[inline]
    fn rooted(core: &Core, root: Option<Root>) -> Self {
        Self { cause: None, lost: push(Frame { core: address(core), root, ..NO_FRAME }) }
    }

    /// Enters a frame for foreign code that belongs to the frame below: a drop, or a line of the
    /// log, which may be forwarded to the bus. A thread at its end may have no frames any more.
    pub(crate) fn inherit() -> Option<Self> {
        let below = HERE.try_with(|here| here.top().map_or(NO_FRAME, Cell::get)).ok()?;
        let frame = Frame { runs: Runs::Callback, job: NO_JOB, waits: false, blocked: false, ..below };
        Some(Self { cause: None, lost: push(frame) })
    }

    /// Enters a frame for the drop of an event. What that publishes is caused by the event of this
    /// root, or by `event`.
    #[inline]
    pub(crate) fn drops(core: &Core, root: Option<Root>, event: Option<&Arc<Stored>>) -> Self {
        match (root, event) {
            (None, Some(event)) => Self::caused(core, event),
            (root, _) => Self::rooted(core, root),
        }
    }

    /// Enters a frame for a filter, or for fields that events are compared by.
    pub(crate) fn filter(core: &Core, event: &Arc<Stored>) -> Self {
        let entered = Self::caused(core, event);
        set_job(Runs::Filter, NO_JOB, (0, 0));
        entered
    }

    /// Names the sync handlers that run now.
    #[inline]
    #[expect(clippy::unused_self, reason = "proves that a frame is entered")]
    pub(crate) fn run_sync(&self, job: JobRef) {
        set_job(Runs::Sync, job, (0, 0));
    }

    /// Names the async handler that is polled now, and the waker that it gets.
    #[inline]
    #[expect(clippy::unused_self, reason = "proves that a frame is entered")]
    pub(crate) fn poll_async(&self, job: JobRef, waker: &Waker) {
        set_job(Runs::Async, job, identity(waker));
    }

    /// Whether the async handler polled last waits in an emit or a wait of a bus.
    #[inline]
    #[expect(clippy::unused_self, reason = "proves that a frame is entered")]
    pub(crate) fn waits(&self) -> bool {
        HERE.with(|here| here.top().is_some_and(|top| top.get().waits))
    }

    /// Whether its thread was blocked above the async handler polled last.
    #[inline]
    #[expect(clippy::unused_self, reason = "proves that a frame is entered")]
    pub(crate) fn was_blocked(&self) -> bool {
        HERE.with(|here| here.top().is_some_and(|top| top.get().blocked))
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        HERE.with(|here| {
            let depth = here.depth.get() - 1;
            here.depth.set(depth);
            if let Some(lost) = self.lost.take() {
                here.frames[RECORDED - 1].set(*lost);
            }
        });
        if let Some(before) = self.cause.take() {
            // Never the last handle of the event: whoever entered the frame has one.
            drop(swap_cause(before));
        }
    }
}

#[inline]
fn push(frame: Frame) -> Option<Box<Frame>> {
    HERE.with(|here| {
        let depth = here.depth.get();
        here.depth.set(depth + 1);
        if depth < RECORDED {
            here.frames[depth].set(frame);
            return None;
        }
        Some(Box::new(here.frames[RECORDED - 1].replace(frame)))
    })
}

#[inline]
fn set_job(runs: Runs, job: JobRef, waker: (usize, usize)) {
    HERE.with(|here| {
        if let Some(top) = here.top() {
            top.set(Frame { runs, job, waits: false, blocked: false, waker, ..top.get() });
        }
    });
}

/// A waker and its clones, by the addresses of what they wake and how.
#[inline]
fn identity(waker: &Waker) -> (usize, usize) {
    (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr())
}

/// Whether a callback runs too deep in the stack to publish: a loop of callbacks must end.
#[inline]
pub(crate) fn is_too_deep() -> bool {
    nesting() >= NESTING && is_callback()
}

/// Whether the innermost frame is a callback of the bus.
#[cold]
pub(crate) fn is_callback() -> bool {
    HERE.with(|here| here.top().is_some_and(|top| matches!(top.get().runs, Runs::Callback | Runs::Filter)))
}

pub(crate) fn address(core: &Core) -> usize {
    std::ptr::from_ref(core).addr()
}

/// How many frames are on this stack.
#[inline]
pub(crate) fn nesting() -> usize {
    HERE.with(|here| here.depth.get())
}

/// The number of this thread, which no other thread of the process has or had.
#[inline]
pub(crate) fn thread() -> u64 {
    HERE.with(|here| match here.thread.get() {
        0 => number(here),
        thread => thread,
    })
}

#[cold]
fn number(here: &Here) -> u64 {
    let thread = crate::sync::next_number();
    here.thread.set(thread);
    thread
}

/// Takes a number that was given out for this thread.
pub(crate) fn set_thread(thread: u64) {
    HERE.with(|here| here.thread.set(thread));
}

/// The node that would wait if the code that runs now waited; `None` outside any handler and any
/// callback of this bus.
///
/// An async handler that waits leaves its stack. Whatever else waits blocks its thread, and with it
/// every claim that the thread holds.
#[inline]
pub(crate) fn node(core: &Core) -> Option<Node> {
    HERE.with(|here| {
        let top = here.top()?.get();
        let of_bus = here.recorded().iter().any(|frame| frame.get().core == address(core));
        if !of_bus {
            return None;
        }
        if top.runs == Runs::Async && top.core == address(core) {
            return Some(Node::Job(top.job));
        }
        Some(Node::Thread(thread()))
    })
}

/// Whether code that waits now with this waker may block the thread, and with it whatever is
/// further down the stack. An async handler that passes its own waker on does not: it leaves the
/// stack. With another one it may be blocking until that is called.
pub(crate) fn may_block(waker: &Waker) -> bool {
    HERE.with(|here| {
        here.top().is_some_and(|top| top.get().runs != Runs::Async || top.get().waker != identity(waker))
    })
}

/// The async handlers that are being polled on this stack, each with its bus by address. They are
/// marked: each gives its permit back now.
pub(crate) fn block_polled() -> Vec<(usize, JobRef)> {
    HERE.with(|here| {
        let mut polled = Vec::new();
        for cell in here.recorded() {
            let frame = cell.get();
            if frame.runs == Runs::Async {
                cell.set(Frame { blocked: true, ..frame });
                polled.push((frame.core, frame.job));
            }
        }
        polled
    })
}

/// Records that the innermost handler waits in a bus, its own or another: it needs no permit then.
pub(crate) fn mark_waiting() {
    HERE.with(|here| {
        if let Some(top) = here.top() {
            top.set(Frame { waits: true, ..top.get() });
        }
    });
}

/// Logs, unless a log call of the bus is on the stack already: a subscriber of the log that
/// publishes would otherwise start the next line, without end. Where the log goes is foreign code.
pub(crate) fn log(line: impl FnOnce()) {
    if HERE.with(|here| here.logs.replace(true)) {
        return;
    }
    let _frame = Entered::inherit();
    let logged = catch_unwind(AssertUnwindSafe(line));
    HERE.with(|here| here.logs.set(false));
    if let Err(panic) = logged {
        // There is nowhere left to report it.
        drop(super::panic::message(panic));
    }
}

/// The causal chain that something emitted now continues.
#[inline]
pub(crate) fn cause() -> Option<Arc<Link>> {
    if nesting() == 0 { None } else { link() }
}

#[cold]
#[inline(never)]
fn link() -> Option<Arc<Link>> {
    if let Some(root) = HERE.with(|here| here.top()?.get().root) {
        return Some(Arc::new(root.link()));
    }
    let event = AnyEvent::new(swap_cause(None)?);
    let link = event.link();
    swap_cause(Some(event.into_stored()));
    Some(link)
}

/// Names an event in a causal chain, where it is a declared one without a cause.
pub(crate) fn root_of(event: &Arc<Stored>) -> Option<Root> {
    match event.body.kind() {
        KindRef::Declared(kind) => event.head.as_root(kind, event.head.id()),
        KindRef::Open(_) => None,
    }
}

fn swap_cause(cause: Option<Arc<Stored>>) -> Option<Arc<Stored>> {
    CAUSE.try_with(|cell| cell.replace(cause)).ok().flatten()
}
