//! The diagram of events and the events that end them, one row for each event that begins a pair.

use std::fmt::Write as _;

use super::href;
use crate::model::{End, Event};
use crate::prose::escaped;

/// Width of a letter in the diagram's font, and of the space around a kind.
const LETTER: usize = 8;
const PADDING: usize = 24;
/// Height of a box and of the space below it.
const BOX: usize = 30;
const SPACE: usize = 10;
/// The space between the columns, for the lines.
const GAP: usize = 72;

/// An event, and the events that end it.
pub(super) struct Row<'a> {
    begin: &'a str,
    ends: &'a [End],
}

impl<'a> Row<'a> {
    /// `None` if the event begins no pair.
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        (!event.ends_with.is_empty()).then_some(Self { begin: &event.kind, ends: &event.ends_with })
    }

    fn height(&self) -> usize {
        self.ends.len() * (BOX + SPACE) + SPACE
    }
}

/// The rows as SVG. `here` is the kind of the page: it is marked, and not a link.
pub(super) fn draw(rows: &[Row<'_>], here: Option<&str>) -> String {
    let widest = |kinds: &mut dyn Iterator<Item = &str>| kinds.map(width).max().unwrap_or(0);
    let left = widest(&mut rows.iter().map(|row| row.begin));
    let right = widest(&mut rows.iter().flat_map(|row| row.ends).map(|end| end.kind.as_str()));
    let (total, height) = (left + GAP + right + 4, rows.iter().map(Row::height).sum::<usize>());
    let mut out = format!(
        "<div class=\"figure\"><svg viewBox=\"0 0 {total} {height}\" width=\"{total}\" height=\"{height}\" style=\"min-width:{}px\" role=\"group\" aria-label=\"Events that begin something, each with the events that end it\">\n",
        // A smaller diagram cannot be read, so a narrow window scrolls it.
        total * 3 / 4
    );
    let mut top = 0;
    for row in rows {
        draw_row(&mut out, row, (left, top), here);
        top += row.height();
    }
    out.push_str("</svg></div>\n");
    out
}

fn draw_row(out: &mut String, row: &Row<'_>, (left, top): (usize, usize), here: Option<&str>) {
    let middle = top + (row.height() - BOX) / 2;
    let from = 2 + width(row.begin);
    for at in 0..row.ends.len() {
        let y = top + SPACE + at * (BOX + SPACE);
        line(out, (from, middle + BOX / 2), (2 + left + GAP, y + BOX / 2));
    }
    draw_box(out, row.begin, "begin", (2, middle), here);
    for (at, end) in row.ends.iter().enumerate() {
        let y = top + SPACE + at * (BOX + SPACE);
        draw_box(out, &end.kind, "end", (2 + left + GAP, y), here);
    }
}

fn width(kind: &str) -> usize {
    kind.chars().count() * LETTER + PADDING
}

/// A straight line, a curve in the gap, and an arrow at the end.
fn line(out: &mut String, (x1, y1): (usize, usize), (x2, y2): (usize, usize)) {
    let bend = x2 - GAP / 2;
    let start = x2 - GAP;
    let _ = writeln!(
        out,
        "<path class=\"line\" d=\"M{x1} {y1}H{start}C{bend} {y1} {bend} {y2} {} {y2}\"/><path class=\"point\" d=\"M{} {y2}l-7 -4v8z\"/>",
        x2 - 6,
        x2 - 1
    );
}

fn draw_box(out: &mut String, kind: &str, class: &str, (x, y): (usize, usize), here: Option<&str>) {
    let (width, name) = (width(kind), escaped(kind));
    let current = here == Some(kind);
    let mark = if current { " here" } else { "" };
    let shape = format!(
        "<rect class=\"{class}{mark}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX}\" rx=\"6\"/><text x=\"{}\" y=\"{}\">{name}</text>",
        x + PADDING / 2,
        y + BOX / 2 + 4
    );
    let _ = if current {
        writeln!(out, "<g>{shape}</g>")
    } else {
        writeln!(out, "<a href=\"{}\">{shape}</a>", href(kind))
    };
}
