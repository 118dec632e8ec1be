//! The stats of the bus as tables.

use bus_core::Stats;

/// Events by kind, then their outcomes at each subscription.
pub(crate) fn rows(stats: &Stats) -> Vec<String> {
    let mut kinds: Vec<_> = stats.published.iter().collect();
    kinds.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let mut rows = vec![format!("{:<24} {:>8}", "kind", "events")];
    rows.extend(kinds.into_iter().map(|(kind, count)| format!("{kind:<24} {count:>8}")));
    rows.push(format!("{:<24} {:>8}", "all", stats.published_total));
    rows.push(format!(
        "\n{:<24} {:>8} {:>8} {:>8} {:>10} {:>8}",
        "subscription", "matched", "handled", "failed", "overflowed", "waiting"
    ));
    for subscription in &stats.subscriptions {
        let counts = &subscription.counts;
        rows.push(format!(
            "{:<24} {:>8} {:>8} {:>8} {:>10} {:>8}",
            subscription.name,
            counts.matched,
            counts.handled,
            counts.failed + counts.panicked + counts.timed_out,
            counts.overflowed,
            subscription.waiting
        ));
    }
    rows.push(format!(
        "\n{} events in history, {} and {} deltas evicted; {} pairs open",
        stats.kept, stats.evicted, stats.evicted_transient, stats.open_pairs
    ));
    rows
}
