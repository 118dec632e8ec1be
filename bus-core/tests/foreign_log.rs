//! The log is user code: a `tracing` subscriber that panics harms no publisher and no handler.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bus_core::{AgentEvent, BoxError, Event, EventBus, Outcome};
use common::log::Each;

#[derive(AgentEvent)]
enum LogEvents {
    Said { n: u64 },
}

fn fails(event: &Event<Said>) -> Result<(), BoxError> {
    assert!(event.n != 2, "on purpose");
    Err("no".into())
}

#[test]
fn a_log_that_panics_harms_neither_publisher_nor_handlers() {
    let (lines, handled_events) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let count = Arc::clone(&lines);
    let panics = move |_: &tracing::Event<'_>| {
        count.fetch_add(1, Ordering::Relaxed);
        panic!("the log panics on purpose");
    };
    tracing::subscriber::with_default(Each(panics), || {
        let bus = EventBus::builder().history(0).build().unwrap();
        bus.subscribe::<Said>().name("first").handle_sync(fails).detach();
        bus.subscribe::<Said>().name("second").handle_sync(fails).detach();
        let counted = Arc::clone(&handled_events);
        let count = move |_: &Event<Said>| {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        bus.subscribe::<Said>().handle_sync(count).detach();
        let desk = bus.stream("desk");
        for n in [1_u64, 2, 3] {
            let sent = desk.emit_said(n).send();
            let receipt = sent.receipt();
            assert_eq!((receipt.reached(), receipt.handled(), receipt.problems().len()), (3, 1, 2));
            assert!(receipt.problems().iter().all(|problem| *problem.outcome() != Outcome::Handled));
        }
        // An attribute with the name of an envelope key is refused, which is logged.
        let refused = desk.attribute("type", "x").emit_said(4_u64).send();
        assert!(refused.receipt().refused().is_some());
        let stats = bus.stats();
        assert_eq!((stats.published_total, stats.refused), (3, 1));
    });
    assert_eq!(handled_events.load(Ordering::Relaxed), 3);
    assert!(
        lines.load(Ordering::Relaxed) >= 7,
        "each failure was reported, and so was the failure to report it"
    );
}
