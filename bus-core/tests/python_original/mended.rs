//! What the original gets wrong, found by running it, and what must not come back.

use std::future::pending;
use std::marker::PhantomData;
use std::ops::DerefMut;
use std::time::{Duration, Instant};

use bus_core::{Event, EventBus, Outcome, WaitError};

use crate::common::{Notes, block_on, check_accounts, poll_once, trial, watch};
use crate::*;

#[test]
fn ten_handlers_that_each_publish_and_wait_are_done() {
    // There: each holds one of ten places and waits for another one.
    trial().run(async |bus, stand| {
        for n in 0..10 {
            let desk = bus.stream("desk").execution(format!("run-{n}"));
            let handler = move |_: Event<Ticked>| {
                let desk = desk.clone();
                async move { assert_eq!(desk.emit_execution_started().await.handled(), 1) }
            };
            bus.subscribe::<Ticked>().handle(handler).detach();
        }
        let handler = async |_: Event<ExecutionStarted>| tokio::task::yield_now().await;
        bus.subscribe::<ExecutionStarted>().name("inner").handle(handler).detach();
        stand.at("ten publish and wait");
        assert_eq!(bus.stream("desk").emit_ticked(0_u64).await.handled(), 10);
        assert_eq!(bus.stats().subscription("inner").unwrap().counts.handled, 10);
    });
}

#[test]
fn a_timeout_of_zero_does_not_wait() {
    // There: zero is "no timeout".
    let bus = EventBus::new();
    let wait = bus.wait_for::<Ticked>().timeout(Duration::ZERO);
    assert!(matches!(poll_once(wait), std::task::Poll::Ready(Err(WaitError::TimedOut))));
}

#[test]
fn an_event_between_emit_and_wait_is_not_missed() {
    trial().run(async |bus, stand| {
        let desk = bus.stream("desk");
        // The wait begins when it is made, not when it is awaited.
        let answer = bus.wait_for::<Ticked>();
        desk.emit_ticked(1_u64).await;
        assert_eq!(answer.await.unwrap().n, 1);
        // Or it looks back.
        let asked = desk.emit_ticked(2_u64).await.id().unwrap();
        desk.emit_ticked(3_u64).await;
        stand.at("looking back");
        assert_eq!(bus.subscribe::<Ticked>().since(asked).first().await.unwrap().n, 3);
    });
}

#[test]
fn of_two_events_the_waiter_gets_the_first() {
    trial().run(async |bus, _| {
        let first = bus.wait_for::<Ticked>();
        bus.stream("desk").emit_ticked(1_u64).await;
        bus.stream("desk").emit_ticked(2_u64).await;
        assert_eq!(first.await.unwrap().n, 1);
    });
}

#[test]
fn a_hung_handler_does_not_hang_the_publisher() {
    trial().paused().run(async |bus, stand| {
        let hung = async |_: Event<Ticked>| pending::<()>().await;
        let _hung = bus.subscribe::<Ticked>().name("hung").timeout(Duration::from_secs(5)).handle(hung);
        let heard = Notes::<u64>::new();
        let notes = heard.clone();
        let _other = bus.subscribe::<Ticked>().handle_sync(move |event| notes.add(event.n));
        // Whoever does not want to wait does not.
        let sent = bus.stream("desk").emit_ticked(1_u64).send();
        assert_eq!(heard.all(), [1]);
        // Whoever waits is told after the timeout who hung.
        stand.at("until the timeout");
        let receipt = bus.stream("desk").emit_ticked(2_u64).await;
        let problem = &receipt.problems()[0];
        assert_eq!((problem.name(), problem.outcome()), ("hung", &Outcome::TimedOut));
        assert_eq!((receipt.handled(), sent.finished().await.handled()), (1, 1));
        assert_eq!(heard.all(), [1, 2]);
    });
}

#[test]
fn concurrent_publishers_reach_one_handler_in_order() {
    trial().run(async |bus, _| {
        let seqs = Notes::<u64>::new();
        let notes = seqs.clone();
        let handler = move |event: Event<Ticked>| {
            let notes = notes.clone();
            async move {
                tokio::task::yield_now().await;
                notes.add(event.seq());
            }
        };
        let _guard = bus.subscribe::<Ticked>().handle(handler);
        let desk = bus.stream("desk");
        let publishers: Vec<_> = (0..4)
            .map(|_| {
                let desk = desk.clone();
                std::thread::spawn(move || (0..200).for_each(|n| drop(desk.emit_ticked(n).send())))
            })
            .collect();
        for thread in publishers {
            thread.join().unwrap();
        }
        assert!(bus.close(Duration::from_secs(20)).await.is_drained());
        assert_eq!(seqs.all(), (1..=800).collect::<Vec<_>>());
    });
}

/// Whether a value of this type lends its inside to be changed: the inherent function is there only where it does, and is taken before the trait's.
struct Lends<T>(PhantomData<T>);

trait LendsNot {
    fn lends() -> bool {
        false
    }
}

impl<T> LendsNot for Lends<T> {}

impl<T: DerefMut> Lends<T> {
    fn lends() -> bool {
        true
    }
}

#[test]
fn a_handler_cannot_change_the_event_for_the_next_handler_and_for_history() {
    assert!(Lends::<Box<u8>>::lends(), "the probe works");
    assert!(!Lends::<Event<ExecutionCompleted>>::lends());
    trial().run(async |bus, _| {
        let seen = Notes::<String>::new();
        let notes = seen.clone();
        let _changes = bus.subscribe::<ExecutionCompleted>().handle_sync(|event| {
            // What it can change is a copy of its own.
            let mut own = (**event).clone();
            own.answer.push_str(", or so");
            drop(own);
        });
        let _next =
            bus.subscribe::<ExecutionCompleted>().handle_sync(move |event| notes.add(event.answer.clone()));
        bus.stream("desk").execution("run-1").emit_execution_completed("42").await;
        assert_eq!(seen.all(), ["42"]);
        assert_eq!(bus.history().typed::<ExecutionCompleted>()[0].answer, "42");
    });
}

#[test]
fn three_thousand_tokens_leave_the_lifecycle_in_history() {
    trial().run(async |bus, _| {
        let run = bus.stream("desk").execution("run-1").node("writer");
        run.emit_execution_started().await;
        for n in 0..3_000 {
            run.emit_llm_text_delta(format!("token {n}")).await;
        }
        run.emit_execution_completed("done").await;
        let held = bus.history().kinds(["execution_started", "execution_completed"]).oldest_first().collect();
        assert_eq!(held.iter().map(Event::seq).collect::<Vec<_>>(), [1, 3_002]);
    });
}

#[test]
fn two_event_loops_on_one_bus_lose_no_handler_run() {
    const EACH: u64 = 200;
    let bus = EventBus::new();
    let outer = bus.clone();
    watch(Some(&outer), move |_| {
        let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (here, there) = (runtime(), runtime());
        for (name, runtime) in [("here", &here), ("there", &there)] {
            let _inside = runtime.enter();
            let handler = async |_: Event<Ticked>| tokio::task::yield_now().await;
            bus.subscribe::<Ticked>().name(name).handle(handler).detach();
        }
        let publish = async |desk: bus_core::Emitter| {
            for n in 0..EACH {
                assert_eq!(desk.emit_ticked(n).await.handled(), 2);
            }
        };
        let publishers = [&here, &there].map(|runtime| runtime.spawn(publish(bus.stream("desk"))));
        for publisher in publishers {
            block_on(publisher).unwrap();
        }
        for name in ["here", "there"] {
            assert_eq!(bus.stats().subscription(name).unwrap().counts.handled, 2 * EACH);
        }
        check_accounts(&bus.stats());
    });
}

#[test]
fn an_empty_filter_asks_for_the_empty_name() {
    trial().run(async |bus, _| {
        let mut unnamed = bus.subscribe::<Ticked>().stream("").into_stream();
        let mut no_run = bus.subscribe::<Ticked>().execution("").into_stream();
        bus.stream("desk").emit_ticked(1_u64).await;
        bus.stream("").execution("run-1").emit_ticked(2_u64).await;
        bus.stream("desk").execution("").emit_ticked(3_u64).await;
        assert_eq!((unnamed.try_recv().unwrap().unwrap().n, unnamed.try_recv().is_none()), (2, true));
        assert_eq!((no_run.try_recv().unwrap().unwrap().n, no_run.try_recv().is_none()), (3, true));
        assert_eq!(bus.history().stream("").collect().len(), 1);
        assert_eq!(bus.history().execution("").collect().len(), 1);
        assert_eq!(bus.history().node("").collect().len(), 0);
    });
}

#[test]
fn a_publish_over_a_full_history_does_not_copy_it() {
    // Copying the 100,000 would cost hundreds of times what a publish costs.
    let over = |full: usize| {
        let bus = EventBus::builder().history(full).build().unwrap();
        let desk = bus.stream("desk");
        (0..full as u64).for_each(|n| drop(desk.emit_ticked(n).send()));
        let batch = |_| {
            let began = Instant::now();
            (0..50).for_each(|n| drop(desk.emit_ticked(n).send()));
            began.elapsed()
        };
        // The fastest of many: what else this machine does disturbs some of them, not all.
        (0..40).map(batch).min().unwrap()
    };
    let (short, long) = (over(10), over(100_000));
    assert!(long < short * 20, "50 events over a history of 10 took {short:?}, over one of 100,000 {long:?}");
}
