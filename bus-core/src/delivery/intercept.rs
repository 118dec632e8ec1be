//! Interceptors: closures of the user's that see each event before it is published.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::delivery::outcome::{Outcome, failure};
use crate::error::{BoxError, Refused};
use crate::event::Stored;
use crate::payload::{Descriptor, Payload};
use crate::scope::Scope;
use crate::sync::{AtomicU64, Ordering};

/// An event that is about to be published, as an
/// [interceptor](crate::EventBusBuilder::intercept) sees it: it has no position and no id yet.
pub struct Draft<'a> {
    pub(crate) stored: &'a mut Stored,
}

impl Draft<'_> {
    /// Returns the name of the kind on the wire.
    pub fn kind(&self) -> &str {
        self.stored.body.kind().as_str()
    }

    /// Returns the catalogue's entry for its kind; `None` for an undeclared kind.
    pub fn descriptor(&self) -> Option<&'static Descriptor> {
        self.stored.body.kind().descriptor()
    }

    /// Returns the scope, with the attributes that earlier interceptors have set.
    pub fn scope(&self) -> &Scope {
        &self.stored.head.scope
    }

    /// Returns the payload if it is a `P`.
    pub fn payload<P: Payload>(&self) -> Option<&P> {
        self.stored.body.as_any()?.downcast_ref()
    }

    /// Sets an open attribute of the event, as [`Emitter::attribute`](crate::Emitter::attribute)
    /// does for all events of an emitter. It replaces one of the same name.
    pub fn set_attribute(&mut self, name: &str, value: impl Into<String>) {
        Arc::make_mut(&mut self.stored.head.scope).set_open_attribute(name, value);
    }
}

impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stored.fmt(f)
    }
}

/// A closure of the user's that refuses an event with an error.
pub(crate) type Intercept = Arc<dyn Fn(&mut Draft<'_>) -> Result<(), BoxError> + Send + Sync>;

/// One interceptor of a bus.
pub(crate) struct Interceptor {
    pub(crate) name: Arc<str>,
    call: Intercept,
    refused: AtomicU64,
}

impl Interceptor {
    pub(crate) fn new(name: Arc<str>, call: Intercept) -> Self {
        Self { name, call, refused: AtomicU64::new(0) }
    }

    /// How many events it has refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Lets it see an event. One that panics has not let the event pass.
    pub(crate) fn call(&self, stored: &mut Stored) -> Result<(), Refused> {
        let result = catch_unwind(AssertUnwindSafe(|| (self.call)(&mut Draft { stored })));
        let Some(outcome) = failure(result.map(Result::err)) else { return Ok(()) };
        self.refused.fetch_add(1, Ordering::Relaxed);
        let reason = match outcome {
            Outcome::Panicked(text) => format!("it panicked: {text}"),
            Outcome::Failed(text) => text,
            other => format!("{other:?}"),
        };
        Err(Refused::Intercepted { by: Arc::clone(&self.name), reason })
    }
}
