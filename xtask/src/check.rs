//! `cargo xtask check`: duplicate kinds, breaking changes since the last release, and events that
//! nothing emits.

use bus_docs::Project;

use crate::docs::{done, project, words};
use crate::task::{Failure, Task};

pub(crate) const TASK: Task = Task {
    name: "check",
    summary: "Check the agent's events: duplicates, breaking changes, events that nothing emits.",
    help: Project::CHECK_HELP,
    run: |parser| done(project().check(words(parser)?)),
};

/// Checks that no change breaks those who read or emit events. A step of `cargo xtask ci`.
pub(crate) fn all() -> Result<(), Failure> {
    done(project().check([]))
}
