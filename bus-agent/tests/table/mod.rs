//! The specification of the agent catalogue, a row for each kind.

/// The keys of every event on the wire, in order.
pub(crate) const KEYS: [&str; 7] =
    ["type", "stream_id", "node_id", "execution_id", "data", "timestamp", "correlation_id"];

pub(crate) struct Row {
    pub(crate) kind: &'static str,
    /// `S`, and `N` and `X` if an emit needs them.
    pub(crate) scope: &'static str,
    pub(crate) fields: &'static str,
    pub(crate) policy: &'static str,
    /// Data with required fields only.
    pub(crate) least: &'static str,
    /// The same data as the bus writes it: defaults filled in, redacted content hidden.
    pub(crate) data: &'static str,
}

const fn row(
    kind: &'static str,
    scope: &'static str,
    fields: &'static str,
    policy: &'static str,
    least: &'static str,
    data: &'static str,
) -> Row {
    Row { kind, scope, fields, policy, least, data }
}

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row("execution_started", "S X", "input: object = {}", "critical, ends with execution_completed, ends with execution_failed", "{}", r#"{"input": {}}"#),
    row("execution_completed", "S X", "output: object = {}", "critical", "{}", r#"{"output": {}}"#),
    row("execution_failed", "S X", "error: string", "critical", r#"{"error": "no answer"}"#, r#"{"error": "no answer"}"#),
    row("execution_paused", "S N", "reason: string = \"\"", "critical, ends with execution_resumed", "{}", r#"{"reason": ""}"#),
    row("execution_resumed", "S N", "", "critical", "{}", "{}"),
    row("state_changed", "S X", "key: string; old_value: any; new_value: any; scope: string", "", r#"{"key": "step", "old_value": null, "new_value": 2, "scope": "global"}"#, r#"{"key": "step", "old_value": null, "new_value": 2, "scope": "global"}"#),
    row("state_conflict", "S X", "key: string; values: list of any = []; resolution: string = \"\"", "", r#"{"key": "step"}"#, r#"{"key": "step", "values": [], "resolution": ""}"#),
    row("goal_progress", "S", "progress: number; criteria_status: object", "coalesce", r#"{"progress": 0.5, "criteria_status": {"found": true}}"#, r#"{"progress": 0.5, "criteria_status": {"found": true}}"#),
    row("goal_achieved", "S", "criteria_status: object = {}", "critical", "{}", r#"{"criteria_status": {}}"#),
    row("constraint_violation", "S X", "constraint_id: string; description: string", "critical", r#"{"constraint_id": "budget", "description": "spent"}"#, r#"{"constraint_id": "budget", "description": "spent"}"#),
    row("stream_started", "S", "entry_point: string = \"\"", "ends with stream_stopped", "{}", r#"{"entry_point": ""}"#),
    row("stream_stopped", "S", "", "", "{}", "{}"),
    row("node_loop_started", "S N", "max_iterations: integer or null = null", "ends with node_loop_completed", "{}", r#"{"max_iterations": null}"#),
    row("node_loop_iteration", "S N", "iteration: integer", "", r#"{"iteration": 1}"#, r#"{"iteration": 1}"#),
    row("node_loop_completed", "S N", "iterations: integer", "", r#"{"iterations": 3}"#, r#"{"iterations": 3}"#),
    row("llm_text_delta", "S N", "content: string; snapshot: string", "transient", r#"{"content": "b", "snapshot": "ab"}"#, r#"{"content": "b", "snapshot": "ab"}"#),
    row("llm_reasoning_delta", "S N", "content: string", "transient", r#"{"content": "hm"}"#, r#"{"content": "hm"}"#),
    row("tool_call_started", "S N", "tool_use_id: string; tool_name: string; tool_input: object = {}", "ends with tool_call_completed by tool_use_id", r#"{"tool_use_id": "call-1", "tool_name": "search"}"#, r#"{"tool_use_id": "call-1", "tool_name": "search", "tool_input": {}}"#),
    row("tool_call_completed", "S N", "tool_use_id: string; tool_name: string; result: string = \"\"; is_error: boolean = false", "", r#"{"tool_use_id": "call-1", "tool_name": "search"}"#, r#"{"tool_use_id": "call-1", "tool_name": "search", "result": "", "is_error": false}"#),
    row("client_output_delta", "S N", "content: string; snapshot: string", "transient", r#"{"content": "b", "snapshot": "ab"}"#, r#"{"content": "b", "snapshot": "ab"}"#),
    row("client_input_requested", "S N", "prompt: string = \"\"", "critical", "{}", r#"{"prompt": ""}"#),
    row("node_internal_output", "S N", "content: string", "transient", r#"{"content": "note"}"#, r#"{"content": "note"}"#),
    row("node_input_blocked", "S N", "prompt: string = \"\"", "", "{}", r#"{"prompt": ""}"#),
    row("node_stalled", "S N", "reason: string = \"\"", "", "{}", r#"{"reason": ""}"#),
    row("custom", "S", "*: object", "", r#"{"anything": [1, null]}"#, r#"{"anything": [1, null]}"#),
    row("node_tool_doom_loop", "S N", "description: string = \"\"", "", "{}", r#"{"description": ""}"#),
    row("judge_verdict", "S N", "action: string; feedback: string = \"\"; judge_type: string = \"implicit\"; iteration: integer = 0", "", r#"{"action": "accept"}"#, r#"{"action": "accept", "feedback": "", "judge_type": "implicit", "iteration": 0}"#),
    row("output_key_set", "S N", "key: string", "", r#"{"key": "answer"}"#, r#"{"key": "answer"}"#),
    row("node_retry", "S N", "retry_count: integer; max_retries: integer; error: string = \"\"", "", r#"{"retry_count": 1, "max_retries": 3}"#, r#"{"retry_count": 1, "max_retries": 3, "error": ""}"#),
    row("edge_traversed", "S N", "source_node: string; target_node: string; edge_condition: string = \"\"", "", r#"{"source_node": "research", "target_node": "write"}"#, r#"{"source_node": "research", "target_node": "write", "edge_condition": ""}"#),
    row("context_compacted", "S N", "level: string; usage_before: integer; usage_after: integer", "", r#"{"level": "soft", "usage_before": 91, "usage_after": 40}"#, r#"{"level": "soft", "usage_before": 91, "usage_after": 40}"#),
    row("webhook_received", "S", "path: string; method: string; headers: map of string, redacted; payload: any; query_params: map of string = {}", "", r#"{"path": "/hook", "method": "POST", "headers": {"authorization": "Bearer canary"}, "payload": {"id": 7}}"#, r#"{"path": "/hook", "method": "POST", "headers": {"authorization": "[redacted]"}, "payload": {"id": 7}, "query_params": {}}"#),
    row("escalation_requested", "S N", "reason: string = \"\"; context: string = \"\"", "critical", "{}", r#"{"reason": "", "context": ""}"#),
];
