//! `cargo xtask docs`: writes the catalogue of the agent's events, or lists the files that have
//! drifted.

use std::ffi::OsString;

use bus_agent as _; // links the definitions
use bus_docs::{Outcome, Project};

use crate::task::{Failure, Task};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "docs",
    summary: "Write the catalogue of the agent's events to docs/catalogue, or check it.",
    help: Project::DOCS_HELP,
    run: |parser| done(project().docs(words(parser)?)),
};

/// The catalogue of this repository; its examples emit the events.
pub(crate) fn project() -> Project {
    Project::new("Agent events").root(workspace::root()).out("docs/catalogue").sources(["examples"])
}

/// Checks that the committed catalogue matches the definitions. A step of `cargo xtask ci`.
pub(crate) fn check() -> Result<(), Failure> {
    done(project().docs([OsString::from("--check")]))
}

pub(crate) fn words(mut parser: lexopt::Parser) -> Result<Vec<OsString>, Failure> {
    Ok(parser.raw_args()?.collect())
}

pub(crate) fn done(outcome: Result<(), Outcome>) -> Result<(), Failure> {
    outcome.map_err(|outcome| match outcome {
        Outcome::Usage(text) => Failure::Usage(text),
        Outcome::Found(text) => Failure::Found(text),
    })
}
