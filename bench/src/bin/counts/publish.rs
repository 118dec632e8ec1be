//! The number of allocations of a publish after the warm-up.

use bus_core::{Event, EventBus};

use crate::Count;
use crate::alloc::measure;
use crate::events::{LoadEmit, Ticked, bus};

const WARM: u64 = 2_000;
const TIMES: u64 = 1_000;

pub(crate) fn counts() -> Vec<Count> {
    vec![
        Count::new("allocations: nobody listens, not kept", sent(&bus(0))),
        Count::new("allocations: nobody listens, kept", sent(&bus(1_000))),
        Count::new("allocations: 1 sync handler", sent(&handled(1))),
        Count::new("allocations: 64 sync handlers", sent(&handled(64))),
        Count::new("allocations: 8 async handlers, awaited", awaited(8)),
        Count::new("allocations: 8 streams, read", read(8)),
    ]
}

fn sent(bus: &EventBus) -> f64 {
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    (0..WARM).for_each(|count| drop(desk.emit_ticked(count).send()));
    let (allocations, _) = measure(|| (0..TIMES).for_each(|count| drop(desk.emit_ticked(count).send())));
    allocations as f64 / TIMES as f64
}

fn handled(handlers: usize) -> EventBus {
    let bus = bus(1_000);
    for _ in 0..handlers {
        bus.subscribe::<Ticked>().handle_sync(|event: &Event<Ticked>| assert!(event.count < WARM)).detach();
    }
    bus
}

fn awaited(handlers: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let (bus, _entered) = (bus(1_000), runtime.enter());
    for _ in 0..handlers {
        bus.subscribe::<Ticked>().handle(|event: Event<Ticked>| async move { drop(event) }).detach();
    }
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    let publish = |times: u64| {
        runtime.block_on(async {
            for count in 0..times {
                assert_eq!(desk.emit_ticked(count).await.handled(), handlers);
            }
        });
    };
    publish(WARM);
    let (allocations, _) = measure(|| publish(TIMES));
    allocations as f64 / TIMES as f64
}

fn read(readers: usize) -> f64 {
    let bus = bus(1_000);
    let mut streams: Vec<_> = (0..readers).map(|_| bus.subscribe::<Ticked>().into_stream()).collect();
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    let mut publish = |times: u64| {
        for count in 0..times {
            desk.emit_ticked(count).send();
            for stream in &mut streams {
                assert!(stream.try_recv().is_some());
            }
        }
    };
    publish(WARM);
    let (allocations, _) = measure(|| publish(TIMES));
    allocations as f64 / TIMES as f64
}
