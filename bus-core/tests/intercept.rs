//! Interceptors: they add attributes to events, or refuse them, before anybody else sees them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::OnceLock;

use bus_core::{AgentEvent, BoxError, Draft, EventBus, Refused};
use common::{Notes, log, trial};
use serde_json::json;

#[derive(AgentEvent)]
enum Tools {
    ToolCalled { tool: String },
    ToolAnswered { text: String },
}

fn gate(event: &mut Draft<'_>) -> Result<(), BoxError> {
    match event.data()["tool"].as_str() {
        Some("shell") => Err("no shell here".into()),
        _ => Ok(()),
    }
}

#[test]
fn each_sees_what_those_before_it_have_added() {
    let seen = Notes::<String>::new();
    let notes = seen.clone();
    let add = move |bus: bus_core::EventBusBuilder| {
        bus.intercept(|event| event.set_attribute("order", "1"))
            .intercept(|event| {
                let before = event.scope().attribute("order").unwrap_or_default().to_owned();
                event.set_attribute("order", before + "2");
            })
            .intercept(move |event| {
                let scope = event.scope();
                let (order, who) = (scope.attribute("order").unwrap(), scope.attribute("who"));
                notes.add(format!("{} {order} {who:?}", event.kind()));
            })
    };
    trial().with(add).run(async move |bus, _| {
        let mut stream = bus.subscribe::<ToolCalled>().attribute("order", "12").into_stream();
        bus.stream("desk").attribute("who", "me").emit_tool_called("search").await;
        bus.stream("desk").emit_tool_called("read").send();
        let tools: Vec<_> = (0..2).map(|_| stream.try_recv().unwrap().tool.clone()).collect();
        assert_eq!(tools, ["search", "read"]);
        assert_eq!(seen.all(), ["tool_called 12 Some(\"me\")", "tool_called 12 None"]);
    });
}

#[test]
fn a_refusal_says_who_and_why_and_is_counted_and_logged() {
    log::collect();
    let late = Notes::<String>::new();
    let notes = late.clone();
    let add =
        |bus: bus_core::EventBusBuilder| bus.intercept(gate).intercept(move |event| notes.add(event.kind()));
    trial().with(add).run(async move |bus, _| {
        let heard = Notes::<String>::new();
        let notes = heard.clone();
        let _guard = bus.subscribe::<ToolCalled>().handle_sync(move |event| notes.add(event.tool.clone()));
        let refused = |receipt: &bus_core::Receipt| match receipt.refused() {
            Some(Refused::Intercepted { by, reason }) => (by.to_string(), reason.clone()),
            other => panic!("{other:?}"),
        };
        let expected = ("intercept::gate".to_owned(), "no shell here".to_owned());
        assert_eq!(refused(&bus.stream("desk").emit_tool_called("shell").await), expected);
        assert_eq!(refused(bus.stream("desk").emit_tool_called("shell").send().receipt()), expected);
        let dynamic = bus.stream("desk").emit_dynamic("tool_called", json!({ "tool": "shell" })).await;
        assert_eq!(refused(&dynamic), expected);
        let undeclared = bus.stream("desk").emit_dynamic("vendor_call", json!({ "tool": "shell" })).await;
        assert_eq!(refused(&undeclared), expected);
        let other = EventBus::new();
        other.stream("desk").emit_tool_called("shell").await;
        assert_eq!(refused(&bus.republish(other.history().collect().remove(0)).await), expected);

        bus.stream("desk").emit_tool_called("search").await;
        assert_eq!(heard.all(), ["search"]);
        assert_eq!(late.all(), ["tool_called"], "those behind it do not see what it has refused");
        let stats = bus.stats();
        assert_eq!((stats.refused, stats.refused_by["intercept::gate"]), (5, 5));
        assert_eq!((stats.published_total, bus.history().collect().len()), (1, 1));
        assert!(
            !log::lines(&["WARN", "the interceptor `intercept::gate` refused it: no shell here"]).is_empty()
        );
    });
}

#[test]
fn it_sees_events_that_nobody_wants_and_nothing_keeps() {
    let add = |bus: bus_core::EventBusBuilder| bus.history(0).transient_history(0).intercept(gate);
    trial().with(add).run(async |bus, _| {
        assert!(bus.stream("desk").emit_tool_called("shell").await.refused().is_some());
        assert!(bus.stream("desk").emit_tool_called("read").await.is_ok());
    });
}

#[test]
fn a_republished_event_gets_attributes_and_its_first_handle_stays_as_it_is() {
    let add = |bus: bus_core::EventBusBuilder| bus.intercept(|event| event.set_attribute("host", "b"));
    trial().with(add).run(async |bus, _| {
        let other = EventBus::new();
        other.stream("desk").emit_tool_called("read").await;
        let first = other.history().collect().remove(0);
        bus.republish(first.clone()).await;
        let again = bus.history().collect().remove(0);
        assert_eq!((first.attribute("host"), again.attribute("host")), (None, Some("b")));
        assert_eq!(again.id(), first.id());
    });
}

#[test]
fn an_attribute_with_a_name_of_the_envelope_is_refused() {
    let add = |bus: bus_core::EventBusBuilder| bus.intercept(|event| event.set_attribute("seq", "1"));
    trial().with(add).run(async |bus, _| {
        let receipt = bus.stream("desk").emit_tool_called("read").await;
        assert_eq!(receipt.refused(), Some(&Refused::ReservedAttribute("seq".into())));
    });
}

#[test]
fn one_that_panics_refuses_the_event_and_harms_nothing() {
    let add = |bus: bus_core::EventBusBuilder| {
        bus.intercept(|event: &mut Draft<'_>| {
            assert!(event.kind() != "tool_answered", "on purpose");
        })
    };
    trial().with(add).run(async |bus, _| {
        let receipt = bus.stream("desk").emit_tool_answered("text").await;
        let refused = receipt.refused().unwrap().to_string();
        assert!(refused.contains("tests/intercept.rs:"), "{refused}");
        assert!(refused.ends_with("it panicked: on purpose"), "{refused}");
        assert!(bus.stream("desk").emit_tool_called("read").await.is_ok());
        assert_eq!(bus.stats().refused, 1);
    });
}

#[test]
fn what_it_publishes_ends() {
    static BUS: OnceLock<EventBus> = OnceLock::new();
    let add = |bus: bus_core::EventBusBuilder| {
        bus.intercept(|event: &mut Draft<'_>| {
            if let Some(bus) = BUS.get().filter(|_| event.kind() == "tool_called") {
                bus.stream("inner").emit_tool_called("again").send();
            }
        })
    };
    trial().apart().with(add).run(async |bus, _| {
        BUS.set(bus.clone()).unwrap();
        assert!(bus.stream("desk").emit_tool_called("read").await.is_ok());
        let stats = bus.stats();
        assert_eq!(stats.refused, 1, "the innermost one");
        assert!(stats.published_total < 20, "{}", stats.published_total);
    });
}

#[test]
fn what_it_publishes_has_the_cause_of_the_event() {
    static BUS: OnceLock<EventBus> = OnceLock::new();
    let add = |bus: bus_core::EventBusBuilder| {
        bus.intercept(|event: &mut Draft<'_>| {
            if let Some(bus) = BUS.get().filter(|_| event.payload::<ToolAnswered>().is_some()) {
                bus.stream("audit").emit_dynamic("audited", json!({})).send();
            }
        })
    };
    trial().with(add).run(async |bus, _| {
        BUS.set(bus.clone()).unwrap();
        let desk = bus.stream("desk");
        let _answers = bus.subscribe::<ToolCalled>().handle(move |_| {
            let desk = desk.clone();
            async move {
                desk.emit_tool_answered("text").await;
            }
        });
        let asked = bus.stream("desk").emit_tool_called("read").await.id();
        let audited = bus.history().kinds(["audited"]).collect().remove(0);
        assert_eq!(audited.causation(), asked);
    });
}
