//! Checks the stats, the progress and the memory while the soak runs.

use std::time::{Duration, Instant};

use super::Soak;

/// The time between two checks of the stats.
const LOOK: Duration = Duration::from_millis(20);

/// Without an event for this long, the bus hangs.
const STANDSTILL: Duration = Duration::from_secs(30);

/// The most memory over the amount after the warm-up. Bounded buffers fill up only slowly; a leak
/// of 10,000,000 events would be far larger.
const SLACK: u64 = 96 << 20;

/// The bounded buffers are full after so many events, which a busy machine needs more time for.
const FILLED: u64 = 1_000_000;

/// More memory than all bounded buffers need, at any time.
const MOST: u64 = 256 << 20;

/// Checks until the time is over or a check fails.
pub(crate) fn until(soak: &Soak, begun: Instant, length: Duration) {
    let (mut looks, mut level, mut highest) = (0_u64, None, 0);
    let (mut events, mut moved, mut said) = (0, Instant::now(), Instant::now());
    while begun.elapsed() < length && soak.running() {
        soak.receipts.look();
        let stats = soak.bus.stats();
        looks += 1;
        if let Err(wrong) = bus_model::check_accounts(&stats) {
            return soak.fail(format!("at look {looks}: {wrong}"));
        }
        if stats.published_total > events {
            (events, moved) = (stats.published_total, Instant::now());
        } else if moved.elapsed() > STANDSTILL {
            return soak.fail(format!("no event for {STANDSTILL:?}: {stats:#?}"));
        }
        if let Some(resident) = resident() {
            highest = highest.max(resident);
            if resident > MOST {
                return soak.fail(format!("{} MiB of memory are more than all buffers need", resident >> 20));
            }
            // A fifth of the time, at most a minute, is for filling the bounded buffers.
            if events > FILLED && begun.elapsed() > (length / 5).min(Duration::from_mins(1)) {
                let level = *level.get_or_insert(highest);
                if resident > level + SLACK {
                    return soak.fail(format!("memory grew from {} to {} MiB", level >> 20, resident >> 20));
                }
            }
        }
        if said.elapsed() > Duration::from_secs(30) {
            said = Instant::now();
            println!(
                "  {:>5.0} s: {events} events, memory {} MiB",
                begun.elapsed().as_secs_f64(),
                highest >> 20
            );
        }
        std::thread::sleep(LOOK);
    }
    match level {
        Some(level) => println!(
            "accounts: {looks} looks, all add up; memory: {} MiB after filling up, {} MiB at most",
            level >> 20,
            highest >> 20
        ),
        None if highest > 0 => {
            println!("accounts: {looks} looks, all add up; memory: {} MiB at most", highest >> 20);
        }
        None => println!("accounts: {looks} looks, all add up; memory: this system does not tell"),
    }
}

/// The memory of the process, if the system reports it.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}
