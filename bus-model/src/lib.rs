//! The common part of the proofs of bus-core: a small set of events with every delivery policy, and
//! checks of the stats.
//!
//! | path | content |
//! |---|---|
//! | `src/bin/soak` | hours of load on every feature: `cargo xtask soak` |
//! | `tests/model` | random programs in the bus and in a plain reference model |
//! | `tests/original.rs` | programs that the Python original ran, repeated here |
//! | `tests/cut.rs` | runtimes, threads and buses that end in the middle |
//! | `tests/sim` | the whole bus in virtual time, from one seed: `cargo xtask sim` |
//! | `tests/loom`, `tests/shuttle.rs` | the interleavings of small programs: `cargo xtask models` |

#![expect(missing_docs, reason = "the derive's code for events that need no words")]

use bus_core::{AgentEvent, Counts, Stats};

/// One event of each delivery policy. `n` names the event, `hops` is the number of events that it
/// may still cause.
#[derive(AgentEvent)]
pub enum ModelEvents {
    Step {
        n: u64,
        hops: u32,
    },
    #[event(transient)]
    Token {
        n: u64,
        hops: u32,
    },
    #[event(critical)]
    Alarm {
        n: u64,
        hops: u32,
    },
    #[event(coalesce)]
    Level {
        n: u64,
        hops: u32,
    },
    #[event(coalesce(key))]
    Gauge {
        n: u64,
        hops: u32,
        key: u64,
    },
}

/// Checks that the counts of every subscription, and of the ended ones, add up: each matched event
/// is settled, running, or waiting.
///
/// # Errors
/// The first subscription whose counts do not add up.
pub fn check_accounts(stats: &Stats) -> Result<(), String> {
    for subscription in &stats.subscriptions {
        let rest = (subscription.running + subscription.waiting) as u64;
        check(&subscription.name, &subscription.counts, rest)?;
    }
    check("subscriptions that have ended", &stats.ended, 0)?;
    let by_kind: u64 = stats.published.values().sum();
    if by_kind == stats.published_total {
        Ok(())
    } else {
        Err(format!("{by_kind} events by kind, {} in all", stats.published_total))
    }
}

fn check(name: &str, counts: &Counts, rest: u64) -> Result<(), String> {
    if counts.matched == counts.settled() + rest {
        Ok(())
    } else {
        Err(format!(
            "{name}: {} matched, {} settled, {rest} at work or waiting: {counts:?}",
            counts.matched,
            counts.settled()
        ))
    }
}

/// The number of all matches, over all subscriptions.
pub fn matched(stats: &Stats) -> u64 {
    stats.ended.matched + stats.subscriptions.iter().map(|one| one.counts.matched).sum::<u64>()
}
