//! The scope of an event: stream, node, execution, correlation, and open attributes.
//!
//! A [`Scope`] is made once for an emitter and shared by all its events. Each id has its hash, so
//! that finding the subscriptions of one execution among a hundred thousand is one table look-up
//! without hashing a string.

mod id;
mod marker;

pub use marker::{Execution, NoExecution, NoNode, Node};

pub(crate) use id::{Id, hash_of, hash_text, mix};

use crate::json::is_long_key;

/// The scope that an event happened in.
///
/// Only the stream is always present. The ids are open text: the bus compares them and never
/// interprets them.
///
/// ```
/// let bus = bus_core::EventBus::new();
/// let node = bus.stream("desk").execution("exec-1").node("planner").attribute("graph_id", "g-7");
/// assert_eq!(node.scope().stream(), "desk");
/// assert_eq!(node.scope().node(), Some("planner"));
/// assert_eq!(node.scope().attribute("graph_id"), Some("g-7"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Scope {
    pub(crate) stream: Id,
    pub(crate) node: Option<Id>,
    pub(crate) execution: Option<Id>,
    pub(crate) correlation: Option<Id>,
    pub(crate) attributes: Vec<(Box<str>, Id)>,
    /// A name that no attribute can have, since it is the envelope's own or too long: events with
    /// it are refused.
    pub(crate) reserved: Option<std::sync::Arc<str>>,
}

/// The attribute with the execution that began another one.
pub(crate) const PARENT_EXECUTION: &str = "parent_execution_id";

/// The keys of the envelope on the wire, which no attribute may have.
pub(crate) const RESERVED: [&str; 11] = [
    "type",
    "stream_id",
    "node_id",
    "execution_id",
    "data",
    "timestamp",
    "correlation_id",
    "id",
    "seq",
    "version",
    "causation_id",
];

impl Scope {
    pub(crate) fn new(stream: impl Into<String>) -> Self {
        Self::of(Id::new(stream))
    }

    pub(crate) fn of(stream: Id) -> Self {
        Self {
            stream,
            node: None,
            execution: None,
            correlation: None,
            attributes: Vec::new(),
            reserved: None,
        }
    }

    /// The stream, which every event has.
    pub fn stream(&self) -> &str {
        self.stream.as_str()
    }

    /// The node, if the event has one.
    pub fn node(&self) -> Option<&str> {
        self.node.as_ref().map(Id::as_str)
    }

    /// The execution, if the event has one.
    pub fn execution(&self) -> Option<&str> {
        self.execution.as_ref().map(Id::as_str)
    }

    /// The execution that began this one, if there is one: the attribute `parent_execution_id`.
    pub fn parent_execution(&self) -> Option<&str> {
        self.attribute(PARENT_EXECUTION)
    }

    /// The correlation of related events, such as the id of a request.
    pub fn correlation(&self) -> Option<&str> {
        self.correlation.as_ref().map(Id::as_str)
    }

    /// The value of an open attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attribute_id(name).map(Id::as_str)
    }

    pub(crate) fn attribute_id(&self, name: &str) -> Option<&Id> {
        self.attributes.iter().find(|(key, _)| &**key == name).map(|(_, value)| value)
    }

    /// All open attributes, in the order they were set.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(key, value)| (&**key, value.as_str()))
    }

    /// Sets an attribute and replaces an older value of the same name.
    pub(crate) fn set_attribute(&mut self, name: &str, value: impl Into<String>) {
        let value = Id::new(value);
        match self.attributes.iter_mut().find(|(key, _)| &**key == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name.into(), value)),
        }
    }

    /// Sets an attribute that a user names. A name that no attribute can have is noted: events with
    /// it are refused.
    pub(crate) fn set_open_attribute(&mut self, name: &str, value: impl Into<String>) {
        if RESERVED.contains(&name) || is_long_key(name) {
            self.reserved = Some(name.into());
        } else {
            self.set_attribute(name, value);
        }
    }

    /// One number for stream, node and execution, as the key of tables.
    pub(crate) fn place_hash(&self) -> u64 {
        mix(
            mix(self.stream.hash(), hash_of_optional(self.node.as_ref())),
            hash_of_optional(self.execution.as_ref()),
        )
    }

    /// One number for the whole scope: equal for equal scopes, in any order of the attributes.
    pub(crate) fn hash(&self) -> u64 {
        let attributes = self.attributes.iter().map(|(name, value)| mix(hash_text(name), value.hash()));
        let attributes = attributes.fold(0_u64, u64::wrapping_add);
        mix(mix(self.place_hash(), hash_of_optional(self.correlation.as_ref())), attributes)
    }
}

/// The parts that are set.
#[expect(clippy::missing_fields_in_debug, reason = "all of them are shown, by their own names")]
impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Scope");
        shown.field("stream", &self.stream);
        let parts =
            [("node", self.node()), ("execution", self.execution()), ("correlation", self.correlation())];
        for (name, part) in parts.into_iter().filter_map(|(name, part)| Some((name, part?))) {
            shown.field(name, &part);
        }
        for (name, value) in self.attributes() {
            shown.field(name, &value);
        }
        shown.finish()
    }
}

fn hash_of_optional(id: Option<&Id>) -> u64 {
    id.map_or(0, Id::hash)
}
