//! The type of a task, and of its failure.

use std::fmt;
use std::process::ExitCode;

/// One task of `cargo xtask`: a name on the command line and the function behind it.
pub(crate) struct Task {
    /// The name after `cargo xtask`.
    pub(crate) name: &'static str,
    /// One line for the overview.
    pub(crate) summary: &'static str,
    /// The text of `cargo xtask NAME --help` below the summary: usage, options, exit codes.
    pub(crate) help: &'static str,
    /// Runs the task with the words after its name. `--help` was handled before.
    pub(crate) run: fn(lexopt::Parser) -> Result<(), Failure>,
}

/// The failure of a task. The details were printed before; this is the closing line.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong use: exit code 2.
    Usage(String),
    /// The task ran and found a problem: exit code 1.
    Found(String),
}

impl Failure {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    pub(crate) fn found(text: impl Into<String>) -> Self {
        Self::Found(text.into())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Found(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Found(text) => f.write_str(text),
        }
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(format!("{error}; `--help` lists the options"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Found(error.to_string())
    }
}

/// For a task that takes no arguments: refuses the first one.
pub(crate) fn no_arguments(mut parser: lexopt::Parser) -> Result<(), Failure> {
    match parser.next()? {
        Some(argument) => Err(argument.unexpected().into()),
        None => Ok(()),
    }
}
