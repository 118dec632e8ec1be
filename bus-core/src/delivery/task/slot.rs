//! The place where a task waits for its handler.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::delivery::context::Entered;
use crate::delivery::core::Core;
use crate::delivery::panic::catch_panic;
use crate::delivery::task::{Handler, TURNS, polling};
use crate::sync::{Gauge, Handle, Mutex, failpoint};

/// The state that a handler and its parked task share.
#[derive(Default)]
pub(crate) struct Slot {
    inside: Mutex<Inside>,
    /// The tick since which the handler in the task is at work, where its time is limited; 0
    /// otherwise.
    since: Gauge,
}

#[derive(Default)]
struct Inside {
    /// The handler, where it has something to do.
    handler: Option<Box<Handler>>,
    /// The task, where it waits for that, or has a handler that waits.
    waker: Option<Waker>,
    /// The task has a handler: it comes back here by itself.
    busy: bool,
    /// The handler was dropped: nothing more to do comes.
    closed: bool,
    /// The task takes no handler any more: its runtime is gone, or its thread blocks.
    gone: bool,
    /// The runtime, until the task is started there.
    runtime: Option<Handle>,
}

impl Slot {
    /// A slot with a handler in it, whose task is started on this runtime by the first wake.
    pub(super) fn starting(handler: Box<Handler>, runtime: Option<Handle>) -> Arc<Self> {
        let slot = Arc::new(Self::default());
        let mut handler = handler;
        handler.slot = Some(Arc::clone(&slot));
        *slot.inside.lock() = Inside { handler: Some(handler), runtime, ..Inside::default() };
        slot
    }

    /// Takes a handler for the task, which is to be woken if `wake`. The handler stays where it is
    /// if the task is gone.
    pub(super) fn give(&self, handler: &mut Option<Box<Handler>>, wake: bool) -> Option<Waker> {
        let mut inside = self.inside.lock();
        if inside.gone {
            return None;
        }
        inside.handler = handler.take();
        if wake && !inside.busy && !failpoint("task_unwoken") { inside.waker.take() } else { None }
    }

    /// Lets its task take no handler any more: the thread that polls it blocks. A handler that was
    /// there comes back, to be given to another task.
    pub(super) fn abandon(&self) -> Option<Box<Handler>> {
        let mut inside = self.inside.lock();
        inside.gone = true;
        inside.handler.take()
    }

    /// Stores the waker of the task, for something to do or for a permit.
    pub(super) fn listen(&self, context: &Context<'_>) {
        let old = self.inside.lock().listen(context);
        // A waker may be the last reference to a task: it is dropped after the lock.
        drop(old);
    }

    /// Wakes the task if its handler has had its time. The waker stays: the task may have gone on
    /// to the next event.
    pub(crate) fn wake_late(&self, core: &Core) {
        let since = self.since.get();
        if since != 0 && core.is_late(since) {
            let waker = self.inside.lock().waker.clone();
            catch_panic(|| waker.iter().for_each(Waker::wake_by_ref));
        }
    }

    pub(super) fn close(&self) {
        let waker = {
            let mut inside = self.inside.lock();
            inside.closed = true;
            inside.waker.take()
        };
        if let Some(waker) = waker {
            catch_panic(|| waker.wake());
        }
    }
}

impl Inside {
    fn listen(&mut self, context: &Context<'_>) -> Option<Waker> {
        let known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if known { None } else { self.waker.replace(context.waker().clone()) }
    }
}

/// A handler waits for a permit in its slot, or for the start of its task.
impl Wake for Slot {
    fn wake(self: Arc<Self>) {
        let mut inside = self.inside.lock();
        let (runtime, waker) = (inside.runtime.take(), inside.waker.take());
        drop(inside);
        if let Some(waker) = waker {
            waker.wake();
        }
        if let Some(runtime) = runtime {
            drop(runtime.spawn(ParkedTask { slot: Some(self), handler: None }));
        }
    }
}

/// The task that runs a handler.
pub(super) struct ParkedTask {
    /// With [`polling`](super::polling) while the handler is polled.
    slot: Option<Arc<Slot>>,
    handler: Option<Box<Handler>>,
}

impl ParkedTask {
    /// Takes a handler that has something to do; `None` once nothing more comes.
    fn take(&mut self, context: &Context<'_>) -> Poll<Option<Box<Handler>>> {
        let Some(slot) = &self.slot else { return Poll::Ready(None) };
        let mut inside = slot.inside.lock();
        let handler = inside.handler.take();
        inside.busy = handler.is_some();
        if handler.is_none() && (inside.closed || inside.gone) {
            return Poll::Ready(None);
        }
        let old = inside.listen(context);
        drop(inside);
        drop(old);
        handler.map_or(Poll::Pending, |handler| Poll::Ready(Some(handler)))
    }
}

impl Future for ParkedTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Work may come as fast as it is done: others of the runtime must run all the same.
        for _ in 0..TURNS {
            if let Some(handler) = self.handler.take() {
                let slot = polling::begin(self.slot.take(), &handler);
                self.handler = handler.poll(context);
                self.slot = slot.or_else(polling::end);
                if let Some(slot) = &self.slot {
                    slot.since.set(self.handler.as_ref().map_or(0, |handler| handler.since()));
                }
                if self.handler.is_some() {
                    return Poll::Pending;
                }
            }
            match self.take(context) {
                Poll::Ready(Some(handler)) => self.handler = Some(handler),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Its runtime is shut down. A handler that is not done counts its event as dropped.
impl Drop for ParkedTask {
    fn drop(&mut self) {
        let left = {
            let Some(slot) = &self.slot else { return };
            let mut inside = slot.inside.lock();
            inside.gone = true;
            (inside.handler.take(), inside.waker.take())
        };
        let _frame = Entered::inherit();
        drop((left, self.handler.take()));
    }
}
