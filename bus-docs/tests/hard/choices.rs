//! Enums with every tag that serde knows.

use std::collections::BTreeMap;

use bus_core::AgentEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How loud.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// Hardly heard.
    #[default]
    VeryLow,
    High,
}

/// Values that no language takes for a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Odd {
    #[serde(rename = "two words")]
    TwoWords,
    #[serde(rename = "größe")]
    Size,
    #[serde(rename = "a-b")]
    Dash,
    #[serde(rename = "a_b")]
    Underscore,
    #[serde(rename = "class")]
    Class,
    #[serde(rename = "")]
    Nothing,
    #[serde(rename = "\"quoted\" */ \\")]
    Quoted,
}

/// The name of the choice is its only key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum External {
    Unit,
    Newtype(u8),
    Tuple(u8, String),
    Struct { name: String, level: Level },
}

/// The tag stands among the members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Internal {
    Quit,
    /// Moves on.
    Move {
        x: i32,
        y: i32,
    },
    Say(Said),
}

/// A sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Said {
    text: String,
    #[serde(default)]
    loud: bool,
}

/// The tag stands beside the content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "value")]
pub(crate) enum Adjacent {
    Unit,
    Number(i64),
    Pair(u8, u8),
    Struct { name: String },
}

/// Nothing but the content says which it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Untagged {
    Number(i64),
    Text(String),
    Pair(u8, bool),
    Struct { name: String, size: Option<u32> },
    Many(Vec<Level>),
}

/// Choices inside of choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Rule {
    Always,
    Not { rule: Box<Rule> },
    All { rules: Vec<Rule> },
    Is { level: Level, named: Option<Untagged> },
}

/// The events whose data are choices.
#[derive(AgentEvent)]
#[events(prefix = "hard.", derive(PartialEq))]
pub(crate) enum ChoiceEvents {
    /// One of a few values.
    Levels { level: Level, maybe: Option<Level>, many: Vec<Level>, by_level: BTreeMap<Level, u32>, odd: Odd },
    /// Each way to tag.
    Tags { external: External, internal: Internal, adjacent: Adjacent, untagged: Untagged },
    /// Each way to tag, inside of other types.
    TagsInside {
        maybe: Option<External>,
        list: Vec<Internal>,
        map: BTreeMap<String, Adjacent>,
        pair: (Untagged, Option<Untagged>),
        rule: Rule,
        outcome: Result<u8, String>,
    },
}
