//! The runtime under loom, of which there is always one: it runs a task on a thread of its own.

use std::convert::Infallible;
use std::future::Future;

/// A replacement for tokio's handle.
#[derive(Debug, Clone, Copy)]
pub struct Handle;

/// A replacement for the id of a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id;

impl Handle {
    pub(crate) fn try_current() -> Result<Self, Infallible> {
        Ok(Self)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, clippy::unused_self, reason = "tokio's signature")]
    pub(crate) fn id(&self) -> Id {
        Id
    }

    #[expect(clippy::trivially_copy_pass_by_ref, clippy::unused_self, reason = "tokio's signature")]
    pub(crate) fn enter(&self) {}

    #[expect(clippy::trivially_copy_pass_by_ref, clippy::unused_self, reason = "tokio's signature")]
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> loom::thread::JoinHandle<()> {
        loom::thread::spawn(move || run(task))
    }
}

/// Runs a task on its thread. loom's own `block_on` wakes up without a reason so often that it
/// never ends.
fn run(task: impl Future<Output = ()>) {
    let woken = std::sync::Arc::new(Woken::default());
    let waker = std::task::Waker::from(std::sync::Arc::clone(&woken));
    let mut task = std::pin::pin!(task);
    while task.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending() {
        let mut due = woken.due.lock();
        while !*due {
            due = woken.again.wait(due);
        }
        *due = false;
    }
}

#[derive(Default)]
struct Woken {
    due: super::Mutex<bool>,
    again: super::Condvar,
}

impl std::task::Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        *self.due.lock() = true;
        self.again.notify_all();
    }
}
