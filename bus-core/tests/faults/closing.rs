//! `close` reports drained: no handler runs afterwards, even one that still reads the history.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use bus_core::{EventBus, EventId};

use crate::common::{poll_once, trial};
use crate::events::{FaultsEmit, Ping};

/// A handler that begins with five events of the past. Its filter stops at the first of them.
struct Replay {
    go: mpsc::Sender<()>,
    handled: Arc<AtomicU64>,
    closed: Arc<AtomicBool>,
    handled_after_close: Arc<AtomicU64>,
    subscribing: JoinHandle<()>,
}

async fn replay(bus: &EventBus, is_async: bool) -> Replay {
    let mut first: Option<EventId> = None;
    for n in 0..6 {
        let receipt = bus.stream("agent").emit_ping(n).await;
        first = first.or(receipt.id());
    }
    let ((go, gone), (asked, is_asked)) = (mpsc::channel::<()>(), mpsc::channel());
    let (handled, after) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let closed = Arc::new(AtomicBool::new(false));
    let gone = std::sync::Mutex::new(gone);
    let filter = move |n: u64| {
        if n == 1 {
            asked.send(()).unwrap();
            gone.lock().unwrap().recv().unwrap();
        }
        true
    };
    let (count, late, is_closed) = (Arc::clone(&handled), Arc::clone(&after), Arc::clone(&closed));
    let handle = move || {
        count.fetch_add(1, Ordering::SeqCst);
        late.fetch_add(u64::from(is_closed.load(Ordering::SeqCst)), Ordering::SeqCst);
    };
    let (inner, runtime) = (bus.clone(), tokio::runtime::Handle::current());
    let subscribing = std::thread::spawn(move || {
        let _runtime = runtime.enter();
        let subscribe = inner.subscribe::<Ping>().name("replays").since(first.unwrap());
        let subscribe = subscribe.filter(move |event| filter(event.n));
        let guard = if is_async {
            subscribe.try_handle(move |_| {
                handle();
                async {}
            })
        } else {
            subscribe.try_handle_sync(move |_| handle())
        };
        // A bus that is closed meanwhile may refuse it, or have ended it.
        drop(guard.map(bus_core::Subscription::detach));
    });
    while is_asked.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
    Replay { go, handled, closed, handled_after_close: after, subscribing }
}

#[test]
fn close_waits_for_a_handler_that_still_reads_the_history() {
    for is_async in [false, true] {
        trial().run(async move |bus, stand| {
            stand.at(format!("async {is_async}"));
            let replay = replay(&bus, is_async).await;
            let early = poll_once(bus.close(Duration::from_hours(1)));
            let reported_early = early.is_ready();
            replay.go.send(()).unwrap();
            replay.subscribing.join().unwrap();
            let report = bus.close(Duration::from_hours(1)).await;
            assert!(
                !reported_early,
                "close reported `drained` while a handler had 5 events of the past to handle; it handled {} later",
                replay.handled.load(Ordering::SeqCst)
            );
            assert!(report.is_drained(), "{report}");
            assert_eq!(replay.handled.load(Ordering::SeqCst), 5, "it handles what it subscribed to");
        });
    }
}

#[test]
fn no_handler_begins_after_close_has_returned() {
    for is_async in [false, true] {
        trial().run(async move |bus, stand| {
            stand.at(format!("async {is_async}"));
            let replay = replay(&bus, is_async).await;
            let report = bus.close(Duration::ZERO).await;
            replay.closed.store(true, Ordering::SeqCst);
            replay.go.send(()).unwrap();
            replay.subscribing.join().unwrap();
            crate::common::settle().await;
            let late = replay.handled_after_close.load(Ordering::SeqCst);
            assert_eq!(late, 0, "close reported `{report}`, and then a handler handled {late} events");
            let left: Vec<_> = report.left.iter().map(|left| left.name.as_str()).collect();
            assert_eq!(left, ["replays"], "its events are reported as left");
        });
    }
}
