//! The words of a call.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use bus_core::Filter;

use crate::Failure;

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Looks at recorded events: in columns on a terminal, as JSON lines for other programs.

usage: bus <command> SOURCE [FILTER]...

  log          events in order            -n N (the last N)  --deltas (do not fold runs of them)
  show         one event by its id        --id ID
  executions   one row an execution       --failed (those that failed, or with an error)  --open (not over)
  query        counts                     --by KEY (kind unless set: kind, stream, node, execution, data.NAME)
  import       takes the events of FILE into the journal SOURCE, each once:  bus import run.db FILE
  doctor       reads the whole journal SOURCE, and says what is missing or damaged

SOURCE   run.db (a journal), run.jsonl, run.jsonl.gz, or - for standard input       (unless given: $BUS_SOURCE)
FILTER   kind:tool_* execution:exec-4 error \"connection reset\" after:5m data.tool_name:grep -kind:tool_call_delta
         Several words must all fit; several values of one name mean any of them.

  --json                       JSON lines also on a terminal
  --color auto|always|never    colours: on a terminal unless set; NO_COLOR turns them off
  --width N                    columns of the output: those of the terminal, or 120
  --help                       this text

exit code: 0 found, 1 nothing found, 2 wrong use, 3 damaged or with a gap in the answer, 4 cannot be read
";

/// One of the commands, with its own options.
pub(crate) enum Command {
    Log { last: Option<usize>, deltas: bool },
    Show { id: String },
    Executions(Which),
    Query { by: String },
    Import { file: PathBuf },
    Doctor,
}

/// The executions that are asked for; all of them if neither is set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Which {
    pub(crate) failed: bool,
    pub(crate) open: bool,
}

/// How the output looks.
pub(crate) struct View {
    pub(crate) json: bool,
    /// Set where it does not depend on the terminal.
    pub(crate) color: Option<bool>,
    pub(crate) width: Option<usize>,
}

/// A well-formed call.
pub(crate) struct Call {
    pub(crate) command: Command,
    pub(crate) source: PathBuf,
    pub(crate) filter: Filter,
    pub(crate) view: View,
}

pub(crate) enum Asked {
    Help,
    Call(Box<Call>),
}

/// The options as they were given, before it is known which command they belong to.
#[derive(Default)]
struct Given {
    last: Option<usize>,
    deltas: bool,
    id: Option<String>,
    which: Which,
    by: Option<String>,
}

/// Parses the words of a call without the program's name.
///
/// Words of a filter may begin with one dash, so only `--…`, `-n` and `-h` are options.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Asked, Failure> {
    let (mut given, mut view) = (Given::default(), View { json: false, color: None, width: None });
    let mut names = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value = || {
            let value = words.next().and_then(|value| value.into_string().ok());
            value.ok_or_else(|| Failure::usage(format!("`{}` needs a value behind it", word.display())))
        };
        match word.to_str() {
            Some("--help" | "-h") => return Ok(Asked::Help),
            Some("-n") => given.last = Some(number("-n", &value()?)?),
            Some("--deltas") => given.deltas = true,
            Some("--id") => given.id = Some(value()?),
            Some("--failed") => given.which.failed = true,
            Some("--open") => given.which.open = true,
            Some("--by") => given.by = Some(value()?),
            Some("--json") => view.json = true,
            Some("--color") => view.color = color(&value()?)?,
            Some("--width") => view.width = Some(number("--width", &value()?)?.max(20)),
            Some(option) if option.starts_with("--") => {
                return Err(Failure::usage(format!("there is no option `{option}`: see --help")));
            }
            _ => names.push(word),
        }
    }
    if names.is_empty() {
        return Ok(Asked::Help);
    }
    let mut command = given.command(&names.remove(0))?;
    if let Command::Import { file } = &mut command {
        let [_, from] = &names[..] else {
            return Err(Failure::usage(
                "`bus import` needs a journal and a recording: `bus import run.db FILE`",
            ));
        };
        *file = from.into();
        names.truncate(1);
    }
    let (source, filter) = source_and_filter(names)?;
    if matches!(command, Command::Doctor) && !filter.is_empty() {
        return Err(Failure::usage("`bus doctor` reads the whole journal: leave the filter out"));
    }
    Ok(Asked::Call(Box::new(Call { command, source, filter, view })))
}

impl Given {
    /// The command of this name, with its own options and no others.
    fn command(self, name: &OsStr) -> Result<Command, Failure> {
        let Self { last, deltas, id, which, by } = self;
        let name = name.to_string_lossy();
        let misplaced = |options: &[(&str, bool)]| match options.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Failure::usage(format!("`bus {name}` takes no `{option}`: see --help"))),
            None => Ok(()),
        };
        let of_log = [("-n", last.is_some()), ("--deltas", deltas)];
        let (of_show, of_query) = (("--id", id.is_some()), ("--by", by.is_some()));
        let of_executions = if which.open { ("--open", true) } else { ("--failed", which.failed) };
        match &*name {
            "log" => {
                misplaced(&[of_show, of_executions, of_query])?;
                Ok(Command::Log { last, deltas })
            }
            "show" => {
                misplaced(&[of_log[0], of_log[1], of_executions, of_query])?;
                let id =
                    id.ok_or_else(|| Failure::usage("`bus show` needs the id of an event: `--id ID`"))?;
                Ok(Command::Show { id })
            }
            "executions" => {
                misplaced(&[of_log[0], of_log[1], of_show, of_query])?;
                Ok(Command::Executions(which))
            }
            "query" => {
                misplaced(&[of_log[0], of_log[1], of_show, of_executions])?;
                Ok(Command::Query { by: by.unwrap_or_else(|| "kind".to_owned()) })
            }
            "import" | "doctor" => {
                misplaced(&[of_log[0], of_log[1], of_show, of_executions, of_query])?;
                Ok(if name == "doctor" { Command::Doctor } else { Command::Import { file: PathBuf::new() } })
            }
            _ => Err(Failure::usage(format!(
                "there is no command `{name}`: log, show, executions, query, import or doctor (see --help)"
            ))),
        }
    }
}

/// The first word is the source, unless the environment names it and it is no file.
fn source_and_filter(mut words: Vec<OsString>) -> Result<(PathBuf, Filter), Failure> {
    let default = std::env::var_os("BUS_SOURCE").filter(|source| !source.is_empty());
    let is_source = |word: &OsString| word == "-" || Path::new(word).exists();
    let source = match default {
        Some(default) if !words.first().is_some_and(is_source) => default,
        _ if words.is_empty() => {
            return Err(Failure::usage("no source: name a recording behind the command, or set BUS_SOURCE"));
        }
        _ => words.remove(0),
    };
    let text = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let filter = text.parse().map_err(Failure::usage)?;
    Ok((source.into(), filter))
}

fn number(option: &str, value: &str) -> Result<usize, Failure> {
    value.parse().map_err(|_| Failure::usage(format!("`{option} {value}`: give a whole number")))
}

fn color(value: &str) -> Result<Option<bool>, Failure> {
    match value {
        "auto" => Ok(None),
        "always" => Ok(Some(true)),
        "never" => Ok(Some(false)),
        _ => Err(Failure::usage(format!("`--color {value}`: write auto, always or never"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Box<Call>, String> {
        match parse(line.split_whitespace().map(OsString::from)) {
            Ok(Asked::Call(call)) => Ok(call),
            Ok(Asked::Help) => Err("help".to_owned()),
            Err(failure) => Err(failure.text),
        }
    }

    #[test]
    fn words_of_the_filter_may_begin_with_a_dash_and_stand_among_options() {
        let call = parsed("log - -kind:llm_* -n 3 error --deltas").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(call.filter.to_string(), "error -kind:llm_*");
        assert!(matches!(call.command, Command::Log { last: Some(3), deltas: true }));
    }

    #[test]
    fn wrong_words_are_named_with_the_fix() {
        let error = |line: &str| parsed(line).err().unwrap_or_default();
        assert_eq!(
            error("lok -"),
            "there is no command `lok`: log, show, executions, query, import or doctor (see --help)"
        );
        assert_eq!(error("log - --fold"), "there is no option `--fold`: see --help");
        assert_eq!(error("log - -n"), "`-n` needs a value behind it");
        assert_eq!(error("log - -n x"), "`-n x`: give a whole number");
        assert_eq!(error("query - --deltas"), "`bus query` takes no `--deltas`: see --help");
        assert_eq!(error("doctor - error"), "`bus doctor` reads the whole journal: leave the filter out");
        assert_eq!(error("show -"), "`bus show` needs the id of an event: `--id ID`");
        assert!(error("log - knd:x").starts_with("`knd:x` in column 1 of the filter: "));
        assert_eq!(error(""), "help");
    }
}
