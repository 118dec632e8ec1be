//! A JSON value need not be an object.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum ToolEvents {
    ToolCalled {
        input: serde_json::Map<String, serde_json::Value>,
    },
}

fn main() {
    let stream = EventBus::new().stream("desk");
    stream.emit_tool_called(serde_json::json!({ "query": "why" })).send();
}
