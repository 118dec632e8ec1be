//! The processor time of child processes.

use std::time::Instant;

/// Measures from the moment it is made.
pub(super) struct Clock {
    wall: Instant,
    children: Option<f64>,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { wall: Instant::now(), children: children() }
    }

    /// Processor time of the children that ended since the start; the elapsed time where the system
    /// does not tell.
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
    // The second field is the program's name in brackets and may have spaces.
    let words: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |word: usize| words.get(word)?.parse::<f64>().ok();
    // Fields 16 and 17 of `man proc_pid_stat`, in ticks of a hundredth of a second.
    Some((ticks(13)? + ticks(14)?) / 100.0)
}
