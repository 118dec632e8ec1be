//! Where a subscription or a query begins.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::event::EventId;
use crate::excerpt::excerpt;
use crate::time;

/// Where a subscription or a query of the history begins.
///
/// As text it is `now`, `beginning`, the id of an event, a time of RFC 3339, or how long ago, such
/// as `15m`, `2h` or `1h30m`, which is counted from the moment when it is read.
///
/// ```
/// use std::time::SystemTime;
/// use bus_core::Since;
///
/// assert_eq!("beginning".parse(), Ok(Since::Beginning));
/// assert_eq!("00c0ffee00c0ffee-42".parse::<Since>()?.to_string(), "00c0ffee00c0ffee-42");
/// let time = "2026-11-22T06:14:08+00:00".parse::<Since>()?;
/// assert_eq!(time.to_string(), "2026-11-22T06:14:08.000000+00:00");
/// assert!(matches!("15m".parse()?, Since::Time(time) if time < SystemTime::now()));
/// # Ok::<(), bus_core::InvalidSince>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Since {
    /// With the next event.
    #[default]
    Now,
    /// With the first event of this run; with a store that can be read, with the first event of the
    /// log, also of an earlier run. If history has evicted some, the gap is reported.
    Beginning,
    /// Behind this event: its [`cursor`](crate::Event::cursor).
    After(EventId),
    /// With the first event of this time or later that history holds, or the store. If history may
    /// have evicted some of them, the gap is reported. A store may return some older ones too.
    Time(SystemTime),
}

impl From<EventId> for Since {
    fn from(cursor: EventId) -> Self {
        Self::After(cursor)
    }
}

impl From<SystemTime> for Since {
    fn from(time: SystemTime) -> Self {
        Self::Time(time)
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::Beginning => f.write_str("beginning"),
            Self::After(cursor) => cursor.fmt(f),
            Self::Time(time) => {
                let mut text = Vec::new();
                time::write(*time, &mut text);
                f.write_str(&String::from_utf8_lossy(&text))
            }
        }
    }
}

/// A text that says no place to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSince(String);

impl fmt::Display for InvalidSince {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` says no place to begin: write `beginning`, `now`, the id of an event, a time such as 2026-11-22T06:14:08Z, or how long ago, such as `15m`",
            excerpt(&self.0)
        )
    }
}

impl std::error::Error for InvalidSince {}

impl FromStr for Since {
    type Err = InvalidSince;

    fn from_str(text: &str) -> Result<Self, InvalidSince> {
        match text {
            "now" => Ok(Self::Now),
            "beginning" => Ok(Self::Beginning),
            _ => None
                .or_else(|| text.parse().map(Self::After).ok())
                .or_else(|| time_of(text).map(Self::Time))
                // It comes from outside, so the error shows only its beginning.
                .ok_or_else(|| InvalidSince(text.chars().take(40).collect())),
        }
    }
}

/// Reads a time, or how long ago it is.
pub(crate) fn time_of(text: &str) -> Option<SystemTime> {
    let ago = || {
        let ago: SignedDuration = text.parse().ok()?;
        SystemTime::now().checked_sub(ago.try_into().ok()?)
    };
    time::parse_utc(text).or_else(ago)
}

impl Serialize for Since {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Since {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
