//! The command `bus`: recorded events in a terminal, and as JSON lines for other programs.
//!
//! A call goes one way: `args` reads the words, `source` reads the recording line by line, a
//! `command` looks at each event, and `output` writes rows for a person or lines for a program.

mod args;
mod command;
mod key;
mod output;
mod pairs;
mod source;
mod stop;
mod time;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use args::Asked;
// Its kinds are registered by being linked.
use bus_agent as _;
use output::Output;

/// How a call ended. The exit codes are in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Found,
    Nothing,
    Damaged,
    Stopped,
}

/// The exit code of a command that the user stopped.
const STOPPED: u8 = 130;

impl Ended {
    fn found(found: bool) -> Self {
        if found { Self::Found } else { Self::Nothing }
    }
}

/// Why a call failed: the exit code and one line.
struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// The words of the call are wrong.
    fn usage(text: impl std::fmt::Display) -> Self {
        Self { code: 2, text: text.to_string() }
    }

    /// The journal at this path cannot be opened.
    fn open(path: &std::path::Path, error: &bus_journal::OpenError) -> Self {
        let is_damaged = matches!(error, bus_journal::OpenError::Damaged(_));
        Self { code: if is_damaged { 3 } else { 4 }, ..Self::journal(path, error) }
    }

    /// The journal at this path cannot be used.
    fn journal(path: &std::path::Path, error: impl std::fmt::Display) -> Self {
        Self::source(format!("`{}`: {error}", path.display()))
    }

    /// The source cannot be read.
    fn source(text: impl std::fmt::Display) -> Self {
        Self { code: 4, text: text.to_string() }
    }
}

/// The reader of the output may have closed it, as `head` does: that is no failure.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let code = if error.kind() == ErrorKind::BrokenPipe { 0 } else { 4 };
        Self { code, text: format!("the output cannot be written: {error}") }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(Ended::Found) | Err(Failure { code: 0, .. }) => ExitCode::SUCCESS,
        Ok(Ended::Nothing) => ExitCode::from(1),
        Ok(Ended::Damaged) => ExitCode::from(3),
        Ok(Ended::Stopped) => ExitCode::from(STOPPED),
        Err(Failure { code, text }) => {
            eprintln!("bus: {text}");
            ExitCode::from(code)
        }
    }
}

fn run() -> Result<Ended, Failure> {
    let call = match args::parse(std::env::args_os().skip(1))? {
        Asked::Help => {
            io::stdout().write_all(args::HELP.as_bytes())?;
            return Ok(Ended::Found);
        }
        Asked::Version => {
            writeln!(io::stdout(), "bus {}", env!("CARGO_PKG_VERSION"))?;
            return Ok(Ended::Found);
        }
        Asked::Call(call) => call,
    };
    let mut output = Output::new(&call.view);
    let ended = command::run(&call, &mut output)?;
    output.flush()?;
    Ok(ended)
}
