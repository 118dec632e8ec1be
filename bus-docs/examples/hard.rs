//! The events of the definitions in `tests/hard`, for the tools of other people:
//!
//! * `hard docs FOLDER` writes their catalogue;
//! * `hard read` reads events from its input, one a line, and writes for each line `typed` and the
//!   data that a bus writes for its payload, or why it is not.

#[path = "../tests/hard/mod.rs"]
#[allow(dead_code, reason = "the tests of the same definitions use the rest")]
mod hard;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use bus_agent as _; // links the agent's events
use bus_core::catalogue::Catalogue;
use bus_core::{EventBus, ReadEvent};
use bus_docs::{Catalog, Format, write_files};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["docs", folder] => docs(Path::new(folder))?,
        ["read"] => read()?,
        _ => return Err("write `hard docs FOLDER` or `hard read`".into()),
    }
    Ok(())
}

fn docs(folder: &Path) -> io::Result<()> {
    let catalog = Catalog::of("Hard types", &hard::events());
    for format in Format::ALL {
        write_files(folder, &format.render(&catalog))?;
    }
    println!("{} events in {}", catalog.events.len(), folder.display());
    Ok(())
}

fn read() -> io::Result<()> {
    let (bus, mut out) = (EventBus::new(), io::stdout().lock());
    let known = bus.catalogue();
    for event in bus.reader().lines(io::stdin().lock()) {
        match event.map_err(|error| error.to_string()).and_then(|event| outcome(&event, &known)) {
            Ok(data) => writeln!(out, "typed {data}")?,
            Err(refusal) => writeln!(out, "{refusal}")?,
        }
    }
    Ok(())
}

/// The data that a bus writes for the payload of the event, or why it has none.
fn outcome(event: &ReadEvent, known: &Catalogue) -> Result<String, String> {
    if let Some(error) = event.decode_error() {
        return Err(error.to_string());
    }
    let Some(declared) = known.get(event.kind()) else {
        return Err(format!("no event of kind `{}` is declared", event.kind()));
    };
    let data = event.raw_data().unwrap_or_default();
    let payload = declared.decode_version(data, event.version()).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    payload.encode_json(&mut out).map_err(|error| error.to_string())?;
    String::from_utf8(out).map_err(|error| error.to_string())
}
