//! Finds a key that one object holds twice.
//!
//! `serde_json` takes the last of two equal keys without a word, so that two readers of one text can see two different
//! events. Here it is an error at every level. Most objects have a few keys: those are compared one with the other, and
//! a mask of 64 bits tells in nearly all cases that there is nothing to compare. Large objects get a hash set, so that
//! a hostile one costs no more than its length.

use std::borrow::Cow;

use hashbrown::HashSet;

/// From this many keys on an object gets a hash set.
const LARGE: usize = 24;

/// The keys of all objects that are open at one place of the text.
#[derive(Default)]
pub(super) struct Keys<'a> {
    names: Vec<Cow<'a, str>>, // of all open objects, the innermost last
    open: Vec<Object<'a>>,
}

struct Object<'a> {
    /// Where its keys start in `names`.
    first: usize,
    /// One bit for each key seen, by length and last byte.
    seen: u64,
    /// Takes over when there are many.
    many: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Keys<'a> {
    pub(super) fn open(&mut self) {
        self.open.push(Object { first: self.names.len(), seen: 0, many: None });
    }

    pub(super) fn close(&mut self) {
        if let Some(object) = self.open.pop() {
            self.names.truncate(object.first);
        }
    }

    /// Adds a key to the innermost object; `false` when it is there already.
    pub(super) fn add(&mut self, key: Cow<'a, str>) -> bool {
        let Some(object) = self.open.last_mut() else { return true };
        if let Some(many) = &mut object.many {
            return many.insert(key);
        }
        let bit = 1 << (fold(&key) & 63);
        if object.seen & bit != 0 && self.names[object.first..].contains(&key) {
            return false;
        }
        object.seen |= bit;
        self.names.push(key);
        if self.names.len() - object.first >= LARGE {
            object.many = Some(self.names.drain(object.first..).collect());
        }
        true
    }
}

/// Cheap, not strong: who finds equal ones gains nothing but a few comparisons.
fn fold(key: &str) -> u8 {
    let bytes = key.as_bytes();
    let end =
        bytes.first().zip(bytes.last()).map_or(0, |(first, last)| first.wrapping_mul(7).wrapping_add(*last));
    end.wrapping_add(bytes.len().to_le_bytes()[0].wrapping_mul(11))
}
