//! Events in their order, to be compared.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::str::FromStr;

use super::Recorder;
use crate::bus::EventBus;
use crate::event::ReadEvent;
use crate::wire::{LineCause, LineError};

/// Events in their order: of a [`Recorder`], of JSON lines, or of any iterator.
///
/// [`Compare`](super::Compare) compares two of them. `collect` makes one of published events and
/// of events that were read, and `to_string` writes one as JSON lines.
///
/// ```
/// use bus_core::EventBus;
/// use bus_core::testing::{Recorder, Recording};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = EventBus::new();
/// let recorder = Recorder::new(&bus);
/// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
///
/// let live = Recording::from(&recorder);
/// let lines = live.to_string();
/// let read: Recording = lines.parse()?;
/// assert_eq!(read.events()[0].kind(), "asked");
/// // A reader with settings of your own; the errors are those of the lines.
/// let read: Recording = bus.reader().lines(lines.as_bytes()).collect::<Result<_, _>>()?;
/// assert_eq!(read.events().len(), 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Recording {
    events: Vec<ReadEvent>,
}

impl Recording {
    /// Reads a file with one event a line as JSON. Times without a zone are in UTC.
    ///
    /// # Errors
    /// If the file cannot be read, or one of its lines is no event; the error names the file and
    /// the line.
    pub fn from_file(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let named =
            |kind, error: &dyn fmt::Display| io::Error::new(kind, format!("`{}`: {error}", path.display()));
        let file = File::open(path).map_err(|error| named(error.kind(), &error))?;
        EventBus::new().reader().lines(BufReader::new(file)).collect::<Result<_, _>>().map_err(|error| {
            let kind = match error.cause() {
                LineCause::Io(error) => error.kind(),
                _ => io::ErrorKind::InvalidData,
            };
            named(kind, &error)
        })
    }

    /// Returns the events, in their order.
    pub fn events(&self) -> &[ReadEvent] {
        &self.events
    }
}

/// Reads JSON lines; the first line that is no event is the error.
impl FromStr for Recording {
    type Err = LineError;

    fn from_str(lines: &str) -> Result<Self, LineError> {
        EventBus::new().reader().lines(lines.as_bytes()).collect()
    }
}

/// Writes the events as JSON lines, as [`ReadEvent::to_json`] does.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.iter().try_for_each(|event| writeln!(f, "{}", event.to_json()))
    }
}

/// The events so far.
impl From<&Recorder> for Recording {
    fn from(recorder: &Recorder) -> Self {
        recorder.events().into_iter().collect()
    }
}

impl<E: Into<ReadEvent>> FromIterator<E> for Recording {
    fn from_iter<I: IntoIterator<Item = E>>(events: I) -> Self {
        Self { events: events.into_iter().map(Into::into).collect() }
    }
}

impl<E: Into<ReadEvent>> Extend<E> for Recording {
    fn extend<I: IntoIterator<Item = E>>(&mut self, events: I) {
        self.events.extend(events.into_iter().map(Into::into));
    }
}
