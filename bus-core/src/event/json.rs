//! A payload that came as text: the text is always kept.

use std::any::Any;

use super::stored::{Body, Kind, KindRef};
use crate::json::Marked;
use crate::payload::{DecodeError, Descriptor, ErasedPayload};

/// A payload that came as JSON: read from a line, or emitted under an undeclared kind.
pub(crate) struct FromJson {
    pub(crate) kind: Kind,
    pub(crate) raw: Box<str>,
    pub(crate) version: Option<u32>,
    pub(crate) decoded: Decoded,
}

/// The result of reading `data` into its type.
pub(crate) enum Decoded {
    Payload(Box<dyn ErasedPayload>),
    /// The kind is declared, and `data` does not fit its type. A box, because every event has the
    /// size of the largest variant and few events have this one.
    Unfit(Box<DecodeError>),
    /// The kind is not declared.
    Undeclared,
}

impl FromJson {
    /// Reads `data` into the type of `event`, the catalogue's entry for the kind. An older version
    /// is converted to the current one, an alias becomes the current kind. `marked` are the members
    /// of the same data, if it was scanned.
    pub(crate) fn decode(
        kind: &str,
        event: Option<&'static Descriptor>,
        raw: Box<str>,
        marked: Option<Marked<'_>>,
        version: Option<u32>,
    ) -> Self {
        let Some(event) = event else {
            return Self { kind: Kind::Open(kind.into()), raw, version, decoded: Decoded::Undeclared };
        };
        // Lines of the time before versions were written have the first version.
        let version = Some(version.unwrap_or(1));
        let decoded = match event.decode_marked(&raw, marked, version) {
            Ok(payload) => Decoded::Payload(payload),
            Err(error) => Decoded::Unfit(Box::new(error)),
        };
        Self { kind: Kind::Declared(event), raw, version, decoded }
    }
}

impl Body for FromJson {
    fn kind(&self) -> KindRef<'_> {
        self.kind.as_ref()
    }
    fn payload(&self) -> Option<&dyn ErasedPayload> {
        match &self.decoded {
            Decoded::Payload(payload) => Some(&**payload),
            _ => None,
        }
    }
    fn as_any(&self) -> Option<&dyn Any> {
        Some(self.payload()?.as_any())
    }
    fn raw(&self) -> Option<&str> {
        Some(&self.raw)
    }
    fn decode_error(&self) -> Option<&DecodeError> {
        match &self.decoded {
            Decoded::Unfit(error) => Some(error),
            _ => None,
        }
    }
    fn version(&self) -> Option<u32> {
        self.version
    }
    fn heap_bytes(&self) -> usize {
        let decoded = self.payload().map_or(0, |payload| size_of_val(payload) + payload.held_bytes());
        self.raw.len() + decoded
    }
}
