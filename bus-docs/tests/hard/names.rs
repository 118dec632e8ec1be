//! Names that other languages own.

use std::collections::BTreeMap;

use bus_core::AgentEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A type with the name of a type of TypeScript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Record {
    pages: BTreeMap<String, u8>,
}

/// Another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Partial {
    array: Array,
    promise: Promise,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Array(Vec<u8>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Promise {
    kept: bool,
}

/// Types with the names that generated files declare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Envelope {
    event: Option<Box<Event>>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Event {
    object: Object,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Object {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Kind {
    None,
    True,
    Any,
}

/// Names with letters that stand in no identifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "shop.v1.Order/Line~1")]
pub(crate) struct Dotted {
    next: Option<Box<Dotted>>,
}

/// The tokens of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Usage {
    tokens: u64,
    usage: Option<Box<Usage>>,
}

/// Members with names that are words of languages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Words {
    class: u8,
    from: u8,
    #[serde(rename = "a-b")]
    dash: u8,
    a_b: u8,
    #[serde(rename = "größe")]
    size: u8,
    #[serde(rename = "grüße")]
    greetings: u8,
    #[serde(rename = "$ref")]
    reference: u8,
    #[serde(rename = "")]
    empty: u8,
    #[serde(rename = "1st")]
    first: u8,
    constructor: u8,
}

/// The events whose names are hard.
#[derive(AgentEvent)]
#[events(prefix = "hard.", derive(PartialEq))]
pub(crate) enum NameEvents {
    /// Types whose names are taken elsewhere.
    Taken {
        record: Record,
        partial: Partial,
        envelope: Envelope,
        dotted: Dotted,
        map: BTreeMap<String, Record>,
    },
    /// Fields named like their type.
    Alike {
        usage: Option<Usage>,
        words: Words,
        record: Option<Record>,
        kind: Option<Kind>,
        list: Vec<Usage>,
        str: Option<String>,
        int: Option<u8>,
    },
    /// Fields that are keywords of Python and of TypeScript.
    Keywords {
        class: String,
        from: String,
        #[serde(rename = "None")]
        none: Option<String>,
        def: u8,
        #[serde(rename = "async")]
        asynchronous: bool,
        r#type: String,
        lambda: Option<u8>,
        json: u8,
        model_config: u8,
        constructor: u8,
        function: u8,
        self_: u8,
    },
    /// Fields whose names differ in letters that identifiers do not have.
    Letters {
        #[serde(rename = "a-b")]
        dash: u8,
        a_b: u8,
        größe: u8,
        #[serde(rename = "grüße")]
        greetings: u8,
        #[serde(rename = "two words")]
        two_words: u8,
        #[serde(rename = "_id")]
        id: u8,
        #[serde(rename = "1st", alias = "first")]
        first: u8,
        #[serde(rename = "$ref")]
        reference: String,
    },
    /// An event with the name of a type.
    Error { message: String },
    /// A kind in parts, and an older name.
    #[event(kind = "names.in.parts", alias("hard.parts"))]
    Parts { part: u8 },
}
