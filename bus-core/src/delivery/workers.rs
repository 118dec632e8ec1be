//! The threads of the bus: each goes on with one group that a publisher has run enough events for.
//!
//! A worker holds at most one claim at a time. (Workers that share claims would make rings of their
//! own: one claim would wait for another on the same thread.) An idle worker is used again, and
//! ends when nothing comes for a while.

use std::sync::Arc;

use crate::delivery::context;
use crate::delivery::core::Core;
use crate::delivery::run::{self, Next};
use crate::sync::{Handle, Worker, failpoint};

/// Starts a job on a worker. Where no thread can be had, this one does it.
pub(crate) fn start(job: impl FnOnce() + Send + 'static) {
    match Worker::take() {
        Ok(worker) => {
            let number = worker.number();
            worker.run(move || {
                context::set_thread(number);
                job();
            });
        }
        Err(error) => {
            warn_once(&error);
            job();
        }
    }
}

/// Hands a claim over to a worker. Where no thread can be had, this thread goes on.
pub(crate) fn hand_over(core: &Arc<Core>, next: Next) {
    let worker = match Worker::take() {
        Ok(worker) => worker,
        Err(error) => {
            warn_once(&error);
            return go_on(core, next);
        }
    };
    if let Some(running) = core.lock().running_mut(next.at()).filter(|_| !failpoint("holder_unchanged")) {
        running.thread = worker.number();
    }
    let (core, runtime) = (Arc::clone(core), Handle::try_current().ok());
    let number = worker.number();
    worker.run(move || {
        context::set_thread(number);
        let _runtime = runtime.as_ref().map(Handle::enter);
        go_on(&core, next);
    });
}

/// Runs a group until nothing waits for it.
fn go_on(core: &Arc<Core>, first: Next) {
    let mut next = Some(first);
    while let Some(current) = next.take() {
        next = run::run_queued(core, current);
        run::end_of_stack();
    }
}

#[cold]
fn warn_once(error: &std::io::Error) {
    static WARNED: std::sync::Once = std::sync::Once::new();
    WARNED.call_once(|| {
        context::log(|| {
            tracing::warn!(target: "bus_core", %error, "no thread could be started: a publisher does what a thread of the bus would do: the events of others, or the writes of the store");
        });
    });
}
