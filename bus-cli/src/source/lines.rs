//! The events of a file with one event a line as JSON, plain or gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use bus_core::wire::Reader;
use bus_core::{EventBus, Filter, ReadEvent};
use flate2::bufread::MultiGzDecoder;

use super::{Damage, Item};
use crate::Failure;

/// A longer line is damaged: it is not read into memory.
const LINE_BYTES: u64 = 256 << 20;

/// The first two bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

pub(super) fn read(
    path: &Path,
    filter: &Filter,
    mut each: impl FnMut(Item<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<Damage, Failure> {
    let mut input = lines_of(path)?;
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
            Err(error) => return Err(unreadable(path, &error)),
        }
        match event(&mut reader, &bytes) {
            Ok(Some((event, line))) if filter.is_empty() || filter.matches(&event) => {
                if each(Item::Event(event, line))?.is_break() {
                    return Ok(damage);
                }
            }
            Ok(_) => {}
            Err(error) => damage.note(number, error),
        }
    }
}

/// The event of a line; none of an empty one.
fn event<'a>(reader: &mut Reader, bytes: &'a [u8]) -> Result<Option<(ReadEvent, &'a str)>, String> {
    let line = std::str::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))?.trim();
    if line.is_empty() {
        return Ok(None);
    }
    reader.read(line).map(|event| Some((event, line))).map_err(|error| error.to_string())
}

/// Opens a file, or standard input for `-`, and decompresses it where it begins as gzip does.
pub(crate) fn lines_of(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    open(path).map_err(|error| unreadable(path, &error))
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let plain: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut plain = BufReader::with_capacity(1 << 16, plain);
    if plain.fill_buf()?.starts_with(&GZIP) {
        return Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(plain))));
    }
    Ok(Box::new(plain))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let name = if path == Path::new("-") { "standard input".into() } else { path.to_string_lossy() };
    Failure::source(format!("`{name}` cannot be read: {error}"))
}
