//! The outcome of one event in one handler.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::delivery::panic::{catch_panic, message};
use crate::error::BoxError;

/// The outcome of one event in one handler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The handler returned.
    Handled,
    /// The handler returned this error.
    Failed(String),
    /// The handler panicked with this message.
    Panicked(String),
    /// The handler took longer than its timeout and was dropped.
    TimedOut,
    /// The queue was full and the event did not fit.
    Overflowed,
    /// The event waited, and a newer one of its kind replaced it.
    Coalesced,
    /// The subscription ended, or its runtime was shut down, before the event was handled.
    Dropped,
}

/// The return type of a handler: nothing, or `Result<(), BoxError>`.
#[diagnostic::on_unimplemented(
    message = "a handler returns `()` or `Result<(), BoxError>`, not `{Self}`",
    label = "this handler's result",
    note = "`?` turns any error into a `BoxError`; end the handler with `Ok(())`, or drop the value with `;`"
)]
pub trait HandlerResult: Send + 'static {
    #[doc(hidden)]
    fn into_result(self) -> Result<(), BoxError>;
}

impl HandlerResult for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// The type `!`, which has no name in stable Rust: a handler that only panics, as `|_| todo!()`.
pub(crate) type Never = <fn() -> ! as Returns>::Value;

/// Public because the implementation below names it; nobody can reach it.
#[expect(unnameable_types, reason = "as said above")]
pub trait Returns {
    /// The result of the function.
    type Value;
}

impl<T> Returns for fn() -> T {
    type Value = T;
}

impl HandlerResult for Never {
    fn into_result(self) -> Result<(), BoxError> {
        self
    }
}

impl HandlerResult for Result<(), BoxError> {
    fn into_result(self) -> Self {
        self
    }
}

/// How a handler ended where it has not simply handled the event. Boxed, so that it is passed on
/// in a register.
pub(crate) type Failure = Option<Box<Outcome>>;

/// The outcome of a call of foreign code, where it has not simply returned.
#[inline]
pub(crate) fn failure(result: Result<Option<BoxError>, Box<dyn Any + Send>>) -> Option<Outcome> {
    match result {
        Ok(None) => None,
        Ok(Some(error)) => Some(failed(error)),
        Err(panic) => Some(panicked(panic)),
    }
}

/// Turns a handler's error into an outcome. Its `Display` may panic, and so may its drop.
#[cold]
pub(crate) fn failed(error: BoxError) -> Outcome {
    let shown = catch_unwind(AssertUnwindSafe(|| error.to_string()));
    catch_panic(|| drop(error));
    shown.map_or_else(panicked, Outcome::Failed)
}

#[cold]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Outcome {
    Outcome::Panicked(message(panic))
}
