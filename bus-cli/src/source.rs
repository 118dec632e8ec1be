//! A recording: one event a line as JSON, plain or gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use bus_core::wire::Reader;
use bus_core::{EventBus, ReadEvent};
use flate2::bufread::MultiGzDecoder;

use crate::Failure;

/// A longer line is damaged: it is not read into memory.
const LINE_BYTES: u64 = 256 << 20;

/// The first two bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// One event of a recording, with its line as it was written.
pub(crate) struct Found<'a> {
    pub(crate) event: ReadEvent,
    pub(crate) line: &'a str,
}

/// The lines that are no events.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    pub(crate) lines: u64,
    /// The first of them, and its error.
    pub(crate) first: Option<(u64, String)>,
}

/// Reads a recording from its first event on, until `each` ends it.
pub(crate) fn read(
    path: &Path,
    mut each: impl FnMut(Found<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<Damage, Failure> {
    let name = if path == Path::new("-") { "standard input".into() } else { path.to_string_lossy() };
    let failed = |error: io::Error| Failure::source(format!("`{name}` cannot be read: {error}"));
    let mut input = open(path).map_err(failed)?;
    let bus = EventBus::builder().build().map_err(Failure::source)?;
    let (mut reader, mut damage) = (bus.reader(), Damage::default());
    let (mut bytes, mut number) = (Vec::new(), 0);
    loop {
        bytes.clear();
        number += 1;
        match (&mut input).take(LINE_BYTES).read_until(b'\n', &mut bytes) {
            Ok(0) => return Ok(damage),
            Ok(_) => {}
            // The rest of a compressed file that ends early is lost; a plain one has no rest.
            Err(error) if number > 1 => {
                damage.note(number, error.to_string());
                return Ok(damage);
            }
            Err(error) => return Err(failed(error)),
        }
        let read =
            event(&mut reader, &bytes).and_then(|read| read.map_err(|error| damage.note(number, error)).ok());
        if let Some(found) = read
            && each(found)?.is_break()
        {
            return Ok(damage);
        }
    }
}

/// The event of a line; none of an empty one.
fn event<'a>(reader: &mut Reader, bytes: &'a [u8]) -> Option<Result<Found<'a>, String>> {
    let line = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim(),
        Err(error) => return Some(Err(format!("it is not UTF-8: {error}"))),
    };
    if line.is_empty() {
        return None;
    }
    Some(reader.read(line).map(|event| Found { event, line }).map_err(|error| error.to_string()))
}

/// Opens the recording, and decompresses it where it begins as gzip does.
fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let plain: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut plain = BufReader::with_capacity(1 << 16, plain);
    if plain.fill_buf()?.starts_with(&GZIP) {
        return Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(plain))));
    }
    Ok(Box::new(plain))
}

impl Damage {
    fn note(&mut self, line: u64, error: String) {
        self.lines += 1;
        self.first.get_or_insert((line, error));
    }

    /// Says what is damaged, if anything.
    pub(crate) fn report(&self) {
        if let Some((line, error)) = &self.first {
            let lines = self.lines;
            let what = if lines == 1 {
                "1 line is no event:".to_owned()
            } else {
                format!("{lines} lines are no events; the first is")
            };
            eprintln!("! {what} line {line}: {error}");
        }
    }
}
