//! The loop that is written first is right: a gap ends no stream, and is reported.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, LagCause, Since};
use common::{Notes, log, trial};

#[derive(AgentEvent)]
enum Counting {
    Counted { n: u64 },
}

#[test]
fn the_easy_loop_reads_on_behind_a_gap() {
    log::collect();
    trial().run(async |bus, _| {
        let mut stream = bus.subscribe::<Counted>().name("reads-on").capacity(2).into_stream();
        for n in 0..5 {
            bus.stream("desk").emit_counted(n).await;
        }
        bus.close(std::time::Duration::ZERO).await;
        let mut seen = Vec::new();
        while let Some(event) = stream.recv().await {
            seen.push(event.n);
        }
        assert_eq!(seen, [3, 4]);
        assert_eq!(bus.stats().subscription("reads-on").unwrap().counts.overflowed, 3);
        assert_eq!(log::lines(&["WARN", "reads-on", "queue is full", "gaps.rs"]).len(), 1);
        assert_eq!(log::lines(&["WARN", "reads-on"]).len(), 1, "reported once");
    });
}

#[test]
fn a_stream_reports_its_gaps_to_its_lag_closure() {
    trial().run(async |bus, _| {
        let gaps = Notes::<bus_core::Lagged>::new();
        let note = gaps.clone();
        let mut stream =
            bus.subscribe::<Counted>().capacity(2).on_lag(move |gap| note.add(gap)).into_stream();
        for n in 0..5 {
            bus.stream("desk").emit_counted(n).await;
        }
        assert!(gaps.all().is_empty());
        assert_eq!(stream.try_recv().unwrap().n, 3);
        let gaps = gaps.all();
        assert_eq!((gaps.len(), gaps[0].missed, gaps[0].from.seq(), gaps[0].to.seq()), (1, Some(3), 1, 3));
    });
}

#[test]
fn what_history_has_lost_is_in_the_log_of_a_stream_that_reads_on() {
    log::collect();
    trial().with(|builder| builder.history(2)).run(async |bus, _| {
        for n in 0..5 {
            bus.stream("desk").emit_counted(n).await;
        }
        let mut stream = bus.subscribe::<Counted>().name("looks-back").since(Since::Beginning).into_stream();
        assert_eq!(stream.recv().await.unwrap().n, 3);
        assert_eq!(log::lines(&["WARN", "looks-back", "history no longer holds them", "gaps.rs"]).len(), 1);
    });
}

#[test]
fn a_stream_with_gaps_has_each_before_the_event_behind_it() {
    trial().run(async |bus, _| {
        let mut stream = bus.subscribe::<Counted>().capacity(2).into_stream().with_gaps();
        let id = stream.id();
        for n in 0..5 {
            bus.stream("desk").emit_counted(n).await;
        }
        let gap = stream.recv().await.unwrap().unwrap_err();
        assert_eq!((gap.missed, gap.cause), (Some(3), LagCause::Overflow));
        let event = stream.recv().await.unwrap().unwrap();
        assert_eq!((event.n, event.subscription()), (3, Some(id)));
    });
}
