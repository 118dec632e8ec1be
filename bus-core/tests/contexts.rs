//! Emitters of a program's own types, child executions, and events in other formats.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use bus_core::{AgentEvent, Emitter, Execution, Node, Scoped};
use common::trial;
use serde_json::{Value, json};

#[derive(AgentEvent)]
enum Tools {
    #[event(requires(node, execution))]
    ToolCalled {
        name: String,
        #[event(redact)]
        secret: String,
    },
    RunEnded {
        ok: bool,
    },
}

type Here = Emitter<Node, Execution>;

/// A tool of a registry.
trait Tool: Scoped<Emitter = Here> + Send + Sync {
    fn name(&self) -> &str;
}

struct Named(Here, &'static str);

impl Scoped for Named {
    type Emitter = Here;

    fn emitter(&self) -> &Here {
        &self.0
    }
}

impl Tool for Named {
    fn name(&self) -> &str {
        self.1
    }
}

#[test]
fn tools_of_a_registry_emit_through_a_trait_object() {
    trial().run(async |bus, _| {
        let here = bus.stream("desk").execution("exec-1").node("tools");
        let mut registry: BTreeMap<&str, Arc<dyn Tool>> = BTreeMap::new();
        for name in ["grep", "read"] {
            registry.insert(name, Arc::new(Named(here.clone(), name)));
        }
        for tool in registry.values() {
            tool.emit_tool_called(tool.name(), "key").await;
            tool.emitter().emit(RunEnded::new(true)).await;
        }
        let scoped: &dyn Scoped<Emitter = Here> = &Named(here, "third");
        scoped.emit_tool_called("third", "key").await;
        let calls = bus.history().oldest_first().typed::<ToolCalled>();
        let names: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, ["grep", "read", "third"]);
        assert!(calls.iter().all(|call| call.node() == Some("tools")));
    });
}

#[test]
fn a_child_execution_names_its_parent() {
    trial().run(async |bus, _| {
        let run = bus.stream("desk").execution("exec-1").node("planner");
        let child = run.child_execution("exec-1-a");
        let mut of_children = bus.subscribe::<RunEnded>().parent_execution("exec-1").into_stream();
        run.emit_run_ended(true).await;
        child.emit_run_ended(true).await;
        child.child_execution("exec-1-a-1").emit_run_ended(false).await;
        let ended = of_children.try_recv().unwrap();
        assert_eq!((ended.execution(), ended.parent_execution()), (Some("exec-1-a"), Some("exec-1")));
        assert_eq!(ended.node(), Some("planner"));
        assert!(of_children.try_recv().is_none());
        let json: Value = serde_json::from_str(&ended.to_json()).unwrap();
        assert_eq!(
            (&json["execution_id"], &json["parent_execution_id"]),
            (&json!("exec-1-a"), &json!("exec-1"))
        );
        let all = bus.history().collect();
        let parents: Vec<_> = all.iter().map(|event| event.parent_execution()).collect();
        assert_eq!(parents, [Some("exec-1-a"), Some("exec-1"), None]);
        let read = bus.read_json(&ended.to_json()).unwrap();
        assert_eq!(read.scope().parent_execution(), Some("exec-1"));
    });
}

#[test]
fn an_event_says_what_it_is() {
    trial().run(async |bus, _| {
        bus.stream("desk").emit_run_ended(true).await;
        let event = bus.history().collect().remove(0);
        assert!(event.is::<RunEnded>() && !event.is::<ToolCalled>());
    });
}

#[test]
fn an_event_is_serialized_as_its_json() {
    trial().run(async |bus, _| {
        let tools = bus.stream("desk").execution("exec-1").node("tools").attribute("graph_id", "g");
        tools.emit_tool_called("grep", "key").await;
        tools.emit_dynamic("vendor", json!({ "half": 0.5, "list": [1, null], "big": u64::MAX })).await;
        for event in bus.history().collect() {
            assert_eq!(serde_json::to_string(&event).unwrap(), event.to_json());
            assert_eq!(json!({ "event": event })["event"]["graph_id"], "g");
            assert!(!event.to_json().contains("\"key\""));
            let read = bus.read_json(&event.to_json()).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), event.to_json());
        }
        let called = bus.history().typed::<ToolCalled>().remove(0);
        assert_eq!(
            serde_json::to_value(&called).unwrap()["data"],
            json!({ "name": "grep", "secret": "[redacted]" })
        );
    });
}
