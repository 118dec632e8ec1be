//! The JSON Schema of a field's type, for writers of catalogues: the feature `schema`.
//!
//! A field's type need not implement `schemars::JsonSchema`. If it does, the descriptor has a
//! function that returns its schema; the probe below decides at compile time, with one constant for
//! each field. Without the feature none of this is built.

use std::fmt;
use std::marker::PhantomData;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// The function in a descriptor that returns the schema of a field's type, if it has one.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct FieldSchema {
    #[cfg(feature = "schema")]
    make: Option<fn(&mut SchemaGenerator) -> Schema>,
}

impl FieldSchema {
    /// For a type without a schema.
    pub const NONE: Self = Self {
        #[cfg(feature = "schema")]
        make: None,
    };
}

impl fmt::Debug for FieldSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldSchema")
    }
}

/// Checks whether a type has a schema. An inherent constant whose bounds hold takes precedence over
/// one of a trait, so `<SchemaProbe<T>>::SCHEMA` is the one below for a type that has one, and
/// [`NoSchema`]'s for one that does not.
#[doc(hidden)]
#[derive(Debug)]
pub struct SchemaProbe<T>(PhantomData<T>);

#[cfg(feature = "schema")]
impl<T: JsonSchema> SchemaProbe<T> {
    /// The schema of `T`.
    pub const SCHEMA: FieldSchema = FieldSchema { make: Some(SchemaGenerator::subschema_for::<T>) };
}

/// The answer for every other type.
#[doc(hidden)]
pub trait NoSchema {
    /// None.
    const SCHEMA: FieldSchema = FieldSchema::NONE;
}

impl<T> NoSchema for SchemaProbe<T> {}

/// The schema of a field's type; called by generated code, which cannot see the features of this
/// crate.
#[cfg(feature = "schema")]
#[doc(hidden)]
#[macro_export]
macro_rules! __schema {
    ($ty:ty) => {{
        use $crate::__private::NoSchema as _;
        <$crate::__private::SchemaProbe<$ty>>::SCHEMA
    }};
}

/// Without the feature no type has a schema.
#[cfg(not(feature = "schema"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __schema {
    ($ty:ty) => {
        $crate::__private::FieldSchema::NONE
    };
}

#[cfg(feature = "schema")]
impl super::FieldDescriptor {
    /// The JSON Schema of the field's type. `None` if the type does not implement
    /// `schemars::JsonSchema` or a custom function writes the field (`#[serde(with = "…")]`). The
    /// types that it names are added to `generator`.
    pub fn json_schema(&self, generator: &mut SchemaGenerator) -> Option<Schema> {
        self.schema.make.map(|make| make(generator))
    }
}

#[cfg(all(test, feature = "schema"))]
#[allow(unused_imports, reason = "the macro's import is not needed for a type that has a schema")]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Opaque;

    #[test]
    fn a_type_has_its_schema_or_none() {
        let mut generator = SchemaGenerator::default();
        let known: FieldSchema = crate::__schema!(Vec<String>);
        let schema = known.make.map(|make| make(&mut generator).to_value());
        assert_eq!(schema, Some(serde_json::json!({ "type": "array", "items": { "type": "string" } })));
        let unknown: FieldSchema = crate::__schema!(Opaque);
        assert!(unknown.make.is_none());
        let inside: FieldSchema = crate::__schema!(Option<Opaque>);
        assert!(inside.make.is_none());
    }
}
