//! `cargo xtask bench compile`: the build time of a definition file, compared with the same structs
//! under serde's derives.

mod clock;
mod source;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use self::clock::Clock;
use self::source::Layer;
use crate::process::{cargo, cargo_in};
use crate::task::{Failure, Task};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "bench compile",
    summary: "Measure the build time of definition files.",
    help: "
Usage: cargo xtask bench compile [--rounds N]

Writes definition files of 40 and 400 events with five fields each, and the same payloads by hand with serde's derives.
Builds both (check, dev, release; nothing incremental, dependencies built before), the rounds interleaved, and prints the
best of N (3 unless set), the ratio, the growth from 40 to 400, and the cost of each part of the generated code.
Seconds are processor time where the system reports it (Linux), so that other work on the machine does not count.

Exit code: 0 if check and dev are at most 1.0 times and release at most 1.5 times the hand-written file.",
    run,
};

const SIZES: [usize; 2] = [40, 400];
/// The number of events that the large file has and the small one does not.
const FURTHER: f64 = 360.0;

/// A way to build, and the most it may cost as a multiple of the hand-written file.
struct Mode {
    name: &'static str,
    arguments: &'static [&'static str],
    most: f64,
}

const MODES: [Mode; 3] = [
    Mode { name: "check", arguments: &["check"], most: 1.0 },
    Mode { name: "dev", arguments: &["build"], most: 1.0 },
    Mode { name: "release", arguments: &["build", "--release"], most: 1.5 },
];

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut rounds = 3;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("rounds") => rounds = lexopt::ValueExt::parse(&parser.value()?)?,
            other => return Err(other.unexpected().into()),
        }
    }
    let folder = workspace::target_folder()?.join("bench-compile");
    write_crates(&folder)?;
    let mut over = Vec::new();
    for mode in &MODES {
        let [small, large] =
            [compare(&folder, mode, SIZES[0], rounds)?, compare(&folder, mode, SIZES[1], rounds)?];
        println!("  a further event costs {:.2} ms", (large.1 - small.1) * 1000.0 / FURTHER);
        if large.1 > mode.most * large.0 {
            over.push(format!(
                "{} is {:.2} times by hand, at most {:.1}",
                mode.name,
                large.1 / large.0,
                mode.most
            ));
        }
    }
    shares(&folder, rounds)?;
    if over.is_empty() { Ok(()) } else { Err(Failure::found(over.join("; "))) }
}

/// Seconds of the hand-written file and of the derive.
fn compare(folder: &Path, mode: &Mode, events: usize, rounds: u32) -> Result<(f64, f64), Failure> {
    let names = [format!("hand-{events}"), format!("derive-{events}")];
    let times = measure(folder, mode, &names, rounds)?;
    println!(
        "{:7} {events:3} events: by hand {:.2} s, derive {:.2} s: {:.2} times",
        mode.name,
        times[0],
        times[1],
        times[1] / times[0]
    );
    Ok((times[0], times[1]))
}

/// Prints the time that each part of the generated code adds, from the payload structs up, and its
/// share. The parts are built as text, with the output of the derive written into the file; reading
/// that much text can cost more than running the derive.
fn shares(folder: &Path, rounds: u32) -> Result<(), Failure> {
    let names: Vec<String> =
        Layer::ALL.iter().map(|layer| layer.package()).chain([derive(SIZES[1])]).collect();
    let mut rows: Vec<String> = Layer::ALL.iter().map(|layer| format!("  {:32}", layer.label())).collect();
    let mut head = format!("{:34}", format!("added by each part at {} events", SIZES[1]));
    let mut sum = format!("  {:32}", "together, as text");
    let mut whole = format!("  {:32}", "written by the derive");
    for mode in &MODES {
        let times = measure(folder, mode, &names, rounds)?;
        let (text, derived) = (times[Layer::ALL.len() - 1], times[Layer::ALL.len()]);
        let _ = write!(head, "{:>16}", mode.name);
        let _ = write!(sum, "{text:9.2} s     ");
        let _ = write!(whole, "{derived:9.2} s     ");
        let mut before = 0.0;
        for (row, time) in rows.iter_mut().zip(times) {
            let _ = write!(row, "{:9.2} s {:3.0}%", time - before, (time - before) / text * 100.0);
            before = time;
        }
    }
    println!("\n{head}\n{}\n{sum}\n{whole}", rows.join("\n"));
    Ok(())
}

fn derive(events: usize) -> String {
    format!("derive-{events}")
}

/// The best of some rounds for each package. A round builds each of them once, so that a slow spell
/// of the machine affects all of them.
fn measure(folder: &Path, mode: &Mode, names: &[String], rounds: u32) -> Result<Vec<f64>, Failure> {
    let mut best = vec![f64::INFINITY; names.len()];
    // The first round also builds the dependencies, so it does not count.
    for round in 0..=rounds {
        for (name, best) in names.iter().zip(&mut best) {
            let seconds = build(folder, mode, name)?;
            if round > 0 {
                *best = best.min(seconds);
            }
        }
    }
    Ok(best)
}

fn build(folder: &Path, mode: &Mode, package: &str) -> Result<f64, Failure> {
    let source = source_file(folder, package);
    let text = fs::read(&source)?;
    fs::write(&source, text)?;
    let clock = Clock::start();
    let output = cargo_in(folder, &folder.join("target"))
        .args(mode.arguments)
        .args(["--quiet", "--package", package])
        .env("CARGO_INCREMENTAL", "0")
        .output()?;
    let seconds = clock.seconds();
    if output.status.success() {
        return Ok(seconds);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let first: Vec<&str> = text.lines().take(20).collect();
    Err(Failure::found(format!("`{package}` does not build:\n{}", first.join("\n"))))
}

fn source_file(folder: &Path, package: &str) -> PathBuf {
    folder.join(package).join("src/lib.rs")
}

/// Writes a workspace of its own that locks the same versions as this one.
fn write_crates(folder: &Path) -> Result<(), Failure> {
    let mut packages = Vec::new();
    for events in SIZES {
        packages.push((format!("hand-{events}"), source::by_hand(events)));
        packages.push((derive(events), source::definition(events)));
    }
    let expanded = expand(&source::definition_enum(SIZES[1]))?;
    let layers = source::layers(&expanded, SIZES[1]);
    let layers =
        layers.map_err(|error| Failure::found(format!("the output of the derive is not Rust: {error}")))?;
    packages.extend(layers);
    let root = workspace::root();
    for (name, text) in &packages {
        fs::create_dir_all(folder.join(name).join("src"))?;
        fs::write(source_file(folder, name), text)?;
        fs::write(folder.join(name).join("Cargo.toml"), source::manifest(name, &root))?;
    }
    let members: Vec<String> = packages.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    fs::write(folder.join("Cargo.toml"), workspace)?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

/// Returns the code that the derive generates for a definition.
fn expand(definition: &str) -> Result<String, Failure> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "bus-derive-tests", "--example", "expand"]);
    let mut child = spawn(&mut command)?;
    if let Some(mut input) = child.stdin.take() {
        std::io::Write::write_all(&mut input, definition.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(Failure::found("the definition was not expanded"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn spawn(command: &mut Command) -> Result<std::process::Child, Failure> {
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
}
