//! The queue of a busy handler group is bounded by the smallest capacity of its members, and each
//! member keeps its own overflow policy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bus_core::{Event, Overflow, Receipt, Sent, Subscribe};

use crate::blocked::{Answered, Called, CallsEmit, Stage, staged};
use crate::common::{Notes, block_on};

#[test]
fn a_sender_is_blocked_while_the_smallest_capacity_is_full() {
    staged(|| {
        let returned = Arc::new(AtomicU64::new(0));
        let at_work = Arc::clone(&returned);
        let mut stage = Stage::new(
            |name, wanted| if name == 1 { wanted.capacity(2) } else { wanted },
            move |_, _, event| {
                // While two events wait, the sender of the second one is blocked.
                assert!(event.n != 1 || at_work.load(Ordering::SeqCst) <= 2);
                Ok(())
            },
        );
        let (desk, back) = (stage.bus.stream("desk"), Arc::clone(&returned));
        let sender = std::thread::spawn(move || {
            for n in 1..200_u64 {
                drop(desk.emit_called(n).send());
                back.store(n, Ordering::SeqCst);
            }
        });
        // History is read because it touches no handler: the third waiting event is in, over the
        // capacity.
        while stage.bus.history().collect().len() < 4 {
            std::thread::yield_now();
        }
        for _ in 0..100 {
            assert!(returned.load(Ordering::SeqCst) <= 2);
            std::thread::yield_now();
        }
        stage.go_with(sender);
        let all = (0..200).flat_map(|n| (0..3).map(move |name| format!("{name}:{n}")));
        let mut seen = stage.seen.all();
        let mut all: Vec<_> = all.collect();
        seen.sort_unstable();
        all.sort_unstable();
        assert_eq!(seen, all);
        assert_eq!(stage.counts("h1"), (200, 200, 0, 0));
    });
}

#[test]
fn a_blocked_sender_goes_on_when_waiting_events_are_dropped() {
    staged(|| {
        let mut stage = Stage::new(|_, wanted| wanted.capacity(1), |_, _, _| Ok(()));
        let desk = stage.bus.stream("desk");
        let sender = std::thread::spawn(move || (1..50_u64).for_each(|n| drop(desk.emit_called(n).send())));
        while stage.bus.history().collect().len() < 3 {
            std::thread::yield_now();
        }
        assert_eq!(stage.counts("h0"), (3, 0, 1, 2));
        // From now on each member has its own queue entry, and the queues of the others are full as
        // before.
        drop(stage.guards.pop());
        for _ in 0..100 {
            assert_eq!(stage.bus.history().collect().len(), 3);
            std::thread::yield_now();
        }
        stage.go_with(sender);
        assert_eq!([stage.counts("h0"), stage.counts("h1")], [(50, 50, 0, 0); 2]);
        assert_eq!(stage.bus.stats().ended.matched, stage.bus.stats().ended.settled());
    });
}

#[test]
fn beyond_the_hard_limit_each_handler_overflows_for_itself() {
    staged(|| {
        let hard = |name, wanted: Subscribe<Called>| match name {
            1 => wanted.capacity(1).hard_limit(3),
            _ => wanted,
        };
        let mut stage = Stage::new(hard, |_, _, _| Ok(()));
        // A sender inside a handler is not blocked, so that more than the capacity arrives at once.
        let receipts = Notes::<Receipt>::new();
        let (notes, desk) = (receipts.clone(), stage.bus.stream("desk"));
        let many = move |_: &Event<Answered>| {
            (1..7_u64).for_each(|n| notes.add(desk.emit_called(n).send().receipt().clone()));
        };
        let _many = stage.bus.subscribe::<Answered>().handle_sync(many);
        drop(stage.bus.stream("desk").emit_answered(0_u64).send());
        let problems: Vec<_> = receipts.all().iter().map(|receipt| receipt.problems().len()).collect();
        assert_eq!(problems, [0, 0, 0, 1, 1, 1]);
        assert_eq!(receipts.all()[5].problems()[0].name(), "h1");
        stage.go();
        assert_eq!([stage.counts("h0"), stage.counts("h2")], [(7, 7, 0, 0); 2]);
        assert_eq!(stage.counts("h1"), (7, 4, 0, 0));
    });
}

#[test]
fn each_policy_is_that_of_its_handler() {
    staged(|| {
        let own = |name, wanted: Subscribe<Called>| match name {
            1 => wanted.capacity(2).overflow(Overflow::DropOldest),
            _ => wanted,
        };
        let mut stage = Stage::new(own, |_, _, _| Ok(()));
        let sent: Vec<_> = (1..6).map(|n| stage.send(n)).collect();
        stage.go();
        let overflowed = |sent: Sent| block_on(sent.finished()).problems().len();
        assert_eq!(sent.into_iter().map(overflowed).collect::<Vec<_>>(), [1, 1, 1, 0, 0]);
        let mut seen = stage.seen.all();
        seen.retain(|note| note.starts_with('1'));
        assert_eq!(seen, ["1:0", "1:4", "1:5"]);
        assert_eq!(stage.counts("h0"), (6, 6, 0, 0));
    });
}

#[test]
fn the_smallest_capacity_is_that_of_the_current_members() {
    staged(|| {
        let mut stage = Stage::plain();
        drop(stage.send(1));
        stage.go();
        let small = stage.bus.subscribe::<Called>().name("small").capacity(1);
        let small = small.handle_sync(|_| {});
        drop(stage.send(2));
        stage.begin();
        // Returns how many of some events are sent before a sender is blocked.
        let sent_of = |stage: &Stage, all: usize, until: usize| {
            let (desk, returned) = (stage.bus.stream("desk"), Arc::new(AtomicU64::new(0)));
            let (back, known) = (Arc::clone(&returned), stage.bus.history().collect().len());
            let sender = std::thread::spawn(move || {
                for n in 0..all as u64 {
                    drop(desk.emit_called(10 + n).send());
                    back.store(n + 1, Ordering::SeqCst);
                }
            });
            while stage.bus.history().collect().len() < known + until {
                std::thread::yield_now();
            }
            for _ in 0..100 {
                assert_eq!(stage.bus.history().collect().len(), known + until);
                std::thread::yield_now();
            }
            (sender, returned)
        };
        let (sender, returned) = sent_of(&stage, 3, 2);
        assert_eq!(returned.load(Ordering::SeqCst), 1);
        stage.go_with(sender);
        drop(small);
        stage.begin();
        let (sender, returned) = sent_of(&stage, 3, 3);
        sender.join().unwrap();
        assert_eq!(returned.load(Ordering::SeqCst), 3);
        stage.go();
        assert_eq!(stage.counts("h1"), (11, 11, 0, 0));
    });
}

#[test]
fn each_waiting_event_is_replaced_by_its_own_rule() {
    staged(|| {
        let mut stage = Stage::revised(|name, wanted| match name {
            1 => wanted.capacity(2).overflow(Overflow::Coalesce),
            2 => wanted.capacity(2).overflow(Overflow::DropNewest),
            _ => wanted,
        });
        for n in 1..6 {
            drop(stage.send(n));
        }
        stage.go();
        let of = |name: char| {
            let mut seen = stage.seen.all();
            seen.retain(|note| note.starts_with(name));
            seen
        };
        // Events of this kind replace each other.
        assert_eq!(of('1'), ["1:0", "1:1", "1:5"]);
        // This handler keeps the first ones: they are not critical.
        assert_eq!(of('2'), ["2:0", "2:1", "2:2"]);
        let counts = |name: &str| stage.bus.stats().subscription(name).unwrap().counts;
        assert_eq!((counts("h1").coalesced, counts("h2").overflowed), (3, 3));
    });
}
