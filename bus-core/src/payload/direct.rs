//! Field types that are read and written without serde: those that nearly every event has.
//!
//! This code accepts only values that are plainly of the type. All others, errors included, go to
//! serde as for any other type, so that both ways have the same values and errors.

use std::any::Any;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{FieldCodec, plain};
use crate::json::{self, Checked, Shape};

/// A type that is read from a checked value, and written, without serde.
pub(super) trait Direct: Sized {
    /// Returns the value if it is plainly one of this type.
    fn read(value: Checked<'_>) -> Option<Self>;
    /// Appends it in the same form as serde; `false` if serde must write it.
    fn write(&self, out: &mut Vec<u8>) -> bool;
}

/// The codec of a type that avoids serde if it can.
pub(super) const fn direct<T>() -> FieldCodec
where
    T: Direct + fmt::Debug + Serialize + DeserializeOwned + 'static,
{
    FieldCodec { encode: encode::<T>, read: Some(read::<T>), ..plain::<T>() }
}

fn read<T: Direct + 'static>(value: Checked<'_>, slot: &mut dyn Any) -> bool {
    let Some(slot) = slot.downcast_mut::<Option<T>>() else { return false };
    *slot = T::read(value);
    slot.is_some()
}

fn encode<T>(value: &dyn Any, out: &mut Vec<u8>) -> serde_json::Result<()>
where
    T: Direct + fmt::Debug + Serialize + DeserializeOwned + 'static,
{
    match value.downcast_ref::<T>() {
        Some(value) if value.write(out) => Ok(()),
        _ => (const { plain::<T>() }.encode)(value, out),
    }
}

impl Direct for String {
    fn read(value: Checked<'_>) -> Option<Self> {
        (value.shape == Shape::String).then(|| value.chars.to_owned())
    }

    fn write(&self, out: &mut Vec<u8>) -> bool {
        json::string(self, out);
        true
    }
}

impl Direct for bool {
    fn read(value: Checked<'_>) -> Option<Self> {
        (value.shape == Shape::Bool).then(|| value.raw == "true")
    }

    fn write(&self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
        true
    }
}

impl Direct for f64 {
    /// Both round to the nearest; serde refuses one that is too large for the type.
    fn read(value: Checked<'_>) -> Option<Self> {
        let number = (value.shape == Shape::Number).then(|| value.raw.parse::<Self>().ok()).flatten();
        number.filter(|number| number.is_finite())
    }

    fn write(&self, _: &mut Vec<u8>) -> bool {
        false
    }
}

impl<T: Direct> Direct for Option<T> {
    fn read(value: Checked<'_>) -> Option<Self> {
        if value.shape == Shape::Null { Some(None) } else { T::read(value).map(Some) }
    }

    fn write(&self, out: &mut Vec<u8>) -> bool {
        let Some(value) = self else {
            out.extend_from_slice(b"null");
            return true;
        };
        value.write(out)
    }
}

macro_rules! whole {
    ($($type:ty)*) => {$(
        impl Direct for $type {
            /// `-0` is a float to serde, and so are fractions and exponents.
            fn read(value: Checked<'_>) -> Option<Self> {
                let number = (value.shape == Shape::Number).then(|| value.raw.parse().ok()).flatten();
                number.filter(|number| *number != 0 || value.raw.len() == 1)
            }

            fn write(&self, out: &mut Vec<u8>) -> bool {
                let negative = i64::try_from(*self).is_ok_and(i64::is_negative);
                if negative {
                    out.push(b'-');
                }
                json::decimal(self.abs_diff(0).into(), out);
                true
            }
        }
    )*};
}

whole! { u8 u16 u32 u64 i8 i16 i32 i64 }
