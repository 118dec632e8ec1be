//! `cargo xtask check`: duplicates, what breaks since the last release, what is declared and not used.

use bus_docs::Project;

use crate::docs::{done, project, words};
use crate::task::{Failure, Task};

pub(crate) const TASK: Task = Task {
    name: "check",
    summary: "Check the agent's events: duplicates, breaking changes, what nothing emits.",
    help: Project::CHECK_HELP,
    run: |parser| done(project().check(words(parser)?)),
};

/// Nothing breaks those who read or emit events; `cargo xtask ci` has it as a step.
pub(crate) fn all() -> Result<(), Failure> {
    done(project().check([]))
}
