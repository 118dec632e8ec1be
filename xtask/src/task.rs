//! What a task is, and how one fails.

use std::fmt;
use std::process::ExitCode;

/// One task of `cargo xtask`: a word on the command line and what it does.
pub(crate) struct Task {
    /// The word after `cargo xtask`.
    pub(crate) name: &'static str,
    /// One line for the overview.
    pub(crate) summary: &'static str,
    /// What `cargo xtask NAME --help` prints below the summary: usage, options, what the exit code means.
    pub(crate) help: &'static str,
    /// Runs it with the words after its name. `--help` was dealt with before.
    pub(crate) run: fn(lexopt::Parser) -> Result<(), Failure>,
}

/// Why a task did not end well. What it is about was printed already; this is the closing line.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Called wrongly: exit code 2.
    Usage(String),
    /// It ran and found something wrong: exit code 1.
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
        Self::Usage(format!("{error}; `--help` shows what there is"))
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
