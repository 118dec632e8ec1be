//! A full queue from the publisher's side, and its reports; `overflow.rs` has the receiver's side.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::{Arc, mpsc};

use bus_core::{AgentEvent, Event, EventBus, Outcome, Overflow, Receipt, Subscribe, Subscription};
use common::{Notes, log, settle, trial, wait_until_idle};
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
enum Steps {
    Stepped {
        n: u64,
    },
    #[event(coalesce)]
    Moved {
        n: u64,
    },
}

/// A handler that takes one event for each permit; it records their numbers and its gaps.
fn slow(wanted: Subscribe<Steps>) -> (Arc<Semaphore>, Notes<String>, Subscription) {
    let (gate, seen) = (Arc::new(Semaphore::new(0)), Notes::<String>::new());
    let (permits, notes, lags) = (Arc::clone(&gate), seen.clone(), seen.clone());
    let guard = wanted
        .name("slow")
        .on_lag(move |lagged| {
            lags.add(format!(
                "{} missed, {} to {}",
                lagged.missed.unwrap(),
                lagged.from.seq(),
                lagged.to.seq()
            ));
        })
        .handle(move |event: Event<Steps>| {
            let (gate, notes) = (Arc::clone(&permits), notes.clone());
            async move {
                gate.acquire().await.unwrap().forget();
                notes.add(event.seq().to_string());
            }
        });
    (gate, seen, guard)
}

fn is_reported(receipt: &Receipt, outcome: &Outcome) -> bool {
    let problems = receipt.problems().iter().map(|problem| (problem.name(), problem.outcome()));
    problems.collect::<Vec<_>>() == [("slow", outcome)]
}

#[test]
fn the_receipt_reports_an_event_dropped_for_a_newer_one() {
    trial().run(async |bus, _| {
        let wanted = bus.subscribe::<Steps>().capacity(2).overflow(Overflow::DropOldest);
        let (gate, seen, _guard) = slow(wanted);
        let sent: Vec<_> = (1..=5).map(|n| bus.stream("desk").emit_stepped(n).send()).collect();
        assert!(sent.iter().all(|sent| sent.receipt().is_ok()), "nobody can know yet");
        gate.add_permits(10);
        for (sent, overflowed) in sent.into_iter().zip([false, true, true, false, false]) {
            let receipt = sent.finished().await;
            assert_eq!(is_reported(&receipt, &Outcome::Overflowed), overflowed);
            assert_eq!(receipt.handled() == 1, !overflowed);
        }
        assert_eq!(seen.all(), ["1", "2 missed, 2 to 3", "4", "5"]);
    });
}

#[test]
fn the_receipt_reports_a_replaced_event_and_that_is_no_gap() {
    trial().run(async |bus, _| {
        let wanted = bus.subscribe::<Steps>().capacity(2).overflow(Overflow::Coalesce);
        let (gate, seen, _guard) = slow(wanted);
        let desk = bus.stream("desk");
        desk.emit_stepped(1_u64).send();
        let replaced = desk.emit_moved(2_u64).send();
        desk.emit_stepped(3_u64).send();
        let kept = desk.emit_moved(4_u64).send();
        assert!(is_reported(&replaced.finished().await, &Outcome::Coalesced));
        gate.add_permits(10);
        assert_eq!(kept.finished().await.handled(), 1);
        assert_eq!(seen.all(), ["1", "3", "4"]);
        assert_eq!(bus.stats().subscription("slow").unwrap().counts.coalesced, 1);
    });
}

#[test]
fn the_receipt_reports_at_once_that_an_event_did_not_fit() {
    trial().run(async |bus, _| {
        let wanted = bus.subscribe::<Steps>().capacity(1).overflow(Overflow::DropNewest);
        let (gate, seen, _guard) = slow(wanted);
        let sent: Vec<_> = (1..=4).map(|n| bus.stream("desk").emit_stepped(n).send()).collect();
        for (sent, overflowed) in sent.iter().zip([false, false, true, true]) {
            assert_eq!(is_reported(sent.receipt(), &Outcome::Overflowed), overflowed);
            assert_eq!((sent.receipt().reached(), sent.receipt().id().is_some()), (1, true));
        }
        // There is capacity again: the gap comes before the next event.
        gate.add_permits(1);
        settle().await;
        bus.stream("desk").emit_stepped(5_u64).send();
        gate.add_permits(10);
        settle().await;
        assert_eq!(seen.all(), ["1", "2", "2 missed, 3 to 4", "5"]);
    });
}

#[test]
fn sending_never_waits_for_the_reader_of_a_stream() {
    trial().run(async |bus, _| {
        let wanted = bus.subscribe::<Stepped>().name("slow").capacity(2).hard_limit(4);
        let mut stream = wanted.overflow(Overflow::Wait).into_stream().with_gaps();
        let send = |n: u64| bus.stream("desk").emit_stepped(n).send().receipt().clone();
        let receipts: Vec<_> = (1..=6).map(send).collect();
        assert!(receipts[..4].iter().all(|receipt| receipt.is_ok() && receipt.queued() == 1));
        assert!(receipts[4..].iter().all(|receipt| is_reported(receipt, &Outcome::Overflowed)));
        assert_eq!(bus.stats().kept, 6, "those deliveries are overflowed, never the events");
        for n in 1..=4 {
            assert_eq!(stream.try_recv().unwrap().unwrap().n, n);
        }
        assert_eq!(stream.try_recv().unwrap().unwrap_err().missed, Some(2));
    });
}

#[test]
fn sending_to_a_busy_sync_handler_blocks_while_it_is_over_its_capacity() {
    let bus = EventBus::new();
    let outer = bus.clone();
    common::watch(Some(&outer), move |steps| {
        let ((began, begins), (go, gate)) = (mpsc::channel(), mpsc::channel::<()>());
        let _guard = bus.subscribe::<Stepped>().name("slow").capacity(1).handle_sync(move |event| {
            began.send(event.n).unwrap();
            gate.recv().unwrap();
        });
        let waiting = |events| {
            while bus.stats().subscription("slow").unwrap().waiting < events {
                std::thread::yield_now();
            }
        };
        let sender = |n: u64| {
            let (desk, (done, is_done)) = (bus.stream("desk"), mpsc::channel());
            std::thread::spawn(move || {
                drop(desk.emit_stepped(n).send());
                done.send(()).unwrap();
            });
            is_done
        };
        let first = sender(1);
        assert_eq!(begins.recv().unwrap(), 1);
        let second = sender(2);
        waiting(1);
        let third = sender(3);
        waiting(2);
        steps.at("the third is held up");
        for _ in 0..100 {
            assert_eq!(third.try_recv(), Err(mpsc::TryRecvError::Empty));
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        assert_eq!(begins.recv().unwrap(), 2);
        assert_eq!(third.try_recv(), Err(mpsc::TryRecvError::Empty), "one of one is not under the capacity");
        go.send(()).unwrap();
        assert_eq!(begins.recv().unwrap(), 3);
        steps.at("there is capacity");
        third.recv().unwrap();
        go.send(()).unwrap();
        for done in [first, second] {
            done.recv().unwrap();
        }
        wait_until_idle(&bus);
        assert_eq!(bus.stats().subscription("slow").unwrap().counts.handled, 3);
    });
}

#[test]
fn a_handler_without_on_lag_is_named_in_the_log() {
    log::collect();
    trial().run(async |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        let permits = Arc::clone(&gate);
        let wanted = bus.subscribe::<Stepped>().name("mute").capacity(1).overflow(Overflow::DropOldest);
        let _guard = wanted.handle(move |_: Event<Stepped>| {
            let gate = Arc::clone(&permits);
            async move { gate.acquire().await.unwrap().forget() }
        });
        for n in 1..=4 {
            bus.stream("desk").emit_stepped(n).send();
        }
        gate.add_permits(10);
        settle().await;
        let lines = log::lines(&["WARN", "mute", "full_queues.rs", "2 events missed, seq 2 to 3"]);
        assert_eq!(lines.len(), 1, "{lines:?}");
    });
}
