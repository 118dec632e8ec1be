//! One of the commands, with its own options.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::option::{Given, PERCENTILE};
use super::{number, source, span};
use crate::Failure;

pub(super) const COMMANDS: [&str; 9] =
    ["log", "show", "executions", "query", "diff", "serve", "export", "import", "doctor"];

/// One of the commands, with its own options.
pub(crate) enum Command {
    Log(Log),
    Show {
        id: String,
        payload: bool,
        why: bool,
    },
    Executions(Which),
    Query(Query),
    Diff(Diff),
    Export(Format),
    #[cfg_attr(not(feature = "web"), expect(dead_code, reason = "it says that the feature is missing"))]
    Serve {
        port: u16,
    },
    Import {
        file: PathBuf,
    },
    Doctor,
}

/// How `bus export` writes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// As the bus writes it.
    Lines,
    /// As a CloudEvent 1.0.
    CloudEvents,
}

/// The events of `bus log`.
pub(crate) struct Log {
    pub(crate) last: Option<usize>,
    pub(crate) follow: bool,
    pub(crate) around: Option<String>,
    pub(crate) deltas: bool,
}

/// The executions that are asked for; all of them if none is set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Which {
    pub(crate) failed: bool,
    pub(crate) open: bool,
    /// Those that took longer.
    pub(crate) slow: Option<Duration>,
}

/// How two recordings are compared.
pub(crate) struct Diff {
    /// The recording that is compared with the source.
    pub(crate) other: PathBuf,
    pub(crate) renamed: Vec<String>,
    pub(crate) ignored: Vec<String>,
    /// Only the first difference of each execution.
    pub(crate) first: bool,
}

/// The numbers of `bus query`.
pub(crate) struct Query {
    /// Names with commas between them.
    pub(crate) by: String,
    /// In the order in which they were given.
    pub(crate) percentiles: Vec<u8>,
}

impl Command {
    /// The command of this name with its options, its source, and the words that are left.
    pub(super) fn new(
        name: &str,
        given: &Given,
        mut words: Vec<OsString>,
    ) -> Result<(Self, PathBuf, Vec<OsString>), Failure> {
        if !COMMANDS.contains(&name) {
            let (last, others) = COMMANDS.split_last().unwrap_or((&"", &[]));
            return Err(Failure::usage(format!(
                "there is no command `{name}`: {} or {last} (see --help)",
                others.join(", ")
            )));
        }
        given.belong_to(name)?;
        let default = source::default();
        let (command, source) = match name {
            "import" => {
                let (journal, file) = source::journal_and_file(&mut words)?;
                (Self::Import { file }, journal)
            }
            "diff" => {
                let (first, other) = source::two(&mut words, default)?;
                (Self::Diff(Diff::new(given, other)), first)
            }
            _ => {
                let source = source::one(&mut words, default)?;
                (Self::of_one(name, given, &mut words)?, source)
            }
        };
        Ok((command, source, words))
    }

    /// The command of this name that looks at one recording.
    fn of_one(name: &str, given: &Given, words: &mut Vec<OsString>) -> Result<Self, Failure> {
        Ok(match name {
            "log" => Self::Log(Log::new(given)?),
            "show" => {
                if words.is_empty() {
                    let fix = "`bus show` needs the id of an event or an execution: `bus show run.db ID`";
                    return Err(Failure::usage(fix));
                }
                let id = words.remove(0).to_string_lossy().into_owned();
                let (payload, why) = (given.has("--payload"), given.has("--why"));
                if payload && why {
                    return Err(both("--payload", "--why"));
                }
                Self::Show { id, payload, why }
            }
            "executions" => Self::Executions(Which::new(given)?),
            "query" => Self::Query(Query::new(given)?),
            "serve" => {
                let port = given.value("--port").map(|value| {
                    let fix = "a port is a number from 0 to 65535, and 0 takes a free one";
                    value.parse().map_err(|_| Failure::usage(format!("`--port {value}`: {fix}")))
                });
                Self::Serve { port: port.transpose()?.unwrap_or(0) }
            }
            "export" => match given.value("--format") {
                None | Some("jsonl") => Self::Export(Format::Lines),
                Some("cloudevents") => Self::Export(Format::CloudEvents),
                Some(other) => {
                    return Err(Failure::usage(format!("`--format {other}`: write jsonl or cloudevents")));
                }
            },
            _ => Self::Doctor,
        })
    }

    pub(super) fn takes_filter(&self) -> bool {
        !matches!(self, Self::Show { .. } | Self::Serve { .. } | Self::Import { .. } | Self::Doctor)
    }

    /// Whether the word `dur:` means something.
    pub(super) fn takes_span(&self) -> bool {
        matches!(self, Self::Log(_) | Self::Query(_))
    }
}

impl Log {
    fn new(given: &Given) -> Result<Self, Failure> {
        let last = given.value("-n").map(|value| number("-n", value)).transpose()?;
        let (follow, around) = (given.has("-f"), given.value("--around").map(str::to_owned));
        if follow && around.is_some() {
            return Err(both("-f", "--around"));
        }
        Ok(Self { last, follow, around, deltas: given.has("--deltas") })
    }
}

impl Which {
    fn new(given: &Given) -> Result<Self, Failure> {
        let slow = given.value("--slow").map(|value| {
            span::duration(value).ok_or_else(|| {
                let text = "write a duration, such as `250ms` or `1m 30s`";
                Failure::usage(format!("`--slow {value}`: {text}"))
            })
        });
        let (failed, open) = (given.has("--failed"), given.has("--open"));
        Ok(Self { failed, open, slow: slow.transpose()? })
    }
}

impl Diff {
    fn new(given: &Given, other: PathBuf) -> Self {
        let all = |option| given.values(option).map(str::to_owned).collect();
        Self { other, renamed: all("--rename"), ignored: all("--ignore"), first: given.has("--first") }
    }
}

impl Query {
    fn new(given: &Given) -> Result<Self, Failure> {
        let percentiles = given.values(PERCENTILE).map(|text| {
            text.parse().ok().filter(|percent| *percent <= 100).ok_or_else(|| {
                let fix = "a percentile is a number from 0 to 100, such as `--p99`";
                Failure::usage(format!("`--p{text}`: {fix}"))
            })
        });
        let percentiles = percentiles.collect::<Result<_, _>>()?;
        Ok(Self { by: given.value("--by").unwrap_or("kind").to_owned(), percentiles })
    }
}

fn both(one: &str, other: &str) -> Failure {
    Failure::usage(format!("`{one}` and `{other}` exclude each other: leave one out"))
}
