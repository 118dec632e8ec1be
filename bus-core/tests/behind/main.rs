//! Events that find the sync handlers of their kind at work for another thread: they wait for all of them as one, and nobody must be able to tell.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;
mod room;
mod stage;

use std::sync::mpsc;
use std::time::Duration;

use bus_core::{AnyEvent, Event, Outcome};
use common::{Notes, ON_PURPOSE, block_on, poll_once};
use stage::{Answered, Called, CallsEmit, Stage, all, note, staged};

#[test]
fn what_waits_is_run_event_by_event_and_every_receipt_is_completed() {
    staged(|| {
        let mut stage = Stage::plain();
        let sent: Vec<_> = (1..4).map(|n| stage.send(n)).collect();
        assert!(sent.iter().all(|sent| all(sent.receipt()) == (3, 0, 0)));
        assert_eq!(all(&stage.go()), (3, 3, 0));
        let expected = (0..4).flat_map(|n| (0..3).map(move |name| format!("{name}:{n}")));
        assert_eq!(stage.seen.all(), expected.collect::<Vec<_>>());
        for sent in sent {
            assert_eq!(all(&block_on(sent.finished())), (3, 3, 0));
        }
        assert_eq!(stage.counts("h2"), (4, 4, 0, 0));
        // They are one again.
        assert_eq!(all(stage.send(4).receipt()), (3, 3, 0));
    });
}

#[test]
fn an_awaited_emit_waits_for_all_of_them_and_one_that_is_forgotten_for_none() {
    staged(|| {
        let mut stage = Stage::plain();
        assert!(poll_once(stage.bus.stream("desk").emit_called(1_u64)).is_pending());
        drop(stage.send(2).finished());
        let (desk, (done, is_done)) = (stage.bus.stream("desk"), mpsc::channel());
        let waits = std::thread::spawn(move || {
            let mut emit = Box::pin(desk.emit_called(3_u64));
            assert!(poll_once(emit.as_mut()).is_pending());
            done.send(()).unwrap();
            block_on(emit)
        });
        is_done.recv().unwrap();
        stage.go();
        assert_eq!(all(&waits.join().unwrap()), (3, 3, 0));
        assert_eq!(stage.seen.all().len(), 12);
    });
}

#[test]
fn stats_count_what_waits() {
    staged(|| {
        let mut stage = Stage::plain();
        (1..6).for_each(|n| drop(stage.send(n)));
        for name in ["h0", "h1", "h2"] {
            assert_eq!(stage.counts(name), (6, 0, 1, 5));
            assert_eq!(stage.bus.stats().subscription(name).unwrap().lag, 5);
        }
        // To be looked at changes nothing.
        drop(stage.send(6));
        stage.go();
        let expected = (0..7).flat_map(|n| (0..3).map(move |name| format!("{name}:{n}")));
        assert_eq!(stage.seen.all(), expected.collect::<Vec<_>>());
        for name in ["h0", "h1", "h2"] {
            assert_eq!(stage.counts(name), (7, 7, 0, 0));
        }
    });
}

#[test]
fn one_that_is_unsubscribed_drops_what_waits_and_the_others_get_all() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |_, name, event| if (name, event.n) == (2, 3) { Err("no".into()) } else { Ok(()) },
        );
        let mut sent: Vec<_> = (1..6).map(|n| stage.send(n)).collect();
        let gone = stage.guards.remove(1);
        assert!(stage.bus.unsubscribe(gone.id()));
        // Behind what is each handler's own now.
        let later = stage.send(6);
        assert_eq!(all(&stage.go()), (3, 3, 0));
        assert_eq!(all(&block_on(later.finished())), (2, 2, 0));
        let failed = block_on(sent.remove(2).finished());
        let told = failed.problems().iter().map(|problem| (problem.name(), problem.outcome().clone()));
        assert!(told.eq([("h1", Outcome::Dropped), ("h2", Outcome::Failed("no".to_owned()))]));
        assert_eq!(all(&failed), (3, 1, 2));
        for sent in sent {
            let receipt = block_on(sent.finished());
            assert_eq!(all(&receipt), (3, 2, 1));
            let problem = &receipt.problems()[0];
            assert_eq!((problem.name(), problem.outcome()), ("h1", &Outcome::Dropped));
        }
        assert_eq!([stage.counts("h0"), stage.counts("h2")], [(7, 7, 0, 0), (7, 6, 0, 0)]);
        let ended = stage.bus.stats().ended;
        assert_eq!((ended.matched, ended.handled, ended.dropped), (6, 1, 5));
        assert_eq!(all(stage.send(7).receipt()), (2, 2, 0));
    });
}

#[test]
fn one_that_comes_meanwhile_sees_what_is_published_from_then_on() {
    staged(|| {
        let mut stage = Stage::plain();
        drop(stage.send(1));
        let seen = stage.seen.clone();
        let late = stage.bus.subscribe::<Called>().name("late");
        let _late = late.handle_sync(move |event| note(&seen, 9, event.n));
        let sent = stage.send(2);
        assert_eq!(all(sent.receipt()), (4, 1, 0), "the new one has nothing else to do");
        stage.go();
        assert_eq!(all(&block_on(sent.finished())), (4, 4, 0));
        assert!(!stage.seen.all().contains(&"9:1".to_owned()));
        assert_eq!(stage.counts("late"), (1, 1, 0, 0));
        assert_eq!(all(stage.send(3).receipt()), (4, 4, 0));
    });
}

#[test]
fn errors_and_panics_among_what_waits_are_told_to_their_own_publisher() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |_, name, event| match (name, event.n) {
                (0 | 2, 2) => Err(format!("{name} fails").into()),
                (1, 3) => panic!("{ON_PURPOSE}"),
                _ => Ok(()),
            },
        );
        let sent: Vec<_> = (1..5).map(|n| stage.send(n)).collect();
        assert_eq!(all(&stage.go()), (3, 3, 0));
        let receipts: Vec<_> = sent.into_iter().map(|sent| block_on(sent.finished())).collect();
        assert_eq!(
            receipts.iter().map(all).collect::<Vec<_>>(),
            [(3, 3, 0), (3, 1, 2), (3, 2, 1), (3, 3, 0)]
        );
        let told = |at: usize| {
            receipts[at].problems().iter().map(|problem| (problem.name(), problem.outcome().clone()))
        };
        let failed = |name: &str| Outcome::Failed(format!("{name} fails"));
        assert!(told(1).eq([("h0", failed("0")), ("h2", failed("2"))]));
        assert!(told(2).eq([("h1", Outcome::Panicked(ON_PURPOSE.to_owned()))]));
        assert_eq!(stage.counts("h0"), (5, 4, 0, 0));
        assert_eq!(stage.bus.stats().subscription("h1").unwrap().counts.panicked, 1);
    });
}

#[test]
fn close_reports_what_waits_and_drops_it() {
    staged(|| {
        let mut stage = Stage::plain();
        let sent: Vec<_> = (1..4).map(|n| stage.send(n)).collect();
        let report = block_on(stage.bus.close(Duration::ZERO));
        let left = report.left.iter().map(|left| (left.name.as_str(), left.running, left.waiting));
        assert_eq!(left.collect::<Vec<_>>(), [("h0", 1, 3), ("h1", 1, 3), ("h2", 1, 3)]);
        stage.go();
        assert_eq!(stage.seen.all(), ["0:0", "1:0", "2:0"]);
        for sent in sent {
            let receipt = block_on(sent.finished());
            assert!(receipt.problems().iter().all(|problem| *problem.outcome() == Outcome::Dropped));
            assert_eq!(all(&receipt), (3, 0, 3));
        }
        let ended = stage.bus.stats().ended;
        assert_eq!((ended.matched, ended.handled, ended.dropped), (12, 3, 9));
    });
}

#[test]
fn a_bus_is_quiet_when_what_waited_is_done() {
    staged(|| {
        let mut stage = Stage::plain();
        (1..4).for_each(|n| drop(stage.send(n)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut close = Box::pin(stage.bus.close(Duration::from_secs(600)));
        runtime.block_on(async { assert!(poll_once(close.as_mut()).is_pending()) });
        stage.go();
        assert!(runtime.block_on(close).is_drained());
        assert_eq!(stage.seen.all().len(), 12);
    });
}

#[test]
fn what_a_handler_emits_for_an_event_that_waited_is_caused_by_that() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |bus, name, event| {
                if name == 1 {
                    drop(bus.stream("desk").emit_answered(event.n).send());
                }
                Ok(())
            },
        );
        let causes = Notes::<(u64, Option<u64>)>::new();
        let noted = causes.clone();
        let cause = move |event: &Event<Answered>| {
            noted.add((event.n, event.causation().map(bus_core::EventId::seq)));
        };
        let _caused = stage.bus.subscribe::<Answered>().handle_sync(cause);
        let seqs = [1, 2].map(|n| stage.send(n).receipt().seq());
        let first = stage.go().seq();
        assert_eq!(causes.all(), [(0, first), (1, seqs[0]), (2, seqs[1])]);
    });
}

#[test]
fn a_handler_that_awaits_what_it_cannot_wait_for_is_not_held_up_by_what_waits() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |bus, name, event| {
                // It goes to the handlers on whose stack this is.
                if (name, event.n) == (2, 1) {
                    let receipt = block_on(bus.stream("desk").emit_called(10_u64));
                    assert_eq!((receipt.reached(), receipt.deferred()), (3, 3));
                }
                Ok(())
            },
        );
        let sent = [1, 2].map(|n| stage.send(n));
        stage.go();
        for sent in sent {
            assert_eq!(all(&block_on(sent.finished())), (3, 3, 0));
        }
        assert_eq!(stage.counts("h2"), (4, 4, 0, 0));
    });
}

#[test]
fn a_ring_through_what_waits_is_found() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |bus, name, event| {
                if (name, event.n) == (1, 0) {
                    let receipt = block_on(bus.stream("desk").emit_answered(1_u64));
                    assert_eq!((receipt.reached(), receipt.handled(), receipt.deferred()), (1, 0, 1));
                }
                Ok(())
            },
        );
        // It waits for the handlers on the other thread, and one of those is about to wait for it.
        let desk = stage.bus.stream("desk");
        let answer = move |event: &Event<Answered>| {
            if event.n == 0 {
                assert_eq!(all(&block_on(desk.emit_called(1_u64))), (3, 3, 0));
            }
        };
        let _answers = stage.bus.subscribe::<Answered>().name("answers").handle_sync(answer);
        let desk = stage.bus.stream("desk");
        let asked = std::thread::spawn(move || block_on(desk.emit_answered(0_u64)));
        while stage.bus.history().collect().len() < 3 {
            std::thread::yield_now();
        }
        assert_eq!(all(&stage.go()), (3, 3, 0));
        assert_eq!(all(&asked.join().unwrap()), (1, 1, 0));
        assert_eq!(stage.counts("answers"), (2, 2, 0, 0));
    });
}

#[test]
fn who_waits_for_what_waits_is_not_held_up_by_one_that_waits_for_an_event() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |bus, name, event| {
                if (name, event.n) == (1, 0) {
                    drop(block_on(bus.wait_for::<Answered>()));
                }
                Ok(())
            },
        );
        // Awaited outside any handler, and inside one.
        let (desk, other) = (stage.bus.stream("desk"), stage.bus.stream("desk"));
        let outside = std::thread::spawn(move || block_on(desk.emit_called(1_u64)));
        let inside = move |_: &AnyEvent| drop(block_on(other.emit_called(2_u64)));
        let _inside = stage.bus.subscribe_any().kinds(["begin"]).handle_sync(inside);
        let bus = stage.bus.clone();
        let begin = serde_json::json!({});
        let inside = std::thread::spawn(move || drop(bus.stream("desk").emit_dynamic("begin", begin).send()));
        while stage.bus.history().collect().len() < 4 {
            std::thread::yield_now();
        }
        stage.go.send(()).unwrap();
        // Nobody can know when the answer comes: both are deferred, and go on.
        assert_eq!(outside.join().unwrap().deferred(), 3);
        inside.join().unwrap();
        drop(stage.bus.stream("desk").emit_answered(1_u64).send());
        stage.first.take().unwrap().join().unwrap();
        assert_eq!(stage.counts("h2"), (3, 3, 0, 0));
    });
}

#[test]
fn handlers_of_every_kind_and_of_one_kind_wait_beside_each_other() {
    staged(|| {
        let mut stage = Stage::plain();
        let seen = stage.seen.clone();
        let any = stage.bus.subscribe_any().name("any");
        let _any = any.handle_sync(move |event: &AnyEvent| seen.add(format!("any {}", event.kind())));
        let sent = stage.send(1);
        assert_eq!(all(sent.receipt()), (4, 1, 0), "the one of every kind has nothing to do");
        drop(stage.bus.stream("desk").emit_answered(1_u64).send());
        stage.go();
        assert_eq!(all(&block_on(sent.finished())), (4, 4, 0));
        assert_eq!(stage.seen.all()[..2], ["any called", "any answered"]);
    });
}
