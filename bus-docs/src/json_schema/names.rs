//! The names of definitions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Catalog, Event, Names as Free};

/// The names of what a file defines beside the types of the catalogue. Each is an identifier,
/// because generators make the names of types from them.
pub(crate) struct Names<'a> {
    events: BTreeMap<&'a str, (String, String)>,
    /// The time of an event.
    pub(crate) timestamp: String,
    /// The id of an event.
    pub(crate) event_id: String,
    /// The keys of the envelope, for a transport that routes by headers.
    pub(crate) headers: String,
}

impl<'a> Names<'a> {
    pub(crate) fn of(catalog: &'a Catalog) -> Self {
        let types: Vec<&str> = catalog.types.keys().map(String::as_str).collect();
        let mut free = Free::with(&types);
        let [timestamp, event_id, headers] =
            ["Timestamp", "EventId", "Headers"].map(|name| free.take_ascii(name));
        let name = |event: &'a Event| {
            let name = free.take_ascii(&event.name);
            let data = free.take_ascii(&format!("{}Data", event.name));
            (event.kind.as_str(), (name, data))
        };
        Self { events: catalog.events.iter().map(name).collect(), timestamp, event_id, headers }
    }

    /// The name of an event.
    pub(crate) fn event(&self, event: &Event) -> &str {
        &self.events[event.kind.as_str()].0
    }

    /// The name of the data of an event.
    pub(crate) fn data(&self, event: &Event) -> &str {
        &self.events[event.kind.as_str()].1
    }
}

/// A reference to a definition.
pub(super) fn reference(name: &str) -> Value {
    serde_json::json!({ "$ref": format!("#/$defs/{name}") })
}
