//! Handlers that end at odd moments: their accounts, their memory and their closures.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::{Event, EventBus, Subscription};

use crate::common::{Notes, all_done, settle, trial, watch_apart};
use crate::events::{Ping, Pong, ReviewedEmit, ping};

type Guard = Arc<Mutex<Option<Subscription>>>;

/// Subscribes inside the filter of another one that a publish is just asking, twice over, so that
/// the last one is asked when its event is taken up. It then ends itself and rejects the event.
fn end_in_late_filter(bus: &EventBus, is_async: bool) -> Guard {
    let (first, second, third) = (bus.clone(), bus.clone(), Guard::default());
    let (late, kept) = (Arc::clone(&third), Arc::<Mutex<Vec<Subscription>>>::default());
    let inner = Arc::clone(&kept);
    let outermost = bus.subscribe::<Ping>().name("one").filter(move |_| {
        if inner.lock().unwrap().is_empty() {
            let (bus, late, asked) = (second.clone(), Arc::clone(&late), Mutex::new(false));
            let guard = first.subscribe::<Ping>().name("two").filter(move |_| {
                if !std::mem::replace(&mut *asked.lock().unwrap(), true) {
                    let own = Arc::clone(&late);
                    let subscribe = bus.subscribe::<Ping>().name("three").filter(move |_| {
                        let guard = own.lock().unwrap().take();
                        drop(guard);
                        false
                    });
                    let guard = if is_async {
                        subscribe.handle(async |_: Event<Ping>| {})
                    } else {
                        subscribe.handle_sync(|_| {})
                    };
                    *late.lock().unwrap() = Some(guard);
                }
                true
            });
            inner.lock().unwrap().push(guard.handle_sync(|_| {}));
        }
        true
    });
    let outermost = outermost.handle_sync(|_| {});
    kept.lock().unwrap().push(outermost);
    // They go on for as long as the bus.
    kept.lock().unwrap().drain(..).for_each(|guard| {
        guard.detach();
    });
    third
}

#[test]
fn a_handler_that_ends_while_its_filter_rejects_an_event_leaves_nothing_behind() {
    for is_async in [false, true] {
        trial().run(async move |bus, stand| {
            stand.at(format!("async: {is_async}"));
            let third = end_in_late_filter(&bus, is_async);
            bus.stream("agent").emit_ping(1_u64).await;
            settle().await;
            assert!(third.lock().unwrap().is_none(), "the last filter was asked");
            let stats = bus.stats();
            assert!(stats.subscription("three").is_none(), "it has ended: {stats:?}");
            assert_eq!(stats.ended.matched, 0, "its filter rejected the only event: {:?}", stats.ended);
            all_done(&bus).await;
        });
    }
}

/// Its event waits for a permit that a handler holds for ever.
#[test]
fn an_event_of_a_handler_that_ended_does_not_wait_for_a_permit() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, stand| {
        let _holds = bus.subscribe::<Ping>().handle(|_: Event<Ping>| std::future::pending::<()>());
        ping(&bus, 1);
        settle().await;
        let waits = bus.subscribe::<Pong>().name("waits").handle(async |_: Event<Pong>| {});
        let emit = tokio::spawn(bus.stream("agent").emit_pong(1_u64).into_future());
        settle().await;
        drop(waits);
        stand.at("waiting for the emit whose only handler has ended");
        let receipt = emit.await.unwrap();
        assert_eq!(receipt.problems().len(), 1, "{receipt:?}");
        assert_eq!(bus.stats().ended.dropped, 1);
    });
}

/// A wait that was given up is no wait.
#[test]
fn a_handler_that_gave_up_a_wait_is_waited_for_again() {
    for is_async in [false, true] {
        trial().apart().paused().run(async move |bus, stand| {
            stand.at(format!("async: {is_async}"));
            let (waits, go) = (bus.clone(), Arc::new(tokio::sync::Notify::new()));
            let own = Arc::clone(&go);
            let _guard = bus.subscribe::<Ping>().handle(move |event| {
                let (bus, go) = (waits.clone(), Arc::clone(&own));
                async move {
                    if event.n == 2 {
                        return;
                    }
                    if is_async {
                        tokio::select! {
                            biased;
                            _ = bus.wait_for::<Pong>() => {}
                            () = std::future::ready(()) => {}
                        }
                    } else {
                        let wait = bus.wait_for::<Pong>();
                        let _ = crate::common::poll_once(wait);
                    }
                    go.notified().await;
                }
            });
            ping(&bus, 1);
            settle().await;
            let emit = tokio::spawn(bus.stream("agent").emit_ping(2_u64).into_future());
            settle().await;
            go.notify_one();
            let receipt = emit.await.unwrap();
            assert_eq!((receipt.deferred(), receipt.handled()), (0, 1), "{receipt:?}");
        });
    }
}

/// The same for a handler on the stack of a thread.
#[test]
fn a_sync_handler_that_gave_up_a_wait_is_waited_for_again() {
    watch_apart(None, |stand| {
        let bus = EventBus::new();
        let (waits, (go, gone), (at, is_at)) =
            (bus.clone(), std::sync::mpsc::channel(), std::sync::mpsc::channel());
        let _guard = bus.subscribe::<Ping>().handle_sync(move |event| {
            if event.n == 1 {
                let _ = crate::common::poll_once(waits.wait_for::<Pong>());
                at.send(()).unwrap();
                gone.recv().unwrap();
            }
        });
        let sends = bus.clone();
        let thread = std::thread::spawn(move || ping(&sends, 1));
        is_at.recv().unwrap();
        let mut emit = Box::pin(bus.stream("agent").emit_ping(2_u64).into_future());
        let early = crate::common::poll_once(emit.as_mut());
        go.send(()).unwrap();
        thread.join().unwrap();
        assert!(early.is_pending(), "the handler does not wait for anything: {early:?}");
        stand.at("the second event");
        let receipt = crate::common::block_on(emit);
        assert_eq!((receipt.deferred(), receipt.handled()), (0, 1), "{receipt:?}");
    });
}

#[test]
fn the_drop_of_a_future_that_timed_out_goes_on_with_the_chain_of_its_event() {
    struct Again(EventBus);
    impl Drop for Again {
        fn drop(&mut self) {
            ping(&self.0, 2);
        }
    }
    trial().paused().with(|bus| bus.chain_limit(5)).run(async |bus, _| {
        let (own, calls) = (bus.clone(), Notes::<u64>::new());
        let notes = calls.clone();
        let _guard = bus.subscribe::<Ping>().timeout(Duration::from_millis(1)).handle(move |event| {
            let (bus, notes) = (own.clone(), notes.clone());
            async move {
                notes.add(event.n);
                let _again = (notes.all().len() < 50).then(|| Again(bus));
                std::future::pending::<()>().await;
            }
        });
        ping(&bus, 1);
        // Time is paused: the sleep ends when nothing else happens before.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(
            calls.all().len() <= 6,
            "a chain of 5 at most, and it was called {} times",
            calls.all().len()
        );
    });
}

/// Names of kinds come from outside: whoever subscribes to one and sends one event of it must not
/// take memory for ever.
#[test]
fn kinds_that_were_subscribed_to_and_published_once_are_bounded() {
    watch_apart(None, |_| {
        let bus = EventBus::builder().history(0).build().unwrap();
        for n in 0..6_000 {
            let kind = format!("vendor_{n}");
            let guard = bus.subscribe_any().kinds([&kind]).handle_sync(|_| {});
            let sent = bus.stream("agent").emit_dynamic(kind, serde_json::json!({})).send();
            assert_eq!(sent.receipt().handled(), 1);
            drop(guard);
        }
        let stats = bus.stats();
        assert_eq!(stats.published.values().sum::<u64>(), 6_000);
        assert!(stats.published.len() <= 4_097, "{} kinds are kept", stats.published.len());
    });
}

/// Each filter makes the next one, so that the third is made when nobody is asked any more.
fn next(bus: &EventBus, made: &Arc<Mutex<u32>>, notes: &Notes) {
    let (own, count, asked) = (bus.clone(), Arc::clone(made), notes.clone());
    let depth = *made.lock().unwrap();
    let guard = bus.subscribe::<Ping>().filter(move |event| {
        asked.add(format!("{depth} about {}", event.kind()));
        let is_newest = *count.lock().unwrap() == depth;
        if is_newest && depth < 2 {
            *count.lock().unwrap() += 1;
            next(&own, &count, &asked);
        }
        true
    });
    guard.handle_sync(|_| {}).detach();
}

/// A filter that was made while others were asked is asked about its event, and about no other.
#[test]
fn a_filter_that_is_asked_late_is_not_asked_again_by_later_events() {
    trial().run(async |bus, _| {
        let (first, asked) = (bus.clone(), Notes::<String>::new());
        let (made, notes) = (Arc::new(Mutex::new(0)), asked.clone());
        let _others = [(); 3].map(|()| bus.subscribe::<Ping>().handle_sync(|_| {}));
        let _pongs = [1, 2, 3].map(|capacity| bus.subscribe::<Pong>().capacity(capacity).handle_sync(|_| {}));
        next(&first, &made, &notes);
        bus.stream("agent").emit_ping(1_u64).await;
        assert_eq!(asked.all(), ["0 about ping", "1 about ping", "2 about ping"]);
        bus.stream("agent").emit_pong(1_u64).await;
        assert_eq!(asked.all().len(), 3, "{:?}", asked.all());
    });
}
