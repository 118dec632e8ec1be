//! Publishing against every other operation: one order, one step, receipts, capacity, permits, wait
//! cycles.

use std::sync::{Arc, Mutex};

use bus_core::{Event, EventId};
use bus_model::Step;
use loom::future::block_on;
use loom::thread::spawn;

use super::{accounts, bus, explore, recorder, send};

#[test]
fn publishers_agree_on_one_order() {
    explore("publish and publish", || {
        let bus = bus();
        let seen = recorder(&bus);
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 1))
        });
        drop(send(&bus, 2));
        other.join().unwrap();
        assert_eq!(*seen.lock().unwrap(), [1, 2]);
        let kept: Vec<_> = bus.history().oldest_first().collect().iter().map(Event::seq).collect();
        assert_eq!(kept, [1, 2]);
        accounts(&bus);
    });
}

#[test]
fn a_subscription_that_looks_back_misses_nothing() {
    explore("publish and subscribe", || {
        let bus = bus();
        let first = send(&bus, 1).receipt().id().unwrap();
        let before: EventId = first.to_string().replace("-1", "-0").parse().unwrap();
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 2))
        });
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let handler = move |event: &Event<Step>| kept.lock().unwrap().push(event.seq());
        bus.subscribe::<Step>().since(before).handle_sync(handler).detach();
        other.join().unwrap();
        assert_eq!(*seen.lock().unwrap(), [1, 2]);
        accounts(&bus);
    });
}

#[test]
fn waiting_events_at_the_end_of_a_subscription_are_counted() {
    explore("publish and unsubscribe", || {
        let bus = bus();
        let held = Arc::new(());
        let kept = Arc::clone(&held);
        let guard = bus.subscribe::<Step>().handle_sync(move |_| drop(Arc::clone(&kept)));
        let others = [1, 2].map(|n| {
            let bus = bus.clone();
            spawn(move || drop(send(&bus, n)))
        });
        drop(guard);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(Arc::strong_count(&held), 1, "the handler is freed");
        assert!(bus.stats().subscriptions.is_empty());
        accounts(&bus);
    });
}

#[test]
fn nothing_is_published_after_close() {
    explore("publish and close", || {
        let bus = bus();
        let seen = recorder(&bus);
        let other = spawn({
            let bus = bus.clone();
            move || send(&bus, 1).receipt().refused().is_none()
        });
        drop(bus.close(std::time::Duration::ZERO));
        let published = bus.stats().published_total;
        let accepted = other.join().unwrap();
        assert_eq!(bus.stats().published_total, published);
        assert_eq!(published, u64::from(accepted));
        assert_eq!(seen.lock().unwrap().len() as u64, published);
        accounts(&bus);
    });
}

#[test]
fn a_receipt_is_completed() {
    explore("receipt and delivery", || {
        let bus = bus();
        let _seen = recorder(&bus);
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 1))
        });
        let receipt = block_on(send(&bus, 2).finished());
        assert_eq!(receipt.handled(), 1);
        other.join().unwrap();
        accounts(&bus);
    });
}

#[test]
fn a_dropped_receipt_is_freed() {
    explore("receipt and drop", || {
        let bus = bus();
        let seen = recorder(&bus);
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 1).finished())
        });
        drop(send(&bus, 2).finished());
        other.join().unwrap();
        assert_eq!(*seen.lock().unwrap(), [1, 2]);
        accounts(&bus);
    });
}

#[test]
fn a_publisher_that_waits_for_capacity_goes_on() {
    explore("capacity", || {
        let bus = bus();
        bus.subscribe::<Step>().capacity(1).handle_sync(|_| loom::thread::yield_now()).detach();
        let others = [1, 2].map(|n| {
            let bus = bus.clone();
            spawn(move || drop(send(&bus, n)))
        });
        drop(send(&bus, 3));
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(bus.stats().subscriptions[0].counts.handled, 3);
        accounts(&bus);
    });
}

#[test]
fn a_permit_is_passed_on() {
    explore("two async handlers, one permit", || {
        let bus = bus();
        for _ in 0..2 {
            bus.subscribe::<Step>().handle(|_| std::future::ready(())).detach();
        }
        let receipt = block_on(send(&bus, 1).finished());
        assert_eq!(receipt.handled(), 2);
        accounts(&bus);
    });
}

#[test]
fn a_ring_is_deferred() {
    explore("ring", || {
        let bus = bus();
        let emitter = bus.stream("desk");
        let handler = move |event: Event<Step>| {
            let emitter = emitter.clone();
            async move {
                if event.hops > 0 {
                    let receipt = emitter.emit(Step::new(event.n, 0)).await;
                    assert_eq!(receipt.deferred(), 1);
                }
            }
        };
        // The handler holds the bus: it ends with its guard, and with it its task, which loom would
        // miss.
        let _guard = bus.subscribe::<Step>().handle(handler);
        let receipt = block_on(bus.stream("desk").emit(Step::new(1, 1)));
        assert_eq!(receipt.handled(), 1);
        accounts(&bus);
    });
}

#[test]
fn a_task_takes_the_next_event() {
    explore("a task between events", || {
        let bus = bus();
        let guard = bus.subscribe::<Step>().handle(|_| std::future::ready(()));
        for n in [1, 2] {
            assert_eq!(block_on(send(&bus, n).finished()).handled(), 1);
        }
        // Its end meets the task while it runs, while it parks, or when it is parked.
        let last = send(&bus, 3);
        drop(guard);
        drop(last);
        accounts(&bus);
    });
}
