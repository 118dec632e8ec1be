//! Properties of any text, as plain functions that the tests and the fuzz targets share. The module
//! exists only under `cfg(test)` and `cfg(fuzzing)`.
#![allow(clippy::missing_errors_doc, reason = "each function is a question, and its error the answer no")]

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use serde_json::value::RawValue;

use super::envelope::Envelope;
use super::error::{ReadError, ReadProblem};
use super::keys::Keys;
use super::limits::Limits;
use super::lines::Lines;
use crate::bus::EventBus;
use crate::time;
use crate::time::Zone;

/// Reads a text as an event and compares the result with `serde_json`: whatever this reader
/// accepts, `serde_json` accepts too, and if only `serde_json` accepts a text, it is refused for
/// one of our own reasons.
pub fn event(text: &str) -> Result<(), String> {
    let ours = Envelope::read(text, Limits::new(), &Zone::UTC, &mut Keys::default());
    let theirs = serde_json::from_str::<&RawValue>(text).map(drop);
    match (&ours, theirs) {
        (Ok(envelope), Ok(())) => same_data(text, envelope),
        (Ok(_), Err(error)) => Err(format!("read what is not JSON: {error}")),
        (Err(error), Ok(())) if is_json(error.problem()) => Ok(()),
        (Err(error), Ok(())) => Err(format!("refused good JSON: {error}")),
        (Err(_), Err(_)) => Ok(()),
    }
}

/// Reads bytes like a bus, with lines; every event is written as an equal event.
pub fn bus(bytes: &[u8]) -> Result<(), String> {
    let bus = EventBus::new();
    for event in bus.reader().lines(bytes).flatten() {
        let written = event.to_json();
        let again = bus.read_json(&written).map_err(|error| format!("{error}: {written}"))?;
        if again.to_json() != written {
            return Err(format!("{written} became {}", again.to_json()));
        }
    }
    Ok(())
}

/// Reads bytes leniently: lines that a strict reader takes are the same, and every other one that
/// is read can be read strictly once it is written, with all its values.
pub fn lenient(bytes: &[u8]) -> Result<(), String> {
    let bus = EventBus::new();
    let mut reader = bus.reader().lenient("fuzz");
    for line in bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
        let before = reader.mended();
        let read = reader.read(line).map(|event| event.to_json());
        match (bus.read_json(line).map(|event| event.to_json()), read) {
            (Ok(strict), Ok(read)) if strict == read && reader.mended() == before => {}
            (Ok(strict), read) => return Err(format!("{strict} became {read:?}")),
            (Err(_), Ok(read)) if reader.mended().events == before.events + 1 => {
                bus.read_json(&read).map_err(|error| format!("{error}: {read}"))?;
                keeps(line, &read)?;
            }
            (Err(_), Ok(read)) => return Err(format!("changed and not counted: {line} became {read}")),
            (Err(_), Err(_)) => {}
        }
    }
    Ok(())
}

/// Whether the event that a line became has each value of it: in `data` if that is the whole line,
/// otherwise under the same key or under one that ends with it.
fn keeps(line: &str, read: &str) -> Result<(), String> {
    // A line that is no JSON was changed on purpose.
    let Ok(Value::Object(line)) = serde_json::from_str(line) else { return Ok(()) };
    let event: Value = serde_json::from_str(read).map_err(|error| format!("{error}: {read}"))?;
    let Value::Object(event) = event else { return Err(format!("no object: {read}")) };
    if event["data"].as_object() == Some(&line) {
        return Ok(());
    }
    let foreign = |key: &String, name: &String| key.starts_with("foreign_") && key.ends_with(name.as_str());
    let is_time = |name: &str, value: &Value| {
        name == "timestamp" && value.as_str().is_some_and(|text| time::parse(text, &Zone::UTC).is_ok())
    };
    let is_kept = |(name, value): &(&String, &Value)| {
        value.is_null()
            || is_time(name, value)
            || event.get(*name) == Some(value)
            || event.iter().any(|(key, kept)| foreign(key, name) && kept == *value)
    };
    match line.iter().find(|member| !is_kept(member)) {
        Some((name, value)) => Err(format!("`{name}` was {value}, which {read} lacks")),
        None => Ok(()),
    }
}

/// Reads bytes as JSON lines; returns the number of events and of errors.
pub fn lines(bytes: &[u8], limit: usize) -> Result<(u64, u64), String> {
    let mut lines = Lines::new(bytes, limit);
    let (mut good, mut bad) = (0, 0);
    while let Some(line) = lines.next() {
        match line {
            Ok(text) => {
                event(text)?;
                if read(text).is_ok() { good += 1 } else { bad += 1 }
            }
            Err(_) => bad += 1,
        }
    }
    Ok((good, bad))
}

/// Reads a text as a timestamp, which is written and read again as the same instant.
pub fn timestamp(text: &str) -> Result<(), String> {
    let Ok(instant) = time::parse(text, &Zone::UTC) else { return Ok(()) };
    let mut written = Vec::new();
    time::write(instant, &mut written);
    let written = String::from_utf8_lossy(&written);
    if time::parse(&written, &Zone::UTC) == Ok(instant) {
        Ok(())
    } else {
        Err(format!("{text} became {written}"))
    }
}

/// Writes an instant and reads it back.
pub fn instant(seconds: u32, nanos: u32) -> Result<(), String> {
    let instant = UNIX_EPOCH + Duration::new(u64::from(seconds), nanos % 1_000_000_000);
    let mut written = Vec::new();
    time::write(instant, &mut written);
    timestamp(&String::from_utf8_lossy(&written))
}

/// Whether `serde_json` does not see a problem in a text that it only skips.
fn is_json(problem: &ReadProblem) -> bool {
    use ReadProblem as P;
    !matches!(problem, P::Cut | P::Trailing | P::NotANumber | P::Control(_) | P::NotUtf8)
        && !matches!(problem, P::Syntax { expected, .. } if !expected.starts_with("an event"))
}

fn same_data(text: &str, envelope: &Envelope<'_>) -> Result<(), String> {
    // A number outside of `f64` is valid JSON, but not a `Value`.
    let Ok(mut whole) = serde_json::from_str::<Value>(text) else { return Ok(()) };
    let Ok(data) = serde_json::from_str::<Value>(&envelope.data) else {
        return Err(format!("data is no JSON of its own: {}", envelope.data));
    };
    let expected = whole.get_mut("data").map_or_else(|| Value::Object(serde_json::Map::new()), Value::take);
    if data == expected { Ok(()) } else { Err(format!("data became {data}")) }
}

/// The reader of one event, for a test that only checks for panics.
pub fn read(text: &str) -> Result<(), ReadError> {
    Envelope::read(text, Limits::new(), &Zone::UTC, &mut Keys::default()).map(drop)
}
