//! The argument types of emit helpers.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use serde_json::Value;

use super::Object;

/// A value that becomes a field of type `T`: for strings, ids and JSON values any value that is
/// `Into<T>`.
#[diagnostic::on_unimplemented(
    message = "this field is a `{T}`, and `{Self}` does not convert into it",
    label = "expected something that is `Into<{T}>`"
)]
pub trait IntoField<T> {
    /// The field's value.
    fn into_field(self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T, V: Into<T>> IntoField<T> for V {
    fn into_field(self) -> T {
        self.into()
    }
}

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
