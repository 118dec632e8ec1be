//! The chart for the README: bars of each side's time, for the most common workloads.

use std::fmt::Write;

use super::table::time;
use super::{Measured, Results};

/// The groups that are shown.
const SHOWN: [&str; 5] = ["a/8", "a/64", "b/ready/8", "c/1t/burst64/64", "k"];

const WIDTH: f64 = 760.0;
const LABEL: f64 = 190.0;
const BAR: f64 = 18.0;
const GAP: f64 = 6.0;

/// A chart that is readable on light and on dark backgrounds.
pub(crate) fn svg(results: &Results) -> String {
    let mut body = String::new();
    let mut y = 24.0;
    for group in results.groups.iter().filter(|group| SHOWN.contains(&group.id.as_str())) {
        y = bars(&mut body, group, y) + 22.0;
    }
    let note = format!("{} · {} · {}", results.machine, results.compiler, results.date);
    let _ = writeln!(body, r#"<text x="0" y="{y}" class="note">{}</text>"#, escaped(&note));
    let height = y + 12.0;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="What one event costs, by bus">
<style>
text {{ font: 13px system-ui, sans-serif; fill: #57606a }}
.title {{ font-weight: 600 }} .note {{ font-size: 11px }} .own {{ font-weight: 600 }}
rect {{ fill: #8c959f }} rect.own {{ fill: #1f6feb }}
@media (prefers-color-scheme: dark) {{ text {{ fill: #9da7b3 }} rect {{ fill: #6e7681 }} rect.own {{ fill: #388bfd }} }}
</style>
{body}</svg>
"#
    )
}

fn bars(body: &mut String, group: &Measured, mut y: f64) -> f64 {
    let title = format!("{} (time per {})", group.title, group.unit);
    let _ = writeln!(body, r#"<text x="0" y="{y}" class="title">{}</text>"#, escaped(&title));
    y += 10.0;
    let longest = longest(group);
    for side in &group.sides {
        let class = if side.name.starts_with("bus") { "own" } else { "peer" };
        let width = ((WIDTH - LABEL - 90.0) * (side.median / longest).min(1.0)).max(1.0);
        let beyond = if side.median > longest { "» " } else { "" };
        let base = y + 13.5;
        let _ = writeln!(
            body,
            r#"<text x="0" y="{base}" class="{class}">{}</text><rect class="{class}" x="{LABEL}" y="{y}" width="{width:.1}" height="{BAR}" rx="2"/><text x="{:.1}" y="{base}">{beyond}{}</text>"#,
            escaped(&side.name),
            LABEL + width + 6.0,
            time(side.median),
        );
        y += BAR + GAP;
    }
    y
}

/// The time of the longest bar. A side that takes over fifty times as long as the fastest is cut
/// off at the edge, so that the bars of the others still differ.
fn longest(group: &Measured) -> f64 {
    let times = || group.sides.iter().map(|side| side.median);
    let fastest = times().fold(f64::INFINITY, f64::min);
    times().filter(|time| *time <= 50.0 * fastest).fold(0.0, f64::max)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
