//! The keys around the data of an event, in the order in which the bus writes them, for all pages.

/// A key: its name, its type in JSON, its meaning.
pub(crate) type Key = (&'static str, &'static str, &'static str);

pub(crate) const KEYS: &[Key] = &[
    ("type", "string", "The kind."),
    ("stream_id", "string", "The stream it happened on."),
    ("node_id", "string or null", "The node it happened in."),
    ("execution_id", "string or null", "The execution it belongs to."),
    ("data", "object", "The fields of the event."),
    ("timestamp", "string", "When it happened, in UTC, as in ISO 8601."),
    ("correlation_id", "string or null", "The external request that it belongs to."),
    (
        "id",
        "string",
        "Its id, and the cursor to resume from: the run of the bus, and the position in that run.",
    ),
    ("seq", "integer", "Its position in the order of the bus."),
    ("version", "integer", "The version of its data's schema."),
    ("causation_id", "string or null", "The event in whose handler it was emitted."),
];

/// The keys that an application adds.
pub(crate) const ATTRIBUTES: &str = "Further keys before `id` are attributes that the application gives the scope, such as `graph_id`. \
     A reader ignores keys that it does not know.";
