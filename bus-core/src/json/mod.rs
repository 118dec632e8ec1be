//! The JSON text functions that both payload and wire need.
//!
//! Nothing here decides whether a text is JSON: the scan of `wire` does, in one pass. This module
//! has the marks that the scan leaves, writes strings and numbers, and checks the output of a
//! field's `Serialize`.

mod check;
mod mark;
mod text;
mod write;

pub(crate) use check::{KEY_BYTES, check, is_long_key, written_length};
pub(crate) use mark::{Checked, Marked, Member, Name, Shape, Value};
pub(crate) use text::{escape, is_finite, ordinary};
pub(crate) use write::{decimal, hex, string};

/// The most levels of arrays and objects in an event, its own object being the first: one bit each
/// fits into a `u128`, and it leaves `data` the 127 levels that `serde_json` decodes.
pub(crate) const LEVELS: usize = 128;
