//! Pairs of events: one that began something, and the one that ended it.

use std::collections::HashMap;
use std::time::Duration;

use bus_core::catalogue::{Catalogue, EndsWith};
use bus_core::filter::Field;
use bus_core::{DuplicateKind, Filter, ReadEvent};
use serde_json::Value;

use crate::Failure;

/// A kind that begins something, and the kinds that end it, as its definition declares.
#[derive(Clone, Copy)]
struct Declared {
    begins: &'static str,
    ends: &'static [EndsWith],
}

/// Finds the pairs among events that come in their order.
pub(crate) struct Pairs {
    declared: Vec<Declared>,
    /// Both events of each pair fit it.
    scope: Filter,
    open: HashMap<Key, (u64, ReadEvent)>,
    /// How many began.
    pub(crate) begun: u64,
    /// How many ended something that did not begin here.
    pub(crate) unmatched: u64,
}

/// The parts that the beginning and the end of a pair have in common.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    begins: &'static str,
    stream: String,
    node: Option<String>,
    execution: Option<String>,
    fields: Vec<String>,
}

/// Something that began, and its end if it has one.
pub(crate) struct Pair {
    /// The first to begin is 1.
    pub(crate) number: u64,
    pub(crate) begin: ReadEvent,
    pub(crate) end: Option<ReadEvent>,
}

impl Pairs {
    /// The pairs that definitions declare with `ends_with`; of these names if there are any: the
    /// kind that begins or ends it, an alias of one, a pattern, or what both kinds begin with, as
    /// `tool_call` for `tool_call_started` and `tool_call_completed`.
    pub(crate) fn new(names: &[String]) -> Result<Self, Failure> {
        let catalogue = Catalogue::linked().map_err(|twice| Failure::source(error(&twice)))?;
        let declared = catalogue.iter().filter(|event| !event.ends_with.is_empty());
        let declared = declared.map(|event| Declared { begins: event.kind, ends: event.ends_with });
        let names: Vec<_> = names.iter().map(|name| of_today(&catalogue, name)).collect();
        let wanted = |pair: &Declared| names.is_empty() || names.iter().any(|name| pair.is_called(name));
        let declared = declared.filter(wanted).collect();
        Ok(Self { declared, scope: Filter::new(), open: HashMap::new(), begun: 0, unmatched: 0 })
    }

    /// The pairs of a call, and the rest of its filter: words about kinds choose the pairs, the
    /// others are about both events together.
    pub(crate) fn of(filter: &Filter) -> Result<(Self, Filter), Failure> {
        let mut rest = filter.clone();
        let names = rest.take(&Field::Kind);
        let mut pairs = Self::new(&names)?;
        // Both events have these in common, so a source can look for them.
        for field in [Field::StreamId, Field::NodeId, Field::ExecutionId] {
            let values = rest.take(&field);
            pairs.scope = values.into_iter().fold(pairs.scope, |scope, id| scope.with(field.clone(), id));
        }
        if pairs.declared.is_empty() {
            let names = names.join(",");
            let text = format!("no definition declares what begins and ends for `kind:{names}`");
            return Err(Failure::usage(format!(
                "{text}: name a kind that begins something, or leave it out"
            )));
        }
        Ok((pairs, rest))
    }

    /// Selects the events of these pairs.
    pub(crate) fn filter(&self) -> Filter {
        self.declared.iter().flat_map(Declared::kinds).fold(self.scope.clone(), Filter::kind)
    }

    /// The kinds that begin these pairs.
    pub(crate) fn begins(&self) -> impl Iterator<Item = &'static str> {
        self.declared.iter().map(|pair| pair.begins)
    }

    /// Takes the next event, and returns the pairs that it ends. One that begins again before it
    /// ended is returned without an end.
    pub(crate) fn add(&mut self, event: &ReadEvent) -> Vec<Pair> {
        let mut found = Vec::new();
        let ends = self.declared.iter().filter_map(|pair| Some((pair.begins, pair.end(event.kind())?.by)));
        let keys: Vec<_> = ends.map(|(begins, by)| Key::new(begins, event, by)).collect();
        if !keys.is_empty() {
            let begun = keys.iter().filter_map(|key| self.open.remove(key));
            found.extend(begun.map(|(number, begin)| Pair { number, begin, end: Some(event.clone()) }));
            self.unmatched += u64::from(found.is_empty());
        }
        let own = self.declared.iter().find(|pair| pair.begins == event.kind());
        if let Some((pair, end)) = own.and_then(|pair| Some((pair, pair.ends.first()?))) {
            self.begun += 1;
            let before = self.open.insert(Key::new(pair.begins, event, end.by), (self.begun, event.clone()));
            found.extend(before.map(|(number, begin)| Pair { number, begin, end: None }));
        }
        found
    }

    /// How many kinds of things are open around an event: an event of a node is inside of what
    /// that node or its execution began, and what it ends itself does not count.
    pub(crate) fn depth(&self, event: &ReadEvent) -> usize {
        let node = event.scope().node();
        let own = |key: &&Key| key.node.is_none() || key.node.as_deref() == node;
        let begins = |key: &&Key| key.begins != event.kind();
        let around = self.open.keys().filter(own).filter(begins).map(|key| key.begins);
        around.collect::<std::collections::HashSet<_>>().len()
    }

    /// Returns what has not ended, in the order in which it began.
    pub(crate) fn open(self) -> Vec<Pair> {
        let open = self.open.into_values().map(|(number, begin)| Pair { number, begin, end: None });
        let mut open: Vec<_> = open.collect();
        open.sort_by_key(|pair| pair.number);
        open
    }
}

/// The kind that this name is an alias of, or the name.
fn of_today<'a>(catalogue: &Catalogue, name: &'a str) -> &'a str {
    catalogue.get(name).map_or(name, |event| event.kind)
}

fn error(twice: &[DuplicateKind]) -> String {
    twice.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Declared {
    fn end(self, kind: &str) -> Option<&'static EndsWith> {
        self.ends.iter().find(|end| end.kind == kind)
    }

    fn kinds(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.begins).chain(self.ends.iter().map(|end| end.kind))
    }

    fn is_called(&self, name: &str) -> bool {
        let is_pattern = |kind: &str| name.strip_suffix('*').is_some_and(|prefix| kind.starts_with(prefix));
        let is_stem = |kind: &str| kind.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'));
        self.kinds().any(|kind| kind == name || is_pattern(kind)) || self.kinds().all(is_stem)
    }
}

impl Key {
    fn new(begins: &'static str, event: &ReadEvent, by: &[&str]) -> Self {
        let scope = event.scope();
        let data = if by.is_empty() { Value::Null } else { event.data() };
        Self {
            begins,
            stream: scope.stream().to_owned(),
            node: scope.node().map(str::to_owned),
            execution: scope.execution().map(str::to_owned),
            fields: by.iter().map(|name| data[name].to_string()).collect(),
        }
    }
}

impl Pair {
    /// How long it took; `None` if it has not ended. A clock that was set back is no time.
    pub(crate) fn duration(&self) -> Option<Duration> {
        let end = self.end.as_ref()?.timestamp();
        Some(end.duration_since(self.begin.timestamp()).unwrap_or_default())
    }

    /// Its one or two events.
    pub(crate) fn events(&self) -> Vec<&ReadEvent> {
        [&self.begin].into_iter().chain(&self.end).collect()
    }

    /// Whether both events together fit a filter.
    pub(crate) fn fits(&self, filter: &Filter) -> bool {
        filter.is_empty() || filter.matches_together(self.events())
    }

    pub(crate) fn is_error(&self) -> bool {
        self.end.as_ref().is_some_and(ReadEvent::is_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair of which one event had another name.
    #[derive(bus_core::AgentEvent)]
    #[allow(dead_code, reason = "the definition is never built")]
    enum Renamed {
        /// It began.
        #[event(ends_with(SurveyEnded), alias("poll_opened"))]
        SurveyBegan,
        /// It ended.
        #[event(alias("poll_closed"))]
        SurveyEnded,
    }

    fn of(filter: &str) -> (String, String) {
        let filter = filter.parse().unwrap_or_else(|error| panic!("{error}"));
        let (pairs, rest) = Pairs::of(&filter).unwrap_or_else(|failure| panic!("{}", failure.text));
        (pairs.filter().to_string(), rest.to_string())
    }

    #[test]
    fn names_that_kinds_had_before_choose_the_pair() {
        for name in ["survey", "survey_began", "survey_ended", "poll_opened", "poll_closed", "survey_e*"] {
            let (filter, _) = of(&format!("kind:{name}"));
            assert_eq!(filter, "kind:survey_began,survey_ended", "{name}");
        }
        assert!(Pairs::of(&Filter::new().kind("poll")).is_err());
    }

    #[test]
    fn a_source_is_asked_for_the_scope_that_both_events_have() {
        let (filter, rest) = of("kind:survey execution:a,b node:n stream:s error correlation:c");
        assert_eq!(filter, "stream:s node:n execution:a,b kind:survey_began,survey_ended");
        assert_eq!(rest, "correlation:c error");
    }
}
