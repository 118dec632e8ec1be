//! The order in which one publish calls its idle handlers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::AgentEvent;
use common::{Notes, trial};

#[derive(AgentEvent)]
enum Calls {
    Called { n: u64 },
}

#[test]
fn inside_one_publish_groups_of_the_kind_run_first_and_async_handlers_last() {
    trial().run(async |bus, _| {
        let order = Notes::<&'static str>::new();
        let note = |name| {
            let order = order.clone();
            move || order.add(name)
        };
        // Subscribed against the order of the calls, apart from pairs that go by age.
        let add = note("async");
        bus.subscribe::<Called>()
            .handle(move |_| {
                add();
                async {}
            })
            .detach();
        let add = note("older filter, every kind");
        bus.subscribe_any().stream("desk").handle_sync(move |_| add()).detach();
        let add = note("younger filter, this kind");
        bus.subscribe::<Called>().filter(|_| true).handle_sync(move |_| add()).detach();
        let add = note("every kind");
        bus.subscribe_any().handle_sync(move |_| add()).detach();
        let add = note("this kind, first member");
        bus.subscribe::<Called>().handle_sync(move |_| add()).detach();
        let add = note("this kind, other queue settings");
        bus.subscribe::<Called>().capacity(8).handle_sync(move |_| add()).detach();
        let add = note("this kind, second member");
        bus.subscribe::<Called>().handle_sync(move |_| add()).detach();

        let receipt = bus.stream("desk").emit_called(1_u64).await;
        let expected = [
            "this kind, first member",
            "this kind, second member",
            "this kind, other queue settings",
            "every kind",
            "older filter, every kind",
            "younger filter, this kind",
            "async",
        ];
        assert_eq!((order.all(), receipt.handled()), (expected.to_vec(), expected.len()));
    });
}
