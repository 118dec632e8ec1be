//! What the proofs of bus-core share: a small set of events with every delivery policy, and checks of the accounts.
//!
//! | where | what |
//! |---|---|
//! | `src/bin/soak.rs` | hours of everything at once: `cargo xtask soak` |
//! | `tests/model.rs` | random programs in the bus and in a plain reference model |
//! | `tests/original.rs` | programs that the Python original ran, played again |
//! | `tests/cut.rs` | runtimes, threads and buses cut off in the middle |
//! | `tests/sim` | the whole bus in virtual time, from one seed: `cargo xtask sim` |
//! | `models/` | every interleaving of small programs, under loom and shuttle: `cargo xtask models` |

#![expect(missing_docs, reason = "the derive's code for events that need no words")]

use bus_core::{AgentEvent, Counts, Stats};

/// One event of each delivery policy. `n` names the event, `hops` says how many more events it may cause.
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

/// Holds the accounts of every subscription, and of those that have ended, against the promise: what matched was settled, is at work, or waits.
///
/// # Errors
/// The first account that does not add up.
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

/// Everything that ever matched, over all subscriptions.
pub fn matched(stats: &Stats) -> u64 {
    stats.ended.matched + stats.subscriptions.iter().map(|one| one.counts.matched).sum::<u64>()
}
