//! The command line of the replay.

use std::ffi::OsString;
use std::path::PathBuf;

use bus_core::wire::Zone;

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Reads a recorded session (one JSON event a line, plain or gzip), publishes it again and says what it saw.

usage: cargo run --example replay -- [OPTIONS] FILE

  --speed N    N times as fast as it was recorded (1: as it was); without it as fast as it goes
  --out FILE   write every event back, one JSON line each
  --lenient    also read lines of other systems, half surrogate pairs and NaN, and say what was changed
  --zone ZONE  what a timestamp without a zone means: UTC (default), local, or a name such as Europe/Berlin
  --help       this text

exit code: 0 everything read and delivered, 1 some lines were bad or events lost, 2 wrong call
";

/// A well-formed call.
pub(crate) struct Options {
    pub(crate) file: PathBuf,
    pub(crate) out: Option<PathBuf>,
    pub(crate) speed: Option<f64>,
    pub(crate) zone: Zone,
    pub(crate) lenient: bool,
}

/// The arguments of the replay.
pub(crate) enum Asked {
    Help,
    Replay(Options),
}

/// Parses the command line without the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(words);
    let (mut file, mut out, mut speed, mut zone, mut lenient) = (None, None, None, Zone::UTC, false);
    while let Some(word) = parser.next().map_err(line)? {
        match word {
            Long("help") | Short('h') => return Ok(Asked::Help),
            Long("lenient") => lenient = true,
            Long("out") => out = Some(PathBuf::from(parser.value().map_err(line)?)),
            Long("speed") => speed = Some(positive(&parser.value().map_err(line)?)?),
            Long("zone") => zone = named(&parser.value().map_err(line)?)?,
            Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
            other => return Err(format!("{} (see --help)", other.unexpected())),
        }
    }
    let file: PathBuf = file.ok_or("no file: name a recorded session (see --help)")?;
    if let (Some(out), Ok(file)) = (&out, file.canonicalize())
        && out.canonicalize().is_ok_and(|out| out == file)
    {
        return Err("--out is the file that is read: give it another name".into());
    }
    Ok(Asked::Replay(Options { file, out, speed, zone, lenient }))
}

fn positive(word: &OsString) -> Result<f64, String> {
    let number = word.to_str().and_then(|text| text.parse::<f64>().ok());
    number
        .filter(|speed| speed.is_finite() && *speed > 0.0)
        .ok_or_else(|| format!("--speed {}: give a number above 0", word.display()))
}

fn named(word: &OsString) -> Result<Zone, String> {
    let name = word.to_string_lossy();
    name.parse().map_err(|error| format!("--zone {name}: {error}"))
}

#[allow(clippy::needless_pass_by_value)] // what `map_err` takes
fn line(error: lexopt::Error) -> String {
    format!("{error} (see --help)")
}
