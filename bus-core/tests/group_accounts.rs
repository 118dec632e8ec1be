//! One publish to many handlers with every possible outcome: receipts, stats, causes and time-outs
//! are those of each single one.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "common/group.rs"]
mod group;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::{AnyEvent, BoxError, Counts, EventBus, EventId, Outcome, Stats, SubscriptionId};
use common::{Notes, ON_PURPOSE, check_accounts, settle, threaded, trial};
use group::{Call, Echo, MIXES, ManyEmit, Member, Sort, n, positions};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// The outcome of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Handled,
    Failed,
    Panicked,
    /// With a payload that panics again when it is dropped.
    PanickedTwice,
    /// With an error that panics when it is displayed, and when it is dropped.
    FailedTwice,
}

struct Nasty;

impl Drop for Nasty {
    fn drop(&mut self) {
        panic!("drop of a panic {ON_PURPOSE}");
    }
}

#[derive(Debug)]
struct BadError;

impl fmt::Display for BadError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("display {ON_PURPOSE}")
    }
}

impl std::error::Error for BadError {}

impl Drop for BadError {
    fn drop(&mut self) {
        panic!("drop of an error {ON_PURPOSE}");
    }
}

impl End {
    fn meet(self) -> Result<(), BoxError> {
        match self {
            Self::Handled => Ok(()),
            Self::Failed => Err("no".into()),
            Self::Panicked => panic!("{ON_PURPOSE}"),
            Self::PanickedTwice => panic_any(Nasty),
            Self::FailedTwice => Err(BadError.into()),
        }
    }

    fn is_reported_as(self, outcome: Option<&Outcome>) -> bool {
        match self {
            Self::Handled => outcome.is_none(),
            Self::Failed => outcome == Some(&Outcome::Failed("no".into())),
            Self::Panicked | Self::PanickedTwice | Self::FailedTwice => {
                matches!(outcome, Some(Outcome::Panicked(_)))
            }
        }
    }

    fn is_counted_in(self, counts: &Counts) -> u64 {
        match self {
            Self::Handled => counts.handled,
            Self::Failed => counts.failed,
            _ => counts.panicked,
        }
    }
}

fn ends() -> impl Strategy<Value = Vec<End>> {
    let end = prop_oneof![
        4 => Just(End::Handled),
        1 => Just(End::Failed),
        1 => Just(End::Panicked),
        1 => Just(End::PanickedTwice),
        1 => Just(End::FailedTwice),
    ];
    prop_oneof![proptest::collection::vec(end.clone(), 1..8), proptest::collection::vec(end, 8..65)]
}

/// Sends two events to members with given outcomes: each receipt names exactly the members that did
/// not succeed, and the stats count each.
async fn ends_as_given(ends: Vec<End>, sorts: &[Sort], awaits: bool) {
    let bus = EventBus::new();
    let mut guards = Vec::new();
    for (index, end) in ends.iter().copied().enumerate() {
        let member = Member::new(index, sorts[index % sorts.len()]);
        guards.push(member.subscribe(&bus, Arc::new(move |_: &AnyEvent| end.meet())));
    }
    for round in 1..=2 {
        let emit = bus.stream("desk").emit_call(round);
        let receipt = if awaits { emit.await } else { emit.send().finished().await };
        let handled = ends.iter().filter(|end| **end == End::Handled).count();
        assert_eq!((receipt.reached(), receipt.handled()), (ends.len(), handled));
        let mut reported: BTreeMap<SubscriptionId, (String, Outcome)> = BTreeMap::new();
        for problem in receipt.problems() {
            let twice =
                reported.insert(problem.subscription(), (problem.name().into(), problem.outcome().clone()));
            assert_eq!(twice, None);
        }
        assert_eq!(reported.len(), ends.len() - handled);
        let stats = bus.stats();
        check_accounts(&stats);
        for (index, (end, guard)) in ends.iter().zip(&guards).enumerate() {
            let reported = reported.get(&guard.id());
            assert!(
                end.is_reported_as(reported.map(|reported| &reported.1)),
                "{end:?} is reported as {reported:?}"
            );
            assert!(reported.is_none_or(|reported| reported.0 == format!("m{index}")));
            let counts = &stats.subscriptions[index].counts;
            assert_eq!((counts.matched, end.is_counted_in(counts)), (round, round), "{end:?}: {counts:?}");
        }
    }
}

#[test]
fn of_many_each_is_reported_with_its_outcome() {
    trial().run(async |_, steps| {
        let mut cases =
            TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
        let plan = (ends(), 0..MIXES.len(), any::<bool>());
        // A runner takes no async body, so each case has a runtime of its own, on a thread that is
        // in none.
        let outcome = tokio::task::spawn_blocking(move || {
            cases.run(&plan, |(ends, mix, awaits)| {
                steps.at(format!("{ends:?} of {:?}, awaits {awaits}", MIXES[mix]));
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(ends_as_given(ends, MIXES[mix], awaits));
                Ok(())
            })
        });
        outcome.await.unwrap().unwrap();
    });
}

/// In every snapshot, from any thread: members that exist from the beginning have matched exactly
/// the published events.
fn check_group(stats: &Stats) {
    check_accounts(stats);
    let published = stats.published.get("call").copied().unwrap_or(0);
    for one in &stats.subscriptions {
        assert_eq!(one.counts.matched, published, "{one:?}");
    }
}

#[test]
fn every_snapshot_is_exact_from_inside_and_from_another_thread() {
    threaded(2).with(|bus| bus.max_concurrent_handlers(3)).run(async |bus, steps| {
        const LEN: usize = 24;
        let mut ids = Vec::new();
        let wrong = Notes::<String>::new();
        for index in 0..LEN {
            let (inner, wrong) = (bus.clone(), wrong.clone());
            // `Definition` also matches the events that handlers publish, so that it has matched
            // more.
            let sort =
                [Sort::Sync, Sort::Sync, Sort::Tuple, Sort::Named, Sort::Ready, Sort::Yields, Sort::Three]
                    [index % 7];
            let look = move |event: &AnyEvent| {
                let stats = inner.stats();
                let look = std::panic::catch_unwind(|| check_group(&stats));
                let own =
                    stats.subscriptions.iter().find(|one| Some(one.id) == event.subscription()).unwrap();
                if look.is_err() || own.name != format!("m{index}") || own.running == 0 {
                    wrong.add(format!("{index}: {own:?}"));
                }
                if index % 5 == 4 { End::Failed.meet() } else { Ok(()) }
            };
            ids.push(Member::new(index, sort).subscribe(&bus, Arc::new(look)).detach());
        }
        steps.at("publish");
        let stop = Arc::new(AtomicBool::new(false));
        let (looking, stopped) = (bus.clone(), Arc::clone(&stop));
        let outside = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                check_group(&looking.stats());
            }
        });
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let desk = bus.stream("desk");
                std::thread::spawn(move || (0..40).for_each(|n| drop(desk.emit_call(n).send())))
            })
            .collect();
        for n in 0..40 {
            bus.stream("desk").emit_call(n).await;
        }
        for thread in threads {
            thread.join().unwrap();
        }
        steps.at("drain");
        assert!(bus.close(Duration::from_mins(2)).await.is_drained());
        stop.store(true, Ordering::Relaxed);
        outside.join().unwrap();
        assert_eq!(wrong.all(), Vec::<String>::new());
        assert_eq!(
            bus.stats().ended.matched
                + bus.stats().subscriptions.iter().map(|one| one.counts.matched).sum::<u64>(),
            160 * LEN as u64
        );
    });
}

#[test]
fn events_of_many_handlers_are_caused_by_their_own_event() {
    trial().with(|bus| bus.max_concurrent_handlers(100)).run(async |bus, steps| {
        for (sorts, len) in [(MIXES[0], 5), (MIXES[1], 5), (MIXES[2], 30), (MIXES[3], 64)] {
            steps.at(format!("{len} of {sorts:?}"));
            let bus = EventBus::builder().max_concurrent_handlers(100).build().unwrap();
            let causes = Arc::new(Mutex::new(BTreeMap::<u64, EventId>::new()));
            for index in 0..len {
                let (inner, causes, sort) = (bus.clone(), Arc::clone(&causes), sorts[index % sorts.len()]);
                let say = move |event: &AnyEvent| {
                    if event.payload::<Call>().is_none() {
                        return Ok(());
                    }
                    let (desk, own) = (inner.stream("desk"), n(event) * 1_000 + index as u64 * 10);
                    for word in 0..2 {
                        causes.lock().unwrap().insert(own + word, event.id());
                        drop(desk.emit_echo(own + word).send());
                        // In the middle of the group, for all members: later events still have
                        // their own cause.
                        if index == 2 && n(event) == 1 && word == 0 {
                            drop(desk.emit_call(2_u64).send());
                        }
                    }
                    Ok(())
                };
                Member::new(index, sort).subscribe(&bus, Arc::new(say)).detach();
            }
            bus.subscribe::<Echo>().handle_sync(|_| {}).detach();
            bus.stream("desk").emit_call(1_u64).await;
            settle().await;
            assert!(bus.close(Duration::from_mins(2)).await.is_drained());
            let reported = bus.history().limit(usize::MAX).typed::<Echo>();
            assert_eq!(reported.len(), 4 * len);
            let causes = causes.lock().unwrap();
            assert!(reported.iter().all(|echo| echo.causation() == causes.get(&echo.n).copied()));
            let second = &bus.history().typed::<Call>()[0];
            assert_eq!((second.n, second.causation().map(EventId::seq)), (2, Some(1)));
            check_accounts(&bus.stats());
        }
        drop(bus);
    });
}

#[test]
fn of_many_only_those_that_hang_are_timed_out() {
    trial().paused().run(async |_, steps| {
        for (len, limit) in [(1, 1), (3, 1), (3, 2), (64, 1), (64, 10)] {
            for at in positions(len) {
                for awaits in [false, true] {
                    steps.at(format!("{len} at limit {limit}, {at} hangs, awaits {awaits}"));
                    let bus = EventBus::builder().max_concurrent_handlers(limit).build().unwrap();
                    for index in 0..len {
                        let subscribe =
                            bus.subscribe::<Call>().name(format!("m{index}")).timeout(Duration::from_secs(1));
                        let handler = move |_| async move {
                            match index {
                                _ if index == at => std::future::pending().await,
                                _ if index % 2 == 0 => tokio::task::yield_now().await,
                                _ => {}
                            }
                        };
                        subscribe.handle(handler).detach();
                    }
                    for round in 1..=2 {
                        let emit = bus.stream("desk").emit_call(round);
                        let receipt = if awaits { emit.await } else { emit.send().finished().await };
                        assert_eq!((receipt.reached(), receipt.handled()), (len, len - 1));
                        let reported: Vec<_> =
                            receipt.problems().iter().map(|one| (one.name(), one.outcome())).collect();
                        assert_eq!(reported, [(&*format!("m{at}"), &Outcome::TimedOut)]);
                    }
                    check_accounts(&bus.stats());
                }
            }
        }
    });
}
