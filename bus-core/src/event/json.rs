//! A payload that came as text: the text is kept, whatever became of it.

use std::any::Any;

use super::stored::{Body, Kind, KindRef};
use crate::json::Marked;
use crate::payload::{DecodeError, Descriptor, ErasedPayload};

/// A payload that came as JSON: read from a line, or emitted under a kind that no file declares.
pub(crate) struct FromJson {
    pub(crate) kind: Kind,
    pub(crate) raw: Box<str>,
    pub(crate) version: Option<u32>,
    pub(crate) decoded: Decoded,
}

/// What reading `data` into its type gave.
pub(crate) enum Decoded {
    Payload(Box<dyn ErasedPayload>),
    /// The kind is declared, and `data` does not fit its type. A box, since every event has room for it and few have one.
    Misfit(Box<DecodeError>),
    /// Nobody declared the kind.
    Undeclared,
}

impl FromJson {
    /// Reads `data` into the type that `event`, which the catalogue has for the kind, declares. An older version is
    /// raised to today's, an alias becomes today's kind. `marked` are the members of the same data, where it was scanned.
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
        // Lines from before versions were written are of the first.
        let version = Some(version.unwrap_or(1));
        let decoded = match event.decode_marked(&raw, marked, version) {
            Ok(payload) => Decoded::Payload(payload),
            Err(error) => Decoded::Misfit(Box::new(error)),
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
        self.payload().map(ErasedPayload::as_any)
    }
    fn raw(&self) -> Option<&str> {
        Some(&self.raw)
    }
    fn decode_error(&self) -> Option<&DecodeError> {
        match &self.decoded {
            Decoded::Misfit(error) => Some(error),
            _ => None,
        }
    }
    fn version(&self) -> Option<u32> {
        self.version
    }
}
