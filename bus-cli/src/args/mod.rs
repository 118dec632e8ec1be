//! The words of a call.

mod command;
mod help;
mod option;
mod source;
mod span;

use std::ffi::OsString;
use std::path::PathBuf;

use bus_core::Filter;

pub(crate) use command::{Command, Diff, Format, Log, Query, Which};
pub(crate) use help::HELP;
use option::Given;
pub(crate) use span::Span;

use crate::Failure;

/// How the output looks.
#[derive(Default)]
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
    /// The word `dur:`, which is about two events.
    pub(crate) span: Span,
    pub(crate) view: View,
}

pub(crate) enum Asked {
    Help,
    Version,
    Call(Box<Call>),
}

/// Parses the words of a call without the program's name.
///
/// Words of a filter may begin with one dash, so only `--…`, `-n`, `-f` and `-h` are options.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Asked, Failure> {
    let (mut given, mut view) = (Given::default(), View::default());
    let mut names = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value = || {
            let value = words.next().and_then(|value| value.into_string().ok());
            value.ok_or_else(|| Failure::usage(format!("`{}` needs a value behind it", word.display())))
        };
        match word.to_str() {
            Some("--help" | "-h") => return Ok(Asked::Help),
            Some("--version") => return Ok(Asked::Version),
            Some("--json") => view.json = true,
            Some("--color") => view.color = color(&value()?)?,
            Some("--width") => view.width = Some(number("--width", &value()?)?.max(20)),
            Some(option) if given.take(option, &mut value)? => {}
            Some(option) if option.starts_with("--") => {
                return Err(Failure::usage(format!("there is no option `{option}`: see --help")));
            }
            _ => names.push(word),
        }
    }
    if names.is_empty() {
        return Ok(Asked::Help);
    }
    let name = names.remove(0);
    let (command, source, names) = Command::new(&name.to_string_lossy(), &given, names)?;
    let (filter, span) = filter(&names)?;
    if !command.takes_filter() && !names.is_empty() {
        return Err(Failure::usage(format!(
            "`bus {0}` takes no filter: leave out `{1}`",
            name.display(),
            names[0].display()
        )));
    }
    if !span.is_any() && !command.takes_span() {
        return Err(Failure::usage(
            "`dur:` is about a pair of events: `bus log` and `bus query` take it, and `bus executions` has `--slow`",
        ));
    }
    Ok(Asked::Call(Box::new(Call { command, source, filter, span, view })))
}

fn filter(words: &[OsString]) -> Result<(Filter, Span), Failure> {
    let text = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let mut span = Span::default();
    let filter = Filter::parse_with(&text, |word| span.take(word)).map_err(Failure::usage)?;
    Ok((filter, span))
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
            Ok(Asked::Version) => Err("version".to_owned()),
            Err(failure) => Err(failure.text),
        }
    }

    #[test]
    fn words_of_the_filter_may_begin_with_a_dash_and_stand_among_options() {
        let call = parsed("log - -kind:llm_* -n 3 error --deltas").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(call.filter.to_string(), "error -kind:llm_*");
        assert!(matches!(call.command, Command::Log(Log { last: Some(3), deltas: true, .. })));
    }

    #[test]
    fn wrong_words_are_named_with_the_fix() {
        let error = |line: &str| parsed(line).err().unwrap_or_default();
        assert_eq!(
            error("lok -"),
            "there is no command `lok`: log, show, executions, query, diff, serve, export, import or doctor (see --help)"
        );
        assert_eq!(error("log - --fold"), "there is no option `--fold`: see --help");
        assert_eq!(error("log - -n"), "`-n` needs a value behind it");
        assert_eq!(error("log - -n x"), "`-n x`: give a whole number");
        assert_eq!(error("log - -f --around a-1"), "`-f` and `--around` exclude each other: leave one out");
        assert_eq!(error("query - --deltas"), "`bus query` takes no `--deltas`: see --help");
        assert_eq!(error("log - --p50"), "`bus log` takes no `--p50`: see --help");
        assert_eq!(
            error("query - --p101"),
            "`--p101`: a percentile is a number from 0 to 100, such as `--p99`"
        );
        assert_eq!(error("doctor - error"), "`bus doctor` takes no filter: leave out `error`");
        assert_eq!(
            error("show -"),
            "`bus show` needs the id of an event or an execution: `bus show run.db ID`"
        );
        assert_eq!(error("diff -"), "`bus diff` needs two recordings: `bus diff before.db after.db`");
        assert_eq!(
            error("executions - --slow x"),
            "`--slow x`: write a duration, such as `250ms` or `1m 30s`"
        );
        assert_eq!(
            error("export - dur:>1s"),
            "`dur:` is about a pair of events: `bus log` and `bus query` take it, and `bus executions` has `--slow`"
        );
        assert!(error("log - dur:1s").starts_with("`dur:1s` in column 1 of the filter: "));
        assert!(error("log - knd:x").starts_with("`knd:x` in column 1 of the filter: "));
        assert_eq!(error(""), "help");
        assert_eq!(error("log --version"), "version");
    }

    #[test]
    fn the_help_names_every_command_and_every_option() {
        let words: Vec<_> = HELP.split(|c: char| c.is_whitespace() || "|,".contains(c)).collect();
        let others = ["--json", "--color", "--width", "--help", "--version", "--p50"];
        let options = option::OPTIONS.iter().map(|(name, ..)| *name);
        for name in command::COMMANDS.into_iter().chain(options).chain(others) {
            assert!(words.contains(&name), "{name}");
        }
        for name in command::COMMANDS {
            assert!(HELP.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{name}");
        }
    }

    #[test]
    fn the_text_of_the_help_fits_a_terminal_of_80_columns() {
        assert!(HELP.lines().all(|line| line.chars().count() <= 80));
    }
}
