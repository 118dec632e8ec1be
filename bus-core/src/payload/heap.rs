//! The memory that a payload holds apart from itself, estimated for the budget of the history.
//!
//! Every publish asks for it, so this code looks at lengths and not at contents where it can, and
//! the compiler inlines it into the publish of the event. A type that is not known here counts as
//! nothing: an estimate that is too low costs less than a bound on every field of every event.

mod json;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// A type of which all the memory is known.
#[doc(hidden)]
pub trait HeapBytes {
    /// Whether a value can hold memory apart from itself. Lists of values that hold none are not
    /// walked.
    const HOLDS: bool = true;

    /// The memory that the value holds apart from itself, in bytes.
    fn heap_bytes(&self) -> usize;
}

/// A collection of values that may be of any type.
#[doc(hidden)]
pub trait Collection {
    /// The memory that the collection has for its values, without what these hold themselves.
    fn own_bytes(&self) -> usize;
}

/// Selects the estimate for the type of a field. For a [`HeapBytes`] type it is the inherent method
/// below, which takes precedence over one of a trait; for another [`Collection`] that of
/// [`OfCollection`], which takes the value as it is; for every other type that of [`OfUnknown`],
/// which takes a reference and is therefore tried last.
#[doc(hidden)]
#[derive(Debug)]
pub struct HeapOf<'a, T: ?Sized>(pub &'a T);

impl<T: HeapBytes + ?Sized> HeapOf<'_, T> {
    /// The name is one that no trait of the user's has, because those are in scope too.
    #[inline]
    pub fn __heap_bytes(self) -> usize {
        self.0.heap_bytes()
    }
}

/// The estimate for a collection of values of unknown type.
#[doc(hidden)]
pub trait OfCollection {
    /// The memory of the collection itself.
    fn __heap_bytes(self) -> usize;
}

impl<T: Collection> OfCollection for HeapOf<'_, T> {
    #[inline]
    fn __heap_bytes(self) -> usize {
        self.0.own_bytes()
    }
}

/// The estimate for every other type.
#[doc(hidden)]
pub trait OfUnknown: Sized {
    /// Nothing.
    #[inline]
    fn __heap_bytes(self) -> usize {
        0
    }
}

impl<T: ?Sized> OfUnknown for &HeapOf<'_, T> {}

/// Adds the estimates of two fields. A function, because a lint may deny `+`.
#[doc(hidden)]
#[inline]
pub fn heap_add(one: usize, other: usize) -> usize {
    one + other
}

macro_rules! nothing {
    ($($type:ty)*) => {$(
        impl HeapBytes for $type {
            const HOLDS: bool = false;

            #[inline]
            fn heap_bytes(&self) -> usize {
                0
            }
        }
    )*};
}

nothing! { () bool char f32 f64 u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize str Duration SystemTime }

impl HeapBytes for String {
    #[inline]
    fn heap_bytes(&self) -> usize {
        self.capacity()
    }
}

impl HeapBytes for PathBuf {
    #[inline]
    fn heap_bytes(&self) -> usize {
        self.capacity()
    }
}

impl HeapBytes for Cow<'_, str> {
    #[inline]
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Borrowed(_) => 0,
            Self::Owned(text) => text.capacity(),
        }
    }
}

impl<T: HeapBytes> HeapBytes for Option<T> {
    const HOLDS: bool = T::HOLDS;

    #[inline]
    fn heap_bytes(&self) -> usize {
        match self {
            Some(value) => value.heap_bytes(),
            None => 0,
        }
    }
}

impl<T: HeapBytes + ?Sized> HeapBytes for Box<T> {
    #[inline]
    fn heap_bytes(&self) -> usize {
        size_of_val(&**self) + (**self).heap_bytes()
    }
}

/// The memory that values hold; those that hold none are not walked.
#[inline]
fn inside<'a, T: HeapBytes + 'a>(values: impl IntoIterator<Item = &'a T>) -> usize {
    if T::HOLDS { values.into_iter().map(T::heap_bytes).sum() } else { 0 }
}

impl<T: HeapBytes> HeapBytes for [T] {
    const HOLDS: bool = T::HOLDS;

    #[inline]
    fn heap_bytes(&self) -> usize {
        inside(self)
    }
}

impl<T: HeapBytes, const N: usize> HeapBytes for [T; N] {
    const HOLDS: bool = T::HOLDS;

    #[inline]
    fn heap_bytes(&self) -> usize {
        inside(self)
    }
}

macro_rules! tuples {
    ($(($($type:ident $index:tt)*))*) => {$(
        impl<$($type: HeapBytes),*> HeapBytes for ($($type,)*) {
            const HOLDS: bool = $($type::HOLDS ||)* false;

            #[inline]
            fn heap_bytes(&self) -> usize {
                $(self.$index.heap_bytes() +)* 0
            }
        }
    )*};
}

tuples! { (A 0) (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) }

macro_rules! collections {
    ($([$($extra:ident)?] $type:ident: $bytes:expr;)*) => {$(
        impl<T: HeapBytes $(, $extra)?> HeapBytes for $type<T $(, $extra)?> {
            #[inline]
            fn heap_bytes(&self) -> usize {
                self.own_bytes() + inside(self)
            }
        }

        impl<T $(, $extra)?> Collection for $type<T $(, $extra)?> {
            #[inline]
            fn own_bytes(&self) -> usize {
                let bytes: fn(&Self) -> usize = $bytes;
                bytes(self)
            }
        }
    )*};
}

collections! {
    [] Vec: |list| list.capacity() * size_of::<T>();
    [] VecDeque: |list| list.capacity() * size_of::<T>();
    [] BTreeSet: |set| set.len() * size_of::<T>();
    // A hash table has a byte for each entry.
    [S] HashSet: |set| set.capacity() * (size_of::<T>() + 1);
}

macro_rules! maps {
    ($([$($extra:ident)?] $type:ident: $bytes:expr;)*) => {$(
        impl<K: HeapBytes, V: HeapBytes $(, $extra)?> HeapBytes for $type<K, V $(, $extra)?> {
            fn heap_bytes(&self) -> usize {
                self.own_bytes() + inside(self.keys()) + inside(self.values())
            }
        }

        impl<K, V $(, $extra)?> Collection for $type<K, V $(, $extra)?> {
            #[inline]
            fn own_bytes(&self) -> usize {
                let bytes: fn(&Self) -> usize = $bytes;
                bytes(self)
            }
        }
    )*};
}

maps! {
    [] BTreeMap: |map| map.len() * size_of::<(K, V)>();
    [S] HashMap: |map| map.capacity() * (size_of::<(K, V)>() + 1);
}

impl<T> Collection for Box<T> {
    #[inline]
    fn own_bytes(&self) -> usize {
        size_of::<T>()
    }
}

impl<T: Collection> Collection for Option<T> {
    #[inline]
    fn own_bytes(&self) -> usize {
        self.as_ref().map_or(0, T::own_bytes)
    }
}

#[cfg(test)]
mod tests;
