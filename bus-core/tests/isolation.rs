//! A handler that fails, panics or hangs harms no other handler and no publisher, keeps its
//! subscription, and is reported.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use bus_core::{AgentEvent, BoxError, Event, EventBus, Outcome};
use common::{Notes, ON_PURPOSE, block_on, log, threaded, trial, watch};

#[derive(AgentEvent)]
enum Harm {
    Blow { n: u64 },
}

#[test]
fn errors_and_panics_are_in_receipt_stats_and_log_and_harm_no_other_handler() {
    log::collect();
    for threads in [0, 2] {
        let trial = if threads == 0 { trial() } else { threaded(threads) };
        trial.run(async move |bus, _| {
            let name = |what: &str| format!("{what}-{threads}");
            let panics = |n: u64| assert!(n == 0, "at {n} {ON_PURPOSE}");
            let fails = |n: u64| if n == 0 { Ok(()) } else { Err(BoxError::from(format!("no {n}"))) };
            let _a = bus.subscribe::<Blow>().name(name("sync panics")).handle_sync(move |e| panics(e.n));
            let _b = bus.subscribe::<Blow>().name(name("sync fails")).handle_sync(move |e| fails(e.n));
            let panicking = move |e: Event<Blow>| async move {
                tokio::task::yield_now().await;
                panics(e.n);
            };
            let _c = bus.subscribe::<Blow>().name(name("own panics")).handle(panicking);
            let _d = bus
                .subscribe::<Blow>()
                .name(name("own fails"))
                .handle(move |e: Event<Blow>| async move { fails(e.n) });
            // The call itself panics, before there is a future.
            let calling = move |e: Event<Blow>| {
                panics(e.n);
                async {}
            };
            let _e = bus.subscribe::<Blow>().name(name("call panics")).handle(calling);
            let seen = Notes::<u64>::new();
            let notes = seen.clone();
            let _well = bus.subscribe::<Blow>().handle_sync(move |e| notes.add(e.n));
            for n in [1, 2] {
                let receipt = bus.stream("desk").emit_blow(n).await;
                assert_eq!((receipt.reached(), receipt.handled(), receipt.is_ok()), (6, 1, false));
                let panicked = Outcome::Panicked(format!("at {n} {ON_PURPOSE}"));
                let failed = Outcome::Failed(format!("no {n}"));
                for (what, outcome) in [
                    ("sync panics", &panicked),
                    ("sync fails", &failed),
                    ("own panics", &panicked),
                    ("own fails", &failed),
                    ("call panics", &panicked),
                ] {
                    let problem = receipt.problems().iter().find(|p| p.name() == name(what)).unwrap();
                    assert_eq!(problem.outcome(), outcome);
                }
            }
            assert_eq!(seen.all(), [1, 2]);
            // They keep their subscription: with 0 they succeed.
            assert_eq!(bus.stream("desk").emit_blow(0_u64).await.handled(), 6);
            let counts = bus.stats().subscription(&name("own panics")).unwrap().counts;
            assert_eq!((counts.panicked, counts.handled), (2, 1));
            for (what, text) in [("own panics", "panicked: at 1"), ("sync fails", "failed: no 2")] {
                let lines = log::lines(&["ERROR", &name(what), text, "kind=\"blow\"", "isolation.rs:"]);
                assert_eq!(lines.len(), 1, "{what}: {:?}", log::lines(&[&name(what)]));
            }
        });
    }
}

#[test]
fn a_handler_over_its_timeout_is_ended_at_its_suspension_point() {
    log::collect();
    trial().paused().run(async |bus, _| {
        let limit = Duration::from_secs(3);
        let _hung = bus
            .subscribe::<Blow>()
            .name("hung")
            .timeout(limit)
            .handle(|_: Event<Blow>| std::future::pending::<()>());
        let began = tokio::time::Instant::now();
        for n in 1..=2_u32 {
            let receipt = bus.stream("desk").emit_blow(u64::from(n)).await;
            assert_eq!(*receipt.problems()[0].outcome(), Outcome::TimedOut);
            assert_eq!(began.elapsed(), limit * n, "the time begins when the handler does");
        }
        // Also when it runs as a task, and when it waits behind another.
        let sent = [bus.stream("desk").emit_blow(3_u64).send(), bus.stream("desk").emit_blow(4_u64).send()];
        for sent in sent {
            assert_eq!(*sent.finished().await.problems()[0].outcome(), Outcome::TimedOut);
        }
        assert_eq!(began.elapsed(), limit * 4);
        assert_eq!(bus.stats().subscription("hung").unwrap().counts.timed_out, 4);
        assert_eq!(log::lines(&["hung", "timeout of 3s"]).len(), 4);
    });
}

#[test]
fn the_bus_has_a_default_timeout() {
    trial().paused().with(|bus| bus.handler_timeout(Duration::from_secs(1))).run(async |bus, _| {
        let _default = bus.subscribe::<Blow>().handle(|_: Event<Blow>| std::future::pending::<()>());
        let longer = bus.subscribe::<Blow>().timeout(Duration::from_mins(1));
        let _own = longer.handle(async |_: Event<Blow>| tokio::time::advance(Duration::from_secs(2)).await);
        let receipt = bus.stream("desk").emit_blow(1_u64).await;
        assert_eq!((receipt.handled(), receipt.problems().len()), (1, 1));
    });
}

#[test]
fn a_timeout_beyond_all_time_is_none() {
    trial().run(async |bus, _| {
        let wanted = || bus.subscribe::<Blow>().timeout(Duration::MAX);
        let _list = [(); 3].map(|()| wanted().handle(async |_: Event<Blow>| tokio::task::yield_now().await));
        for n in 1..=2_u64 {
            assert_eq!(bus.stream("desk").emit_blow(n).await.handled(), 3);
        }
    });
}

#[test]
fn a_slow_handler_is_named_while_it_still_runs() {
    log::collect();
    let bus = EventBus::builder().slow_after(Duration::from_millis(20)).build().unwrap();
    let outer = bus.clone();
    watch(Some(&outer), move |steps| {
        // It returns only after the warning.
        let _slow = bus.subscribe::<Blow>().name("slow one").handle_sync(move |_| {
            steps.at("wait for the warning");
            while log::lines(&["WARN", "slow one", "20ms", "isolation.rs:"]).is_empty() {
                std::thread::yield_now();
            }
        });
        assert_eq!(block_on(bus.stream("desk").emit_blow(1_u64)).handled(), 1);
        assert_eq!(log::lines(&["slow one"]).len(), 1, "it is named once");
    });
}

#[test]
fn only_the_running_handler_is_reported_as_slow_and_not_those_that_wait() {
    log::collect();
    let bus = EventBus::builder().slow_after(Duration::from_millis(20)).build().unwrap();
    let outer = bus.clone();
    watch(Some(&outer), move |steps| {
        let _before = bus.subscribe::<Blow>().name("quick before").handle_sync(|_| {});
        let _slow = bus.subscribe::<Blow>().name("slow among others").handle_sync(move |_| {
            steps.at("wait for the warning");
            while log::lines(&["WARN", "slow among others"]).is_empty() {
                std::thread::yield_now();
            }
        });
        let _after = bus.subscribe::<Blow>().name("quick after").handle_sync(|_| {});
        assert_eq!(block_on(bus.stream("desk").emit_blow(1_u64)).handled(), 3);
        assert_eq!(log::lines(&["WARN", "slow among others"]).len(), 1, "it is named once");
        assert_eq!(log::lines(&["WARN", "quick"]), Vec::<String>::new(), "those who wait are not slow");
    });
}

#[test]
fn a_thread_that_panics_after_publishing_leaves_the_bus_intact() {
    trial().run(async |bus, _| {
        let _guard = bus.subscribe::<Blow>().handle_sync(|_| {});
        let other = bus.clone();
        let thread = std::thread::spawn(move || {
            let _sent = other.stream("desk").emit_blow(1_u64).send();
            panic!("{ON_PURPOSE}");
        });
        assert!(thread.join().is_err());
        assert_eq!(bus.stream("desk").emit_blow(2_u64).await.handled(), 1);
    });
}
