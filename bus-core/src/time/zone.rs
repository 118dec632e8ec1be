//! The zone of timestamps without one.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::excerpt::excerpt;

/// The zone of a timestamp without one.
///
/// The Python runtime writes naive local time, `2026-11-22T06:14:08.602474`, so a reader must know
/// its zone. UTC unless set. As text it is `UTC`, `local`, an offset as `+02:00`, or a name of the
/// IANA database.
///
/// If clocks go back, one local time happens twice: the earlier is taken, as in Python. If they go
/// forward, a time that does not exist is moved on by the gap.
///
/// ```
/// use bus_core::wire::Zone;
///
/// let zone: Zone = "-03:30".parse()?;
/// assert_eq!(zone, Zone::offset(-(3 * 60 + 30))?);
/// assert_eq!("Mars/Olympus".parse::<Zone>().unwrap_err().to_string(),
///     "no zone `Mars/Olympus`: give UTC, local, an offset as +02:00, or a name as Europe/Berlin");
/// # Ok::<(), bus_core::wire::ZoneError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(Rule);

#[derive(Clone, PartialEq, Eq)]
enum Rule {
    /// Seconds east of Greenwich; needs no calendar.
    Fixed(i32),
    Named(TimeZone),
}

/// An unknown zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneError {
    zone: String,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Rule::Fixed(0));

    /// An offset of this many minutes east of Greenwich, west if negative.
    ///
    /// # Errors
    /// If it is a day or more.
    pub fn offset(minutes: i32) -> Result<Self, ZoneError> {
        if minutes.abs() < 24 * 60 {
            return Ok(Self(Rule::Fixed(minutes * 60)));
        }
        Err(ZoneError { zone: format!("{minutes} minutes") })
    }

    /// The zone of this computer.
    ///
    /// # Errors
    /// If the computer does not provide it.
    pub fn local() -> Result<Self, ZoneError> {
        TimeZone::try_system()
            .map(|zone| Self(Rule::Named(zone)))
            .map_err(|_| ZoneError { zone: "local".into() })
    }

    /// A zone of the IANA database, such as `Europe/Berlin`; its rules come from the computer.
    ///
    /// # Errors
    /// If the computer's database does not have it.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        TimeZone::get(name).map(|zone| Self(Rule::Named(zone))).map_err(|_| ZoneError { zone: name.into() })
    }

    /// The offset, if the zone needs no calendar.
    pub(super) fn fixed(&self) -> Option<i32> {
        match self.0 {
            Rule::Fixed(seconds) => Some(seconds),
            Rule::Named(_) => None,
        }
    }

    /// Seconds east of Greenwich at a local time.
    pub(super) fn seconds_at(&self, local: DateTime) -> Option<i32> {
        match &self.0 {
            Rule::Fixed(seconds) => Some(*seconds),
            Rule::Named(zone) => zone.to_zoned(local).ok().map(|zoned| {
                // In a gap the moved time has another offset than the one that maps `local` to the
                // instant, which is this.
                let moved = zoned.datetime().duration_since(local).as_secs();
                zoned.offset().seconds().saturating_sub(i32::try_from(moved).unwrap_or(0))
            }),
        }
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        match text {
            "UTC" | "utc" | "Z" | "z" => Ok(Self::UTC),
            "local" => Self::local(),
            _ if text.starts_with(['+', '-']) => match super::offset(text) {
                Some(seconds) => Ok(Self(Rule::Fixed(seconds))),
                None => Err(ZoneError { zone: text.into() }),
            },
            name => Self::named(name),
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Fixed(0) => f.write_str("Zone(UTC)"),
            Rule::Fixed(seconds) => write!(f, "Zone({seconds:+} seconds)"),
            Rule::Named(zone) => write!(f, "Zone({})", zone.iana_name().unwrap_or("local")),
        }
    }
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no zone `{}`: give UTC, local, an offset as +02:00, or a name as Europe/Berlin",
            excerpt(&self.zone)
        )
    }
}

impl std::error::Error for ZoneError {}
