//! The command line: its arguments, or one line with the mistake.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Answers questions about a folder of text and source files, several at a time, and shows every step as an event.

usage: cargo run --example research_desk [-- [OPTIONS] FOLDER QUESTION...]
       Without FOLDER: a few questions about this repository.

  --llm URL      let a model plan and write: an OpenAI-compatible endpoint, such as http://127.0.0.1:11434/v1
                 (a key is taken from OPENAI_API_KEY); without it the answers are sentences of the files themselves
  --model NAME   the model to ask for (default: the first one that the endpoint lists)
  --json FILE    write every event as one line of JSON
  --journal FILE record every event in this journal (default: a new file in the folder for temporary files)
  --no-journal   record nothing
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
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) folder: PathBuf,
    pub(crate) questions: Vec<String>,
    pub(crate) llm: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) journal: Option<PathBuf>,
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
    let mut options = Options {
        folder: PathBuf::new(),
        questions: vec![],
        llm: None,
        model: None,
        json: None,
        journal: Some(new_journal()),
        quiet: false,
    };
    let mut folder: Option<PathBuf> = None;
    while let Some(word) = parser.next().map_err(lines)? {
        match word {
            Long("help") | Short('h') => return Ok(Asked::Help),
            Long("quiet") | Short('q') => options.quiet = true,
            Long("llm") => options.llm = Some(text(&mut parser)?),
            Long("model") => options.model = Some(text(&mut parser)?),
            Long("json") => options.json = Some(parser.value().map_err(lines)?.into()),
            Long("journal") => options.journal = Some(parser.value().map_err(lines)?.into()),
            Long("no-journal") => options.journal = None,
            Value(path) if folder.is_none() => folder = Some(path.into()),
            Value(question) => options.questions.push(question.string().map_err(lines)?),
            other => return Err(format!("{} (see --help)", other.unexpected())),
        }
    }
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
    if let Some(question) =
        options.questions.iter().find(|question| crate::corpus::distinct(question).is_empty())
    {
        return Err(format!("the question {question:?} has no word to search for"));
    }
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

/// A file that no other run has: each run has a journal of its own.
fn new_journal() -> PathBuf {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let name = format!("run-{}-{}.db", since.as_secs(), std::process::id());
    std::env::temp_dir().join("research_desk").join(name)
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
        ] {
            let error = parsed(words).unwrap_err();
            assert!(error.contains(says) && !error.contains('\n'), "{words:?}: {error}");
        }
    }
}
