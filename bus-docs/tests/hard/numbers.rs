//! Numbers of every width, and keys that are numbers.

use std::collections::{BTreeMap, HashMap};
use std::num::{NonZeroI32, NonZeroU8, NonZeroU32, NonZeroU64};

use bus_core::{AgentEvent, BoxError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A share with a range of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Share {
    /// Between 1 and 100.
    #[schemars(range(min = 1, max = 100))]
    percent: u8,
    /// At least -5.
    #[schemars(range(min = -5))]
    offset: i64,
}

/// The events whose data are numbers.
#[derive(AgentEvent)]
#[events(prefix = "hard.", derive(PartialEq))]
pub(crate) enum NumberEvents {
    /// Whole numbers of every width.
    Widths {
        a: i8,
        b: u8,
        c: i16,
        d: u16,
        e: i32,
        f: u32,
        /// Beyond what a float of 64 bits holds exactly.
        g: i64,
        h: u64,
        i: isize,
        j: usize,
    },
    /// Wider than most readers know.
    Wide { signed: i128, unsigned: u128, maybe: Option<u128> },
    /// Numbers without zero.
    NonZero { byte: NonZeroU8, number: NonZeroU32, signed: NonZeroI32, long: Option<NonZeroU64> },
    /// Numbers in a range of their own.
    Ranges { share: Share, shares: Vec<Share> },
    /// Floats.
    Floats { single: f32, double: f64, maybe: Option<f64>, many: Vec<f32> },
    /// Maps whose keys are numbers.
    NumberKeys {
        by_id: BTreeMap<u64, String>,
        signed: BTreeMap<i64, u8>,
        nested: HashMap<u32, BTreeMap<u32, bool>>,
        nonzero: BTreeMap<NonZeroU32, String>,
    },
    /// Version 1 had seconds in `took`.
    #[event(version = 2, upcast = milliseconds)]
    Versioned { took_ms: u64 },
}

fn milliseconds(_: u32, mut data: Value) -> Result<Value, BoxError> {
    data["took_ms"] = json!(data["took"].as_u64().ok_or("`took` is no number")? * 1000);
    Ok(data)
}
