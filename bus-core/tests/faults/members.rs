//! Handlers of one kind may share a queue: each learns of the events that it missed itself.

use std::sync::{Arc, Mutex};

use bus_core::{EventBus, Overflow, Subscription};

use crate::common::{Notes, trial, watch};
use crate::events::{FaultsEmit, Ping, number, wait_until_idle};

fn member(bus: &EventBus, name: &'static str, overflow: Overflow, seen: &Notes) -> Subscription {
    let (lags, notes) = (seen.clone(), seen.clone());
    bus.subscribe::<Ping>()
        .name(name)
        .capacity(2)
        .overflow(overflow)
        .on_lag(move |lag| lags.add(format!("{name} missed {} to {}", lag.from.seq(), lag.to.seq())))
        .handle_sync(move |event| notes.add(format!("{name} {}", event.n)))
}

fn of<'a>(seen: &'a [String], name: &str) -> Vec<&'a str> {
    seen.iter().filter_map(|note| note.strip_prefix(name)).map(str::trim).collect()
}

/// While they work on event 1, events 2 to 4 are sent, one more joins, and event 5 is sent: with
/// space for two, events 2 and 3 are lost, and the new one was not there for them.
#[test]
fn a_handler_that_joined_later_gets_no_report_of_earlier_losses() {
    trial().run(async |bus, _| {
        let (seen, joined) = (Notes::new(), Arc::new(Mutex::new(None)));
        let _first = member(&bus, "first", Overflow::DropOldest, &seen);
        let (inner, notes, joins) = (bus.clone(), seen.clone(), Arc::clone(&joined));
        let _conducts =
            bus.subscribe::<Ping>().capacity(2).overflow(Overflow::DropOldest).on_lag(|_| {}).handle_sync(
                move |event| {
                    if event.n == 1 {
                        let agent = inner.stream("agent");
                        (2..5).for_each(|n| drop(agent.emit_ping(n).send()));
                        *joins.lock().unwrap() = Some(member(&inner, "later", Overflow::DropOldest, &notes));
                        drop(agent.emit_ping(5_u64).send());
                    }
                },
            );
        bus.stream("agent").emit_ping(1_u64).await;
        wait_until_idle(&bus);
        let seen = seen.all();
        assert_eq!(of(&seen, "first"), ["1", "missed 2 to 3", "4", "5"]);
        assert_eq!(of(&seen, "later"), ["5"], "it joined before event 5");
        let counts = bus.stats().subscription("later").unwrap().counts;
        assert_eq!((counts.matched, counts.handled, counts.overflowed), (1, 1, 0));
        drop(joined);
    });
}

/// The first of them sends while the others have not handled event 1, so the queue of all fills.
#[test]
fn an_overflow_that_ends_a_subscription_ends_each_and_reports_to_each() {
    trial().run(async |bus, _| {
        let (seen, names) = (Notes::new(), ["ends-a", "ends-b", "ends-c"]);
        let inner = bus.clone();
        let sends = bus.subscribe::<Ping>().name("sends").capacity(2).overflow(Overflow::Close);
        let _sends = sends.on_lag(|_| {}).handle_sync(move |event| {
            if event.n == 1 {
                (2..9).for_each(|n| drop(inner.stream("agent").emit_ping(n).send()));
            }
        });
        let _guards = names.map(|name| member(&bus, name, Overflow::Close, &seen));
        bus.stream("agent").emit_ping(1_u64).await;
        wait_until_idle(&bus);
        let stats = bus.stats();
        let left: Vec<_> = stats.subscriptions.iter().map(|entry| entry.name.as_str()).collect();
        let seen = seen.all();
        assert!(left.is_empty(), "all four overflowed, and these are still there: {left:?}; {seen:?}");
        for name in names {
            let own = of(&seen, name);
            assert_eq!(own, ["1", "2", "3", "missed 4 to 4"], "what {name} got before it ended");
        }
        assert_eq!((stats.ended.matched, stats.ended.handled, stats.ended.overflowed), (16, 12, 4));
    });
}

/// Events of two kinds that two threads publish, in the order of the bus.
#[test]
fn a_handler_of_several_kinds_gets_them_in_one_order() {
    watch(None, |_| {
        let (bus, seqs) = (EventBus::new(), Notes::<u64>::new());
        let notes = seqs.clone();
        let kinds = ["ping", "pong", "ping"];
        let _guard = bus.subscribe_any().kinds(kinds).handle_sync(move |event| {
            assert!(number(event) < 3_000);
            notes.add(event.seq());
        });
        let mates: Vec<_> = (0..3).map(|_| bus.subscribe::<Ping>().handle_sync(|_| {})).collect();
        let threads = [true, false].map(|ping| {
            let agent = bus.stream("agent");
            std::thread::spawn(move || {
                for n in 0..3_000 {
                    if ping { drop(agent.emit_ping(n).send()) } else { drop(agent.emit_pong(n).send()) }
                }
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        wait_until_idle(&bus);
        let seqs = seqs.all();
        let wrong = seqs.windows(2).position(|pair| pair[0] >= pair[1]);
        assert_eq!((seqs.len(), wrong), (6_000, None), "each event once, in order");
        drop(mates);
    });
}
