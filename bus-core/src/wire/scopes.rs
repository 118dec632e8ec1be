//! The most recent scopes: a recording repeats a few of them line after line.

use std::borrow::Cow;
use std::sync::Arc;

use super::envelope::Envelope;
use crate::scope::{Id, Scope};

/// The number of scopes that are kept: about as many as executions that run at a time.
const KEPT: usize = 16;

/// The most attributes of a scope that is kept.
const MODEST: usize = 32;

/// Shares one allocation among the events of one scope.
#[derive(Debug, Clone, Default)]
pub(super) struct Scopes {
    /// Probably used again at once, and the only one if one event is read.
    last: Option<Arc<Scope>>,
    others: Vec<Arc<Scope>>,
    /// The next of the others to be replaced.
    oldest: usize,
}

impl Scopes {
    /// The scope of an event; made anew if it is not a recent one.
    pub(super) fn get(&mut self, envelope: &Envelope<'_>) -> Arc<Scope> {
        if let Some(last) = &mut self.last {
            if same(last, envelope) {
                return Arc::clone(last);
            }
            if let Some(known) = self.others.iter_mut().find(|scope| same(scope, envelope)) {
                std::mem::swap(last, known);
                return Arc::clone(last);
            }
        }
        let scope = Arc::new(scope(envelope));
        // A scope with many attributes is unlikely to be used again, so it is not kept.
        if envelope.attributes.len() <= MODEST
            && let Some(before) = self.last.replace(Arc::clone(&scope))
        {
            self.keep(before);
        }
        scope
    }

    fn keep(&mut self, scope: Arc<Scope>) {
        if self.others.len() < KEPT {
            self.others.push(scope);
        } else {
            self.others[self.oldest] = scope;
            self.oldest = (self.oldest + 1) % KEPT;
        }
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
    let id = |text: &Option<Cow<'_, str>>| text.as_deref().map(Id::of);
    let mut scope = Scope::of(Id::of(&envelope.stream));
    scope.node = id(&envelope.node);
    scope.execution = id(&envelope.execution);
    scope.correlation = id(&envelope.correlation);
    // All names are distinct and none is the envelope's; setting them one by one would check that
    // again each time.
    let attributes = envelope.attributes.iter().map(|(name, value)| (Box::from(&**name), Id::of(value)));
    scope.attributes = attributes.collect();
    scope
}
