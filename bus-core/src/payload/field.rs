//! The static facts about one field.

use std::any::Any;

use super::{FieldCodec, FieldSchema};

/// The static facts about one field of an event: the part of a [`Descriptor`](super::Descriptor)
/// that catalogues show.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own that a catalogue shows")]
pub struct FieldDescriptor {
    /// The name on the wire.
    pub name: &'static str,
    /// The name in Rust.
    pub ident: &'static str,
    /// Older names that are accepted when reading.
    pub aliases: &'static [&'static str],
    /// The type as written in the definition.
    pub ty: &'static str,
    /// The doc comment.
    pub docs: &'static str,
    /// Whether an emit or a read needs this field.
    pub required: bool,
    /// The type is an `Option`.
    pub optional: bool,
    /// The default as written, `Default::default()` for a plain `#[event(default)]`.
    pub default: Option<&'static str>,
    /// The content never leaves the process.
    pub redacted: bool,
    /// The field's own keys are keys of the event's object, as with `#[serde(flatten)]`.
    pub flattened: bool,
    /// The field is not written.
    pub skip_encoding: bool,
    /// The field is not read.
    pub skip_decoding: bool,
    pub(super) skip_if: Option<fn(&dyn Any) -> bool>,
    pub(super) codec: &'static FieldCodec,
    #[cfg_attr(not(feature = "schema"), allow(dead_code, reason = "asked for by catalogues only"))]
    pub(super) schema: FieldSchema,
}

/// Builds a descriptor; called in constants by generated code.
#[doc(hidden)]
impl FieldDescriptor {
    /// A required field.
    pub const fn new(
        name: &'static str,
        ident: &'static str,
        ty: &'static str,
        docs: &'static str,
        codec: &'static FieldCodec,
    ) -> Self {
        Self {
            name,
            ident,
            aliases: &[],
            ty,
            docs,
            required: true,
            optional: false,
            default: None,
            redacted: false,
            flattened: false,
            skip_encoding: false,
            skip_decoding: false,
            skip_if: None,
            codec,
            schema: FieldSchema::NONE,
        }
    }

    #[must_use]
    pub const fn schema(mut self, schema: FieldSchema) -> Self {
        self.schema = schema;
        self
    }

    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self.required = false;
        self
    }

    #[must_use]
    pub const fn default(mut self, expression: &'static str) -> Self {
        self.default = Some(expression);
        self.required = false;
        self
    }

    #[must_use]
    pub const fn redacted(mut self) -> Self {
        self.redacted = true;
        self
    }

    #[must_use]
    pub const fn flattened(mut self) -> Self {
        self.flattened = true;
        self.required = false;
        self
    }

    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    #[must_use]
    pub const fn skip(mut self, encoding: bool, decoding: bool) -> Self {
        self.skip_encoding = encoding;
        self.skip_decoding = decoding;
        self.required = self.required && !decoding;
        self
    }

    #[must_use]
    pub const fn skip_if(mut self, skip: fn(&dyn Any) -> bool) -> Self {
        self.skip_if = Some(skip);
        self
    }
}

impl FieldDescriptor {
    /// Whether `key` of a JSON object is this field.
    pub fn answers_to(&self, key: &str) -> bool {
        !self.flattened && !self.skip_decoding && (self.name == key || self.aliases.contains(&key))
    }

    pub(super) fn skips(&self, value: &dyn Any) -> bool {
        self.skip_encoding || self.skip_if.is_some_and(|skip| skip(value))
    }
}
