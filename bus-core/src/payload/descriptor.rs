//! The static facts about one kind of event.

use std::any::TypeId;

use serde_json::Value;

use super::{DecodeError, Decoder, ErasedPayload, FieldDescriptor, Life, Payload, decode};
use crate::json::Marked;

/// Converts the data of an event to the next version: see `upcast` in the table of the derive.
pub type Upcast = fn(u32, Value) -> Result<Value, Box<dyn std::error::Error + Send + Sync>>;

/// The static facts about one kind of event: one `static` for each variant of a definition.
///
/// All code that shows or checks events reads them here, so that no list is kept by hand.
#[derive(Debug)]
#[non_exhaustive]
pub struct Descriptor {
    /// The payload's name in Rust.
    pub name: &'static str,
    /// The name on the wire, prefix included.
    pub kind: &'static str,
    /// The version of the payload's schema.
    pub version: u32,
    /// Older kinds that are accepted when reading, as written in the definition.
    pub aliases: &'static [&'static str],
    /// The doc comment.
    pub docs: &'static str,
    /// The fields, in order.
    pub fields: &'static [FieldDescriptor],
    /// The scope that an emit needs.
    pub requires: Requires,
    /// How it is kept and delivered under overflow.
    pub policy: Policy,
    /// The events that end this one.
    pub ends_with: &'static [EndsWith],
    /// The step in the life of its execution that it reports.
    pub life: Option<Life>,
    /// The type of its answers, as written in the definition.
    pub reply: Option<&'static str>,
    /// The name of the definition enum.
    pub definition: &'static str,
    /// The module of the definition, from `module_path!`.
    pub module: &'static str,
    /// The location of its declaration.
    pub location: Location,
    /// The note of `#[deprecated]`, empty if it has none.
    pub deprecated: Option<&'static str>,
    /// Converts older data to the current version.
    pub upcast: Option<Upcast>,
    /// The position in the definition.
    #[doc(hidden)]
    pub index: usize,
    type_id: TypeId,
    decode: fn(&mut Decoder<'_>) -> Result<Box<dyn ErasedPayload>, DecodeError>,
}

/// The scope that an emit needs. A stream is always needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requires {
    /// A node.
    pub node: bool,
    /// An execution.
    pub execution: bool,
}

/// How a kind is kept and delivered under overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Kept in a history quota of its own.
    pub transient: bool,
    /// Never dropped from a full queue of a subscriber.
    pub critical: bool,
    /// The newest event in each scope is kept, apart from the history.
    pub sticky: bool,
    /// On overflow a newer one may replace an older one of equal scope and equal values of these
    /// fields.
    pub coalesce: Option<&'static [&'static str]>,
}

/// A kind that ends another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndsWith {
    /// The kind that ends it.
    pub kind: &'static str,
    /// The fields (wire names) that must be equal in both, beside the scope.
    pub by: &'static [&'static str],
}

/// A location in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// From `file!`.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Builds a descriptor; called in constants by generated code.
#[doc(hidden)]
impl Descriptor {
    /// The descriptor of `P`, with the facts that every event has.
    pub const fn new<P: Payload>(
        name: &'static str,
        kind: &'static str,
        docs: &'static str,
        fields: &'static [FieldDescriptor],
    ) -> Self {
        Self {
            name,
            kind,
            version: 1,
            aliases: &[],
            docs,
            fields,
            requires: Requires { node: false, execution: false },
            policy: Policy { transient: false, critical: false, sticky: false, coalesce: None },
            ends_with: &[],
            life: None,
            reply: None,
            definition: "",
            module: "",
            location: Location { file: "", line: 0 },
            deprecated: None,
            upcast: None,
            index: 0,
            type_id: TypeId::of::<P>(),
            decode: decode::boxed::<P>,
        }
    }

    #[must_use]
    pub const fn declared(
        mut self,
        definition: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        index: usize,
    ) -> Self {
        self.definition = definition;
        self.module = module;
        self.location = Location { file, line };
        self.index = index;
        self
    }

    #[must_use]
    pub const fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    #[must_use]
    pub const fn requires(mut self, node: bool, execution: bool) -> Self {
        self.requires = Requires { node, execution };
        self
    }

    #[must_use]
    pub const fn transient(mut self) -> Self {
        self.policy.transient = true;
        self
    }

    #[must_use]
    pub const fn critical(mut self) -> Self {
        self.policy.critical = true;
        self
    }

    #[must_use]
    pub const fn sticky(mut self) -> Self {
        self.policy.sticky = true;
        self
    }

    #[must_use]
    pub const fn coalesce(mut self, fields: &'static [&'static str]) -> Self {
        self.policy.coalesce = Some(fields);
        self
    }

    #[must_use]
    pub const fn ends_with(mut self, ends: &'static [EndsWith]) -> Self {
        self.ends_with = ends;
        self
    }

    #[must_use]
    pub const fn life(mut self, life: Life) -> Self {
        self.life = Some(life);
        self
    }

    #[must_use]
    pub const fn reply(mut self, ty: &'static str) -> Self {
        self.reply = Some(ty);
        self
    }

    #[must_use]
    pub const fn deprecated(mut self, note: &'static str) -> Self {
        self.deprecated = Some(note);
        self
    }

    #[must_use]
    pub const fn upcast(mut self, hook: Upcast) -> Self {
        self.upcast = Some(hook);
        self
    }
}

impl Descriptor {
    /// The payload's type.
    pub fn type_id(&self) -> TypeId {
        self.type_id
    }

    /// The field of that name on the wire.
    pub fn field(&self, name: &str) -> Option<&FieldDescriptor> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether a field's content must not leave the process.
    pub fn has_redacted(&self) -> bool {
        self.fields.iter().any(|field| field.redacted)
    }

    /// Reads the payload from its JSON object, which has the current version of the event.
    ///
    /// Keys without a field are ignored. `null` is `None` for an `Option`; for a field with a
    /// default whose type has no null it means the default, as a missing key does.
    ///
    /// # Errors
    ///
    /// If `data` is not an object, a required field is missing, a field occurs twice, or a value
    /// does not fit its type. The error names the field; it does not quote the value of a redacted
    /// field.
    pub fn decode(&self, data: &str) -> Result<Box<dyn ErasedPayload>, DecodeError> {
        (self.decode)(&mut Decoder::new(self, data, None))
    }

    /// Like [`decode`](Self::decode), for data of another version of the event (1 if none is
    /// given).
    ///
    /// If that version is older than the descriptor's, the `upcast` hook is called for each version
    /// between, in order.
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode), and those of the hook.
    pub fn decode_version(
        &self,
        data: &str,
        version: Option<u32>,
    ) -> Result<Box<dyn ErasedPayload>, DecodeError> {
        self.decode_marked(data, None, version)
    }

    /// Like [`decode_version`](Self::decode_version); `marked` are the members of the same data, if
    /// it was scanned.
    pub(crate) fn decode_marked(
        &self,
        data: &str,
        marked: Option<Marked<'_>>,
        version: Option<u32>,
    ) -> Result<Box<dyn ErasedPayload>, DecodeError> {
        match self.upcast {
            Some(hook) if version.unwrap_or(1) < self.version => {
                let current = decode::upcast(self, hook, version.unwrap_or(1), data)?;
                self.decode(&current)
            }
            _ => (self.decode)(&mut Decoder::new(self, data, marked)),
        }
    }
}
