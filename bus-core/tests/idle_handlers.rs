//! Async handlers that are all idle are claimed together: nobody sees a difference.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;

use bus_core::{AgentEvent, BoxError, Event, EventBus, Subscription};
use common::{Notes, check_accounts, settle, trial};
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
enum Step {
    Stepped { n: u64 },
}

/// Three handlers, of which the second one calls a closure at the fourth event.
fn three(bus: &EventBus, meanwhile: impl Fn(&EventBus) + Send + Sync + 'static) -> [Subscription; 3] {
    let (inner, meanwhile) = (bus.clone(), Arc::new(meanwhile));
    [
        bus.subscribe::<Stepped>().name("first").handle(async |_: Event<Stepped>| {}),
        bus.subscribe::<Stepped>().name("second").handle(move |event: Event<Stepped>| {
            let (bus, meanwhile) = (inner.clone(), Arc::clone(&meanwhile));
            async move {
                if event.n == 4 {
                    meanwhile(&bus);
                }
            }
        }),
        bus.subscribe::<Stepped>().name("third").handle(async |_: Event<Stepped>| {}),
    ]
}

async fn steps(bus: &EventBus, from: u64, to: u64) {
    for n in from..=to {
        let receipt = bus.stream("desk").emit_stepped(n).await;
        assert_eq!((receipt.reached(), receipt.handled()), (3, 3), "{n}");
    }
}

#[test]
fn a_snapshot_from_inside_shows_the_event_at_work_in_each() {
    trial().run(async |bus, _| {
        let looks = Notes::<(u64, u64, usize)>::new();
        let notes = looks.clone();
        let _guards = three(&bus, move |bus| {
            let stats = bus.stats();
            check_accounts(&stats);
            for row in &stats.subscriptions {
                notes.add((row.counts.matched, row.counts.handled, row.running));
            }
        });
        steps(&bus, 1, 6).await;
        assert_eq!(looks.all(), [(4, 3, 1); 3]);
        assert!(bus.stats().subscriptions.iter().all(|row| (row.counts.handled, row.running) == (6, 0)));
    });
}

#[test]
fn an_event_published_from_inside_waits_for_each() {
    trial().run(async |bus, _| {
        let seen = Notes::<(usize, usize)>::new();
        let notes = seen.clone();
        let _guards = three(&bus, move |bus| {
            let sent = bus.stream("desk").emit_stepped(40_u64).send();
            notes.add((sent.receipt().reached(), sent.receipt().handled()));
        });
        steps(&bus, 1, 5).await;
        settle().await;
        assert_eq!(seen.all(), [(3, 0)]);
        assert!(bus.stats().subscriptions.iter().all(|row| row.counts.handled == 6));
    });
}

#[test]
fn one_that_ends_meanwhile_gets_no_further_event() {
    trial().run(async |bus, _| {
        let guards = Arc::new(std::sync::Mutex::new(None::<[Subscription; 3]>));
        let inner = Arc::clone(&guards);
        *guards.lock().unwrap() = Some(three(&bus, move |_| drop(inner.lock().unwrap().take())));
        steps(&bus, 1, 3).await;
        // An event that a publish has claimed is finished.
        let receipt = bus.stream("desk").emit_stepped(4_u64).await;
        assert_eq!((receipt.reached(), receipt.handled()), (3, 3));
        assert_eq!(bus.stream("desk").emit_stepped(5_u64).await.reached(), 0);
        assert_eq!((bus.stats().subscriptions.len(), bus.stats().ended.handled), (0, 12));
    });
}

#[test]
fn one_that_waits_or_fails_does_not_hold_up_the_others() {
    trial().run(async |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        let inner = Arc::clone(&gate);
        let _slow = bus.subscribe::<Stepped>().name("slow").handle(move |event: Event<Stepped>| {
            let gate = Arc::clone(&inner);
            async move {
                match event.n {
                    3 => gate.acquire().await.unwrap().forget(),
                    6 => return Err::<(), BoxError>("six".into()),
                    _ => {}
                }
                Ok(())
            }
        });
        let seen = Notes::<u64>::new();
        let notes = seen.clone();
        let _quick = bus.subscribe::<Stepped>().handle(move |event: Event<Stepped>| {
            notes.add(event.n);
            async {}
        });
        for n in 1..=7_u64 {
            let sent = bus.stream("desk").emit_stepped(n);
            match n {
                3..=4 => drop(sent.send()),
                6 => assert_eq!(sent.await.problems().len(), 1),
                _ => assert_eq!(sent.await.handled(), 2),
            }
            if n == 4 {
                settle().await;
                let slow = bus.stats().subscription("slow").unwrap().clone();
                assert_eq!((slow.running, slow.waiting), (1, 1));
                gate.add_permits(1);
            }
        }
        assert_eq!(seen.all(), [1, 2, 3, 4, 5, 6, 7]);
        let slow = bus.stats().subscription("slow").unwrap().counts;
        assert_eq!((slow.matched, slow.handled, slow.failed), (7, 6, 1));
    });
}
