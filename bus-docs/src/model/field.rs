//! One field of an event.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::is_false;

/// One field of an event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own that the catalogue shows")]
pub struct Field {
    /// The name on the wire.
    pub name: String,
    /// The name in Rust, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ident: Option<String>,
    /// The type as written in the definition.
    #[serde(rename = "type")]
    pub ty: String,
    /// The doc comment.
    pub docs: String,
    /// An event without this field cannot be emitted or read.
    pub required: bool,
    /// The default as written in Rust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The default as it stands in JSON, where it is the same each time and may be shown. `null` stands for itself.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub default_value: Option<Value>,
    /// The content never leaves the process.
    #[serde(skip_serializing_if = "is_false")]
    pub redacted: bool,
    /// The field's own keys stand in the event's data.
    #[serde(skip_serializing_if = "is_false")]
    pub flattened: bool,
    /// Further names that are accepted when reading.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Left out when writing: always.
    #[serde(skip_serializing_if = "is_false")]
    pub not_written: bool,
    /// Passed over when reading.
    #[serde(skip_serializing_if = "is_false")]
    pub not_read: bool,
    /// The JSON Schema of the type; absent where the type does not tell one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub schema: Option<Value>,
}

impl Field {
    /// The name in Rust.
    pub fn ident(&self) -> &str {
        self.ident.as_deref().unwrap_or(&self.name)
    }

    /// Whether the emit helper has it as an argument; else it is a setter. A flattened field is required in no JSON, and yet
    /// it has to be given.
    pub fn is_argument(&self) -> bool {
        self.required || (self.flattened && self.default.is_none() && self.default_value.is_none())
    }

    /// Whether it is part of the JSON at all.
    pub fn on_wire(&self) -> bool {
        !(self.not_written && self.not_read)
    }
}

/// A key that is there with `null` is something else than a key that is not there.
fn present<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(input).map(Some)
}
