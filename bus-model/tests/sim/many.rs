//! Runs many seeds in processes of their own, and begins anew behind one that failed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::features::{self, Features};
use super::one::Seeds;
use super::rng::Rng;
use super::world::locked;

/// Failpoints of the bus, each of which some program must see.
pub(crate) const FAULTS: &[&str] = &[
    "step_in_two",
    "drop_uncounted",
    "permit_kept",
    "reader_unwoken",
    "receipt_unwoken",
    "ring_waited_for",
    "next_lost",
    "end_unwoken",
    "gap_unreported",
];

/// A seed and its failure.
pub(crate) type Failed = (u64, String);

/// Runs the seeds on all processors, with a fault where there is one: then up to the first that
/// fails.
pub(crate) fn run(from: u64, seeds: u64, fault: Option<&str>) -> Vec<Failed> {
    let to = from + seeds;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let (failed, enough) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for job in 0..jobs {
            let (failed, enough) = (&failed, &enough);
            let mut seeds = Seeds { from: from + job as u64, to, step: jobs };
            scope.spawn(move || {
                while seeds.from < to && !enough.load(Ordering::Relaxed) {
                    let Some(next) = part(&seeds, fault) else { break };
                    seeds.from = next.0 + jobs as u64;
                    if fault.is_none() {
                        print(&next);
                    }
                    enough.fetch_or(fault.is_some(), Ordering::Relaxed);
                    locked(failed).push(next);
                }
            });
        }
    });
    let mut failed = std::mem::take(&mut *locked(&failed));
    failed.sort_unstable();
    if fault.is_none() {
        summary(from, to, &failed);
    }
    failed
}

fn print((seed, why): &Failed) {
    let without = features::without();
    println!("seed {seed}: {why}");
    println!("    again: cargo xtask sim --from {seed} --seeds 1 --trace --without '{without}'");
}

/// Returns the actions of the programs of some seeds.
pub(crate) fn trace(seeds: u64) -> Vec<u8> {
    let mut command = child(&Seeds { from: 0, to: seeds, step: 1 });
    command.env("BUS_SIM_TRACE", "1").output().unwrap().stderr
}

fn child(seeds: &Seeds) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "every_program_keeps_the_promises", "--nocapture", "--test-threads", "1"])
        .env("BUS_SIM_RUN", format!("{} {} {}", seeds.from, seeds.to, seeds.step));
    command
}

/// Runs seeds in one process; the first that failed, if one did.
fn part(seeds: &Seeds, fault: Option<&str>) -> Option<Failed> {
    let mut command = child(seeds);
    command.stdout(Stdio::piped());
    if let Some(fault) = fault {
        command.env("BUS_FAULT", fault);
    }
    if std::env::var_os("BUS_SIM_TRACE").is_none() {
        command.stderr(Stdio::null());
    }
    let mut child = command.spawn().unwrap();
    let (mut at, mut wrong, mut failed, mut done) = (seeds.from, Vec::new(), None, false);
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let Some((_, line)) = line.split_once("sim: ") else { continue };
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "at" => at = rest.parse().unwrap_or(at),
            "wrong" => wrong.push(rest.to_owned()),
            "failed" => failed = Some(rest.split_once(' ').unwrap_or_default().1.to_owned()),
            "done" => done = true,
            _ => {}
        }
    }
    let status = child.wait().unwrap();
    if done && status.success() {
        return None;
    }
    let why = failed.unwrap_or_else(|| {
        let drawn = Features::draw(&mut Rng::new(at)).names();
        let why = wrong.pop().unwrap_or_else(|| format!("the process ends with {status}"));
        format!("[{drawn}] {why}")
    });
    Some((at, why))
}

/// Counts the failures by their text, without its numbers.
fn summary(from: u64, to: u64, failed: &[Failed]) {
    let mut sorts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (seed, why) in failed {
        let text = why.split_once("] ").map_or(why.as_str(), |(_, text)| text);
        let sort = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        sorts.entry(sort).or_default().push(*seed);
    }
    println!("{} programs, {} failed", to - from, failed.len());
    for (sort, seeds) in sorts {
        println!("{:>6}  {sort}  (seeds {:?})", seeds.len(), &seeds[..seeds.len().min(4)]);
    }
}
