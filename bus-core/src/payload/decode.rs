//! Reading: one walk over a JSON object that fills the slots of an event's fields.

use std::any::Any;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Descriptor, ErasedPayload, FieldDescriptor, Payload, Upcast};

/// Why data did not become a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    kind: &'static str,
    reason: DecodeReason,
}

/// What is wrong with the data of a [`DecodeError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeReason {
    /// The data is not a JSON object, or its text is cut off.
    NotAnObject(String),
    /// A required field is not there.
    Missing {
        /// The name on the wire.
        field: &'static str,
    },
    /// A field is there more than once.
    Twice {
        /// The name on the wire.
        field: &'static str,
    },
    /// The value of a field does not fit its type.
    Invalid {
        /// The name on the wire.
        field: &'static str,
        /// What was found and what was expected; says nothing of the value of a redacted field.
        cause: String,
    },
    /// The `upcast` hook failed.
    Upcast {
        /// The version it was called for.
        from: u32,
        /// What the hook said.
        cause: String,
    },
}

impl DecodeError {
    /// The kind that the data was read as.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What is wrong.
    pub fn reason(&self) -> &DecodeReason {
        &self.reason
    }

    /// The field that is wrong, where it is one.
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
            DecodeReason::Twice { field } => write!(f, "field `{field}` is there twice; leave one out"),
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
}

impl<'a> Decoder<'a> {
    pub(super) fn new(descriptor: &'a Descriptor, text: &'a str) -> Self {
        Self { descriptor, text }
    }

    /// Fills `slots`, each an `Option<T>` of the field at the same place in the descriptor. When it returns `Ok`, the slot
    /// of each required field is filled.
    ///
    /// # Errors
    ///
    /// As [`Descriptor::decode`].
    #[doc(hidden)]
    pub fn fields(&mut self, slots: &mut [&mut dyn Any]) -> Result<(), DecodeError> {
        let mut walk = Walk { fields: self.descriptor.fields, slots, seen: 0, rest: None, failed: None };
        if walk.fields.iter().any(|field| field.flattened) {
            walk.rest = Some(Vec::from(*b"{"));
        }
        let mut input = serde_json::Deserializer::from_str(self.text);
        let end = (&mut input).deserialize_map(&mut walk).and_then(|()| input.end());
        let reason = match (walk.failed.take(), end) {
            (Some(reason), _) => Err(reason),
            (None, Err(error)) => Err(DecodeReason::NotAnObject(cause(&error))),
            (None, Ok(())) => walk.finish(),
        };
        reason.map_err(|reason| DecodeError { kind: self.descriptor.kind, reason })
    }

    /// The error of a required slot that is empty after [`fields`](Self::fields): it cannot be, but generated code
    /// neither panics nor is believed.
    #[doc(hidden)]
    #[cold]
    pub fn incomplete(&self) -> DecodeError {
        let field = self.descriptor.fields.iter().find(|field| field.required).map_or("", |field| field.name);
        DecodeError { kind: self.descriptor.kind, reason: DecodeReason::Missing { field } }
    }
}

/// The walk over the members of the object.
struct Walk<'w, 's> {
    fields: &'static [FieldDescriptor],
    slots: &'w mut [&'s mut dyn Any],
    /// A bit for each field that was found.
    seen: u128,
    /// The members that no field answers to, as an object not yet closed; kept only where a field is flattened.
    rest: Option<Vec<u8>>,
    failed: Option<DecodeReason>,
}

impl Walk<'_, '_> {
    fn fill(&mut self, index: usize, value: &RawValue) -> Result<(), DecodeReason> {
        let field = &self.fields[index];
        if self.seen & (1 << index) != 0 {
            return Err(DecodeReason::Twice { field: field.name });
        }
        self.seen |= 1 << index;
        match (field.codec.decode)(value.get(), self.slots[index]) {
            Ok(()) => Ok(()),
            // The original writes null for what is absent: where there is a default, that is what it means.
            Err(_) if value.get() == "null" && field.default.is_some() => Ok(()),
            Err(error) => Err(invalid(field, &error)),
        }
    }

    fn keep(&mut self, key: &str, value: &RawValue) {
        if let Some(rest) = &mut self.rest {
            if rest.len() > 1 {
                rest.push(b',');
            }
            super::encode::push_string(rest, key);
            rest.push(b':');
            rest.extend_from_slice(value.get().as_bytes());
        }
    }

    fn finish(&mut self) -> Result<(), DecodeReason> {
        if let Some(mut rest) = self.rest.take() {
            rest.push(b'}');
            let text = String::from_utf8_lossy(&rest);
            for (index, field) in self.fields.iter().enumerate().filter(|(_, field)| field.flattened) {
                (field.codec.decode)(&text, self.slots[index]).map_err(|error| invalid(field, &error))?;
            }
        }
        let missing =
            |(index, field): &(usize, &FieldDescriptor)| field.required && self.seen & (1 << index) == 0;
        match self.fields.iter().enumerate().find(missing) {
            Some((_, field)) => Err(DecodeReason::Missing { field: field.name }),
            None => Ok(()),
        }
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_key_seed(Name { fields: self.fields, keep: self.rest.is_some() })? {
            let value = map.next_value::<&'de RawValue>()?;
            match member {
                Member::Field(index) => {
                    if let Err(reason) = self.fill(index, value) {
                        self.failed = Some(reason);
                        return Err(serde::de::Error::custom("a field failed"));
                    }
                }
                Member::Other(key) => self.keep(&key, value),
                Member::Passed => {}
            }
        }
        Ok(())
    }
}

/// Finds the field that a key names, without a copy of the key.
struct Name {
    fields: &'static [FieldDescriptor],
    keep: bool,
}

enum Member {
    Field(usize),
    Other(String),
    Passed,
}

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Member;

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<Member, D::Error> {
        input.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Member, E> {
        Ok(match self.fields.iter().position(|field| field.answers_to(key)) {
            Some(index) => Member::Field(index),
            None if self.keep => Member::Other(key.to_owned()),
            None => Member::Passed,
        })
    }
}

fn invalid(field: &FieldDescriptor, error: &serde_json::Error) -> DecodeReason {
    let cause = if field.redacted {
        format!("its value does not fit `{}` (not shown: the field is redacted)", field.ty)
    } else {
        cause(error)
    };
    DecodeReason::Invalid { field: field.name, cause }
}

/// The text without "at line 1 column 9": the place is one in the value, not in the file that a reader has before them.
fn cause(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

pub(super) fn boxed<P: Payload>(input: &mut Decoder<'_>) -> Result<Box<dyn ErasedPayload>, DecodeError> {
    match P::decode(input) {
        Ok(payload) => Ok(Box::new(payload)),
        Err(error) => Err(error),
    }
}

/// Calls the hook for each version from `from` to the one before the descriptor's.
pub(super) fn raise(
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
                error.to_string()
            };
            failed(DecodeReason::Upcast { from: version, cause })
        })?;
    }
    serde_json::to_string(&value).map_err(|error| failed(DecodeReason::NotAnObject(cause(&error))))
}
