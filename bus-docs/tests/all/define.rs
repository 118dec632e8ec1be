//! A definition with every feature that a catalogue shows.

use bus_core::AgentEvent;
use bus_core::Object;
use bus_docs::Catalog;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    #[default]
    Low,
    High,
}

impl JsonSchema for Level {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Level".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["low", "high"], "description": "How loud." })
    }
}

/// Has no schema.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Opaque(u8);

/// The events of a test build.
#[derive(AgentEvent)]
#[events(version = 2, crate = bus_core)]
pub(crate) enum TestEvents {
    /// A build began.
    ///
    /// It ends with [`BuildDone`]; `<b>` is no tag here.
    #[event(
        requires(node, execution),
        critical,
        ends_with(BuildDone, by(build_id)),
        execution(begins),
        alias("build_begun")
    )]
    BuildStarted {
        // Docs that macros write are docs as well: they stand in each expected file.
        #[doc = include_str!("build_id.md")]
        build_id: String,
        /// The log level.
        #[event(default)]
        level: Level,
        /// A value of unknown type.
        opaque: Opaque,
        #[doc = concat!(" Tries, ", "if limited.")]
        #[serde(alias = "max_tries")]
        tries: Option<u8>,
        /// A secret | with a bar.
        #[event(redact)]
        token: String,
        #[event(default = 3)]
        jobs: u16,
    },
    /// A build is done.
    #[event(coalesce(build_id), reply = Option<String>)]
    BuildDone { build_id: String },
    /// Anything else.
    #[deprecated = "say what it is"]
    #[event(transient, sticky, kind = "other.thing")]
    OtherThing {
        /// Whatever.
        #[serde(flatten)]
        fields: Object,
    },
}

pub(crate) fn catalog() -> Catalog {
    Catalog::of("Test events", TestEvents::EVENTS)
}
