//! The line of an event, taken apart and put together again.
//!
//! A row holds the members of [`Event::to_json`](bus_core::Event::to_json) and no keys. Putting
//! them together must give the line to the letter, so a row is stored in this form only if it does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The members of a line that a row holds as JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Members<'a> {
    pub(crate) data: &'a str,
    /// The members between `correlation_id` and `id`, with commas between them.
    pub(crate) attributes: &'a str,
    pub(crate) id: &'a str,
    pub(crate) seq: &'a str,
    pub(crate) version: &'a str,
    pub(crate) cause: &'a str,
}

/// The members of a line that a row holds as plain text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels<'a> {
    pub(crate) kind: &'a str,
    pub(crate) stream: &'a str,
    pub(crate) node: Option<&'a str>,
    pub(crate) execution: Option<&'a str>,
    pub(crate) correlation: Option<&'a str>,
}

impl<'a> Members<'a> {
    /// Takes a line apart; `None` if it has not the keys of `to_json` in their order.
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        let commas = commas(line);
        // Seven members come before the attributes, and four behind them.
        let last = commas.len().checked_sub(4).filter(|last| *last >= 6)?;
        let begin = |part: usize| commas[part] + 1;
        let end = |part: usize| commas.get(part).copied().unwrap_or(line.len() - 1);
        let value = |part: usize, key: &str| {
            // The part before the first comma is never asked for.
            line.get(begin(part - 1)..end(part))?.strip_prefix(key)
        };
        value(5, "\"timestamp\":")?;
        value(6, "\"correlation_id\":")?;
        let attributes = if last > 6 { line.get(begin(6)..end(last))? } else { "" };
        Some(Self {
            data: value(4, "\"data\":")?,
            attributes,
            id: value(last + 1, "\"id\":")?,
            seq: value(last + 2, "\"seq\":")?,
            version: value(last + 3, "\"version\":")?,
            cause: value(last + 4, "\"causation_id\":")?,
        })
    }

    /// Puts a line together.
    pub(crate) fn write(&self, labels: &Labels<'_>, time: i64, out: &mut String) {
        let optional = |out: &mut String, text: Option<&str>| match text {
            Some(text) => string(text, out),
            None => out.push_str("null"),
        };
        out.push_str("{\"type\":");
        string(labels.kind, out);
        out.push_str(",\"stream_id\":");
        string(labels.stream, out);
        out.push_str(",\"node_id\":");
        optional(out, labels.node);
        out.push_str(",\"execution_id\":");
        optional(out, labels.execution);
        for part in [",\"data\":", self.data, ",\"timestamp\":\""] {
            out.push_str(part);
        }
        write_time(time, out);
        out.push_str("\",\"correlation_id\":");
        optional(out, labels.correlation);
        if !self.attributes.is_empty() {
            out.push(',');
            out.push_str(self.attributes);
        }
        let rest = [
            ",\"id\":",
            self.id,
            ",\"seq\":",
            self.seq,
            ",\"version\":",
            self.version,
            ",\"causation_id\":",
            self.cause,
            "}",
        ];
        for part in rest {
            out.push_str(part);
        }
    }
}

/// The positions of the commas between the members of an object.
fn commas(line: &str) -> Vec<usize> {
    let mut commas = Vec::with_capacity(16);
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for (at, byte) in line.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => commas.push(at),
            _ => {}
        }
    }
    commas
}

/// Appends a text as a JSON string.
pub(crate) fn string(text: &str, out: &mut String) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// Returns a time in nanoseconds since 1970; the nearest that 64 bits hold for one of another
/// century.
pub(crate) fn nanos(time: SystemTime) -> i64 {
    let bounded = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => bounded(since),
        Err(error) => -bounded(error.duration()),
    }
}

/// Returns the time of nanoseconds since 1970.
pub(crate) fn time(nanos: i64) -> SystemTime {
    let distance = Duration::from_nanos(nanos.unsigned_abs());
    if nanos < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

/// Appends a time as `to_json` writes it: six digits of a second, or nine if the last three are
/// not zero.
pub(crate) fn write_time(nanos: i64, out: &mut String) {
    let (seconds, nanos) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    let ((year, month, day), second) = (date(seconds.div_euclid(86_400)), seconds.rem_euclid(86_400));
    for (number, digits, behind) in [
        (year, 4, '-'),
        (month, 2, '-'),
        (day, 2, 'T'),
        (second / 3600, 2, ':'),
        (second / 60 % 60, 2, ':'),
        (second % 60, 2, '.'),
    ] {
        padded(number.unsigned_abs(), digits, out);
        out.push(behind);
    }
    match nanos.unsigned_abs() {
        nanos if nanos % 1000 == 0 => padded(nanos / 1000, 6, out),
        nanos => padded(nanos, 9, out),
    }
    out.push_str("+00:00");
}

/// Appends a number with at least so many digits.
fn padded(number: u64, digits: u32, out: &mut String) {
    let mut unit = 10_u64.pow(digits - 1);
    while number / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        out.push(char::from(b'0' + (number / unit % 10).to_le_bytes()[0]));
        unit /= 10;
    }
}

/// Appends a number.
pub(crate) fn write_number(number: u64, out: &mut String) {
    padded(number, 1, out);
}

/// Appends an id as JSON.
pub(crate) fn write_id(run: u64, seq: u64, out: &mut String) {
    out.push('"');
    for place in (0..16).rev() {
        let digit = (run >> (4 * place)).to_le_bytes()[0] & 15;
        out.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
    }
    out.push('-');
    write_number(seq, out);
    out.push('"');
}

/// The date of a day since 1970, in years that begin in March, so that the leap day is the last.
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (year + 400 * era, month, of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(event: &bus_core::ReadEvent) -> Option<String> {
        let (line, scope) = (event.to_json(), event.scope());
        let members = Members::of(&line)?;
        let labels = Labels {
            kind: event.kind(),
            stream: scope.stream(),
            node: scope.node(),
            execution: scope.execution(),
            correlation: scope.correlation(),
        };
        let mut out = String::new();
        members.write(&labels, nanos(event.timestamp()), &mut out);
        assert_eq!(out, line);
        Some(out)
    }

    #[test]
    fn a_line_is_the_same_when_it_is_put_together() {
        let bus = bus_core::EventBus::new();
        let lines = [
            r#"{"type":"a","stream_id":"s","timestamp":"2026-11-22T06:14:08.602474"}"#,
            r#"{"type":"a\"\u0001é","stream_id":"s\\","node_id":"n","execution_id":"","timestamp":"1700-02-28T23:59:59.1234567","correlation_id":"c"}"#,
            r#"{"type":"a","stream_id":"s","timestamp":"2024-02-29T00:00:00","data":{"id":1,"x":[",\"id\":",{"seq":2}]},"graph_id":"g","extra":{"a":[1,2],"timestamp":"x"},"version":7}"#,
            r#"{"type":"a","stream_id":"s","timestamp":"2200-12-31T00:00:00","id":"00c0ffee00c0ffee-42","seq":42,"version":"0.0.1","causation_id":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","data":"\\\""}"#,
        ];
        for line in lines {
            again(&bus.read_json(line).unwrap()).unwrap();
        }
    }

    #[test]
    fn another_text_is_not_taken_for_a_line() {
        for text in ["", "{}", "null", "{\"type\":\"a\"}", "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5}"] {
            assert_eq!(Members::of(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_and_ids_have_their_usual_form() {
        for number in [0, 7, 10, 99, 100, u64::MAX / 10, u64::MAX] {
            let (mut text, mut id) = (String::new(), String::new());
            write_number(number, &mut text);
            write_id(number, number, &mut id);
            assert_eq!(text, number.to_string());
            assert_eq!(id, format!("\"{}\"", bus_core::EventId::new(number, number)));
        }
    }

    #[test]
    fn a_time_comes_back_from_its_nanoseconds() {
        for nanos in [0, -1, 1, 1_795_328_048_602_474_000, i64::MIN + 1, i64::MAX] {
            assert_eq!(super::nanos(time(nanos)), nanos);
        }
    }
}
