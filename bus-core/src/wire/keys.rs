//! Finds a key that one object holds twice.
//!
//! `serde_json` takes the last of two equal keys without a word, so that two readers of one text can see two different
//! events. Here it is an error at every level. Most objects have a few keys: those are compared one with the other, and
//! a mask of 64 bits tells in nearly all cases that there is nothing to compare. Large objects get a hash set, so that
//! a hostile one costs no more than its length.

use hashbrown::HashSet;

use super::text::Text;

/// From this many keys on an object gets a hash set.
const LARGE: usize = 24;

/// The keys of all objects that are open at one place of a text.
///
/// Places instead of text, so that one of these serves for text after text and allocates for the first only.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    names: Vec<Name>, // of all open objects, the innermost last
    open: Vec<Object>,
}

/// Where a key stands in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) escaped: bool,
}

#[derive(Debug, Clone)]
struct Object {
    /// Where its keys start in `names`.
    first: usize,
    /// One bit for each key seen, by its ends and its length.
    seen: u64,
    /// Takes over when there are many.
    many: Option<HashSet<Box<str>>>,
}

impl Name {
    pub(super) fn text(self, text: &str) -> Text<'_> {
        Text { raw: &text[self.start..self.end], escaped: self.escaped }
    }

    fn is(self, other: Self, text: &str) -> bool {
        let (this, other) = (self.text(text), other.text(text));
        if this.escaped || other.escaped { this.chars() == other.chars() } else { this.raw == other.raw }
    }
}

impl Keys {
    /// Forgets what an earlier text left open.
    pub(super) fn clear(&mut self) {
        self.names.clear();
        self.open.clear();
    }

    pub(super) fn open(&mut self) {
        self.open.push(Object { first: self.names.len(), seen: 0, many: None });
    }

    pub(super) fn close(&mut self) {
        if let Some(object) = self.open.pop() {
            self.names.truncate(object.first);
        }
    }

    /// Adds a key to the innermost object; `false` when it is there already.
    pub(super) fn add(&mut self, key: Name, text: &str) -> bool {
        let Some(object) = self.open.last_mut() else { return true };
        if let Some(many) = &mut object.many {
            return many.insert(key.text(text).chars().into());
        }
        let bit = 1 << (fold(&key.text(text).chars()) & 63);
        let known = &self.names[object.first..];
        if object.seen & bit != 0 && known.iter().any(|other| key.is(*other, text)) {
            return false;
        }
        object.seen |= bit;
        self.names.push(key);
        if self.names.len() - object.first >= LARGE {
            let all = self.names.drain(object.first..);
            object.many = Some(all.map(|name| name.text(text).chars().into()).collect());
        }
        true
    }
}

/// Cheap, not strong: who finds equal ones gains nothing but a few comparisons.
fn fold(key: &str) -> u8 {
    let bytes = key.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    let ends = ends.map_or(0, |(first, last)| first.wrapping_mul(7).wrapping_add(*last));
    ends.wrapping_add(bytes.len().to_le_bytes()[0].wrapping_mul(11))
}
