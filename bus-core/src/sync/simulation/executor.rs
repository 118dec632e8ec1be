//! A runtime of the simulation: a queue of tasks, and the threads that work on it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use super::count::Counted;
use super::task::Task;
use super::{clock, locked, worker};

shuttle::thread_local! {
    /// The runtimes that a thread has entered, the innermost last.
    static ENTERED: RefCell<Vec<Handle>> = RefCell::new(Vec::new());
}

shuttle::thread_local! {
    static STOPS: Cell<bool> = Cell::new(false);
}

/// Whether this thread drops the tasks of a runtime that stops: while it is blocked, those behind
/// are neither run nor dropped.
pub fn is_stopping() -> bool {
    STOPS.try_with(Cell::get).unwrap_or_default()
}

/// Names a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(usize);

/// No runtime is to be had on this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRuntime;

/// Stands in for tokio's handle.
#[derive(Clone)]
pub struct Handle(Option<Arc<Shared>>);

/// Some threads that work on tasks.
pub struct Runtime {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    id: usize,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) queue: VecDeque<Arc<Task>>,
    /// Every task that has not ended.
    pub(super) tasks: Vec<Arc<Task>>,
    /// Workers without work.
    pub(super) idle: Vec<shuttle::thread::Thread>,
    pub(super) threads: Vec<shuttle::thread::JoinHandle<()>>,
    pub(super) workers: usize,
    /// Workers that block in the middle of a task.
    pub(super) blocked: usize,
    pub(super) stopped: bool,
}

impl Runtime {
    /// A runtime of its own, with so many workers. The id must be no other's, and not 0.
    pub fn new(id: usize, workers: usize) -> Self {
        let shared = Arc::new(Shared { id, state: Mutex::default() });
        for _ in 0..workers {
            worker::start(&shared);
        }
        Self { shared }
    }

    /// A handle to it.
    pub fn handle(&self) -> Handle {
        Handle(Some(Arc::clone(&self.shared)))
    }

    /// Drops every task, those at work after their poll, and takes no more. It waits for nobody.
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Stops it, and waits until its threads have ended.
    pub fn join(&self) {
        self.stop();
        loop {
            let Some(thread) = locked(&self.shared.state).threads.pop() else { return };
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn stop(&self) {
        let (tasks, queue, idle) = {
            let mut state = locked(&self.state);
            state.stopped = true;
            let queue = std::mem::take(&mut state.queue);
            (std::mem::take(&mut state.tasks), queue, std::mem::take(&mut state.idle))
        };
        let before = STOPS.with(|stops| stops.replace(true));
        for task in &tasks {
            task.cancel();
        }
        drop((tasks, queue));
        STOPS.with(|stops| stops.set(before));
        idle.iter().for_each(shuttle::thread::Thread::unpark);
    }

    /// Leaves a task for the next free worker.
    pub(super) fn push(&self, task: Arc<Task>) {
        let idle = {
            let mut state = locked(&self.state);
            if state.stopped {
                return;
            }
            state.queue.push_back(task);
            state.idle.pop()
        };
        idle.iter().for_each(shuttle::thread::Thread::unpark);
    }

    pub(super) fn id(&self) -> Id {
        Id(self.id)
    }
}

impl Handle {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self(Some(Arc::clone(shared)))
    }

    /// The runtime that this thread is in.
    ///
    /// # Errors
    /// Where a clock runs and the thread has entered no runtime.
    pub fn try_current() -> Result<Self, NoRuntime> {
        let entered = ENTERED.try_with(|entered| entered.borrow().last().cloned());
        match entered.ok().flatten() {
            Some(handle) => Ok(handle),
            None if clock::is_running() => Err(NoRuntime),
            None => Ok(Self(None)),
        }
    }

    /// Its name.
    pub fn id(&self) -> Id {
        self.0.as_ref().map_or(Id(0), |shared| shared.id())
    }

    /// Lets this thread be in the runtime until the guard is dropped.
    #[must_use = "the thread leaves the runtime when this is dropped"]
    pub fn enter(&self) -> Entered {
        let entered = ENTERED.try_with(|entered| entered.borrow_mut().push(self.clone()));
        Entered(entered.is_ok())
    }

    /// Starts a task. On a runtime that has stopped it is dropped at once.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Spawned {
        match &self.0 {
            Some(shared) => Task::start(shared, Box::pin(task)),
            None => {
                let counted = Counted::task();
                drop(shuttle::future::spawn(async move {
                    let _counted = counted;
                    task.await;
                }));
            }
        }
        Spawned
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.id()).finish()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("id", &self.shared.id).finish_non_exhaustive()
    }
}

/// Stands in for tokio's join handle, of which nothing is needed.
#[derive(Debug)]
pub struct Spawned;

/// A thread is in a runtime until this is dropped.
#[derive(Debug)]
pub struct Entered(bool);

impl Drop for Entered {
    fn drop(&mut self) {
        if self.0 {
            let left = ENTERED.try_with(|entered| entered.borrow_mut().pop());
            drop(left);
        }
    }
}

/// Drops a future or a waker, as tokio does where a runtime stops: a panic ends there.
pub(super) fn drop_quietly<T>(foreign: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(foreign)));
}
