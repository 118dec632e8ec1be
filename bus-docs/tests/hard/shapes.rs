//! Tuples, arrays, maps, nested types, and types that hold themselves.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use bus_core::AgentEvent;
use bus_core::Object;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Holds itself in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tree {
    /// The text at the branch.
    label: String,
    #[serde(default)]
    branches: Vec<Tree>,
}

/// Holds itself in a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Folder(BTreeMap<String, Folder>);

/// Holds itself through a newtype.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Chain(Vec<Chain>);

/// Holds itself through an enum without tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Json {
    Null(()),
    Flag(bool),
    Text(String),
    List(Vec<Json>),
    Members(BTreeMap<String, Json>),
}

/// Holds itself through another type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Person {
    name: String,
    group: Option<Box<Group>>,
}

/// The other type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Group {
    lead: Option<Person>,
    members: Vec<Person>,
}

/// A point, as a tuple.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Point(f64, f64);

/// Nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Unit;

/// No member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Empty {}

/// A page of items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

/// The members of another type among its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Merged {
    first_name: String,
    #[serde(flatten)]
    rest: Rest,
}

/// The merged members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Rest {
    #[serde(rename = "last-name")]
    last_name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    titles: Vec<String>,
}

/// The events whose data have a shape of their own.
#[derive(AgentEvent)]
#[events(prefix = "hard.", derive(PartialEq))]
pub(crate) enum ShapeEvents {
    /// Tuples and arrays.
    Tuples {
        pair: (u8, String),
        single: (bool,),
        nested: Vec<(String, (i32, i32))>,
        point: Point,
        array: [u8; 3],
        grid: [[f64; 2]; 2],
        none: [u8; 0],
        maybe: Option<(u8, u8)>,
    },
    /// Lists, sets and maps.
    Collections {
        set: BTreeSet<String>,
        hashed: HashSet<u8>,
        queue: VecDeque<i32>,
        map: BTreeMap<String, Vec<Option<String>>>,
        deep: BTreeMap<String, BTreeMap<String, BTreeMap<String, u8>>>,
        object: Object,
        anything: Value,
    },
    /// Types that hold themselves.
    Recursive { tree: Tree, folder: Folder, chain: Chain, json: Json, person: Person },
    /// Structs without content, a generic one, and one with merged members.
    Structs {
        unit: Unit,
        empty: Empty,
        page: Page<Tree>,
        other_page: Page<(u8, u8)>,
        merged: Merged,
        letter: char,
        nothing: (),
    },
    /// Its fields are the members of a struct.
    Flattened {
        name: String,
        #[serde(flatten)]
        rest: Rest,
    },
    /// No field at all.
    Bare,
}
