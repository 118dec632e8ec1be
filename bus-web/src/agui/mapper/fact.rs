//! An event, as far as a mapper needs it.

use std::time::SystemTime;

use bus_core::EventId;
use bus_core::catalogue::Life;
use bus_core::filter::AsEvent;
use serde_json::{Map, Value};

use crate::agui::meaning::Meaning;

/// An event, as far as it matters here.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) kind: String,
    pub(super) node: String,
    pub(super) event: Option<EventId>,
    pub(super) at: SystemTime,
    pub(super) life: Option<Life>,
    pub(super) meaning: Meaning,
    pub(super) data: Value,
}

impl Fact {
    pub(super) fn new(event: &impl AsEvent, id: Option<EventId>, meaning: Option<Meaning>) -> Self {
        let data = event.data();
        Self {
            kind: event.kind().to_owned(),
            node: event.scope().node().unwrap_or_default().to_owned(),
            event: id,
            at: event.timestamp(),
            life: event.descriptor().and_then(|descriptor| descriptor.life),
            meaning: meaning.unwrap_or_else(|| Meaning::of(event.kind(), &data)),
            data,
        }
    }

    /// The text of the first of these members that has some.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        let texts = names.iter().filter_map(|name| self.data[*name].as_str());
        texts.map(str::to_owned).find(|text| !text.is_empty())
    }
}

/// The output, or else all data if there is some: null is rejected.
pub(super) fn result_of(data: &Value) -> Option<Value> {
    let empty = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
    let output = data.get("output").unwrap_or(data);
    (!empty(output)).then(|| output.clone())
}
