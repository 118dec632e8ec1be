//! Two recordings while they are compared.

use std::collections::HashMap;

use serde_json::Value;
use smallvec::{SmallVec, smallvec};

use super::align::{Keys, align};
use super::executions::{Group, Name, matched};
use super::fields::{Content, Different, Renames};
use super::{Compare, Difference, Differences, deltas};
use crate::event::ReadEvent;

pub(super) struct Comparison<'a> {
    compare: &'a Compare,
    renames: Renames,
    pub(super) differences: Differences,
}

/// An event, or the deltas of one message. Its content is made when it is needed, since it takes
/// several times the memory of the event.
type Unit<'e> = SmallVec<[&'e ReadEvent; 1]>;

impl<'a> Comparison<'a> {
    pub(super) fn new(compare: &'a Compare, renames: Renames) -> Self {
        Self { compare, renames, differences: Differences::default() }
    }

    /// Compares two executions, or reports the one that has no partner.
    pub(super) fn execution(&mut self, expected: Option<&Group<'_>>, actual: Option<&Group<'_>>) {
        match (expected, actual) {
            (Some(left), Some(right)) if self.compare.any_order => self.nodes(left, right),
            (Some(left), Some(right)) => self.sequence(left.name, &left.events, &right.events),
            (Some(group), None) | (None, Some(group)) => {
                let units = self.units(&group.events);
                let Some(first) = units.first().map(|unit| self.content(unit)) else { return };
                let (expected, actual) = (expected.map(|_| data(&first)), actual.map(|_| data(&first)));
                let whole = of_event(group.name, &first, units.len());
                self.differences.push(Difference { node: None, expected, actual, ..whole });
            }
            (None, None) => {}
        }
    }

    fn nodes(&mut self, expected: &Group<'_>, actual: &Group<'_>) {
        let (left, right) = (expected.nodes(), actual.nodes());
        for step in matched(&left, &right, &self.compare.fields) {
            let of_left = step.0.map_or(&[][..], |at| &left[at].events);
            let of_right = step.1.map_or(&[][..], |at| &right[at].events);
            self.sequence(expected.name, of_left, of_right);
        }
    }

    fn sequence(&mut self, name: Name<'_>, expected: &[&ReadEvent], actual: &[&ReadEvent]) {
        let (expected, actual) = (self.units(expected), self.units(actual));
        for step in align(&self.keys(&expected), &self.keys(&actual)) {
            let left = step.0.map(|at| self.content(&expected[at]));
            let right = step.1.map(|at| self.content(&actual[at]));
            let (left, right) = (left.as_ref(), right.as_ref());
            // The number is that of the expected event, if both are there.
            let (at, of) = step.0.map_or((step.1, actual.len()), |at| (Some(at), expected.len()));
            let Some(event) = left.or(right) else { continue };
            let event = Difference { number: at.map(|at| at + 1), ..of_event(name, event, of) };
            let (Some(left), Some(right)) = (left, right) else {
                self.differences.push(Difference {
                    expected: left.map(data),
                    actual: right.map(data),
                    ..event
                });
                continue;
            };
            for different in self.compare.fields.compare(left, right, &mut self.renames) {
                let Different { field, expected, actual, reason } = different;
                let field = Some(field);
                self.differences.push(Difference { field, expected, actual, reason, ..event.clone() });
            }
        }
    }

    /// The events one by one, or the deltas of one message together where asked for.
    fn units<'e>(&self, events: &[&'e ReadEvent]) -> Vec<Unit<'e>> {
        let mut units: Vec<Unit<'e>> = Vec::new();
        // The message that each node streams: other nodes may stream at the same time.
        let mut streamed: HashMap<Option<&str>, (usize, Content)> = HashMap::new();
        for event in events {
            let node = event.scope().node();
            let is_delta = self.compare.joins && deltas::is_delta(event);
            let delta = is_delta.then(|| self.compare.fields.content(event));
            if let (Some(delta), Some((at, message))) = (&delta, streamed.get_mut(&node))
                && deltas::append(message, delta)
            {
                units[*at].push(event);
                continue;
            }
            match delta {
                Some(delta) => drop(streamed.insert(node, (units.len(), delta))),
                None => drop(streamed.remove(&node)),
            }
            units.push(smallvec![*event]);
        }
        units
    }

    fn content(&self, unit: &Unit<'_>) -> Content {
        let mut parts = unit.iter().map(|event| self.compare.fields.content(event));
        let mut content = parts.next().unwrap_or_default();
        for part in parts {
            deltas::append(&mut content, &part);
        }
        content
    }

    fn keys(&self, units: &[Unit<'_>]) -> Vec<Keys> {
        let fields = &self.compare.fields;
        let keys = |unit: &Unit<'_>| {
            let event = self.content(unit);
            let of_kind = ["type", "node_id"].into_iter();
            let of_kind = of_kind.filter_map(|key| Some((key.to_owned(), event.get(key)?.clone())));
            Keys { content: fields.key(&event), kind: fields.key(&of_kind.collect()) }
        };
        units.iter().map(keys).collect()
    }
}

fn data(event: &Content) -> Value {
    event.get("data").cloned().unwrap_or_default()
}

/// A difference of this event, without its values.
fn of_event(name: Name<'_>, event: &Content, of: usize) -> Difference {
    let text = |key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
    Difference {
        stream: text("stream_id").unwrap_or_default(),
        execution: name.execution().map(str::to_owned),
        node: text("node_id"),
        number: None,
        of,
        kind: text("type").unwrap_or_default(),
        field: None,
        expected: None,
        actual: None,
        reason: None,
    }
}
