//! One pass over a JSON text that checks everything and keeps nothing.
//!
//! The reader takes `data` as unchanged text, so no other code checks it before it is written back
//! or decoded. This pass enforces JSON (RFC 8259) and the limits: depth, length of keys, no key
//! twice, no raw control character, no lone surrogate. It is a loop, not a recursion: one bit for
//! each level distinguishes arrays and objects, so depth needs no stack.

use super::error::{ReadError, ReadProblem};
use super::keys::Keys;
use super::limits::Limits;
use crate::json::{Name, Shape, Value};

type Result<T> = std::result::Result<T, ReadError>;

/// The words of Python and JavaScript for numbers that JSON does not have.
pub(super) const NOT_NUMBERS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// A position in a text.
pub(super) struct Scan<'a, 'k> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    limits: Limits,
    pub(super) keys: &'k mut Keys,
    /// One bit for each level, the innermost lowest: 1 for an object.
    nest: u128,
    depth: usize,
    /// Whether the text so far has a line break.
    pub(super) broken: bool,
}

impl<'a, 'k> Scan<'a, 'k> {
    pub(super) fn new(text: &'a str, limits: Limits, keys: &'k mut Keys) -> Self {
        keys.clear();
        Self { text, at: 0, limits, keys, nest: 0, depth: 0, broken: false }
    }

    #[cold]
    pub(super) fn fail<T>(&self, problem: ReadProblem, at: usize) -> Result<T> {
        Err(ReadError::new(problem, self.text, at))
    }

    /// The error that JSON does not allow the text at this position.
    #[cold]
    pub(super) fn unexpected<T>(&self, expected: &'static str) -> Result<T> {
        let rest = &self.text[self.at..];
        let problem = match rest.chars().next() {
            None => ReadProblem::Cut,
            Some(_) if NOT_NUMBERS.iter().any(|word| rest.starts_with(word)) => ReadProblem::NotANumber,
            Some('\0') => ReadProblem::Syntax { expected, found: "NUL".into() },
            Some(found) => ReadProblem::Syntax { expected, found: format!("`{}`", found.escape_default()) },
        };
        self.fail(problem, self.at)
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space; it is not consumed.
    #[inline]
    pub(super) fn next(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(byte @ 0x21..) => return Some(byte), // first: it is the most likely
                Some(b' ' | b'\t') => {}
                Some(b'\n' | b'\r') => self.broken = true,
                other => return other,
            }
            self.at += 1;
        }
    }

    /// Enters an object or array; its opening byte is here.
    pub(super) fn enter(&mut self, object: bool) -> Result<()> {
        let limit = self.limits.depth.min(Limits::DEPTH);
        if self.depth >= limit {
            return self.fail(ReadProblem::TooDeep { limit }, self.at);
        }
        self.at += 1;
        self.depth += 1;
        self.nest = self.nest << 1 | u128::from(object);
        if object {
            self.keys.open();
        }
        Ok(())
    }

    /// Leaves the innermost object or array; its closing byte is here.
    pub(super) fn leave(&mut self) {
        if self.in_object() {
            self.keys.close();
        }
        self.at += 1;
        self.depth -= 1;
        self.nest >>= 1;
    }

    fn in_object(&self) -> bool {
        self.nest & 1 == 1
    }

    /// A key that is new to its object, and the colon. The value is next.
    fn key(&mut self) -> Result<()> {
        let key = self.name()?;
        self.once(key)
    }

    /// Records a key of the innermost object, which must be new.
    #[inline]
    pub(super) fn once(&mut self, key: Name) -> Result<()> {
        if self.keys.add(key, self.text) { Ok(()) } else { self.twice(key) }
    }

    #[cold]
    pub(super) fn twice<T>(&self, key: Name) -> Result<T> {
        let name = key.text(self.text).chars().into_owned();
        self.fail(ReadProblem::DuplicateKey(name), key.start - 1)
    }

    /// A key and the colon. The value is next.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Name> {
        if self.next() != Some(b'"') {
            return self.unexpected("a key in quotes");
        }
        let start = self.at + 1;
        let saved = self.string()?;
        let key = Name { start, end: self.at - 1, saved };
        if key.end - start > self.limits.key {
            return self.fail(ReadProblem::KeyTooLong { limit: self.limits.key }, start - 1);
        }
        self.colon()?;
        Ok(key)
    }

    #[inline]
    fn colon(&mut self) -> Result<()> {
        if self.next() != Some(b':') {
            return self.unexpected("`:`");
        }
        self.at += 1;
        Ok(())
    }

    /// Skips a known key of this length with its quotes, and the colon.
    #[inline]
    pub(super) fn pass(&mut self, key: usize) -> Result<()> {
        self.at += key;
        self.colon()
    }

    /// One whole value.
    #[allow(
        clippy::inline_always,
        reason = "its result stays in registers: through memory it is written in pieces and read whole, which waits"
    )]
    #[inline(always)]
    pub(super) fn value(&mut self) -> Result<Value> {
        let shape = Shape::of(self.next());
        let start = self.at;
        let mut saved = 0;
        if shape == Shape::String {
            saved = self.string()?;
        } else {
            self.whole()?;
        }
        Ok(Value { start, end: self.at, shape, saved })
    }

    /// Skips one whole value.
    fn whole(&mut self) -> Result<()> {
        let base = self.depth;
        while self.begin()? || !self.end(base)? {}
        Ok(())
    }

    /// The beginning of a value, which for a scalar is all of it: `true` if it opened an array or
    /// object and the first value inside is next.
    fn begin(&mut self) -> Result<bool> {
        match self.next() {
            Some(b'"') => self.string().map(|_| false),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            Some(b't') => self.word("true").map(|()| false),
            Some(b'f') => self.word("false").map(|()| false),
            Some(b'n') => self.word("null").map(|()| false),
            Some(b'{') => {
                self.enter(true)?;
                let empty = self.next() == Some(b'}');
                if empty {
                    self.leave();
                } else {
                    self.key()?;
                }
                Ok(!empty)
            }
            Some(b'[') => {
                self.enter(false)?;
                let empty = self.next() == Some(b']');
                if empty {
                    self.leave();
                }
                Ok(!empty)
            }
            _ => self.unexpected("a value"),
        }
    }

    /// After a value: closes the arrays and objects that end here. `true` if no more is open than
    /// `base`, `false` if another value is next.
    fn end(&mut self, base: usize) -> Result<bool> {
        while self.depth > base {
            match (self.next(), self.in_object()) {
                (Some(b','), object) => {
                    self.at += 1;
                    if object {
                        self.key()?;
                    }
                    return Ok(false);
                }
                (Some(b'}'), true) | (Some(b']'), false) => self.leave(),
                (_, true) => return self.unexpected("`,` or `}`"),
                (_, false) => return self.unexpected("`,` or `]`"),
            }
        }
        Ok(true)
    }
}
