//! A difference, and how it is shown.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::excerpt::excerpt;

/// Bytes of a value that are shown.
const SHOWN: usize = 160;

/// Bytes that are shown before the first difference of two long values.
const BEFORE: usize = 40;

/// Differences that are shown.
const LISTED: usize = 20;

/// Differences that are kept.
const KEPT: usize = 1_000;

/// One difference of two recordings: of a field, an event or an execution.
///
/// `Display` shows it in up to three lines, with long values cut around the first difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The stream.
    pub stream: String,
    /// The execution; by the expected recording's id, if both have it.
    pub execution: Option<String>,
    /// The node of the event.
    pub node: Option<String>,
    /// The number of the event in its execution, from 1; in its node where nodes are compared on
    /// their own. Joined deltas count as one. `None` if one recording lacks the whole execution.
    pub number: Option<usize>,
    /// The number of events that it is one of; of the recording that has the event, the expected
    /// one if both have it.
    pub of: usize,
    /// The kind of the event; of an execution that one recording lacks, that of its first event.
    pub kind: String,
    /// The path of the field, such as `data.messages[2].role`. `None` if one recording lacks the
    /// whole event.
    pub field: Option<String>,
    /// The expected value of the field, or the data of the missing event or execution's first one.
    pub expected: Option<Value>,
    /// The actual value of the field, or the data of the extra event or execution's first one.
    pub actual: Option<Value>,
    /// For a renamed field: the earlier pair that the values contradict.
    pub reason: Option<String>,
}

/// The differences of two recordings, in the order of the expected one's executions.
///
/// The first thousand are kept; [`count`](Self::count) has them all. `Display` lists twenty.
#[derive(Debug, Clone, Default)]
pub struct Differences {
    found: Vec<Difference>,
    count: usize,
}

impl Differences {
    pub(super) fn push(&mut self, difference: Difference) {
        self.count += 1;
        if self.found.len() < KEPT {
            self.found.push(difference);
        }
    }

    /// Returns whether the recordings are equal.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the first thousand.
    pub fn iter(&self) -> std::slice::Iter<'_, Difference> {
        self.found.iter()
    }
}

impl<'a> IntoIterator for &'a Differences {
    type Item = &'a Difference;
    type IntoIter = std::slice::Iter<'a, Difference>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, difference) in self.iter().take(LISTED).enumerate() {
            write!(f, "{}{difference}", if number == 0 { "" } else { "\n" })?;
        }
        match self.count.saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.execution {
            Some(id) => write!(f, "execution {}", excerpt(id))?,
            None => write!(f, "stream {}", excerpt(&self.stream))?,
        }
        if let Some(node) = &self.node {
            write!(f, ", node {}", excerpt(node))?;
        }
        let (lack, kind) = (if self.expected.is_none() { "extra" } else { "missing" }, excerpt(&self.kind));
        match (self.number, &self.field) {
            (None, _) => write!(f, ": {lack}, {} events from {kind} on", self.of)?,
            (Some(number), None) => write!(f, ", event {number} of {}, {kind}: {lack}", self.of)?,
            (Some(number), Some(field)) => {
                write!(f, ", event {number} of {}, {kind}: {}", self.of, excerpt(field))?;
            }
        }
        if let Some(reason) = &self.reason {
            write!(f, ", {}", excerpt(reason))?;
        }
        let [expected, actual] = shown(self.expected.as_ref(), self.actual.as_ref());
        for (sign, value) in [('-', expected), ('+', actual)] {
            if let Some(value) = value {
                write!(f, "\n  {sign} {}", excerpt(&value))?;
            }
        }
        Ok(())
    }
}

/// The values as JSON, from a little before their first difference on.
fn shown(expected: Option<&Value>, actual: Option<&Value>) -> [Option<String>; 2] {
    let texts = [expected, actual].map(|value| value.map(Value::to_string));
    let start = match &texts {
        [Some(left), Some(right)] if left.len().max(right.len()) > SHOWN => {
            let common = left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count();
            common.saturating_sub(BEFORE)
        }
        _ => 0,
    };
    texts.map(|text| text.map(|text| cut(&text, start)))
}

fn cut(text: &str, start: usize) -> String {
    let start = text.floor_char_boundary(start);
    let end = text.floor_char_boundary(start + SHOWN);
    let before = if start > 0 { "…" } else { "" };
    let after = if end < text.len() { format!("… ({} bytes)", text.len()) } else { String::new() };
    format!("{before}{}{after}", &text[start..end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{SHOWN, shown};

    #[test]
    fn long_values_are_cut_around_their_first_difference() {
        for filler in ["x", "é", "🙂"] {
            let [long, other] = ["1", "2"].map(|end| json!(format!("{}{end}", filler.repeat(100_000))));
            let [left, right] = shown(Some(&long), Some(&other)).map(Option::unwrap);
            assert!(left.ends_with("1\"") && right.ends_with("2\"") && left.starts_with('…'), "{left}");
            assert!(left.len() < SHOWN, "{left}");
            let [left, right] = shown(Some(&long), Some(&json!(7))).map(Option::unwrap);
            assert!(left.len() < 2 * SHOWN && left.ends_with(" bytes)"), "{left}");
            assert_eq!(right, "7");
        }
        assert_eq!(shown(Some(&json!("a")), None), [Some("\"a\"".to_owned()), None]);
    }
}
