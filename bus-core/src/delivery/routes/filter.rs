//! The equality part of a subscription's filter, in the form by which the routes are keyed.

use crate::scope::{Id, Scope, mix};

/// The parts that an event's scope must equal. An empty text is a value like any other, not "no
/// filter".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) stream: Option<Id>,
    pub(crate) node: Option<Id>,
    pub(crate) execution: Option<Id>,
    pub(crate) correlation: Option<Id>,
    /// Sorted by name.
    pub(crate) attributes: Vec<(Box<str>, Id)>,
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

impl Wanted {
    pub(crate) fn set_attribute(&mut self, name: &str, value: Id) {
        match self.attributes.binary_search_by(|(key, _)| (**key).cmp(name)) {
            Ok(at) => self.attributes[at].1 = value,
            Err(at) => self.attributes.insert(at, (name.into(), value)),
        }
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
