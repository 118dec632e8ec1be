//! The kinds that the sources emit and subscribe to.

use std::fs;
use std::path::PathBuf;

use bus_core::AgentEvent as _;
use bus_docs::{Catalog, coverage};

const SOURCE: &str = r#"
use bus_agent::*;

async fn run(bus: EventBus) {
    let node = bus.stream("desk").node("planner");
    node.emit_tool_call_started("1", "search").await;
    node.emit(ToolCallCompleted::new("1", "search")).await;
    let stalled = NodeStalled { reason: String::new() };
    bus.stream("desk").emit_dynamic("webhook_received", value).await;
    tokio::select! { _ = node.emit_node_retry(1, 2) => {} }
    assert!(bus.wait_for::<GoalAchieved>().first().is_some());
    bus.subscribe::<(LlmTextDelta, NodeLoopStarted)>();
    bus.subscribe_any().kinds(["custom", "unheard_of"]);
    match event.view() {
        AgentEventsRef::EdgeTraversed(edge) => {}
        _ => {}
    }
}

fn show(event: Event<JudgeVerdict>) {}

#[cfg(test)]
mod tests {
    fn only_here(node: &Emitter) { node.emit_output_key_set("key"); }
}
"#;

#[test]
fn calls_and_names_are_found() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("usage");
    fs::create_dir_all(folder.join("tests")).unwrap();
    fs::write(folder.join("main.rs"), SOURCE).unwrap();
    fs::write(folder.join("broken.rs"), "fn (").unwrap();
    fs::write(folder.join("tests/it.rs"), "fn f(node: N) { node.emit_goal_progress(0.5, x); }").unwrap();
    let catalog = Catalog::of("Agent events", bus_agent::AgentEvents::EVENTS);
    let found = coverage(&catalog, &[folder]).unwrap();
    assert_eq!(found.files, 2);
    assert_eq!(found.unread.len(), 1);
    assert_eq!(
        found.emitted.iter().map(String::as_str).collect::<Vec<_>>(),
        ["node_retry", "node_stalled", "tool_call_completed", "tool_call_started", "webhook_received"]
    );
    assert_eq!(
        found.subscribed.iter().map(String::as_str).collect::<Vec<_>>(),
        ["custom", "edge_traversed", "goal_achieved", "judge_verdict", "llm_text_delta", "node_loop_started"]
    );
    assert_eq!(found.never_emitted(&catalog).count(), 33 - 5);
}
