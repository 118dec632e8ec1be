//! Events that no definition file declares: from a plug-in, another program, or a newer version.

use bus_agent::{AgentEventsEmit, Custom};
use bus_core::{EventBus, object};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = EventBus::new();

    // By string kind; the payload is JSON.
    let _vendor = bus.subscribe_any().kinds(["vendor.scored"]).handle_sync(|event| {
        println!("by kind:   {} {}", event.kind(), event.data());
    });
    // The agent catalogue has a kind for events that fit no other. It keeps any fields.
    let _custom = bus.subscribe::<Custom>().handle_sync(|event| {
        println!("as Custom: {:?}", event.fields.get("mood"));
    });
    // A log sees everything, declared or not.
    let _log = bus.subscribe_any().handle_sync(|event| println!("log:       {}", event.to_json()));

    let desk = bus.stream("desk").execution("exec-1");
    desk.emit_dynamic("vendor.scored", json!({ "score": 0.93, "by": { "model": "small" } })).await;
    desk.emit_custom(object! { "mood": "curious", "level": 3 }).await;

    // Lines of another program: an unknown kind, and a known one without a required field. Both
    // pass through unchanged.
    for line in [
        r#"{"type":"vendor.weighed","stream_id":"desk","data":{"grams":12},"timestamp":"2026-11-22T09:00:00"}"#,
        r#"{"type":"tool_call_started","stream_id":"desk","node_id":"n","data":{},"timestamp":"2026-11-22T09:00:01"}"#,
    ] {
        let read = bus.read_json(line)?;
        if let Some(error) = read.decode_error() {
            println!("{} does not fit its type: {error}", read.kind());
        }
        bus.republish(read).await;
    }
    Ok(())
}
