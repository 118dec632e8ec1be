//! Redacted fields of every shape.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use bus_core::AgentEvent;
use bus_core::Object;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Holds itself in more than one place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Secret {
    text: String,
    left: Option<Box<Secret>>,
    right: Option<Box<Secret>>,
    more: Vec<Secret>,
    by_name: BTreeMap<String, Secret>,
}

/// A word that a reader knows only as one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Grade {
    Good,
    Bad,
}

/// A choice whose tag is hidden too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub(crate) enum Login {
    Key { key: String },
    Guest,
}

/// The events with redacted fields.
#[derive(AgentEvent)]
#[events(prefix = "hard.", derive(PartialEq))]
pub(crate) enum HiddenEvents {
    /// Their hidden values are still of their types.
    Hidden {
        /// The secret.
        #[event(redact)]
        text: String,
        #[event(redact)]
        number: u16,
        #[event(redact)]
        flag: Option<bool>,
        #[event(redact)]
        by_number: BTreeMap<u64, String>,
        #[event(redact)]
        by_name: BTreeMap<String, Vec<f64>>,
        #[event(redact)]
        pair: (u8, String),
        #[event(redact)]
        secret: Secret,
        #[event(redact)]
        object: Object,
        #[event(redact, default = "none".to_owned())]
        given: String,
        open: String,
    },
    /// Their hidden values are read as an event without a type.
    HiddenStrict {
        #[event(redact)]
        grade: Grade,
        #[event(redact)]
        grades: Vec<Grade>,
        #[event(redact)]
        login: Login,
        #[event(redact)]
        tries: NonZeroU32,
        #[event(redact)]
        letter: char,
        #[event(redact)]
        by_grade: BTreeMap<String, Grade>,
    },
    /// Every key that is not a field is hidden.
    HiddenRest {
        open: String,
        #[event(redact)]
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    },
}
