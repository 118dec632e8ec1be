//! Closing a bus in order.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::EventBus;
use crate::delivery::{
    Core, Effects, Key, Life, Node, OpenPairs, Receiver, Records, State, Subscription, mark_waiting, node,
};
use crate::event::SubscriptionId;
use crate::excerpt::excerpt;
use crate::sync::{Ordering, Sleep, try_sleep};

/// How many subscriptions are visited with each lock.
const WINDOW: usize = 256;

/// The work that a closed bus has left.
///
/// Its `Display` is one line for a log.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CloseReport {
    /// Handlers that were at work, or had events waiting, when the time was over. Waiting events
    /// were dropped and counted. Handlers at work go on.
    pub left: Vec<Left>,
    /// Streams with unread events. These can still be read.
    pub unread: Vec<Left>,
    /// Pairs that have begun and not ended.
    pub open_pairs: OpenPairs,
    /// Events that were published and are not in the store: those that it lost, and those that
    /// still waited for it when the time was over. 0 without a store.
    pub not_recorded: u64,
}

impl CloseReport {
    /// Whether every handler has done all its work. No handler runs after that.
    pub fn is_drained(&self) -> bool {
        self.left.is_empty()
    }
}

/// One line for a log: drained, or the work that each subscription has left.
impl fmt::Display for CloseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_drained() { "drained" } else { "not drained" })?;
        for Left { name, running, waiting, .. } in &self.left {
            write!(f, "; {} had {running} at work and {waiting} waiting", excerpt(name))?;
        }
        for Left { name, waiting, .. } in &self.unread {
            write!(f, "; {} has {waiting} unread", excerpt(name))?;
        }
        match self.open_pairs.unfinished.len() {
            0 => {}
            open => write!(f, "; {open} begun and not ended")?,
        }
        match self.not_recorded {
            0 => Ok(()),
            events => write!(f, "; {events} not recorded"),
        }
    }
}

/// One subscription with work left.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// Its id.
    pub id: SubscriptionId,
    /// Its name.
    pub name: String,
    /// Events that run in its handler.
    pub running: usize,
    /// Events that waited for it.
    pub waiting: usize,
}

impl EventBus {
    /// Closes the bus. It refuses new events from now on, lets handlers finish their waiting events
    /// for at most `timeout`, waits for the store last, and reports the work that is left. With
    /// zero it reports at once. The first event of each kind that it refuses is a warning in the
    /// log.
    ///
    /// The bus is closed when this returns, even if the future is never polled. Streams can be read
    /// to their end. Closing again waits again.
    ///
    /// When the report is [drained](CloseReport::is_drained), no handler runs afterwards. When it
    /// is not, waiting events are dropped and counted, and handlers that have not begun do not
    /// begin.
    ///
    /// Inside a handler, it does not wait for that handler, nor for those that wait for it.
    ///
    /// # Panics
    /// When polled outside a tokio runtime with time enabled, unless no handler and no store has
    /// work left or the timeout is zero.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the bus closed. Waiting events are still handled.
    ///
    /// ```
    /// # use bus_core::EventBus;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = EventBus::new();
    /// let report = bus.close(std::time::Duration::from_secs(10)).await;
    /// assert!(report.is_drained());
    /// let receipt = bus.stream("desk").emit_dynamic("late", serde_json::json!({})).await;
    /// assert_eq!(receipt.refused(), Some(&bus_core::Refused::Closed));
    /// # }
    /// ```
    pub fn close(&self, timeout: Duration) -> Close {
        shut(&self.core);
        Close { bus: self.clone(), timeout, sleep: None, closer: None, noted: None }
    }
}

/// Lets a bus take no more events.
pub(super) fn shut(core: &Arc<Core>) {
    core.closed.store(true, Ordering::Release);
    core.step(|state, effects| {
        state.closed = true;
        state.close_rings(effects);
    });
    // No event comes any more; readers, and batches that wait for more, are woken in steps.
    let (mut from, mut more) = (0, true);
    while more {
        core.step(|state, effects| {
            let State { subscriptions, groups, .. } = state;
            let (window, rest) = subscriptions.window_mut(from, WINDOW);
            window.for_each(|subscription| {
                subscription.wake_reader(effects);
                subscription.hurry(groups, effects);
            });
            (more, from) = (rest, from + WINDOW);
        });
    }
    core.end_records();
}

/// The future of [`EventBus::close`]. It yields the report.
///
/// # Panics
/// As [`EventBus::close`].
///
/// # Cancel safety
/// Dropping it leaves the bus closed. Waiting events are still handled.
#[must_use = "the bus is closed already, but nothing is waited for before this is awaited"]
pub struct Close {
    bus: EventBus,
    timeout: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    /// The key of its waker in the bus.
    closer: Option<Key>,
    /// The node of the wait-for graph that waits for the close.
    noted: Option<Node>,
}

impl Close {
    /// Whether no handler has work left. Until then a waker is stored.
    fn is_quiet(&mut self, waker: &Waker) -> bool {
        let (core, closer) = (Arc::clone(&self.bus.core), &mut self.closer);
        let here = node(&core);
        let noted = std::mem::replace(&mut self.noted, here);
        let (blocks, _) = Core::before_wait(waker);
        core.step(|state, effects| {
            if let Some(before) = noted.filter(|before| Some(*before) != here) {
                state.note_closes(before, false, effects);
            }
            if let Some(node) = here {
                state.leave_stack(node);
            }
            if state.is_quiet(here) && state.records.as_deref().is_none_or(Records::is_ended) {
                return true;
            }
            state.wait_here(here, blocks, effects);
            if let Some(node) = here {
                state.note_closes(node, true, effects);
            }
            match closer.and_then(|key| state.closers.get_mut(key)) {
                Some(known) if known.will_wake(waker) => {}
                Some(known) => {
                    let old = std::mem::replace(known, waker.clone());
                    effects.work().old_wakers.push(old);
                }
                None => *closer = Some(state.closers.insert(waker.clone())),
            }
            false
        })
    }

    fn forget(&mut self) {
        let (closer, noted) = (self.closer.take(), self.noted.take());
        if closer.is_none() && noted.is_none() {
            return;
        }
        self.bus.core.step(|state, effects| {
            if let Some(waker) = closer.and_then(|key| state.closers.remove(key)) {
                effects.work().old_wakers.push(waker);
            }
            if let Some(node) = noted {
                state.note_closes(node, false, effects);
                state.event_came(node);
            }
        });
    }
}

impl Drop for Close {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Future for Close {
    type Output = CloseReport;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<CloseReport> {
        let this = &mut *self;
        let quiet = this.is_quiet(context.waker());
        if !quiet && !this.timeout.is_zero() {
            let timeout = this.timeout;
            let sleep = this.sleep.get_or_insert_with(|| Box::pin(timer(timeout)));
            if sleep.as_mut().poll(context).is_pending() {
                mark_waiting();
                this.bus.core.free_runtime(context.waker());
                return Poll::Pending;
            }
        }
        this.forget();
        let core = &this.bus.core;
        let (left, unread) = take_stock(core, node(core));
        Poll::Ready(CloseReport {
            left,
            unread,
            open_pairs: this.bus.open_pairs(),
            not_recorded: not_recorded(core),
        })
    }
}

#[expect(clippy::expect_used, reason = "documented")]
fn timer(timeout: Duration) -> Sleep {
    try_sleep(timeout).expect(
        "handlers or the store have work left, and waiting for them needs a tokio runtime with timers: await `close` inside one that was \
         built with `.enable_time()`, or close with a timeout of zero",
    )
}

/// Reports what is left, and drops what waits for a handler in the same turn of the lock: the
/// dropped events are the reported ones.
fn take_stock(core: &Arc<Core>, here: Option<Node>) -> (Vec<Left>, Vec<Left>) {
    let (mut left, mut unread) = (Vec::new(), Vec::new());
    let (mut from, mut more) = (0, true);
    while more {
        core.step(|state, effects| {
            let (keys, rest) = state.subscriptions.window_keys(from, WINDOW);
            (more, from) = (rest, from + WINDOW);
            for key in keys {
                take_stock_of(state, core.run, key, here, &mut left, &mut unread, effects);
            }
        });
    }
    left.sort_by_key(|left: &Left| left.id);
    unread.sort_by_key(|left: &Left| left.id);
    (left, unread)
}

/// How many events are not in the store.
fn not_recorded(core: &Core) -> u64 {
    let state = core.lock();
    state.records.as_deref().map_or(0, |records| records.counts.not_recorded + records.backlog().0)
}

fn take_stock_of(
    state: &mut State,
    run: u64,
    key: Key,
    here: Option<Node>,
    left: &mut Vec<Left>,
    unread: &mut Vec<Left>,
    effects: &mut Effects,
) {
    let Some(found) = state.subscriptions.get(key) else { return };
    let is_stream = matches!(found.receiver, Receiver::Stream(_));
    let (running, waiting) =
        if is_stream { (0, state.waiting_for_reader(key).0) } else { state.work_of(key, here) };
    let newest = state.next_seq - 1;
    let Some(Subscription { info, life, catch_up, .. }) = state.subscriptions.get(key) else { return };
    if running + waiting == 0 && !is_stream && catch_up.as_ref().is_some_and(|past| past.is_done(run, newest))
    {
        state.end(key, effects);
        return;
    }
    // A handler that still reads history has not begun with the events of the past.
    if running + waiting == 0 && (is_stream || *life != Life::Replaying) {
        return;
    }
    let entry = Left { id: info.id, name: info.name.to_string(), running, waiting };
    if is_stream {
        unread.push(entry);
    } else {
        left.push(entry);
        state.end(key, effects);
    }
}
