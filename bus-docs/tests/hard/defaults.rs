//! Defaults of every shape.

use std::collections::BTreeMap;
use std::time::Duration;

use bus_core::AgentEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Step {
    name: String,
    size: (u8, u8),
    next: Option<Box<Step>>,
}

impl Step {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), size: (1, 2), next: None }
    }

    fn and(self, next: Self) -> Self {
        Self { next: Some(Box::new(next)), ..self }
    }
}

/// How far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    #[default]
    Plain,
    Named {
        name: String,
    },
    Pair(u8, String),
}

/// Members with defaults of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Options {
    depth: u32,
    mode: Mode,
    labels: Vec<String>,
    limit: Option<u8>,
}

impl Default for Options {
    fn default() -> Self {
        Self { depth: 3, mode: Mode::Pair(1, "a".to_owned()), labels: vec!["x".to_owned()], limit: None }
    }
}

/// The events whose fields have defaults.
#[derive(AgentEvent)]
#[events(prefix = "hard.", derive(PartialEq))]
pub(crate) enum DefaultEvents {
    /// Simple values.
    Scalars {
        #[event(default = i64::MIN)]
        least: i64,
        #[event(default = u64::MAX)]
        most: u64,
        #[event(default = 0.1)]
        share: f64,
        #[event(default = true)]
        on: bool,
        #[event(default = "say \"hi\"\n\\ € \u{1f600} */".to_owned())]
        text: String,
        #[event(default = 'ß')]
        letter: char,
        #[event(default = Some(3))]
        maybe: Option<u8>,
        #[event(default)]
        nothing: Option<String>,
        #[event(default)]
        unit: (),
    },
    /// Tuples, lists, maps.
    Containers {
        #[event(default = (1, "a".to_owned()))]
        pair: (u8, String),
        #[event(default = [1, 2, 3])]
        array: [u8; 3],
        #[event(default = vec![(1, None), (2, Some(true))])]
        pairs: Vec<(u8, Option<bool>)>,
        #[event(default = BTreeMap::from([("a".to_owned(), vec![1])]))]
        map: BTreeMap<String, Vec<u8>>,
        #[event(default = BTreeMap::from([(7, "seven".to_owned())]))]
        by_number: BTreeMap<u32, String>,
        #[event(default)]
        empty: BTreeMap<String, Step>,
        #[event(default = Duration::from_millis(1_500))]
        wait: Duration,
    },
    /// Structs and enums.
    Structured {
        #[event(default = Step::new("a").and(Step::new("b")))]
        step: Step,
        #[event(default = vec![Step::new("a"), Step::new("b")])]
        steps: Vec<Step>,
        #[event(default = Some(Step::new("a")))]
        maybe: Option<Step>,
        #[event(default)]
        mode: Mode,
        #[event(default = Mode::Named { name: "n".to_owned() })]
        named: Mode,
        #[event(default = Some(Mode::Pair(1, "b".to_owned())))]
        pair: Option<Mode>,
        #[event(default = BTreeMap::from([("a".to_owned(), Step::new("a"))]))]
        by_name: BTreeMap<String, Step>,
        #[event(default)]
        options: Options,
    },
    /// Fields that may be missing for other reasons than a default of the definition.
    Absent {
        #[serde(default)]
        plain: Vec<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        rare: Option<Mode>,
        #[event(default)]
        #[serde(skip_serializing_if = "Vec::is_empty", alias = "older")]
        list: Vec<Mode>,
        #[serde(alias = "was")]
        renamed: Step,
    },
}
