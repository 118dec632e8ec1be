//! The keys around the data of an event, once for all outputs.

use crate::types::Type;

/// A key of the envelope.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) docs: &'static str,
}

/// The value of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    /// A text, or null.
    Maybe,
    Time,
    /// The id of an event; missing or null in recordings of other systems.
    Id,
    /// A whole number; missing or in any other form in recordings of other systems.
    Number,
    Object,
}

/// In the order in which the bus writes them.
pub(crate) const KEYS: &[Key] = &[
    key("type", Form::Text, "The kind."),
    key("stream_id", Form::Text, "The stream it happened on."),
    key("node_id", Form::Maybe, "The node it happened in."),
    key("execution_id", Form::Maybe, "The execution it belongs to."),
    key("data", Form::Object, "The fields of the event."),
    key("timestamp", Form::Time, "When it happened, as in ISO 8601; the bus writes it in UTC."),
    key("correlation_id", Form::Maybe, "The external request that it belongs to."),
    key(
        "id",
        Form::Id,
        "Its id, and the cursor to resume from: the run of the bus and the position in that run, or the id that another system gave it.",
    ),
    key(
        "seq",
        Form::Number,
        "Its position in the order of the bus, a whole number; another system's may have any form.",
    ),
    key(
        "version",
        Form::Number,
        "The version of its data's schema, a whole number; another system's may have any form.",
    ),
    key("causation_id", Form::Id, "The event in whose handler it was emitted."),
];

/// The form of an event.
pub(crate) const INTRO: &str = "Every event is one JSON object on one line, with these keys in this order.";

/// The keys that an application adds.
pub(crate) const ATTRIBUTES: &str = "Further keys before `id` are attributes that the application gives the scope, such as `graph_id`. \
     A reader ignores keys that it does not know.";

const fn key(name: &'static str, form: Form, docs: &'static str) -> Key {
    Key { name, form, docs }
}

/// The keys beside the kind and the data, which differ from event to event.
pub(crate) fn shared() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| !["type", "data"].contains(&key.name))
}

/// The meaning of a key.
pub(crate) fn docs(name: &str) -> &'static str {
    KEYS.iter().find(|key| key.name == name).map_or("", |key| key.docs)
}

impl Form {
    /// The value that the bus writes, in words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Text | Self::Time => "string",
            Self::Maybe | Self::Id => "string or null",
            Self::Number => "integer",
            Self::Object => "object",
        }
    }

    /// Every value that the bus reads.
    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Text | Self::Time => Type::Text,
            Self::Maybe | Self::Id => Type::Either(vec![Type::Text, Type::Null]),
            Self::Number => Type::Either(vec![Type::Integer, Type::Number, Type::Text, Type::Null]),
            Self::Object => Type::Map(Box::new(Type::Any)),
        }
    }

    /// Whether recordings of other systems may lack the key.
    pub(crate) const fn may_be_absent(self) -> bool {
        matches!(self, Self::Id | Self::Number)
    }
}
