//! (d) Filters: one match among many subscriptions; subscribing and unsubscribing at those sizes.

use std::time::Duration;

use bus_core::{Event, EventBus, Subscription};

use crate::load::LoadEmit;
use crate::load::{Counter, HISTORY, Plain, Said, bus, text};
use crate::measure::{Group, Side, thread_time};

const MANY: usize = 100_000;

pub(crate) fn groups() -> Vec<Group> {
    let one_match = Group::new("d/match", "one match among so many subscriptions", "publish")
        .side(ours(1))
        .side(ours(1_000))
        .side(ours(MANY))
        .side(listed(1_000))
        .target("100000", "1", 1.3);
    let churn = Group::new("d/churn", "100,000 subscriptions, each to an execution of its own", "pass")
        .side(Side::timed("subscribe", |times| churn(times).0))
        .side(Side::timed("unsubscribe", |times| churn(times).1))
        .fixed(1)
        .limit("subscribe", 0.2e9)
        .limit("unsubscribe", 0.2e9);
    vec![one_match, churn]
}

fn subscribe(bus: &EventBus, execution: usize, counter: &Counter) -> Subscription {
    let counter = counter.clone();
    let wanted = bus.subscribe::<Said>().execution(format!("exec-{execution}"));
    wanted.handle_sync(move |_: &Event<Said>| counter.add())
}

fn ours(subscriptions: usize) -> Side {
    let (bus, counter) = (bus(HISTORY), Counter::default());
    let guards: Vec<_> = (0..subscriptions).map(|at| subscribe(&bus, at, &counter)).collect();
    let desk = bus.stream("desk").execution("exec-0");
    Side::new(subscriptions.to_string(), move |times| {
        let before = counter.get();
        for _ in 0..times {
            desk.emit_said(text()).send();
        }
        assert_eq!(guards.len(), subscriptions);
        counter.assert_added(before, times);
    })
}

type Listener = Box<dyn Fn(&str, &Plain)>;

/// A list of closures that check the event themselves.
fn listed(subscriptions: usize) -> Side {
    let counter = Counter::default();
    let list: Vec<Listener> = (0..subscriptions)
        .map(|at| {
            let (wanted, counter) = (format!("exec-{at}"), counter.clone());
            let handler = move |execution: &str, _: &Plain| {
                if wanted == execution {
                    counter.add();
                }
            };
            Box::new(handler) as Listener
        })
        .collect();
    Side::new(format!("a list of {subscriptions}"), move |times| {
        let before = counter.get();
        for _ in 0..times {
            let event = Plain::new();
            list.iter().for_each(|handler| handler("exec-0", &event));
        }
        counter.assert_added(before, times);
    })
}

fn churn(times: u64) -> (Duration, Duration) {
    let (mut subscribing, mut unsubscribing) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..times {
        let (bus, counter) = (bus(HISTORY), Counter::default());
        let begun = thread_time();
        let guards: Vec<_> = (0..MANY).map(|at| subscribe(&bus, at, &counter)).collect();
        let made = thread_time();
        drop(guards);
        let gone = thread_time();
        assert_eq!(bus.stats().subscriptions.len(), 0);
        subscribing += made.saturating_sub(begun);
        unsubscribing += gone.saturating_sub(made);
    }
    (subscribing, unsubscribing)
}
