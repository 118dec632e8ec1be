//! How many threads and tasks of the bus are there: an execution should not end before them.

use std::cell::Cell;
use std::thread::LocalKey;

std::thread_local! {
    // shuttle runs an execution on one thread.
    static WORKERS: Cell<usize> = const { Cell::new(0) };
    static TASKS: Cell<usize> = const { Cell::new(0) };
}

/// How many threads that the bus has started are at work.
pub fn running_workers() -> usize {
    WORKERS.get()
}

/// How many tasks there are outside of any [`Runtime`](super::Runtime).
pub fn running_tasks() -> usize {
    TASKS.get()
}

/// One of them, until it is dropped.
pub(super) struct Counted(&'static LocalKey<Cell<usize>>);

impl Counted {
    fn new(count: &'static LocalKey<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }

    pub(super) fn task() -> Self {
        Self::new(&TASKS)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Starts a thread of the bus.
pub(in crate::sync) fn start_worker(job: Box<dyn FnOnce() + Send>) {
    let counted = Counted::new(&WORKERS);
    shuttle::thread::spawn(move || {
        let _counted = counted;
        job();
    });
}
