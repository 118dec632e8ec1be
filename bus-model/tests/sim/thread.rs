//! Threads and tasks of a program, until they end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::act::act;
use super::world::Site;

/// Counts tasks and threads until they end, however they do.
#[derive(Clone)]
pub(crate) struct Running(Arc<AtomicUsize>);

impl Running {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn one(&self) -> One {
        self.0.fetch_add(1, Ordering::Relaxed);
        One(Arc::clone(&self.0), shuttle::thread::current())
    }

    pub(crate) fn wait(&self) {
        while self.0.load(Ordering::Relaxed) > 0 {
            shuttle::thread::park();
        }
    }
}

pub(crate) struct One(Arc<AtomicUsize>, shuttle::thread::Thread);

impl Drop for One {
    fn drop(&mut self) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.1.unpark();
        }
    }
}

/// Publishes while the thread-locals of its thread are dropped.
struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        // A panic here would end the process.
        let _ = catch_unwind(AssertUnwindSafe(|| act(Site::ThreadEnd, false)));
    }
}

shuttle::thread_local! {
    static AT_END: Option<AtEnd> = Some(AtEnd);
}

/// Lets this thread publish at its end.
pub(crate) fn at_end() {
    AT_END.with(|_| ());
}
