//! `cargo xtask test`: every test suite, with no other tool than rustup's cargo.

mod examples;

use crate::compiler;
use crate::process::{run as run_command, run_cargo};
use crate::task::{Failure, Task};

pub(crate) const TASK: Task = Task {
    name: "test",
    summary: "Run every test: unit, integration, compile errors, doc examples, and all example programs.",
    help: "
Usage: cargo xtask test [--no-texts]

  --no-texts   leave out the pinned texts of compile errors if the compiler in use is not the one they belong to

Runs `cargo test --workspace` (unit and integration tests, the pinned compile errors of the derive, the examples in
the docs), then each program of `examples` with a time limit. The closing lines are those of cargo's test runner, and
one line for the examples. A single test: `cargo test -p CRATE NAME`.

The pinned texts of compile errors are those of one compiler, the `rust-version` of Cargo.toml. With another compiler
they are run with an installed toolchain of that version; where there is none they are left out, with a line that says
so. An example that needs a component of rustup which is not installed is left out in the same way.

Exit code: 0 if all passed, 1 if one failed.",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut with_texts = true;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("no-texts") => with_texts = false,
            other => return Err(other.unexpected().into()),
        }
    }
    every_suite(with_texts)
}

/// Runs every suite even if one fails. A step of `cargo xtask ci`.
pub(crate) fn all() -> Result<(), Failure> {
    every_suite(true)
}

fn every_suite(with_texts: bool) -> Result<(), Failure> {
    let suites = run_cargo(&["test", "--workspace", "--no-fail-fast", "--locked"]);
    let texts = if with_texts { pinned_texts() } else { Ok(()) };
    let examples = examples::run_all();
    suites.and(texts).and(examples)
}

/// With the compiler that the pinned texts belong to, `cargo test` ran them already. With another
/// one it shows them as ignored (build.rs of bus-derive-tests), and they are run here.
fn pinned_texts() -> Result<(), Failure> {
    let promised = compiler::promised()?;
    if compiler::active()? == promised {
        return Ok(());
    }
    let Some(toolchain) = compiler::installed(promised) else {
        let version = compiler::promised_text()?;
        println!(
            "left out: the pinned texts of compile errors, which are those of Rust {version}; \
             `rustup toolchain install {version}` installs it"
        );
        return Ok(());
    };
    let texts = ["--package", "bus-derive-tests", "--test", "compile", "--test", "many"];
    run_command(toolchain.cargo()?.args(["test", "--no-fail-fast", "--locked"]).args(texts))
}

/// Every test but the pinned texts, with the newest compiler that is installed: a new release must
/// change nothing for somebody who has just that one.
pub(crate) fn with_newer() -> Result<(), Failure> {
    if let Some(newer) = compiler::newer_than(compiler::active()?) {
        return run_command(newer.cargo()?.args(["xtask", "test", "--no-texts"]));
    }
    println!("left out: no compiler is installed that is newer than the one in use");
    Ok(())
}
