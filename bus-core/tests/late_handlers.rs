//! The time that a bus gives its async handlers: one that hangs is ended and harms no other.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::future::pending;
use std::time::Duration;

use bus_core::{AgentEvent, Event, EventBus, EventBusBuilder, Outcome};
use common::{Notes, block_on, log, threaded, trial, watch};

#[derive(AgentEvent)]
enum Late {
    Work {
        n: u64,
    },
    Inner {
        n: u64,
    },
    #[event(reply = u64)]
    Asked {
        n: u64,
    },
}

/// Handlers that hang are ended soon. The others of these tests return in their first poll, or wait
/// for one of those: so a busy machine makes none of them late.
const LIMIT: Duration = Duration::from_millis(30);

fn limited(bus: EventBusBuilder) -> EventBusBuilder {
    bus.handler_timeout(LIMIT)
}

async fn timed_out(bus: &EventBus, name: &str, count: u64) {
    while bus.stats().subscription(name).unwrap().counts.timed_out < count {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_handler_that_hangs_is_ended_and_reported_and_gives_its_permit_to_others() {
    log::collect();
    for (at, threads, slow_after) in [(0, 0, Duration::ZERO), (1, 2, Duration::ZERO), (2, 0, LIMIT * 4)] {
        let trial = if threads == 0 { trial() } else { threaded(threads) };
        let bus = move |bus| limited(bus).max_concurrent_handlers(1).slow_after(slow_after);
        trial.with(bus).run(async move |bus, steps| {
            let (name, seen) = (format!("hung-{at}"), Notes::<u64>::new());
            let hung = bus.subscribe::<Work>().name(&*name).handle(|_: Event<Work>| pending::<()>());
            let notes = seen.clone();
            let _well = bus.subscribe::<Work>().with(notes).handle(async |notes, event| notes.add(event.n));
            let desk = bus.stream("desk");
            for n in 1..=2 {
                steps.at("await an event");
                let receipt = desk.emit_work(n).await;
                assert_eq!((receipt.handled(), receipt.problems().len()), (1, 1));
                assert_eq!(receipt.problems()[0].name(), name);
                assert_eq!(*receipt.problems()[0].outcome(), Outcome::TimedOut);
            }
            steps.at("wait for what was sent, also behind another");
            for sent in [3, 4, 5].map(|n| desk.emit_work(n).send()) {
                assert_eq!(*sent.finished().await.problems()[0].outcome(), Outcome::TimedOut);
            }
            assert_eq!(seen.all(), [1, 2, 3, 4, 5]);
            let stats = bus.stats();
            let hangs = stats.subscription(&name).unwrap();
            assert_eq!((hangs.counts.timed_out, hangs.running, hangs.waiting), (5, 0, 0));
            steps.at("wait for a line of each, which is written after the publisher was woken");
            let words = ["ERROR", &name, "timeout of 30ms", ".handler_timeout(d)", "late_handlers.rs:"];
            while log::lines(&words).len() < 5 {
                tokio::task::yield_now().await;
            }
            steps.at("end the subscription while its handler hangs");
            let sent = desk.emit_work(6).send();
            drop(hung);
            let receipt = sent.finished().await;
            assert_eq!((receipt.handled(), receipt.problems().len()), (1, 1));
        });
    }
}

#[test]
fn a_subscription_may_have_no_limit() {
    trial().with(limited).run(async |bus, steps| {
        let _hung = bus.subscribe::<Work>().name("hung").handle(|_: Event<Work>| pending::<()>());
        let free = |limit: Option<Duration>| {
            let wanted = bus.subscribe::<Inner>().timeout(limit).with(bus.clone());
            wanted.handle(async |bus, _| timed_out(&bus, "hung", 2).await)
        };
        let _free = [free(None), free(Some(Duration::MAX))];
        let desk = bus.stream("desk");
        let sent = desk.emit_inner(1).send();
        steps.at("let others be ended meanwhile");
        desk.emit_work(1).await;
        desk.emit_work(2).await;
        assert_eq!(sent.finished().await.handled(), 2);
    });
}

#[test]
fn a_bus_may_have_no_limit_and_sixty_seconds_is_the_default() {
    assert!(format!("{:?}", EventBus::builder()).contains("handler_timeout: Some(60s)"));
    trial().with(|bus| bus.handler_timeout(None).slow_after(Duration::ZERO)).run(async |bus, _| {
        let other = limited(EventBus::builder()).build().unwrap();
        let _hung = other.subscribe::<Work>().name("hung").handle(|_: Event<Work>| pending::<()>());
        let waits = async |other: EventBus, _| timed_out(&other, "hung", 2).await;
        let _free = bus.subscribe::<Work>().with(other.clone()).handle(waits);
        let sent = bus.stream("desk").emit_work(1).send();
        other.stream("desk").emit_work(1).await;
        other.stream("desk").emit_work(2).await;
        assert_eq!(sent.finished().await.handled(), 1);
    });
    let error = EventBus::builder().handler_timeout(Duration::ZERO).build().unwrap_err().to_string();
    assert_eq!(error, "`handler_timeout` is 0: give handlers some time, or `None` for no limit");
}

#[test]
fn the_limit_of_the_bus_follows_real_time_and_that_of_a_subscription_the_clock_of_tokio() {
    trial().paused().run(async |bus, _| {
        // Over at once where time is paused.
        let day = async |_| tokio::time::sleep(Duration::from_hours(24)).await;
        let _of_bus = bus.subscribe::<Work>().handle(day);
        let _own = bus.subscribe::<Work>().name("own").timeout(Duration::from_mins(1)).handle(day);
        let receipt = bus.stream("desk").emit_work(1).await;
        assert_eq!((receipt.handled(), receipt.problems()[0].name()), (1, "own"));
    });
}

#[test]
fn it_needs_no_timers() {
    watch(None, |_| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bus = limited(EventBus::builder()).build().unwrap();
        runtime.block_on(async {
            let _hung = bus.subscribe::<Work>().handle(|_: Event<Work>| pending::<()>());
            let receipt = bus.stream("desk").emit_work(1).await;
            assert_eq!(*receipt.problems()[0].outcome(), Outcome::TimedOut);
        });
    });
}

#[test]
fn a_handler_that_waits_in_an_emit_is_late_too_and_holds_up_nobody() {
    for limit in [1, 10] {
        let bus = move |bus| limited(bus).max_concurrent_handlers(limit);
        trial().with(bus).run(async |bus, steps| {
            let hang = |event: Event<Inner>| async move {
                if event.n == 0 {
                    pending::<()>().await;
                }
            };
            let _inner = bus.subscribe::<Inner>().name("inner").handle(hang);
            let seen = Notes::<String>::new();
            let outer = async |(bus, seen): (EventBus, Notes<String>), event: Event<Work>| {
                let receipt = bus.stream("desk").emit_inner(event.n).await;
                seen.add(format!(
                    "{:?}",
                    receipt.problems().first().map(|problem| problem.outcome().clone())
                ));
            };
            let state = (bus.clone(), seen.clone());
            let waits = bus.subscribe::<Work>().timeout(None).with(state.clone()).handle(outer);
            let desk = bus.stream("desk");
            steps.at("a handler without a limit gets the receipt of the late one");
            assert_eq!(desk.emit_work(0).await.handled(), 1);
            assert_eq!(seen.all(), ["Some(TimedOut)"]);
            drop(waits);
            let _waits = bus.subscribe::<Work>().with(state).handle(outer);
            steps.at("one with a limit is late as well");
            let receipt = desk.emit_work(0).await;
            assert_eq!(*receipt.problems()[0].outcome(), Outcome::TimedOut);
            timed_out(&bus, "inner", 2).await;
            steps.at("both go on");
            assert_eq!(desk.emit_inner(1).await.handled(), 1);
            assert_eq!((seen.all().len(), bus.stats().subscription("inner").unwrap().running), (1, 0));
        });
    }
}

#[test]
fn each_of_several_events_at_work_is_ended() {
    trial().with(limited).run(async |bus, _| {
        let one = |event: Event<Work>| async move {
            if event.n.is_multiple_of(2) {
                pending::<()>().await;
            }
        };
        let _hung = bus.subscribe::<Work>().name("three").concurrency(3).handle(one);
        for sent in [(); 3].into_iter().flat_map(|()| 1..=6).map(|n| bus.stream("desk").emit_work(n).send()) {
            sent.finished().await;
        }
        let counts = bus.stats().subscription("three").unwrap().counts;
        assert_eq!((counts.timed_out, counts.handled), (9, 9));
    });
}

#[test]
fn a_handler_that_answers_is_ended_and_named_to_the_asker() {
    trial().with(limited).run(async |bus, _| {
        let _never = bus.subscribe::<Asked>().name("never").reply(async |_| pending::<u64>().await);
        let error = bus.stream("desk").emit_asked(1).first_reply().await.unwrap_err();
        assert_eq!(error.to_string(), "no handler answered: `never` took longer than its timeout");
    });
}

#[test]
fn a_sync_handler_is_not_ended() {
    let bus = limited(EventBus::builder()).build().unwrap();
    let outer = bus.clone();
    watch(Some(&outer), move |_| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let _entered = runtime.enter();
        let _hung = bus.subscribe::<Inner>().name("hung").handle(|_: Event<Inner>| pending::<()>());
        let other = bus.clone();
        let _sync = bus.subscribe::<Work>().handle_sync(move |_| {
            drop(other.stream("desk").emit_inner(1).send());
            while other.stats().subscription("hung").unwrap().counts.timed_out == 0 {
                std::thread::yield_now();
            }
        });
        assert_eq!(block_on(bus.stream("desk").emit_work(1)).handled(), 1);
    });
}
