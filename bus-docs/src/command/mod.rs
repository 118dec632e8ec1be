//! The command line of a program with a catalogue: `docs` and `check`.

mod check;
mod docs;
mod unknown;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// The catalogue of a program: its title and its folder.
///
/// ```no_run
/// use bus_agent as _; // links the definitions
///
/// fn main() -> std::process::ExitCode {
///     bus_docs::Project::new("Agent events").out("docs/agent-events").sources(["src"]).main()
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Project {
    title: String,
    root: PathBuf,
    out: PathBuf,
    sources: Vec<PathBuf>,
}

/// The failure of a command. The details were printed before; this is the closing line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Wrong use: exit code 2.
    Usage(String),
    /// The command ran and found a problem: exit code 1.
    Found(String),
}

impl Project {
    /// The help of [`docs`](Self::docs).
    pub const DOCS_HELP: &'static str = docs::HELP;
    /// The help of [`check`](Self::check).
    pub const CHECK_HELP: &'static str = check::HELP;

    /// Makes a catalogue with this title, in the workspace that cargo runs this program for. Its
    /// folder is `docs/events`.
    pub fn new(title: impl Into<String>) -> Self {
        // Cargo names the folder of the running package; its parent is the workspace that has it as
        // a member.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = package
            .and_then(|folder| folder.parent().map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from("."));
        Self { title: title.into(), root, out: "docs/events".into(), sources: vec![".".into()] }
    }

    /// Sets the folder that the other paths begin in, instead of the parent of the running package.
    #[must_use]
    pub fn root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.root = folder.into();
        self
    }

    /// Sets the folder of the outputs, instead of `docs/events`.
    #[must_use]
    pub fn out(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = folder.into();
        self
    }

    /// Sets the folders in which `check` looks for emits and subscriptions, instead of the whole
    /// workspace.
    #[must_use]
    pub fn sources<F: Into<PathBuf>>(mut self, folders: impl IntoIterator<Item = F>) -> Self {
        self.sources = folders.into_iter().map(Into::into).collect();
        self
    }

    /// Runs the command line of the program: the whole `main` of an xtask without other tasks.
    pub fn main(&self) -> ExitCode {
        let done = self.run(std::env::args_os().skip(1));
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(outcome) => {
                let (Outcome::Usage(text) | Outcome::Found(text)) = &outcome;
                eprintln!("error: {text}");
                ExitCode::from(if matches!(outcome, Outcome::Usage(_)) { 2 } else { 1 })
            }
        }
    }

    /// Runs a command with these arguments; see [`main`](Self::main).
    ///
    /// # Errors
    /// If the arguments are wrong, or the command finds a problem.
    pub fn run(&self, words: impl IntoIterator<Item = OsString>) -> Result<(), Outcome> {
        let mut words: Vec<OsString> = words.into_iter().collect();
        let first = if words.is_empty() { OsString::new() } else { words.remove(0) };
        let asks = |word: &OsString| word == "-h" || word == "--help";
        match first.to_str() {
            Some("" | "-h" | "--help" | "help") => print!("{}", self.overview()),
            Some("docs") if words.iter().any(asks) => println!("{}\n{}", docs::SUMMARY, docs::HELP),
            Some("check") if words.iter().any(asks) => println!("{}\n{}", check::SUMMARY, check::HELP),
            Some("docs") => self.docs(words)?,
            Some("check") => self.check(words)?,
            _ => {
                let word = first.to_string_lossy();
                return Err(Outcome::Usage(format!(
                    "there is no task `{word}`; `cargo xtask --help` lists them"
                )));
            }
        }
        Ok(())
    }

    fn overview(&self) -> String {
        format!(
            "The event catalogue \"{}\".\n\nUsage: cargo xtask TASK [OPTION…]\n\nTasks:\n  docs       {}\n  check      {}\n\n\
             `cargo xtask TASK --help` explains one of them.\n\
             Exit codes: 0 done, 1 the task found a problem, 2 wrong use.\n",
            self.title,
            docs::SUMMARY,
            check::SUMMARY
        )
    }

    /// The recorded release.
    fn released(&self) -> PathBuf {
        self.root.join(&self.out).join("released.json")
    }
}

impl From<lexopt::Error> for Outcome {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(format!("{error}; `--help` lists the options"))
    }
}

impl From<std::io::Error> for Outcome {
    fn from(error: std::io::Error) -> Self {
        Self::Found(error.to_string())
    }
}
