//! Reading: one walk over a JSON object that fills the slots of an event's fields.

use std::any::Any;
use std::fmt;

use serde_json::Value;

use super::walk::Walk;
use super::{Descriptor, ErasedPayload, FieldDescriptor, Payload, Upcast};
use crate::excerpt::excerpt;
use crate::json::Marked;

/// Data that is not the payload it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    kind: &'static str,
    reason: DecodeReason,
}

/// The problem with the data of a [`DecodeError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeReason {
    /// The data is not a JSON object, or its text ends too early.
    NotAnObject(String),
    /// A required field is missing.
    Missing {
        /// The name on the wire.
        field: &'static str,
    },
    /// A field occurs more than once.
    Twice {
        /// The name on the wire.
        field: &'static str,
    },
    /// The value of a field does not fit its type.
    Invalid {
        /// The name on the wire.
        field: &'static str,
        /// The found and the expected value; without the value of a redacted field.
        cause: String,
    },
    /// The `upcast` hook failed.
    Upcast {
        /// The version that it was called for.
        from: u32,
        /// The error of the hook.
        cause: String,
    },
}

impl DecodeError {
    /// The kind that the data was read as.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The problem.
    pub fn reason(&self) -> &DecodeReason {
        &self.reason
    }

    /// The field with the problem, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self.reason {
            DecodeReason::Missing { field }
            | DecodeReason::Twice { field }
            | DecodeReason::Invalid { field, .. } => Some(field),
            _ => None,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be read: ", self.kind)?;
        match &self.reason {
            DecodeReason::NotAnObject(cause) => write!(f, "its data is not a JSON object: {cause}"),
            DecodeReason::Missing { field } => {
                write!(
                    f,
                    "field `{field}` is missing; add it, or give it `#[event(default)]` in the definition"
                )
            }
            DecodeReason::Twice { field } => write!(f, "field `{field}` occurs twice; leave one out"),
            DecodeReason::Invalid { field, cause } => write!(f, "field `{field}`: {cause}"),
            DecodeReason::Upcast { from, cause } => {
                write!(f, "its `upcast` from version {from} failed: {cause}")
            }
        }
    }
}

impl std::error::Error for DecodeError {}

/// The JSON object that the fields of an event are read from.
#[derive(Debug)]
pub struct Decoder<'a> {
    descriptor: &'a Descriptor,
    text: &'a str,
    /// The members of `text`, if it was scanned before.
    marked: Option<Marked<'a>>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(descriptor: &'a Descriptor, text: &'a str, marked: Option<Marked<'a>>) -> Self {
        Self { descriptor, text, marked }
    }

    /// Fills `slots`, each an `Option<T>` of the field at the same position in the descriptor.
    /// After `Ok` the slot of each required field is filled.
    ///
    /// # Errors
    ///
    /// As [`Descriptor::decode`].
    #[doc(hidden)]
    pub fn fields(&mut self, slots: &mut [&mut dyn Any]) -> Result<(), DecodeError> {
        let walk = Walk::new(self.descriptor.fields, slots);
        let reason = match self.marked {
            Some(marked) => walk.marked(marked),
            None => walk.object(self.text),
        };
        reason.map_err(|reason| DecodeError { kind: self.descriptor.kind, reason })
    }

    /// The error of a required slot that is empty after [`fields`](Self::fields). It cannot be, but
    /// generated code must not panic and is not trusted.
    #[doc(hidden)]
    #[cold]
    pub fn incomplete(&self) -> DecodeError {
        let field = self.descriptor.fields.iter().find(|field| field.required).map_or("", |field| field.name);
        DecodeError { kind: self.descriptor.kind, reason: DecodeReason::Missing { field } }
    }
}

pub(super) fn invalid(field: &FieldDescriptor, error: &serde_json::Error) -> DecodeReason {
    let cause = if field.redacted {
        format!("its value does not fit `{}` (not shown: the field is redacted)", field.ty)
    } else {
        cause(error)
    };
    DecodeReason::Invalid { field: field.name, cause }
}

/// The text without "at line 1 column 9", which is a position in the value, not in the reader's
/// file.
pub(super) fn cause(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    excerpt(&text[..end]).to_string()
}

pub(super) fn boxed<P: Payload>(input: &mut Decoder<'_>) -> Result<Box<dyn ErasedPayload>, DecodeError> {
    match P::decode(input) {
        Ok(payload) => Ok(Box::new(payload)),
        Err(error) => Err(error),
    }
}

/// Calls the hook for each version from `from` to the one before the descriptor's.
pub(super) fn upcast(
    descriptor: &Descriptor,
    hook: Upcast,
    from: u32,
    data: &str,
) -> Result<String, DecodeError> {
    let failed = |reason| DecodeError { kind: descriptor.kind, reason };
    let mut value: Value =
        serde_json::from_str(data).map_err(|error| failed(DecodeReason::NotAnObject(cause(&error))))?;
    for version in from..descriptor.version {
        value = hook(version, value).map_err(|error| {
            let cause = if descriptor.has_redacted() {
                "(reason not shown: the event has redacted fields)".to_owned()
            } else {
                excerpt(&error.to_string()).to_string()
            };
            failed(DecodeReason::Upcast { from: version, cause })
        })?;
    }
    serde_json::to_string(&value).map_err(|error| failed(DecodeReason::NotAnObject(cause(&error))))
}
