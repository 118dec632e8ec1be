//! The command line: its arguments, or one line with the mistake.

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Answers questions about a folder of text and source files, several at a time, and shows every step as an event.

usage: cargo run --example research_desk [-- [OPTIONS] FOLDER QUESTION...]
       Without FOLDER: a few questions about this repository.
       cargo run --example research_desk -- --resume [--journal FILE]

  --llm URL      let a model plan and write: an OpenAI-compatible endpoint, such as http://127.0.0.1:11434/v1
                 (a key is taken from OPENAI_API_KEY); without it the answers are sentences of the files themselves
  --model NAME   the model to ask for (default: the first one that the endpoint lists)
  --json FILE    write every event as one line of JSON
  --journal FILE record every event in this journal (default: a new file in the folder for temporary files)
  --no-journal   record nothing
  --resume       go on with the questions that a crash or Ctrl-C interrupted: those of the journal, or of the newest one
                 in the folder for temporary files; what was finished is not done again
  --serve [ADDR] show the events in a browser, and take further questions at POST /agui, until Ctrl-C; ADDR is an
                 address of this machine with a port (default: 127.0.0.1:0, a free port)
  --quiet        print the answers and nothing else
  --help         this text

Ctrl-C ends the work and still closes the bus in order; a second one ends at once.
exit code: 0 all answered, 1 something failed, 2 wrong call, 130 interrupted
";

const DEFAULT_QUESTIONS: &[&str] = &[
    "What happens when a handler panics?",
    "Why can handlers that wait for each other not deadlock?",
    "What does history do with token deltas?",
    "What is a cursor?",
];

/// A well-formed call.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) folder: PathBuf,
    pub(crate) questions: Vec<String>,
    pub(crate) llm: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) resume: bool,
    pub(crate) serve: Option<SocketAddr>,
    pub(crate) quiet: bool,
}

/// The arguments of the desk.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked {
    Help,
    Work(Options),
}

/// Parses the command line without the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(words);
    let mut options = Options::default();
    let (mut folder, mut records) = (None::<PathBuf>, true);
    while let Some(word) = parser.next().map_err(lines)? {
        match word {
            Long("help") | Short('h') => return Ok(Asked::Help),
            Long("quiet") | Short('q') => options.quiet = true,
            Long("llm") => options.llm = Some(text(&mut parser)?),
            Long("model") => options.model = Some(text(&mut parser)?),
            Long("json") => options.json = Some(parser.value().map_err(lines)?.into()),
            Long("journal") => options.journal = Some(parser.value().map_err(lines)?.into()),
            Long("no-journal") => records = false,
            Long("resume") => options.resume = true,
            Long("serve") => options.serve = Some(address(&mut parser)?),
            Value(path) if folder.is_none() => folder = Some(path.into()),
            Value(question) => options.questions.push(question.string().map_err(lines)?),
            other => return Err(format!("{} (see --help)", other.unexpected())),
        }
    }
    check_model(&options)?;
    if options.resume {
        if folder.is_some() || !records {
            return Err(
                "--resume takes folder and questions from a journal: leave them and --no-journal out".into(),
            );
        }
        options.journal = Some(existing(options.journal)?);
        return Ok(Asked::Work(options));
    }
    if options.journal.is_some() && !records {
        return Err("--journal and --no-journal exclude each other: leave one out".into());
    }
    options.journal = records.then(|| options.journal.unwrap_or_else(new_journal));
    if let Some(folder) = folder {
        options.folder = folder;
    } else {
        options.folder = repository();
        options.questions = DEFAULT_QUESTIONS.iter().map(ToString::to_string).collect();
    }
    check(&options)?;
    Ok(Asked::Work(options))
}

fn check(options: &Options) -> Result<(), String> {
    let folder = options.folder.display();
    match options.folder.metadata() {
        Err(error) => return Err(format!("cannot open the folder {folder}: {error}")),
        Ok(facts) if !facts.is_dir() => {
            return Err(format!("{folder} is not a folder: give the one it is in"));
        }
        Ok(_) => {}
    }
    std::fs::read_dir(&options.folder)
        .map_err(|error| format!("cannot read the folder {folder}: {error}"))?;
    if options.questions.iter().all(|question| question.trim().is_empty()) {
        return Err(format!(
            "no question: ask at least one after the folder, as in {folder} \"how are errors reported?\""
        ));
    }
    options.questions.iter().try_for_each(|question| crate::corpus::check(question))
}

fn check_model(options: &Options) -> Result<(), String> {
    if let Some(url) = &options.llm {
        crate::llm::check(url).map_err(|error| error.to_string())?;
    }
    if options.model.is_some() && options.llm.is_none() {
        return Err("--model needs --llm URL".into());
    }
    Ok(())
}

/// The repository that this example was built in; if it is gone, the current folder.
fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    here.canonicalize().unwrap_or_else(|_| PathBuf::from("."))
}

/// The folder of the journals that have no name of the user's.
fn journals() -> PathBuf {
    std::env::temp_dir().join("research_desk")
}

/// A file that no other run has: each run has a journal of its own.
fn new_journal() -> PathBuf {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    journals().join(format!("run-{}-{}.db", since.as_millis(), std::process::id()))
}

/// The journal of this name, or the newest of those without one.
fn existing(named: Option<PathBuf>) -> Result<PathBuf, String> {
    if let Some(path) = named {
        let is_there = path.is_file();
        let missing = format!("there is no journal {} to resume", path.display());
        return is_there.then_some(path).ok_or(missing);
    }
    let is_journal = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("run-") && name.ends_with(".db")
    };
    let files = std::fs::read_dir(journals()).into_iter().flatten().flatten();
    let newest = files.map(|file| file.file_name()).filter(is_journal).max();
    newest.map(|name| journals().join(name)).ok_or_else(|| {
        format!("no journal in {} to resume: name one with --journal FILE", journals().display())
    })
}

/// The address behind `--serve`, if the next word is one.
fn address(parser: &mut lexopt::Parser) -> Result<SocketAddr, String> {
    let is_address = |word: &OsStr| word.to_str().is_some_and(|word| word.parse::<SocketAddr>().is_ok());
    let word = match parser.optional_value() {
        Some(word) => Some(word),
        None => parser.try_raw_args().and_then(|mut words| words.next_if(is_address)),
    };
    let Some(word) = word else {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    };
    let word = word.to_string_lossy();
    let address = word.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
    address.ok_or_else(|| {
        format!("--serve {word}: not an address of this machine with a port, such as 127.0.0.1:8080")
    })
}

fn text(parser: &mut lexopt::Parser) -> Result<String, String> {
    parser.value().and_then(lexopt::ValueExt::string).map_err(lines)
}

#[allow(clippy::needless_pass_by_value)] // what `map_err` takes
fn lines(error: lexopt::Error) -> String {
    format!("{error} (see --help)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Asked, String> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn options_stand_anywhere() {
        let folder = env!("CARGO_MANIFEST_DIR");
        let asked =
            parsed(&[folder, "--quiet", "what is a bus?", "--llm=http://h/v1", "--model", "m", "why?  lag"]);
        let Ok(Asked::Work(options)) = asked else { panic!("{asked:?}") };
        assert_eq!(options.questions, ["what is a bus?", "why?  lag"]);
        assert_eq!((options.llm.as_deref(), options.model.as_deref()), (Some("http://h/v1"), Some("m")));
        assert!(options.quiet);
    }

    #[test]
    fn nothing_at_all_means_this_repository() {
        let Ok(Asked::Work(options)) = parsed(&[]) else { panic!("the defaults work") };
        assert_eq!(options.questions.len(), DEFAULT_QUESTIONS.len());
        assert!(options.folder.join("Cargo.toml").exists());
        assert!(options.journal.is_some());
    }

    #[test]
    fn a_journal_is_named_or_refused() {
        let journal = |words: &[&str]| match parsed(words) {
            Ok(Asked::Work(options)) => options.journal,
            other => panic!("{other:?}"),
        };
        assert_eq!(journal(&["--journal", "run.db"]), Some(PathBuf::from("run.db")));
        assert_eq!(journal(&["--no-journal"]), None);
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(journal(&["--resume", "--journal", here]), Some(PathBuf::from(here)));
    }

    #[test]
    fn an_address_to_serve_on_may_follow() {
        let serve = |words: &[&str]| match parsed(words) {
            Ok(Asked::Work(options)) => options.serve,
            other => panic!("{other:?}"),
        };
        let [free, named] = ["127.0.0.1:0", "127.0.0.1:8080"].map(|address| address.parse().ok());
        let folder = env!("CARGO_MANIFEST_DIR");
        assert_eq!(serve(&[folder, "bus?"]), None);
        assert_eq!(serve(&["--serve"]), free);
        assert_eq!(serve(&["--serve", folder, "bus?"]), free);
        assert_eq!(serve(&["--serve", "127.0.0.1:8080", folder, "bus?"]), named);
        assert_eq!(serve(&["--serve=127.0.0.1:8080"]), named);
    }

    #[test]
    fn each_mistake_is_one_line() {
        let folder = env!("CARGO_MANIFEST_DIR");
        for (words, says) in [
            (&["/no/such/folder", "why?"][..], "cannot open the folder /no/such/folder"),
            (&[folder], "no question"),
            (&[folder, " "], "no question"),
            (&[folder, "what is it?"], "has no word to search for"),
            (&[folder, "bus?", "--modle", "x"], "--modle"),
            (&[folder, "bus?", "--llm"], "--llm"),
            (&[folder, "bus?", "--model", "x"], "--model needs --llm"),
            (&[folder, "bus?", "--serve=here"], "--serve here: not an address of this machine with a port"),
            (&[folder, "bus?", "--serve", "0.0.0.0:0"], "--serve 0.0.0.0:0: not an address of this machine"),
            (&[folder, "bus?", "--journal", "a.db", "--no-journal"], "--journal and --no-journal exclude"),
            (&["--resume", folder], "--resume takes folder and questions from a journal"),
            (&["--resume", "--no-journal"], "--resume takes folder and questions from a journal"),
            (&["--resume", "--journal", "/no/such/run.db"], "there is no journal /no/such/run.db"),
        ] {
            let error = parsed(words).unwrap_err();
            assert!(error.contains(says) && !error.contains('\n'), "{words:?}: {error}");
        }
    }
}
