//! How long a child process worked.

use std::time::Instant;

/// Runs from its making on.
pub(super) struct Clock {
    wall: Instant,
    children: Option<f64>,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { wall: Instant::now(), children: children() }
    }

    /// Processor time of the children that ended since, else the time that went by.
    pub(super) fn seconds(&self) -> f64 {
        match (self.children, children()) {
            (Some(before), Some(after)) => after - before,
            _ => self.wall.elapsed().as_secs_f64(),
        }
    }
}

/// Seconds of processor time, user and system, of all children waited for so far.
fn children() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second word is the program's name in brackets and may have spaces.
    let words: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |word: usize| words.get(word)?.parse::<f64>().ok();
    // Words 16 and 17 of `man proc_pid_stat`, in ticks of a hundredth of a second.
    Some((ticks(13)? + ticks(14)?) / 100.0)
}
