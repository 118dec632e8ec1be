//! The text of JSON: what payload and wire both need to read and write it.
//!
//! Nothing here decides whether a text is JSON: that is the wire's scan, in one pass. These are the
//! marks that it leaves, the strings and numbers that both modules write, and the check of what the
//! writer of a field wrote.

mod check;
mod mark;
mod text;
mod write;

pub(crate) use check::{KEY_BYTES, check, is_long_key, written_length};
pub(crate) use mark::{Checked, Marked, Member, Name, Shape, Value};
pub(crate) use text::{escape, is_finite, ordinary};
pub(crate) use write::{decimal, hex, string};

/// Levels of arrays and objects that an event may have, its own object being the first: as many as fit one bit each into a
/// `u128`, and as leave `data` the 127 levels that `serde_json` decodes.
pub(crate) const LEVELS: usize = 128;
