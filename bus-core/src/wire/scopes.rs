//! The scopes seen last: a recording repeats a few of them line after line.

use std::borrow::Cow;
use std::sync::Arc;

use super::envelope::Envelope;
use crate::scope::{Id, Scope};

/// How many are kept: as many as there are likely to be executions at work at a time.
const KEPT: usize = 16;

/// How many attributes a scope may have to be kept.
const MODEST: usize = 32;

/// Shares one allocation among the events of one place.
#[derive(Debug, Clone, Default)]
pub(super) struct Scopes {
    recent: Vec<Arc<Scope>>,
    /// Which is replaced next.
    oldest: usize,
}

impl Scopes {
    /// The scope of an event, made where it is not one of those seen last.
    pub(super) fn get(&mut self, envelope: &Envelope<'_>) -> Arc<Scope> {
        if let Some(known) = self.recent.iter().find(|scope| same(scope, envelope)) {
            return Arc::clone(known);
        }
        let scope = Arc::new(scope(envelope));
        if envelope.attributes.len() > MODEST {
            return scope; // it will hardly come again, and would only be held here
        }
        if self.recent.len() < KEPT {
            self.recent.push(Arc::clone(&scope));
        } else {
            self.recent[self.oldest] = Arc::clone(&scope);
            self.oldest = (self.oldest + 1) % KEPT;
        }
        scope
    }
}

fn same(scope: &Scope, envelope: &Envelope<'_>) -> bool {
    let attributes = || {
        let written = envelope.attributes.iter().map(|(name, value)| (&**name, &**value));
        scope.attributes().eq(written)
    };
    scope.execution() == envelope.execution.as_deref()
        && scope.node() == envelope.node.as_deref()
        && scope.stream() == &*envelope.stream
        && scope.correlation() == envelope.correlation.as_deref()
        && attributes()
}

fn scope(envelope: &Envelope<'_>) -> Scope {
    let id = |text: &Option<Cow<'_, str>>| text.as_deref().map(Id::new);
    let mut scope = Scope::new(&*envelope.stream);
    scope.node = id(&envelope.node);
    scope.execution = id(&envelope.execution);
    scope.correlation = id(&envelope.correlation);
    // No name is there twice, and none is the envelope's: setting one by one would look for that again each time.
    let attributes = envelope.attributes.iter().map(|(name, value)| (Box::from(&**name), Id::new(&**value)));
    scope.attributes = attributes.collect();
    scope
}
