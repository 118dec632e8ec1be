//! A handler that waits for a permit gets it from a handler that ends, together with its task.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use bus_core::{AgentEvent, Event, EventBus};
use common::{Notes, settle, threaded, trial};
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
enum Load {
    Work { n: u64 },
}

/// A handler that yields on the first event, and waits at a gate on every later one. It takes no
/// event after the second.
fn gated(bus: &EventBus) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    let inner = Arc::clone(&gate);
    let handler = move |event: Event<Work>| {
        let gate = Arc::clone(&inner);
        async move {
            match event.n {
                0 => tokio::task::yield_now().await,
                _ => gate.acquire().await.unwrap().forget(),
            }
        }
    };
    bus.subscribe::<Work>().filter(|event| event.n < 2).handle(handler).detach();
    gate
}

#[test]
fn a_handler_goes_on_while_another_has_its_task() {
    trial().with(|bus| bus.max_concurrent_handlers(2)).run(async |bus, steps| {
        let quick = async |_: Event<Work>| tokio::task::yield_now().await;
        bus.subscribe::<Work>().filter(|_| true).handle(quick).detach();
        let (first, last) = (gated(&bus), gated(&bus));
        let desk = bus.stream("desk");
        steps.at("each of them gets a task");
        assert_eq!(desk.emit_work(0_u64).await.handled(), 3);
        steps.at("the last one takes over from the quick one");
        let awaited = tokio::spawn(desk.emit_work(1_u64));
        settle().await;
        first.add_permits(1);
        settle().await;
        steps.at("the quick one goes on by itself");
        assert_eq!(desk.emit_work(2_u64).await.handled(), 1);
        last.add_permits(1);
        assert_eq!(awaited.await.unwrap().handled(), 3);
    });
}

#[test]
fn a_wait_for_a_permit_ends_with_its_runtime() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, steps| {
        let gone = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        {
            let _inside = gone.enter();
            let _gates = [(); 4].map(|()| gated(&bus));
        }
        let desk = bus.stream("desk");
        assert_eq!(desk.emit_work(0_u64).send().finished().await.handled(), 4);
        let stays = gated(&bus);
        let awaited = tokio::spawn(desk.emit_work(1_u64));
        settle().await;
        steps.at("shut down while the one that stays has the permit");
        gone.shutdown_background();
        while bus.stats().ended.dropped < 4 {
            tokio::task::yield_now().await;
        }
        stays.add_permits(1);
        let receipt = awaited.await.unwrap();
        assert_eq!((receipt.handled(), receipt.problems().len()), (1, 4));
    });
}

#[test]
fn a_wait_for_a_permit_ends_with_its_subscription_and_lets_others_run() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let done = Notes::<&str>::new();
        let guards = ["a", "b", "c"].map(|name| {
            let notes = done.clone();
            bus.subscribe::<Work>().handle(move |_: Event<Work>| {
                let notes = notes.clone();
                async move {
                    tokio::task::yield_now().await;
                    notes.add(name);
                }
            })
        });
        let desk = bus.stream("desk");
        assert_eq!(desk.emit_work(0_u64).await.handled(), 3);
        let sent = desk.emit_work(1_u64).send();
        let [_a, b, _c] = guards;
        drop(b);
        let receipt = sent.finished().await;
        assert_eq!((receipt.handled(), receipt.problems().len()), (2, 1));
        assert_eq!(done.all(), ["a", "b", "c", "a", "c"]);
    });
}

#[test]
fn handlers_of_two_runtimes_share_permits_and_stay_on_their_own_runtimes() {
    threaded(1).with(|bus| bus.max_concurrent_handlers(2)).run(async |bus, _| {
        let other =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let homes = [tokio::runtime::Handle::current(), other.handle().clone()];
        for at in 0..12 {
            let home = homes[at % 2].clone();
            let _inside = home.enter();
            let id = home.id();
            bus.subscribe::<Work>()
                .handle(move |_: Event<Work>| async move {
                    for _ in 0..at % 3 {
                        tokio::task::yield_now().await;
                        assert_eq!(tokio::runtime::Handle::current().id(), id);
                    }
                })
                .detach();
        }
        for n in 0..50 {
            assert_eq!(bus.stream("desk").emit_work(n).await.handled(), 12);
        }
        assert!(bus.close(Duration::from_mins(2)).await.is_drained());
        other.shutdown_background();
    });
}

#[test]
fn a_parked_task_without_a_permit_is_reported_as_waiting_at_close_and_never_begins() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let (gate, begun) = (Arc::new(Semaphore::new(0)), Notes::<(&str, u64)>::new());
        for name in ["first", "last"] {
            let (gate, notes) = (Arc::clone(&gate), begun.clone());
            let handler = move |event: Event<Work>| {
                let gate = Arc::clone(&gate);
                notes.add((name, event.n));
                async move {
                    tokio::task::yield_now().await;
                    if event.n > 0 {
                        gate.acquire().await.unwrap().forget();
                    }
                }
            };
            bus.subscribe::<Work>().name(name).handle(handler).detach();
        }
        let desk = bus.stream("desk");
        assert_eq!(desk.emit_work(0_u64).await.handled(), 2);
        let awaited = tokio::spawn(desk.emit_work(1_u64));
        settle().await;
        let report = bus.close(Duration::ZERO).await;
        let left: Vec<_> =
            report.left.iter().map(|left| (left.name.as_str(), left.running, left.waiting)).collect();
        assert_eq!(left, [("first", 1, 0), ("last", 0, 1)]);
        gate.add_permits(9);
        let receipt = awaited.await.unwrap();
        assert_eq!((receipt.handled(), receipt.problems().len()), (1, 1));
        assert_eq!(receipt.problems()[0].outcome(), &bus_core::Outcome::Dropped);
        assert_eq!(begun.all(), [("first", 0), ("last", 0), ("first", 1)]);
    });
}
