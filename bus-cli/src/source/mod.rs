//! A recording: a journal, one event a line as JSON, or a bus that is served over HTTP.

mod damage;
mod gap;
mod gzip;
#[cfg(feature = "web")]
mod http;
mod journal;
mod kept;
mod lines;

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bus_core::{Filter, ReadEvent};
use bus_journal::{Journal, Reader};

pub(crate) use damage::Damage;
pub(crate) use gap::Gap;
pub(crate) use journal::failed;
pub(crate) use kept::Kept;
pub(crate) use lines::lines_of;

use crate::Failure;
use crate::output::Output;

/// The first bytes of a database.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// How long a source that is followed rests before it is asked again.
const REST: Duration = Duration::from_millis(25);

/// A recording.
pub(crate) enum Source {
    Journal(Reader),
    Lines(PathBuf),
    #[cfg(feature = "web")]
    Http(http::Address),
}

/// One item of a recording, in its order.
pub(crate) enum Item<'a> {
    /// An event, with its line as it was written.
    Event(ReadEvent, &'a str),
    /// Events that the source lacks.
    Gap(Gap),
    /// All events were read that there are now. Only where the source is followed.
    Idle,
}

/// The part of a recording that is read.
pub(crate) struct Ask<'a> {
    pub(crate) filter: &'a Filter,
    /// Only so many of the events, the last ones.
    pub(crate) last: Option<usize>,
    /// Goes on with what is recorded meanwhile.
    pub(crate) follow: bool,
}

/// The search for one event.
#[derive(Default)]
pub(crate) struct Found {
    /// The event and its line, if it is there.
    pub(crate) event: Option<(ReadEvent, String)>,
    /// Damaged lines that were read on the way, and the gaps.
    pub(crate) damage: Damage,
    /// The gaps of a journal that does not have the event.
    pub(crate) gaps: Vec<Gap>,
}

/// Whether the reader of an item wants the next one.
pub(crate) type Next = Result<ControlFlow<()>, Failure>;

/// Goes on with the next item.
pub(crate) const MORE: Next = Ok(ControlFlow::Continue(()));

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        #[cfg(feature = "web")]
        if let Some(address) = path.to_str().and_then(http::Address::parse) {
            return address.map(Self::Http);
        }
        #[cfg(not(feature = "web"))]
        if path.to_str().is_some_and(|path| path.starts_with("http://") || path.starts_with("https://")) {
            let fix = "this `bus` was built without the feature `web`, which reads from servers";
            return Err(Failure::usage(format!("`{}`: {fix}", path.display())));
        }
        if is_journal(path) {
            Journal::read(path).map(Self::Journal).map_err(|error| Failure::open(path, &error))
        } else {
            Ok(Self::Lines(path.to_owned()))
        }
    }

    /// Reads the events that are asked for, and the gaps between them, until `each` ends it.
    pub(crate) fn read(&self, ask: &Ask<'_>, each: impl FnMut(Item<'_>) -> Next) -> Result<Damage, Failure> {
        match self {
            Self::Journal(journal) => journal::read(journal, ask, each),
            Self::Lines(path) => lines::read(path, ask, each),
            #[cfg(feature = "web")]
            Self::Http(address) => http::read(address, ask, each),
        }
    }

    /// Reads all events that fit a filter, and the gaps between them, until `each` ends it.
    pub(crate) fn all(&self, filter: &Filter, each: impl FnMut(Item<'_>) -> Next) -> Result<Damage, Failure> {
        self.read(&Ask { filter, last: None, follow: false }, each)
    }

    /// Writes the gaps that an answer of a journal with this filter has.
    pub(crate) fn gaps(&self, filter: &Filter, output: &mut Output) -> Result<Damage, Failure> {
        let mut damage = Damage::default();
        if let Self::Journal(journal) = self {
            for gap in journal::gaps(journal, filter)? {
                damage.places += 1;
                output.gap(&Gap::from(&gap))?;
            }
        }
        Ok(damage)
    }

    /// Reads the event with this id, and as many of those that fit the filter before and after it.
    pub(crate) fn around(
        &self,
        (id, count): (&str, usize),
        filter: &Filter,
        each: impl FnMut(Item<'_>) -> Next,
    ) -> Result<Damage, Failure> {
        match self {
            Self::Journal(journal) => journal::around(journal, (id, count), filter, each),
            Self::Lines(path) => lines::around(path, (id, count), filter, each),
            #[cfg(feature = "web")]
            Self::Http(address) => http::around(address, (id, count), filter, each),
        }
    }

    /// Looks for the event with this id.
    pub(crate) fn find(&self, id: &str) -> Result<Found, Failure> {
        match self {
            Self::Journal(journal) => journal::find(journal, id),
            Self::Lines(path) => lines::find(path, id),
            #[cfg(feature = "web")]
            Self::Http(address) => http::find(address, id),
        }
    }
}

/// Whether this is the id of the event, as its own or as another system gave it.
pub(crate) fn has_id(event: &ReadEvent, id: &str) -> bool {
    match event.foreign_id() {
        Some(foreign) => foreign == id,
        None => event.id().is_some_and(|own| own.to_string() == id),
    }
}

/// Whether a file is a database. One that cannot be opened is none: reading it says why.
fn is_journal(path: &Path) -> bool {
    let mut start = [0; SQLITE.len()];
    path != Path::new("-")
        && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok_and(|()| start == SQLITE)
}
