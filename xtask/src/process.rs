//! Runs other programs. The command line is printed first, as a person would type it, and a failure
//! names it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::task::Failure;
use crate::workspace;

/// The cargo that runs this program, started at the root of the workspace without standard input.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root()).stdin(Stdio::null());
    command
}

/// The same in another folder, such as a workspace of its own, with a target folder of ours.
pub(crate) fn cargo_in(folder: &Path, target: &Path) -> Command {
    let mut command = cargo();
    command.current_dir(folder).env("CARGO_TARGET_DIR", target);
    command
}

/// Runs `cargo` with these arguments and shows its output as it comes.
pub(crate) fn run_cargo<A: AsRef<OsStr>>(arguments: &[A]) -> Result<(), Failure> {
    run(cargo().args(arguments))
}

/// Prints the command and runs it. The error names the command.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::found(format!("`{}` failed: {status}", shown(command))))
    }
}

/// Runs the command and returns its standard output; its errors are shown as they come.
pub(crate) fn read(command: &mut Command) -> Result<String, Failure> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        return Err(Failure::found(format!("`{}` failed: {}", shown(command), output.status)));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::found(format!("`{}` wrote something that is not UTF-8", shown(command))))
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::found(format!("`{}` could not be started: {error}", shown(command)))
}

/// The command as a person would type it: the program's name without its folder, then the
/// arguments.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let mut line = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        let word = argument.to_string_lossy();
        line.push(' ');
        line.push_str(if word.is_empty() { "''" } else { &word });
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command() {
        let failure = read(Command::new("git").args(["rev-parse", "--quiet", "--verify", "no-such-branch"]))
            .unwrap_err();
        assert!(
            failure.to_string().starts_with("`git rev-parse --quiet --verify no-such-branch` failed"),
            "{failure}"
        );
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let failure = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(failure.to_string().starts_with("`no-such-program-here` could not be started"), "{failure}");
    }
}
