//! The table on the terminal.

use std::fmt::Write;

use super::{Measured, Results, Verdict};

/// One group: a line for each side, and the targets.
pub(crate) fn table(group: &Measured) -> String {
    let mut text = format!("\n{}  {}\n", group.id, group.title);
    let _ = writeln!(
        text,
        "  {:<30} {:>14} {:>8} {:>9} {:>9}",
        if group.plain { group.unit.clone() } else { format!("time per {}", group.unit) },
        "median",
        "spread",
        "to first",
        "to peer"
    );
    for row in &group.sides {
        let peer = row.to_best_peer.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let spread = format!("±{:.0}%", row.spread * 100.0);
        let _ = writeln!(
            text,
            "  {:<30} {:>14} {spread:>8} {:>9.2} {peer:>9}",
            row.name,
            number(group, row.median),
            row.ratio
        );
    }
    for target in &group.targets {
        let _ = writeln!(text, "  {}", verdict(group, target));
    }
    text
}

/// The targets of a whole run, missed ones first.
pub(crate) fn summary(results: &Results) -> String {
    let all = results.groups.iter().flat_map(|group| group.targets.iter().map(move |target| (group, target)));
    let (met, missed): (Vec<_>, Vec<_>) = all.partition(|(_, target)| target.met);
    let mut text = format!("\n{} targets met, {} missed\n", met.len(), missed.len());
    for (group, target) in missed {
        let _ = writeln!(text, "  {:<16} {}", group.id, verdict(group, target));
    }
    text
}

fn verdict(group: &Measured, target: &Verdict) -> String {
    let Verdict { side, against, at_most, measured, met } = target;
    let word = if *met { "met" } else { "MISSED" };
    match against {
        Some(against) => format!("{word}: {side} is {measured:.2} times {against}, asked for {at_most:.2}"),
        None => {
            let (measured, at_most) = (number(group, *measured), number(group, *at_most));
            format!("{word}: {side} takes {measured}, asked for {at_most}")
        }
    }
}

/// A number of the group, in nanoseconds unless it is plain.
fn number(group: &Measured, number: f64) -> String {
    if group.plain { format!("{number:.2}") } else { time(number) }
}

/// Nanoseconds in the most readable unit.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e4 => format!("{nanoseconds:.1} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        _ => format!("{:.1} ms", nanoseconds / 1e6),
    }
}
