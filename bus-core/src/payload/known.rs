//! Codecs that are compiled once, here, for types that nearly every definition has.
//!
//! Without them each definition crate would compile the reader of `serde_json` for `String`, `u64`
//! and so on again, which is most of the build time of a small definition file.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::codec::{FieldCodec, plain};
use super::direct::direct;
use super::{FieldValue, Object};

/// Selects the codec of a type. An inherent constant takes precedence over one of a trait, so
/// `<KnownCodec<T>>::CODEC` is one of those below for the types that have one, and [`OwnCodec`]'s
/// for every other type of the same name.
#[doc(hidden)]
#[derive(Debug)]
pub struct KnownCodec<T>(PhantomData<T>);

/// The codec that the definition crate compiles itself.
#[doc(hidden)]
pub trait OwnCodec {
    /// The same as [`FieldValue::CODEC`].
    const CODEC: &'static FieldCodec;
}

impl<T: FieldValue> OwnCodec for KnownCodec<T> {
    const CODEC: &'static FieldCodec = T::CODEC;
}

/// The codec of a type whose maps have strings as keys, each once.
const fn distinct<T: fmt::Debug + Serialize + DeserializeOwned + 'static>() -> FieldCodec {
    FieldCodec { distinct: true, ..plain::<T>() }
}

macro_rules! known {
    ($($codec:ident: $($type:ty),*;)*) => {$($(
        impl KnownCodec<$type> {
            /// Compiled in this crate, because a static is code of the crate that declares it.
            pub const CODEC: &'static FieldCodec = {
                static CODEC: FieldCodec = $codec::<$type>();
                &CODEC
            };
        }
    )*)*};
}

known! {
    direct: String, bool, f64, u8, u16, u32, u64, i8, i16, i32, i64;
    direct: Option<String>, Option<bool>, Option<f64>;
    direct: Option<u8>, Option<u16>, Option<u32>, Option<u64>, Option<i32>, Option<i64>;
    distinct: f32, usize, isize, Option<usize>;
    distinct: Vec<String>, Vec<Value>, Vec<u64>, Option<Vec<String>>;
    distinct: Value, Option<Value>, Map<String, Value>, Option<Object>;
    distinct: BTreeMap<String, String>, BTreeMap<String, Value>, HashMap<String, String>, HashMap<String, Value>;
}
