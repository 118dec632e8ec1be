//! The codec of one *type* of field, in whatever event it is.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::walk;
use crate::json::Checked;

/// A type that can be a field of an event.
///
/// Implemented for every type with the traits below; it exists so that the compiler can name the
/// missing one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of an event: it and what it holds need `Debug` and serde's `Serialize` and \
               `Deserialize`; derive what is missing",
    label = "not a type that an event can carry",
    note = "for a type of another crate name a module that reads and writes it: `#[serde(with = \"module\")]`, or leave \
            the field off the wire: `#[serde(skip)]`"
)]
pub trait FieldValue: 'static {
    /// The codec of this type.
    #[doc(hidden)]
    const CODEC: &'static FieldCodec;
}

#[diagnostic::do_not_recommend]
impl<T> FieldValue for T
where
    T: fmt::Debug + Serialize + DeserializeOwned + 'static,
{
    const CODEC: &'static FieldCodec = &FieldCodec::of::<T, Plain>();
}

/// Writes and reads a `T` in a custom form: the target of `#[serde(with = "…")]` on a field.
#[doc(hidden)]
pub trait Adapter<T>: 'static {
    /// Like `Serialize::serialize` of `value`.
    fn serialize<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;
    /// Like `T::deserialize`.
    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>;
}

/// The adapter that uses the type's own serde impls.
#[doc(hidden)]
#[derive(Debug)]
pub struct Plain;

impl<T: Serialize + DeserializeOwned> Adapter<T> for Plain {
    fn serialize<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

/// Fills the slot from a value; returns whether it could.
pub(super) type Read = fn(Checked<'_>, &mut dyn Any) -> bool;

/// The functions of one field type. Values come as `&dyn Any`, slots to fill as `&mut Option<T>`.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct FieldCodec {
    pub(super) encode: fn(&dyn Any, &mut Vec<u8>) -> serde_json::Result<()>,
    /// Reads the value that a text begins with; returns its end.
    pub(super) decode: fn(&str, &mut dyn Any) -> serde_json::Result<usize>,
    /// Reads a checked value if it is plainly of the type; otherwise `decode` reads it, or reports
    /// the error.
    pub(super) read: Option<Read>,
    /// No object that is written holds a key twice.
    pub(super) distinct: bool,
    pub(super) debug: fn(&dyn Any) -> Option<&dyn fmt::Debug>,
}

impl FieldCodec {
    pub(super) const fn of<T: fmt::Debug + 'static, A: Adapter<T>>() -> Self {
        Self {
            encode: encode::<T, A>,
            decode: decode::<T, A>,
            read: None,
            distinct: false,
            debug: debug::<T>,
        }
    }
}

/// The codec of a type that serde reads and writes.
pub(super) const fn plain<T: fmt::Debug + Serialize + DeserializeOwned + 'static>() -> FieldCodec {
    FieldCodec::of::<T, Plain>()
}

/// The codec of `T` that `A` writes and reads. The bounds are on the functions, so that the
/// compiler names the missing trait and not an internal constant.
#[doc(hidden)]
#[derive(Debug)]
pub struct CodecOf<T, A>(PhantomData<(T, A)>);

impl<T: 'static, A> CodecOf<T, A> {
    /// For a field with an adapter.
    pub const fn codec() -> &'static FieldCodec
    where
        T: fmt::Debug,
        A: Adapter<T>,
    {
        const { &FieldCodec::of::<T, A>() }
    }

    /// For a field that is never written and never read.
    pub const fn skipped() -> &'static FieldCodec
    where
        T: fmt::Debug,
    {
        const {
            &FieldCodec {
                encode: |_, _| Ok(()),
                decode: SKIP,
                read: None,
                distinct: false,
                debug: debug::<T>,
            }
        }
    }
}

impl fmt::Debug for FieldCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldCodec")
    }
}

fn encode<T: 'static, A: Adapter<T>>(value: &dyn Any, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match value.downcast_ref::<T>() {
        Some(value) => A::serialize(value, &mut serde_json::Serializer::new(out)),
        None => Err(mismatch()),
    }
}

/// Skips a value that is not needed.
const SKIP: fn(&str, &mut dyn Any) -> serde_json::Result<usize> = |text, _| {
    let mut input = serde_json::Deserializer::from_str(text);
    IgnoredAny::deserialize(&mut input)?;
    Ok(walk::end(input))
};

fn decode<T: 'static, A: Adapter<T>>(text: &str, slot: &mut dyn Any) -> serde_json::Result<usize> {
    let Some(slot) = slot.downcast_mut::<Option<T>>() else { return Err(mismatch()) };
    let mut input = serde_json::Deserializer::from_str(text);
    *slot = Some(A::deserialize(&mut input)?);
    Ok(walk::end(input))
}

fn debug<T: fmt::Debug + 'static>(value: &dyn Any) -> Option<&dyn fmt::Debug> {
    value.downcast_ref::<T>().map(|value| value as &dyn fmt::Debug)
}

/// Only reachable if generated code lists its fields in another order than its descriptor.
#[cold]
fn mismatch() -> serde_json::Error {
    serde::de::Error::custom(
        "the field is not of the type that its descriptor names: please report this as a bug",
    )
}
