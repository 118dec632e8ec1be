//! Waiting: threads that block, wakers that do something, futures with a frame of their own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::act::act;
use super::features::Feature;
use super::world::{Frame, Site, World};

/// Wakes a thread that blocks.
struct Parked {
    thread: shuttle::thread::Thread,
    woken: AtomicBool,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        if !self.woken.swap(true, Ordering::Relaxed) {
            self.thread.unpark();
        }
    }
}

/// A waker that does something once it has woken, and when it is dropped.
struct Hostile(Waker);

impl Wake for Hostile {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
        act(Site::Wake, true);
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        act(Site::WakerDrop, true);
    }
}

/// Blocks this thread until a future is ready.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let (aside, is_hostile) = World::current().map_or((true, false), |world| {
        let stays = world.features.has(Feature::Slot);
        (!stays || world.draw(|rng| rng.one_in(2)), world.draw(|rng| rng.one_in(4)))
    });
    // Outside of handlers and callbacks the bus cannot know that a task blocks its thread.
    let aside = aside || !bus_core::is_inside();
    let parked = Arc::new(Parked { thread: shuttle::thread::current(), woken: AtomicBool::new(false) });
    let mut waker = Waker::from(Arc::clone(&parked));
    if is_hostile {
        waker = Waker::from(Arc::new(Hostile(waker)));
    }
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(waker)));
            drop(dropped);
            return output;
        }
        let blocking = bus_core::simulation::blocking(aside);
        trace(|| format!("blocks, {}", if aside { "aside" } else { "in the way" }));
        while !parked.woken.swap(false, Ordering::Relaxed) {
            shuttle::thread::park();
        }
        trace(|| "goes on".to_owned());
        drop(blocking);
    }
}

fn trace(what: impl FnOnce() -> String) {
    if let Some(world) = World::current() {
        world.trace(what);
    }
}

/// Polls a future with a waker that does something.
pub(crate) async fn hostile<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| {
        let waker = Waker::from(Arc::new(Hostile(context.waker().clone())));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(waker)));
        drop(dropped);
        polled
    })
    .await
}

/// Lets others run once.
pub(crate) async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls a future with a frame on the stack.
pub(crate) fn framed<F: Future>(frame: Frame, future: F) -> impl Future<Output = F::Output> {
    let mut future = Box::pin(future);
    std::future::poll_fn(move |context| {
        let within = frame.enter();
        let polled = future.as_mut().poll(context);
        drop(within);
        polled
    })
}

/// Polls a future so often, and then drops it.
pub(crate) async fn polled<F: Future + Unpin>(mut future: F, polls: usize) {
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 || Pin::new(&mut future).poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        // It comes round by itself: nothing has to happen for its end.
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
