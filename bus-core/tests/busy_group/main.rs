//! Events for a handler group that runs on another thread: they queue as a batch for all its
//! members, and the result is the same as for separate handlers.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blocked;
mod capacity;
#[path = "../common/mod.rs"]
mod common;
mod waits;

use blocked::{Answered, Called, CallsEmit, Stage, all, note, staged};
use bus_core::{AnyEvent, Event, EventBus, Outcome};
use common::{Notes, ON_PURPOSE, block_on};

#[test]
fn waiting_events_run_one_by_one_and_every_receipt_is_completed() {
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
        // They are one group again.
        assert_eq!(all(stage.send(4).receipt()), (3, 3, 0));
    });
}

#[test]
fn stats_count_waiting_events() {
    staged(|| {
        let mut stage = Stage::plain();
        (1..6).for_each(|n| drop(stage.send(n)));
        for name in ["h0", "h1", "h2"] {
            assert_eq!(stage.counts(name), (6, 0, 1, 5));
            assert_eq!(stage.bus.stats().subscription(name).unwrap().lag, 5);
        }
        // Reading the stats changes nothing.
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
fn an_ended_handler_drops_its_waiting_events_and_the_others_get_all() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |_, name, event| if (name, event.n) == (2, 3) { Err("no".into()) } else { Ok(()) },
        );
        let mut sent: Vec<_> = (1..6).map(|n| stage.send(n)).collect();
        let gone = stage.guards.remove(1);
        assert!(stage.bus.unsubscribe(gone.id()));
        // Queued after events that only one member has.
        let later = stage.send(6);
        assert_eq!(all(&stage.go()), (3, 3, 0));
        assert_eq!(all(&block_on(later.finished())), (2, 2, 0));
        let failed = block_on(sent.remove(2).finished());
        let reported = failed.problems().iter().map(|problem| (problem.name(), problem.outcome().clone()));
        assert!(reported.eq([("h1", Outcome::Dropped), ("h2", Outcome::Failed("no".to_owned()))]));
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
fn a_handler_that_joins_meanwhile_sees_events_from_then_on() {
    staged(|| {
        let mut stage = Stage::plain();
        drop(stage.send(1));
        let seen = stage.seen.clone();
        let late = stage.bus.subscribe::<Called>().name("late");
        let _late = late.handle_sync(move |event| note(&seen, 9, event.n));
        let sent = stage.send(2);
        assert_eq!(all(sent.receipt()), (4, 0, 0), "the new one is of the group that is at work");
        stage.go();
        assert_eq!(all(&block_on(sent.finished())), (4, 4, 0));
        assert!(!stage.seen.all().contains(&"9:1".to_owned()));
        assert_eq!(stage.counts("late"), (1, 1, 0, 0));
        assert_eq!(all(stage.send(3).receipt()), (4, 4, 0));
    });
}

#[test]
fn errors_and_panics_of_waiting_events_are_reported_to_their_own_publisher() {
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
        let reported = |at: usize| {
            receipts[at].problems().iter().map(|problem| (problem.name(), problem.outcome().clone()))
        };
        let failed = |name: &str| Outcome::Failed(format!("{name} fails"));
        assert!(reported(1).eq([("h0", failed("0")), ("h2", failed("2"))]));
        assert!(reported(2).eq([("h1", Outcome::Panicked(ON_PURPOSE.to_owned()))]));
        assert_eq!(stage.counts("h0"), (5, 4, 0, 0));
        assert_eq!(stage.bus.stats().subscription("h1").unwrap().counts.panicked, 1);
    });
}

#[test]
fn the_emit_of_a_handler_for_a_waiting_event_is_caused_by_that_event() {
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
fn an_event_that_fits_no_type_waits_for_no_typed_subscription() {
    staged(|| {
        let mut stage = Stage::plain();
        let seen = stage.seen.clone();
        let named = stage.bus.subscribe_any().kinds(["called"]).name("named");
        let _named = named.handle_sync(move |event: &AnyEvent| seen.add(format!("named {}", event.seq())));
        let read = r#"{"type":"called","stream_id":"far","data":{"n":"one"},"timestamp":"2026-01-02T03:04:05+00:00"}"#;
        let event = stage.bus.read_json(read).unwrap();
        assert_eq!(all(stage.bus.republish(event).send().receipt()), (1, 1, 0));
        stage.go();
        assert_eq!(stage.seen.all(), ["named 2", "0:0", "1:0", "2:0"]);
    });
}

#[test]
fn handlers_of_every_kind_and_of_one_kind_queue_side_by_side() {
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

#[test]
fn an_event_that_was_published_before_keeps_its_id() {
    staged(|| {
        let mut stage = Stage::plain();
        let far = EventBus::new();
        drop(far.stream("far").emit_called(7_u64).send());
        let event = far.history().collect().remove(0);
        let id = Some(event.id());
        let sent = stage.bus.republish(event).send();
        assert_eq!((sent.receipt().id(), sent.receipt().seq()), (id, Some(2)));
        stage.go();
        assert_eq!(block_on(sent.finished()).id(), id);
        assert_eq!(stage.seen.all()[3..], ["0:7", "1:7", "2:7"]);
    });
}
