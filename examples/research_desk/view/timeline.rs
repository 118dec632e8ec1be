//! The timeline: events and the events that end them, found through `ends_with` of the catalogue,
//! so without a list of kinds.

use std::time::{Duration, SystemTime};

use bus_core::AnyEvent;
use bus_core::catalogue::EndsWith;
use serde_json::{Map, Value};

use super::text::{Paint, one_line, pad};

/// Columns of the drawing.
const COLUMNS: usize = 40;
/// Columns of the names before it.
const NAMES: usize = 28;
/// Above this many rows the short ones of each execution are added up.
const MOST_CALLS: usize = 12;

/// A span: an execution, a node's loop, a tool call.
struct Span {
    execution: String,
    node: Option<String>,
    label: String,
    from: SystemTime,
    to: Option<SystemTime>,
    failed: bool,
    /// The kinds that end it, and the fields that must be equal.
    ends: &'static [EndsWith],
    data: Map<String, Value>,
}

/// All spans of the run, in the order they began.
#[derive(Default)]
pub(crate) struct Timeline {
    spans: Vec<Span>,
    last: Option<SystemTime>,
}

impl Timeline {
    /// Processes an event; most begin and end no span.
    pub(crate) fn see(&mut self, event: &AnyEvent, data: &Map<String, Value>) {
        let at = event.timestamp();
        self.last = self.last.max(Some(at));
        self.close(event, data, at);
        let ends = event.descriptor().map_or(&[][..], |declared| declared.ends_with);
        let Some(execution) = event.execution().filter(|_| !ends.is_empty()) else { return };
        self.spans.push(Span {
            execution: execution.to_owned(),
            node: event.node().map(str::to_owned),
            label: label(event, data),
            from: at,
            to: None,
            failed: false,
            ends,
            data: data.clone(),
        });
    }

    fn close(&mut self, event: &AnyEvent, data: &Map<String, Value>, at: SystemTime) {
        let ended = self.spans.iter_mut().rev().find(|span| {
            span.to.is_none()
                && Some(span.execution.as_str()) == event.execution()
                && span.node.as_deref() == event.node()
                && span.ends.iter().any(|end| {
                    let same = |field: &&str| span.data.get(*field) == data.get(*field);
                    end.kind == event.kind() && end.by.iter().all(same)
                })
        });
        if let Some(span) = ended {
            span.to = Some(at);
            span.failed = data.get("is_error").is_some_and(|flag| flag == true) || data.contains_key("error");
        }
    }

    /// The drawing: a row for each span, executions first, with their nodes and calls indented
    /// below.
    pub(crate) fn rows(&self, paint: Paint, width: usize) -> Vec<String> {
        let (Some(begin), Some(end)) = (self.spans.iter().map(|span| span.from).min(), self.last) else {
            return Vec::new();
        };
        let whole = end.duration_since(begin).unwrap_or_default().max(Duration::from_micros(1));
        let axis = Axis { begin, whole, wide: width >= NAMES + COLUMNS + 20 };
        let mut rows = vec![format!("{} 0 … {}", pad("", NAMES), duration(whole))];
        let mut executions: Vec<&str> = Vec::new();
        for span in &self.spans {
            if !executions.contains(&span.execution.as_str()) {
                executions.push(&span.execution);
            }
        }
        for (number, execution) in executions.into_iter().enumerate() {
            let mut calls = 0;
            for span in self.spans.iter().filter(|span| span.execution == execution) {
                let depth = depth(span);
                calls += usize::from(depth == 2);
                if depth < 2 || calls <= MOST_CALLS {
                    rows.push(axis.row(span, depth, number, paint));
                }
            }
            if calls > MOST_CALLS {
                rows.push(paint.dim(&format!("    … {} more tool calls", calls - MOST_CALLS)));
            }
        }
        rows
    }
}

/// An execution, a node of it, a call of the node.
fn depth(span: &Span) -> usize {
    match (&span.node, span.ends.iter().any(|end| !end.by.is_empty())) {
        (None, _) => 0,
        (Some(_), false) => 1,
        (Some(_), true) => 2,
    }
}

/// The scale of the rows.
struct Axis {
    begin: SystemTime,
    whole: Duration,
    /// Whether a drawing fits the terminal.
    wide: bool,
}

impl Axis {
    fn row(&self, span: &Span, depth: usize, number: usize, paint: Paint) -> String {
        let indent = "  ".repeat(depth);
        let name = pad(&format!("{indent}{}", one_line(&span.label, NAMES - 2 * depth)), NAMES);
        let end = span.to.unwrap_or(self.begin + self.whole);
        let lasted = duration(end.duration_since(span.from).unwrap_or_default());
        let state = match (span.to, span.failed) {
            (None, _) => " not ended",
            (_, true) => " failed",
            _ => "",
        };
        if !self.wide {
            return format!("{name} {lasted}{state}");
        }
        let (from, to) = (self.column(span.from), self.column(end));
        let bar = if depth == 0 { "━" } else { "─" }.repeat(to - from + 1);
        let bar = if span.failed { paint.red(&bar) } else { paint.nth(number, &bar) };
        format!("{name} {}{bar}{} {lasted}{state}", " ".repeat(from), " ".repeat(COLUMNS - 1 - to))
    }

    fn column(&self, time: SystemTime) -> usize {
        let part =
            time.duration_since(self.begin).unwrap_or_default().as_secs_f64() / self.whole.as_secs_f64();
        (0..COLUMNS).rev().find(|column| part * exact(COLUMNS) >= exact(*column)).unwrap_or(0)
    }
}

/// The first field with a name, otherwise the scope.
fn label(event: &AnyEvent, data: &Map<String, Value>) -> String {
    let named = data.iter().find(|(key, value)| key.ends_with("_name") && value.is_string());
    let name = named.and_then(|(_, value)| value.as_str());
    name.or(event.node()).or(event.execution()).unwrap_or(event.kind()).to_owned()
}

fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") }
}

fn exact(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}
