//! Handler groups under several publishers at once: each member sees everything once and in order,
//! while others join, leave, block or are full.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "common/group.rs"]
mod group;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::ThreadId;
use std::time::Duration;

use bus_core::{AnyEvent, Counts, EventBus, Outcome, Subscription};
use common::{Notes, block_on, check_accounts, threaded, trial, wait_until_idle, watch};
use group::{Call, Far, MIXES, ManyEmit, Member, Narrow, Sort, n, positions};

/// The seqs that one member saw.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u64>>>);

impl Seen {
    fn member(&self, bus: &EventBus, index: usize, sort: Sort) -> Subscription {
        let seen = Arc::clone(&self.0);
        let note = move |event: &AnyEvent| {
            seen.lock().unwrap().push(event.seq());
            Ok(())
        };
        let narrow = [Narrow::No, Narrow::Stream, Narrow::Predicate][index % 3];
        Member::new(index, sort).narrow(narrow).subscribe(bus, Arc::new(note))
    }

    /// Every event from its first on, without a gap, each once; in order, unless three may run at
    /// once. Every event of these buses matches every member.
    fn check(&self, sort: Sort, has_ended: bool) -> usize {
        let mut seen = std::mem::take(&mut *self.0.lock().unwrap());
        if sort == Sort::Three {
            seen.sort_unstable();
        }
        // If three were claimed when it ended, one that has not begun is dropped, and a later
        // one may still run.
        let most = if has_ended && sort == Sort::Three { u64::MAX } else { 1 };
        let follows = |pair: &[u64]| pair[0] < pair[1] && pair[1] - pair[0] <= most;
        assert!(seen.windows(2).all(follows), "{sort:?} saw {seen:?}");
        seen.len()
    }
}

/// Members that join and leave while others publish; each records the events that it sees.
fn churn(bus: &EventBus, sorts: &[Sort], stop: &AtomicBool) {
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let members: Vec<_> = (0..4)
            .map(|index| {
                let (seen, sort) = (Seen::default(), sorts[(index + round) % sorts.len()]);
                (seen.member(bus, index, sort), seen, sort)
            })
            .collect();
        std::thread::yield_now();
        for (guard, seen, sort) in members {
            assert!(bus.unsubscribe(guard.id()));
            drop(guard);
            seen.check(sort, true);
        }
    }
}

#[test]
fn members_see_everything_in_order_while_others_publish_join_and_leave() {
    for (threads, len) in [(2, 1), (2, 5), (3, 64), (4, 24)] {
        for sorts in [MIXES[0], MIXES[3]] {
            threaded(2).run(async move |bus, steps| {
                steps.at(format!("{threads} threads, {len} of {sorts:?}"));
                let members: Vec<_> = (0..len)
                    .map(|index| {
                        let (seen, sort) = (Seen::default(), sorts[index % sorts.len()]);
                        seen.member(&bus, index, sort).detach();
                        (seen, sort)
                    })
                    .collect();
                let stop = Arc::new(AtomicBool::new(false));
                let (churned, stops) = (bus.clone(), Arc::clone(&stop));
                let here = tokio::runtime::Handle::current();
                let churning = std::thread::spawn(move || {
                    let _here = here.enter();
                    churn(&churned, sorts, &stops);
                });
                let publishers: Vec<_> = (0..threads)
                    .map(|_| {
                        let desk = bus.stream("desk");
                        std::thread::spawn(move || (0..150).for_each(|n| drop(desk.emit_call(n).send())))
                    })
                    .collect();
                let join = move || publishers.into_iter().for_each(|thread| thread.join().unwrap());
                tokio::task::spawn_blocking(join).await.unwrap();
                stop.store(true, Ordering::Relaxed);
                tokio::task::spawn_blocking(move || churning.join().unwrap()).await.unwrap();
                steps.at("drain");
                assert!(bus.close(Duration::from_mins(2)).await.is_drained());
                for (seen, sort) in members {
                    assert_eq!(seen.check(sort, false), threads * 150);
                }
            });
        }
    }
}

/// A group of sync members. The one at `at` blocks on event 1 until it is released.
struct Stopped {
    bus: EventBus,
    seen: Notes<(usize, u64, ThreadId)>,
    blocked: mpsc::Receiver<()>,
    go: mpsc::Sender<()>,
}

impl Stopped {
    fn new(bus: &EventBus, len: usize, at: usize, member: impl Fn(usize) -> Member) -> Self {
        let ((report, blocked), (go, goes)) = (mpsc::channel(), mpsc::channel::<()>());
        let (seen, goes) = (Notes::new(), Arc::new(Mutex::new(goes)));
        for index in 0..len {
            let (seen, report, goes) = (seen.clone(), report.clone(), Arc::clone(&goes));
            let note = move |event: &AnyEvent| {
                seen.add((index, n(event), std::thread::current().id()));
                if (index, n(event)) == (at, 1) {
                    report.send(()).unwrap();
                    goes.lock().unwrap().recv().unwrap();
                }
                Ok(())
            };
            member(index).subscribe(bus, Arc::new(note)).detach();
        }
        Self { bus: bus.clone(), seen, blocked, go }
    }

    /// Publishes event 1 on a thread of its own, and returns when the group is blocked.
    fn begin(&self) -> std::thread::JoinHandle<ThreadId> {
        let desk = self.bus.stream("desk");
        let publisher = std::thread::spawn(move || {
            drop(desk.emit_call(1_u64).send());
            std::thread::current().id()
        });
        self.blocked.recv().unwrap();
        publisher
    }

    fn check(&self, len: usize, wanted: &[u64]) {
        for index in 0..len {
            let got: Vec<_> = self.seen.all().iter().filter(|one| one.0 == index).map(|one| one.1).collect();
            assert_eq!(got, wanted, "member {index}");
        }
        check_accounts(&self.bus.stats());
    }
}

/// The groups and positions for the tests with a blocked group.
fn stopped(test: fn(EventBus, usize, usize)) {
    let bus = EventBus::new();
    watch(Some(&bus), move |steps| {
        for len in [1, 2, 3, 64] {
            for at in positions(len) {
                steps.at(format!("{len}, {at} stops"));
                test(EventBus::new(), len, at);
            }
        }
    });
}

#[test]
fn an_event_for_a_running_group_is_handled_after_it_and_no_publisher_waits() {
    stopped(|bus, len, at| {
        let list = Stopped::new(&bus, len, at, |index| Member::new(index, MIXES[3][index % 4]));
        let publisher = list.begin();
        let desk = bus.stream("desk");
        let sent: Vec<_> = (2..5).map(|n| desk.emit_call(n).send()).collect();
        // A new member is idle: it runs on the publishing thread, before `send` returns.
        let fresh = Notes::<(u64, ThreadId)>::new();
        let notes = fresh.clone();
        let _fresh = bus
            .subscribe::<Call>()
            .handle_sync(move |event| notes.add((event.n, std::thread::current().id())));
        assert!(desk.emit_call(5_u64).send().receipt().handled() > 0);
        assert_eq!(fresh.all(), [(5, std::thread::current().id())]);
        // So does one that only handles another event.
        let far = Notes::<u64>::new();
        let notes = far.clone();
        let _far = bus.subscribe::<Far>().handle_sync(move |event| notes.add(event.n));
        drop(desk.emit_far(6_u64).send());
        assert_eq!(far.all(), [6]);
        list.go.send(()).unwrap();
        let publisher = publisher.join().unwrap();
        for sent in sent {
            assert_eq!(block_on(sent.finished()).handled(), len);
        }
        wait_until_idle(&bus);
        let own = |one: &&(usize, u64, ThreadId)| one.0 == at && one.1 < 6;
        let threads: Vec<_> = list.seen.all().iter().filter(own).map(|one| one.2).collect();
        // It goes on where it is at work, or on a thread of the bus after a millisecond of it.
        assert_eq!((threads.len(), threads[0]), (5, publisher));
        assert!(!threads.contains(&std::thread::current().id()), "a publisher ran what another one runs");
        assert_eq!(fresh.all().len(), 1);
        let calls: Vec<_> = list.seen.all().into_iter().filter(|one| one.1 < 6).collect();
        assert_eq!(calls.len(), 5 * len);
        for index in 0..len {
            let got: Vec<_> = calls.iter().filter(|one| one.0 == index).map(|one| one.1).collect();
            assert_eq!(got, [1, 2, 3, 4, 5], "member {index}");
        }
        check_accounts(&bus.stats());
    });
}

#[test]
fn members_of_a_running_group_may_be_ended_from_another_thread() {
    stopped(|bus, len, at| {
        let list = Stopped::new(&bus, len, at, |index| Member::new(index, Sort::Sync));
        let publisher = list.begin();
        drop(bus.stream("desk").emit_call(2_u64).send());
        let ids: Vec<_> = bus.stats().subscriptions.iter().map(|one| one.id).collect();
        assert_eq!(ids.iter().filter(|id| bus.unsubscribe(**id)).count(), len);
        assert_eq!(bus.stream("desk").emit_call(3_u64).send().receipt().reached(), 0);
        list.go.send(()).unwrap();
        publisher.join().unwrap();
        // Claimed events are finished, waiting ones are dropped; members that were done before may
        // have taken event 2.
        let ended = bus.stats().ended;
        let Counts { matched, handled, dropped, .. } = ended;
        assert_eq!((matched, handled + dropped), (2 * len as u64, matched));
        let seen = list.seen.all();
        assert_eq!(seen.len() as u64, handled);
        assert_eq!(seen.iter().filter(|one| one.1 == 1).count(), len);
        assert!(bus.stats().subscriptions.is_empty());
    });
}

#[test]
fn a_bus_may_be_closed_while_a_group_runs() {
    stopped(|bus, len, at| {
        let list = Stopped::new(&bus, len, at, |index| Member::new(index, Sort::Sync));
        let publisher = list.begin();
        drop(bus.stream("desk").emit_call(2_u64).send());
        let report = block_on(async { common::poll_once(bus.close(Duration::ZERO)) });
        list.go.send(()).unwrap();
        publisher.join().unwrap();
        let waiting = if let std::task::Poll::Ready(report) = report {
            assert!(report.left.iter().any(|left| left.name == format!("m{at}") && left.running == 1));
            report.left.iter().map(|left| left.waiting as u64).sum()
        } else {
            len as u64
        };
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.handled + ended.dropped), (2 * len as u64, 2 * len as u64));
        assert_eq!(ended.dropped, waiting, "what was reported is what is dropped");
        assert!(list.seen.all().iter().filter(|one| one.1 == 1).count() == len);
    });
}

#[test]
fn with_full_queues_publishers_wait_and_nothing_is_lost() {
    stopped(|bus, len, at| {
        let list = Stopped::new(&bus, len, at, |index| Member::new(index, Sort::Sync).queue(1, 100));
        let publisher = list.begin();
        let returned = Arc::new(AtomicU64::new(0));
        let others: Vec<_> = (0..3_u64)
            .map(|thread| {
                let (desk, returned) = (bus.stream("desk"), Arc::clone(&returned));
                std::thread::spawn(move || {
                    for n in 0..3 {
                        drop(desk.emit_call(10 + thread * 3 + n).send());
                        returned.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        // The first fits; each later one is over the capacity of the blocked member, and blocks its
        // thread.
        let name = format!("m{at}");
        while bus.stats().subscription(&name).unwrap().waiting < 4 {
            std::thread::yield_now();
        }
        assert_eq!(returned.load(Ordering::SeqCst), 1);
        list.go.send(()).unwrap();
        for other in others {
            other.join().unwrap();
        }
        publisher.join().unwrap();
        let order: Vec<_> = bus.history().oldest_first().typed::<Call>().iter().map(|call| call.n).collect();
        assert_eq!(order.len(), 10);
        // After a millisecond of them a thread of the bus handles the rest.
        wait_until_idle(&bus);
        list.check(len, &order);
    });
}

#[test]
fn beyond_the_hard_limit_each_full_member_is_named() {
    stopped(|bus, len, at| {
        let list = Stopped::new(&bus, len, at, |index| Member::new(index, Sort::Sync).queue(2, 2));
        let publisher = list.begin();
        let desk = bus.stream("desk");
        let fit = [desk.emit_call(2_u64).send(), desk.emit_call(3_u64).send()];
        let late = desk.emit_call(4_u64).send();
        list.go.send(()).unwrap();
        publisher.join().unwrap();
        for sent in fit {
            assert_eq!(block_on(sent.finished()).handled(), len);
        }
        let (name, receipt) = (format!("m{at}"), block_on(late.finished()));
        assert_eq!((receipt.reached(), receipt.handled() + receipt.problems().len()), (len, len));
        assert!(receipt.problems().iter().all(|one| *one.outcome() == Outcome::Overflowed));
        assert!(receipt.problems().iter().any(|one| one.name() == name));
        let overflowed: u64 = bus.stats().subscriptions.iter().map(|one| one.counts.overflowed).sum();
        assert_eq!(overflowed, receipt.problems().len() as u64);
        check_accounts(&bus.stats());
    });
}

#[test]
fn groups_inside_groups_run_in_place_eight_deep_and_each_member_once() {
    trial().with(|bus| bus.chain_limit(100)).run(async |bus, _| {
        // Level n is a group of four for stream n; its members publish to level n + 1 in turn.
        let (seen, depth, most) =
            (Notes::<(u64, usize)>::new(), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        for level in 0..30_u64 {
            for index in 0..4_usize {
                let (next, seen) = (bus.stream((level + 1).to_string()), seen.clone());
                let (depth, most) = (Arc::clone(&depth), Arc::clone(&most));
                let act = move |_: &bus_core::Event<Call>| {
                    seen.add((level, index));
                    let deep = depth.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(deep, Ordering::SeqCst);
                    if index as u64 == level % 4 && level < 29 {
                        drop(next.emit_call(level + 1).send());
                    }
                    depth.fetch_sub(1, Ordering::SeqCst);
                };
                bus.subscribe::<Call>().stream(level.to_string()).handle_sync(act).detach();
            }
        }
        assert_eq!(bus.stream("0").emit_call(0_u64).send().receipt().reached(), 4);
        let mut seen = seen.all();
        seen.sort_unstable();
        let wanted: Vec<_> = (0..30).flat_map(|level| (0..4).map(move |index| (level, index))).collect();
        assert_eq!((seen, most.load(Ordering::SeqCst)), (wanted, 8));
        assert!(bus.stats().subscriptions.iter().all(|one| one.counts.handled == 1));
    });
}
