//! Events of the desk beyond the agent catalogue: a runtime declares its own in its own definition
//! file.

use bus_core::{AgentEvent, Object};

/// Events about the folder, and about the work of an earlier run.
#[derive(AgentEvent)]
#[events(prefix = "desk.")]
pub(crate) enum DeskEvents {
    /// Reading the folder; the number of files so far.
    #[event(coalesce)]
    FolderRead { files: u64 },
    /// The folder is indexed.
    FolderIndexed { folder: String, files: u64, lines: u64 },
    /// The system refused a file; the answers omit it.
    #[event(critical)]
    FileUnreadable { path: String, reason: String },
    /// A model writes the answers.
    ModelReady { model: String },
    /// An earlier run began this question and did not end it: it goes on.
    #[event(requires(execution))]
    QuestionResumed { question: String },
    /// An earlier run finished this node: its output is in the journal.
    #[event(requires(node))]
    NodeSkipped { output: String },
    /// An earlier run finished this call: its result is in the journal.
    #[event(requires(node))]
    ToolCallSkipped { tool_name: String, tool_input: Object },
}
