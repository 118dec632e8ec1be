//! The steps in the life of an execution.

use std::fmt;

/// The step in the life of its execution that an event reports: see `execution` in the table of the
/// derive.
///
/// Code that follows executions asks for it, so that it needs no kind by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Life {
    /// The execution begins.
    Begins,
    /// It waits until it is resumed.
    Pauses,
    /// It goes on.
    Resumes,
    /// It ends: it reached its goal.
    Completes,
    /// It ends with an error.
    Fails,
    /// It ends because somebody stopped it.
    Cancels,
}

impl Life {
    /// Returns whether the execution is over.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Completes | Self::Fails | Self::Cancels)
    }

    /// Returns the step as in the definition: `begins`, `pauses`, `resumes`, or how it ends, as
    /// `completed`, `failed` or `cancelled`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begins => "begins",
            Self::Pauses => "pauses",
            Self::Resumes => "resumes",
            Self::Completes => "completed",
            Self::Fails => "failed",
            Self::Cancels => "cancelled",
        }
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
