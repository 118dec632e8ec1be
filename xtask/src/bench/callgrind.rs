//! Exact counts of executed instructions: valgrind's callgrind.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::workload::Workload;
use crate::process::read;
use crate::task::Failure;
use crate::workspace;

/// How often each count is taken.
const RUNS: usize = 3;

/// How often each instruction was executed, by the file that it is in and its address there.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Executed(pub(super) HashMap<PathBuf, HashMap<u64, f64>>);

/// Why nothing can be counted here; `None` if it can.
pub(super) fn missing() -> Option<&'static str> {
    let found =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_err().then_some("valgrind is not installed")
}

/// The instructions of one publish of the workload: the difference of a number of publishes and
/// three times as many, so that everything done once cancels out.
pub(super) fn publish(program: &Path, workload: &Workload) -> Result<Executed, Failure> {
    let publishes = workload.publishes;
    let (once, thrice) = (fewest(program, workload, publishes)?, fewest(program, workload, 3 * publishes)?);
    Ok(thrice.less(&once, 2 * publishes))
}

/// The run with the fewest instructions: work that depends on the time, such as a read of the clock
/// once a millisecond, only adds to them.
fn fewest(program: &Path, workload: &Workload, publishes: u64) -> Result<Executed, Failure> {
    let mut best = drive(program, workload, publishes)?;
    for _ in 1..RUNS {
        let other = drive(program, workload, publishes)?;
        if other.all() < best.all() {
            best = other;
        }
    }
    Ok(best)
}

fn drive(program: &Path, workload: &Workload, publishes: u64) -> Result<Executed, Failure> {
    let folder = workspace::target_folder()?.join("against");
    std::fs::create_dir_all(&folder)?;
    let out = folder.join(format!("callgrind.{}.out", std::process::id()));
    let mut command = Command::new("valgrind");
    command.args([
        "-q",
        "--tool=callgrind",
        "--dump-instr=yes",
        "--compress-strings=no",
        "--compress-pos=no",
    ]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(program);
    read(command.args(["drive", workload.group, workload.side, &publishes.to_string()]))?;
    let executed = parse(&std::fs::read_to_string(&out)?);
    std::fs::remove_file(out)?;
    Ok(executed)
}

/// Reads callgrind's file: `ob=` names the file of the lines that follow, each of which is an
/// address, a line of the source and a count. The line behind `calls=` repeats the cost of the
/// called function.
fn parse(text: &str) -> Executed {
    let (mut executed, mut object, mut repeats) = (Executed::default(), PathBuf::new(), false);
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("ob=") {
            object = PathBuf::from(path);
        } else if line.starts_with("calls=") {
            repeats = true;
        } else if let Some((address, count)) = cost(line)
            && !std::mem::take(&mut repeats)
        {
            *executed.0.entry(object.clone()).or_default().entry(address).or_default() += count;
        }
    }
    executed
}

fn cost(line: &str) -> Option<(u64, f64)> {
    let mut words = line.strip_prefix("0x")?.split_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok()?;
    Some((address, words.nth(1)?.parse().ok()?))
}

impl Executed {
    pub(super) fn all(&self) -> f64 {
        self.0.values().flat_map(HashMap::values).sum()
    }

    /// The difference, divided.
    fn less(mut self, other: &Self, by: u64) -> Self {
        for (object, counts) in &mut self.0 {
            for (address, count) in counts {
                let before = other.0.get(object).and_then(|counts| counts.get(address));
                #[expect(clippy::cast_precision_loss, reason = "some thousands")]
                let by = by as f64;
                *count = (*count - before.copied().unwrap_or_default()) / by;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executed(counts: &[(u64, f64)]) -> Executed {
        Executed(HashMap::from([(PathBuf::from("/bin/a"), counts.iter().copied().collect())]))
    }

    #[test]
    fn the_cost_of_calls_is_counted_once() {
        let text = "events: Ir\nob=/bin/a\nfn=f\n0x10 1 3\n0x14 1 3\ncfn=g\ncalls=3 0x20 7\n0x14 1 90\nfn=g\n0x10 7 2\n";
        assert_eq!(parse(text), executed(&[(0x10, 5.0), (0x14, 3.0)]));
    }

    #[test]
    fn what_is_done_once_drops_out() {
        let (once, thrice) = (executed(&[(1, 107.0), (2, 5.0)]), executed(&[(1, 307.0), (2, 5.0)]));
        assert_eq!(thrice.less(&once, 200), executed(&[(1, 1.0), (2, 0.0)]));
    }
}
