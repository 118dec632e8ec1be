//! Positions of the parts of a checked text. Positions instead of text: they are small, need no
//! copy, and their memory is reused for the next text.

use super::text::Text;

/// The shape of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Shape {
    /// There is no value.
    #[default]
    Absent,
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

/// The position of a value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Value {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) shape: Shape,
    /// By how many bytes the escapes of a string are longer than the characters they encode.
    pub(crate) saved: usize,
}

/// The position of a key, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The same as in a [`Value`].
    pub(crate) saved: usize,
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) name: Name,
    pub(crate) value: Value,
    /// The start of this string's characters in the unescaped text, for a string with escapes.
    pub(crate) written: usize,
}

/// A checked object: it has no key twice, and its members need not be searched again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marked<'a> {
    /// The text that the positions refer to; the object is a part of it.
    pub(crate) text: &'a str,
    pub(crate) members: &'a [Member],
    /// The unescaped characters of the strings with escapes, written when they were checked.
    pub(crate) written: &'a str,
}

/// A checked value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) shape: Shape,
    /// The text of the whole value.
    pub(crate) raw: &'a str,
    /// The characters of a string; empty for other shapes.
    pub(crate) chars: &'a str,
}

impl<'a> Marked<'a> {
    /// The value of a member of this object.
    #[inline]
    pub(crate) fn value(self, member: &Member) -> Checked<'a> {
        let Value { start, end, shape, saved } = member.value;
        let chars = match (shape, saved) {
            (Shape::String, 0) => &self.text[start + 1..end - 1],
            (Shape::String, _) => &self.written[member.written..member.written + (end - start - 2 - saved)],
            _ => "",
        };
        Checked { shape, raw: &self.text[start..end], chars }
    }
}

impl Shape {
    /// The first byte of a value shows its shape.
    #[inline]
    pub(crate) fn of(first: Option<u8>) -> Self {
        match first {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Bool,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }

    /// The name in error texts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Null => "null",
            Self::Absent => "nothing",
        }
    }
}

impl Value {
    /// The text of the whole value.
    #[inline]
    pub(crate) fn raw<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }

    /// The text of a string; `None` for other shapes.
    #[inline]
    pub(crate) fn string<'a>(&self, text: &'a str) -> Option<Text<'a>> {
        (self.shape == Shape::String)
            .then(|| Text { raw: &text[self.start + 1..self.end - 1], saved: self.saved })
    }
}

impl Name {
    #[inline]
    pub(crate) fn text(self, text: &str) -> Text<'_> {
        Text { raw: &text[self.start..self.end], saved: self.saved }
    }
}
