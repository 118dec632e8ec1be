//! Under the models there is one runtime, always at hand: loom runs a task on a thread of its own, shuttle has tasks.

use std::convert::Infallible;
use std::future::Future;

/// Stands in for tokio's handle.
#[derive(Debug, Clone, Copy)]
pub struct Handle;

/// Stands in for the id of a runtime.
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

    #[cfg(bus_loom)]
    #[expect(clippy::trivially_copy_pass_by_ref, clippy::unused_self, reason = "tokio's signature")]
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> loom::thread::JoinHandle<()> {
        loom::thread::spawn(move || loom::future::block_on(task))
    }

    #[cfg(bus_shuttle)]
    #[expect(clippy::trivially_copy_pass_by_ref, clippy::unused_self, reason = "tokio's signature")]
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> shuttle::future::JoinHandle<()> {
        shuttle::future::spawn(task)
    }
}
