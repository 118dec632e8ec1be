//! (h) JSON, writing and reading, for each event, compared with serde_json on a hand-written
//! struct.

use std::hint::black_box;

use bus_agent::AgentEventsEmit;
use serde::{Deserialize, Serialize};

use crate::load::{HISTORY, bus};
use crate::measure::{Group, Side};

/// The line of one event in code without a bus.
#[derive(Serialize, Deserialize)]
struct Line {
    r#type: String,
    stream_id: String,
    node_id: Option<String>,
    execution_id: Option<String>,
    data: Data,
    timestamp: String,
    correlation_id: Option<String>,
    id: String,
    seq: u64,
    version: u32,
    causation_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Data {
    tool_use_id: String,
    tool_name: String,
    result: String,
    is_error: bool,
}

pub(crate) fn groups() -> Vec<Group> {
    let bus = bus(HISTORY);
    let node = bus.stream("desk").execution("exec-1").node("planner").correlation("req-7");
    node.emit_tool_call_completed("call-1", "search")
        .result("three documents were found")
        .is_error(false)
        .send();
    let event = bus.history().collect().remove(0);
    let text = event.to_json();
    let line: Line = serde_json::from_str(&text).expect("the event has these fields");
    assert_eq!(serde_json::to_string(&line).expect("it is written"), text);
    let (ours, theirs) = (text.clone(), text);
    let out = Group::new("h/out", "an event as JSON", "event")
        .side(Side::new("serde_json, struct", move |times| {
            (0..times).for_each(|_| drop(black_box(serde_json::to_string(black_box(&line)))));
        }))
        .side(Side::new("bus", move |times| {
            (0..times).for_each(|_| drop(black_box(black_box(&event).to_json())));
        }))
        .target("bus", "serde_json, struct", 1.5);
    let within = Group::new("h/in", "an event from JSON", "event")
        .side(Side::new("serde_json, struct", move |times| {
            for _ in 0..times {
                let line: Line = serde_json::from_str(black_box(&theirs)).expect("it is read");
                drop(black_box(line));
            }
        }))
        .side(Side::new("bus", move |times| {
            for _ in 0..times {
                let event = bus.read_json(black_box(&ours)).expect("it is read");
                assert!(event.payload::<bus_agent::ToolCallCompleted>().is_some());
            }
        }))
        .target("bus", "serde_json, struct", 2.0);
    vec![out, within]
}
