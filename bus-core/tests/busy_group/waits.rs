//! Waits on events that are queued on a busy group: receipts, closes, and cycles through them.

use std::future::Future;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use bus_core::{AnyEvent, Event, Outcome};

use crate::blocked::{Answered, CallsEmit, Stage, all, staged};
use crate::common::{block_on, poll_once};

#[test]
fn an_awaited_emit_waits_for_all_of_them_and_a_dropped_one_for_none() {
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
fn close_reports_and_drops_waiting_events() {
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
fn a_bus_is_idle_when_waiting_events_are_done() {
    staged(|| {
        let mut stage = Stage::plain();
        (1..4).for_each(|n| drop(stage.send(n)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut close = Box::pin(stage.bus.close(Duration::from_mins(10)));
        runtime.block_on(async { assert!(poll_once(close.as_mut()).is_pending()) });
        stage.go();
        assert!(runtime.block_on(close).is_drained());
        assert_eq!(stage.seen.all().len(), 12);
    });
}

#[test]
fn a_handler_with_a_deferred_wait_is_not_blocked_by_waiting_events() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |bus, name, event| {
                // It goes to the handlers on this stack.
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
fn a_ring_through_waiting_events_is_found() {
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
        // It waits for the handlers on the other thread, one of which is about to wait for it.
        let (desk, (waits, is_waiting)) = (stage.bus.stream("desk"), std::sync::mpsc::channel());
        let answer = move |event: &Event<Answered>| {
            if event.n == 0 {
                let mut emit = Box::pin(desk.emit_called(1_u64));
                assert!(poll_once(emit.as_mut()).is_pending());
                waits.send(()).unwrap();
                assert_eq!(all(&block_on(emit)), (3, 3, 0));
            }
        };
        let _answers = stage.bus.subscribe::<Answered>().name("answers").handle_sync(answer);
        let desk = stage.bus.stream("desk");
        let asked = std::thread::spawn(move || block_on(desk.emit_answered(0_u64)));
        is_waiting.recv().unwrap();
        assert_eq!(all(&stage.go()), (3, 3, 0));
        assert_eq!(all(&asked.join().unwrap()), (1, 1, 0));
        assert_eq!(stage.counts("answers"), (2, 2, 0, 0));
    });
}

#[test]
fn a_wait_on_waiting_events_is_not_blocked_by_a_wait_for_an_event() {
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
        // Awaited outside of any handler, and inside of one.
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
        // The time of the answer is unknown: both are deferred, and go on.
        assert_eq!(outside.join().unwrap().deferred(), 3);
        inside.join().unwrap();
        drop(stage.bus.stream("desk").emit_answered(1_u64).send());
        stage.finish();
        assert_eq!(stage.counts("h2"), (3, 3, 0, 0));
    });
}

#[test]
fn a_handler_that_waits_for_an_event_inside_a_batch_blocks_no_other() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |bus, name, event| {
                if (name, event.n) == (1, 1) {
                    drop(block_on(bus.wait_for::<Answered>()));
                }
                Ok(())
            },
        );
        let (desk, behind) = (stage.bus.stream("desk"), stage.bus.stream("desk"));
        let first = std::thread::spawn(move || block_on(desk.emit_called(1_u64)));
        while stage.bus.history().collect().len() < 2 {
            std::thread::yield_now();
        }
        let second = std::thread::spawn(move || block_on(behind.emit_called(2_u64)));
        while stage.bus.history().collect().len() < 3 {
            std::thread::yield_now();
        }
        stage.go.send(()).unwrap();
        assert_eq!(first.join().unwrap().deferred(), 3);
        assert_eq!(second.join().unwrap().deferred(), 3);
        drop(stage.bus.stream("desk").emit_answered(1_u64).send());
        stage.finish();
        assert_eq!(stage.counts("h1"), (3, 3, 0, 0));
    });
}

#[test]
fn a_close_is_woken_by_the_last_waiting_event() {
    staged(|| {
        let ((began, begins), (go_on, gate)) = (mpsc::channel(), mpsc::channel::<()>());
        let gate = Mutex::new(gate);
        let mut stage = Stage::new(
            |_, wanted| wanted,
            move |_, name, event| {
                if (name, event.n) == (1, 1) {
                    began.send(()).unwrap();
                    gate.lock().unwrap().recv().unwrap();
                }
                Ok(())
            },
        );
        drop(stage.send(1));
        stage.go.send(()).unwrap();
        begins.recv().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut close = Box::pin(stage.bus.close(Duration::from_mins(10)));
        runtime.block_on(async { assert!(poll_once(close.as_mut()).is_pending()) });
        let closed = std::thread::spawn(move || {
            runtime.block_on(async {
                let mut looked = false;
                // The first poll leaves the waker, and the handler goes on after it.
                std::future::poll_fn(|context| {
                    let polled = close.as_mut().poll(context);
                    if !std::mem::replace(&mut looked, true) {
                        assert!(polled.is_pending());
                        go_on.send(()).unwrap();
                    }
                    polled
                })
                .await
            })
        });
        assert!(closed.join().unwrap().is_drained());
        stage.finish();
    });
}

#[test]
fn an_error_is_reported_after_the_members_were_handled_one_by_one() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |bus, name, event| match (name, event.n) {
                // It goes to the handlers on this stack, one by one.
                (0, 1) => {
                    bus.stream("desk").emit_called(10_u64).send();
                    Ok(())
                }
                (2, 1) => Err("no".into()),
                _ => Ok(()),
            },
        );
        let sent = [1, 2].map(|n| stage.send(n));
        stage.go();
        let receipts = sent.map(|sent| block_on(sent.finished()));
        assert_eq!(receipts.each_ref().map(all), [(3, 2, 1), (3, 3, 0)]);
        assert_eq!(receipts[0].problems()[0].name(), "h2");
        assert_eq!([stage.counts("h0"), stage.counts("h2")], [(4, 4, 0, 0), (4, 3, 0, 0)]);
    });
}

#[test]
fn a_handler_that_dropped_its_wait_waits_for_nothing() {
    staged(|| {
        let mut stage = Stage::new(
            |_, wanted| wanted,
            |bus, name, event| {
                if (name, event.n) == (1, 0) {
                    let receipt = block_on(bus.stream("desk").emit_answered(1_u64));
                    assert_eq!((receipt.handled(), receipt.deferred()), (1, 0));
                }
                Ok(())
            },
        );
        let ((began, begins), (go_on, gate)) = (mpsc::channel(), mpsc::channel::<()>());
        let (desk, gate) = (stage.bus.stream("desk"), Mutex::new(gate));
        let answer = move |event: &Event<Answered>| {
            if event.n == 0 {
                assert!(poll_once(desk.emit_called(1_u64)).is_pending());
                began.send(()).unwrap();
                gate.lock().unwrap().recv().unwrap();
            }
        };
        let _answers = stage.bus.subscribe::<Answered>().handle_sync(answer);
        let desk = stage.bus.stream("desk");
        let asked = std::thread::spawn(move || drop(desk.emit_answered(0_u64).send()));
        begins.recv().unwrap();
        stage.go.send(()).unwrap();
        while stage.bus.history().collect().len() < 4 {
            std::thread::yield_now();
        }
        go_on.send(()).unwrap();
        asked.join().unwrap();
        assert_eq!(all(&stage.finish()), (3, 3, 0));
        assert_eq!(stage.counts("h1"), (2, 2, 0, 0));
    });
}
