//! The live log: one line for each event. It names no kind; its content comes from the event and
//! its descriptor.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bus_core::catalogue::FieldDescriptor;
use bus_core::{AnyEvent, Lagged};
use serde_json::{Map, Value};

use super::text::{Paint, one_line, pad};

/// Deltas are collected up to so many characters, or until a line is full or ends.
const GATHER: usize = 100;
/// Columns before the content: time, scope, kind, and a space after each.
const BEFORE: usize = 8 + 1 + 18 + 1 + 22 + 1;

/// Formats events as lines.
pub(crate) struct Log {
    paint: Paint,
    begun: Option<SystemTime>,
    /// Text of deltas that no line has shown yet, by execution, node and kind.
    gathered: BTreeMap<Place, String>,
    /// Executions in the order of their first event: the number picks the colour.
    known: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    execution: Option<String>,
    scope: String,
    kind: String,
}

/// The emphasis of a line.
#[derive(Clone, Copy)]
enum Mark {
    None,
    Critical,
    Failed,
}

impl Log {
    pub(crate) fn new(paint: Paint) -> Self {
        Self { paint, begun: None, gathered: BTreeMap::new(), known: Vec::new() }
    }

    /// The lines that this event adds to the log, each at most `width` columns wide. Deltas are
    /// collected.
    pub(crate) fn lines(&mut self, event: &AnyEvent, data: &Map<String, Value>, width: usize) -> Vec<String> {
        let since = self.since(event);
        let place = Place::of(event);
        if event.descriptor().is_some_and(|declared| declared.policy.transient) {
            return self.gather(&place, data, since, width);
        }
        let mut lines = self.let_go(&place.scope, since, width);
        lines.push(self.line(event, data, width));
        lines
    }

    /// This event as a line.
    pub(crate) fn line(&mut self, event: &AnyEvent, data: &Map<String, Value>, width: usize) -> String {
        let since = self.since(event);
        let declared = event.descriptor();
        let mark = if failed(data) {
            Mark::Failed
        } else if declared.is_some_and(|declared| declared.policy.critical) {
            Mark::Critical
        } else {
            Mark::None
        };
        let content = content(data, declared.map_or(&[], |declared| declared.fields));
        self.format(&Place::of(event), mark, since, &content, width)
    }

    /// Seconds since the first event.
    fn since(&mut self, event: &AnyEvent) -> f64 {
        let at = event.timestamp();
        at.duration_since(*self.begun.get_or_insert(at)).unwrap_or_default().as_secs_f64()
    }

    /// A line for events that the log missed.
    pub(crate) fn gap(&self, lagged: &Lagged) -> String {
        self.paint.red(&lagged.to_string())
    }

    fn gather(&mut self, place: &Place, data: &Map<String, Value>, since: f64, width: usize) -> Vec<String> {
        let piece = data.get("content").and_then(Value::as_str).unwrap_or_default();
        let text = self.gathered.entry(place.clone()).or_default();
        text.push_str(piece);
        // Another delta would not fit.
        let enough = GATHER.min(width.saturating_sub(BEFORE + 8));
        if text.chars().count() < enough && !text.ends_with('\n') {
            return Vec::new();
        }
        let text = std::mem::take(text);
        if text.trim().is_empty() {
            return Vec::new();
        }
        vec![self.format(place, Mark::None, since, &text, width)]
    }

    /// The collected deltas of a scope come before the next event of that scope.
    fn let_go(&mut self, scope: &str, since: f64, width: usize) -> Vec<String> {
        let places: Vec<Place> = self.gathered.keys().filter(|place| place.scope == scope).cloned().collect();
        let mut lines = Vec::new();
        for place in places {
            if let Some(text) = self.gathered.remove(&place).filter(|text| !text.trim().is_empty()) {
                lines.push(self.format(&place, Mark::None, since, &text, width));
            }
        }
        lines
    }

    fn format(&mut self, place: &Place, mark: Mark, since: f64, content: &str, width: usize) -> String {
        let (scope, kind) = (pad(&one_line(&place.scope, 18), 18), pad(&one_line(&place.kind, 22), 22));
        let content = one_line(content, width.saturating_sub(BEFORE));
        let scope = self.paint_scope(place.execution.as_deref(), scope);
        let (kind, content) = match mark {
            Mark::None => (kind, content),
            Mark::Critical => (self.paint.bold(&kind), content),
            Mark::Failed => (self.paint.red(&kind), self.paint.red(&content)),
        };
        let since = self.paint.dim(&format!("{since:>8.3}"));
        format!("{since} {scope} {kind} {content}").trim_end().to_owned()
    }

    /// Only executions have colours: the same as their bars.
    fn paint_scope(&mut self, execution: Option<&str>, text: String) -> String {
        let Some(execution) = execution else { return text };
        let known = self.known.iter().position(|known| known == execution);
        let number = known.unwrap_or_else(|| {
            self.known.push(execution.to_owned());
            self.known.len() - 1
        });
        self.paint.nth(number, &text)
    }
}

impl Place {
    /// The scope is `exec-1/research`, or the stream if there is no execution.
    fn of(event: &AnyEvent) -> Self {
        let first = event.execution().unwrap_or(event.stream());
        let scope = event.node().map_or_else(|| first.to_owned(), |node| format!("{first}/{node}"));
        Self { execution: event.execution().map(str::to_owned), scope, kind: event.kind().to_owned() }
    }
}

/// Whether the event reports an error.
fn failed(data: &Map<String, Value>) -> bool {
    let has_error = data.get("error").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    has_error || data.get("is_error").is_some_and(|flag| flag == true)
}

/// `name=search input={"query":"lag"}`, in the order of the declaration, without empty fields.
fn content(data: &Map<String, Value>, declared: &[FieldDescriptor]) -> String {
    let mut parts = Vec::new();
    let place = |key: &str| declared.iter().position(|field| field.name == key).unwrap_or(usize::MAX);
    let mut fields: Vec<_> = data.iter().collect();
    fields.sort_by_key(|(key, _)| place(key));
    for (key, value) in fields {
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => parts.push(format!("{key}={text}")),
            other => parts.push(format!("{key}={other}")),
        }
    }
    parts.join(" ")
}
