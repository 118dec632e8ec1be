//! The promises that must hold at any time, and at the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bus_core::{Counts, EventBus, Receipt, Refused};

use super::act::guarded;
use super::subscription::{Receive, Sub};
use super::world::{Site, World, locked};

/// A chain may be so much longer than the limit where the simulation takes a callback for part of a
/// chain, and the bus for the begin of one.
const UNSURE: u32 = 16;

/// An event with too long a chain must not get onto the bus.
pub(crate) fn accepted(world: &World, receipt: &Receipt, hops: u32) {
    if let Some(Refused::TooNested | Refused::ChainTooDeep { .. }) = receipt.refused() {
        world.leaked.fetch_add(1, Ordering::Relaxed);
    }
    if let Some(id) = receipt.id() {
        let mut cursors = locked(&world.cursors);
        if cursors.len() < 64 {
            cursors.push(id);
        }
    }
    if receipt.refused().is_none() && receipt.seq().is_some() && hops > world.chain_limit + UNSURE {
        world.wrong("a chain goes on far beyond the limit");
    }
}

/// The receipt of an emit that is done.
pub(crate) fn receipt(world: &World, receipt: &Receipt, hops: u32) {
    accepted(world, receipt, hops);
    let (handled, queued, deferred) = (receipt.handled(), receipt.queued(), receipt.deferred());
    let problems = receipt.problems().len();
    if receipt.reached() != handled + queued + deferred + problems {
        world.wrong(format!(
            "a receipt does not add up: reached {}, handled {handled}, queued {queued}, deferred {deferred}, problems {problems}",
            receipt.reached()
        ));
    }
}

/// Reads everything that a user can read.
pub(crate) fn look(world: &World, bus: &EventBus) {
    if let Err(wrong) = bus_model::check_accounts(&bus.stats()) {
        world.wrong(wrong);
    }
    // A reader may hold the last handle of an event.
    guarded(world, "a look at history", &[Site::PayloadDrop], || order(world, bus));
    drop(bus.open_pairs());
}

fn order(world: &World, bus: &EventBus) {
    let oldest_first = world.draw(|rng| rng.one_in(2));
    let query = bus.history();
    let query = if oldest_first { query.oldest_first() } else { query };
    let mut seqs: Vec<_> = query.collect().iter().map(bus_core::AnyEvent::seq).collect();
    if !oldest_first {
        seqs.reverse();
    }
    if !seqs.is_sorted_by(|before, after| before < after) {
        world.wrong("history is out of order");
    }
}

/// The bus is closed and drained: nothing waits, and the calls agree with the counts.
pub(crate) fn at_rest(world: &World, bus: &EventBus) {
    look(world, bus);
    let stats = bus.stats();
    let subs: BTreeMap<_, _> =
        locked(&world.subs).iter().filter_map(|sub| Some((sub.id()?, Arc::clone(sub)))).collect();
    for one in &stats.subscriptions {
        let Some(sub) = subs.get(&one.id) else { continue };
        if sub.receive == Receive::Stream {
            continue;
        }
        if one.running + one.waiting > 0 {
            world.wrong(format!("after a close {} events are at work or waiting", one.running + one.waiting));
        }
        calls(world, sub, &one.counts);
    }
}

/// As many calls as the counts say. An asynchronous one may begin and then time out or be dropped.
fn calls(world: &World, sub: &Sub, counts: &Counts) {
    let begun = sub.begun.load(Ordering::Relaxed);
    let least = counts.handled + counts.failed + counts.panicked;
    let most = if sub.receive == Receive::Sync { least } else { least + counts.timed_out + counts.dropped };
    if begun < least || begun > most {
        world.wrong(format!(
            "a {:?} handler was called {begun} times, and counted as {counts:?}",
            sub.receive
        ));
    }
}

/// Nothing is left of the program.
pub(crate) fn freed(world: &World) {
    let names = |site: &Site| match site {
        Site::PayloadDrop => "payloads",
        Site::ClosureDrop => "closures",
        Site::FutureDrop => "futures of handlers",
        _ => "errors",
    };
    let leaked = world.leaked.load(Ordering::Relaxed);
    let is_left = |site: &Site, count: i64| {
        if *site == Site::PayloadDrop { !(0..=leaked).contains(&count) } else { count != 0 }
    };
    let live: Vec<_> = locked(&world.live)
        .iter()
        .filter(|(site, count)| is_left(site, **count))
        .map(|(site, count)| format!("{count} {}", names(site)))
        .collect();
    if !live.is_empty() {
        world.wrong(format!("still alive at the end: {}", live.join(", ")));
    }
}
