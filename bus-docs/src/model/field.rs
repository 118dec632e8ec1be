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
    /// The name in Rust, if it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ident: Option<String>,
    /// The type as written in the definition.
    #[serde(rename = "type")]
    pub ty: String,
    /// The doc comment.
    pub docs: String,
    /// Whether an emit or a read needs this field.
    pub required: bool,
    /// The default as written in Rust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The default in JSON, if it is the same each time and may be shown. `null` means null.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub default_value: Option<Value>,
    /// The content never leaves the process.
    #[serde(skip_serializing_if = "is_false")]
    pub redacted: bool,
    /// The field's own keys are keys of the event's data.
    #[serde(skip_serializing_if = "is_false")]
    pub flattened: bool,
    /// Older names that are accepted when reading.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Never written.
    #[serde(skip_serializing_if = "is_false")]
    pub not_written: bool,
    /// Ignored when reading.
    #[serde(skip_serializing_if = "is_false")]
    pub not_read: bool,
    /// The JSON Schema of the type; absent if the type has none.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub schema: Option<Value>,
}

impl Field {
    /// The name in Rust.
    pub fn ident(&self) -> &str {
        self.ident.as_deref().unwrap_or(&self.name)
    }

    /// Whether the emit helper has it as an argument; otherwise it is a setter. A flattened field
    /// is never required in JSON, but the caller must pass it.
    pub fn is_argument(&self) -> bool {
        self.required || (self.flattened && self.default.is_none() && self.default_value.is_none())
    }

    /// The default as pages show it: in JSON, else as written in Rust.
    pub(crate) fn shown_default(&self) -> Option<String> {
        self.default_value.as_ref().map_or_else(|| self.default.clone(), |value| Some(value.to_string()))
    }

    /// Whether it is part of the JSON.
    pub fn on_wire(&self) -> bool {
        !(self.not_written && self.not_read)
    }
}

/// A key with `null` differs from a missing key.
fn present<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(input).map(Some)
}
