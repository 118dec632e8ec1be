//! The errors of reading a text.

use std::fmt;

use crate::excerpt::excerpt;

/// The reason why a text is not an event: the problem, and its position.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadError(Box<Inner>); // boxed: the good path moves a pointer, not this

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    problem: ReadProblem,
    offset: usize,
    column: usize,
}

/// The problem of a text that should be an event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadProblem {
    /// The text is only white space.
    Empty,
    /// The text ends before the event does.
    Cut,
    /// There is text after the event.
    Trailing,
    /// Not JSON: the expected and the actual content.
    Syntax {
        /// The expected content.
        expected: &'static str,
        /// The actual content.
        found: String,
    },
    /// `NaN`, `Infinity` or `-Infinity`, which Python writes and JSON does not have.
    NotANumber,
    /// A number that no 64-bit float holds, as `1e400`.
    NumberTooLarge,
    /// A raw control character inside a string, NUL among them.
    Control(u8),
    /// One half of a surrogate pair, as `\ud800`, without the other half.
    LoneSurrogate,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// An object has one key twice.
    DuplicateKey(String),
    /// More bytes than the limit.
    TooLarge {
        /// The number of bytes; at least this many if reading stopped early.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// More levels of arrays and objects than the limit.
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A key of more bytes than the limit.
    KeyTooLong {
        /// The limit.
        limit: usize,
    },
    /// A kind of more bytes than the limit.
    KindTooLong {
        /// The limit.
        limit: usize,
    },
    /// A required key is missing or null.
    Missing(&'static str),
    /// A key of the envelope has a value of another type.
    WrongType {
        /// The key.
        key: &'static str,
        /// The expected type.
        expected: &'static str,
        /// The actual type.
        found: &'static str,
    },
    /// A key of the envelope has the right type and an invalid value.
    Invalid {
        /// The key.
        key: &'static str,
        /// The reason.
        reason: &'static str,
    },
}

impl ReadError {
    /// `offset` is in bytes from the start of `text`.
    #[cold]
    pub(super) fn new(problem: ReadProblem, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
        Self(Box::new(Inner { problem, offset, column: line.chars().count() + 1 }))
    }

    /// The problem.
    pub fn problem(&self) -> &ReadProblem {
        &self.0.problem
    }

    /// The position, in bytes from the start of the text.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The position, in characters from the start of the line, from 1.
    pub fn column(&self) -> usize {
        self.0.column
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ReadProblem as P;
        match self.problem() {
            // These problems concern the whole text, so a column would only distract.
            P::Empty | P::TooLarge { .. } | P::Missing(_) => write!(f, "{}", self.problem()),
            problem => write!(f, "{problem} (column {})", self.column()),
        }
    }
}

impl fmt::Display for ReadProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty text: an event is one JSON object"),
            Self::Cut => f.write_str("the text ends before the event does: was it cut off while it was written?"),
            Self::Trailing => f.write_str("text after the end of the event: put one event on a line"),
            Self::Syntax { expected, found } => write!(f, "not JSON: expected {expected}, found {found}"),
            Self::NotANumber => f.write_str(
                "`NaN` and `Infinity` are not JSON: write null or a string (Python: json.dumps(…, allow_nan=False) finds the place)",
            ),
            Self::NumberTooLarge => f.write_str(
                "a number is at most 1.7976931348623157e308, or other readers take it for infinity: write it as a string",
            ),
            Self::Control(0) => f.write_str("NUL inside a string: write it as \\u0000, or look for a damaged file"),
            Self::Control(byte) => write!(f, "control character {byte:#04x} inside a string: write it as \\u{byte:04x}"),
            Self::LoneSurrogate => {
                f.write_str("half a surrogate pair is not a character: write both halves, or \\ufffd in its place")
            }
            Self::NotUtf8 => f.write_str("not UTF-8: write the file as UTF-8"),
            Self::DuplicateKey(key) => {
                write!(f, "key `{}` occurs twice: write each key once", excerpt(key))
            }
            Self::TooLarge { bytes, limit } => {
                write!(f, "{bytes} bytes are more than the {limit} allowed: raise the limit with `.max_bytes(n)`")
            }
            Self::TooDeep { limit } => {
                write!(f, "more than {limit} levels of arrays and objects: flatten the payload")
            }
            Self::KeyTooLong { limit } => write!(f, "key of more than {limit} bytes: put long text into the value"),
            Self::KindTooLong { limit } => write!(f, "kind of more than {limit} bytes: put long text into `data`"),
            Self::Missing(key) => write!(f, "`{key}` is missing: every event has one"),
            Self::WrongType { key, expected, found } => write!(f, "`{key}` must be {expected}, not {found}"),
            Self::Invalid { key, reason } => write!(f, "`{key}` {reason}"),
        }
    }
}

// The text that people see in `unwrap` and in `?` out of `main`.
impl fmt::Debug for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadError")
            .field("problem", self.problem())
            .field("offset", &self.offset())
            .field("column", &self.column())
            .finish()
    }
}

impl std::error::Error for ReadError {}
