//! Whether a reader takes a value that is about to be written.
//!
//! The writer of a field is foreign: a map may repeat a key of the struct around it, keys may be
//! serialized alike, raw JSON may hold anything that `serde_json` does not look at. The text is
//! JSON, since `serde_json` wrote it; what it may have beside is refused when reading (see the
//! wire's scan).

use std::borrow::Cow;
use std::fmt;

use hashbrown::HashSet;

use crate::excerpt::excerpt;

use super::text::{Text, escape, is_finite, ordinary};

/// Bytes of one key, as written.
pub(crate) const KEY_BYTES: usize = 64 * 1024;

/// From this many keys on an object gets a hash set.
const LARGE: usize = 24;

/// Why no reader takes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// More than so many levels of arrays and objects.
    TooDeep(usize),
    /// A key that one object holds twice.
    KeyTwice(String),
    /// A key of more than [`KEY_BYTES`].
    KeyTooLong,
    /// A number that no `f64` holds.
    NumberTooLarge,
    /// One half of a surrogate pair.
    LoneSurrogate,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, fix) = match self {
            Self::TooDeep(levels) => {
                (format!("it has more than {levels} levels of arrays and objects"), "flatten it")
            }
            Self::KeyTwice(key) => {
                (format!("key `{}` is in one object twice", excerpt(key)), "leave one of the two out")
            }
            Self::KeyTooLong => {
                (format!("a key of more than {KEY_BYTES} bytes"), "put long text into the value")
            }
            Self::NumberTooLarge => {
                ("a number is more than a 64-bit float holds".to_owned(), "write it as a string")
            }
            Self::LoneSurrogate => {
                ("half a surrogate pair is not a character".to_owned(), "write \\ufffd in its place")
            }
        };
        write!(f, "{what}, and no reader would take it: {fix}")
    }
}

/// The length of a string as it is written, without its quotes.
pub(crate) fn written_length(text: &str) -> usize {
    let mut out = Vec::new();
    super::string(text, &mut out);
    out.len() - 2
}

/// Whether a key is too long to be read. No character is written with more than six bytes each.
pub(crate) fn is_long_key(key: &str) -> bool {
    key.len() > KEY_BYTES / 6 && written_length(key) > KEY_BYTES
}

/// Checks a value that `serde_json` wrote. `Ok(true)` where it goes over several lines, as raw JSON
/// may.
///
/// `distinct` says that no object of it can hold a key twice.
pub(crate) fn check(text: &str, levels: usize, distinct: bool) -> Result<bool, Unreadable> {
    let mut walk = Walk { text, at: 0, levels, distinct, open: Vec::new(), names: Vec::new() };
    let (mut broken, mut key_is_next) = (false, false);
    while let Some(byte) = text.as_bytes().get(walk.at) {
        match byte {
            b'"' => {
                let string = walk.string()?;
                if std::mem::take(&mut key_is_next) {
                    walk.key(string)?;
                }
                continue;
            }
            b'-' | b'0'..=b'9' => {
                walk.number()?;
                continue;
            }
            b'{' | b'[' => {
                key_is_next = *byte == b'{';
                walk.enter(key_is_next)?;
            }
            b'}' | b']' => walk.leave(),
            b',' => key_is_next = matches!(walk.open.last(), Some(Some(_))),
            b'\n' | b'\r' => broken = true,
            _ => {}
        }
        walk.at += 1;
    }
    Ok(broken)
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
    levels: usize,
    distinct: bool,
    /// The arrays (`None`) and objects that are open.
    open: Vec<Option<Object<'a>>>,
    /// The keys of all open objects that have few, the innermost last.
    names: Vec<Text<'a>>,
}

struct Object<'a> {
    /// Where its keys start in `names`.
    first: usize,
    /// Takes over when there are many.
    many: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Walk<'a> {
    fn enter(&mut self, object: bool) -> Result<(), Unreadable> {
        if self.open.len() >= self.levels {
            return Err(Unreadable::TooDeep(self.levels));
        }
        self.open.push(object.then(|| Object { first: self.names.len(), many: None }));
        Ok(())
    }

    fn leave(&mut self) {
        if let Some(Some(object)) = self.open.pop() {
            self.names.truncate(object.first);
        }
    }

    /// Goes over a string; its opening quote is here.
    fn string(&mut self) -> Result<Text<'a>, Unreadable> {
        let (bytes, start) = (self.text.as_bytes(), self.at + 1);
        let (mut at, mut saved) = (start, 0);
        loop {
            at = ordinary(bytes, at);
            if bytes.get(at) != Some(&b'\\') {
                break; // the closing quote: the text is JSON
            }
            let Some((char, length)) = escape(&bytes[at..]) else { return Err(Unreadable::LoneSurrogate) };
            saved += length - char.len_utf8();
            at += length;
        }
        self.at = at + 1;
        Ok(Text { raw: self.text.get(start..at).unwrap_or_default(), saved })
    }

    /// Notes a key of the innermost object, which must not have it yet.
    fn key(&mut self, key: Text<'a>) -> Result<(), Unreadable> {
        if key.raw.len() > KEY_BYTES {
            return Err(Unreadable::KeyTooLong);
        }
        let Some(Some(object)) = self.open.last_mut() else { return Ok(()) };
        if self.distinct {
            return Ok(());
        }
        let new = match &mut object.many {
            Some(many) => many.insert(key.chars()),
            None => !self.names[object.first..].iter().any(|other| key.is(*other)),
        };
        if !new {
            return Err(Unreadable::KeyTwice(key.chars().into_owned()));
        }
        if object.many.is_none() {
            self.names.push(key);
            if self.names.len() - object.first >= LARGE {
                object.many = Some(self.names.drain(object.first..).map(Text::chars).collect());
            }
        }
        Ok(())
    }

    /// Goes over a number.
    fn number(&mut self) -> Result<(), Unreadable> {
        let rest = &self.text[self.at..];
        let in_number = |byte: u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let length = rest.bytes().position(|byte| !in_number(byte)).unwrap_or(rest.len());
        let number = &rest[..length];
        self.at += length;
        let has_exponent = number.contains(['e', 'E']);
        if is_finite(number, has_exponent) { Ok(()) } else { Err(Unreadable::NumberTooLarge) }
    }
}
