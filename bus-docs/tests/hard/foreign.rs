//! Types of other crates, with and without a schema.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use bus_core::AgentEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Has no schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Opaque {
    size: u8,
}

/// No value of it can be guessed from its schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Even(String);

impl TryFrom<String> for Even {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.starts_with("even:") { Ok(Self(text)) } else { Err("does not begin with `even:`") }
    }
}

impl From<Even> for String {
    fn from(even: Even) -> Self {
        even.0
    }
}

/// The events with types of other crates.
#[derive(AgentEvent)]
#[events(prefix = "hard.", derive(PartialEq))]
pub(crate) enum ForeignEvents {
    /// Times, ids, bytes.
    Foreign {
        id: uuid::Uuid,
        ids: BTreeMap<String, uuid::Uuid>,
        at: chrono::DateTime<chrono::Utc>,
        day: chrono::NaiveDate,
        clock: chrono::NaiveTime,
        local: chrono::NaiveDateTime,
        stamp: jiff::Timestamp,
        date: jiff::civil::Date,
        raw: bytes::Bytes,
    },
    /// A time whose zone has a name: no pattern lists those.
    Zoned { zoned: jiff::Zoned },
    /// Types of the standard library that are more than they look like.
    Standard {
        took: Duration,
        maybe: Option<Duration>,
        path: PathBuf,
        address: IpAddr,
        v4: Ipv4Addr,
        range: std::ops::Range<u32>,
    },
    /// A type without a schema, beside fields with one.
    Unknown { opaque: Opaque, maybe: Option<Opaque>, name: String },
    /// A field of which no example can be made, beside others.
    Unsampled {
        even: Even,
        name: String,
        #[event(default = 3)]
        tries: u8,
        #[event(default = vec!["a".to_owned()])]
        words: Vec<String>,
    },
}
