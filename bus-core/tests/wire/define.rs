//! The events of these tests: some of the Python runtime's, and some for single features of a
//! definition.

use std::collections::BTreeMap;

use bus_core::{AgentEvent, BoxError, Object};
use serde_json::Value;

/// Wire names, fields and defaults are those of the Python runtime.
#[derive(AgentEvent)]
#[events(derive(PartialEq))]
pub(crate) enum RuntimeEvents {
    ExecutionStarted {
        #[event(default)]
        input: Object,
    },
    ExecutionCompleted {
        #[event(default)]
        output: Object,
    },
    ExecutionFailed {
        error: String,
    },
    StreamStarted {
        #[event(default)]
        entry_point: String,
    },
    StreamStopped {},
    NodeLoopStarted {
        max_iterations: Option<u64>,
    },
    NodeLoopCompleted {
        iterations: u64,
    },
    #[event(transient)]
    LlmTextDelta {
        content: String,
        snapshot: String,
    },
    #[event(transient)]
    LlmReasoningDelta {
        content: String,
    },
    ToolCallStarted {
        tool_use_id: String,
        tool_name: String,
        #[event(default)]
        tool_input: Object,
    },
    ToolCallCompleted {
        tool_use_id: String,
        tool_name: String,
        #[event(default)]
        result: String,
        #[event(default)]
        is_error: bool,
    },
    StateChanged {
        key: String,
        old_value: Value,
        new_value: Value,
        scope: String,
    },
    GoalProgress {
        progress: f64,
        criteria_status: Object,
    },
    OutputKeySet {
        key: String,
    },
}

/// Events that the Python runtime does not have.
#[derive(AgentEvent)]
#[events(derive(PartialEq))]
pub(crate) enum ShopEvents {
    /// Had other names before.
    #[event(alias("build_done", "build.finished", "BuildDone"))]
    BuildFinished { ok: bool },
    /// Version 1 had `total` in whole units, version 2 in cents, version 3 calls it `cents`.
    #[event(version = 3, upcast = convert)]
    OrderPaid { order: String, cents: u64 },
    /// Has content that must not leave the process.
    WebhookReceived {
        path: String,
        #[event(redact)]
        headers: BTreeMap<String, String>,
    },
    /// JSON has only text as keys.
    Placed { by_place: BTreeMap<(u8, u8), u8> },
    /// Floats inside of other types.
    Sampled { all: Vec<f64>, mean: Option<f64> },
    /// Every type of number.
    Measured { small: i64, large: u64, real: f64, text: String },
}

fn convert(from: u32, mut data: Value) -> Result<Value, BoxError> {
    let total = data["total"].as_u64().ok_or("`total` must be a whole number")?;
    match from {
        1 => data["total"] = (total * 100).into(),
        _ => data = serde_json::json!({ "order": data["order"], "cents": total }),
    }
    Ok(data)
}
