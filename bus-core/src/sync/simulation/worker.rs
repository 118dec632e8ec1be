//! The threads of a simulated runtime.
//!
//! As in tokio, the task that a worker has woken last waits in a slot of that worker, which no
//! other takes it from: it stays there while the worker blocks.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::executor::{Handle, Shared};
use super::locked;
use super::task::Task;

/// So many tasks in a row come from the slot before the queue has its turn.
const FROM_SLOT: u32 = 3;

shuttle::thread_local! {
    static WORKER: RefCell<Option<Arc<Shared>>> = RefCell::new(None);
}
shuttle::thread_local! {
    static SLOT: RefCell<Option<Arc<Task>>> = RefCell::new(None);
}
shuttle::thread_local! {
    /// How many of this thread's blocks within each other are counted.
    static BLOCKS: Cell<u32> = Cell::new(0);
}

pub(super) fn start(shared: &Arc<Shared>) {
    let own = Arc::clone(shared);
    let thread = shuttle::thread::spawn(move || work(&own));
    let mut state = locked(&shared.state);
    state.workers += 1;
    state.threads.push(thread);
}

fn work(shared: &Arc<Shared>) {
    let _entered = Handle::of(shared).enter();
    WORKER.with(|worker| worker.replace(Some(Arc::clone(shared))));
    let mut from_slot = 0;
    loop {
        let slot = SLOT.with(|slot| slot.borrow_mut().take());
        let task = match slot {
            Some(task) if from_slot < FROM_SLOT => {
                from_slot += 1;
                Some(task)
            }
            slot => {
                from_slot = 0;
                if let Some(task) = slot {
                    shared.push(task);
                }
                locked(&shared.state).queue.pop_front()
            }
        };
        if let Some(task) = task {
            task.run();
        } else if !rest(shared) {
            break;
        }
    }
    let worker = WORKER.with(RefCell::take);
    drop(worker);
}

/// Waits for work; `false` once there will be none.
fn rest(shared: &Shared) -> bool {
    let own = shuttle::thread::current();
    {
        let mut state = locked(&shared.state);
        if state.stopped {
            return false;
        }
        state.idle.push(own.clone());
    }
    shuttle::thread::park();
    // It may have woken for nothing.
    locked(&shared.state).idle.retain(|idle| idle.id() != own.id());
    true
}

fn own() -> Option<Arc<Shared>> {
    WORKER.try_with(|worker| worker.borrow().clone()).ok().flatten()
}

/// Leaves a task that is ready to its runtime: in the slot of this thread, where it works for it.
pub(super) fn schedule(runtime: &Arc<Shared>, task: Arc<Task>) {
    if !own().is_some_and(|own| Arc::ptr_eq(&own, runtime)) {
        return runtime.push(task);
    }
    let before = SLOT.with(|slot| slot.borrow_mut().replace(task));
    if let Some(before) = before {
        runtime.push(before);
    }
}

/// A thread blocks until this is dropped.
#[derive(Debug)]
#[must_use = "the thread counts as blocked until this is dropped"]
pub struct Blocking(bool);

/// Notes that this thread is going to block. Where it is a worker and no other is left, or `aside`
/// says so, another thread takes its place before, as with tokio's `block_in_place`.
pub fn blocking(aside: bool) -> Blocking {
    let Some(shared) = own() else { return Blocking(false) };
    if BLOCKS.with(|blocks| blocks.replace(blocks.get() + 1)) > 0 {
        return Blocking(false);
    }
    let alone = {
        let mut state = locked(&shared.state);
        state.blocked += 1;
        state.blocked >= state.workers
    };
    if aside || alone {
        let slot = SLOT.with(|slot| slot.borrow_mut().take());
        if let Some(task) = slot {
            shared.push(task);
        }
        start(&shared);
    }
    Blocking(true)
}

impl Drop for Blocking {
    fn drop(&mut self) {
        let Ok(was) = BLOCKS.try_with(|blocks| blocks.replace(blocks.get().saturating_sub(1))) else {
            return;
        };
        if let (Some(shared), true) = (own(), self.0 && was > 0) {
            locked(&shared.state).blocked -= 1;
        }
    }
}
