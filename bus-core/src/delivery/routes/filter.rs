//! The equality part of a subscription's filter, in the form by which the routes are keyed.

use std::borrow::Cow;

use crate::filter::{Field, Filter};
use crate::scope::{Id, Scope, mix};

/// The parts that an event's scope must equal. An empty text is a value like any other, not "no
/// filter".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    stream: Option<Id>,
    node: Option<Id>,
    execution: Option<Id>,
    correlation: Option<Id>,
    /// Sorted by name.
    attributes: Vec<(Box<str>, Id)>,
    /// The parts that may have one of several values; none of them has a value above.
    #[expect(clippy::box_collection, reason = "one word, because each row of the routes has one")]
    several: Option<Box<Vec<Several>>>,
}

/// A part of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Stream,
    Node,
    Execution,
    Correlation,
    Attribute(Box<str>),
}

/// A part that may have one of several values.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Several {
    part: Part,
    values: Vec<Id>,
}

/// The parts of a scope that a filter looks at. Subscriptions of one shape share a table.
#[expect(clippy::struct_excessive_bools, reason = "one for each part of a scope")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    stream: bool,
    node: bool,
    execution: bool,
    correlation: bool,
    attributes: Vec<Box<str>>,
}

impl Part {
    fn of<'a>(&self, scope: &'a Scope) -> Option<&'a Id> {
        match self {
            Self::Stream => Some(&scope.stream),
            Self::Node => scope.node.as_ref(),
            Self::Execution => scope.execution.as_ref(),
            Self::Correlation => scope.correlation.as_ref(),
            Self::Attribute(name) => scope.attribute_id(name),
        }
    }
}

impl Several {
    fn matches(&self, scope: &Scope) -> bool {
        self.part.of(scope).is_some_and(|found| self.values.contains(found))
    }
}

impl Wanted {
    /// Adds a value that a part may have.
    pub(crate) fn add(&mut self, part: Part, value: impl Into<String>) {
        let value = Id::new(value);
        let several = self.several.iter_mut().flat_map(|several| several.iter_mut());
        if let Some(known) = { several }.find(|several| several.part == part) {
            if !known.values.contains(&value) {
                known.values.push(value);
            }
            return;
        }
        match self.take(&part) {
            Some(first) if first != value => {
                self.several.get_or_insert_default().push(Several { part, values: vec![first, value] });
            }
            _ => self.set(&part, value),
        }
    }

    /// Whether a part must have some value.
    pub(crate) fn has(&self, part: &Part) -> bool {
        let one = match part {
            Part::Stream => self.stream.is_some(),
            Part::Node => self.node.is_some(),
            Part::Execution => self.execution.is_some(),
            Part::Correlation => self.correlation.is_some(),
            Part::Attribute(name) => self.find(name).is_ok(),
        };
        one || self.several.iter().flat_map(|several| several.iter()).any(|several| several.part == *part)
    }

    fn take(&mut self, part: &Part) -> Option<Id> {
        match part {
            Part::Stream => self.stream.take(),
            Part::Node => self.node.take(),
            Part::Execution => self.execution.take(),
            Part::Correlation => self.correlation.take(),
            Part::Attribute(name) => self.find(name).ok().map(|at| self.attributes.remove(at).1),
        }
    }

    fn set(&mut self, part: &Part, value: Id) {
        match part {
            Part::Stream => self.stream = Some(value),
            Part::Node => self.node = Some(value),
            Part::Execution => self.execution = Some(value),
            Part::Correlation => self.correlation = Some(value),
            Part::Attribute(name) => match self.find(name) {
                Ok(at) => self.attributes[at].1 = value,
                Err(at) => self.attributes.insert(at, (name.clone(), value)),
            },
        }
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.attributes.binary_search_by(|(key, _)| (**key).cmp(name))
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The hash of the one execution that is wanted, where it is one.
    pub(crate) fn execution(&self) -> Option<u64> {
        self.execution.as_ref().map(Id::hash)
    }

    /// The filters under which a receiver is found: one for each value of the part that has most.
    /// An event fits at most one of them.
    pub(crate) fn rows(&self) -> Vec<Cow<'_, Self>> {
        let several = self.several.iter().flat_map(|several| several.iter());
        let Some(most) = several.max_by_key(|several| several.values.len()) else {
            return vec![Cow::Borrowed(self)];
        };
        let row = |value: &Id| {
            let mut row = Self { several: None, ..self.clone() };
            row.set(&most.part, value.clone());
            Cow::Owned(row)
        };
        most.values.iter().map(row).collect()
    }

    /// The filter that the rows do not check: where several parts have several values.
    pub(crate) fn rest(&self) -> Option<Self> {
        let several = self.several.as_ref().filter(|several| several.len() > 1)?;
        Some(Self { several: Some(several.clone()), ..Self::default() })
    }

    /// Adds the parts that have one value to a filter.
    pub(crate) fn narrow(&self, filter: Filter) -> Filter {
        let parts = [
            (Field::StreamId, &self.stream),
            (Field::NodeId, &self.node),
            (Field::ExecutionId, &self.execution),
            (Field::CorrelationId, &self.correlation),
        ];
        let parts = parts.into_iter().filter_map(|(field, id)| Some((field, id.as_ref()?)));
        parts.fold(filter, |filter, (field, id)| filter.with(field, id.as_str()))
    }

    pub(crate) fn shape(&self) -> Shape {
        Shape {
            stream: self.stream.is_some(),
            node: self.node.is_some(),
            execution: self.execution.is_some(),
            correlation: self.correlation.is_some(),
            attributes: self.attributes.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Equal to [`Shape::hash_of`] of every scope that this matches.
    pub(crate) fn hash(&self) -> u64 {
        let parts = [&self.stream, &self.node, &self.execution, &self.correlation].into_iter().flatten();
        parts.chain(self.attributes.iter().map(|(_, value)| value)).fold(0, |hash, id| mix(hash, id.hash()))
    }

    /// Whether an event of this scope is wanted.
    pub(crate) fn matches(&self, scope: &Scope) -> bool {
        fn fits(wanted: Option<&Id>, found: Option<&Id>) -> bool {
            wanted.is_none_or(|wanted| found == Some(wanted))
        }
        fits(self.stream.as_ref(), Some(&scope.stream))
            && fits(self.node.as_ref(), scope.node.as_ref())
            && fits(self.execution.as_ref(), scope.execution.as_ref())
            && fits(self.correlation.as_ref(), scope.correlation.as_ref())
            && self.attributes.iter().all(|(name, value)| scope.attribute_id(name) == Some(value))
            && self.several.iter().flat_map(|several| several.iter()).all(|several| several.matches(scope))
    }
}

impl Shape {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The hash of the parts this shape looks at; `None` where the scope lacks one of them.
    pub(crate) fn hash_of(&self, scope: &Scope) -> Option<u64> {
        let mut hash = 0;
        let mut add = |id: Option<&Id>| id.map(|id| hash = mix(hash, id.hash()));
        if self.stream {
            add(Some(&scope.stream))?;
        }
        if self.node {
            add(scope.node.as_ref())?;
        }
        if self.execution {
            add(scope.execution.as_ref())?;
        }
        if self.correlation {
            add(scope.correlation.as_ref())?;
        }
        for name in &self.attributes {
            add(scope.attribute_id(name))?;
        }
        Some(hash)
    }
}
