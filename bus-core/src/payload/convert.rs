//! The argument types of emit helpers.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::marker::PhantomData;

use serde_json::Value;

use super::Object;

/// A value that becomes a field of type `T`: for strings, ids and JSON values any value that is
/// `Into<T>`; for an id that is an alias of a number (`EXACT`) a `T`, so that a literal has its
/// type.
#[diagnostic::on_unimplemented(
    message = "this field is a `{T}`, and `{Self}` does not convert into it",
    label = "expected something that is `Into<{T}>`"
)]
pub trait IntoField<T, const EXACT: bool = false> {
    /// The field's value.
    fn into_field(self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T, V: Into<T>> IntoField<T> for V {
    fn into_field(self) -> T {
        self.into()
    }
}

#[diagnostic::do_not_recommend]
impl<T> IntoField<T, true> for T {
    fn into_field(self) -> T {
        self
    }
}

/// Checks whether the name of an id is an alias of a number's. An inherent constant takes
/// precedence over one of a trait, so `<NumberProbe<T>>::IS_NUMBER` is that of the list below for
/// numbers, and [`NotNumber`]'s for every other type.
#[doc(hidden)]
#[derive(Debug)]
pub struct NumberProbe<T>(PhantomData<T>);

/// The answer for every other type.
#[doc(hidden)]
pub trait NotNumber {
    /// It is not.
    const IS_NUMBER: bool = false;
}

impl<T> NotNumber for NumberProbe<T> {}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl NumberProbe<$number> {
            /// It is.
            pub const IS_NUMBER: bool = true;
        }
    )*};
}

numbers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64);

/// A value that becomes a JSON object: `object! { .. }`, a map, or a list of pairs.
#[diagnostic::on_unimplemented(
    message = "this field is a JSON object, and `{Self}` does not convert into one: write `object! {{ \"key\": value }}`",
    label = "expected `object! {{ .. }}` or a map with string keys",
    note = "a `serde_json::Value` need not be an object: take it apart with `as_object`, or declare the field as `Value`"
)]
pub trait IntoObject<T = Object> {
    /// The field's value.
    fn into_object(self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T> IntoObject<T> for T {
    fn into_object(self) -> T {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<K: Into<String>, V: Into<Value>, S: BuildHasher> IntoObject for HashMap<K, V, S> {
    fn into_object(self) -> Object {
        pairs(self)
    }
}

#[diagnostic::do_not_recommend]
impl<K: Into<String>, V: Into<Value>> IntoObject for BTreeMap<K, V> {
    fn into_object(self) -> Object {
        pairs(self)
    }
}

#[diagnostic::do_not_recommend]
impl<K: Into<String>, V: Into<Value>> IntoObject for Vec<(K, V)> {
    fn into_object(self) -> Object {
        pairs(self)
    }
}

#[diagnostic::do_not_recommend]
impl<K: Into<String>, V: Into<Value>, const N: usize> IntoObject for [(K, V); N] {
    fn into_object(self) -> Object {
        pairs(self)
    }
}

fn pairs<K: Into<String>, V: Into<Value>>(pairs: impl IntoIterator<Item = (K, V)>) -> Object {
    pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}
