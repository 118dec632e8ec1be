//! What the desk says beyond the agent catalogue: a runtime adds its own events in a definition file of its own.

use bus_core::AgentEvent;

/// The folder that is asked.
#[derive(AgentEvent)]
#[events(prefix = "desk.")]
pub(crate) enum DeskEvents {
    /// The folder is being read; so many files so far.
    #[event(coalesce)]
    FolderRead { files: u64 },
    /// The folder can be searched.
    FolderIndexed { folder: String, files: u64, lines: u64 },
    /// The system refused a file; the answers do without it.
    #[event(critical)]
    FileUnreadable { path: String, reason: String },
    /// Answers are written by a model.
    ModelReady { model: String },
}
