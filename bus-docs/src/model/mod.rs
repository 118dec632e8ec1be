//! The catalogue as data: the content of the descriptors in a form that is written to
//! `catalog.json` and read again.
//!
//! Every renderer uses this data and nothing else, so that all outputs agree, and the catalogue of
//! an earlier release can be read from its file. The file is **stable**: keys are added, never
//! renamed or removed, and [`Catalog::FORMAT`] grows if a meaning has to change.

mod closed;
mod example;
mod field;
mod gather;
mod hidden;
mod literal;
mod names;
pub(crate) mod pattern;
mod plain;
mod sample;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use field::Field;
pub(crate) use names::{Names, identifier, snake};
pub(crate) use schema::{children, description, reached, resolved, type_name, type_of};

/// Every event of a program.
///
/// ```
/// use bus_core::AgentEvent;
///
/// let catalog = bus_docs::Catalog::of("Agent events", bus_agent::AgentEvents::EVENTS);
/// let started = catalog.event("tool_call_started").expect("it is declared");
/// assert_eq!(started.helper, "emit_tool_call_started");
/// assert_eq!(started.ends_with[0].kind, "tool_call_completed");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The version of this format.
    pub format: u32,
    /// The title of the catalogue.
    pub title: String,
    /// The events, sorted by kind.
    pub events: Vec<Event>,
    /// JSON Schemas of the types that fields name by `{"$ref": "#/$defs/NAME"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, Value>,
}

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// The name on the wire.
    pub kind: String,
    /// The payload's name in Rust.
    pub name: String,
    /// The method that emits it.
    pub helper: String,
    /// The doc comment.
    pub docs: String,
    /// The definition enum, by which events are grouped.
    pub definition: String,
    /// The module of the definition.
    pub module: String,
    /// The definition file, if its path is not specific to one machine. It has no line, because
    /// every edit would change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The version of the payload's schema.
    pub version: u32,
    /// Whether older data is converted to the current version when it is read.
    #[serde(skip_serializing_if = "is_false")]
    pub upcast: bool,
    /// Older kinds that are accepted when reading.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The note of a deprecated event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// The scope that an emit needs.
    pub scope: Scope,
    /// How it is kept and delivered under overflow.
    pub policy: Policy,
    /// The events that end this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<End>,
    /// The step in the life of its execution that it reports: `begins`, `pauses`, `resumes`, or
    /// how the execution ends, as `completed`, `failed` or `cancelled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life: Option<String>,
    /// The type of the answers that handlers can give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// An example as a line of JSON, written by the bus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// The required fields that the example lacks, because no value of their types is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub example_lacks: Vec<String>,
}

/// The scope that an emit needs. A stream is always needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// A node.
    pub node: bool,
    /// An execution.
    pub execution: bool,
}

/// How an event is kept and delivered under overflow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Kept in a history quota of its own.
    pub transient: bool,
    /// Never dropped from a full queue.
    pub critical: bool,
    /// The newest in each scope is kept, apart from the history.
    #[serde(skip_serializing_if = "is_false")]
    pub sticky: bool,
    /// A newer one may replace an older one of equal scope and equal values of these fields.
    pub coalesce: Option<Vec<String>>,
}

/// A kind that ends another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The kind that ends it.
    pub kind: String,
    /// The fields that must be equal in both, beside the scope.
    pub by: Vec<String>,
}

impl Catalog {
    /// The format that this version of the crate writes.
    pub const FORMAT: u32 = 1;

    /// The event of this kind.
    pub fn event(&self, kind: &str) -> Option<&Event> {
        self.events.binary_search_by(|event| event.kind.as_str().cmp(kind)).ok().map(|at| &self.events[at])
    }

    /// The events of each definition.
    pub(crate) fn by_definition(&self) -> BTreeMap<&str, Vec<&Event>> {
        let mut groups: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        for event in &self.events {
            groups.entry(&event.definition).or_default().push(event);
        }
        groups
    }

    /// The events before and after the one at this place.
    pub(crate) fn beside(&self, at: usize) -> [Option<&Event>; 2] {
        [at.checked_sub(1), Some(at + 1)].map(|at| self.events.get(at?))
    }

    /// The events that `kind` ends.
    pub fn ended_by<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a Event, &'a End)> {
        let ends = move |event: &'a Event| event.ends_with.iter().find(|end| end.kind == kind);
        self.events.iter().filter_map(move |event| Some((event, ends(event)?)))
    }

    /// Reads the output of [`to_json`](Self::to_json), of this version of the crate or an older
    /// one.
    ///
    /// # Errors
    /// If the text is not a catalogue, has a newer format than this crate knows, or has a kind, or
    /// a field of a kind, twice.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let mut catalog: Self =
            serde_json::from_str(text).map_err(|error| format!("is not a catalogue: {error}"))?;
        if catalog.format > Self::FORMAT {
            let (has, knows) = (catalog.format, Self::FORMAT);
            return Err(format!("has format {has}, and this bus-docs knows {knows}: update bus-docs"));
        }
        catalog.events.sort_by(|a, b| a.kind.cmp(&b.kind));
        catalog.names_once()?;
        Ok(catalog)
    }

    /// All lookups are by name, so that a second entry would never be found.
    fn names_once(&self) -> Result<(), String> {
        if let Some(pair) = self.events.windows(2).find(|pair| pair[0].kind == pair[1].kind) {
            return Err(format!("has kind `{}` twice: delete one", pair[0].kind));
        }
        for event in &self.events {
            let mut names = BTreeSet::new();
            if let Some(field) = event.fields.iter().find(|field| !names.insert(&field.name)) {
                return Err(format!("has field `{}` of `{}` twice: delete one", field.name, event.kind));
            }
        }
        Ok(())
    }

    /// The catalogue in the form of `catalog.json`.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Event {
    /// The step in the life of its execution, as the outputs show it.
    pub(crate) fn life_words(&self) -> Option<String> {
        Some(match self.life.as_deref()? {
            step @ ("begins" | "pauses" | "resumes") => format!("{step} its execution"),
            end => format!("ends its execution as {end}"),
        })
    }
}

impl Scope {
    /// The scope in words, as the outputs show it.
    pub fn words(self) -> &'static str {
        match (self.node, self.execution) {
            (false, false) => "stream",
            (true, false) => "stream, node",
            (false, true) => "stream, execution",
            (true, true) => "stream, execution, node",
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}
