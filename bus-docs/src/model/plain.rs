//! Schemas in a form that every tool understands: names that are identifiers everywhere, types
//! beside constants, bounds and patterns in place of formats that only Rust knows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::Names;
use super::schema::{children, type_name, type_of};
use super::{closed, pattern};

/// The names of types, by the names that schemars gave them.
pub(super) struct Plain(BTreeMap<String, String>);

impl Plain {
    pub(super) fn of<'a>(types: impl Iterator<Item = &'a String>) -> Self {
        let mut names = Names::default();
        Self(types.map(|name| (name.clone(), names.take_ascii(name))).collect())
    }

    /// The types under their new names.
    pub(super) fn types(&self, types: Map<String, Value>) -> Map<String, Value> {
        let named = |(name, mut schema): (String, Value)| {
            self.schema(&mut schema);
            closed::close(&name, &mut schema);
            (self.0.get(&name).cloned().unwrap_or(name), schema)
        };
        types.into_iter().map(named).collect()
    }

    pub(super) fn schema(&self, schema: &mut Value) {
        match schema {
            // Many generators know no schema but an object.
            Value::Bool(true) => *schema = json!({}),
            Value::Bool(false) => *schema = json!({ "not": {} }),
            Value::Object(object) => self.object(object),
            _ => {}
        }
    }

    fn object(&self, object: &mut Map<String, Value>) {
        object.remove("$schema");
        if let Some(name) = type_name(object.get("$ref"))
            && let Some(name) = self.0.get(&unescaped(name))
        {
            object.insert("$ref".to_owned(), json!(format!("#/$defs/{name}")));
        }
        if object.get("default") == Some(&Value::Null) {
            object.remove("default");
        }
        if let (Some(value), false) = (object.get("const"), object.contains_key("type")) {
            object.insert("type".to_owned(), json!(type_of(value)));
        }
        format(object);
        nonzero(object);
        keys(object);
        // Nothing more than an object allows no member is said by `false`, which all tools know.
        let closed = object.get("additionalProperties") == Some(&Value::Bool(false));
        for child in children(object) {
            self.schema(child);
        }
        if closed {
            object.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
}

/// The name that a reference has in escaped form.
fn unescaped(name: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), name.as_bytes());
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &after[2..]).1,
            None => (bytes.push(*first), rest = after).1,
        }
    }
    String::from_utf8_lossy(&bytes).replace("~1", "/").replace("~0", "~")
}

/// Bounds, a pattern or a choice in place of a format that validators do not know.
fn format(object: &mut Map<String, Value>) {
    let Some(format) = object.get("format").and_then(Value::as_str).map(str::to_owned) else { return };
    let known = if let Some((least, most)) = bounds(&format) {
        // A range of the user's own is narrower.
        for (key, bound) in [("minimum", least), ("maximum", most)] {
            if let (Some(bound), false) = (bound, object.contains_key(key)) {
                object.insert(key.to_owned(), bound);
            }
        }
        true
    } else if let Some((pattern, example)) = text(&format) {
        object.entry("pattern").or_insert_with(|| json!(pattern));
        object.entry("examples").or_insert_with(|| json!([example]));
        true
    } else if format == "ip" {
        let text = |format: &str| json!({ "type": "string", "format": format });
        object.insert("anyOf".to_owned(), json!([text("ipv4"), text("ipv6")]));
        object.remove("type");
        true
    } else {
        false
    };
    if known {
        object.remove("format");
    }
}

/// The shortest number that a reader takes for the largest float of 32 bits.
const LARGEST: f64 = 3.402_823_5e38;

fn bounds(format: &str) -> Option<(Option<Value>, Option<Value>)> {
    Some(match format {
        "int8" => (Some(json!(i8::MIN)), Some(json!(i8::MAX))),
        "int16" => (Some(json!(i16::MIN)), Some(json!(i16::MAX))),
        "int32" => (Some(json!(i32::MIN)), Some(json!(i32::MAX))),
        "int64" | "int" => (Some(json!(i64::MIN)), Some(json!(i64::MAX))),
        "uint8" => (Some(json!(0)), Some(json!(u8::MAX))),
        "uint16" => (Some(json!(0)), Some(json!(u16::MAX))),
        "uint32" => (Some(json!(0)), Some(json!(u32::MAX))),
        "uint64" | "uint" => (Some(json!(0)), Some(json!(u64::MAX))),
        // The nearest floats: no whole number of JSON is as wide.
        "uint128" => (Some(json!(0)), Some(json!(2f64.powi(128)))),
        "int128" => (Some(json!(-2f64.powi(127))), Some(json!(2f64.powi(127)))),
        // The text that serde writes for the largest: as a float of 64 bits it is greater than it.
        "float" => (Some(json!(-LARGEST)), Some(json!(LARGEST))),
        "double" => (None, None),
        _ => return None,
    })
}

/// Two ranges in place of a whole number that is not zero: many tools know no `not`.
fn nonzero(object: &mut Map<String, Value>) {
    if object.get("not") != Some(&json!({ "const": 0 })) || object.get("type") != Some(&json!("integer")) {
        return;
    }
    object.remove("not");
    let part = |key: &str, bound: i32| {
        let mut part = object.clone();
        part.insert(key.to_owned(), json!(bound));
        part
    };
    *object = Map::from_iter([("oneOf".to_owned(), json!([part("maximum", -1), part("minimum", 1)]))]);
}

/// The pattern of a text that validators have no format for, and one such text.
fn text(format: &str) -> Option<(String, &'static str)> {
    Some(match format {
        "partial-time" => (pattern::clock(), "12:00:00"),
        "partial-date-time" => (pattern::local(), "2026-01-01T12:00:00"),
        "zoned-date-time" => (pattern::zoned(), "2026-01-01T12:00:00+00:00[UTC]"),
        _ => return None,
    })
}

/// Patterns of keys that are numbers, without classes that differ between languages.
fn keys(object: &mut Map<String, Value>) {
    let Some(Value::Object(patterns)) = object.get_mut("patternProperties") else { return };
    for (from, to) in [(r"^\d+$", pattern::UNSIGNED), (r"^-?\d+$", pattern::SIGNED)] {
        if let Some(values) = patterns.remove(from) {
            patterns.insert(to.to_owned(), values);
        }
    }
}
