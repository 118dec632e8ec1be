//! `cargo xtask replay`: passes a recorded session through the bus and compares the output with the
//! input.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

#[path = "../../bus-cli/src/source/gzip.rs"]
mod gzip;

use crate::process::{cargo, read};
use crate::task::{Failure, Task};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "replay",
    summary: "Pass a recorded session through the bus and compare the output with the input.",
    help: "
Usage: cargo xtask replay FILE

FILE holds one event a line as JSON, plain or gzip (`.gz`), written by this bus or by the Python runtime. The example
`replay` reads, publishes and writes it; then each line is compared with its input, value by value: every key,
`data` above all, and the order. All kinds must be declared in the agent catalogue and fit their types.

Exit code: 0 if nothing was lost or changed, 1 with the first difference.",
    run: run_task,
};

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut file: Option<OsString> = None;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Value(path) if file.is_none() => file = Some(path),
            other => return Err(other.unexpected().into()),
        }
    }
    let file = file.ok_or_else(|| Failure::usage("no file: name a recorded session; `--help` explains"))?;
    let file = fs::canonicalize(&file)
        .map_err(|error| Failure::usage(format!("`{}` cannot be read: {error}", file.to_string_lossy())))?;
    replay(&file)
}

fn replay(file: &Path) -> Result<(), Failure> {
    let folder = workspace::target_folder()?.join("xtask");
    fs::create_dir_all(&folder)?;
    let written = folder.join("replayed.jsonl");
    let report = read(
        cargo()
            .args(["run", "--quiet", "--locked", "--example", "replay", "--", "--out"])
            .args([written.as_path(), file]),
    )?;
    println!("{report}");
    check_all_typed(&report)?;
    let (before, after) = (events(file)?, events(&written)?);
    compare(&before, &after)?;
    println!("replay: {} events came out as they went in", before.len());
    Ok(())
}

/// The row `total` counts events, typed events, undeclared events and events that do not fit.
fn check_all_typed(report: &str) -> Result<(), Failure> {
    let total = report.lines().find_map(|line| line.strip_prefix("total "));
    let columns: Vec<&str> = total.into_iter().flat_map(str::split_whitespace).collect();
    match columns[..] {
        [events, typed, "0", "0"] if events == typed => Ok(()),
        [_, _, undeclared, unfit] => Err(Failure::found(format!(
            "{undeclared} events are undeclared and {unfit} do not fit their type"
        ))),
        _ => Err(Failure::found("the replay example printed no row `total` with four counts")),
    }
}

type Event = Map<String, Value>;

fn events(path: &Path) -> Result<Vec<Event>, Failure> {
    let file = File::open(path)?;
    let plain: Box<dyn Read> = if path.extension().is_some_and(|end| end == "gz") {
        Box::new(gzip::Members::new(BufReader::new(file)))
    } else {
        Box::new(file)
    };
    let mut events = Vec::new();
    for (index, line) in BufReader::new(plain).lines().enumerate() {
        let event = serde_json::from_str(&line?).map_err(|error| {
            Failure::found(format!("{}:{}: {error}", PathBuf::from(path).display(), index + 1))
        })?;
        events.push(event);
    }
    Ok(events)
}

/// Checks that every key of an input line has the same value in the output line. Keys that the bus
/// adds (`id`, `seq`) may be new.
fn compare(before: &[Event], after: &[Event]) -> Result<(), Failure> {
    if before.len() != after.len() {
        return Err(Failure::found(format!("{} events went in and {} came out", before.len(), after.len())));
    }
    for (index, (before, after)) in before.iter().zip(after).enumerate() {
        for (key, value) in before {
            if !is_same(key, value, after.get(key)) {
                return Err(Failure::found(format!(
                    "line {}: `{key}` went in as {value} and came out as {}",
                    index + 1,
                    after.get(key).unwrap_or(&Value::Null)
                )));
            }
        }
    }
    Ok(())
}

/// A time without a zone was read as UTC and is written with that zone; an attribute that was null
/// is left out.
fn is_same(key: &str, before: &Value, after: Option<&Value>) -> bool {
    match (key, before, after) {
        ("timestamp", Value::String(before), Some(Value::String(after))) => {
            let instant = |text: &str| text.trim_end_matches("+00:00").trim_end_matches(".000000").to_owned();
            instant(before) == instant(after)
        }
        (_, Value::Null, None) => true,
        _ => Some(before) == after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn keys_that_the_bus_adds_are_no_difference() {
        let before =
            event(r#"{"type":"a","data":{"x":[1,0.1]},"graph_id":null,"timestamp":"2026-11-22T06:14:08"}"#);
        let after = event(
            r#"{"type":"a","data":{"x":[1,0.1]},"timestamp":"2026-11-22T06:14:08.000000+00:00","seq":1}"#,
        );
        assert!(compare(&[before], &[after]).is_ok());
    }

    #[test]
    fn a_changed_value_is_named_with_its_line() {
        let before = [event(r#"{"data":1}"#), event(r#"{"data":{"x":1}}"#)];
        let after = [event(r#"{"data":1}"#), event(r#"{"data":{"x":2}}"#)];
        let failure = compare(&before, &after).unwrap_err();
        assert_eq!(failure.to_string(), r#"line 2: `data` went in as {"x":1} and came out as {"x":2}"#);
        assert!(compare(&before, &after[..1]).is_err());
    }

    #[test]
    fn events_that_are_not_typed_are_reported() {
        assert!(check_all_typed("kind events\ntotal   7,270   7,270   0   0\n").is_ok());
        assert!(check_all_typed("total   7,270   7,268   2   0\n").is_err());
        assert!(check_all_typed("total\n").is_err());
    }
}
