//! The definition file: the only list of these events.

use std::collections::BTreeMap;

use bus_core::AgentEvent;
use bus_core::Object;
use serde_json::Value;

/// The events of an agent runtime.
#[derive(AgentEvent)]
#[events(version = 1, derive(PartialEq))]
pub enum AgentEvents {
    /// An execution began: one input that passes through the graph.
    #[event(requires(execution), critical, ends_with(ExecutionCompleted, ExecutionFailed), execution(begins))]
    ExecutionStarted {
        /// The input of the execution.
        #[event(default)]
        input: Object,
    },
    /// An execution reached its end.
    #[event(requires(execution), critical, execution(ends = "completed"))]
    ExecutionCompleted {
        /// The result.
        #[event(default)]
        output: Object,
    },
    /// An execution failed.
    #[event(requires(execution), critical, execution(ends = "failed"))]
    ExecutionFailed {
        /// The error.
        error: String,
    },
    /// A node stopped its execution until somebody resumes it.
    #[event(requires(node), critical, ends_with(ExecutionResumed), execution(pauses))]
    ExecutionPaused {
        /// The reason, if there is one.
        #[event(default)]
        reason: String,
    },
    /// A paused execution continues.
    #[event(requires(node), critical, execution(resumes))]
    ExecutionResumed,

    /// A key of the shared state has a new value.
    #[event(requires(execution))]
    StateChanged {
        /// The key.
        key: String,
        /// Its previous value, or null.
        old_value: Value,
        /// Its new value.
        new_value: Value,
        /// The part of the state that has the key.
        scope: String,
    },
    /// Two writers wrote different values for one key.
    #[event(requires(execution))]
    StateConflict {
        /// The key.
        key: String,
        /// The conflicting values.
        #[event(default)]
        values: Vec<Value>,
        /// How the conflict was resolved.
        #[event(default)]
        resolution: String,
    },

    /// The progress towards a goal.
    #[event(coalesce)]
    GoalProgress {
        /// From 0 to 1.
        progress: f64,
        /// Each criterion with its progress.
        criteria_status: Object,
    },
    /// A goal was achieved.
    #[event(critical)]
    GoalAchieved {
        /// Each criterion with its result.
        #[event(default)]
        criteria_status: Object,
    },
    /// An execution violated a constraint of its goal.
    #[event(requires(execution), critical)]
    ConstraintViolation {
        /// The constraint's name in the goal.
        constraint_id: String,
        /// The violation.
        description: String,
    },

    /// A stream accepts work.
    #[event(ends_with(StreamStopped))]
    StreamStarted {
        /// The entry point that sends it work.
        #[event(default)]
        entry_point: String,
    },
    /// A stream accepts no more work.
    StreamStopped,

    /// A node began its loop of model and tools.
    #[event(requires(node), ends_with(NodeLoopCompleted))]
    NodeLoopStarted {
        /// The most rounds, if they are limited.
        max_iterations: Option<u64>,
    },
    /// A node begins a round of its loop.
    #[event(requires(node))]
    NodeLoopIteration {
        /// The round, from 1.
        iteration: u64,
    },
    /// A node finished its loop.
    #[event(requires(node))]
    NodeLoopCompleted {
        /// The number of rounds.
        iterations: u64,
    },

    /// A part of the model's answer.
    #[event(requires(node), transient)]
    LlmTextDelta {
        /// The new text.
        content: String,
        /// The whole text so far.
        snapshot: String,
    },
    /// A part of the model's reasoning.
    #[event(requires(node), transient)]
    LlmReasoningDelta {
        /// The new text.
        content: String,
    },

    /// The model called a tool.
    #[event(requires(node), ends_with(ToolCallCompleted, by(tool_use_id)))]
    ToolCallStarted {
        /// The id of the call.
        tool_use_id: String,
        /// The name of the tool.
        tool_name: String,
        /// The arguments of the call.
        #[event(default)]
        tool_input: Object,
    },
    /// A tool call ended.
    #[event(requires(node))]
    ToolCallCompleted {
        /// The id of the call.
        tool_use_id: String,
        /// The name of the tool.
        tool_name: String,
        /// The result, as the model reads it.
        #[event(default)]
        result: String,
        /// Whether the result is an error.
        #[event(default)]
        is_error: bool,
    },

    /// A part of the text for the user of the agent.
    #[event(requires(node), transient)]
    ClientOutputDelta {
        /// The new text.
        content: String,
        /// The whole text so far.
        snapshot: String,
    },
    /// A node waits for the user of the agent.
    #[event(requires(node), critical)]
    ClientInputRequested {
        /// The question to the user.
        #[event(default)]
        prompt: String,
    },
    /// Text of a node that does not talk to the client.
    #[event(requires(node), transient)]
    NodeInternalOutput {
        /// The text.
        content: String,
    },
    /// A node that does not talk to the client waits for input.
    #[event(requires(node))]
    NodeInputBlocked {
        /// The question.
        #[event(default)]
        prompt: String,
    },
    /// A node makes no progress.
    #[event(requires(node))]
    NodeStalled {
        /// The sign of it.
        #[event(default)]
        reason: String,
    },

    /// An event of the application that needs no kind of its own.
    Custom {
        /// Any fields, kept as they are.
        #[serde(flatten)]
        fields: Object,
    },

    /// A node repeats the same tool calls.
    #[event(requires(node))]
    NodeToolDoomLoop {
        /// The repeated calls.
        #[event(default)]
        description: String,
    },
    /// A judge assessed the output of a node.
    #[event(requires(node))]
    JudgeVerdict {
        /// The decision: accept, retry, escalate.
        action: String,
        /// Advice for the next round.
        #[event(default)]
        feedback: String,
        /// The kind of judge.
        #[event(default = "implicit")]
        judge_type: String,
        /// The round that was assessed.
        #[event(default)]
        iteration: u64,
    },
    /// A node set one of its outputs.
    #[event(requires(node))]
    OutputKeySet {
        /// The key.
        key: String,
    },
    /// A node failed and retries.
    #[event(requires(node))]
    NodeRetry {
        /// The number of this retry, from 1.
        retry_count: u64,
        /// The most retries.
        max_retries: u64,
        /// The error.
        #[event(default)]
        error: String,
    },
    /// An execution moved from one node to the next.
    #[event(requires(node))]
    EdgeTraversed {
        /// The node that it left.
        source_node: String,
        /// The node that it entered.
        target_node: String,
        /// The condition of the edge.
        #[event(default)]
        edge_condition: String,
    },
    /// A node compacted its context.
    #[event(requires(node))]
    ContextCompacted {
        /// The level of compaction.
        level: String,
        /// Percent of the context in use before.
        usage_before: u64,
        /// Percent of the context in use after.
        usage_after: u64,
    },
    /// A webhook was called from outside.
    WebhookReceived {
        /// The path of the request.
        path: String,
        /// The method, such as `POST`.
        method: String,
        /// The headers, which may have tokens.
        #[event(redact)]
        headers: BTreeMap<String, String>,
        /// The body.
        payload: Value,
        /// The parameters after the `?`.
        #[event(default)]
        query_params: BTreeMap<String, String>,
    },
    /// A node asks a person to decide.
    #[event(requires(node), critical)]
    EscalationRequested {
        /// The reason.
        #[event(default)]
        reason: String,
        /// Background for the decision.
        #[event(default)]
        context: String,
    },
}
