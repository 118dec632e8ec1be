//! Rings with a wait for capacity in a stream: such a wait depends on the reader of the stream.
//!
//! Each test runs in a child with a watchdog that prints its steps.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, Event, Overflow};
use common::{Notes, all_done, trial};

#[derive(AgentEvent)]
enum Ring {
    A { n: u64 },
    B { n: u64 },
    C { n: u64 },
}

#[test]
fn a_handler_may_fill_a_stream_of_its_own_before_it_reads_it() {
    trial().apart().paused().run(async |bus, _| {
        let (outer, read) = (bus.clone(), Notes::<u64>::new());
        let notes = read.clone();
        let _a = bus.subscribe::<A>().handle(move |_: Event<A>| {
            let (bus, notes) = (outer.clone(), notes.clone());
            async move {
                let mut own =
                    bus.subscribe::<B>().capacity(1).overflow(Overflow::Wait).into_stream().with_gaps();
                for n in 0..4_u64 {
                    bus.stream("desk").emit_b(n).await;
                }
                while let Some(Ok(event)) = own.try_recv() {
                    notes.add(event.n);
                }
            }
        });
        bus.stream("desk").emit_a(0_u64).send().finished().await;
        all_done(&bus).await;
        assert_eq!(read.all(), [0, 1, 2, 3]);
    });
}

#[test]
fn a_publisher_does_not_wait_for_capacity_in_the_stream_of_a_handler_that_waits_for_it() {
    for reads_first in [false, true] {
        trial().apart().paused().run(async move |bus, steps| {
            steps.at(format!("reads first: {reads_first}"));
            let outer = bus.clone();
            let _a = bus.subscribe::<A>().handle(move |_: Event<A>| {
                let bus = outer.clone();
                async move {
                    let mut own =
                        bus.subscribe::<B>().capacity(1).overflow(Overflow::Wait).into_stream().with_gaps();
                    let done = bus.wait_for::<C>();
                    if reads_first {
                        own.recv().await;
                    }
                    done.await.unwrap();
                    while own.try_recv().is_some() {}
                }
            });
            let outer = bus.stream("desk");
            let _c = bus.subscribe::<A>().handle(move |_: Event<A>| {
                let desk = outer.clone();
                async move {
                    for n in 0..4_u64 {
                        desk.emit_b(n).await;
                    }
                    desk.emit_c(0_u64).await;
                }
            });
            bus.stream("desk").emit_a(0_u64).await;
            all_done(&bus).await;
            assert_eq!(bus.stats().published_total, 6);
        });
    }
}

/// The publisher waits for capacity first, while nothing waits for it; then the reader waits for
/// the publisher.
#[test]
fn a_handler_does_not_wait_for_one_that_waits_for_capacity_in_its_stream() {
    trial().apart().paused().run(async move |bus, steps| {
        let outer = bus.clone();
        let deferred = Notes::<u64>::new();
        let notes = deferred.clone();
        let _reader = bus.subscribe::<A>().handle(move |_: Event<A>| {
            let (bus, notes, steps) = (outer.clone(), notes.clone(), steps.clone());
            async move {
                let mut own =
                    bus.subscribe::<B>().capacity(1).overflow(Overflow::Wait).into_stream().with_gaps();
                let desk = bus.stream("desk");
                let first = desk.emit_c(0_u64).send();
                while bus.stats().published.get("b") != Some(&2) {
                    tokio::task::yield_now().await;
                }
                steps.at("the publisher waits for capacity, and the reader for the publisher");
                notes.add(desk.emit_c(1_u64).await.deferred() as u64);
                while own.try_recv().is_some() {}
                drop(own);
                drop(first);
            }
        });
        let outer = bus.stream("desk");
        let _publisher = bus.subscribe::<C>().handle(move |_: Event<C>| {
            let desk = outer.clone();
            async move {
                desk.emit_b(0_u64).await;
                desk.emit_b(1_u64).await;
            }
        });
        bus.stream("desk").emit_a(0_u64).await;
        all_done(&bus).await;
        assert_eq!(deferred.all(), [1]);
    });
}
