//! A thread that is about to block in a wait of a bus leaves to others what they may need from it.
//!
//! These are the permits of the async handlers further down its stack, of whatever bus; the places
//! of the tasks that it polls; the wakers that it was about to call; and the task that its runtime
//! keeps for it.

use std::task::Waker;

use crate::delivery::context::{self, JobRef};
use crate::delivery::core::Core;
use crate::delivery::{effects, task};

impl Core {
    /// Before a wait with this waker: whether it may block the thread, and whether there was
    /// something left to others.
    pub(crate) fn before_wait(waker: &Waker) -> (bool, bool) {
        if !context::may_block(waker) {
            return (false, false);
        }
        let (kept, mut polled) = (task::kept(), context::block_polled());
        for task in task::block() {
            if !polled.contains(&task) {
                polled.push(task);
            }
        }
        let holds = !(kept.is_empty() && polled.is_empty());
        for (core, at) in polled {
            Self::hold(core, at, true);
        }
        for (core, at) in kept {
            Self::hold(core, at, false);
        }
        (true, holds)
    }

    /// Records that this thread holds an event of some bus, and releases the permit of its handler.
    fn hold(core: usize, at: JobRef, release: bool) {
        if let Some(core) = Self::at(core) {
            core.step(|state, effects| {
                state.hold(at);
                if release {
                    state.release_permit(at, effects);
                }
            });
        }
    }

    /// Behind such a wait, before the thread may block: lets other threads of the runtime take the
    /// task that this one was about to run next, and calls the wakers that it has postponed.
    ///
    /// tokio keeps the task that was woken last for the thread that woke it. If that blocks, the
    /// task would wait for it, and it may wait for the task.
    pub(crate) fn free_runtime(&self, waker: &Waker) {
        if !context::may_block(waker) {
            return;
        }
        effects::wake_due(self);
        #[cfg(not(bus_loom))]
        if let Ok(runtime) = crate::sync::Handle::try_current() {
            drop(runtime.spawn(std::future::ready(())));
        }
    }
}
