//! Two revisions in one run: each round measures all of them, in an order that is shuffled.

use std::path::Path;
use std::time::Duration;

use super::program::Program;
use super::workload::{ALL, Workload, is_chosen};
use super::{atomics, build, callgrind};
use crate::task::Failure;

/// The number of sides: the revision, this folder, and the revision once more, whose ratio to
/// itself is the noise.
const SIDES: usize = 3;

/// How much is measured.
struct Effort {
    /// How often the programs are started anew, because the position of a program in memory makes
    /// it faster or slower.
    starts: usize,
    /// Rounds for each start.
    rounds: usize,
    /// The same for a workload that is long.
    long_rounds: usize,
    slice: Duration,
}

const FULL: Effort = Effort { starts: 5, rounds: 9, long_rounds: 1, slice: Duration::from_millis(5) };
const QUICK: Effort = Effort { starts: 3, rounds: 5, long_rounds: 1, slice: Duration::from_millis(2) };

/// The revision to compare with, and the settings.
pub(super) struct Asked<'a> {
    pub(super) revision: &'a str,
    pub(super) workloads: &'a [String],
    pub(super) quick: bool,
    pub(super) instructions: bool,
}

pub(super) fn run(asked: &Asked<'_>) -> Result<(), Failure> {
    let chosen: Vec<_> = ALL.iter().filter(|workload| is_chosen(workload, asked.workloads)).collect();
    if chosen.is_empty() {
        return Err(Failure::usage("no workload of that name is compared; `--help` lists the letters"));
    }
    let (old, own) = (build::of_revision(asked.revision)?, build::own()?);
    times(asked, &chosen, &[&old, &own, &old])?;
    if asked.instructions {
        match callgrind::missing() {
            Some(missing) => println!("\ninstructions are left out: {missing}"),
            None => instructions(asked.revision, &chosen, &old, &own)?,
        }
    }
    Ok(())
}

fn times(asked: &Asked<'_>, chosen: &[&Workload], programs: &[&Path; SIDES]) -> Result<(), Failure> {
    let effort = if asked.quick { QUICK } else { FULL };
    let mut taken: Vec<[Vec<f64>; SIDES]> = chosen.iter().map(|_| Default::default()).collect();
    let mut order = Shuffled { order: [0, 1, 2], random: 0x9E37_79B9_7F4A_7C15 };
    for _ in 0..effort.starts {
        let mut running = Vec::new();
        for program in programs {
            running.push(Program::start(program)?);
        }
        for (workload, taken) in chosen.iter().zip(&mut taken) {
            let times = running[0].fit(workload, effort.slice)?;
            // The first run fills the caches and grows what grows once.
            for program in running.iter_mut().filter(|_| !workload.long) {
                program.take(workload, times)?;
            }
            let rounds = if workload.long { effort.long_rounds } else { effort.rounds };
            for _ in 0..rounds {
                for side in order.next() {
                    taken[side].push(running[side].take(workload, times)?);
                }
            }
        }
    }
    println!(
        "\nmedians; the ratio is to {}, and so is the noise, which is {0} against itself",
        asked.revision
    );
    let (revision, unit) = (shortened(asked.revision), "unit");
    println!("{:<38} {revision:>12} {:>12} {unit:<14} {:>6} {:>6}", "", "this folder", "ratio", "noise");
    for (workload, [old, own, again]) in chosen.iter().zip(&taken) {
        let Workload { title, unit, .. } = workload;
        let (before, now) = (number(median(old)), number(median(own)));
        let (ratio, noise) = (ratio(own, old), ratio(again, old));
        println!("{title:<38} {before:>12} {now:>12} {unit:<14} {ratio:>6.2} {noise:>6.2}");
    }
    Ok(())
}

fn instructions(revision: &str, chosen: &[&Workload], old: &Path, own: &Path) -> Result<(), Failure> {
    let revision = shortened(revision);
    println!("\ncounted for one publish: instructions, and atomic read-modify-writes");
    let (first, folder) = ("", "this folder");
    println!("{first:<38} {revision:>12} {folder:>12} {:>12} {revision:>12} {folder:>12}", "ratio");
    for workload in chosen.iter().filter(|workload| workload.publishes > 0) {
        let (before, now) = (atomics::count(old, workload)?, atomics::count(own, workload)?);
        let (a, b) = (before.instructions, now.instructions);
        let shown =
            |count: &atomics::Counted| count.atomics.map_or_else(String::new, |it| format!("{it:.1}"));
        let title = workload.title.trim_end_matches(", a handler").trim_end_matches(", a delivery");
        print!("{title:<38} {a:>12.0} {b:>12.0} {:>12.2}", b / a);
        println!(" {:>12} {:>12}", shown(&before), shown(&now));
    }
    Ok(())
}

/// The sides in an order that changes with each round, so that no side always follows the same
/// other one.
struct Shuffled {
    order: [usize; SIDES],
    random: u64,
}

impl Shuffled {
    /// Fisher and Yates's shuffle with Marsaglia's xorshift: the same orders at each run.
    fn next(&mut self) -> [usize; SIDES] {
        for at in [2, 1] {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            let other = if at == 2 { self.random % 3 } else { self.random % 2 };
            self.order.swap(at, usize::try_from(other).unwrap_or_default());
        }
        self.order
    }
}

/// The median of the ratios of the rounds: a disturbance of a round disturbs both of its sides.
fn ratio(own: &[f64], to: &[f64]) -> f64 {
    median(&own.iter().zip(to).map(|(own, to)| own / to).collect::<Vec<_>>())
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { f64::midpoint(sorted[half - 1], sorted[half]) }
}

fn number(number: f64) -> String {
    if number < 1_000.0 { format!("{number:.2}") } else { format!("{number:.0}") }
}

fn shortened(revision: &str) -> String {
    revision.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_comes_up() {
        let mut shuffled = Shuffled { order: [0, 1, 2], random: 0x9E37_79B9_7F4A_7C15 };
        let mut seen: Vec<_> = (0..100).map(|_| shuffled.next()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn a_ratio_is_that_of_the_rounds() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(ratio(&[2.0, 20.0, 200.0], &[1.0, 10.0, 10.0]), 2.0));
        assert!(close(median(&[4.0, 1.0, 2.0, 3.0]), 2.5));
    }
}
