//! Handler groups that change between publishes: members end and join at any position, belong to
//! two runtimes, cannot decode the payload, or nest nine levels deep.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "common/group.rs"]
mod group;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::{AgentEvent, AnyEvent, Event, EventBus, Subscription, SubscriptionId};
use common::{Notes, block_on, check_accounts, settle, threaded, trial};
use group::{MIXES, ManyEmit, Member, Narrow, Sort, n};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

/// A step in the life of a group.
#[derive(Debug, Clone)]
enum Turn {
    Join(usize),
    End(prop::sample::Index),
    Send,
    Await,
    /// One event is sent, and members end before it is done.
    SendAndEnd(prop::sample::Index),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        3 => (1..12_usize).prop_map(Turn::Join),
        4 => any::<prop::sample::Index>().prop_map(Turn::End),
        3 => Just(Turn::Send),
        3 => Just(Turn::Await),
        2 => any::<prop::sample::Index>().prop_map(Turn::SendAndEnd),
    ];
    proptest::collection::vec(turn, 1..40)
}

/// The events of each member, by the subscription that the events name.
type Got = Arc<Mutex<BTreeMap<(usize, SubscriptionId), Vec<u64>>>>;

/// A group, and the expected events of each member.
struct Shape {
    bus: EventBus,
    sorts: &'static [Sort],
    got: Got,
    live: Vec<(usize, Subscription)>,
    wanted: BTreeMap<(usize, SubscriptionId), Vec<u64>>,
    made: usize,
    published: u64,
}

impl Shape {
    fn join(&mut self, members: usize) {
        for _ in 0..members {
            let (got, made) = (Arc::clone(&self.got), self.made);
            let note = move |event: &AnyEvent| {
                let own = (made, event.subscription().unwrap());
                got.lock().unwrap().entry(own).or_default().push(n(event));
                Ok(())
            };
            let narrow = if made % 7 == 6 { Narrow::Stream } else { Narrow::No };
            let member = Member::new(made, self.sorts[made % self.sorts.len()]).narrow(narrow);
            self.live.push((made, member.subscribe(&self.bus, Arc::new(note))));
            self.made += 1;
        }
    }

    fn end(&mut self, at: prop::sample::Index) {
        if !self.live.is_empty() {
            drop(self.live.remove(at.index(self.live.len())));
        }
    }

    async fn publish(&mut self, awaits: bool, ends: Option<prop::sample::Index>) {
        self.published += 1;
        let emit = self.bus.stream("desk").emit_call(self.published);
        let listed: Vec<_> = self.live.iter().map(|(made, guard)| (*made, guard.id())).collect();
        let receipt = if awaits {
            emit.await
        } else {
            let sent = emit.send();
            if let Some(at) = ends {
                self.end(at);
            }
            sent.finished().await
        };
        assert_eq!(receipt.reached(), listed.len());
        let dropped: Vec<_> = receipt.problems().iter().map(bus_core::Problem::subscription).collect();
        assert!(dropped.len() <= usize::from(ends.is_some()));
        for own in listed.into_iter().filter(|own| !dropped.contains(&own.1)) {
            self.wanted.entry(own).or_default().push(self.published);
        }
        settle().await;
        check_accounts(&self.bus.stats());
        assert_eq!(*self.got.lock().unwrap(), self.wanted);
    }

    async fn play(mut self, turns: Vec<Turn>) {
        for turn in turns {
            match turn {
                Turn::Join(members) => self.join(members),
                Turn::End(at) => self.end(at),
                Turn::Send => self.publish(false, None).await,
                Turn::Await => self.publish(true, None).await,
                Turn::SendAndEnd(at) => self.publish(false, Some(at)).await,
            }
        }
        self.publish(true, None).await;
        assert!(self.bus.close(Duration::from_mins(2)).await.is_drained());
    }
}

#[test]
fn remaining_members_get_events_through_their_own_subscriptions() {
    common::watch(None, |steps| {
        let mut cases =
            TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
        let played = cases.run(&(turns(), 0..MIXES.len()), |(turns, mix)| {
            steps.at(format!("{turns:?} with {:?}", MIXES[mix]));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let shape = Shape {
                bus: EventBus::builder().max_concurrent_handlers(1_000).build().unwrap(),
                sorts: MIXES[mix],
                got: Arc::default(),
                live: Vec::new(),
                wanted: BTreeMap::new(),
                made: 0,
                published: 0,
            };
            runtime.block_on(shape.play(turns));
            Ok(())
        });
        played.unwrap();
    });
}

#[test]
fn only_untyped_members_get_an_event_that_does_not_fit_its_type() {
    trial().run(async |bus, _| {
        let seen = Notes::<usize>::new();
        let sorts = MIXES[3];
        for index in 0..32 {
            let notes = seen.clone();
            let note = move |_: &AnyEvent| {
                notes.add(index);
                Ok(())
            };
            Member::new(index, sorts[index % sorts.len()]).subscribe(&bus, Arc::new(note)).detach();
        }
        let untyped: Vec<_> = (0..32).filter(|index| sorts[index % sorts.len()] == Sort::Named).collect();
        for round in 1..=3_u64 {
            let unfit = bus.stream("desk").emit_dynamic("call", json!({ "n": "no number" })).await;
            assert_eq!((unfit.reached(), unfit.handled()), (untyped.len(), untyped.len()));
            assert_eq!(seen.all(), untyped);
            let fit = bus.stream("desk").emit_call(round).await;
            assert_eq!((fit.reached(), fit.handled()), (32, 32));
            let stats = bus.stats();
            for (index, one) in stats.subscriptions.iter().enumerate() {
                let unfit = if untyped.contains(&index) { round } else { 0 };
                assert_eq!(one.counts.handled, round + unfit, "{}", one.name);
            }
            seen.clear();
        }
    });
}

#[test]
fn members_of_two_runtimes_run_each_on_its_own() {
    threaded(1).run(async |bus, steps| {
        let other = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("other")
            .enable_all()
            .build()
            .unwrap();
        let wrong = Notes::<String>::new();
        for index in 0..24 {
            let of_other = index % 2 == 0;
            let _here = of_other.then(|| other.enter());
            let wrong = wrong.clone();
            let sort = if index % 3 == 0 { Sort::Yields } else { Sort::Ready };
            let note = move |_: &AnyEvent| {
                let is_other = std::thread::current().name() == Some("other");
                if is_other != of_other {
                    wrong.add(format!("m{index} on {:?}", std::thread::current().name()));
                }
                Ok(())
            };
            Member::new(index, sort).subscribe(&bus, Arc::new(note)).detach();
        }
        for n in 0..30 {
            steps.at(format!("event {n}"));
            let emit = bus.stream("desk").emit_call(n);
            let receipt = match n % 4 {
                0 => emit.await,
                1 => other.spawn(emit.into_future()).await.unwrap(),
                2 => tokio::task::spawn_blocking(move || block_on(emit)).await.unwrap(),
                _ => emit.send().finished().await,
            };
            assert_eq!((receipt.reached(), receipt.handled()), (24, 24));
        }
        // Members of a dropped runtime end with it, the others stay.
        tokio::task::spawn_blocking(move || drop(other)).await.unwrap();
        steps.at("one runtime");
        while bus.stream("desk").emit_call(99_u64).await.handled() != 12 {
            tokio::task::yield_now().await;
        }
        assert_eq!(wrong.all(), Vec::<String>::new());
    });
}

#[derive(AgentEvent)]
enum Levels {
    L0,
    L1,
    L2,
    L3,
    L4,
    L5,
    L6,
    L7,
    L8,
    L9,
    L10,
    L11,
}

/// Publishes the event of a level.
fn publish(bus: &EventBus, level: usize) {
    let desk = bus.stream("desk");
    drop(match level {
        0 => desk.emit_l0().send(),
        1 => desk.emit_l1().send(),
        2 => desk.emit_l2().send(),
        3 => desk.emit_l3().send(),
        4 => desk.emit_l4().send(),
        5 => desk.emit_l5().send(),
        6 => desk.emit_l6().send(),
        7 => desk.emit_l7().send(),
        8 => desk.emit_l8().send(),
        9 => desk.emit_l9().send(),
        10 => desk.emit_l10().send(),
        _ => desk.emit_l11().send(),
    });
}

/// State that the groups of all levels share.
#[derive(Clone)]
struct Nest {
    bus: EventBus,
    seen: Notes<(usize, usize)>,
    depth: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

impl Nest {
    /// Adds a member to the group of a level: one of each four publishes to the next level.
    fn member<P: bus_core::Payload>(&self, level: usize, index: usize) {
        let nest = self.clone();
        let act = move |_: &Event<P>| {
            nest.seen.add((level, index));
            let deep = nest.depth.fetch_add(1, Ordering::SeqCst) + 1;
            nest.most.fetch_max(deep, Ordering::SeqCst);
            if index == level % 4 && level < 11 {
                publish(&nest.bus, level + 1);
            }
            nest.depth.fetch_sub(1, Ordering::SeqCst);
        };
        self.bus.subscribe::<P>().handle_sync(act).detach();
    }
}

#[test]
fn groups_without_filters_nest_eight_deep_too() {
    trial().run(async |bus, _| {
        let nest = Nest { bus, seen: Notes::new(), depth: Arc::default(), most: Arc::default() };
        for index in 0..4 {
            nest.member::<L0>(0, index);
            nest.member::<L1>(1, index);
            nest.member::<L2>(2, index);
            nest.member::<L3>(3, index);
            nest.member::<L4>(4, index);
            nest.member::<L5>(5, index);
            nest.member::<L6>(6, index);
            nest.member::<L7>(7, index);
            nest.member::<L8>(8, index);
            nest.member::<L9>(9, index);
            nest.member::<L10>(10, index);
            nest.member::<L11>(11, index);
        }
        for round in 1..=2 {
            publish(&nest.bus, 0);
            let mut seen = nest.seen.all();
            seen.sort_unstable();
            let wanted: Vec<_> = (0..12).flat_map(|level| (0..4).map(move |index| (level, index))).collect();
            assert_eq!(seen.len(), wanted.len() * round);
            seen.dedup();
            assert_eq!((seen, nest.most.load(Ordering::SeqCst)), (wanted, 8));
        }
    });
}
