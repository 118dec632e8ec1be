//! The memory of JSON values, compiled once, here.

use serde_json::{Map, Number, Value};

use super::HeapBytes;
use crate::json::LEVELS;

impl HeapBytes for Number {
    const HOLDS: bool = false;

    #[inline]
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl HeapBytes for Value {
    fn heap_bytes(&self) -> usize {
        value_bytes(self, LEVELS)
    }
}

impl HeapBytes for Map<String, Value> {
    fn heap_bytes(&self) -> usize {
        members_bytes(self, LEVELS)
    }
}

/// Looks at no more than `levels` levels, so that the depth of the calls has a bound.
fn value_bytes(value: &Value, levels: usize) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.capacity(),
        Value::Array(items) => {
            let inside: usize = match levels.checked_sub(1) {
                Some(levels) => items.iter().map(|item| value_bytes(item, levels)).sum(),
                None => 0,
            };
            items.capacity() * size_of::<Value>() + inside
        }
        Value::Object(members) => members_bytes(members, levels),
    }
}

fn members_bytes(members: &Map<String, Value>, levels: usize) -> usize {
    let Some(levels) = levels.checked_sub(1) else { return 0 };
    let entry = size_of::<String>() + size_of::<Value>();
    members.iter().map(|(key, value)| entry + key.capacity() + value_bytes(value, levels)).sum()
}
