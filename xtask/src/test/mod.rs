//! `cargo xtask test`: every test suite, with no other tool than rustup's cargo.

mod examples;

use crate::process::run_cargo;
use crate::task::{Failure, Task, no_arguments};

pub(crate) const TASK: Task = Task {
    name: "test",
    summary: "Run every test: unit, integration, compile errors, doc examples, and all example programs.",
    help: "
Usage: cargo xtask test

Runs `cargo test --workspace` (unit and integration tests, the pinned compile errors of the derive, the examples in
the docs), then each program of `examples` with a time limit. The closing lines are those of cargo's test runner, and
one line for the examples. A single test: `cargo test -p CRATE NAME`.

Exit code: 0 if all passed, 1 if one failed.",
    run,
};

fn run(parser: lexopt::Parser) -> Result<(), Failure> {
    no_arguments(parser)?;
    all()
}

/// Runs every suite even if one fails. A step of `cargo xtask ci`.
pub(crate) fn all() -> Result<(), Failure> {
    let tests = run_cargo(&["test", "--workspace", "--no-fail-fast", "--locked"]);
    let examples = examples::run_all();
    tests.and(examples)
}
