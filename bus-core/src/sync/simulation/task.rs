//! A task of a simulated runtime.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};

use super::executor::{Shared, drop_quietly};
use super::{locked, worker};

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Task {
    // Weak: a waker that somebody keeps must not keep the runtime.
    runtime: Weak<Shared>,
    state: Mutex<State>,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "any two may hold at once")]
struct State {
    /// Away while a worker polls it, and gone for good once `ended`.
    work: Option<Work>,
    queued: bool,
    polled: bool,
    woken: bool,
    ended: bool,
}

impl Task {
    pub(super) fn start(runtime: &Arc<Shared>, work: Work) {
        let task = Arc::new(Self {
            runtime: Arc::downgrade(runtime),
            state: Mutex::new(State { work: Some(work), queued: true, ..State::default() }),
        });
        let stopped = {
            let mut state = locked(&runtime.state);
            if !state.stopped {
                state.tasks.push(Arc::clone(&task));
            }
            state.stopped
        };
        if stopped { task.cancel() } else { worker::schedule(runtime, task) }
    }

    /// Drops what it works on, or lets the worker do that which polls it.
    pub(super) fn cancel(&self) {
        let work = {
            let mut state = locked(&self.state);
            state.ended = true;
            state.work.take()
        };
        drop_quietly(work);
    }

    /// Polls it once.
    pub(super) fn run(self: &Arc<Self>) {
        let work = {
            let mut state = locked(&self.state);
            state.queued = false;
            state.polled = true;
            state.woken = false;
            state.work.take()
        };
        let Some(mut work) = work else { return };
        let waker = Waker::from(Arc::clone(self));
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut Context::from_waker(&waker))));
        let (rest, again) = self.put_back(work, matches!(polled, Ok(Poll::Pending)));
        if rest.is_some() {
            drop_quietly(rest);
            self.leave();
        }
        if let (true, Some(runtime)) = (again, self.runtime.upgrade()) {
            // To the end of the queue: who wakes itself lets others go first.
            runtime.push(Arc::clone(self));
        }
    }

    /// Keeps the future for its next poll, or returns it to be dropped.
    fn put_back(&self, work: Work, pending: bool) -> (Option<Work>, bool) {
        let mut state = locked(&self.state);
        state.polled = false;
        state.ended |= !pending;
        if state.ended {
            return (Some(work), false);
        }
        state.work = Some(work);
        state.queued = state.woken;
        (None, state.woken)
    }

    /// The runtime need not know it any more.
    fn leave(self: &Arc<Self>) {
        let Some(runtime) = self.runtime.upgrade() else { return };
        locked(&runtime.state).tasks.retain(|task| !Arc::ptr_eq(task, self));
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        {
            let mut state = locked(&self.state);
            state.woken = true;
            if state.ended || state.polled || state.queued {
                return;
            }
            state.queued = true;
        }
        if let Some(runtime) = self.runtime.upgrade() {
            worker::schedule(&runtime, self);
        }
    }
}
