//! The data of an event: payloads, their descriptors and the codec that reads and writes them.
//!
//! This is the lowest layer. It knows nothing of a bus, an event or a scope. Nobody implements
//! these traits by hand: `#[derive(AgentEvent)]` does, and its code is small, because the work is
//! done here in functions that are not generic over the event. An event passes its fields as
//! `&dyn Any`; the [`Descriptor`] has the codec of each field's *type* (the "table codec"), so that
//! a type of a thousand fields is compiled once.

mod codec;
mod convert;
mod decode;
mod definition;
mod descriptor;
mod direct;
mod docs;
mod encode;
mod field;
mod heap;
mod key;
mod known;
mod life;
mod object;
mod redact;
mod schema;
mod set;
mod transcode;
mod walk;

pub use self::codec::{Adapter, CodecOf, FieldCodec, FieldValue, Plain};
pub use self::convert::{IntoField, IntoObject};
#[doc(hidden)]
pub use self::convert::{NotNumber, NumberProbe};
pub use self::decode::{DecodeError, DecodeReason, Decoder};
pub use self::definition::{AgentEvent, Package, Registration, linked};
pub use self::descriptor::{Descriptor, EndsWith, Location, Policy, Requires, Upcast};
#[doc(hidden)]
pub use self::docs::DocText;
pub use self::encode::EncodeError;
pub use self::field::FieldDescriptor;
#[doc(hidden)]
pub use self::heap::{Collection, HeapBytes, HeapOf, OfCollection, OfUnknown, heap_add};
pub use self::key::Key;
#[doc(hidden)]
pub use self::known::{KnownCodec, OwnCodec};
pub use self::life::Life;
pub use self::object::Object;
pub use self::redact::{REDACTED, redact_raw};
#[doc(hidden)]
pub use self::schema::{FieldSchema, NoSchema, SchemaProbe};
pub use self::set::EventSet;
pub use self::transcode::{deserialize, serialize, transcode};

use std::any::Any;
use std::fmt;

/// The typed data of one kind of event.
///
/// Implemented by `#[derive(AgentEvent)]` for the struct of each variant; never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the payload of an event: pass the struct of one variant, such as \
               `TargetStarted::new(..)`; for a kind that no definition declares use `emit_dynamic(kind, value)`",
    label = "not a payload"
)]
pub trait Payload: Clone + fmt::Debug + Send + Sync + Sized + 'static {
    /// The static facts about this kind of event.
    const DESCRIPTOR: &'static Descriptor;

    /// The marker `Node` if an emit needs a node, otherwise `NoNode`.
    #[doc(hidden)]
    type Node: 'static;

    /// The marker `Execution` if an emit needs an execution, otherwise `NoExecution`.
    #[doc(hidden)]
    type Execution: 'static;

    /// Passes every field, in the order of the descriptor, to `visit`.
    #[doc(hidden)]
    fn fields(&self, visit: &mut dyn FnMut(&[&dyn Any]));

    /// Reads the fields from the JSON object in `input`.
    #[doc(hidden)]
    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// The estimated memory that the fields hold apart from themselves, in bytes.
    #[doc(hidden)]
    #[inline]
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// The payload of a sticky event: the bus keeps the newest one in each scope.
///
/// `#[event(sticky)]` implements it; never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not sticky, so no latest value of it is kept: write `#[event(sticky)]` on the event",
    label = "not sticky"
)]
pub trait Sticky: Payload {}

/// The payload of an event that handlers can answer.
///
/// `#[event(reply = Decision)]` implements it; never by hand. See
/// [`Subscribe::reply`](crate::Subscribe::reply) and [`Emit::replies`](crate::Emit::replies).
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no answers: write `#[event(reply = Type)]` on the event",
    label = "not answered"
)]
pub trait Request: Payload {
    /// The type of an answer.
    type Reply: Send + 'static;
}

/// A payload of unknown type: the part of [`Payload`] that a trait object can have.
///
/// Each method is compiled for each event of a definition, so there are few of them.
pub trait ErasedPayload: Any + Send + Sync {
    /// The static facts about this kind of event.
    fn descriptor(&self) -> &'static Descriptor;

    /// Passes every field, in the order of the descriptor, to `visit`.
    #[doc(hidden)]
    fn visit_fields(&self, visit: &mut dyn FnMut(&[&dyn Any]));

    /// The estimated memory that the fields hold apart from themselves, in bytes.
    #[doc(hidden)]
    fn held_bytes(&self) -> usize;
}

impl<P: Payload> ErasedPayload for P {
    fn descriptor(&self) -> &'static Descriptor {
        P::DESCRIPTOR
    }

    fn visit_fields(&self, visit: &mut dyn FnMut(&[&dyn Any])) {
        self.fields(visit);
    }

    fn held_bytes(&self) -> usize {
        self.heap_bytes()
    }
}

impl dyn ErasedPayload {
    /// For a downcast to the payload's type.
    pub fn as_any(&self) -> &dyn Any {
        self
    }

    /// Appends the JSON object of the payload to `out`, redacted.
    ///
    /// # Errors
    ///
    /// If the `Serialize` of a field fails, or if no reader would accept its output: one object
    /// holds a key twice, a key has more than 64 KiB, there are too many levels. The error names
    /// the field, and `out` is as before.
    pub fn encode_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        encode::encode(self, out)
    }

    /// Returns the field with the most bytes of its JSON, and their number.
    pub(crate) fn largest_field(&self) -> (&'static str, usize) {
        encode::largest(self)
    }

    /// The values of `fields` (wire names), to compare two payloads; names that the payload does
    /// not have are left out.
    pub fn key(&self, fields: &[&str]) -> Key {
        key::key(self, fields)
    }

    /// The payload, if its type is `P`.
    pub fn downcast_ref<P: Payload>(&self) -> Option<&P> {
        self.as_any().downcast_ref()
    }
}

/// Redacted: a field that must not leave the process shows only its shape.
impl fmt::Debug for dyn ErasedPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        encode::debug(self, f)
    }
}

#[doc(hidden)]
pub fn debug(payload: &dyn ErasedPayload, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    encode::debug(payload, f)
}

#[cfg(feature = "inventory")]
#[doc(hidden)]
pub use inventory as __inventory;
#[doc(hidden)]
pub use serde_json::json as __json;

#[doc(hidden)]
pub use self::object::object as __object;

#[cfg(test)]
mod tests;
