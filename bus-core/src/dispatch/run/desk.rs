//! Where a handler's driver waits for the next event, so that an event need not start a task of its own.
//!
//! An async handler that is not ready at once is driven by a task on its runtime. The task stays for as long as the handler lives, and between two events it knows nothing of the bus: so it keeps
//! no bus alive, and ends when the handler is dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::dispatch::guarded;
use crate::dispatch::run::driver::{Driver, TURNS};
use crate::sync::{Mutex, planted};

/// What a driver's task and the owner of the handler share.
#[derive(Default)]
pub(super) struct Desk(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    /// The next event to drive the handler on.
    work: Option<Driver>,
    /// The task, where it waits for work.
    waker: Option<Waker>,
    /// No more work comes: the handler is gone.
    closed: bool,
    /// Nobody takes work any more: the runtime is gone.
    left: bool,
}

/// A handler's right to its driver. The driver's task ends when it is dropped.
pub(crate) struct Hire(Arc<Desk>);

/// A driver's task: it does what is on its desk, one after the other.
pub(crate) struct Hired {
    desk: Arc<Desk>,
    work: Option<Driver>,
}

/// A new driver, to be spawned where the handler belongs.
pub(crate) fn hire() -> (Hire, Hired) {
    let desk = Arc::<Desk>::default();
    (Hire(Arc::clone(&desk)), Hired { desk, work: None })
}

impl Hire {
    pub(super) fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.0)
    }
}

impl Desk {
    /// Has the driver do some work. It comes back where the runtime is gone.
    pub(super) fn give(&self, work: Driver) -> Option<Driver> {
        let waker = {
            let mut inside = self.0.lock();
            if inside.left {
                return Some(work);
            }
            inside.work = Some(work);
            inside.waker.take()
        };
        if let Some(waker) = waker.filter(|_| !planted("driver_unwoken")) {
            guarded(|| waker.wake());
        }
        None
    }
}

impl Drop for Hire {
    fn drop(&mut self) {
        let waker = {
            let mut inside = self.0.0.lock();
            inside.closed = true;
            inside.waker.take()
        };
        if let Some(waker) = waker {
            guarded(|| waker.wake());
        }
    }
}

impl Hired {
    /// Takes what is on the desk; `None` once no more comes.
    fn take(&mut self, context: &Context<'_>) -> Poll<Option<Driver>> {
        let mut inside = self.desk.0.lock();
        if let Some(work) = inside.work.take() {
            return Poll::Ready(Some(work));
        }
        if inside.closed {
            return Poll::Ready(None);
        }
        let old = inside.waker.replace(context.waker().clone());
        drop(inside);
        // A waker may be the last reference to a task: it goes after the lock.
        drop(old);
        Poll::Pending
    }
}

impl Future for Hired {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Work may come as fast as it is done: others of the runtime must run all the same.
        for _ in 0..TURNS {
            if let Some(work) = &mut self.work {
                if Pin::new(work).poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.work = None;
            }
            match self.take(context) {
                Poll::Ready(Some(work)) => self.work = Some(work),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Its runtime is shut down. What it has not done counts itself as dropped.
impl Drop for Hired {
    fn drop(&mut self) {
        let undone = {
            let mut inside = self.desk.0.lock();
            inside.left = true;
            (inside.work.take(), inside.waker.take())
        };
        drop(undone);
    }
}
