//! All 33 kinds, compared with the table of their specification: wire name, scope, policy, fields,
//! defaults, JSON shape.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod table;

use bus_agent::{AgentEvents, AgentEventsEmit};
use bus_core::catalogue::{Descriptor, FieldDescriptor};
use bus_core::testing::Recorder;
use bus_core::{AgentEvent, EventBus, ExecutionState, Executions, object};
use serde_json::{Value, json};
use table::{ROWS, Row};

fn descriptor(row: &Row) -> &'static Descriptor {
    let found = AgentEvents::EVENTS.iter().find(|event| event.kind == row.kind);
    found.unwrap_or_else(|| panic!("no event of kind `{}`", row.kind))
}

/// A field in the form of the table: `name: type = default`.
fn written(field: &FieldDescriptor) -> String {
    let ty = match field.ty {
        "String" => "string",
        "u64" => "integer",
        "Option<u64>" => "integer or null = null",
        "f64" => "number",
        "bool" => "boolean",
        "Object" => "object",
        "Value" => "any",
        "Vec<Value>" => "list of any",
        "BTreeMap<String, String>" => "map of string",
        other => other,
    };
    let name = if field.flattened { "*" } else { field.name };
    let default = match (field.default, field.ty) {
        (Some("Default::default()"), "String") => " = \"\"".to_owned(),
        (Some("Default::default()"), "Vec<Value>") => " = []".to_owned(),
        (Some("Default::default()"), "u64") => " = 0".to_owned(),
        (Some("Default::default()"), "bool") => " = false".to_owned(),
        (Some("Default::default()"), _) => " = {}".to_owned(),
        (Some(written), _) => format!(" = {written}"),
        (None, _) => String::new(),
    };
    let redacted = if field.redacted { ", redacted" } else { "" };
    format!("{name}: {ty}{default}{redacted}")
}

fn policy(event: &Descriptor) -> String {
    let mut words = Vec::new();
    words.extend(event.policy.transient.then(|| "transient".to_owned()));
    words.extend(event.policy.critical.then(|| "critical".to_owned()));
    words.extend(event.policy.coalesce.map(|fields| format!("coalesce{}", fields.join(","))));
    words.extend(event.ends_with.iter().map(|end| {
        let by = if end.by.is_empty() { String::new() } else { format!(" by {}", end.by.join(",")) };
        format!("ends with {}{by}", end.kind)
    }));
    words.join(", ")
}

#[test]
fn the_definition_holds_the_kinds_of_the_table_and_no_others() {
    let mut declared: Vec<_> = AgentEvents::EVENTS.iter().map(|event| event.kind).collect();
    let mut listed: Vec<_> = ROWS.iter().map(|row| row.kind).collect();
    declared.sort_unstable();
    listed.sort_unstable();
    assert_eq!(declared, listed);
    assert_eq!(declared.len(), 33);
}

#[test]
fn each_kind_has_the_scope_fields_and_policy_of_the_table() {
    for row in ROWS {
        let event = descriptor(row);
        let scope = format!(
            "S{}{}",
            if event.requires.node { " N" } else { "" },
            if event.requires.execution { " X" } else { "" }
        );
        assert_eq!(scope, row.scope, "scope of {}", row.kind);
        let fields: Vec<_> = event.fields.iter().map(written).collect();
        assert_eq!(fields.join("; "), row.fields, "fields of {}", row.kind);
        assert_eq!(policy(event), row.policy, "policy of {}", row.kind);
        assert_eq!(event.version, 1, "{}", row.kind);
        assert!(!event.docs.is_empty(), "{} says what it is", row.kind);
        assert!(
            event.fields.iter().all(|field| !field.docs.is_empty()),
            "fields of {} say what they are",
            row.kind
        );
    }
}

#[test]
fn executions_declare_their_life() {
    let steps = AgentEvents::EVENTS.iter().filter_map(|event| Some((event.kind, event.life?.as_str())));
    let declared = [
        ("execution_started", "begins"),
        ("execution_completed", "completed"),
        ("execution_failed", "failed"),
        ("execution_paused", "pauses"),
        ("execution_resumed", "resumes"),
    ];
    assert_eq!(steps.collect::<Vec<_>>(), declared);
}

/// The recording is in the form of the Python runtime: many of its events name no execution.
#[test]
fn a_recorded_session_shows_its_executions() {
    let bus = EventBus::builder().events::<AgentEvents>().build().unwrap();
    let lines = include_str!("../../examples/data/session.jsonl").lines();
    let mut executions = Executions::new();
    lines.for_each(|line| executions.add(&bus.read_json(line).unwrap()));
    let states: Vec<_> = executions.iter().map(|execution| execution.state).collect();
    assert_eq!(states, [ExecutionState::Completed, ExecutionState::Failed]);
    assert!(executions.iter().all(|execution| execution.start < execution.end && execution.start.is_some()));
}

#[test]
fn optional_fields_are_filled_in() {
    for row in ROWS {
        let payload = descriptor(row).decode(row.least).unwrap_or_else(|error| panic!("{error}"));
        let mut out = Vec::new();
        payload.encode_json(&mut out).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), parse(row.data), "{}", row.kind);
    }
}

#[test]
fn missing_required_fields_are_named() {
    for row in ROWS {
        let event = descriptor(row);
        for field in event.fields.iter().filter(|field| field.required) {
            let mut data = parse(row.least);
            data.as_object_mut().unwrap().remove(field.name);
            let error = event.decode(&data.to_string()).map(|_| ()).unwrap_err();
            assert_eq!(error.field(), Some(field.name), "{} without {}", row.kind, field.name);
        }
    }
}

#[tokio::test]
async fn each_helper_writes_the_seven_keys_in_order_and_the_data_of_the_table() {
    let bus = EventBus::new();
    let recorder = Recorder::new(&bus);
    emit_all(&bus).await;
    let events = recorder.events();
    assert_eq!(events.len(), ROWS.len());
    for row in ROWS {
        let event = events.iter().find(|event| event.kind() == row.kind).unwrap();
        let line = event.to_json();
        assert_eq!(keys(&line)[..7], table::KEYS, "{line}");
        let written = parse(&line);
        assert_eq!(written["data"], parse(row.data), "{}", row.kind);
        assert_eq!(written["stream_id"], "desk");
        let given =
            |word: &str, value: &str| if row.scope.contains(word) { json!(value) } else { Value::Null };
        assert_eq!(written["node_id"], given("N", "research"), "{}", row.kind);
        assert_eq!(written["execution_id"], given("X", "exec-1"), "{}", row.kind);
        assert_eq!(written["correlation_id"], Value::Null);
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The keys of an object, in their order.
fn keys(line: &str) -> Vec<String> {
    struct Keys(Vec<String>);
    impl<'de> serde::de::Visitor<'de> for Keys {
        type Value = Self;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                self.0.push(key);
            }
            Ok(self)
        }
    }
    let mut input = serde_json::Deserializer::from_str(line);
    serde::Deserializer::deserialize_map(&mut input, Keys(Vec::new())).unwrap().0
}

/// Emits each event once with its helper, from an emitter with exactly the scope that it needs;
/// optional fields are left out.
async fn emit_all(bus: &EventBus) {
    let stream = bus.stream("desk");
    let node = bus.stream("desk").node("research");
    let execution = bus.stream("desk").execution("exec-1");
    let headers =
        std::collections::BTreeMap::from([("authorization".to_owned(), "Bearer canary".to_owned())]);
    execution.emit_execution_started().await;
    execution.emit_execution_completed().await;
    execution.emit_execution_failed("no answer").await;
    node.emit_execution_paused().await;
    node.emit_execution_resumed().await;
    execution.emit_state_changed("step", Value::Null, 2, "global").await;
    execution.emit_state_conflict("step").await;
    stream.emit_goal_progress(0.5, object! { "found": true }).await;
    stream.emit_goal_achieved().await;
    execution.emit_constraint_violation("budget", "spent").await;
    stream.emit_stream_started().await;
    stream.emit_stream_stopped().await;
    node.emit_node_loop_started().await;
    node.emit_node_loop_iteration(1).await;
    node.emit_node_loop_completed(3).await;
    node.emit_llm_text_delta("b", "ab").await;
    node.emit_llm_reasoning_delta("hm").await;
    node.emit_tool_call_started("call-1", "search").await;
    node.emit_tool_call_completed("call-1", "search").await;
    node.emit_client_output_delta("b", "ab").await;
    node.emit_client_input_requested().await;
    node.emit_node_internal_output("note").await;
    node.emit_node_input_blocked().await;
    node.emit_node_stalled().await;
    stream.emit_custom(object! { "anything": [1, null] }).await;
    node.emit_node_tool_doom_loop().await;
    node.emit_judge_verdict("accept").await;
    node.emit_output_key_set("answer").await;
    node.emit_node_retry(1, 3).await;
    node.emit_edge_traversed("research", "write").await;
    node.emit_context_compacted("soft", 91, 40).await;
    stream.emit_webhook_received("/hook", "POST", headers, json!({ "id": 7 })).await;
    node.emit_escalation_requested().await;
}
