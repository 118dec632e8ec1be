//! Finds a key that one object has twice.
//!
//! `serde_json` takes the last of two equal keys without an error, so that two readers of one text
//! can see two different events. Here it is an error at every level. Most objects have a few keys:
//! those are compared with each other, and in nearly all cases a mask of 64 bits shows that no
//! comparison is needed. Large objects get a hash set, so that the cost of a hostile one grows only
//! with its length.

use std::cell::Cell;

use hashbrown::HashSet;

use crate::json::{Marked, Member, Name};

/// An object gets a hash set from this number of keys on.
const LARGE: usize = 24;

/// More members than this are not kept: the text of such an object is read again.
const MARKED: usize = 128;

/// The keys of all objects that are open at one position of a text.
///
/// Positions instead of text, so that one value serves for many texts and allocates for the first
/// only.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    names: Vec<Name>, // of all open objects, the innermost last
    open: Vec<Object>,
    /// The members of one object that is to be read: at most [`MARKED`], no others.
    marked: Vec<Member>,
    /// The unescaped characters of its strings with escapes.
    pub(super) written: String,
}

#[derive(Debug, Clone)]
struct Object {
    /// The start of its keys in `names`.
    first: usize,
    /// One bit for each key seen, from its ends and its length.
    seen: u64,
    /// Used for a large number of keys.
    many: Option<Box<HashSet<Box<str>>>>,
}

thread_local! {
    /// For callers that read one event and keep no reader.
    static SPARE: Cell<Option<Box<Keys>>> = const { Cell::new(None) };
}

impl Keys {
    /// The memory that an earlier reader on this thread left, if any.
    pub(super) fn spare() -> Option<Box<Self>> {
        SPARE.try_with(Cell::take).ok().flatten()
    }

    /// Leaves the memory for the next reader on this thread, except that of an unusually large
    /// text.
    pub(super) fn give_back(self: Box<Self>) {
        if self.names.capacity() <= 8 * LARGE && self.written.capacity() <= 4096 {
            let _ = SPARE.try_with(|spare| spare.set(Some(self))); // fails at the end of the thread, when it is not needed
        }
    }

    /// Removes the state of an earlier text.
    pub(super) fn clear(&mut self) {
        self.names.clear();
        self.open.clear();
        self.marked.clear();
        self.written.clear();
    }

    #[inline]
    pub(super) fn mark(&mut self, member: Member) {
        if self.marked.len() <= MARKED {
            self.marked.push(member);
        }
    }

    /// The marked object, if all of it was marked.
    pub(super) fn marked<'a>(&'a self, text: &'a str) -> Option<Marked<'a>> {
        let members = &*self.marked;
        (1..=MARKED).contains(&members.len()).then_some(Marked { text, members, written: &self.written })
    }

    pub(super) fn open(&mut self) {
        self.open.push(Object { first: self.names.len(), seen: 0, many: None });
    }

    pub(super) fn close(&mut self) {
        if let Some(object) = self.open.pop() {
            self.names.truncate(object.first);
        }
    }

    /// Adds a key to the innermost object; `false` if it already has the key.
    #[inline]
    pub(super) fn add(&mut self, key: Name, text: &str) -> bool {
        let Some(object) = self.open.last_mut() else { return true };
        if let Some(many) = &mut object.many {
            return many.insert(key.text(text).chars().into());
        }
        let bit = 1 << (fold(&key.text(text).chars()) & 63);
        let known = &self.names[object.first..];
        if object.seen & bit != 0 && known.iter().any(|other| key.text(text).is(other.text(text))) {
            return false;
        }
        object.seen |= bit;
        self.names.push(key);
        if self.names.len() - object.first >= LARGE {
            let all = self.names.drain(object.first..);
            object.many = Some(Box::new(all.map(|name| name.text(text).chars().into()).collect()));
        }
        true
    }
}

/// Cheap, not strong: an attacker who finds equal ones only causes a few comparisons.
#[inline]
fn fold(key: &str) -> u8 {
    let bytes = key.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    let ends = ends.map_or(0, |(first, last)| first.wrapping_mul(7).wrapping_add(*last));
    ends.wrapping_add(bytes.len().to_le_bytes()[0].wrapping_mul(11))
}
