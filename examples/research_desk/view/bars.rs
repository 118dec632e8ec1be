//! A progress bar for each execution, with the end of its current text.

use std::collections::BTreeMap;

use super::text::{Paint, one_line, pad, tail};

const CELLS: usize = 20;

/// One execution as its bar shows it.
#[derive(Default)]
pub(crate) struct Bar {
    /// Its number among the executions, which is also its colour.
    pub(crate) number: usize,
    pub(crate) question: String,
    pub(crate) progress: f64,
    /// The running node; after the end, the result.
    pub(crate) state: String,
    /// The last streamed text.
    pub(crate) saying: String,
    pub(crate) failed: bool,
}

/// The bars as lines of at most `width` columns, in the order the executions began.
pub(crate) fn lines(bars: &BTreeMap<String, Bar>, paint: Paint, width: usize) -> Vec<String> {
    let mut ordered: Vec<_> = bars.iter().collect();
    ordered.sort_by_key(|(_, bar)| bar.number);
    ordered.into_iter().map(|(id, bar)| line(id, bar, paint, width)).collect()
}

fn line(id: &str, bar: &Bar, paint: Paint, width: usize) -> String {
    let filled = cells(bar.progress);
    let drawn = format!("{}{}", "█".repeat(filled), "░".repeat(CELLS - filled));
    let drawn = if bar.failed { paint.red(&drawn) } else { paint.nth(bar.number, &drawn) };
    let head =
        format!("{} {drawn} {:>3} % {}", pad(&one_line(id, 8), 8), percent(bar.progress), pad(&bar.state, 9));
    let room = width.saturating_sub(8 + 1 + CELLS + 1 + 5 + 1 + 9 + 1);
    let text = if bar.saying.is_empty() { one_line(&bar.question, room) } else { tail(&bar.saying, room) };
    format!("{head} {}", paint.dim(&text))
}

fn cells(progress: f64) -> usize {
    (1..=CELLS).rev().find(|cell| progress * 100.0 + 1e-9 >= share(*cell)).unwrap_or(0)
}

fn share(cell: usize) -> f64 {
    100.0 * f64::from(u32::try_from(cell).unwrap_or(0)) / 20.0
}

fn percent(progress: f64) -> String {
    format!("{:.0}", (progress * 100.0).clamp(0.0, 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fits_its_line() {
        let bar =
            Bar { question: "why ".repeat(50), progress: 0.5, state: "research".into(), ..Bar::default() };
        let bars = BTreeMap::from([("exec-1".to_owned(), bar)]);
        let lines = lines(&bars, Paint(false), 79);
        assert!(lines[0].contains("██████████░░░░░░░░░░  50 % research"), "{}", lines[0]);
        assert!(unicode_width::UnicodeWidthStr::width(lines[0].as_str()) <= 79);
    }

    #[test]
    fn the_ends_of_the_bar_are_exact() {
        assert_eq!((cells(0.0), cells(0.999), cells(1.0)), (0, 19, 20));
    }
}
