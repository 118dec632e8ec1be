//! Where a handler's driver waits for the next event, so that an event need not start a task of its own.
//!
//! An async handler that is not ready at once is driven by a task on its runtime. The task stays for as long as the handler lives, and between two events it knows nothing of the bus: so it keeps
//! no bus alive, and ends when the handler is dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::dispatch::few::Few;
use crate::dispatch::run::driver::{Driver, TURNS};
use crate::dispatch::run::place::Place;
use crate::dispatch::{After, Core, Order, guarded};
use crate::sync::{Mutex, planted};

/// What a driver's task and the owner of the handler share.
#[derive(Default)]
pub(crate) struct Desk(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    /// The next event to drive the handler on.
    work: Option<Box<Driver>>,
    /// The task, where it waits for work.
    waker: Option<Waker>,
    /// No more work comes: the handler is gone.
    closed: bool,
    /// Nobody takes work any more: the runtime is gone.
    left: bool,
}

/// A handler's right to a task that drives it. The task ends when it is dropped.
pub(crate) struct Hire {
    desk: Arc<Desk>,
    /// The handler's driver, where that has nothing to do.
    driver: Option<Box<Driver>>,
}

/// A driver's task: it does what is on its desk, one after the other.
pub(crate) struct Hired {
    desk: Arc<Desk>,
    work: Option<Box<Driver>>,
}

/// A new driver, to be spawned where the handler belongs.
fn hire() -> (Hire, Hired) {
    let desk = Arc::<Desk>::default();
    (Hire { desk: Arc::clone(&desk), driver: None }, Hired { desk, work: None })
}

impl Hire {
    fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }

    pub(super) fn call_up(&mut self) -> Option<Box<Driver>> {
        self.driver.take()
    }

    pub(super) fn put_back(&mut self, driver: Box<Driver>) {
        self.driver = Some(driver);
    }

    /// Exchanges the tasks of two handlers of one runtime.
    pub(super) fn exchange(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.desk, &mut other.desk);
    }
}

impl Desk {
    /// Takes some work for its task, which is to be woken if the work goes on at once. The work stays where the runtime is gone.
    fn give(&self, work: &mut Option<Box<Driver>>, goes_on: bool) -> Option<Waker> {
        let mut inside = self.0.lock();
        if inside.left {
            return None;
        }
        inside.work = work.take();
        if goes_on && !planted("driver_unwoken") { inside.waker.take() } else { None }
    }

    /// Gives away work that its task has not taken up.
    pub(super) fn give_up(&self, fits: impl FnOnce(&Driver) -> bool) -> Option<Box<Driver>> {
        self.0.lock().work.take_if(|work| fits(work))
    }

    /// Leaves the waker of its task, for work or for a place.
    pub(super) fn listen(&self, context: &Context<'_>) {
        let old = self.0.lock().listen(context);
        // A waker may be the last reference to a task: it goes after the lock.
        drop(old);
    }
}

impl Inside {
    fn listen(&mut self, context: &Context<'_>) -> Option<Waker> {
        let known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if known { None } else { self.waker.replace(context.waker().clone()) }
    }
}

/// Who waits for a place waits at the desk.
impl Wake for Desk {
    fn wake(self: Arc<Self>) {
        let waker = self.0.lock().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Hire {
    fn drop(&mut self) {
        let waker = {
            let mut inside = self.desk.0.lock();
            inside.closed = true;
            inside.waker.take()
        };
        if let Some(waker) = waker {
            guarded(|| waker.wake());
        }
    }
}

/// How a driver comes to its task.
impl Driver {
    /// Runs a handler on its own runtime: on what it is at, and then on whatever waits for it.
    pub(super) fn start(self: Box<Self>, core: &Core) {
        let mut unhired = Few::default();
        core.step(|order, after| {
            let waker = self.leave(order, &mut unhired, after);
            after.wakers.extend(waker);
        });
        unhired.for_each(Driver::employ);
    }

    /// Leaves itself on the desk of its handler's task, which is to be woken unless it must wait for a place. Where there is no task, or its runtime is gone, it is left in `unhired`.
    pub(super) fn leave(
        mut self: Box<Self>,
        order: &mut Order,
        unhired: &mut Few<Box<Self>>,
        after: &mut After,
    ) -> Option<Waker> {
        let mut waker = None;
        let desk = self.hire().and_then(|hire| hire.as_ref()).map(Hire::desk);
        // A free place is taken when the task comes to it: until then an end of the subscription drops the event.
        if let Some(desk) = &desk
            && !self.work.as_ref().is_some_and(|work| work.started)
        {
            order.places.queue(&mut self.place, desk);
        }
        let goes_on = !matches!(self.place, Place::Waits(_));
        let mut work = Some(self);
        if let Some(desk) = &desk {
            waker = desk.give(&mut work, goes_on);
        }
        if let Some(mut left) = work {
            // A new task waits at a desk of its own.
            if !goes_on {
                after.wakers.extend(order.places.give(&mut left.place));
            }
            unhired.push(left);
        }
        waker
    }

    fn hire(&mut self) -> Option<&mut Option<Hire>> {
        self.work.as_mut().map(|work| work.runner.hire())
    }

    /// Starts a task for its handler, which stays for the events to come.
    pub(super) fn employ(mut self: Box<Self>) {
        let Some(runtime) = self.info.runtime.clone() else { return };
        let (hire, task) = hire();
        let desk = hire.desk();
        let before = self.hire().and_then(|before| before.replace(hire));
        drop(before);
        desk.give(&mut Some(self), true);
        drop(runtime.spawn(task));
    }
}

impl Hired {
    /// Takes what is on the desk; `None` once no more comes.
    fn take(&mut self, context: &Context<'_>) -> Poll<Option<Box<Driver>>> {
        let mut inside = self.desk.0.lock();
        if let Some(work) = inside.work.take() {
            return Poll::Ready(Some(work));
        }
        if inside.closed {
            return Poll::Ready(None);
        }
        let old = inside.listen(context);
        drop(inside);
        drop(old);
        Poll::Pending
    }
}

impl Future for Hired {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Work may come as fast as it is done: others of the runtime must run all the same.
        for _ in 0..TURNS {
            if let Some(work) = self.work.take() {
                self.work = work.poll(&self.desk, context);
                if self.work.is_some() {
                    return Poll::Pending;
                }
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
