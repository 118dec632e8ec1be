//! The id of a published event, and the cursor that a reader resumes from.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;
use std::time::SystemTime;

use crate::excerpt::excerpt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A position in the log of one run of one bus: the id of an event, which is its position in the
/// log of the bus that first published it ([`Event::id`](crate::Event::id)), or the cursor to
/// resume from, which is its position in the log of this bus
/// ([`Event::cursor`](crate::Event::cursor)).
///
/// It is written `<run>-<seq>`, the run as 16 hexadecimal digits. A reader that resumes after a
/// restart learns from the run that its position is in another run, instead of getting the wrong
/// events.
///
/// ```
/// use bus_core::EventId;
///
/// let id: EventId = "00c0ffee00c0ffee-42".parse()?;
/// assert_eq!(id.seq(), 42);
/// assert_eq!(id.to_string(), "00c0ffee00c0ffee-42");
/// # Ok::<(), bus_core::InvalidEventId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    run: u64,
    seq: u64,
}

impl EventId {
    /// Makes the id of a position in a run, for a [`Store`](crate::store::Store) that keeps the two
    /// as numbers.
    #[inline]
    pub fn new(run: u64, seq: u64) -> Self {
        Self { run, seq }
    }

    /// The run of the bus, as a number.
    pub fn run(self) -> u64 {
        self.run
    }

    /// The position in that run, from 1.
    pub fn seq(self) -> u64 {
        self.seq
    }
}

/// A number for one run of one bus that no other run has: two random words of the standard
/// library's hasher over the clock and the process id.
pub(crate) fn new_run() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    hasher.write_u128(since_epoch.as_nanos());
    hasher.write_u32(std::process::id());
    hasher.finish()
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.run, self.seq)
    }
}

/// As its text, so that it is the same wherever it is shown.
impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({self})")
    }
}

/// A text that is not an event id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidEventId(String);

impl fmt::Display for InvalidEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not an event id: it must be `<run>-<seq>`, 16 hexadecimal digits and a number, as `EventId` prints it",
            excerpt(&self.0)
        )
    }
}

impl std::error::Error for InvalidEventId {}

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        let parse = || {
            let (run, seq) = text.split_at_checked(16)?;
            let seq = seq.strip_prefix('-')?;
            let digit = |byte| char::from(byte).to_digit(16).map(u64::from);
            let run = run.bytes().try_fold(0, |run, byte| Some(run << 4 | digit(byte)?))?;
            // Other numbers may begin with a sign, but not this one.
            seq.starts_with(|char: char| char.is_ascii_digit())
                .then_some(Self { run, seq: seq.parse().ok()? })
        };
        // A cursor comes from outside, so the error shows only its beginning.
        parse().ok_or_else(|| InvalidEventId(text.chars().take(40).collect()))
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
