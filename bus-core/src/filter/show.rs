//! From a filter to its text, which is also its form in serde.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Conditions, Field, Filter};
use crate::time;

/// The text that reads as the same filter, with times of the calendar.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.wanted.words("");
        words.extend(self.excluded.words("-"));
        for (name, time) in [("after", self.after), ("before", self.before)] {
            if let Some(time) = time {
                let mut text = Vec::new();
                time::write(time, &mut text);
                words.push(format!("{name}:{}", String::from_utf8_lossy(&text)));
            }
        }
        f.write_str(&words.join(" "))
    }
}

impl Conditions {
    fn words(&self, sign: &str) -> Vec<String> {
        let fields = self.fields.iter().map(|(field, values)| {
            let values: Vec<_> = values.iter().map(|value| shown(field, value)).collect();
            format!("{sign}{field}:{}", values.join(","))
        });
        let texts = self.texts.iter().map(|text| format!("{sign}{}", quoted(text)));
        fields.chain(texts).chain(self.error.then(|| format!("{sign}error"))).collect()
    }
}

/// The name that stands before the colon.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut open = |kind: &str, name: &str| {
            let plain = name.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.'));
            write!(f, "{kind}.{}", if plain { name.to_owned() } else { quoted(name) })
        };
        match self {
            Self::Attribute(name) => open("attribute", name),
            Self::Data(path) => open("data", path),
            Self::Kind => f.write_str("kind"),
            Self::StreamId => f.write_str("stream"),
            Self::NodeId => f.write_str("node"),
            Self::ExecutionId => f.write_str("execution"),
            Self::ParentExecutionId => f.write_str("parent_execution"),
            Self::CorrelationId => f.write_str("correlation"),
        }
    }
}

/// A value as it stands behind the colon.
fn shown(field: &Field, value: &str) -> String {
    let exact = if *field == Field::Kind { value.strip_suffix('*').unwrap_or(value) } else { value };
    let odd = |char: char| char.is_whitespace() || char.is_control() || matches!(char, ',' | '"' | '*');
    if value.is_empty() || exact.contains(odd) { quoted(value) } else { value.to_owned() }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        if matches!(char, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted + "\""
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
