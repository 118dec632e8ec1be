//! The events of the definitions in `tests/hard`, for the tools of other people:
//!
//! * `hard docs FOLDER` writes their catalogue;
//! * `hard read` reads events from its input, one a line, and writes for each line `typed`, or why
//!   it is not.

#[path = "../tests/hard/mod.rs"]
#[allow(dead_code, reason = "the tests of the same definitions use the rest")]
mod hard;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use bus_agent as _; // links the agent's events
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
    let mut out = io::stdout().lock();
    for event in EventBus::new().reader().lines(io::stdin().lock()) {
        match event {
            Ok(event) => writeln!(out, "{}", outcome(&event))?,
            Err(error) => writeln!(out, "{error}")?,
        }
    }
    Ok(())
}

fn outcome(event: &ReadEvent) -> String {
    match event.decode_error() {
        Some(error) => error.to_string(),
        None if event.is_declared() => "typed".to_owned(),
        None => format!("no event of kind `{}` is declared", event.kind()),
    }
}
