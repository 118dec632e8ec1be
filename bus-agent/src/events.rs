//! The definition file: the only list of these events.

use std::collections::BTreeMap;

use bus_core::AgentEvent;
use bus_core::payload::Object;
use serde_json::Value;

/// What an agent runtime says about itself.
#[derive(AgentEvent)]
#[events(version = 1, derive(PartialEq))]
pub enum AgentEvents {
    /// An execution began: one input on its way through the graph.
    #[event(requires(execution), critical, ends_with(ExecutionCompleted, ExecutionFailed))]
    ExecutionStarted {
        /// What it was started with.
        #[event(default)]
        input: Object,
    },
    /// An execution reached its end.
    #[event(requires(execution), critical)]
    ExecutionCompleted {
        /// What it made.
        #[event(default)]
        output: Object,
    },
    /// An execution ended in an error.
    #[event(requires(execution), critical)]
    ExecutionFailed {
        /// What went wrong.
        error: String,
    },
    /// A node stopped its execution until somebody resumes it.
    #[event(requires(node), critical, ends_with(ExecutionResumed))]
    ExecutionPaused {
        /// Why, where it says so.
        #[event(default)]
        reason: String,
    },
    /// A paused execution goes on.
    #[event(requires(node), critical)]
    ExecutionResumed,

    /// A key of the shared state has a new value.
    #[event(requires(execution))]
    StateChanged {
        /// The key.
        key: String,
        /// Its value before, null where it had none.
        old_value: Value,
        /// Its value now.
        new_value: Value,
        /// The part of the state that the key is in.
        scope: String,
    },
    /// Two writers gave one key different values.
    #[event(requires(execution))]
    StateConflict {
        /// The key.
        key: String,
        /// The values that met.
        #[event(default)]
        values: Vec<Value>,
        /// How it was settled.
        #[event(default)]
        resolution: String,
    },

    /// How near the goal is.
    #[event(coalesce)]
    GoalProgress {
        /// From 0 to 1.
        progress: f64,
        /// Each criterion and how far it is met.
        criteria_status: Object,
    },
    /// The goal is reached.
    #[event(critical)]
    GoalAchieved {
        /// Each criterion and how it was met.
        #[event(default)]
        criteria_status: Object,
    },
    /// A constraint of the goal was broken.
    #[event(requires(execution), critical)]
    ConstraintViolation {
        /// The constraint's name in the goal.
        constraint_id: String,
        /// What broke it.
        description: String,
    },

    /// A stream takes in work.
    #[event(ends_with(StreamStopped))]
    StreamStarted {
        /// The entry point that feeds it.
        #[event(default)]
        entry_point: String,
    },
    /// A stream takes in no more work.
    StreamStopped,

    /// A node began its loop of model and tools.
    #[event(requires(node), ends_with(NodeLoopCompleted))]
    NodeLoopStarted {
        /// How often it may go round, where that is limited.
        max_iterations: Option<u64>,
    },
    /// A node goes round once more.
    #[event(requires(node))]
    NodeLoopIteration {
        /// The round, from 1.
        iteration: u64,
    },
    /// A node is done.
    #[event(requires(node))]
    NodeLoopCompleted {
        /// How often it went round.
        iterations: u64,
    },

    /// A piece of the model's answer.
    #[event(requires(node), transient)]
    LlmTextDelta {
        /// What is new.
        content: String,
        /// All of it so far.
        snapshot: String,
    },
    /// A piece of the model's reasoning.
    #[event(requires(node), transient)]
    LlmReasoningDelta {
        /// What is new.
        content: String,
    },

    /// The model called a tool.
    #[event(requires(node), ends_with(ToolCallCompleted, by(tool_use_id)))]
    ToolCallStarted {
        /// The call.
        tool_use_id: String,
        /// The tool.
        tool_name: String,
        /// What it was called with.
        #[event(default)]
        tool_input: Object,
    },
    /// A tool is done.
    #[event(requires(node))]
    ToolCallCompleted {
        /// The call.
        tool_use_id: String,
        /// The tool.
        tool_name: String,
        /// What it gave back, as the model reads it.
        #[event(default)]
        result: String,
        /// Whether that is an error.
        #[event(default)]
        is_error: bool,
    },

    /// A piece of text for the person who uses the agent.
    #[event(requires(node), transient)]
    ClientOutputDelta {
        /// What is new.
        content: String,
        /// All of it so far.
        snapshot: String,
    },
    /// A node waits for the person who uses the agent.
    #[event(requires(node), critical)]
    ClientInputRequested {
        /// What that person is asked.
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
        /// What it asks.
        #[event(default)]
        prompt: String,
    },
    /// A node gets nowhere.
    #[event(requires(node))]
    NodeStalled {
        /// How that shows.
        #[event(default)]
        reason: String,
    },

    /// Something of the user's own that needs no kind of its own.
    Custom {
        /// Any fields, kept as they are.
        #[serde(flatten)]
        fields: Object,
    },

    /// A node calls the same tools over and over.
    #[event(requires(node))]
    NodeToolDoomLoop {
        /// What repeats.
        #[event(default)]
        description: String,
    },
    /// A judge looked at what a node made.
    #[event(requires(node))]
    JudgeVerdict {
        /// What is to be done: accept, retry, escalate.
        action: String,
        /// What to do better.
        #[event(default)]
        feedback: String,
        /// Which judge it was.
        #[event(default = "implicit")]
        judge_type: String,
        /// The round it looked at.
        #[event(default)]
        iteration: u64,
    },
    /// A node set one of its outputs.
    #[event(requires(node))]
    OutputKeySet {
        /// The key.
        key: String,
    },
    /// A node failed and tries again.
    #[event(requires(node))]
    NodeRetry {
        /// The try, from 1.
        retry_count: u64,
        /// How many there may be.
        max_retries: u64,
        /// What failed.
        #[event(default)]
        error: String,
    },
    /// An execution went from one node to the next.
    #[event(requires(node))]
    EdgeTraversed {
        /// The node it left.
        source_node: String,
        /// The node it came to.
        target_node: String,
        /// The condition that opened the edge.
        #[event(default)]
        edge_condition: String,
    },
    /// A node made its context smaller.
    #[event(requires(node))]
    ContextCompacted {
        /// How hard it pressed.
        level: String,
        /// Percent of the context in use before.
        usage_before: u64,
        /// Percent of the context in use after.
        usage_after: u64,
    },
    /// A call came in from outside.
    WebhookReceived {
        /// The path it came to.
        path: String,
        /// The method, such as `POST`.
        method: String,
        /// The headers, tokens among them.
        #[event(redact)]
        headers: BTreeMap<String, String>,
        /// The body.
        payload: Value,
        /// What stood behind the `?`.
        #[event(default)]
        query_params: BTreeMap<String, String>,
    },
    /// A node hands a decision to a person.
    #[event(requires(node), critical)]
    EscalationRequested {
        /// Why.
        #[event(default)]
        reason: String,
        /// What that person needs to know.
        #[event(default)]
        context: String,
    },
}
