//! Gaps, positions and the past.

use std::sync::Arc;

use bus_core::Overflow;
use tokio::sync::Semaphore;

use crate::common::{Notes, all_done, block_on, threaded, trial, wait_until_idle};
use crate::{Alarm, Load, LoadEmit, Progress, Work, numbers};

#[test]
fn gaps_stand_in_their_places() {
    trial().run(async |bus, _| {
        let (items, reported) = (Notes::<String>::new(), Notes::<u64>::new());
        let notes = reported.clone();
        let all = bus.subscribe::<Load>().capacity(2).overflow(Overflow::DropOldest);
        let all = all.on_lag(move |gap| notes.add(gap.missed.unwrap())).batch(10).with(items.clone());
        let _guard = all.handle(async |items, events| {
            for item in events.items() {
                items.add(match item {
                    Ok(event) => event.seq().to_string(),
                    Err(gap) => format!("{}..{}", gap.from.seq(), gap.to.seq()),
                });
            }
            items.add("end");
        });
        let desk = bus.stream("desk");
        desk.emit_work(1_u64).send();
        desk.emit_alarm(2_u64).send();
        for n in 3..7_u64 {
            desk.emit_work(n).send();
        }
        all_done(&bus).await;
        assert_eq!(items.all(), ["1", "2", "3..5", "6", "end"]);
        assert_eq!(reported.all(), [3]);
    });
}

#[test]
fn a_gap_behind_the_last_event_is_the_last_item_and_coalesced_events_are_none() {
    trial().run(async |bus, _| {
        let items = Notes::<String>::new();
        let newest = bus.subscribe::<Work>().capacity(2).overflow(Overflow::DropNewest);
        let _newest = newest.batch(10).with(items.clone()).handle(async |items, events| {
            items.add(format!(
                "{:?} {}",
                events.items().map(|item| item.is_ok()).collect::<Vec<_>>(),
                events.len()
            ));
        });
        let (progress, calls) = (bus.subscribe::<Progress>().capacity(1), Notes::<Vec<u64>>::new());
        let progress = progress.overflow(Overflow::Coalesce).batch(10).with(calls.clone());
        let _progress = progress.handle(async |calls, events| {
            assert_eq!(events.items().count(), events.len());
            calls.add(events.iter().map(|event| event.n).collect::<Vec<_>>());
        });
        for n in 0..6_u64 {
            bus.stream("desk").emit_work(n).send();
            bus.stream("desk").emit_progress(n).send();
        }
        all_done(&bus).await;
        assert_eq!(items.all(), ["[true, true, true, false] 3"]);
        assert_eq!(calls.all(), [vec![0, 5]]);
    });
}

#[test]
fn a_lag_callback_that_blocks_before_a_call_hangs_nothing() {
    threaded(2).run(async |bus, _| {
        let (reported, gate, desk) = (Notes::<u64>::new(), Arc::new(Semaphore::new(0)), bus.stream("desk"));
        let notes = reported.clone();
        let work = bus.subscribe::<Work>().capacity(3).overflow(Overflow::DropNewest);
        let work = work.on_lag(move |gap| {
            // Its handler waits for the subscription that this is called for: one of the two is
            // deferred.
            let receipt = block_on(desk.emit_alarm(9_u64));
            assert_eq!(receipt.handled() + receipt.deferred(), 1);
            notes.add(gap.missed.unwrap());
        });
        let both = bus.subscribe::<Alarm>().with(bus.stream("desk"));
        let _alarm = both.handle(async |desk, _| drop(desk.emit_work(8_u64).await));
        let work = work.batch(9).with(Arc::clone(&gate));
        let _guard = work.handle(async |gate, _| {
            gate.acquire().await.unwrap().forget();
        });
        for n in 0..9_u64 {
            bus.stream("desk").emit_work(n).send();
        }
        gate.add_permits(9);
        wait_until_idle(&bus);
        assert!(reported.all().iter().sum::<u64>() >= 2, "{:?}", reported.all());
    });
}

#[test]
fn through_is_the_newest_position_or_the_one_before_what_waits() {
    trial().run(async |bus, _| {
        let through = Notes::<u64>::new();
        let work = bus.subscribe::<Work>().batch(2).with(through.clone());
        let _guard = work.handle(async |through, events| {
            through.add(events.through().seq());
            tokio::task::yield_now().await;
        });
        let desk = bus.stream("desk");
        desk.emit_work(1_u64).send();
        desk.emit_work(2_u64).send();
        desk.emit_other(3_u64).send();
        desk.emit_other(4_u64).send();
        desk.emit_work(5_u64).send();
        desk.emit_other(6_u64).send();
        all_done(&bus).await;
        assert_eq!(through.all(), [4, 6]);
        assert_eq!(bus.history().limit(1).collect()[0].cursor().seq(), 6);
    });
}

#[test]
fn history_comes_in_batches_and_live_events_go_on_behind_it() {
    trial().with(|bus| bus.history(4)).run(async |bus, _| {
        for n in 0..6_u64 {
            bus.stream("desk").emit_work(n).send();
        }
        let calls = Notes::<(Option<u64>, Vec<u64>)>::new();
        let work = bus.subscribe::<Work>().since(bus_core::Since::Beginning).filter(|event| event.n != 4);
        let _guard = work.batch(3).with(calls.clone()).handle(async |calls, events| {
            calls
                .add((events.items().find_map(Result::err).map(|gap| gap.missed.unwrap()), numbers(&events)));
        });
        bus.stream("desk").emit_work(6_u64).send();
        all_done(&bus).await;
        assert_eq!(calls.all(), [(Some(2), vec![2, 3, 5]), (None, vec![6])]);
    });
}
