//! Receipts, guards and events as they are shown; a closed bus; waits without timers; handlers with
//! a state.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use bus_core::testing::builder;
use bus_core::{AgentEvent, BoxError, Event, EventBus, WaitError};
use common::{Notes, trial};

#[derive(AgentEvent)]
enum Counting {
    Counted { n: u64 },
}

async fn failing(_: u8, _: Event<Counted>) -> Result<(), BoxError> {
    Err("on purpose".into())
}

fn now<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn receipts_guards_and_events_are_shown_as_a_person_reads_them() {
    now(async {
        let bus = builder().build().unwrap();
        let desk = bus.stream("desk").execution("exec-1").attribute("graph_id", "g");
        let receipt = desk.emit_counted(1_u64).await;
        assert_eq!(format!("{receipt:?}"), "Receipt { id: 0000000000000001-1, reached: 0, handled: 0 }");
        let failing = async |_: Event<Counted>| Err::<(), BoxError>("on purpose".into());
        let guard = bus.subscribe::<Counted>().name("gate").handle(failing);
        assert_eq!(format!("{guard:?}"), r#"Subscription { id: SubscriptionId(1), name: "gate", .. }"#);
        let sent = format!("{:?}", desk.emit_counted(2_u64).send());
        assert!(
            sent.starts_with(
                "Sent { receipt: Receipt { id: 0000000000000001-2, reached: 1, handled: 0 }, finished: "
            ),
            "{sent}"
        );
        let failed = format!("{:?}", desk.emit_counted(3_u64).await);
        assert!(failed.contains("problems: [Problem {") && failed.contains("on purpose"), "{failed}");
        let event = bus.history().oldest_first().limit(1).collect().remove(0);
        assert_eq!(
            format!("{event:?}"),
            r#"Event { kind: "counted", id: 0000000000000001-1, scope: Scope { stream: "desk", execution: "exec-1", graph_id: "g" }, payload: Counted { n: 1 }, .. }"#
        );
        drop(bus.close(Duration::ZERO));
        let refused = desk.emit_counted(4_u64).await;
        assert_eq!(format!("{refused:?}"), "Receipt { refused: Closed }");
    });
}

/// A program that keeps the future in a struct has to name its type.
#[test]
fn the_future_of_the_handlers_has_a_name() {
    trial().run(async |bus, _| {
        let _failing = bus.subscribe::<Counted>().with(1_u8).handle(failing);
        let finished: bus_core::Finished = bus.stream("desk").emit_counted(1_u64).send().finished();
        assert_eq!(finished.await.problems().len(), 1);
    });
}

#[test]
fn handlers_and_streams_of_a_closed_bus_have_ended() {
    trial().run(async |bus, _| {
        drop(bus.close(Duration::ZERO));
        let sync = bus.subscribe::<Counted>().handle_sync(|_| {});
        let concurrent = bus.subscribe::<Counted>().handle(async |_| {});
        assert!(bus.subscribe::<Counted>().into_stream().recv().await.is_none());
        assert_eq!(bus.subscribe::<Counted>().first().await.unwrap_err(), WaitError::Closed);
        assert!(format!("{sync:?}").contains("ended: true"));
        assert!(!bus.unsubscribe(concurrent.id()) && bus.stats().subscriptions.is_empty());
        assert!(bus_core::testing::Recorder::new(&bus).events().is_empty());
    });
}

#[test]
fn a_wait_with_a_timeout_says_that_it_needs_timers() {
    let bus = EventBus::new();
    let wait = bus.subscribe::<Counted>().first().timeout(Duration::from_secs(1));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::pin::pin!(wait).poll(&mut context);
    let std::task::Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert_eq!(error, WaitError::NoTimers);
    assert!(error.to_string().contains(".enable_time()"), "{error}");
    // One without timers.
    let wait = bus.subscribe::<Counted>().first().timeout(Duration::from_secs(1));
    assert_eq!(now(wait).unwrap_err(), WaitError::NoTimers);
}

#[test]
fn events_that_reach_nobody_are_counted_whether_history_keeps_them_or_not() {
    trial().run(async |bus, _| {
        let bare = EventBus::builder().history(0).build().unwrap();
        for bus in [&bus, &bare] {
            bus.stream("desk").emit_counted(0_u64).await;
            bus.stream("desk").emit_dynamic("vendor", serde_json::json!({})).await;
            let _guard = bus.subscribe::<Counted>().handle_sync(|_| {});
            bus.stream("desk").emit_counted(1_u64).await;
        }
        assert_eq!((bus.stats().unobserved, bus.stats().discarded), (2, 0));
        assert_eq!((bare.stats().unobserved, bare.stats().discarded), (2, 2));
    });
}

#[test]
fn a_handler_gets_a_clone_of_its_state_with_each_event() {
    trial().run(async |bus, _| {
        let notes = Notes::<String>::new();
        let _sync = bus
            .subscribe::<Counted>()
            .with((notes.clone(), "sync"))
            .handle_sync(|(notes, name), event| notes.add(format!("{name} {}", event.n)));
        let _concurrent =
            bus.subscribe::<Counted>().with(notes.clone()).name("async").handle(async |notes, event| {
                tokio::task::yield_now().await;
                notes.add(format!("async {}", event.n));
                Ok(())
            });
        let _failing = bus.subscribe::<Counted>().with(1_u8).handle(failing);
        let receipt = bus.stream("desk").emit_counted(7_u64).await;
        assert_eq!(notes.all(), ["sync 7", "async 7"]);
        assert_eq!(receipt.problems().len(), 1);
        assert!(receipt.problems()[0].name().ends_with("::failing"), "{:?}", receipt.problems());
    });
}
