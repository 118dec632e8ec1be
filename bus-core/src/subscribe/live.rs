//! Gaps, and the end of the past: what a subscription reports besides events.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{EventStream, EventsAndGaps, Plan, Subscribe};
use crate::delivery::{Callback, Lagged, catch_each, drop_waker};
use crate::since::Since;
use crate::sync::Mutex;

impl<S, T, M> Subscribe<S, T, M> {
    /// Sets a closure that is called when events were missed, before the next event of the handler
    /// or of the [stream](EventStream). Unless set, a warning is logged.
    ///
    /// It runs outside the bus's lock, and may publish. For a stream it runs where the stream is
    /// read. A panic in it is logged.
    pub fn on_lag(mut self, report: impl Fn(Lagged) + Send + Sync + 'static) -> Self {
        self.plan.callbacks.push(Callback::Lag(Box::new(report)));
        self
    }

    /// Adds a closure that is called once, when the past that [`since`](Self::since) and
    /// [`with_latest`](Self::with_latest) bring is done: the handler has handled everything that
    /// was published before it was subscribed. Some later events may be among it.
    ///
    /// A subscription that begins with the next event is live at once, and calls it while it is
    /// made. A [consumer](Self::consumer) calls it when it has handled what was published before it
    /// was subscribed. With [`concurrency`](Self::concurrency), events of the past may still be at
    /// work. It is not called for a subscription that ends before.
    ///
    /// On a bus with a store that can be read, no event is handled while it runs. Without one, a
    /// handler that goes idle there may get an event of another thread meanwhile. It runs outside
    /// the bus's lock, on the thread of a handler, of a reader or of the bus, and may publish. A
    /// panic in it is logged. [`close`](crate::EventBus::close) does not wait for it.
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// use bus_core::Since;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// let lines = Arc::new(Mutex::new(Vec::new()));
    /// let (seen, live) = (lines.clone(), lines.clone());
    /// let _guard = bus
    ///     .subscribe_any()
    ///     .since(Since::Beginning)
    ///     .on_live(move || live.lock().unwrap().push("live".to_owned()))
    ///     .handle_sync(move |event| seen.lock().unwrap().push(event.kind().to_owned()));
    /// bus.stream("desk").emit_dynamic("answered", serde_json::json!({})).await;
    /// assert_eq!(*lines.lock().unwrap(), ["asked", "live", "answered"]);
    /// # }
    /// ```
    pub fn on_live(mut self, report: impl FnOnce() + Send + 'static) -> Self {
        self.plan.callbacks.push(Callback::Live(Mutex::new(Some(Box::new(report)))));
        self
    }
}

impl Plan {
    /// Has somebody wait until the past is read, where there is one.
    pub(super) fn watch_past(&mut self) -> Option<Arc<Live>> {
        if matches!(self.since, Since::Now) && !self.with_latest {
            return None;
        }
        let live = Arc::new(Live::default());
        let reached = Arc::clone(&live);
        self.callbacks.push(Callback::Live(Mutex::new(Some(Box::new(move || reached.set())))));
        Some(live)
    }
}

/// Whether a stream has read its past, and who waits for that.
#[derive(Default)]
pub(super) struct Live(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    is_reached: bool,
    next: u64,
    /// By their number.
    wakers: BTreeMap<u64, Waker>,
}

impl Live {
    pub(super) fn set(&self) {
        let wakers = {
            let mut waiting = self.0.lock();
            waiting.is_reached = true;
            std::mem::take(&mut waiting.wakers)
        };
        catch_each(wakers.into_values(), Waker::wake);
    }

    fn is_reached(&self) -> bool {
        self.0.lock().is_reached
    }
}

/// The future of [`EventStream::caught_up`]. It yields when the stream has read the past.
///
/// # Cancel safety
/// Dropping it changes nothing; another one can be made.
#[must_use = "a future does nothing until it is awaited"]
pub struct CaughtUp {
    /// Until it is reached.
    live: Option<Arc<Live>>,
    number: Option<u64>,
}

impl Future for CaughtUp {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { live: Some(live), number } = &mut *self else { return Poll::Ready(()) };
        let old = {
            let mut waiting = live.0.lock();
            if waiting.is_reached {
                return Poll::Ready(());
            }
            let number = *number.get_or_insert(waiting.next);
            waiting.next = waiting.next.max(number + 1);
            waiting.wakers.insert(number, context.waker().clone())
        };
        drop_waker(old);
        Poll::Pending
    }
}

impl Drop for CaughtUp {
    fn drop(&mut self) {
        if let (Some(live), Some(number)) = (&self.live, self.number) {
            let old = live.0.lock().wakers.remove(&number);
            drop_waker(old);
        }
    }
}

impl std::fmt::Debug for CaughtUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_reached = self.live.as_ref().is_none_or(|live| live.is_reached());
        f.debug_struct("CaughtUp").field("is_reached", &is_reached).finish_non_exhaustive()
    }
}

impl<S> EventStream<S> {
    /// Returns a future that yields when the past is read that
    /// [`since`](Subscribe::since) and [`with_latest`](Subscribe::with_latest) bring: each event
    /// and gap of it was taken out of the stream, and what comes next was published after the
    /// stream was made. For a stream that begins with the next event it yields at once.
    ///
    /// Read the stream meanwhile: the past is read only as far as somebody takes it, so awaiting
    /// this future alone may wait for ever. Poll it before the stream, as `biased` does below, to
    /// get it before the event behind the past. It also yields when the stream is at its end or
    /// dropped. It holds neither the bus nor the stream.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing; another one can be made.
    ///
    /// ```
    /// use bus_core::Since;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// let mut events = bus.subscribe_any().since(Since::Beginning).into_stream();
    /// bus.stream("desk").emit_dynamic("answered", serde_json::json!({})).await;
    /// bus.close(std::time::Duration::ZERO).await;
    ///
    /// let mut lines = Vec::new();
    /// let mut live = std::pin::pin!(events.caught_up());
    /// let mut is_live = false;
    /// loop {
    ///     tokio::select! {
    ///         biased;
    ///         () = &mut live, if !is_live => {
    ///             is_live = true;
    ///             lines.push("live".to_owned());
    ///         }
    ///         event = events.recv() => match event {
    ///             Some(event) => lines.push(event.kind().to_owned()),
    ///             None => break,
    ///         },
    ///     }
    /// }
    /// assert_eq!(lines, ["asked", "live", "answered"]);
    /// # }
    /// ```
    pub fn caught_up(&self) -> CaughtUp {
        CaughtUp { live: self.reader.live.clone(), number: None }
    }

    /// Returns whether the past is read, as [`caught_up`](Self::caught_up) tells it.
    pub fn is_caught_up(&self) -> bool {
        self.reader.live.as_ref().is_none_or(|live| live.is_reached())
    }
}

impl<S> EventsAndGaps<S> {
    /// Returns a future that yields when the past is read: see [`EventStream::caught_up`].
    pub fn caught_up(&self) -> CaughtUp {
        self.stream.caught_up()
    }

    /// Returns whether the past is read: see [`EventStream::is_caught_up`].
    pub fn is_caught_up(&self) -> bool {
        self.stream.is_caught_up()
    }
}
