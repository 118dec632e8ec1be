//! The example of an event and the defaults of its fields, made by the same code as real events.
//!
//! A sample of each field is read as the payload and written again, so the catalogue shows exactly
//! the output of the bus, including hidden fields and functions of the user's own. Where a value of
//! a required field cannot be guessed, the example is without that field.

use std::collections::BTreeMap;

use bus_core::EventBus;
use bus_core::catalogue::Descriptor;
use serde_json::{Map, Value, json};

use super::{Event, literal, sample};

/// Adds the facts that only the types themselves have.
pub(super) fn complete(
    event: &mut Event,
    descriptor: &Descriptor,
    types: &Map<String, Value>,
    bus: Option<&EventBus>,
) {
    let sampled = sample(event, descriptor, types);
    let data = if let Some(data) = sampled.data {
        defaults(event, descriptor, sampled.given);
        data
    } else {
        literals(event);
        in_order(event, &sampled.given)
    };
    event.example = bus.and_then(|bus| line(event, &data, bus));
    event.example_lacks = sampled.unknown;
}

/// Values of the fields of an event.
#[derive(Default)]
struct Sample {
    /// The data passed to the payload.
    given: Map<String, Value>,
    /// The data that the payload wrote, if it could be made.
    data: Option<String>,
    /// The required fields of which no value was found.
    unknown: Vec<String>,
}

fn sample(event: &Event, descriptor: &Descriptor, types: &Map<String, Value>) -> Sample {
    let mut sample = Sample::default();
    for field in event.fields.iter().filter(|field| !field.not_read) {
        let value = sample::value(&field.name, field.schema.as_ref(), types);
        match value {
            Value::Object(members) if field.flattened => sample.given.extend(members),
            value => drop(sample.given.insert(field.name.clone(), value)),
        }
    }
    let mut guesses = BTreeMap::new();
    loop {
        match written(descriptor, &sample.given) {
            Ok(data) => {
                sample.data = Some(data);
                return sample;
            }
            Err(Some(wrong)) if !sample.unknown.iter().any(|known| known == wrong) => {
                // Only a type without a schema, or with a schema that is less strict than the type,
                // comes here.
                let optional = event.fields.iter().any(|field| field.name == wrong && !field.required);
                let mut next = || guesses.entry(wrong).or_insert_with(guess).next();
                if let Some(value) = (!optional).then(&mut next).flatten() {
                    sample.given.insert(wrong.to_owned(), value);
                } else {
                    sample.given.remove(wrong);
                    sample.unknown.extend((!optional).then(|| wrong.to_owned()));
                }
            }
            // All other fields were read.
            Err(_) => return sample,
        }
    }
}

fn guess() -> std::array::IntoIter<Value, 6> {
    [json!(1), json!(true), json!([]), json!({}), Value::Null, json!(0.5)].into_iter()
}

/// The data in the order of its fields.
fn in_order(event: &Event, given: &Map<String, Value>) -> String {
    let pair = |(name, value): (&String, &Value)| format!("{}:{value}", json!(name));
    let fields = event.fields.iter().filter_map(|field| given.get_key_value(&field.name));
    format!("{{{}}}", fields.map(pair).collect::<Vec<_>>().join(","))
}

/// The defaults that can be read from the definition.
fn literals(event: &mut Event) {
    for field in event.fields.iter_mut().filter(|field| !field.redacted && !field.flattened) {
        let written = field.default.as_deref().and_then(literal::value);
        field.default_value = written.or_else(|| field.default_value.take());
    }
}

/// The data as the payload writes it, or the field that could not be read.
fn written(descriptor: &Descriptor, given: &Map<String, Value>) -> Result<String, Option<&'static str>> {
    let text = Value::Object(given.clone()).to_string();
    let payload = descriptor.decode(&text).map_err(|error| error.field())?;
    let mut out = Vec::new();
    payload.encode_json(&mut out).map_err(|_| None)?;
    String::from_utf8(out).map_err(|_| None)
}

/// The default of each field: the value that the payload writes for a missing one. Asked twice,
/// because a default that differs each time (a clock, a counter) is not a value.
fn defaults(event: &mut Event, descriptor: &Descriptor, mut given: Map<String, Value>) {
    let mut optional = event.fields.iter_mut().filter(|field| !field.required && !field.flattened).peekable();
    if optional.peek().is_none() {
        return;
    }
    given.retain(|name, _| descriptor.fields.iter().any(|field| field.required && field.name == *name));
    let ask = || serde_json::from_str::<Map<String, Value>>(&written(descriptor, &given).ok()?).ok();
    let (Some(first), Some(second)) = (ask(), ask()) else { return };
    for field in optional {
        let value = first.get(&field.name).filter(|value| second.get(&field.name) == Some(value));
        field.default_value = match (value, field.redacted) {
            (Some(value), false) => Some(value.clone()),
            (Some(Value::Null), true) => Some(Value::Null),
            _ => field.default_value.take().filter(|_| field.default.is_none()),
        };
    }
}

/// The event with its envelope around the data, as the bus writes it.
fn line(event: &Event, data: &str, bus: &EventBus) -> Option<String> {
    let node = event.scope.node.then_some("planner");
    let execution = event.scope.execution.then_some("exec-1");
    let version = event.version;
    let text = format!(
        r#"{{"type":{},"stream_id":"desk","node_id":{},"execution_id":{},"data":{data},"timestamp":"2026-01-01T12:00:00.000000+00:00","correlation_id":null,"id":"0000000000000001-7","seq":7,"version":{version},"causation_id":null}}"#,
        json!(event.kind),
        json!(node),
        json!(execution)
    );
    Some(bus.read_json(&text).ok()?.to_json())
}
