//! Written by `UPDATE=1 cargo test -p agent-events-docs`: every emit call and subscription that the pages of the agent's events show.

#![allow(unused_imports, clippy::default_trait_access, reason = "each call names what it needs")]

use std::collections::BTreeMap;

use bus_agent::*;
use bus_core::{EventBus, object};
use serde_json::json;

#[tokio::test]
async fn client_input_requested() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ClientInputRequested>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.prompt);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_client_input_requested()
        .prompt("prompt")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn client_output_delta() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ClientOutputDelta>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.content);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_client_output_delta("content", "snapshot")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn constraint_violation() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ConstraintViolation>().handle(async |event| {
        println!("{}: {}", event.stream(), event.constraint_id);
    });
    let receipt = bus
        .stream("desk")
        .execution("exec-1")
        .emit_constraint_violation("constraint-1", "description")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn context_compacted() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ContextCompacted>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.level);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_context_compacted("level", 1, 1)
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn custom() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<Custom>().handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .emit_custom(object! { "key": "value" })
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn edge_traversed() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<EdgeTraversed>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.source_node);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_edge_traversed("source node", "target node")
        .edge_condition("edge condition")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn escalation_requested() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<EscalationRequested>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.reason);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_escalation_requested()
        .reason("reason")
        .context("context")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn execution_completed() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ExecutionCompleted>().handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .execution("exec-1")
        .emit_execution_completed()
        .output(object! { "key": "value" })
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn execution_failed() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ExecutionFailed>().handle(async |event| {
        println!("{}: {}", event.stream(), event.error);
    });
    let receipt = bus
        .stream("desk")
        .execution("exec-1")
        .emit_execution_failed("error")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn execution_paused() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ExecutionPaused>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.reason);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_execution_paused()
        .reason("reason")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn execution_resumed() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ExecutionResumed>().node("planner").handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_execution_resumed()
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn execution_started() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ExecutionStarted>().handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .execution("exec-1")
        .emit_execution_started()
        .input(object! { "key": "value" })
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn goal_achieved() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<GoalAchieved>().handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .emit_goal_achieved()
        .criteria_status(object! { "key": "value" })
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn goal_progress() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<GoalProgress>().handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .emit_goal_progress(0.5, object! { "key": "value" })
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn judge_verdict() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<JudgeVerdict>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.action);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_judge_verdict("action")
        .feedback("feedback")
        .judge_type("judge type")
        .iteration(1)
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn llm_reasoning_delta() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<LlmReasoningDelta>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.content);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_llm_reasoning_delta("content")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn llm_text_delta() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<LlmTextDelta>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.content);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_llm_text_delta("content", "snapshot")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn node_input_blocked() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<NodeInputBlocked>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.prompt);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_node_input_blocked()
        .prompt("prompt")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn node_internal_output() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<NodeInternalOutput>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.content);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_node_internal_output("content")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn node_loop_completed() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<NodeLoopCompleted>().node("planner").handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_node_loop_completed(1)
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn node_loop_iteration() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<NodeLoopIteration>().node("planner").handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_node_loop_iteration(1)
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn node_loop_started() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<NodeLoopStarted>().node("planner").handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_node_loop_started()
        .max_iterations(1)
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn node_retry() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<NodeRetry>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.error);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_node_retry(1, 1)
        .error("error")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn node_stalled() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<NodeStalled>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.reason);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_node_stalled()
        .reason("reason")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn node_tool_doom_loop() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<NodeToolDoomLoop>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.description);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_node_tool_doom_loop()
        .description("description")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn output_key_set() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<OutputKeySet>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.key);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_output_key_set("key")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn state_changed() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<StateChanged>().handle(async |event| {
        println!("{}: {}", event.stream(), event.key);
    });
    let receipt = bus
        .stream("desk")
        .execution("exec-1")
        .emit_state_changed("key", json!("old value"), json!("new value"), "scope")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn state_conflict() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<StateConflict>().handle(async |event| {
        println!("{}: {}", event.stream(), event.key);
    });
    let receipt = bus
        .stream("desk")
        .execution("exec-1")
        .emit_state_conflict("key")
        .values(vec![json!("value")])
        .resolution("resolution")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn stream_started() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<StreamStarted>().handle(async |event| {
        println!("{}: {}", event.stream(), event.entry_point);
    });
    let receipt = bus
        .stream("desk")
        .emit_stream_started()
        .entry_point("entry point")
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn stream_stopped() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<StreamStopped>().handle(async |event| {
        println!("{event:?}");
    });
    let receipt = bus
        .stream("desk")
        .emit_stream_stopped()
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn tool_call_completed() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ToolCallCompleted>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.tool_use_id);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_tool_call_completed("tool-use-1", "tool name")
        .result("result")
        .is_error(true)
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn tool_call_started() {
    let bus = EventBus::new();
    let guard = bus.subscribe::<ToolCallStarted>().node("planner").handle(async |event| {
        println!("{}: {}", event.stream(), event.tool_use_id);
    });
    let receipt = bus
        .stream("desk")
        .node("planner")
        .emit_tool_call_started("tool-use-1", "tool name")
        .tool_input(object! { "key": "value" })
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}

#[tokio::test]
async fn webhook_received() {
    let bus = EventBus::new();
    let headers = Default::default();
    let guard = bus.subscribe::<WebhookReceived>().handle(async |event| {
        println!("{}: {}", event.stream(), event.path);
    });
    let receipt = bus
        .stream("desk")
        .emit_webhook_received("path", "method", headers, json!("payload"))
        .query_params(BTreeMap::from([("key".to_owned(), "value".to_owned())]))
        .await;
    assert_eq!(receipt.reached(), 1);
    drop(guard);
}
