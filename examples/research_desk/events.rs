//! Events of the desk beyond the agent catalogue: a runtime declares its own in its own definition
//! file.

use bus_core::AgentEvent;

/// Events about the folder.
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
}
