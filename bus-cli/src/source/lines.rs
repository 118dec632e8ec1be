//! The events of a file with one event a line as JSON, plain or gzip.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::str::Utf8Error;
use std::thread;

use bus_core::wire::{Format, LineCause, Reader};
use bus_core::{EventBus, Filter, ReadEvent};

use super::gzip::Members;
use super::{Ask, Damage, Found, Item, Kept, Next, REST, has_id};
use crate::Failure;

/// A longer line is damaged: it is not read into memory.
const LINE_BYTES: u64 = 256 << 20;

/// The first two bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads events line by line.
struct Lines<'a> {
    path: &'a Path,
    input: Box<dyn BufRead>,
    is_packed: bool,
    identity: Identity,
    reader: Reader,
    bytes: Vec<u8>,
    /// The bytes are a line, and not the beginning of one that is still written.
    is_whole: bool,
    number: u64,
    /// How many bytes were read.
    end: u64,
    damage: Damage,
}

impl<'a> Lines<'a> {
    fn open(path: &'a Path) -> Result<Self, Failure> {
        let Opened { input, is_packed, identity } = open(path).map_err(|error| unreadable(path, &error))?;
        let reader = EventBus::builder().build().map_err(Failure::source)?.reader();
        let (bytes, damage) = (Vec::new(), Damage::default());
        let (is_whole, number, end) = (false, 0, 0);
        Ok(Self { path, input, is_packed, identity, reader, bytes, is_whole, number, end, damage })
    }

    /// Returns the next event; `None` at the end. `may_grow` says that a line without its end is
    /// not whole yet.
    fn next(&mut self, may_grow: bool) -> Result<Option<ReadEvent>, Failure> {
        loop {
            if std::mem::take(&mut self.is_whole) {
                self.bytes.clear();
            }
            let left = LINE_BYTES.saturating_sub(self.bytes.len() as u64);
            let read = (&mut self.input).take(left).read_until(b'\n', &mut self.bytes);
            self.end += read.as_ref().map_or(0, |bytes| *bytes as u64);
            if self.number == 0
                && let Some(format) = self.format()
            {
                return Err(Failure { code: 3, text: format!("`{}`: {format}", self.path.display()) });
            }
            match read {
                Ok(_) if may_grow && self.bytes.last() != Some(&b'\n') => return Ok(None),
                Ok(0) => return Ok(None),
                Ok(_) => (self.is_whole, self.number) = (true, self.number + 1),
                // The rest of a compressed file that ends early is lost; a plain one has no rest.
                Err(error) if self.number > 0 => {
                    self.damage.note(self.number + 1, error.to_string());
                    return Ok(None);
                }
                Err(error) => return Err(unreadable(self.path, &error)),
            }
            match self.event() {
                Ok(Some(event)) => return Ok(Some(event)),
                Ok(None) => {}
                Err(error) => self.damage.note(self.number, error),
            }
        }
    }

    /// Waits until there may be more.
    fn rest(&self) -> Result<(), Failure> {
        thread::sleep(REST);
        let file = std::fs::metadata(self.path).map_err(|error| unreadable(self.path, &error))?;
        if file.len() < self.end || self.identity != identity(&file) {
            let text = "was cut or replaced while it was followed: start again";
            return Err(Failure::source(format!("`{}` {text}", self.path.display())));
        }
        Ok(())
    }

    /// The format of a file that is not JSON lines, known by its first line.
    fn format(&self) -> Option<Format> {
        match self.reader.clone().lines(&*self.bytes).next()?.err()?.cause() {
            LineCause::Format(format) => Some(*format),
            _ => None,
        }
    }

    /// The event of the line; none of an empty one.
    fn event(&mut self) -> Result<Option<ReadEvent>, String> {
        let line = text(&self.bytes).map_err(|error| format!("it is not UTF-8: {error}"))?;
        match line {
            "" => Ok(None),
            line => self.reader.read(line).map(Some).map_err(|error| error.to_string()),
        }
    }

    /// The line of the event that was returned last.
    fn line(&self) -> &str {
        text(&self.bytes).unwrap_or_default()
    }
}

/// A line without its end, and without the byte order marks that some editors write: inside of a
/// file too, where one was put behind another.
fn text(line: &[u8]) -> Result<&str, Utf8Error> {
    std::str::from_utf8(line).map(|line| line.trim_start_matches('\u{feff}').trim())
}

pub(super) fn read(
    path: &Path,
    ask: &Ask<'_>,
    mut each: impl FnMut(Item<'_>) -> Next,
) -> Result<Damage, Failure> {
    let (mut lines, mut kept) = (Lines::open(path)?, Kept::new());
    let mut last = ask.last;
    let is_pipe = path == Path::new("-");
    let may_grow = ask.follow && !is_pipe;
    if may_grow && lines.is_packed {
        let text = "is compressed, so it does not grow: leave out `-f`";
        return Err(Failure::usage(format!("`{}` {text}", path.display())));
    }
    loop {
        while let Some(event) = lines.next(may_grow)? {
            if !ask.filter.is_empty() && !ask.filter.matches(&event) {
                continue;
            }
            if let Some(most) = last {
                kept.add(most, (event, lines.line().to_owned()));
                continue;
            }
            let next = each(Item::Event(event, lines.line()))?;
            // Nobody knows when a pipe has its next line.
            if next.is_break() || (is_pipe && ask.follow && each(Item::Idle)?.is_break()) {
                return Ok(lines.damage);
            }
        }
        last = None;
        hand_on(&mut kept, &mut each)?;
        if !may_grow || each(Item::Idle)?.is_break() {
            return Ok(lines.damage);
        }
        lines.rest()?;
    }
}

/// Hands on the events that were kept, until the reader wants no more.
fn hand_on(
    kept: &mut Kept<(ReadEvent, String)>,
    each: &mut impl FnMut(Item<'_>) -> Next,
) -> Result<(), Failure> {
    for (event, line) in kept.take() {
        if each(Item::Event(event, &line))?.is_break() {
            break;
        }
    }
    Ok(())
}

pub(super) fn around(
    path: &Path,
    (id, count): (&str, usize),
    filter: &Filter,
    mut each: impl FnMut(Item<'_>) -> Next,
) -> Result<Damage, Failure> {
    let (mut lines, mut kept) = (Lines::open(path)?, Kept::new());
    // How many are still to come, once the event was found.
    let mut left = None;
    while left != Some(0) {
        let Some(event) = lines.next(false)? else { break };
        let is_it = left.is_none() && has_id(&event, id);
        if is_it {
            left = Some(count);
            hand_on(&mut kept, &mut each)?;
        } else if !filter.matches(&event) {
            continue;
        } else if let Some(left) = &mut left {
            *left -= 1;
        } else {
            kept.add(count, (event, lines.line().to_owned()));
            continue;
        }
        if each(Item::Event(event, lines.line()))?.is_break() {
            break;
        }
    }
    Ok(lines.damage)
}

pub(super) fn find(path: &Path, id: &str) -> Result<Found, Failure> {
    let (mut lines, mut found) = (Lines::open(path)?, None);
    while let Some(event) = lines.next(false)? {
        if has_id(&event, id) {
            found = Some((event, lines.line().to_owned()));
            break;
        }
    }
    Ok(Found { event: found, damage: lines.damage, gaps: Vec::new() })
}

/// Opens a file, or standard input for `-`, and decompresses it where it begins as gzip does.
pub(crate) fn lines_of(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    open(path).map(|opened| opened.input).map_err(|error| unreadable(path, &error))
}

/// An open file.
struct Opened {
    /// Its text.
    input: Box<dyn BufRead>,
    is_packed: bool,
    identity: Identity,
}

fn open(path: &Path) -> io::Result<Opened> {
    let (plain, identity): (Box<dyn Read>, _) = if path == Path::new("-") {
        (Box::new(io::stdin()), Identity::default())
    } else {
        let file = File::open(path)?;
        let identity = identity(&file.metadata()?);
        (Box::new(file), identity)
    };
    let mut plain = BufReader::with_capacity(1 << 16, plain);
    let is_packed = plain.fill_buf()?.starts_with(&GZIP);
    let input: Box<dyn BufRead> = if is_packed {
        Box::new(BufReader::with_capacity(1 << 16, Members::new(plain)))
    } else {
        Box::new(plain)
    };
    Ok(Opened { input, is_packed, identity })
}

/// The device and the number of a file, which another file of the same name does not have. They
/// are zeros where the system has no such numbers.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(file: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    Identity::default()
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let name = if path == Path::new("-") { "standard input".into() } else { path.to_string_lossy() };
    Failure::source(format!("`{name}` cannot be read: {error}"))
}
