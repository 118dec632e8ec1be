//! The parts of events that numbers are made for.

use bus_core::filter::Field;
use bus_core::wire::ReadError;
use bus_core::{ReadEvent, Scope};
use bus_journal::Recorded;
use serde_json::Value;

use crate::Failure;

/// A part of an event, with the name that it was asked for by.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) field: Field,
}

impl Key {
    /// Reads names with commas between them. A name that no scope has is one in the data.
    pub(crate) fn parse_all(names: &str) -> Result<Vec<Self>, Failure> {
        names.split(',').map(|name| Self::parse(name, names)).collect()
    }

    fn parse(name: &str, names: &str) -> Result<Self, Failure> {
        let field = Field::named(name).unwrap_or_else(|| Field::Data(name.to_owned()));
        match &field {
            Field::Attribute(name) | Field::Data(name) if name.is_empty() => {
                let fix = "write names with a comma between them, such as `kind,tool_name`";
                Err(Failure::usage(format!("`--by {names}`: {fix}")))
            }
            _ => Ok(Self { name: name.to_owned(), field }),
        }
    }

    /// Writes the value that an event has over a text. Returns whether it has one.
    fn value(&self, event: &ReadEvent, out: &mut String) -> bool {
        let scope: &Scope = event.scope();
        let text = match &self.field {
            Field::Kind => Some(event.kind()),
            Field::StreamId => Some(scope.stream()),
            Field::NodeId => scope.node(),
            Field::ExecutionId => scope.execution(),
            Field::ParentExecutionId => scope.parent_execution(),
            Field::CorrelationId => scope.correlation(),
            Field::Attribute(name) => scope.attribute(name),
            Field::Data(path) => {
                let found = in_data(&event.data(), path);
                return found.map(|text| *out = text).is_some();
            }
            _ => None,
        };
        text.map(|text| text.clone_into(out)).is_some()
    }

    /// Writes the value of an event of a journal, which is read only where that is needed: its kind
    /// may be called otherwise today.
    fn stored_value(&self, event: &Recorded, out: &mut String) -> Result<bool, ReadError> {
        let text = match &self.field {
            Field::StreamId => Some(event.stream()),
            Field::NodeId => event.node(),
            Field::ExecutionId => event.execution(),
            Field::CorrelationId => event.correlation(),
            Field::Data(path) if !path.contains('.') => {
                let found = event.member(path)?;
                return Ok(found.as_ref().and_then(text).map(|text| *out = text).is_some());
            }
            _ => return Ok(self.value(&event.read()?, out)),
        };
        Ok(text.map(|text| text.clone_into(out)).is_some())
    }
}

/// Writes the values of some events together over `out`: of the first of them that has one. Returns
/// whether none is missing. The memory of `out` is used again, since there may be many events.
pub(crate) fn values(keys: &[Key], events: &[&ReadEvent], out: &mut Vec<String>) -> bool {
    out.resize_with(keys.len(), String::new);
    keys.iter().zip(out).all(|(key, out)| events.iter().any(|event| key.value(event, out)))
}

/// Writes the values of events of a journal together, as [`values`] does.
pub(crate) fn stored_values(
    keys: &[Key],
    events: &[&Recorded],
    out: &mut Vec<String>,
) -> Result<bool, ReadError> {
    out.resize_with(keys.len(), String::new);
    for (key, out) in keys.iter().zip(out) {
        let mut has = false;
        for event in events {
            has = has || key.stored_value(event, out)?;
        }
        if !has {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The text of a member; `None` for null.
fn text(member: &Value) -> Option<String> {
    match member {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The member at a path, whose names may have dots themselves.
fn in_data(data: &Value, path: &str) -> Option<String> {
    match data.get(path) {
        Some(member) => text(member),
        None => {
            path.match_indices('.').find_map(|(dot, _)| in_data(data.get(&path[..dot])?, &path[dot + 1..]))
        }
    }
}
