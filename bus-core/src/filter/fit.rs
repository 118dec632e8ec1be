//! Whether an event fits a filter.

use std::cell::OnceCell;
use std::time::SystemTime;

use serde_json::Value;

use super::data::{Text, has, is_error};
use super::{Conditions, Field, Filter};
use crate::event::{Event, ReadEvent};
use crate::payload::{Descriptor, Life};
use crate::scope::Scope;

/// The facts that published events and events that were read both have: [`Event`] and
/// [`ReadEvent`], and no other type.
pub trait AsEvent: sealed::Sealed {
    /// Returns the name of the kind on the wire.
    fn kind(&self) -> &str;
    /// Returns the catalogue's entry for the kind; `None` for an undeclared one.
    fn descriptor(&self) -> Option<&'static Descriptor>;
    /// Returns the scope that the event happened in.
    fn scope(&self) -> &Scope;
    /// Returns the time when it was first published.
    fn timestamp(&self) -> SystemTime;
    /// Returns the content of its data, with redacted fields hidden.
    fn data(&self) -> Value;
    /// Returns whether it reports an error: see [`Event::is_error`].
    fn is_error(&self) -> bool;
}

mod sealed {
    #[expect(unnameable_types, reason = "so that no other type implements it")]
    pub trait Sealed {}
}

macro_rules! as_event {
    ($($params:tt)*) => {
        impl $($params)* {
            fn kind(&self) -> &str {
                self.kind()
            }
            fn descriptor(&self) -> Option<&'static Descriptor> {
                self.descriptor()
            }
            fn scope(&self) -> &Scope {
                self.scope()
            }
            fn timestamp(&self) -> SystemTime {
                self.timestamp()
            }
            fn data(&self) -> Value {
                self.data()
            }
            fn is_error(&self) -> bool {
                self.is_error()
            }
        }
    };
}

impl<S> sealed::Sealed for Event<S> {}
impl sealed::Sealed for ReadEvent {}

as_event!(<S> AsEvent for Event<S>);
as_event!(AsEvent for ReadEvent);

impl<S> Event<S> {
    /// Returns whether it reports an error: it ends an execution as failed, its kind ends with
    /// `_failed` or `_error`, its data has an `error` that is not empty, or an `is_error` that is
    /// true.
    ///
    /// An `error` of null, false, 0, or without content is empty.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # use serde_json::json;
    /// let bus = bus_core::EventBus::new();
    /// let tool = bus.stream("desk");
    /// tool.emit_dynamic("tool_returned", json!({ "result": "42", "is_error": false })).await;
    /// tool.emit_dynamic("tool_returned", json!({ "result": "denied", "is_error": true })).await;
    /// let found = bus.history().matching("error".parse().unwrap()).collect();
    /// assert!(found.len() == 1 && found[0].is_error());
    /// # }
    /// ```
    pub fn is_error(&self) -> bool {
        Facts::of(self).is_error()
    }
}

impl ReadEvent {
    /// Returns whether it reports an error, as [`Event::is_error`] does.
    pub fn is_error(&self) -> bool {
        Facts::of(self).is_error()
    }
}

/// The facts about one event that conditions are about.
struct Facts<'a> {
    event: &'a dyn AsEvent,
    /// Made for the first condition that looks at it.
    data: OnceCell<Value>,
}

impl<'a> Facts<'a> {
    fn of(event: &'a impl AsEvent) -> Self {
        Self { event, data: OnceCell::new() }
    }

    fn data(&self) -> &Value {
        self.data.get_or_init(|| self.event.data())
    }

    fn is_error(&self) -> bool {
        let event = self.event.descriptor();
        is_failure(self.event.kind(), event)
            || (event.is_none_or(Descriptor::may_report_error) && is_error(self.data()))
    }

    /// Whether a part of the event has this value.
    fn has(&self, field: &Field, value: &str) -> bool {
        let scope = self.event.scope();
        match field {
            Field::Kind => self.is_kind(value),
            Field::StreamId => scope.stream() == value,
            Field::NodeId => scope.node() == Some(value),
            Field::ExecutionId => scope.execution() == Some(value),
            Field::ParentExecutionId => scope.parent_execution() == Some(value),
            Field::CorrelationId => scope.correlation() == Some(value),
            Field::Attribute(name) => scope.attribute(name) == Some(value),
            Field::Data(path) => has(self.data(), path, value),
        }
    }

    fn is_kind(&self, wanted: &str) -> bool {
        let aliases = || self.event.descriptor().map_or(&[][..], |event| event.aliases);
        let kind = self.event.kind();
        wanted
            .strip_suffix('*')
            .map_or_else(|| kind == wanted || aliases().contains(&wanted), |prefix| kind.starts_with(prefix))
    }

    fn has_text(&self, text: &str) -> bool {
        let (scope, text) = (self.event.scope(), Text::new(text));
        let ids = [Some(scope.stream()), scope.node(), scope.execution(), scope.correlation()];
        let attributes = scope.attributes().map(|(_, value)| value);
        let mut texts = ids.into_iter().flatten().chain(attributes).chain([self.event.kind()]);
        texts.any(|part| text.is_in(part)) || text.is_in_value(self.data())
    }
}

impl Descriptor {
    /// Returns whether an event of this kind can [report an error](Event::is_error). For programs
    /// that count errors and skip the events of other kinds.
    ///
    /// ```standalone_crate
    /// use bus_core::{AgentEvent, EventBus};
    ///
    /// #[derive(AgentEvent)]
    /// enum ToolEvents {
    ///     ToolCalled { tool: String },
    ///     ToolReturned { result: String, is_error: bool },
    ///     ToolFailed,
    /// }
    ///
    /// let bus = EventBus::builder().events::<ToolEvents>().build().unwrap();
    /// let may = |kind| bus.catalogue().get(kind).unwrap().may_report_error();
    /// assert!(may("tool_returned") && may("tool_failed") && !may("tool_called"));
    /// ```
    pub fn may_report_error(&self) -> bool {
        let has = |name| matches!(name, "error" | "is_error");
        is_failure(self.kind, Some(self))
            || self.fields.iter().any(|field| field.flattened || has(field.name))
    }
}

/// Whether each event of a kind reports an error.
fn is_failure(kind: &str, event: Option<&Descriptor>) -> bool {
    let fails = event.is_some_and(|event| event.life == Some(Life::Fails));
    fails || kind.ends_with("_failed") || kind.ends_with("_error")
}

impl Filter {
    /// Returns whether an event fits: a published one, or one that was read.
    ///
    /// Its data is looked at last, and only if the filter has a condition on it.
    ///
    /// ```
    /// use bus_core::{EventBus, Filter};
    ///
    /// let line = r#"{"type":"tool_failed","stream_id":"desk","data":{"error":"Connection reset"},
    ///     "timestamp":"2026-11-22T06:14:08","graph_id":"g-7"}"#;
    /// let event = EventBus::new().read_json(line)?;
    /// let fits = |text: &str| text.parse::<Filter>().map(|filter| filter.matches(&event));
    /// assert!(fits(r#"kind:tool_* error "connection reset" attribute.graph_id:g-7"#)?);
    /// assert!(fits("after:2026-11-22T06:14:08Z -stream:other")?);
    /// assert!(!fits("-error")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matches(&self, event: &impl AsEvent) -> bool {
        let (facts, at) = (Facts::of(event), event.timestamp());
        self.after.is_none_or(|after| at >= after)
            && self.before.is_none_or(|before| at < before)
            && self.wanted.of_head(&facts).all(|fits| fits)
            && !self.excluded.of_head(&facts).any(|fits| fits)
            && self.wanted.of_data(&facts).all(|fits| fits)
            && !self.excluded.of_data(&facts).any(|fits| fits)
    }

    /// Returns whether events fit together, such as the beginning and the end of a call: each word
    /// is fit by one of them, and no excluded word by any.
    ///
    /// ```
    /// use bus_core::{EventBus, Filter};
    ///
    /// let read = |kind: &str, data: &str| {
    ///     let head = format!(r#"{{"type":"{kind}","stream_id":"desk","data":{data},"#);
    ///     EventBus::new().read_json(&(head + r#""timestamp":"2026-11-22T06:14:08"}"#))
    /// };
    /// let end = r#"{"error":"no file"}"#;
    /// let call = [read("called", r#"{"tool":"grep"}"#)?, read("returned", end)?];
    /// let fit = |text: &str| text.parse::<Filter>().map(|filter| filter.matches_together(&call));
    /// assert!(fit("data.tool:grep error")? && !fit("-error")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matches_together<'a, E: AsEvent + 'a>(&self, events: impl IntoIterator<Item = &'a E>) -> bool {
        let events: Vec<_> = events.into_iter().map(Facts::of).collect();
        let is_in_time = |time: SystemTime| {
            self.after.is_none_or(|after| time >= after) && self.before.is_none_or(|before| time < before)
        };
        // The conditions come in the same order for each event.
        let mut fits: Vec<bool> = Vec::new();
        for facts in &events {
            let own = self.wanted.of_head(facts).chain(self.wanted.of_data(facts));
            for (at, fit) in own.enumerate() {
                if at == fits.len() {
                    fits.push(false);
                }
                fits[at] |= fit;
            }
        }
        let excluded =
            |facts| self.excluded.of_head(facts).chain(self.excluded.of_data(facts)).any(|fit| fit);
        events.iter().any(|facts| is_in_time(facts.event.timestamp()))
            && fits.iter().all(|fit| *fit)
            && !events.iter().any(excluded)
    }
}

impl Conditions {
    /// Whether each condition fits that needs no data.
    fn of_head(&self, facts: &Facts<'_>) -> impl Iterator<Item = bool> {
        self.fields_where(facts, |field| !matches!(field, Field::Data(_)))
    }

    /// Whether each of the others fits.
    fn of_data(&self, facts: &Facts<'_>) -> impl Iterator<Item = bool> {
        let error = self.error.then_some(()).into_iter().map(|()| facts.is_error());
        let texts = self.texts.iter().map(|text| facts.has_text(text));
        self.fields_where(facts, |field| matches!(field, Field::Data(_))).chain(error).chain(texts)
    }

    fn fields_where(&self, facts: &Facts<'_>, is: fn(&Field) -> bool) -> impl Iterator<Item = bool> {
        let fields = self.fields.iter().filter(move |(field, _)| is(field));
        fields.map(|(field, values)| values.iter().any(|value| facts.has(field, value)))
    }
}
