//! Which executions of two recordings belong together.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::align::Step;
use super::fields::{Fields, hash};
use crate::event::ReadEvent;

/// The events of one execution, or of one node of it, in their order.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) name: Name<'a>,
    /// At least one.
    pub(super) events: Vec<&'a ReadEvent>,
}

/// The part of the scope that the events of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Name<'a> {
    Execution(&'a str),
    /// The events of a stream that have no execution.
    Stream(&'a str),
    Node(Option<&'a str>),
}

impl<'a> Name<'a> {
    pub(super) fn of_execution(event: &'a ReadEvent) -> Self {
        let scope = event.scope();
        scope.execution().map_or(Self::Stream(scope.stream()), Self::Execution)
    }

    pub(super) fn execution(self) -> Option<&'a str> {
        if let Self::Execution(id) = self { Some(id) } else { None }
    }
}

impl<'a> Group<'a> {
    /// Returns the events of each node, and those without one.
    pub(super) fn nodes(&self) -> Vec<Group<'a>> {
        groups(self.events.iter().copied(), |event| Name::Node(event.scope().node()))
    }
}

/// Divides events into groups, in the order of their first events.
pub(super) fn groups<'a>(
    events: impl IntoIterator<Item = &'a ReadEvent>,
    name: fn(&'a ReadEvent) -> Name<'a>,
) -> Vec<Group<'a>> {
    let (mut groups, mut numbers) = (Vec::<Group<'_>>::new(), HashMap::new());
    for event in events {
        let name = name(event);
        let number = *numbers.entry(name).or_insert(groups.len());
        match groups.get_mut(number) {
            Some(group) => group.events.push(event),
            None => groups.push(Group { name, events: vec![event] }),
        }
    }
    groups
}

/// Pairs groups of the same name, then those whose first event is equal, then those whose first
/// event has the same kind; within each step in the order of their first events. Those without a
/// partner come behind.
pub(super) fn matched(expected: &[Group<'_>], actual: &[Group<'_>], fields: &Fields) -> Vec<Step> {
    let first = |group: &Group<'_>| group.events.first().map(|event| fields.key(&fields.content(event)));
    let kind = |group: &Group<'_>| {
        let kind = group.events.first().map(|event| event.kind());
        hash(&(std::mem::discriminant(&group.name), kind))
    };
    let mut matched =
        Matched { of_expected: vec![None; expected.len()], is_taken: vec![false; actual.len()] };
    matched.pair(expected, actual, |group| hash(&group.name));
    matched.pair(expected, actual, |group| hash(&(std::mem::discriminant(&group.name), first(group))));
    matched.pair(expected, actual, kind);
    let extra = matched.is_taken.iter().enumerate().filter(|(_, taken)| !**taken);
    let steps = matched.of_expected.iter().enumerate().map(|(left, right)| (Some(left), *right));
    steps.chain(extra.map(|(right, _)| (None, Some(right)))).collect()
}

struct Matched {
    of_expected: Vec<Option<usize>>,
    is_taken: Vec<bool>,
}

impl Matched {
    /// Pairs those that have no partner yet and the same key.
    fn pair(&mut self, expected: &[Group<'_>], actual: &[Group<'_>], key: impl Fn(&Group<'_>) -> u64) {
        let mut waiting: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for (right, group) in actual.iter().enumerate().filter(|(right, _)| !self.is_taken[*right]) {
            waiting.entry(key(group)).or_default().push_back(right);
        }
        if waiting.is_empty() {
            return;
        }
        for (partner, group) in
            self.of_expected.iter_mut().zip(expected).filter(|(partner, _)| partner.is_none())
        {
            if let Some(right) = waiting.get_mut(&key(group)).and_then(VecDeque::pop_front) {
                *partner = Some(right);
                self.is_taken[right] = true;
            }
        }
    }
}
