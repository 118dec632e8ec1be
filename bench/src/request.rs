//! One side at a time, for a profiler and for a comparison of two builds of this program.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::Duration;

use crate::measure::Group;
use crate::workload;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Does the work of one side this often: `drive GROUP SIDE TIMES`.
pub(crate) fn drive(mut words: lexopt::Parser) -> Outcome<()> {
    let mut word = || words.value().map(|word| word.to_string_lossy().into_owned());
    let (id, name, times) = (word()?, word()?, word()?.parse()?);
    let mut made = Made::default();
    let (group, at) = made.find(&id, &name)?;
    group.sides[at].take(times);
    Ok(())
}

/// Answers requests until its input ends, a line for a line, with tabs between the words: `fit
/// GROUP SIDE MICROSECONDS` returns how often the side fits into that time, `take GROUP SIDE TIMES`
/// does the work that often and returns the nanoseconds of one (in a plain group its number).
pub(crate) fn serve() -> Outcome<()> {
    let mut made = Made::default();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let [request, id, name, count] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("four words are needed, not `{line}`").into());
        };
        let (group, at) = made.find(id, name)?;
        let count: u64 = count.parse()?;
        let mut out = std::io::stdout().lock();
        match request {
            "fit" => writeln!(out, "{}", group.times(at, Duration::from_micros(count)))?,
            "take" => writeln!(out, "{}", group.sides[at].take(count))?,
            _ => return Err(format!("`{request}` is neither `fit` nor `take`").into()),
        }
        out.flush()?;
    }
    Ok(())
}

/// The groups that were made, for each of the workloads.
#[derive(Default)]
struct Made(HashMap<usize, Vec<Group>>);

impl Made {
    /// Returns the group and the index of the side in it. A workload is set up at its first search.
    fn find(&mut self, id: &str, name: &str) -> Outcome<(&mut Group, usize)> {
        let letter = id.split('/').next().unwrap_or_default();
        let is_asked = |group: &Group| group.id == id;
        for (at, (_, workload)) in workload::ALL.iter().enumerate().filter(|(_, (own, _))| *own == letter) {
            if self.0.entry(at).or_insert_with(workload).iter().any(is_asked) {
                break;
            }
        }
        let group = self.0.values_mut().flatten().find(|group| is_asked(group));
        let group = group.ok_or_else(|| format!("there is no group `{id}`"))?;
        let at = group.sides.iter().position(|side| side.name == name);
        let at = at.ok_or_else(|| format!("`{id}` has no side `{name}`"))?;
        Ok((group, at))
    }
}
