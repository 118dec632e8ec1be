//! An id with its hash, so that routing never hashes text.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use hashbrown::DefaultHashBuilder;

/// One seed for the process, so that ids of different buses compare by hash first, and no outsider
/// can choose ids that collide.
static SEED: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

/// A name with its hash. Scopes that are made from each other share it.
#[derive(Clone)]
pub(crate) struct Id {
    text: Arc<str>,
    hash: u64,
}

impl Id {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::of(&text.into())
    }

    /// The same, from a string that the caller keeps.
    pub(crate) fn of(text: &str) -> Self {
        Self { hash: hash_text(text), text: text.into() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.text == other.text
    }
}

impl Eq for Id {}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// The hash of text under the seed of this process.
pub(crate) fn hash_text(text: &str) -> u64 {
    SEED.hash_one(text)
}

/// The hash of any value under the seed of this process.
pub(crate) fn hash_of(value: &impl std::hash::Hash) -> u64 {
    SEED.hash_one(value)
}

/// Combines two hashes into one, in this order. (The odd constant is 2^64 over the golden ratio, as
/// in Knuth's multiplicative hashing.)
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    (a.rotate_left(23) ^ b).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
